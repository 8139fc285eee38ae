"""One satellite as a player of music: what it is to play, what it has said that it plays, and the sound on its way there.

Owns the queue of tracks and the task that decodes and sends them, a little ahead of what is heard. It says nothing that the
device has not reported. Which tracks are meant, and what they are called, is not its matter.
"""

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final, TypeVar

from earwitness.domain.audio import SAMPLE_BYTES, Pcm
from earwitness.domain.errors import AudioError
from earwitness.links.music_library import Track
from earwitness.protocol.session_messages import FIRST_MUSIC_ID, LAST_MUSIC_ID, MUSIC_RATE_HZ, MusicReport
from earwitness.server.music_pace import MusicPace
from earwitness.server.outbox import DeviceTooSlowError
from earwitness.server.ports import Reached
from earwitness.speech.music_file import MusicFile
from earwitness.telemetry import log

PIECE_SECONDS: Final = 0.2
DECODED_SECONDS: Final = 2.0
"""Decoded at once, off the event loop."""
LOOK_SECONDS: Final = 0.1
"""How long to wait for a report before what may be sent is looked at again."""
FIRST_VOLUME: Final = 50
MOST_REPORTS: Final = 20.0
CUT_SECONDS: Final = 1.0
"""A track that a device finished with more than this unplayed was cut off there: its speaker is gone."""
_BYTES_A_SECOND: Final = MUSIC_RATE_HZ * SAMPLE_BYTES
_PIECE_BYTES: Final = int(PIECE_SECONDS * _BYTES_A_SECOND)
_logger = logging.getLogger(__name__)
Found = TypeVar("Found")


@dataclass(slots=True)
class _Sent:
    """A track that was begun at the device."""

    index: int
    offset_seconds: float
    sent_seconds: float = 0.0
    has_started: bool = False
    is_whole: bool = False
    """Whether all of it was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a player is in what it plays."""

    tracks: tuple[Track, ...]
    index: int
    seconds: float


class SatellitePlayer:
    """`session` is how the device is reached, None while it is away. `changed` is called after each change; `decoding` runs what
    decodes; `clock` gives monotonic seconds. Used on one event loop."""

    def __init__(self, *, changed: Callable[[], None], decoding: Executor, clock: Callable[[], float]) -> None:
        self._changed = changed
        self._decoding = decoding
        self._clock = clock
        self._ids = itertools.count(FIRST_MUSIC_ID)
        self.session: Reached | None = None
        self.state = "idle"
        """idle, buffering, playing or paused, as the device reported it."""
        self.volume = FIRST_VOLUME
        """Percent, as the device reported it."""
        self.index = 0
        """Which of `tracks` is heard."""
        self.tracks: tuple[Track, ...] = ()
        self.heard = 0
        """How many tracks the device has begun since this was made."""
        self.has_failed = False
        """Whether nothing of what was asked for last could be decoded."""
        self._played_seconds = 0.0
        self._wished_volume = FIRST_VOLUME
        self._is_paused = False
        self._sent: dict[int, _Sent] = {}
        self._pace = MusicPace(now=clock())
        self._feeding: asyncio.Task[None] | None = None
        self._reported = asyncio.Event()
        self._reports = 2 * MOST_REPORTS
        self._reported_at = clock()

    @property
    def track(self) -> Track | None:
        """What is heard, or is about to be."""
        return self.tracks[self.index] if self.state != "idle" and self.tracks else None

    @property
    def place(self) -> Place | None:
        """Where it is; None while it plays nothing."""
        if self.state == "idle" or not self.tracks:
            return None
        return Place(tracks=self.tracks, index=self.index, seconds=self._played_seconds)

    def joined(self, session: Reached) -> None:
        """The device's session has begun; what it played before is over."""
        self._end()
        self.session = session
        self._changed()

    def left(self) -> None:
        """The device is away, and stops."""
        self.session = None
        self._end()
        self._changed()

    def play(self, place: Place) -> None:
        """Play these, from there on, instead of what is playing."""
        session = self._end()
        if session is None:
            return
        self._tell(session, {"type": "music_stop"})
        self._is_paused, self.has_failed = False, False
        self.tracks, self.index, self._played_seconds, self.state = place.tracks, place.index, place.seconds, "buffering"
        self._pace = MusicPace(now=self._clock())
        self._set(session)
        self._feeding = asyncio.get_running_loop().create_task(self._feed(session, place))
        self._changed()

    def stop(self) -> None:
        """Play nothing."""
        session = self._end()
        if session is not None:
            self._tell(session, {"type": "music_stop"})
        self._changed()

    def pause(self, is_paused: bool) -> None:
        self._is_paused = is_paused
        if self.session is not None:
            self._set(self.session)

    def set_volume(self, percent: int) -> None:
        self._wished_volume = percent
        if self.session is not None:
            self._set(self.session)
            if self.state == "idle":  # nothing plays that could report it
                self.volume = percent
                self._changed()

    def skip(self, tracks: int) -> bool:
        """Go forward, or back when negative; False if there is nothing there, and all goes on."""
        to = self.index + tracks
        if self.state == "idle" or not self.tracks or to >= len(self.tracks):
            return False
        self.play(Place(tracks=self.tracks, index=max(0, to), seconds=0.0))
        return True

    def reported(self, report: MusicReport) -> None:
        """The device says how it stands; only what it was sent is believed of it."""
        sent = self._sent.get(report.track_id)
        if sent is None or not self._may_report():
            return
        played, waiting = report.played_ms / 1000, report.waiting_ms / 1000
        self._pace.report(report.track_id, played_seconds=played, waiting_seconds=waiting)
        self._reported.set()
        before = (self.state, self.volume, self.index)
        self.volume = report.volume
        match report.state:
            case "started" if not sent.has_started:
                sent.has_started = True
                self.index, self.state = sent.index, "playing"
                self.heard += 1
            case "playing" | "paused" if sent.has_started and sent.index == self.index:
                self.state = report.state
            case "finished":
                self._finished(report.track_id, sent, min(played, sent.sent_seconds))
            case "stopped":
                self._end()
        if report.state in ("started", "playing", "paused"):
            self._played_seconds = sent.offset_seconds + min(played, sent.sent_seconds)
        if before != (self.state, self.volume, self.index) or report.state == "started":
            self._changed()

    def _may_report(self) -> bool:
        """No device is listened to more often than MOST_REPORTS a second."""
        now = self._clock()
        self._reports = min(2 * MOST_REPORTS, self._reports + MOST_REPORTS * (now - self._reported_at))
        self._reported_at = now
        if self._reports < 1:
            return False
        self._reports -= 1
        return True

    def _finished(self, track_id: int, sent: _Sent, played: float) -> None:
        del self._sent[track_id]
        is_last = self._feeding is None or self._feeding.done()
        if not sent.is_whole or sent.sent_seconds - played > CUT_SECONDS or (is_last and not self._sent):
            self._end()

    def _end(self) -> Reached | None:
        """Forget what was to be played; gives the session, if there is one."""
        if self._feeding is not None:
            self._feeding.cancel()
            self._feeding = None
        self._sent.clear()
        self.state, self.tracks, self.index = "idle", (), 0
        return self.session

    def _set(self, session: Reached) -> None:
        self._tell(session, {"type": "music_set", "paused": self._is_paused, "volume": self._wished_volume})

    @staticmethod
    def _tell(session: Reached, message: dict[str, object]) -> None:
        with contextlib.suppress(ConnectionError):
            session.tell_now(message)

    # Sound

    async def _feed(self, session: Reached, place: Place) -> None:
        """Send the tracks, one after the other; a fault of ours ends the music, and nothing else."""
        try:
            await self._feed_all(session, place)
        except Exception as error:
            log(_logger, "music failed", level=logging.ERROR, error_type=type(error).__name__)
            self.stop()

    async def _feed_all(self, session: Reached, place: Place) -> None:
        offset, is_any = place.seconds, False
        for index in range(place.index, len(place.tracks)):
            is_any = await self._feed_track(session, place.tracks[index], index=index, offset=offset) or is_any
            offset = 0.0
        if not is_any:
            self.has_failed = True
            self._end()
            self._changed()
        elif not self._sent:
            self._end()
            self._changed()

    async def _feed_track(self, session: Reached, track: Track, *, index: int, offset: float) -> bool:
        """Send one track; False if nothing of it can be decoded."""
        await self._until_room()
        try:
            file = await self._decoded(lambda: MusicFile(track.file, rate_hz=MUSIC_RATE_HZ, start_seconds=offset))
        except AudioError as error:
            log(_logger, "music not decoded", level=logging.WARNING, code=error.code)
            self._pace.send(PIECE_SECONDS)  # a folder of broken files is not gone through at once
            return False
        try:
            sound = await self._decoded(lambda: file.read(_PIECE_BYTES * 2))
            if not sound:
                return False
            track_id = self._next_id()
            sent = self._sent[track_id] = _Sent(index=index, offset_seconds=offset)
            self._pace.begin(track_id)
            self._tell(session, {"type": "music", "id": track_id, "rate_hz": MUSIC_RATE_HZ})
            while sound:
                for start in range(0, len(sound), _PIECE_BYTES):
                    await self._send(session, track_id, sent, sound[start : start + _PIECE_BYTES])
                sound = await self._decoded(lambda: file.read(int(DECODED_SECONDS * _BYTES_A_SECOND)))
            sent.is_whole = True
            if not session.end_music(track_id):
                raise DeviceTooSlowError
        finally:
            self._close(file)
        return True

    async def _send(self, session: Reached, track_id: int, sent: _Sent, piece: bytes) -> None:
        seconds = len(piece) / _BYTES_A_SECOND
        await self._until_room(seconds)
        if not session.play(track_id, Pcm(data=piece, rate_hz=MUSIC_RATE_HZ)):
            raise DeviceTooSlowError  # more waits than the pace allows to be on its way
        self._pace.send(seconds)
        sent.sent_seconds += seconds

    async def _until_room(self, seconds: float = 0.0) -> None:
        """Until more may be sent. While the device holds its music, nothing is looked at before it reports."""
        while self._pace.room(now=self._clock()) <= seconds:
            self._reported.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if self.state == "paused" else LOOK_SECONDS):
                    await self._reported.wait()

    async def _decoded(self, work: Callable[[], Found]) -> Found:
        return await asyncio.get_running_loop().run_in_executor(self._decoding, work)

    def _close(self, file: MusicFile) -> None:
        """Off the event loop: a thread may be reading it yet."""
        try:
            self._decoding.submit(file.close)
        except RuntimeError:  # the house is closing, and its threads end
            file.close()

    def _next_id(self) -> int:
        found = next(self._ids)
        if found > LAST_MUSIC_ID:
            self._ids = itertools.count(FIRST_MUSIC_ID)
            found = next(self._ids)
        return found


def place_of(tracks: Sequence[Track]) -> Place:
    """The beginning of these."""
    return Place(tracks=tuple(tracks), index=0, seconds=0.0)
