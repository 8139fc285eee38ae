"""Simulated devices on a broker, as zigbee2mqtt and Tasmota have them: a small MQTT client of ours. Nothing real moves.

Each keeps its state, takes commands on the topics of its kind, and tells what it then is. They can be silent, stubborn or slow.
"""

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiomqtt


@dataclass
class SimulatedBridge:
    """Simulated devices of one zigbee2mqtt and of Tasmota, on one connection. `heard` are the commands that came, in order."""

    lamp: dict[str, Any] = field(default_factory=lambda: {"state": "OFF", "brightness": 254})
    lock: dict[str, Any] = field(default_factory=lambda: {"state": "LOCK"})
    blind: dict[str, Any] = field(default_factory=lambda: {"state": "OPEN", "position": 100})
    tasmota: dict[str, Any] = field(default_factory=lambda: {"POWER": "OFF", "Dimmer": 100, "HSBColor": "0,0,100"})
    plug: dict[str, Any] = field(default_factory=lambda: {"POWER": "OFF"})
    heard: list[tuple[str, str]] = field(default_factory=list)
    is_silent: bool = False
    is_stubborn: bool = False
    delay_seconds: float = 0.0
    client: aiomqtt.Client | None = None

    async def announce(self) -> None:
        """Tell the broker, which keeps it, what there is."""
        for topic, tree in DISCOVERY.items():
            await self.say(topic, json.dumps(tree), keeps=True)
        await self.say("zigbee2mqtt/bridge/state", '{"state":"online"}', keeps=True)
        await self.say("zigbee2mqtt/Hall Lamp/availability", '{"state":"online"}', keeps=True)
        await self.say("tele/desk/LWT", "Online", keeps=True)
        await self.say("tele/plug/LWT", "Online", keeps=True)

    async def say(self, topic: str, payload: str, *, keeps: bool = False) -> None:
        assert self.client is not None
        # What stays is acknowledged; states are told once, as zigbee2mqtt does by default and Tasmota's client cannot otherwise.
        await self.client.publish(topic, payload, qos=int(keeps), retain=keeps)

    async def run(self) -> None:
        assert self.client is not None
        async for message in self.client.messages:
            payload = message.payload
            text = payload.decode() if isinstance(payload, bytes) else str(payload or "")
            self.heard.append((str(message.topic), text))
            if self.is_silent:
                continue
            if self.delay_seconds:
                await asyncio.sleep(self.delay_seconds)
            await self.obey(str(message.topic), text)

    async def obey(self, topic: str, text: str) -> None:
        match topic.split("/"):
            case ["zigbee2mqtt", name, "set"]:
                kept = {"Hall Lamp": self.lamp, "Cellar Lock": self.lock, "Study Blind": self.blind}[name]
                if not self.is_stubborn:
                    self.change(kept, text)
                await self.say(f"zigbee2mqtt/{name}", json.dumps(kept))
            case ["zigbee2mqtt", name, "get"]:
                kept = {"Hall Lamp": self.lamp, "Cellar Lock": self.lock, "Study Blind": self.blind}[name]
                await self.say(f"zigbee2mqtt/{name}", json.dumps(kept))
            case ["cmnd", "desk", word]:
                await self.tasmota_obeys("desk", self.tasmota, word, text)
            case ["cmnd", "plug", word]:
                await self.tasmota_obeys("plug", self.plug, word, text)

    def change(self, kept: dict[str, Any], text: str) -> None:
        try:
            tree = json.loads(text)
        except ValueError:
            tree = {"state": text}
        if "state" in tree and kept is self.blind:
            tree["state"] = {"CLOSE": "CLOSE", "OPEN": "OPEN"}[tree["state"]]
            tree["position"] = 0 if tree["state"] == "CLOSE" else 100
        if "color" in tree:
            tree["color_mode"] = "xy"
        if "color_temp" in tree:
            tree["color_mode"] = "color_temp"
        kept |= tree

    async def tasmota_obeys(self, name: str, kept: dict[str, Any], word: str, text: str) -> None:
        told: dict[str, Any] = {word: text}
        match word:
            case "STATE":
                told = kept
            case "Dimmer":
                told = {"POWER": "ON", "Dimmer": int(text)}
            case "HSBColor":
                told = {"POWER": "ON", "HSBColor": f"{text},{kept['Dimmer']}"}
        if not self.is_stubborn:
            kept |= told
        await self.say(f"stat/{name}/RESULT", json.dumps({key: kept[key] for key in told}))


def _zigbee(name: str, address: str, component: str, **config: object) -> dict[str, object]:
    return {
        "name": None,
        "unique_id": f"{address}_{component}_zigbee2mqtt",
        "state_topic": f"zigbee2mqtt/{name}",
        "command_topic": f"zigbee2mqtt/{name}/set",
        "availability": [
            {"topic": "zigbee2mqtt/bridge/state", "value_template": "{{ value_json.state }}"},
            {"topic": f"zigbee2mqtt/{name}/availability", "value_template": "{{ value_json.state }}"},
        ]
        if name == "Hall Lamp"
        else [{"topic": "zigbee2mqtt/bridge/state", "value_template": "{{ value_json.state }}"}],
        "availability_mode": "all",
        "device": {"identifiers": [f"zigbee2mqtt_{address}"], "name": name, "manufacturer": "Simulated"},
        "origin": {"name": "Zigbee2MQTT", "sw": "2.1.0"},
        **config,
    }


DISCOVERY: dict[str, Any] = {
    "homeassistant/light/0x01/light/config": _zigbee(
        "Hall Lamp",
        "0x01",
        "light",
        schema="json",
        brightness=True,
        brightness_scale=254,
        supported_color_modes=["xy", "color_temp"],
    ),
    "homeassistant/lock/0x02/lock/config": _zigbee(
        "Cellar Lock",
        "0x02",
        "lock",
        value_template="{{ value_json.state }}",
        payload_lock="LOCK",
        payload_unlock="UNLOCK",
        state_locked="LOCK",
        state_unlocked="UNLOCK",
    ),
    "homeassistant/cover/0x03/cover/config": _zigbee(
        "Study Blind",
        "0x03",
        "cover",
        value_template="{{ value_json.state }}",
        position_topic="zigbee2mqtt/Study Blind",
        position_template="{{ value_json.position }}",
        set_position_topic="zigbee2mqtt/Study Blind/set",
        set_position_template='{ "position": {{ position }} }',
        state_open="OPEN",
        state_closed="CLOSE",
        device_class="blind",
    ),
    "homeassistant/sensor/0x04/temperature/config": {
        "name": "Temperature",
        "uniq_id": "0x04_temperature",
        "stat_t": "zigbee2mqtt/Study Sensor",
        "val_tpl": "{{ value_json.temperature }}",
        "unit_of_meas": "°C",
        "dev_cla": "temperature",
        "dev": {"ids": "zigbee2mqtt_0x04", "name": "Study Sensor", "sa": "Study"},
    },
    "tasmota/discovery/AABBCC112233/config": {
        "ip": "127.0.0.1",
        "dn": "Desk",
        "fn": ["Desk Lamp", None, None, None],
        "hn": "desk",
        "mac": "AABBCC112233",
        "md": "Simulated",
        "ofln": "Offline",
        "onln": "Online",
        "t": "desk",
        "ft": "%prefix%/%topic%/",
        "tp": ["cmnd", "stat", "tele"],
        "rl": [2, 0, 0, 0],
        "lt_st": 3,
        "so": {"30": 0},
        "ver": 1,
    },
    "tasmota/discovery/AABBCC445566/config": {
        "dn": "Kettle Plug",
        "fn": ["Kettle", None],
        "mac": "AABBCC445566",
        "ofln": "Offline",
        "onln": "Online",
        "t": "plug",
        "ft": "%prefix%/%topic%/",
        "tp": ["cmnd", "stat", "tele"],
        "rl": [1, 0],
        "lt_st": 0,
        "so": {},
        "ver": 1,
    },
}
"""What simulated devices announce: as zigbee2mqtt 2 and Tasmota 14 do."""


@asynccontextmanager
async def simulated_bridge(port: int, *, user: str, password: str, tls: ssl.SSLContext) -> AsyncIterator[SimulatedBridge]:
    """The simulated devices, announced and obeying."""
    bridge = SimulatedBridge()
    # Small packets do not wait for each other: else it is the kernel's delayed acknowledgement, 40 ms, that is measured.
    at_once = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
    async with aiomqtt.Client(
        "127.0.0.1", port, username=user, password=password, tls_context=tls, timeout=20, socket_options=at_once
    ) as client:
        bridge.client = client
        await client.subscribe([("zigbee2mqtt/+/set", 1), ("zigbee2mqtt/+/get", 1), ("cmnd/+/+", 1)])
        await bridge.announce()
        running = asyncio.create_task(bridge.run())
        try:
            yield bridge
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
