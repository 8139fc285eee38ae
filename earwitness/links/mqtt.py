"""A real home through an MQTT broker: what devices tell of themselves there, and changes that they confirmed.

It reads Home Assistant's discovery, zigbee2mqtt's list and Tasmota's discovery. The broker and everybody on it are not trusted:
messages, things and topics are bounded, and a change counts once the device's own state topic told it. Nothing that is published
is kept at the broker.
"""

import asyncio
import json
import logging
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from earwitness.domain.errors import LinkError
from earwitness.domain.home import Area, Device, Home, Source
from earwitness.domain.intent import SlotValue
from earwitness.links.doing import is_done
from earwitness.links.link_kind import Report
from earwitness.links.mqtt_discovery import things_of
from earwitness.links.mqtt_native import tasmota_devices, zigbee_devices
from earwitness.links.mqtt_thing import Message, Thing
from earwitness.links.watched import Watched
from earwitness.telemetry import log

_logger = logging.getLogger(__name__)
WHAT: Final = "The MQTT broker"
_WHAT: Final = "the MQTT broker"
MOST_THINGS: Final = 500
MOST_TOPICS: Final = 2000
MOST_BYTES: Final = 64 * 1024
"""Of one message; only zigbee2mqtt's list of devices may be longer."""
MOST_LIST_BYTES: Final = 4 * 1024 * 1024
MOST_WAITING: Final = 5000
OPENING_SECONDS: Final = 5.0
KEEPALIVE_SECONDS: Final = 10
PUBLISHING_SECONDS: Final = 1.5
OBSERVING_SECONDS: Final = 1.5
"""How long a device may take to tell its new state."""
AGAIN_SECONDS: Final = 0.4
"""A device that already is as it should be may have nothing new to tell: so long it is waited for."""
GATHERING_SECONDS: Final = 0.05
_MOMENTARY: Final = frozenset({"scene", "button"})
_REFUSED: Final = frozenset({4, 5, 134, 135})
"""Reason codes for a wrong name or password, in both versions of the protocol."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where it is and who we are there. `tls` makes what verifies it, off the event loop as it reads files; None: unencrypted."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    tls: Callable[[], ssl.SSLContext] | None = None


class MqttHome(Watched):
    """A HomeLink over one broker. Used from one event loop."""

    def __init__(
        self, broker: Broker, *, title: str = "MQTT", prefix: str = "homeassistant", zigbee: tuple[str, ...] = ("zigbee2mqtt",)
    ) -> None:
        super().__init__()
        self._broker = broker
        self._source = title
        self._prefix = prefix
        self._zigbee = zigbee
        self._client: aiomqtt.Client | None = None
        self._things: dict[str, Thing] = {}
        self._told_by: dict[str, str] = {}
        """Id of a thing → the discovery topic that described it last."""
        self._devices: dict[str, Device] = {}
        self._reports: dict[str, int] = {}
        self._there: dict[str, dict[str, bool]] = {}
        self._colours: dict[str, str] = {}
        self._heard: dict[str, set[str]] = {}
        """Topic → ids of the things that it tells of."""
        self._subscribed: set[str] = set()
        self._changed = asyncio.Event()
        self._is_new = asyncio.Event()

    @property
    def is_reachable(self) -> bool:
        """Whether the broker is connected."""
        return self._client is not None

    def snapshot(self) -> Home:
        """What was last told. While the broker is away, its devices are known but not reachable."""
        areas = dict.fromkeys(device.area for device in self._devices.values() if device.area is not None)
        return Home(
            name=self._source,
            is_simulated=False,
            areas=tuple(Area(name=name) for name in areas),
            devices=tuple(self._devices.values()),
            sources=(Source(name=self._source, is_reachable=self.is_reachable),),
        )

    async def apply(
        self, device_id: str, *, state: str | None = None, attributes: Mapping[str, SlotValue] | None = None
    ) -> Device:
        """Change a device; gives it as it told itself afterwards, which may not be as asked.

        Raises LinkError: link.unreachable, link.unknown_device, link.no_answer (the device is away or silent), link.refused,
        link.unconfirmed (it was told, but never reports).
        """
        wanted = dict(attributes or {})
        thing, device = self._known(device_id)
        messages = thing.commands(device, state, wanted)
        if isinstance(colour := wanted.get("color"), str):
            self._colours[device_id] = colour.casefold()
        before = self._reports.get(device_id, 0)
        for message in messages:
            await self._publish(message)
        if device.domain in _MOMENTARY:
            return replace(device, state=state or device.state)
        if not thing.readers:
            raise LinkError("The device was told, but does not report what it does.", code="link.unconfirmed")
        return await self._observed(device_id, before, lambda now: is_done(now, state=state, attributes=wanted))

    async def skip(self, device_id: str, *, tracks: int) -> Device:
        """No player is on MQTT. Raises LinkError (link.refused)."""
        self._known(device_id)
        raise LinkError("This device plays nothing.", code="link.refused")

    async def check(self) -> None:
        """Whether the broker answers. Raises LinkError."""
        await self._publish(Message(topic="earwitness/check"), is_acknowledged=True)

    async def run(self, report: Report) -> None:
        """Connect, find devices, and follow what they tell until cancelled or the broker is lost.

        Raises LinkError: link.unreachable, link.slow, link.refused (name or password), link.not_safe, link.invalid, or
        link.nonsense.
        """
        try:
            async with asyncio.timeout(None) as deadline:
                deadline.reschedule(asyncio.get_running_loop().time() + OPENING_SECONDS)
                tls = None if self._broker.tls is None else await asyncio.to_thread(self._broker.tls)
                async with self._made(tls) as client:
                    await client.subscribe([(topic, 1) for topic in self._discovery()])
                    deadline.reschedule(None)
                    self._come(client)
                    report.works()
                    await self._follow(client)
        except TimeoutError:
            raise LinkError(f"{WHAT} did not answer in time.", code="link.slow") from None
        except aiomqtt.MqttError as error:
            raise _why(error) from None
        finally:
            self._leave()

    def _made(self, tls: ssl.SSLContext | None) -> aiomqtt.Client:
        largest = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        largest.MaximumPacketSize = MOST_LIST_BYTES + 4096
        return aiomqtt.Client(
            self._broker.host,
            self._broker.port,
            username=self._broker.user or None,
            password=self._broker.password or None,
            protocol=aiomqtt.ProtocolVersion.V5,
            properties=largest,
            tls_context=tls,
            timeout=OPENING_SECONDS,
            keepalive=KEEPALIVE_SECONDS,
            max_queued_incoming_messages=MOST_WAITING,
            max_concurrent_outgoing_calls=64,
            # Small messages go at once; a confirmation would otherwise wait 40 ms for the acknowledgement of another.
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )

    def _discovery(self) -> list[str]:
        prefix = self._prefix
        lists = [f"{base}/bridge/devices" for base in self._zigbee]
        return [f"{prefix}/+/+/config", f"{prefix}/+/+/+/config", "tasmota/discovery/+/config", *lists]

    async def _follow(self, client: aiomqtt.Client) -> None:
        messages = aiter(client.messages)
        joining = asyncio.create_task(self._join(client))
        coming = asyncio.ensure_future(anext(messages))
        try:
            while True:
                await asyncio.wait((coming, joining), return_when=asyncio.FIRST_COMPLETED)
                if joining.done():
                    coming.cancel()
                    await asyncio.gather(coming, return_exceptions=True)
                    joining.result()
                message = coming.result()
                try:
                    self._take(str(message.topic), message.payload)
                except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
                    # Whatever a stranger wrote, the others are heard.
                    log(_logger, "mqtt.unreadable", error_type=type(error).__name__)
                coming = asyncio.ensure_future(anext(messages))
        finally:
            joining.cancel()
            coming.cancel()
            await asyncio.gather(joining, coming, return_exceptions=True)

    async def _join(self, client: aiomqtt.Client) -> None:
        """Listen to the topics of new things, ask these for their state, and say that there are new names."""
        while True:
            await self._is_new.wait()
            await asyncio.sleep(GATHERING_SECONDS)
            self._is_new.clear()
            await self._part(client)
            topics = [topic for topic in self._heard if topic not in self._subscribed][: MOST_TOPICS - len(self._subscribed)]
            for begin in range(0, len(topics), 50):
                await client.subscribe([(topic, 0) for topic in topics[begin : begin + 50]])
            fresh = set(topics)
            self._subscribed |= fresh
            for thing in list(self._things.values()):
                if not fresh.isdisjoint(thing.topics):
                    for message in thing.asks:
                        await client.publish(message.topic, message.payload)
            self._redescribed()

    async def _part(self, client: aiomqtt.Client) -> None:
        """Stop listening to the topics that no thing has any more."""
        topics = [topic for topic in self._subscribed if topic not in self._heard]
        self._subscribed.difference_update(topics)
        theirs = [topic for topic in topics if topic not in self._discovery()]
        for begin in range(0, len(theirs), 50):
            await client.unsubscribe(theirs[begin : begin + 50])

    def _come(self, client: aiomqtt.Client) -> None:
        self._client = client
        self._subscribed = set()
        self._devices = {key: self._reached(key, device) for key, device in self._devices.items()}
        self._is_new.set()
        self._redescribed()

    def _leave(self) -> None:
        was_reachable, self._client = self.is_reachable, None
        self._changed.set()
        if was_reachable:
            self._devices = {key: replace(device, is_reachable=False) for key, device in self._devices.items()}
            self._redescribed()

    def _take(self, topic: str, payload: object) -> None:
        data = payload if isinstance(payload, bytes | bytearray) else str(payload or "").encode()
        is_list = topic.endswith("/bridge/devices")
        if len(data) > (MOST_LIST_BYTES if is_list else MOST_BYTES):
            return
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            return
        if topic not in self._heard:
            self._discover(topic, text)
            return
        for device_id in tuple(self._heard[topic]):
            self._report(device_id, topic, text)
        self._changed.set()

    def _report(self, device_id: str, topic: str, text: str) -> None:
        thing, before = self._things[device_id], self._devices[device_id]
        for place, each in enumerate(thing.availability):
            if each.topic == topic and (is_there := each.read(text)) is not None:
                told = self._there.setdefault(device_id, {})
                told.pop(str(place), None)  # so that the latest stands last
                told[str(place)] = is_there
        after = thing.told(before, topic, text, colour=self._colours.get(device_id, ""))
        if after is not None:
            self._reports[device_id] = self._reports.get(device_id, 0) + 1
        after = self._reached(device_id, after or before)
        if after != before:
            self._devices[device_id] = after
            self._tell(after)

    def _reached(self, device_id: str, device: Device) -> Device:
        """The device with what its availability topics say."""
        told, needs = list(self._there.get(device_id, {}).values()), self._things[device_id].needs
        is_there = not told or (all(told) if needs == "all" else any(told) if needs == "any" else told[-1])
        is_reachable = self.is_reachable and is_there
        return device if device.is_reachable == is_reachable else replace(device, is_reachable=is_reachable)

    def _discover(self, topic: str, text: str) -> None:
        described = {thing.device.device_id: thing for thing in self._described_by(topic, text)}
        before = [device_id for device_id, told_by in self._told_by.items() if told_by == topic]
        for device_id in before:
            if device_id not in described:
                self._forget(device_id)
        learnt = [device_id for device_id, thing in described.items() if self._learn(device_id, thing)]
        self._told_by |= dict.fromkeys(learnt, topic)
        if before or learnt:
            self._is_new.set()

    def _described_by(self, topic: str, text: str) -> Iterator[Thing]:
        try:
            told: Any = json.loads(text) if text else None
        except (ValueError, RecursionError):
            return
        parts = topic.split("/")
        if topic.startswith(f"{self._prefix}/") and parts[-1] == "config" and len(parts) > 3:
            rest = topic.removeprefix(f"{self._prefix}/").split("/")
            yield from things_of(rest[0], "_".join(rest[1:-1]), told, source=self._source)
        elif topic.startswith("tasmota/discovery/"):
            for component, object_id, config in tasmota_devices(told):
                yield from things_of(component, object_id, config, source=self._source)
        elif topic.endswith("/bridge/devices"):
            for component, object_id, config in zigbee_devices(topic.removesuffix("/bridge/devices"), told):
                yield from things_of(component, object_id, config, source=self._source)

    def _learn(self, device_id: str, thing: Thing) -> bool:
        """Take a thing in, or anew; false where there are too many, or it is told of already."""
        known = self._things.get(device_id)
        if known is None and len(self._things) >= MOST_THINGS:
            return False
        if self._is_twin(device_id, thing):
            return False
        before = self._devices.get(device_id)
        self._forget(device_id, is_coming_back=True)
        self._things[device_id] = thing
        for topic in thing.topics:
            if topic in self._heard or len(self._heard) < MOST_TOPICS:
                self._heard.setdefault(topic, set()).add(device_id)
        device = thing.device
        if before is not None:
            device = replace(device, state=before.state, attributes={**device.attributes, **before.attributes})
        self._devices[device_id] = self._reached(device_id, device)
        return True

    def _is_twin(self, device_id: str, thing: Thing) -> bool:
        """Whether another thing of its kind is told and changed by the same topics: a bridge that tells of it in two ways."""
        said = {reader.topic for reader in thing.readers}
        return any(
            key != device_id
            and other.device.domain == thing.device.domain
            and other.device.device_class == thing.device.device_class
            and said
            and said == {reader.topic for reader in other.readers}
            and other.device.name == thing.device.name
            for key, other in self._things.items()
        )

    def _forget(self, device_id: str, *, is_coming_back: bool = False) -> None:
        thing = self._things.pop(device_id, None)
        if thing is None:
            return
        self._devices.pop(device_id, None)
        if not is_coming_back:
            for known in (self._there, self._told_by, self._reports, self._colours):
                known.pop(device_id, None)
        for topic in thing.topics:
            hearers = self._heard.get(topic, set())
            hearers.discard(device_id)
            if not hearers:
                self._heard.pop(topic, None)

    def _known(self, device_id: str) -> tuple[Thing, Device]:
        if self._client is None:
            raise LinkError(f"{WHAT} cannot be reached.", code="link.unreachable")
        if device_id not in self._things:
            raise LinkError(f"{WHAT} has no such device.", code="link.unknown_device")
        if not self._devices[device_id].is_reachable:
            raise LinkError("The device cannot be reached.", code="link.no_answer")
        return self._things[device_id], self._devices[device_id]

    async def _publish(self, message: Message, *, is_acknowledged: bool = False) -> None:
        """Send a message. That the broker has it would say nothing of the device, so that it need not say so."""
        if self._client is None:
            raise LinkError(f"{WHAT} cannot be reached.", code="link.unreachable")
        try:
            async with asyncio.timeout(PUBLISHING_SECONDS):
                await self._client.publish(message.topic, message.payload, qos=int(is_acknowledged))
        except TimeoutError:
            raise LinkError(f"{WHAT} did not answer in time.", code="link.slow") from None
        except aiomqtt.MqttError as error:
            raise LinkError(f"The connection to {_WHAT} was lost.", code="link.unreachable") from error

    async def _observed(self, device_id: str, before: int, is_right: Callable[[Device], bool]) -> Device:
        """The device once it told what is right, or as it is when that takes too long."""
        began = time.monotonic()
        while True:
            device = self._devices.get(device_id)
            if self._client is None or device is None:
                raise LinkError("The connection to the MQTT broker was lost.", code="link.unreachable")
            is_told, waited = self._reports.get(device_id, 0) > before, time.monotonic() - began
            if is_right(device) and (is_told or waited >= AGAIN_SECONDS):
                return device
            if waited >= OBSERVING_SECONDS:
                if not is_told:
                    raise LinkError("The device did not answer.", code="link.no_answer")
                return device
            until = AGAIN_SECONDS if is_right(device) else OBSERVING_SECONDS
            self._changed.clear()
            try:
                async with asyncio.timeout(max(0.001, until - waited)):
                    await self._changed.wait()
            except TimeoutError:
                continue


def _why(error: aiomqtt.MqttError) -> LinkError:
    """What a failure of the library comes to; its text is not told."""
    code = getattr(error, "rc", None)
    value = getattr(code, "value", code)
    if value in _REFUSED:
        return LinkError(f"{WHAT} does not accept this name and password.", code="link.refused")
    written = str(error).upper()
    if "CERTIFICATE" in written:
        return LinkError(f"The certificate of {_WHAT} is not trusted.", code="link.not_safe")
    if "SSL" in written or "TLS" in written:
        return LinkError(f"{WHAT} does not speak TLS there.", code="link.not_safe")
    if value in (1, 2, 132):
        return LinkError(f"{WHAT} does not speak MQTT 5.", code="link.nonsense")
    return LinkError(f"{WHAT} cannot be reached, or ended the connection.", code="link.unreachable")
