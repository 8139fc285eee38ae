"""Devices on a real broker with TLS and a password; they are simulated ones of ours, as zigbee2mqtt and Tasmota have them.

What they are asked is confirmed by their own state topics; what goes wrong is said, within two seconds.
"""

import asyncio
import json
import ssl
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from earwitness.domain.errors import LinkError
from earwitness.domain.home import Device
from earwitness.links.mqtt import MOST_TOPICS, MqttHome
from earwitness.links.mqtt import Broker as At
from tests.links.brokers import PASSWORD, USER, Broker, Reported, broker
from tests.links.servers import free_port, until
from tests.links.simulated_things import SimulatedBridge, simulated_bridge

HALL, LOCK, BLIND = "light.0x01_light_zigbee2mqtt", "lock.0x02_lock_zigbee2mqtt", "cover.0x03_cover_zigbee2mqtt"
DESK, KETTLE = "light.AABBCC112233_2_0", "switch.AABBCC445566_1_0"


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Broker]:
    with broker(tmp_path) as running:
        yield running


def address(at: Broker) -> At:
    return At(host="127.0.0.1", port=at.port, user=USER, password=PASSWORD, tls=lambda: at.tls)


@asynccontextmanager
async def linked(at: Broker) -> AsyncIterator[tuple[MqttHome, SimulatedBridge]]:
    """The link, connected, with the simulated devices found and their states known."""
    async with simulated_bridge(at.port, user=USER, password=PASSWORD, tls=at.tls) as bridge:
        link, report = MqttHome(address(at)), Reported()
        running = asyncio.create_task(link.run(report))
        try:
            await until(lambda: report.is_set() or running.done(), what="the link to work")
            if running.done():
                running.result()
            await until(lambda: is_all_known(link), what="every device and its state")
            yield link, bridge
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def is_all_known(link: MqttHome) -> bool:
    home = {one.device_id: one for one in link.snapshot().devices}
    return all(key in home and home[key].state != "unknown" for key in (HALL, LOCK, BLIND, DESK, KETTLE))


def shown(link: MqttHome, device_id: str) -> Device:
    return link.snapshot().device(device_id)


async def code_of(link: MqttHome, device_id: str, state: str) -> tuple[str, float]:
    """The code with which a request fails, and after how many seconds."""
    began = time.perf_counter()
    with pytest.raises(LinkError) as caught:
        await link.apply(device_id, state=state)
    return caught.value.code, time.perf_counter() - began


async def test_devices_of_all_makes_are_found_and_obey(at: Broker) -> None:
    async with linked(at) as (link, bridge):
        assert {shown(link, key).name for key in (HALL, LOCK, BLIND, DESK, KETTLE)} == {
            "Hall Lamp",
            "Cellar Lock",
            "Study Blind",
            "Desk Lamp",
            "Kettle",
        }
        lit = await link.apply(HALL, state="on", attributes={"brightness": 30, "color": "blue"})
        assert (lit.state, lit.attributes["brightness"], lit.attributes["color"]) == ("on", 30, "blue")
        assert bridge.lamp["state"] == "ON"
        desk = await link.apply(DESK, state="on", attributes={"brightness": 20, "color": "purple"})
        assert (desk.state, desk.attributes["brightness"], desk.attributes["color"]) == ("on", 20, "purple")
        assert bridge.tasmota["Dimmer"] == 20
        assert (await link.apply(LOCK, state="unlocked")).state == "unlocked"
        half = await link.apply(BLIND, state="open", attributes={"position": 40})
        assert (half.state, half.attributes["position"]) == ("open", 40)
        assert (await link.apply(BLIND, state="closed")).attributes["position"] == 0
        assert (await link.apply(KETTLE, state="on")).state == "on"
        await bridge.say("zigbee2mqtt/Study Sensor", '{"temperature": 21.5}')
        await until(lambda: shown(link, "sensor.0x04_temperature").state == "21.5", what="the temperature")
        assert shown(link, "sensor.0x04_temperature").area == "Study"


async def test_what_a_hand_does_at_the_device_is_heard(at: Broker) -> None:
    async with linked(at) as (link, bridge):
        heard: list[str] = []
        link.subscribe(lambda device: heard.append(f"{device.name} {device.state}"))
        await bridge.say("stat/plug/RESULT", '{"POWER":"ON"}')
        await until(lambda: "Kettle on" in heard, what="the plug")


async def test_light_on_within_100_ms_at_the_median(at: Broker) -> None:
    async with linked(at) as (link, _):
        for key in (HALL, DESK):
            milliseconds = []
            for number in range(30):
                began = time.perf_counter()
                await link.apply(key, state="off" if number % 2 else "on")
                milliseconds.append((time.perf_counter() - began) * 1000)
            assert statistics.median(milliseconds) <= 100, milliseconds


async def test_a_last_will_makes_a_device_unreachable_until_it_is_back(at: Broker) -> None:
    async with linked(at) as (link, bridge):
        await bridge.say("tele/desk/LWT", "Offline", keeps=True)
        await until(lambda: not shown(link, DESK).is_reachable, what="the lamp to be away")
        assert (await code_of(link, DESK, "on"))[0] == "link.no_answer"
        assert shown(link, KETTLE).is_reachable
        await bridge.say("zigbee2mqtt/bridge/state", '{"state":"offline"}', keeps=True)
        await until(lambda: not shown(link, HALL).is_reachable, what="all of the bridge to be away")
        await bridge.say("zigbee2mqtt/bridge/state", '{"state":"online"}', keeps=True)
        await bridge.say("tele/desk/LWT", "Online", keeps=True)
        await until(lambda: shown(link, HALL).is_reachable and shown(link, DESK).is_reachable, what="both to be back")


async def test_silent_stubborn_and_slow_devices_are_never_taken_for_done(at: Broker) -> None:
    async with linked(at) as (link, bridge):
        bridge.is_silent = True
        code, seconds = await code_of(link, HALL, "on")
        assert (code, seconds < 2.0) == ("link.no_answer", True)
        bridge.is_silent, bridge.is_stubborn = False, True
        began = time.perf_counter()
        assert (await link.apply(HALL, state="on")).state == "off"
        assert time.perf_counter() - began < 2.0
        bridge.is_stubborn, bridge.delay_seconds = False, 0.3
        assert (await link.apply(HALL, state="on")).state == "on"


async def test_a_wrong_password_no_broker_and_a_certificate_of_others(at: Broker) -> None:
    right = address(at)
    for broker_at, code in (
        (replace(right, password="wrong"), "link.refused"),
        (replace(right, user="nobody"), "link.refused"),
        (replace(right, port=free_port()), "link.unreachable"),
        (replace(right, tls=ssl.create_default_context), "link.not_safe"),
    ):
        with pytest.raises(LinkError) as caught:
            await asyncio.wait_for(MqttHome(broker_at).run(Reported()), 20)
        assert caught.value.code == code
        assert PASSWORD not in str(caught.value)


async def test_a_broker_that_hangs_and_dies_is_said_and_comes_back(at: Broker) -> None:
    async with linked(at) as (link, bridge):
        at.server.freeze()
        code, seconds = await code_of(link, HALL, "on")
        assert (code in ("link.no_answer", "link.slow"), seconds < 2.0) == (True, True)
        at.server.thaw()
        await until(lambda: ("zigbee2mqtt/Hall Lamp/set", '{"state": "ON"}') in bridge.heard, what="the late command")
        acting = asyncio.create_task(code_of(link, BLIND, "closed"))
        at.server.kill()
        code, seconds = await acting
        assert (code in ("link.unreachable", "link.slow"), seconds < 2.0) == (True, True)
        await until(lambda: not link.is_reachable, what="the loss to be seen")
        assert (await code_of(link, HALL, "off"))[0] == "link.unreachable"
        assert not shown(link, HALL).is_reachable
        assert shown(link, HALL).name == "Hall Lamp"
    at.server.start()
    async with linked(at) as (link, _):
        assert (await link.apply(KETTLE, state="on")).state == "on"


async def test_one_link_reconnects_by_itself_when_it_is_run_again(at: Broker) -> None:
    link = MqttHome(address(at))
    for _ in range(2):
        async with simulated_bridge(at.port, user=USER, password=PASSWORD, tls=at.tls):
            report = Reported()
            running = asyncio.create_task(link.run(report))
            await until(report.is_set, what="the link to work")
            await until(lambda: is_all_known(link), what="the devices")
            assert (await link.apply(KETTLE, state="on")).state == "on"
            await asyncio.to_thread(at.server.kill)
            with pytest.raises(LinkError):
                await running
        at.server.start()


async def test_hostile_messages_change_nothing(at: Broker) -> None:
    async with linked(at) as (link, bridge):
        before = {device.device_id for device in link.snapshot().devices}
        await bridge.say("homeassistant/light/evil/config", "[" * 50_000)
        await bridge.say("homeassistant/light/evil2/config", json.dumps({"name": "x" * 60_000, "cmd_t": "a/#", "uniq_id": "e2"}))
        await bridge.say(
            "homeassistant/sensor/evil3/config", json.dumps({"name": "E", "stat_t": "$SYS/broker/uptime", "uniq_id": "e3"})
        )
        await bridge.say("tasmota/discovery/evil/config", '{"mac": 5, "rl": "no", "ft": {}}')
        await bridge.say(
            "zigbee2mqtt/bridge/devices", '[{"friendly_name": "a/b/#", "ieee_address": "1", "definition": {"exposes": 3}}]'
        )
        await bridge.say("zigbee2mqtt/Hall Lamp", "\x00not json")
        await bridge.say("zigbee2mqtt/Hall Lamp", '{"state": {"a": 1}, "brightness": 1e400, "color": {"x": "NaN", "y": 0}}')
        await bridge.say("zigbee2mqtt/Hall Lamp", "9" * 100_000)
        assert (await link.apply(KETTLE, state="on")).state == "on"
        known = {device.device_id for device in link.snapshot().devices}
        assert before <= known
        assert all(len(device.name) <= 100 for device in link.snapshot().devices)
        with pytest.raises(LinkError):
            await link.apply("light.e2", state="on")


async def test_a_device_that_says_farewell_is_gone(at: Broker) -> None:
    async with linked(at) as (link, bridge):
        await bridge.say("homeassistant/light/0x01/light/config", "", keeps=True)
        await until(lambda: HALL not in {one.device_id for one in link.snapshot().devices}, what="the lamp to be gone")
        assert KETTLE in {one.device_id for one in link.snapshot().devices}


def announced(number: int) -> str:
    """A device of a hundred sensors, each with a topic of its own."""
    parts = {f"p{part}": {"p": "sensor", "uniq_id": f"d{part}", "stat_t": f"d/{number}/{part}"} for part in range(100)}
    return json.dumps({"dev": {"name": "Many"}, "cmps": parts})


async def test_topics_of_things_that_are_gone_leave_room_for_others(at: Broker) -> None:
    async with linked(at) as (link, bridge):
        for number in range(MOST_TOPICS // 100 + 1):
            await bridge.say("homeassistant/device/many/config", announced(number))
            await until_told(link, bridge, topic=f"d/{number}/99", value=f"{number}")
        await bridge.say("homeassistant/device/many/config", "")
        await until(lambda: "sensor.d99" not in {one.device_id for one in link.snapshot().devices}, what="them to be gone")


async def until_told(link: MqttHome, bridge: SimulatedBridge, *, topic: str, value: str) -> None:
    """Tell a value again and again until it is known, as it is heard only once the link listens."""
    async with asyncio.timeout(20):
        while "sensor.d99" not in {one.device_id for one in link.snapshot().devices} or shown(link, "sensor.d99").state != value:
            await bridge.say(topic, value)


async def test_a_thing_that_is_told_of_anew_elsewhere_outlives_where_it_was_told_first(at: Broker) -> None:
    async with linked(at) as (link, bridge):
        for name in ("one", "other"):
            config = {"name": "Bell", "uniq_id": "bell", "stat_t": f"bell/{name}"}
            await bridge.say(f"homeassistant/sensor/{name}/config", json.dumps(config))
        await bridge.say("homeassistant/sensor/one/config", "")
        await bridge.say("homeassistant/light/0x01/light/config", "")
        await until(lambda: HALL not in {one.device_id for one in link.snapshot().devices}, what="what was said before")
        assert shown(link, "sensor.bell").name == "Bell"
