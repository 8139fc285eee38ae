"""Owns the sounds that tell people what a device does, synthesised from sine tones by this project.

Every cue is the same bytes on every machine, starts and ends at silence (so it does not click), and needs no file.
Playing a cue belongs to the speaker of a device; deciding when belongs to the turn.

    start   two rising tones, 110 ms: capture begins
    end     the same tones falling, 110 ms: capture has ended
    error   two low, damped tones, 300 ms: something failed
    alert   three bells and a rest, 1.6 s: a timer rings; plays in a loop without a seam
"""

import math
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from sys import byteorder

from earwitness.domain.audio import Pcm

CUE_RATE_HZ = 24_000
CUE_NAMES = ("start", "end", "error", "alert")
PEAK = 0.35
"""Loudest sample of a cue, of full scale: clearly heard in a room, below the level of speech at its peaks."""

_FULL_SCALE = 32_767


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tone:
    at_seconds: float
    seconds: float
    frequency_hz: float
    level: float = 1.0
    damping: float = 0.0
    """How much the tone decays over its length: 0 keeps its level, 5 fades like a bell."""


_SCORES: dict[str, tuple[float, tuple[_Tone, ...]]] = {
    "start": (
        0.110,
        (_Tone(at_seconds=0, seconds=0.07, frequency_hz=659.26), _Tone(at_seconds=0.045, seconds=0.065, frequency_hz=987.77)),
    ),
    "end": (
        0.110,
        (_Tone(at_seconds=0, seconds=0.07, frequency_hz=987.77), _Tone(at_seconds=0.045, seconds=0.065, frequency_hz=659.26)),
    ),
    "error": (
        0.300,
        (
            _Tone(at_seconds=0, seconds=0.13, frequency_hz=311.13, damping=1),
            _Tone(at_seconds=0.14, seconds=0.16, frequency_hz=233.08, damping=1.5),
        ),
    ),
    "alert": (
        1.600,
        tuple(
            _Tone(at_seconds=at, seconds=0.42, frequency_hz=frequency, damping=5)
            for at, frequency in ((0.0, 783.99), (0.2, 1046.5), (0.4, 1318.51))
        ),
    ),
}


@lru_cache(maxsize=len(CUE_NAMES))
def cue(name: str) -> Pcm:
    """The cue called `name` ("start", "end", "error" or "alert"): int16 [samples], 24 kHz mono.

    Raises ValueError for any other name.
    """
    if name not in _SCORES:
        raise ValueError(f"no cue is called {name!r}; there are {', '.join(CUE_NAMES)}")
    seconds, tones = _SCORES[name]
    wave = _render(round(seconds * CUE_RATE_HZ), tones)
    gain = PEAK * _FULL_SCALE / max(abs(sample) for sample in wave)
    samples = array("h", (round(sample * gain) for sample in wave))
    if byteorder == "big":
        samples.byteswap()
    return Pcm(data=samples.tobytes(), rate_hz=CUE_RATE_HZ)


def _render(sample_count: int, tones: tuple[_Tone, ...]) -> list[float]:
    wave = [0.0] * sample_count
    for tone in tones:
        first = round(tone.at_seconds * CUE_RATE_HZ)
        count = min(round(tone.seconds * CUE_RATE_HZ), sample_count - first)
        level_at = _envelope(tone, count)
        for index in range(count):
            wave[first + index] += level_at(index) * _timbre(tone.frequency_hz, index / CUE_RATE_HZ)
    return wave


def _timbre(frequency_hz: float, at_seconds: float) -> float:
    """A sine with a quiet octave above it, which small speakers carry better than a bare sine."""
    phase = 2 * math.pi * frequency_hz * at_seconds
    return math.sin(phase) + 0.2 * math.sin(2 * phase)


def _envelope(tone: _Tone, count: int) -> Callable[[int], float]:
    """Raised-cosine edges (8 ms in, 30 ms out at most) around an exponential decay; zero at both ends."""
    attack = min(round(0.008 * CUE_RATE_HZ), count // 3)
    release = min(round(0.030 * CUE_RATE_HZ), count // 3)

    def level_at(index: int) -> float:
        edge = min(1.0, index / attack, (count - 1 - index) / release)
        return tone.level * math.sin(edge * math.pi / 2) ** 2 * math.exp(-tone.damping * index / count)

    return level_at
