"""Answers to what the assistant has just asked."""

from functools import cache

import pytest

from earwitness.domain.intent import Context, Intent, SlotValue
from earwitness.understand.grammar import Grammar
from tests.unit.understand.homes import SMALL


@cache
def grammar() -> Grammar:
    return Grammar(SMALL)


def asked(slot: str, pending: Intent) -> Context:
    return Context(area="Kitchen", expects=slot, pending=pending)


@pytest.mark.parametrize(
    ("slot", "said", "filled"),
    [
        ("area", "the bedroom", {"area": "Bedroom"}),
        ("area", "In the lounge, please.", {"area": "Living Room"}),
        ("minutes", "five minutes", {"minutes": 5}),
        ("minutes", "for an hour", {"hours": 1}),
        ("minutes", "10", {"minutes": 10}),
        ("name", "the tv", {"name": "TV"}),
        ("brightness", "forty percent", {"brightness": 40}),
        ("item", "eggs and milk", {"item": "eggs and milk"}),
        ("timer", "the 5 minute timer", {"timer": "the 5 minute timer"}),
        ("confirmed", "yes please", {"confirmed": True}),
        ("confirmed", "no", {"confirmed": False}),
    ],
)
def test_an_answer_fills_the_slot(slot: str, said: str, filled: dict[str, SlotValue]) -> None:
    pending = Intent(name="HassTurnOn", slots={"domain": "light"})
    heard = grammar().understand(said, context=asked(slot, pending))
    assert heard.intent == Intent(name="HassTurnOn", slots={"domain": "light", **filled})


@pytest.mark.parametrize(
    ("slot", "said", "intent"),
    [
        ("minutes", "never mind", "HassNevermind"),
        ("item", "stop", "Stop"),
        ("area", "what time is it", "HassGetCurrentTime"),
        ("item", "turn on the kitchen light", "HassTurnOn"),
    ],
)
def test_a_new_request_takes_the_place_of_an_answer(slot: str, said: str, intent: str) -> None:
    heard = grammar().understand(said, context=asked(slot, Intent(name="HassStartTimer")))
    assert heard.intent is not None
    assert heard.intent.name == intent
    assert slot not in heard.intent.slots


def test_what_is_no_answer_is_not_understood() -> None:
    heard = grammar().understand("purple elephants", context=asked("minutes", Intent(name="HassStartTimer")))
    assert heard.intent is None
