"""What satellites hold so that they can ring without the server: each one's list of alarms, and the sounds of these.

Owns which alarm is for which satellite, and the sending of sounds: once to each that lacks one, slowly, between all else.
"""

import asyncio
import contextlib
import itertools
import json
import logging
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from earwitness.domain.alert import Foretold
from earwitness.domain.audio import SAMPLE_BYTES, Pcm
from earwitness.domain.errors import EarwitnessError
from earwitness.domain.ring_sound import LONGEST_SECONDS, RATE_HZ, TONE, digest_of
from earwitness.domain.satellite import Station
from earwitness.protocol.session_messages import MAX_SOUNDS, MAX_SPEECH_ID
from earwitness.server.ports import Reached
from earwitness.telemetry import log

MOST_ALARMS: Final = 64
"""Alarms that a satellite keeps, the soonest: they must fit into one frame."""
LONGEST_ALARM: Final = 120
MOST_BYTES: Final = 15_000
SOUND_ID: Final = MAX_SPEECH_ID - 1
"""The speech id of a sound that a satellite keeps; no reply ever has it."""
PIECE_BYTES: Final = 8192
PIECE_SECONDS: Final = 0.04
"""Between two pieces: at 200 kB a second a sound of 30 seconds takes 7, and a reply meanwhile has no gap."""
_LONGEST_BYTES: Final = int(LONGEST_SECONDS * RATE_HZ) * SAMPLE_BYTES
_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Holder:
    """What one satellite says that it keeps, and what was sent to it in this session."""

    kept: frozenset[str] = frozenset()
    sent: set[str] = field(default_factory=set)
    sending: "asyncio.Task[None] | None" = None


class HeldAlarms:
    """The lists of all satellites; used on one event loop. `here` gives those that are connected, `sound_of` the samples of a
    sound by its reference: it blocks, and raises EarwitnessError."""

    def __init__(
        self,
        here: Callable[[], Mapping[str, tuple[Station, Reached]]],
        *,
        sound_of: Callable[[str], Pcm] | None,
        clock: Callable[[], float],
    ) -> None:
        self._here = here
        self._sound_of = sound_of
        self._clock = clock
        self._alarms: tuple[Foretold, ...] = ()
        self._at = 0.0
        self._digests: dict[str, str] = {}
        """Of the sounds that are needed soonest, by reference."""
        self._holders: dict[str, _Holder] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loading: asyncio.Task[None] | None = None

    def set(self, alarms: Sequence[Foretold]) -> None:
        """These ring next, in the order in which they do; called on each change."""
        self._alarms, self._at = tuple(alarms), self._clock()
        for device_id in self._here():
            self._tell(device_id)
        if self._loading is not None:
            self._loading.cancel()
        self._loading = self._spawn(self._load(_sounds(self._alarms)))

    def joined(self, device_id: str) -> None:
        """A satellite came: it and, where its being here changes what is for others, they are told."""
        is_for_some = any(alarm.area is not None or alarm.device_id is not None for alarm in self._alarms)
        self._holders[device_id] = _Holder()
        for each in self._here() if is_for_some else (device_id,):
            self._tell(each)

    def left(self, device_id: str) -> None:
        """A satellite went away."""
        holder = self._holders.pop(device_id, None)
        if holder is not None and holder.sending is not None:
            holder.sending.cancel()

    def keeps(self, device_id: str, digests: Collection[str]) -> None:
        """A satellite says which sounds it has whole on its disk."""
        if (holder := self._holders.get(device_id)) is not None:
            holder.kept = frozenset(digests)
            self._send_missing(device_id)

    def is_kept(self, device_id: str, reference: str) -> bool:
        """Whether a satellite has said that it can ring with that sound on its own."""
        holder = self._holders.get(device_id)
        return reference == TONE or (holder is not None and self._digests.get(reference) in holder.kept)

    def digest_of(self, reference: str) -> str | None:
        """What satellites know a sound by; None for the tone, and for one that cannot be had."""
        return self._digests.get(reference)

    def _tell(self, device_id: str) -> None:
        gone, (station, session) = self._clock() - self._at, self._here()[device_id]
        alarms = [
            {
                "id": alarm.ring_id,
                "text": alarm.text[:LONGEST_ALARM],
                "due_in_seconds": round(max(0.0, alarm.in_seconds - gone), 1),
                **(self._manner(alarm) if session.has_sounds else {}),
            }
            for alarm in self._for(station)
        ]
        self._spawn(_told(session, {"type": "alarms", "alarms": _fitting(alarms)}))
        self._send_missing(device_id)

    def _for(self, station: Station) -> list[Foretold]:
        here = (alarm for alarm in self._alarms if self._rings_at(alarm, station))
        return sorted(here, key=lambda alarm: alarm.in_seconds)[:MOST_ALARMS]

    def _manner(self, alarm: Foretold) -> dict[str, object]:
        digest = self._digests.get(alarm.sound)
        sound = {"sound": digest} if digest is not None else {}
        return {**sound, **({"rising": True} if alarm.is_rising else {})}

    def _rings_at(self, alarm: Foretold, station: Station) -> bool:
        """What is for a room or device that is not here is kept by all: better heard elsewhere than nowhere."""
        here = self._here()
        if alarm.device_id is not None and alarm.device_id in here:
            return alarm.device_id == station.device_id
        is_anywhere = alarm.area is None or not any(_is_in(other, alarm.area) for other, _ in here.values())
        return is_anywhere or _is_in(station, alarm.area)

    # Sounds

    async def _load(self, references: Sequence[str]) -> None:
        """Know the sounds that are needed soonest; who holds their alarms is told then."""
        found = await asyncio.to_thread(self._found, references)
        if found != self._digests:
            self._digests = found
            for device_id, (_, session) in self._here().items():
                if session.has_sounds:
                    self._tell(device_id)

    def _found(self, references: Sequence[str]) -> dict[str, str]:
        found = {}
        for reference in references:
            if (pcm := self._pcm(reference)) is not None:
                found[reference] = digest_of(pcm)
        return found

    def _pcm(self, reference: str) -> Pcm | None:
        if self._sound_of is None:
            return None
        try:
            pcm = self._sound_of(reference)
        except EarwitnessError as error:
            log(_logger, "alarm sound not found", level=logging.WARNING, code=error.code)
            return None
        return Pcm(data=pcm.data[:_LONGEST_BYTES], rate_hz=pcm.rate_hz)

    def _send_missing(self, device_id: str) -> None:
        holder, (station, session) = self._holders.get(device_id), self._here()[device_id]
        if holder is None or not session.has_sounds or (holder.sending is not None and not holder.sending.done()):
            return
        for reference in _sounds(self._for(station)):
            digest = self._digests.get(reference)
            if digest is not None and digest not in holder.kept and digest not in holder.sent:
                holder.sent.add(digest)
                holder.sending = self._spawn(self._send(session, reference, digest))
                return

    async def _send(self, session: Reached, reference: str, digest: str) -> None:
        """One sound, whole; the device then says what it keeps, and gets the next."""
        pcm = await asyncio.to_thread(self._pcm, reference)
        if pcm is None or digest_of(pcm) != digest:
            return
        await _told(session, {"type": "alarm_sound", "digest": digest, "id": SOUND_ID, "rate_hz": pcm.rate_hz})
        with contextlib.suppress(ConnectionError):
            for start in range(0, len(pcm.data), PIECE_BYTES):
                await session.speak(SOUND_ID, Pcm(data=pcm.data[start : start + PIECE_BYTES], rate_hz=pcm.rate_hz))
                await asyncio.sleep(PIECE_SECONDS)
            await session.tell({"type": "speech_end", "id": SOUND_ID})

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _sounds(alarms: Sequence[Foretold]) -> tuple[str, ...]:
    """The sounds that are needed soonest."""
    soonest = sorted(alarms, key=lambda alarm: alarm.in_seconds)
    return tuple(dict.fromkeys(alarm.sound for alarm in soonest if alarm.sound != TONE))[:MAX_SOUNDS]


def _fitting(alarms: Sequence[Mapping[str, object]]) -> list[Mapping[str, object]]:
    """As many as one frame takes, the soonest."""
    sizes = itertools.accumulate(len(json.dumps(one)) + 2 for one in alarms)
    return [one for one, size in zip(alarms, sizes, strict=True) if size <= MOST_BYTES]


async def _told(session: Reached, message: dict[str, object]) -> None:
    with contextlib.suppress(ConnectionError):
        await session.tell(message)


def _is_in(station: Station, area: str | None) -> bool:
    return area is None or (station.area is not None and station.area.casefold() == area.casefold())
