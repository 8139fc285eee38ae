"""The bells of boxes of other makes: piece after piece, at the level that the ring has come to."""

from dataclasses import dataclass

import numpy as np
import pytest

from earwitness.domain.audio import Pcm
from earwitness.domain.errors import AlertError
from earwitness.domain.ring_sound import level_at
from earwitness.foreign.bells import PIECE_SECONDS, Bells

TONE = Pcm(data=np.full(1600, 1000, dtype="<i2").tobytes(), rate_hz=1000)
LONG = Pcm(data=np.full(20_000, 10_000, dtype="<i2").tobytes(), rate_hz=1000)


@dataclass
class Clock:
    now: float = 50.0

    def __call__(self) -> float:
        return self.now


def sound_of(reference: str) -> Pcm:
    if reference == "gone":
        raise AlertError("It is not there any more.", code="alert.no_sound")
    return LONG


def bells(clock: Clock) -> Bells:
    return Bells(tone=lambda: TONE, sound_of=sound_of, clock=clock)


async def test_a_plain_alert_rings_with_the_tone_and_so_does_a_sound_that_is_gone() -> None:
    made = bells(Clock())
    made.add("a", {"id": "a"})
    assert await made.next() == TONE
    made.add("b", {"sound": "gone", "rising": False, "rung_seconds": 0.0})
    assert await made.next() == TONE
    made.remove("a")
    made.remove("b")
    assert not made.is_due


async def test_a_long_sound_comes_in_pieces_and_begins_again() -> None:
    made = bells(Clock())
    made.add("a", {"sound": "long", "rising": False, "rung_seconds": 0.0})
    assert [(await made.next()).seconds for _ in range(4)] == [PIECE_SECONDS, PIECE_SECONDS, 4.0, PIECE_SECONDS]


async def test_it_grows_louder_as_the_curve_says_from_where_the_ring_is() -> None:
    clock = Clock()
    made = bells(clock)
    made.add("a", {"sound": "long", "rising": True, "rung_seconds": 12.0})
    for waited in (0.0, 10.0, 60.0):
        clock.now = 50.0 + waited
        piece = np.frombuffer((await made.next()).data, "<i2")
        assert piece[0] == pytest.approx(10_000 * level_at(12.0 + waited), rel=0.01)
    made.add("t", {"id": "t"})
    clock.now = 50.0
    assert await made.next() == TONE, "a timer beside it is loud at once"
