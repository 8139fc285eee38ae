"""Music under everything else that a speaker plays: tracks one after the other without a gap, softer while something else sounds.

Owns how loud music is at each sample, what waits of it, and when it must wait for more. Knows no device and no clock; the mixer
calls it under its own lock.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
import soxr
from numpy.typing import NDArray

from earwitness.satellite.sound_queue import SoundQueue

DUCK: Final = 10 ** (-15 / 20)
"""How loud music is, of its own level, while somebody speaks or something else sounds: 15 dB less."""
DOWN_SECONDS: Final = 0.1
"""In which music goes from full level to none; so it is ducked within 0.1 s."""
UP_SECONDS: Final = 0.6
START_SECONDS: Final = 0.3
"""What must wait of a track before it begins."""
REFILL_SECONDS: Final = 1.0
"""The same once it ran dry: rather one gap than many."""
MOST_WAITING_SECONDS: Final = 15.0
MOST_TRACKS: Final = 4
MOST_REMEMBERED: Final = 8
FADE_SECONDS: Final = 0.005

Mark = tuple[str, Literal["started", "finished"], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of one track, how many seconds were played; of all tracks, how many wait."""

    played_seconds: float = 0.0
    waiting_seconds: float = 0.0


@dataclass(slots=True)
class _Track:
    name: str
    resampler: Any
    waiting: SoundQueue = field(default_factory=SoundQueue)
    is_ended: bool = False
    has_started: bool = False


class MusicBed:
    """Plays at `rate_hz`."""

    def __init__(self, *, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._tracks: deque[_Track] = deque()
        self._played: dict[str, int] = {}
        self._tail: NDArray[np.int16] = np.zeros(0, dtype=np.int16)
        self._dropped: list[str] = []
        self._needs = int(START_SECONDS * rate_hz)
        self._level = 0.5
        self._gain = 0.5
        self._is_ducked = False
        self._is_held = False

    @property
    def is_idle(self) -> bool:
        return not self._tracks and not len(self._tail) and not self._dropped

    def has(self, track: str) -> bool:
        return any(one.name == track for one in self._tracks)

    def names(self) -> tuple[str, ...]:
        """The tracks that were begun and have not finished, and those that were dropped since."""
        return (*self._dropped, *(one.name for one in self._tracks))

    def begin(self, track: str, *, rate_hz: int) -> None:
        """Put a track after those that are there. Beyond MOST_TRACKS it is not taken."""
        if self.has(track) or len(self._tracks) >= MOST_TRACKS:
            return
        if not self._tracks:
            self._needs = int(START_SECONDS * self._rate_hz)
        resampler = None if rate_hz == self._rate_hz else soxr.ResampleStream(rate_hz, self._rate_hz, 1, dtype="int16")
        self._tracks.append(_Track(track, resampler))
        self._remember(track)

    def feed(self, track: str, sound: bytes) -> bool:
        """Add int16 samples; False if too much waits, and they were dropped."""
        found = next((one for one in self._tracks if one.name == track and not one.is_ended), None)
        if found is None:
            return False
        samples = np.frombuffer(sound, "<i2")
        fresh = samples if found.resampler is None else found.resampler.resample_chunk(samples)
        if self._waiting() + len(fresh) > MOST_WAITING_SECONDS * self._rate_hz:
            return False
        found.waiting.put(fresh)
        return True

    def end(self, track: str) -> None:
        """No more of it comes."""
        for one in self._tracks:
            if one.name == track and not one.is_ended:
                if one.resampler is not None:
                    one.waiting.put(one.resampler.resample_chunk(np.zeros(0, dtype=np.int16), last=True))
                one.is_ended = True

    def drop(self) -> None:
        """Stop all music now, but for a fade of FADE_SECONDS."""
        if self._tracks and self._tracks[0].has_started and self._gain > 0 and not self._must_wait():
            sound = self._tracks[0].waiting.take(int(FADE_SECONDS * self._rate_hz))
            self._tail = (sound * np.linspace(self._gain, 0.0, len(sound))).astype(np.int16)
        self._dropped += [one.name for one in self._tracks]
        self._tracks.clear()

    def forget(self) -> None:
        """The speaker is gone, and what waited with it."""
        self._tracks.clear()
        self._dropped.clear()
        self._tail = self._tail[:0]

    def set_level(self, level: float, *, is_ducked: bool, is_held: bool) -> None:
        """How loud, 0 to 1; ducked; or held: it falls silent and waits where it is."""
        self._level, self._is_ducked, self._is_held = level, is_ducked, is_held
        if not self._tracks:
            self._gain = 0.0 if is_held else self._target(is_covered=False)

    def figures(self, track: str) -> Figures:
        played = self._played.get(track, 0) / self._rate_hz
        return Figures(played_seconds=played, waiting_seconds=self._waiting() / self._rate_hz)

    def render(self, block: NDArray[np.int32], *, is_covered: bool) -> list[Mark]:
        """Add the next samples to a block; gives what began and finished in them. `is_covered`: something else sounds."""
        marks: list[Mark] = [(name, "finished", 0) for name in self._dropped]
        self._dropped.clear()
        if len(self._tail):
            block[: len(self._tail)] += self._tail[: len(block)]
            self._tail = self._tail[len(block) :]
        target = self._target(is_covered=is_covered)
        filled = 0
        while self._tracks and filled < len(block) and not (self._is_held and self._gain == 0.0):
            track = self._tracks[0]
            if track.is_ended and not track.waiting.samples:
                marks.append((track.name, "finished", filled))
                self._tracks.popleft()
                continue
            if self._must_wait():
                break
            self._needs = 0
            sound = track.waiting.take(len(block) - filled)
            if not len(sound):
                self._needs = int(REFILL_SECONDS * self._rate_hz)
                break
            if not track.has_started:
                track.has_started = True
                marks.append((track.name, "started", filled))
            block[filled : filled + len(sound)] += (sound * self._gains(len(sound), target)).astype(np.int32)
            self._played[track.name] = self._played.get(track.name, 0) + len(sound)
            filled += len(sound)
        return marks

    def _must_wait(self) -> bool:
        """Whether more has to come first."""
        return self._needs > 0 and not self._tracks[0].is_ended and self._waiting() < self._needs

    def _target(self, *, is_covered: bool) -> float:
        if self._is_held:
            return 0.0
        return self._level * (DUCK if self._is_ducked or is_covered else 1.0)

    def _gains(self, samples: int, target: float) -> NDArray[np.float64]:
        """The next gains, on the way to the target."""
        if self._gain == target:
            return np.full(samples, target)
        seconds = DOWN_SECONDS if target < self._gain else UP_SECONDS
        step = (1.0 if target > self._gain else -1.0) / (seconds * self._rate_hz)
        way = self._gain + step * np.arange(1, samples + 1)
        gains: NDArray[np.float64] = np.asarray(np.minimum(way, target) if step > 0 else np.maximum(way, target), np.float64)
        self._gain = float(gains[-1])
        return gains

    def _waiting(self) -> int:
        return sum(one.waiting.samples for one in self._tracks)

    def _remember(self, track: str) -> None:
        self._played[track] = 0
        while len(self._played) > MOST_REMEMBERED:
            del self._played[next(iter(self._played))]
