"""What no sentence fits, guessed by what was learned: on the committed model, in the demonstration home."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from earwitness.domain.intent import Completeness, Context, Intent
from earwitness.links.home_file import demo_home
from earwitness.understand.grammar import QUESTION, Grammar
from earwitness.understand.learned.model_file import own_model
from earwitness.understand.learned.risk import GUESSED
from earwitness.understand.learned.understander import LearnedUnderstander
from earwitness.understand.living import LivingGrammar
from earwitness.understand.sentences import english, exact_intents, own_manifests
from earwitness.understand.understanders import Understanders

HERE = Context(area="Kitchen")


@pytest.fixture(scope="module")
def learned() -> LearnedUnderstander:
    return LearnedUnderstander(own_model(), home=demo_home(), intents=english(), exact=exact_intents(own_manifests()))


@pytest.fixture(scope="module")
def whole(learned: LearnedUnderstander) -> Understanders:
    return Understanders(Grammar(demo_home()), learned=learned)


@pytest.mark.parametrize(
    ("text", "intent", "slots"),
    [
        ("remove milk off my list of groceries", "HassShoppingListCompleteItem", {"item": "milk"}),
        ("make the kitchen light fifty percent bright", "HassLightSet", {"brightness": 50}),
        ("get rid of my eight am alarm", "CancelAlarm", {"which": "eight am"}),
    ],
)
def test_what_no_sentence_fits_is_guessed_with_its_slots(
    whole: Understanders, text: str, intent: str, slots: Mapping[str, object]
) -> None:
    heard = whole.understand(text, context=HERE)
    assert heard.intent is not None
    assert heard.intent.name == intent
    assert slots.items() <= heard.intent.slots.items()
    assert heard.certainty is not None
    assert "learned" in heard.reason
    assert f"{heard.certainty:.0%}" in heard.reason


def test_a_sentence_of_the_house_stands_as_it_is(whole: Understanders) -> None:
    examples = [text for skill in own_manifests() if not skill.is_exact for text in skill.examples]
    for text in examples:
        alone = whole.grammar.understand(text, context=HERE)
        if alone.intent is not None and alone.intent.name != QUESTION:
            assert whole.understand(text, context=HERE) == alone, text


@pytest.mark.parametrize(
    "text",
    [
        "the quick brown fox jumps over the lazy dog",
        "he was a tall man with a long beard and a wooden leg",
        "freeze my savings account",
        "book me a flight to denver on the third",
        "my card was declined yesterday at the restaurant",
    ],
)
def test_what_no_skill_does_is_left_as_it_is(whole: Understanders, text: str) -> None:
    heard = whole.understand(text, context=HERE)
    assert heard.intent is None or heard.intent.name == QUESTION
    assert not whole.grammar.knows(text)


def test_a_guess_is_no_known_sentence(whole: Understanders) -> None:
    living = LivingGrammar(lambda: whole.grammar, layered=lambda _: whole)
    text = "remove milk off my list of groceries"
    assert living.understand(text, context=HERE).intent is not None
    assert not living.knows(text)
    assert not living.is_closed(text)
    assert living.hints() == whole.grammar.hints()


@pytest.mark.parametrize(
    "text",
    [
        "unlock the front entrance would you",
        "can you send a message over to mum that i will be late",
        "ring my brother up for me",
    ],
)
def test_what_may_do_harm_is_marked(whole: Understanders, text: str) -> None:
    heard = whole.understand(text, context=HERE)
    if heard.certainty is not None and heard.intent is not None:
        assert heard.intent.slots.get(GUESSED) is True
        assert "asked about" in heard.reason


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("make my bedtime routine also unlock the front door would you", "AddRoutineStep"),
        ("get rid of all of my alarms please would you", "CancelAlarm"),
        ("kill every timer that is running", "HassCancelAllTimers"),
        ("tell me what new messages there are for me", "ReadMessages"),
    ],
)
def test_what_changes_deletes_or_tells_is_marked(whole: Understanders, text: str, intent: str) -> None:
    heard = whole.understand(text, context=HERE)
    assert heard.intent is not None
    assert (heard.intent.name, heard.intent.slots.get(GUESSED)) == (intent, True)


def test_what_may_do_harm_is_marked_when_typed_too(whole: Understanders) -> None:
    heard = whole.understand("get rid of all of my alarms please would you", context=replace(HERE, is_typed=True))
    assert heard.intent is not None
    assert (heard.intent.name, heard.intent.slots.get(GUESSED)) == ("CancelAlarm", True)


def test_a_guess_at_typed_words_is_no_less_sure(learned: LearnedUnderstander) -> None:
    for text in (
        "remove milk off my list of groceries",
        "the quick brown fox jumps over the lazy dog",
        "freeze my savings account",
        "would you kindly see to it that it is a bit brighter",
        "say a few words that make us all laugh out loud",
    ):
        heard, typed = (learned.guess(text, context=Context(is_typed=is_typed)) for is_typed in (False, True))
        assert heard is not None
        assert typed is not None
        if heard.intent is not None:
            assert typed.intent == heard.intent
            assert typed.confidence >= heard.confidence
        assert 0.0 < typed.confidence <= 1.0


def test_privacy_is_never_guessed(learned: LearnedUnderstander) -> None:
    exact = exact_intents(own_manifests())
    for text in (
        "you can hold on to all of my recordings from now on",
        "please go ahead and keep everything that i ever say",
        "erase each and every thing i told you",
        "people can listen in on my recordings if they like",
    ):
        guess = learned.guess(text, context=HERE)
        assert guess is not None
        assert guess.intent is None or guess.intent.name not in exact


def test_nothing_found_never_means_everything(whole: Understanders) -> None:
    for text in ("turn on the", "could you maybe switch", "turn off some thing or other somewhere"):
        intent = whole.understand(text, context=Context()).intent
        assert intent is None or intent.name not in ("HassTurnOn", "HassTurnOff") or intent.slots


def test_words_that_are_no_answer_are_no_guess_unless_it_is_sure(whole: Understanders) -> None:
    asked = Context(area="Kitchen", expects="brightness", pending=Intent(name="HassLightSet", slots={"name": "lamp"}))
    heard = whole.understand("well i do not really know", context=asked)
    assert heard.certainty is None or heard.certainty >= 0.8


def test_a_guess_never_ends_the_wait_early(whole: Understanders) -> None:
    for text in ("remove milk off my list of groceries", "make the kitchen light fifty percent bright"):
        assert whole.understand(text, context=HERE).completeness is not Completeness.COMPLETE
