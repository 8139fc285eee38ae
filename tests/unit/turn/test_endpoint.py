"""The endpoint in virtual time: each frame is 32 ms."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.events import EndReason
from earwitness.domain.intent import Completeness
from earwitness.turn.endpoint import EndpointLimits, EndpointState, Sign, hint, observe

FRAME = 0.032
LIMITS = EndpointLimits()
Told = Sign | EndReason | None


def hear(state: EndpointState, probability: float, *, seconds: float) -> tuple[EndpointState, list[tuple[float, Told]]]:
    """Feed frames for `seconds`, stopping at an end; returns what was told and when, in seconds from here."""
    told: list[tuple[float, Told]] = []
    for index in range(round(seconds / FRAME)):
        state, sign = observe(state, probability, frame_seconds=FRAME, limits=LIMITS)
        if sign is not None:
            told.append(((index + 1) * FRAME, sign))
        if isinstance(sign, EndReason):
            break
    return state, told


def spoken() -> EndpointState:
    state, told = hear(EndpointState(), 0.9, seconds=1.0)
    assert [sign for _, sign in told] == [Sign.SPEECH_BEGAN]
    return state


def test_one_loud_frame_is_a_click_not_speech() -> None:
    state, sign = observe(EndpointState(), 0.99, frame_seconds=FRAME, limits=LIMITS)
    assert sign is None
    assert not state.has_speech


@pytest.mark.parametrize(
    ("completeness", "seconds", "reason"),
    [
        (Completeness.COMPLETE, LIMITS.complete_seconds, EndReason.SILENCE),
        (Completeness.OPEN, LIMITS.open_seconds, EndReason.SILENCE),
        (Completeness.UNKNOWN, LIMITS.unknown_seconds, EndReason.SILENCE),
        (Completeness.INCOMPLETE, LIMITS.incomplete_seconds, EndReason.PAUSE),
        (Completeness.ABSENT, LIMITS.nothing_seconds, EndReason.NOTHING),
    ],
)
def test_the_wait_depends_on_how_complete_the_words_are(completeness: Completeness, seconds: float, reason: EndReason) -> None:
    state, told = hear(spoken(), 0.05, seconds=0.1)
    assert [sign for _, sign in told] == [Sign.PAUSE_BEGAN]
    _, told = hear(hint(state, completeness), 0.05, seconds=6.0)
    [(at, ended)] = told
    assert ended is reason
    assert at + 0.1 == pytest.approx(seconds, abs=2 * FRAME)


def test_without_an_understanding_only_the_pause_limit_ends_it() -> None:
    _, told = hear(spoken(), 0.05, seconds=3.0)
    at, ended = told[-1]
    assert ended is EndReason.SILENCE
    assert at == pytest.approx(LIMITS.incomplete_seconds, abs=2 * FRAME)


def test_speech_after_a_pause_starts_over() -> None:
    state, _ = hear(spoken(), 0.05, seconds=0.2)
    state, told = hear(hint(state, Completeness.COMPLETE), 0.9, seconds=0.2)
    assert [sign for _, sign in told] == [Sign.SPEECH_BEGAN]
    assert state.completeness is None
    _, told = hear(state, 0.05, seconds=0.5)
    assert [sign for _, sign in told] == [Sign.PAUSE_BEGAN]


def test_silence_from_the_start_is_nothing() -> None:
    _, told = hear(EndpointState(), 0.02, seconds=10.0)
    assert [sign for _, sign in told] == [EndReason.NOTHING]


def test_speech_without_end_meets_the_length_limit() -> None:
    _, told = hear(EndpointState(), 0.9, seconds=60.0)
    at, ended = told[-1]
    assert ended is EndReason.LENGTH
    assert at == pytest.approx(LIMITS.longest_seconds, abs=FRAME)


@given(st.integers(0, 2**32), st.sampled_from(Completeness))
def test_every_stream_ends_within_the_length_limit(seed: int, completeness: Completeness) -> None:
    chance = Random(seed)
    probabilities = [chance.random() for _ in range(700)]
    state, seconds = EndpointState(), 0.0
    for probability in probabilities:
        state, told = observe(state, probability, frame_seconds=FRAME, limits=LIMITS)
        seconds += FRAME
        if told is Sign.PAUSE_BEGAN:
            state = hint(state, completeness)
        if isinstance(told, EndReason):
            break
    assert isinstance(told, EndReason)
    assert seconds <= LIMITS.longest_seconds + FRAME
