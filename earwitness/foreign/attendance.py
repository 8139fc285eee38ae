"""All foreign satellites of the household: each one that is registered is connected to, and again when it was lost.

Owns who is connected, why one is not, and the mute that the page asked for. It knows the registry only by what it is handed, and
no protocol: those are in wyoming_satellites.py and esphome_devices.py.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Final, Protocol

from earwitness.domain.audio import Pcm
from earwitness.domain.device import Device, DeviceEvent, DeviceKind
from earwitness.domain.errors import EarwitnessError
from earwitness.domain.satellite import Announcement, Station
from earwitness.foreign.bells import SoundOf
from earwitness.foreign.esphome_devices import EsphomeDevice
from earwitness.foreign.reach import DEFAULT_ESPHOME_PORT, DEFAULT_WYOMING_PORT, Trust, back_off_seconds, read_place
from earwitness.foreign.reply_links import ReplyLinks
from earwitness.foreign.turns import Arbiter, Assistant, Seat
from earwitness.foreign.wyoming_satellites import WyomingSatellite
from earwitness.telemetry import log

STABLE_SECONDS: Final = 30.0
"""A connection that lasted so long counts as a success: the next loss is a first one."""
LOOK_SECONDS: Final = 5.0
"""How soon a change by another process is seen."""
CONFIRM_SECONDS: Final = 5.0
_logger = logging.getLogger(__name__)


class Presence(StrEnum):
    """Whether a foreign satellite is here."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    FAILED = "failed"
    """Somebody must do something: `Status.sentence` says what. It is tried again all the same, but seldom."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How it stands with one foreign satellite. `is_encrypted` is False where others on the way can listen; `sentence` says what
    somebody should know or do."""

    presence: Presence
    is_encrypted: bool
    code: str = ""
    sentence: str = ""

    @property
    def is_here(self) -> bool:
        return self.presence is Presence.CONNECTED


class Box(Protocol):
    """One connection to a foreign satellite."""

    seat: Seat | None

    @property
    def rings_plainly(self) -> bool:
        """Whether it has a ring of its own alone."""
        ...

    async def run(self) -> None: ...

    async def mute(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """What is needed of the registry of devices; `note` and `note_muted` are called off the event loop's thread."""

    devices: Callable[[], Sequence[Device]]
    note_muted: Callable[[str], object]
    note: Callable[[DeviceEvent, str], object]


@dataclass(slots=True)
class _Attended:
    device: Device
    task: asyncio.Task[None] | None = None
    box: Box | None = None
    status: Status = field(default_factory=lambda: Status(presence=Presence.CONNECTING, is_encrypted=False))


class Attendance:
    """Connects to every registered foreign satellite. Run it in a task; everything else from the event loop.

    `arbiter` decides which of several satellites answers a wake word; `wake_words` are the home's; `sound_of` gives what alarms
    ring with;
    `is_quiet` says where nobody wants to be disturbed."""

    def __init__(
        self,
        assistant: Assistant,
        *,
        registry: Registry,
        trust: Trust,
        cue: Callable[[str], Pcm],
        sound_of: SoundOf | None = None,
        arbiter: Arbiter | None = None,
        wake_words: Callable[[], Sequence[str]] = lambda: (),
        is_quiet: Callable[[Station], bool] = lambda station: False,
        chance: Callable[[], float] = random.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._assistant = assistant
        self._registry = registry
        self._trust = trust
        self._cue = cue
        self._sound_of = sound_of
        self._arbiter = arbiter
        self._wake_words = wake_words
        self._is_quiet = is_quiet
        self._chance = chance
        self._sleep = sleep
        self._links = ReplyLinks(trust=trust)
        self._attended: dict[str, _Attended] = {}
        self._has_changed = asyncio.Event()
        self._mutings: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Attend to the registered satellites until cancelled."""
        try:
            while True:
                self._has_changed.clear()
                try:
                    await self._settle(await asyncio.to_thread(self._registry.devices))
                except EarwitnessError as error:
                    log(_logger, "foreign satellites not read", level=logging.ERROR, code=error.code)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._has_changed.wait()
        finally:
            for device_id in tuple(self._attended):
                await self._dismiss(device_id)
            self._links.close()

    def changed(self) -> None:
        """The registry was changed: look at once."""
        self._has_changed.set()

    def status(self, device_id: str) -> Status | None:
        """How it stands with one; None if it is not (or no more) a foreign satellite of this household."""
        found = self._attended.get(device_id)
        return None if found is None else found.status

    def listening(self) -> tuple[str, ...]:
        """The ids of those that are here and may hear a wake word: the muted ones may not."""
        return tuple(one.device.device_id for one in self._here() if not _is_silent(one.device))

    def stations(self, *, area: str | None = None) -> tuple[Station, ...]:
        """Those that are here, or those of them that are in one room."""
        return tuple(station(one.device) for one in self._here() if _is_in(one.device, area))

    def plain_ringers(self) -> tuple[Station, ...]:
        """Those that are here and ring by themselves alone, with a sound of their own."""
        return tuple(station(one.device) for one in self._here() if one.box is not None and one.box.rings_plainly)

    def _here(self) -> list[_Attended]:
        return [one for one in tuple(self._attended.values()) if one.status.is_here]

    async def announce(self, text: str, *, area: str | None = None, but: str | None = None) -> Announcement:
        """Say something at every foreign satellite that is here, or those of one room, not at `but`; tells where it was heard."""
        meant = [
            (station(one.device), one.box.seat)
            for one in self._attended.values()
            if one.box is not None and one.box.seat is not None and _is_in(one.device, area) and one.device.device_id != but
        ]
        quiet = tuple(at for at, _ in meant if self._is_quiet(at))
        chosen = [(at, seat) for at, seat in meant if at not in quiet]
        heard = await asyncio.gather(*(_say(seat, text) for _, seat in chosen))
        confirmed = tuple(at for (at, _), is_heard in zip(chosen, heard, strict=True) if is_heard)
        unconfirmed = tuple(at for (at, _), is_heard in zip(chosen, heard, strict=True) if not is_heard)
        return Announcement(confirmed=confirmed, unconfirmed=unconfirmed, quiet=quiet)

    async def _settle(self, devices: Sequence[Device]) -> None:
        wanted = {one.device_id: one for one in devices if one.kind is not DeviceKind.SATELLITE and not one.is_revoked}
        for device_id in tuple(self._attended):
            if device_id not in wanted or _is_other(self._attended[device_id].device, wanted[device_id]):
                await self._dismiss(device_id)
        for device_id, device in wanted.items():
            attended = self._attended.get(device_id)
            if attended is None:
                attended = self._attended[device_id] = _Attended(device)
                attended.task = asyncio.create_task(self._attend(attended))
            was_muted, attended.device = _is_silent(attended.device), device
            if _is_silent(device) and not was_muted and attended.box is not None:
                await attended.box.mute()
            if device.is_mute_wished:
                await asyncio.to_thread(self._registry.note_muted, device_id)

    async def _dismiss(self, device_id: str) -> None:
        attended = self._attended.pop(device_id)
        if attended.task is not None:
            attended.task.cancel()
            await asyncio.gather(attended.task, return_exceptions=True)

    async def _attend(self, attended: _Attended) -> None:
        failures = 0
        while True:
            began = asyncio.get_running_loop().time()
            try:
                attended.status = Status(presence=Presence.CONNECTING, is_encrypted=_is_encrypted(attended.device))
                attended.box = self._box(attended)
                await attended.box.run()
            except ConnectionError:
                self._lost(attended, "foreign.away", "It does not answer: is it switched on, and in this network?")
            except EarwitnessError as error:
                log(_logger, "foreign satellite failed", level=logging.WARNING, code=error.code)
                attended.status = Status(
                    presence=Presence.FAILED,
                    is_encrypted=_is_encrypted(attended.device),
                    code=error.code,
                    sentence=error.sentence,
                )
            except Exception as error:
                log(_logger, "foreign satellite broke", level=logging.ERROR, error_type=type(error).__name__)
                self._lost(attended, "foreign.failed", "Serving it failed; it is tried again.")
            else:
                self._lost(attended, "foreign.away", "It ended the connection.")
            finally:
                attended.box = None
            lasted = asyncio.get_running_loop().time() - began
            failures = 1 if lasted > STABLE_SECONDS else failures + 1
            await self._sleep(back_off_seconds(failures, chance=self._chance()))

    def _box(self, attended: _Attended) -> Box:
        device = attended.device
        is_muted, here, muted = _is_silent(device), partial(self._arrived, attended), partial(self._muted, attended)
        if device.kind is DeviceKind.ESPHOME:
            return EsphomeDevice(
                self._assistant,
                place=read_place(device.place or "", default_port=DEFAULT_ESPHOME_PORT),
                secret=device.secret,
                station=station(device),
                links=self._links,
                cue=self._cue,
                sound_of=self._sound_of,
                wake_words=tuple(self._wake_words()),
                arbiter=self._arbiter,
                is_muted=is_muted,
                on_muted=muted,
                on_ready=here,
            )
        return WyomingSatellite(
            self._assistant,
            place=read_place(device.place or "", default_port=DEFAULT_WYOMING_PORT),
            station=station(device),
            trust=self._trust,
            cue=self._cue,
            sound_of=self._sound_of,
            arbiter=self._arbiter,
            is_muted=is_muted,
            on_muted=muted,
            on_ready=here,
        )

    def _arrived(self, attended: _Attended, note: str) -> None:
        attended.status = Status(presence=Presence.CONNECTED, is_encrypted=_is_encrypted(attended.device), sentence=note)
        self._note(DeviceEvent.CONNECTED, attended)

    def _muted(self, attended: _Attended) -> None:
        """Somebody there wished it to be muted: so it stays, as if the page had asked for it."""
        noting = asyncio.create_task(self._note_muted(attended.device.device_id))
        self._mutings.add(noting)
        noting.add_done_callback(self._mutings.discard)

    async def _note_muted(self, device_id: str) -> None:
        try:
            await asyncio.to_thread(self._registry.note_muted, device_id)
        except EarwitnessError as error:
            log(_logger, "mute not written", level=logging.ERROR, code=error.code)
        self.changed()

    def _lost(self, attended: _Attended, code: str, sentence: str) -> None:
        if attended.status.presence is Presence.CONNECTED:
            self._note(DeviceEvent.WENT_AWAY, attended)
        is_encrypted = _is_encrypted(attended.device)
        attended.status = Status(presence=Presence.CONNECTING, is_encrypted=is_encrypted, code=code, sentence=sentence)

    def _note(self, what: DeviceEvent, attended: _Attended) -> None:
        asyncio.get_running_loop().run_in_executor(None, _noted, self._registry.note, what, attended.device.device_id)


def station(device: Device) -> Station:
    """A foreign satellite as the rest of the house sees it."""
    return Station(device_id=device.device_id, name=device.name, area=device.area, voice=device.voice)


def _noted(note: Callable[[DeviceEvent, str], object], what: DeviceEvent, device_id: str) -> None:
    try:
        note(what, device_id)
    except EarwitnessError as error:
        log(_logger, "device log not written", level=logging.ERROR, code=error.code)


async def _say(seat: Seat, text: str) -> bool:
    try:
        async with asyncio.timeout(CONFIRM_SECONDS):
            return await seat.conversation.announce(text)
    except TimeoutError:
        return False


def _is_silent(device: Device) -> bool:
    return device.is_muted or device.is_mute_wished


def _is_encrypted(device: Device) -> bool:
    return device.kind is DeviceKind.ESPHOME


def _is_other(before: Device, after: Device) -> bool:
    """Whether a device changed so much that its connection must begin anew."""
    return (before.place, before.secret, before.area, before.voice, before.name) != (
        after.place,
        after.secret,
        after.area,
        after.voice,
        after.name,
    )


def _is_in(device: Device, area: str | None) -> bool:
    return area is None or (device.area is not None and device.area.casefold() == area.casefold())
