"""With which sound something rings, and how it begins softly: the one place that knows the curve. Pure."""

import hashlib
from dataclasses import dataclass
from typing import Final

from earwitness.domain.audio import Pcm

TONE: Final = "tone"
"""The sound that every device has built in, and rings with when it lacks another."""
MUSIC: Final = "music:"
"""Begins the reference of a piece of music: after it comes its file's path within the music folder."""
LONGEST_REFERENCE: Final = 300
RISE_SECONDS: Final = 60.0
"""How long a sound that begins softly takes to its full level."""
RISE_FROM_DB: Final = -30.0
"""The level it begins at, of its full one."""
LONGEST_SECONDS: Final = 30.0
"""A ring's sound is at most so long; it is played again and again."""
RATE_HZ: Final = 24_000
"""Of every ring's sound, which is mono int16."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RingManner:
    """How something rings."""

    sound: str = TONE
    """The name of a sound of ours, or MUSIC and a file: what `ringing/shelf.py` finds the sound by."""
    is_rising: bool = False
    rung_seconds: float = 0.0
    """How long it has rung already, when a ring is gone on with."""
    is_said: bool = True
    """Whether its sentence is said aloud when it begins. What begins softly says nothing, unless it is late."""


PLAIN: Final = RingManner()
"""The usual tone at its full level."""


def level_at(seconds: float) -> float:
    """The level (0 to 1) of a sound that began softly so many seconds ago: straight in decibels, which the ear hears as even."""
    part = min(1.0, max(0.0, seconds / RISE_SECONDS))
    return float(10.0 ** (RISE_FROM_DB * (1.0 - part) / 20.0))


def rise_levels(steps: int) -> tuple[float, ...]:
    """The whole curve as `steps` + 1 levels at equal distances over RISE_SECONDS, for what plays it by a table."""
    return tuple(level_at(RISE_SECONDS * step / steps) for step in range(steps + 1))


def digest_of(pcm: Pcm) -> str:
    """What server and satellite know a sound by: SHA-256 of its rate in digits, a line feed, and its samples; in hexadecimal."""
    return hashlib.sha256(b"%d\n" % pcm.rate_hz + pcm.data).hexdigest()
