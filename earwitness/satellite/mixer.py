"""All sounds of a speaker, mixed into one stream: tracks with names, each begun, fed, ended or dropped.

Owns resampling, the bound of what waits and who has begun and finished; knows no device and no clock. One thread may feed while
another renders. Music lies under all of them (music_bed.py).
"""

import threading
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import soxr
from numpy.typing import NDArray

from earwitness.domain.audio import Pcm
from earwitness.domain.ring_sound import level_at
from earwitness.satellite.music_bed import Figures, MusicBed
from earwitness.satellite.sound_queue import SoundQueue

MOST_WAITING_SECONDS: Final = 180.0
"""Sound that may wait on one track; what comes beyond it is dropped, and the track says so."""
LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 8_000, 48_000
FADE_SECONDS: Final = 0.005
"""A track that is dropped in mid-sound fades for so long, so that it does not click."""

LEAST_WHOLE: Final = 0.3
"""Cues and rings are played no quieter than so, whatever the volume: no recording is silent, and alarms are heard."""

Mark: TypeAlias = tuple[str, Literal["started", "finished"], int]
"""A track, what happened to it, and at which sample of the block."""


@dataclass(slots=True)
class _Track:
    resampler: Any
    """A soxr stream, or None at the speaker's own rate."""
    is_live: bool
    longest_samples: int
    loop: NDArray[np.int16] | None = None
    rung_samples: int | None = None
    """Of a sound that began softly: for how long it has been played."""
    waiting: SoundQueue = field(default_factory=SoundQueue)
    is_whole: bool = False
    """Whether it was there at once, as a cue is."""
    has_started: bool = False
    is_ended: bool = False
    is_overrun: bool = False

    def put(self, sound: NDArray[np.int16]) -> None:
        self.waiting.put(sound, most=self.longest_samples if self.is_live else None)


class Mixer:
    """Mixes at `rate_hz`. `longest_live_seconds` bounds what waits on a live track: older sound makes way for newer.

    A fed track that is not live does not start over a track whose name begins with `first`: a reply waits until a cue is over.
    """

    def __init__(self, *, rate_hz: int, longest_live_seconds: float = 0.4, first: str | None = None) -> None:
        self.rate_hz = rate_hz
        self.volume = 1.0
        """Of what is fed, 0 to 1."""
        self._first = first
        self._music = MusicBed(rate_hz=rate_hz)
        self._longest_live = int(longest_live_seconds * rate_hz)
        self._tracks: dict[str, _Track] = {}
        self._finished: list[str] = []
        self._tail: NDArray[np.int16] = np.zeros(0, dtype=np.int16)
        self._lock = threading.Lock()

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to play."""
        with self._lock:
            return not self._tracks and not self._finished and not len(self._tail) and self._music.is_idle

    def has(self, track: str) -> bool:
        """Whether a track was begun and has not finished."""
        with self._lock:
            return track in self._tracks or self._music.has(track)

    def begin(self, track: str, *, rate_hz: int, is_live: bool = False, is_music: bool = False) -> None:
        """Open a track for sound at `rate_hz`; one of that name is dropped, music goes after what plays. Raises ValueError beyond
        8 to 48 kHz."""
        made = self._make(rate_hz, is_live=is_live)
        with self._lock:
            if is_music:
                self._music.begin(track, rate_hz=rate_hz)
                return
            self._tracks[track] = made

    def play(self, track: str, pcm: Pcm, *, is_looping: bool = False, rung_seconds: float | None = None) -> None:
        """Play a whole sound, once or again and again until it is dropped; with `rung_seconds` as one that began softly (at the
        level of `ring_sound.level_at`) so long ago."""
        made = self._make(pcm.rate_hz, is_live=False)
        sound = _resample(pcm, rate_hz=self.rate_hz)
        if is_looping:
            made.loop = sound
        made.waiting.put(sound)
        made.is_ended = not is_looping
        made.is_whole = True
        made.rung_samples = None if rung_seconds is None else int(rung_seconds * self.rate_hz)
        with self._lock:
            self._tracks[track] = made

    def feed(self, track: str, sound: bytes) -> bool:
        """Add int16 samples to a track at its rate; False if it is not open or too much waits, and the sound was dropped."""
        with self._lock:
            found = self._tracks.get(track)
            if found is None:
                return self._music.feed(track, sound)
            if found.is_ended:
                return False
            samples = np.frombuffer(sound, "<i2")
            fresh = samples if found.resampler is None else found.resampler.resample_chunk(samples)
            if found.waiting.samples + len(fresh) > found.longest_samples and not found.is_live:
                found.is_overrun = True
                return False
            found.put(fresh)
            return True

    def end(self, track: str) -> None:
        """No more comes; what is there is played."""
        with self._lock:
            found = self._tracks.get(track)
            if found is None:
                self._music.end(track)
                return
            if found.is_ended:
                return
            if found.resampler is not None:
                found.put(found.resampler.resample_chunk(np.zeros(0, dtype=np.int16), last=True))
            found.is_ended = True

    def drop(self, track: str) -> None:
        """Stop a track now, but for a fade of FADE_SECONDS."""
        with self._lock:
            found = self._tracks.pop(track, None)
            if found is None:
                return
            if found.has_started:
                tail = self._at_level(found, found.waiting.take(int(FADE_SECONDS * self.rate_hz)))
                self._tail = _mixed(self._tail, _faded(tail.astype(np.int16)))
            self._finished.append(track)

    def drop_music(self) -> None:
        """Stop all music now."""
        with self._lock:
            self._music.drop()

    def level_music(self, level: float, *, is_ducked: bool, is_held: bool) -> None:
        """How loud music is, 0 to 1; ducked, or held where it is."""
        with self._lock:
            self._music.set_level(level, is_ducked=is_ducked, is_held=is_held)

    def music_figures(self, track: str) -> Figures:
        """How much of a track of music was played, and how much of all waits."""
        with self._lock:
            return self._music.figures(track)

    def drop_all(self) -> tuple[str, ...]:
        """Forget everything, as when the speaker is gone; says which tracks there were."""
        with self._lock:
            gone = (*self._finished, *self._tracks, *self._music.names())
            self._music.forget()
            self._tracks.clear()
            self._finished.clear()
            self._tail = self._tail[:0]
            return gone

    def render(self, samples: int) -> tuple[bytes, list[Mark]]:
        """The next int16 samples, and what began and finished in them."""
        with self._lock:
            marks: list[Mark] = [(track, "finished", 0) for track in self._finished]
            self._finished.clear()
            block = np.zeros(samples, dtype=np.int32)
            if len(self._tail):
                block[: len(self._tail)] += self._tail[:samples]
                self._tail = self._tail[samples:]
            if not self._music.is_idle:
                is_covered = any(track.waiting.samples or track.loop is not None for track in self._tracks.values())
                marks += self._music.render(block, is_covered=is_covered)
            cue_samples = self._cue_samples(samples)
            for name, track in list(self._tracks.items()):
                waits = 0 if track.has_started or track.is_live or track.is_whole else cue_samples
                self._render(name, track, block=block, marks=marks, filled=waits)
            return np.clip(block, -32_768, 32_767).astype("<i2").tobytes(), marks

    def _render(self, name: str, track: _Track, *, block: NDArray[np.int32], marks: list[Mark], filled: int) -> None:
        while filled < len(block):
            if not track.waiting.samples and track.loop is not None:
                track.put(track.loop)
            sound = track.waiting.take(len(block) - filled)
            if not len(sound):
                break
            if not track.has_started:
                track.has_started = True
                marks.append((name, "started", filled))
            block[filled : filled + len(sound)] += self._at_level(track, sound)
            filled += len(sound)
        if track.is_ended and not track.waiting.samples:
            del self._tracks[name]
            marks.append((name, "finished", filled))

    def _at_level(self, track: _Track, sound: NDArray[np.int16]) -> NDArray[np.int32]:
        """The next samples of a track, as loud as they are to be."""
        gain = max(self.volume, LEAST_WHOLE) if track.is_whole else self.volume
        if track.rung_samples is not None:
            begins, ends = (level_at(at / self.rate_hz) for at in (track.rung_samples, track.rung_samples + len(sound)))
            track.rung_samples += len(sound)
            return (sound * (gain * np.linspace(begins, ends, len(sound)))).astype(np.int32)
        return sound.astype(np.int32) if gain == 1.0 else (sound * gain).astype(np.int32)

    def _cue_samples(self, most: int) -> int:
        """How many samples of the next block a cue still takes."""
        if self._first is None:
            return 0
        return min(
            most, max((track.waiting.samples for name, track in self._tracks.items() if name.startswith(self._first)), default=0)
        )

    def _make(self, rate_hz: int, *, is_live: bool) -> _Track:
        if not LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ:
            raise ValueError(f"sound of {rate_hz} Hz is not played")
        same = rate_hz == self.rate_hz
        resampler = None if same else soxr.ResampleStream(rate_hz, self.rate_hz, 1, dtype="int16")
        longest = self._longest_live if is_live else int(MOST_WAITING_SECONDS * self.rate_hz)
        return _Track(resampler=resampler, is_live=is_live, longest_samples=longest)


def _resample(pcm: Pcm, *, rate_hz: int) -> NDArray[np.int16]:
    samples = np.frombuffer(pcm.data, "<i2")
    if pcm.rate_hz == rate_hz:
        return samples
    sound: NDArray[np.int16] = soxr.resample(samples, pcm.rate_hz, rate_hz)
    return sound


def _faded(sound: NDArray[np.int16]) -> NDArray[np.int16]:
    return (sound * np.linspace(1.0, 0.0, len(sound))).astype(np.int16) if len(sound) else sound


def _mixed(one: NDArray[np.int16], other: NDArray[np.int16]) -> NDArray[np.int16]:
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    mixed = longer.astype(np.int32)
    mixed[: len(shorter)] += shorter
    return np.clip(mixed, -32_768, 32_767).astype(np.int16)
