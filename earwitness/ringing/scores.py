"""The sounds that this project makes for alarms, from scores in `sounds.toml`. Pure but for reading that file.

Every sound is the same samples each time, plays in a loop without a seam, and is called by the names in the file.
"""

import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from earwitness.domain.audio import Pcm
from earwitness.domain.ring_sound import RATE_HZ

PEAK: Final = 0.5
"""Loudest sample, of full scale."""
_FILE: Final = Path(__file__).with_name("sounds.toml")
_ATTACK_SECONDS: Final = 0.008
_RELEASE_SECONDS: Final = 0.03

Wave = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One sound: what it is called, and the notes of one round of it."""

    name: str
    title: str
    spoken: tuple[str, ...]
    """What people call it, in lower case."""
    seconds: float
    overtones: tuple[float, ...]
    """Levels of the harmonics, from the first."""
    notes: tuple[dict[str, Any], ...]


@cache
def scores() -> dict[str, Score]:
    """All of them, by name, in the order of the file."""
    found = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {
        name: Score(
            name=name,
            title=one["title"],
            spoken=tuple(one["spoken"]),
            seconds=one["seconds"],
            overtones=tuple(one["overtones"]),
            notes=tuple(one["notes"]),
        )
        for name, one in found.items()
    }


@lru_cache(maxsize=16)
def sound(name: str) -> Pcm:
    """One round of the sound of that name: int16 [samples], 24 kHz mono. Raises KeyError."""
    score = scores()[name]
    wave = np.zeros(round(score.seconds * RATE_HZ))
    for note in score.notes:
        _add(wave, note, overtones=score.overtones)
    wave *= PEAK * 32767.0 / np.max(np.abs(wave))
    return Pcm(data=np.rint(wave).astype("<i2").tobytes(), rate_hz=RATE_HZ)


def _add(wave: Wave, note: dict[str, Any], *, overtones: tuple[float, ...]) -> None:
    """A note: `at` and `seconds`, `hz` and where it glides `to_hz`, a `level`, its `damping`, and `trill_hz` with its `depth`."""
    count = round(note["seconds"] * RATE_HZ)
    part = np.arange(count) / count
    hz = note["hz"] * (note.get("to_hz", note["hz"]) / note["hz"]) ** part
    trill = 1.0 + note.get("depth", 0.0) * np.sin(2 * np.pi * note.get("trill_hz", 0.0) * part * note["seconds"])
    phase = 2 * np.pi * np.cumsum(hz * trill) / RATE_HZ
    tone = np.sum([level * np.sin((index + 1) * phase) for index, level in enumerate(overtones)], axis=0)
    first = round(note["at"] * RATE_HZ)
    where = np.arange(first, first + count) % len(wave)  # what rings on at the end goes on at the beginning: a loop has no seam
    np.add.at(wave, where, note.get("level", 1.0) * _envelope(count, note) * tone)


def _envelope(count: int, note: dict[str, Any]) -> Wave:
    """Raised-cosine edges around an exponential decay; zero at both ends."""
    at = np.arange(count)
    attack = max(1, min(round(note.get("attack", _ATTACK_SECONDS) * RATE_HZ), count // 2))
    release = max(1, min(round(_RELEASE_SECONDS * RATE_HZ), count // 3))
    edge = np.clip(np.minimum(at / attack, (count - 1 - at) / release), 0.0, 1.0)
    wave: Wave = np.sin(edge * np.pi / 2) ** 2 * np.exp(-note.get("damping", 0.0) * at / count)
    return wave
