"""Understanding taught further by judged sentences, on from the model of this version."""

from dataclasses import replace
from functools import lru_cache

import pytest

from earwitness.domain.errors import ModelError
from earwitness.domain.intent import Context
from earwitness.improve.adapters.intents import FILE, IntentsAdapter, lesson_of, sample_of
from earwitness.improve.adapting import Chain, Example, Learned
from earwitness.improve.understanding.sampling import Sample
from earwitness.improve.understanding.templates import Made
from earwitness.links.home_file import demo_home
from earwitness.understand.dialog import Understander
from earwitness.understand.grammar import Grammar
from earwitness.understand.last_resort import ASK_WHAT_IS_MEANT, LastResort
from earwitness.understand.learned.model_file import from_bytes, own_model
from earwitness.understand.living import LivingGrammar
from tests.unit.improve.adapters.home import chain

SAID = ("cheer me up a bit", "do cheer me up", "cheer me up", "cheer us all up", "please cheer me up", "cheer me up will you")
OTHERS = ("make me grin", "brighten my day with something silly", "i need a giggle now", "say something silly")
TIME = '["HassGetCurrentTime",{},""]'


def judged(text: str, intent: str | None, *slots: tuple[str, str]) -> Example:
    return Example(recording_id=text, speaker_key="one", transcript=text, heard=text, intent=intent, slots=slots)


@lru_cache(maxsize=1)
def learned() -> Learned:
    beside = [Made(frame=TIME, sample=Sample(text=text)) for text in ("what is the time", "tell me the time")]
    adapter = IntentsAdapter(own_model(), beside=beside)
    examples = [judged(text, "TellJoke") for text in (*SAID, *OTHERS)]
    found = adapter.learn(examples, base=chain(), sound=lambda _: None, progress=lambda *_: None, seed=7)
    assert found is not None
    return found


@lru_cache(maxsize=1)
def living() -> Chain:
    return replace(chain(), understander=LivingGrammar(lambda: Grammar(demo_home())))


def test_sentences_like_those_that_were_judged_are_understood_and_the_old_ones_still_are() -> None:
    better = IntentsAdapter().put_in(living(), learned().files).understander
    assert living().understander.understand("cheer all of us up", context=Context()).intent is None
    joke = better.understand("cheer all of us up", context=Context()).intent
    assert joke is not None
    assert joke.name == "TellJoke"
    light = better.understand("turn on the bed light", context=Context()).intent
    assert light is not None
    assert light.name == "HassTurnOn"


def test_the_chain_follows_a_grammar_that_changes() -> None:
    grammar = LivingGrammar(lambda: Grammar(demo_home()))
    better = IntentsAdapter().put_in(replace(chain(), understander=grammar), learned().files).understander
    before = grammar.grammar
    grammar.relearn()
    assert grammar.grammar is not before
    found = better.understand("cheer all of us up", context=Context()).intent
    assert found is not None
    assert found.name == "TellJoke"


def test_what_is_asked_in_the_end_still_is() -> None:
    def asked(known: Understander) -> Understander:
        return LastResort(known, asked="the model at home")

    grammar = LivingGrammar(lambda: Grammar(demo_home()), last=asked)
    better = IntentsAdapter().put_in(replace(chain(), understander=grammar), learned().files).understander
    text = "the zymurgy wants its umbrella back"
    for one in (grammar, better):
        intent = one.understand(text, context=Context()).intent
        assert intent is not None
        assert intent.name == ASK_WHAT_IS_MEANT


def test_privacy_is_still_never_guessed() -> None:
    better = IntentsAdapter().put_in(living(), learned().files).understander
    for text in ("well get rid of what you have got of me", "you may keep it all from now on i guess"):
        intent = better.understand(text, context=Context()).intent
        assert intent is None or intent.name not in ("DeleteRecordings", "GiveConsent", "KeepRecordings")


def test_what_it_learned_from_is_told_and_holds_no_words() -> None:
    model = from_bytes(learned().files[FILE])
    assert model.learned_from["judged"] == len(SAID) + len(OTHERS)
    assert learned().facts == {"sentences": 10, "with_slots": 0, "beside": 2}


def test_only_judged_intents_that_are_learned_become_lessons() -> None:
    classes = own_model().network.classes
    assert lesson_of(judged("hello there", None), classes) is None
    assert lesson_of(judged("an order", "OrderCoffee"), classes) is None
    lesson = lesson_of(judged("lights please", "HassTurnOn"), classes)
    assert lesson is not None
    assert len(lesson.classes) > 1, "any kind of request that turns something on"


def test_slots_teach_where_their_words_stand() -> None:
    slots = own_model().slots
    found = sample_of(judged("put some plums on the list", "HassShoppingListAddItem", ("item", "plums")), slots)
    assert found is not None
    intent, sample = found
    assert intent == "HassShoppingListAddItem"
    assert [sample.text[one.start : one.end] for one in sample.spans] == ["plums"]
    assert sample_of(judged("put some plums on the list", "HassShoppingListAddItem", ("item", "pears")), slots) is None
    assert sample_of(judged("put it there", "HassShoppingListAddItem"), slots) is None


def test_too_little_teaches_nothing_and_other_files_are_refused() -> None:
    few = [judged(text, "TellJoke") for text in OTHERS]
    assert IntentsAdapter(beside=[]).learn(few, base=chain(), sound=lambda _: None, progress=lambda *_: None, seed=1) is None
    with pytest.raises(ModelError):
        IntentsAdapter().put_in(living(), {"other": b""})
    with pytest.raises(ModelError):
        IntentsAdapter().put_in(living(), {FILE: b"{}\n"})
