"""Whether a speaker who paused is done."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.domain.intent import Completeness, Context
from earwitness.understand.grammar import Grammar
from tests.unit.understand.homes import SMALL

COMPLETE, OPEN = Completeness.COMPLETE, Completeness.OPEN
INCOMPLETE, UNKNOWN = Completeness.INCOMPLETE, Completeness.UNKNOWN

WHOLE = (
    "turn on the kitchen light",
    "turn off the lights in the kitchen",
    "set the thermostat to 20 degrees",
    "set bed light brightness to 50 percent",
    "lock the front door",
    "cancel the timer",
    "set a timer for 30 seconds",
    "add eggs to the shopping list",
    "what time is it",
    "is the front door locked",
    "next song",
    "stop",
    "never mind",
)


@cache
def grammar() -> Grammar:
    return Grammar(SMALL)


def judged(text: str) -> Completeness:
    return grammar().understand(text, context=Context(area="Kitchen")).completeness


@pytest.mark.parametrize("said", WHOLE)
def test_whole_commands_end_the_wait(said: str) -> None:
    assert judged(said) is COMPLETE


@pytest.mark.parametrize(
    "said",
    [
        "set a timer for 5 minutes",
        "set a timer for an hour",
        "set the thermostat to 20",
        "set the thermostat to twenty",
        "turn on the bed light",
        "kitchen light",
        "pause",
        "cancel",
        "play some music by Queen",
        "announce that dinner is ready",
        "do not disturb",
        "start a 5 minute timer called eggs",
    ],
)
def test_commands_that_often_go_on_wait_longer(said: str) -> None:
    assert judged(said) is OPEN


@pytest.mark.parametrize(
    "said",
    [
        "turn",
        "turn on",
        "turn on the",
        "turn on the bed",
        "turn off the lights in the",
        "set a timer",
        "set a timer for",
        "set a timer for five",
        "set a timer for 5 minutes and",
        "set the thermostat",
        "set the thermostat to",
        "what is",
        "is the front door",
        "add eggs",
        "add eggs and",
        "add eggs to my",
        "add eggs to the shopping",
        "how much time",
        "unlock",
    ],
)
def test_cut_off_requests_wait_longest(said: str) -> None:
    assert judged(said) is INCOMPLETE


def test_questions_that_are_looked_up_often_go_on() -> None:
    assert judged("who wrote hamlet") is Completeness.OPEN
    assert judged("when is easter") in (Completeness.OPEN, INCOMPLETE)


@pytest.mark.parametrize("said", ["my dog ate the homework again", "yes", "banana"])
def test_other_speech_waits_as_usual(said: str) -> None:
    assert judged(said) is UNKNOWN


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(WHOLE), st.data())
def test_every_beginning_of_a_command_may_go_on(said: str, data: st.DataObject) -> None:
    words = said.split()
    if len(words) > 1:
        count = data.draw(st.integers(1, len(words) - 1))
        heard = grammar().understand(" ".join(words[:count]), context=Context(area="Kitchen"))
        assert heard.completeness is not UNKNOWN


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(WHOLE), st.sampled_from(["please", "thanks", "for me"]))
def test_courtesy_does_not_change_the_judgement(said: str, courtesy: str) -> None:
    assert judged(f"{said} {courtesy}") is judged(said)


def test_a_trailing_and_keeps_what_was_understood() -> None:
    heard = grammar().understand("add eggs to the shopping list and", context=Context())
    assert heard.completeness is INCOMPLETE
    assert heard.intent is not None
    assert heard.intent.slots == {"item": "eggs"}
