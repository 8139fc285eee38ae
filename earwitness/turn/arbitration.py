"""Which of several satellites that heard the same wake word answers: one, and the same one however the messages arrive. Pure.

Satellites have no common clock. Each says how long before its message the word ended, so all are put on the server's clock by
their arrival. What decides, and how long is waited for others, is measured by `bench/arbitration.py`; docs/adr says why.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

WINDOW_SECONDS: Final = 0.1
"""How long the first to report waits for others."""
SAME_WAKE_SECONDS: Final = 0.4
"""Words that ended less than this apart may be one word."""
OTHER_ROOM_DB: Final = 3.0
"""A word that is heard in another room too is quieter there by at least this much; as loud in two rooms are two people."""
FOLLOWING_DB: Final = 18.0
"""What is added to the loudness of what followed a word to compare it with a word's: most people wait for the cue."""
SAME_WAKE_FOREIGN_SECONDS: Final = 0.8
"""The same for satellites of other makes: they do not say when the word ended, and their detectors are not ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A satellite that heard its wake word. `arrived_at` is by the server's clock, in seconds."""

    device_id: str
    arrived_at: float
    age_ms: int
    loudness_dbfs: float
    score: float
    area: str | None = None
    """Where the satellite stands, if that is known."""
    is_of_word: bool = True
    """Whether the loudness is the word's. Satellites of other makes keep the word to themselves: theirs is of what followed."""

    @property
    def heard_at(self) -> float:
        """When the word ended, by the server's clock, late by the message's time on the network."""
        return self.arrived_at - self.age_ms / 1000.0


Merit = Callable[[Candidate], tuple[float, ...]]
"""What decides: the candidate with the greatest merit answers."""


def by_first_detection(candidate: Candidate) -> tuple[float, ...]:
    """Who reported first."""
    return (-candidate.arrived_at,)


def by_first_heard(candidate: Candidate) -> tuple[float, ...]:
    """At whose microphone the word ended first."""
    return (-candidate.heard_at,)


def by_loudness(candidate: Candidate) -> tuple[float, ...]:
    """At whose microphone the word was loudest; of equals, who reported first."""
    return (candidate.loudness_dbfs + (0.0 if candidate.is_of_word else FOLLOWING_DB), -candidate.arrived_at)


def by_loudness_then_first(candidate: Candidate) -> tuple[float, ...]:
    """Loudness in steps of 3 dB; within a step, who reported first."""
    return (candidate.loudness_dbfs // 3.0, -candidate.arrived_at)


def is_same_wake(one: Candidate, other: Candidate) -> bool:
    """Whether two satellites heard one and the same word, rather than two people in two rooms who spoke at the same time."""
    are_of_word = one.is_of_word and other.is_of_word
    if abs(one.heard_at - other.heard_at) >= (SAME_WAKE_SECONDS if are_of_word else SAME_WAKE_FOREIGN_SECONDS):
        return False
    if not are_of_word:
        return True  # loudness of two kinds tells nothing of rooms
    may_share_a_room = one.area is None or other.area is None or one.area == other.area
    return may_share_a_room or abs(one.loudness_dbfs - other.loudness_dbfs) >= OTHER_ROOM_DB


def winner(candidates: Sequence[Candidate], *, merit: Merit = by_loudness) -> str:
    """The device that answers; of equal merit the lower device id, so that the order of arrival does not matter. Raises
    ValueError without candidates."""
    best = max(merit(candidate) for candidate in candidates)
    return min(candidate.device_id for candidate in candidates if merit(candidate) == best)
