"""How sure a guess has to be: of speech, and of what was typed."""

from dataclasses import fields, replace

import pytest

from earwitness.domain.intent import Context, Intent
from earwitness.understand.learned.risk import GUESSED
from earwitness.understand.learned.understander import Guess
from earwitness.understand.thresholds import SPOKEN, TYPED, Thresholds, thresholds_in

LIGHT = Intent(name="HassLightSet")
LONG = "i do not know whether that can be done but would you make it brighter"


def wanted(thresholds: Thresholds, plain: str, intent: Intent = LIGHT, *, context: Context | None = None) -> float:
    guess = Guess(intent=intent, confidence=0.5)
    return thresholds.wanted(guess, plain=plain, is_a_question=False, context=context or Context())


def test_words_are_held_against_the_thresholds_of_how_they_came() -> None:
    assert thresholds_in(Context()) is SPOKEN
    assert thresholds_in(Context(is_typed=True)) is TYPED


@pytest.mark.parametrize(
    ("plain", "intent"),
    [
        (LONG, LIGHT),
        ("brightness", LIGHT),
        ("make it bright for", LIGHT),
        ("much obliged", Intent(name="HassNevermind")),
        ("obliged", Intent(name="HassNevermind")),
        ("dinner with ada", Intent(name="AddEvent")),
    ],
)
def test_of_speech_more_is_wanted_where_it_may_be_said_to_somebody_else(plain: str, intent: Intent) -> None:
    assert wanted(SPOKEN, plain, intent) > wanted(SPOKEN, "make it brighter")
    assert wanted(TYPED, plain, intent) < wanted(SPOKEN, plain, intent)


@pytest.mark.parametrize("thresholds", [SPOKEN, TYPED])
def test_the_strictest_that_applies_holds(thresholds: Thresholds) -> None:
    harmful = replace(LIGHT, slots={GUESSED: True})
    asked = Context(expects="brightness", pending=LIGHT)
    assert wanted(thresholds, "make it brighter") == thresholds.sure
    assert wanted(thresholds, "make it brighter", harmful) == thresholds.of_harm > thresholds.sure
    assert wanted(thresholds, LONG, harmful, context=asked) == thresholds.in_place_of_an_answer


def test_of_what_was_typed_no_more_is_wanted_than_of_speech() -> None:
    for field in fields(Thresholds):
        assert getattr(TYPED, field.name) <= getattr(SPOKEN, field.name), field.name
