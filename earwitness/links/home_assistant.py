"""A real home through Home Assistant: its entities, areas, floors and aliases as they are now, and changes that it confirmed.

Owns one connection at a time; whoever runs it connects anew. What is done is told as it was observed afterwards: the answer to a
service call alone is no confirmation. Home Assistant's own conversation settings say which entities may be spoken of.
"""

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from earwitness.domain.errors import LinkError
from earwitness.domain.home import Area, Device, Home, Source
from earwitness.domain.intent import SlotValue
from earwitness.domain.music import Music, MusicKind
from earwitness.links.doing import is_done
from earwitness.links.home_assistant_calls import MOMENTARY, Call, calls
from earwitness.links.home_assistant_home import (
    MOST_ENTITIES,
    MOST_STATES,
    Registries,
    State,
    device_of,
    kept_attributes,
    read_areas,
    read_entities,
    read_exposed,
    read_labels,
)
from earwitness.links.home_assistant_socket import WHAT, HomeAssistantSocket, signed_in
from earwitness.links.link_kind import Report
from earwitness.links.watched import Watched

OPENING_SECONDS: Final = 5.0
ASKING_SECONDS: Final = 10.0
"""How long the registries may take."""
OBSERVING_SECONDS: Final = 1.5
"""How long the new state may take after Home Assistant said that the service was called."""
LOOKING_AGAIN_SECONDS: Final = 30.0
"""How often what sends no event is looked at: which entities may be spoken of."""
GATHERING_SECONDS: Final = 0.05
"""Changes of the registries within this time are read together."""
_EVENTS: Final = (
    "area_registry_updated",
    "floor_registry_updated",
    "device_registry_updated",
    "entity_registry_updated",
    "label_registry_updated",
)


class HomeAssistant(Watched):
    """A HomeLink. `address` is that of the instance, `token` a long-lived access token. Used from one event loop.

    `title` is how people call it; `tls` makes what verifies it, off the event loop as it reads files (None: plain).
    """

    def __init__(self, address: str, *, token: str, title: str = WHAT, tls: Callable[[], ssl.SSLContext] | None = None) -> None:
        super().__init__()
        self._address = address
        self._token = token
        self._tls = tls
        self._source = title
        self._socket: HomeAssistantSocket | None = None
        self._registries = Registries()
        self._areas: tuple[Area, ...] = ()
        self._raw: dict[str, State] = {}
        self._devices: dict[str, Device] = {}
        self._colours: dict[str, str] = {}
        self._changed = asyncio.Event()
        self._is_stale = asyncio.Event()

    @property
    def is_reachable(self) -> bool:
        """Whether it is connected and has told what it has."""
        return self._socket is not None

    def snapshot(self) -> Home:
        """What was last reported. While it is away, its devices are known but not reachable."""
        areas = {area.name: area for area in self._registries.areas.values()}
        return Home(
            name=self._source,
            is_simulated=False,
            areas=tuple(areas.values()),
            devices=tuple(self._devices.values()),
            sources=(Source(name=self._source, is_reachable=self.is_reachable),),
        )

    async def apply(
        self, device_id: str, *, state: str | None = None, attributes: Mapping[str, SlotValue] | None = None
    ) -> Device:
        """Change a device; gives it as it was observed afterwards, which may not be as asked.

        Raises LinkError: link.unreachable, link.unknown_device, link.refused, link.not_found.
        """
        wanted = dict(attributes or {})
        device = self._known(device_id)
        if isinstance(colour := wanted.get("color"), str):
            self._colours[device_id] = colour.casefold()
        for call in calls(device, state=state, attributes=wanted):
            await self._call(call, device_id)
        if device.domain in MOMENTARY:
            return replace(self._devices.get(device_id, device), state=state or device.state)
        return await self._observed(device_id, lambda now: is_done(now, state=state, attributes=wanted))

    async def skip(self, device_id: str, *, tracks: int) -> Device:
        """Go `tracks` forward on a media player; gives it with the title that it then reports. Raises as `apply`."""
        before = self._known(device_id)
        service = "media_next_track" if tracks > 0 else "media_previous_track"
        for _ in range(min(abs(tracks), 20)):
            await self._call(Call(domain="media_player", service=service), device_id)
        title = before.attributes.get("media_title")
        return await self._observed(device_id, lambda now: now.state == "playing" and now.attributes.get("media_title") != title)

    def names_of(self, device_id: str) -> tuple[Music, ...]:
        """What a media player lets be chosen by name: its sources, as stations. Empty for what is none, or has none."""
        device = self._devices.get(device_id)
        listed = str(device.attributes.get("source_list", "")) if device is not None and device.domain == "media_player" else ""
        return tuple(Music(kind=MusicKind.STATION, name=name) for name in listed.split("\n") if name)

    async def play(self, device_id: str, wanted: Music) -> Device:
        """Choose a source of a media player, switched on first if it is off; gives it as it was observed. Raises as `apply`."""
        if self._known(device_id).state == "off":
            await self.apply(device_id, state="on")
        return await self.apply(device_id, attributes={"source": wanted.name})

    async def check(self) -> None:
        """Whether it answers. Raises LinkError."""
        if self._socket is None:
            raise LinkError(f"{WHAT} cannot be reached.", code="link.unreachable")
        await self._socket.ask("get_config")

    async def run(self, report: Report) -> None:
        """Connect, learn the home, and follow what changes until cancelled or the connection is lost.

        Raises LinkError: link.unreachable, link.slow, link.refused (the token), link.not_safe, link.nonsense, link.too_large,
        link.invalid (the certificate file).
        """
        tls = None if self._tls is None else await asyncio.to_thread(self._tls)
        async with signed_in(self._address, token=self._token, timeout_seconds=OPENING_SECONDS, tls=tls) as socket:
            listening = asyncio.create_task(socket.listen())
            following = asyncio.create_task(self._follow(socket, report))
            try:
                await asyncio.wait((listening, following), return_when=asyncio.FIRST_COMPLETED)
            finally:
                self._leave(socket)
                for task in (following, listening):
                    task.cancel()
                ends = await asyncio.gather(listening, following, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end if isinstance(end, LinkError) else LinkError(f"{WHAT} sent what cannot be read.", code="link.nonsense")

    async def _follow(self, socket: HomeAssistantSocket, report: Report) -> None:
        """Learn everything, then again what changed."""
        try:
            async with asyncio.timeout(ASKING_SECONDS):
                for event in _EVENTS:
                    await self._hear_of(socket, event)
                self._registries = await _registries(socket)
                self._raw.clear()
                is_told = asyncio.Event()

                def take(event: Mapping[str, Any]) -> None:
                    self._states(event)
                    is_told.set()

                await socket.subscribe("subscribe_entities", take)
                await is_told.wait()
        except TimeoutError:
            raise LinkError(f"{WHAT} did not answer in time.", code="link.slow") from None
        self._socket = socket
        self._rebuild(is_forced=True)
        report.works()
        while True:
            try:
                async with asyncio.timeout(LOOKING_AGAIN_SECONDS):
                    await self._is_stale.wait()
            except TimeoutError:
                pass
            else:
                await asyncio.sleep(GATHERING_SECONDS)
            self._is_stale.clear()
            self._registries = await _registries(socket)
            self._rebuild()

    async def _hear_of(self, socket: HomeAssistantSocket, event: str) -> None:
        try:
            await socket.subscribe("subscribe_events", lambda _: self._is_stale.set(), event_type=event)
        except LinkError as error:
            if error.code == "link.unreachable":
                raise
            # Without the right to hear of it, it is looked at now and then.

    def _leave(self, socket: HomeAssistantSocket) -> None:
        was_reachable = self.is_reachable
        self._socket = None
        socket.end(LinkError(f"The connection to {WHAT} was lost.", code="link.unreachable"))
        self._changed.set()
        if was_reachable:
            self._devices = {key: replace(device, is_reachable=False) for key, device in self._devices.items()}
            self._redescribed()

    def _known(self, device_id: str) -> Device:
        device = self._devices.get(device_id)
        if self._socket is None:
            raise LinkError(f"{WHAT} cannot be reached.", code="link.unreachable")
        if device is None:
            raise LinkError(f"{WHAT} has no such device.", code="link.unknown_device")
        if not device.is_reachable:
            raise LinkError("The device cannot be reached.", code="link.no_answer")
        return device

    async def _call(self, call: Call, device_id: str) -> None:
        if self._socket is None:
            raise LinkError(f"The connection to {WHAT} was lost.", code="link.unreachable")
        await self._socket.ask(
            "call_service",
            domain=call.domain,
            service=call.service,
            service_data=dict(call.data),
            target={"entity_id": device_id},
        )

    async def _observed(self, device_id: str, is_right: Callable[[Device], bool]) -> Device:
        """The device once it reports what is right, or as it is when that takes too long."""
        until = time.monotonic() + OBSERVING_SECONDS
        while True:
            if self._socket is None:
                raise LinkError(f"The connection to {WHAT} was lost.", code="link.unreachable")
            device = self._devices.get(device_id)
            if device is None:
                raise LinkError(f"{WHAT} has no such device any more.", code="link.unknown_device")
            if is_right(device) or time.monotonic() >= until:
                return device
            self._changed.clear()
            try:
                async with asyncio.timeout(max(0.0, until - time.monotonic())):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def _states(self, event: Mapping[str, Any]) -> None:
        """Take an event of `subscribe_entities`: added, changed and removed entities in its short form."""
        added, changed, removed = event.get("a"), event.get("c"), event.get("r")
        touched: list[str] = []
        if isinstance(added, Mapping):
            for entity_id, told in added.items():
                if len(self._raw) < MOST_STATES and isinstance(told, Mapping) and isinstance(told.get("s"), str):
                    self._raw[entity_id] = (told["s"][:255], kept_attributes(told.get("a")))
                    touched.append(entity_id)
        if isinstance(changed, Mapping):
            for entity_id, told in changed.items():
                if entity_id in self._raw and isinstance(told, Mapping):
                    self._raw[entity_id] = _merged(self._raw[entity_id], told)
                    touched.append(entity_id)
        gone = [each for each in removed if isinstance(each, str)] if isinstance(removed, list) else []
        for entity_id in gone:
            self._raw.pop(entity_id, None)
        if self._socket is None:
            return
        is_renamed = any(self._is_renamed(entity_id) for entity_id in touched if entity_id in self._devices)
        if gone or is_renamed or any(entity_id not in self._devices for entity_id in touched):
            self._is_stale.set()
        for entity_id in touched:
            self._refresh(entity_id)
        self._changed.set()
        if is_renamed:
            self._redescribed()

    def _is_renamed(self, entity_id: str) -> bool:
        return self._made(entity_id).name != self._devices[entity_id].name

    def _refresh(self, entity_id: str) -> None:
        """A device with its new state, told to those who want to know. One that is new waits until everything is read again."""
        before = self._devices.get(entity_id)
        if before is None or entity_id not in self._raw:
            return
        device = self._made(entity_id)
        if device != before:
            self._devices[entity_id] = device
            self._tell(device)

    def _made(self, entity_id: str) -> Device:
        colour = self._colours.get(entity_id, "")
        return device_of(entity_id, self._raw[entity_id], registries=self._registries, colour=colour, source=self._source)

    def _rebuild(self, *, is_forced: bool = False) -> None:
        """All devices anew; says so if anything but states is different."""
        before = {key: _description(device) for key, device in self._devices.items()}
        shown = sorted(entity_id for entity_id in self._raw if self._registries.is_spoken_of(entity_id))
        self._devices = {entity_id: self._made(entity_id) for entity_id in shown[:MOST_ENTITIES]}
        self._changed.set()
        after = {key: _description(device) for key, device in self._devices.items()}
        areas = tuple(self._registries.areas.values())
        if is_forced or before != after or areas != self._areas:
            self._areas = areas
            self._redescribed()


def _description(device: Device) -> tuple[object, ...]:
    """What a device is called and where it stands: what sentences are understood by."""
    return device.name, device.area, device.aliases, device.device_class, device.groups


def _merged(state: State, told: Mapping[str, Any]) -> State:
    """A state with a change in the short form: "+" holds what is new, "-" the names of attributes that are gone."""
    main, attributes = state
    plus, minus = told.get("+"), told.get("-")
    kept = dict(attributes)
    if isinstance(minus, Mapping) and isinstance(minus.get("a"), list):
        for name in minus["a"]:
            kept.pop(name, None) if isinstance(name, str) else None
    if isinstance(plus, Mapping):
        kept |= kept_attributes(plus.get("a"))
        if isinstance(plus.get("s"), str):
            main = plus["s"][:255]
    return main, kept


async def _registries(socket: HomeAssistantSocket) -> Registries:
    """Everything that it knows of areas and entities. What this token may not see, or this version has not, is left out."""
    kinds = ("config/area_registry/list", "config/floor_registry/list", "config/device_registry/list")
    more = ("config/entity_registry/list", "config/label_registry/list", "homeassistant/expose_entity/list")
    asking = [asyncio.ensure_future(_if_told(socket, kind)) for kind in (*kinds, *more)]
    try:
        areas, floors, devices, entities, labels, exposed = [await each for each in asking]
    finally:
        for each in asking:
            each.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
    shown = read_exposed(exposed)
    listed = {row.get("entity_id") for row in entities if isinstance(row, Mapping)} if isinstance(entities, list) else set()
    asked = sorted(each for each in (listed if shown is None else listed & shown) if isinstance(each, str))[:MOST_ENTITIES]
    details = await _if_told(socket, "config/entity_registry/get_entries", entity_ids=asked) if asked else None
    return Registries(
        areas=read_areas(areas, floors),
        entities=read_entities(entities, devices=devices, details=details, labels=read_labels(labels)),
        exposed=shown,
    )


async def _if_told(socket: HomeAssistantSocket, kind: str, **values: object) -> object:
    try:
        return await socket.ask(kind, **values)
    except LinkError as error:
        if error.code in ("link.refused", "link.not_found"):
            return None
        raise
