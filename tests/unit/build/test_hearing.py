"""What the recogniser is told of a home, as names change and questions are asked."""

from dataclasses import replace

import pytest

from earwitness.build import hearing
from earwitness.build.hearing import HomeSentences, SaidHere
from earwitness.domain.home import Device
from earwitness.domain.intent import Context, Intent
from earwitness.links.home_file import demo_home
from earwitness.speech.stt.pronouncing import pronunciation
from earwitness.speech.stt.retrieval import Retrieval
from earwitness.understand.answers import YES_OR_NO
from earwitness.understand.grammar import Grammar
from earwitness.understand.living import LivingGrammar
from earwitness.understand.spoken_language import answer_language

ASKED = Context(expects="confirmed", pending=Intent(name="HassListClear", slots={}))
WHERE = Context(expects="area", pending=Intent(name="HassTurnOn", slots={"domain": "light"}))
HERE = Context()


@pytest.fixture(scope="module")
def sentences() -> HomeSentences:
    home = demo_home()
    made = HomeSentences(LivingGrammar(lambda: Grammar(home)), SaidHere(home=home))
    assert made.wait(120.0)
    return made


def test_a_sentence_of_the_home_is_near_to_how_it_is_misheard(sentences: HomeSentences) -> None:
    near = sentences.nearest("set a time or for fife minutes", context=HERE, most=5)
    assert "set a timer for 5 minutes" in [each.text for each in near]


def test_an_answer_counts_only_when_it_was_asked_for(sentences: HomeSentences) -> None:
    assert sentences.is_closed("yes", context=ASKED)
    assert not sentences.knows("yes please do it", context=HERE)
    assert sentences.nearest("kitshen", context=WHERE, most=3)[0].text.removeprefix("in the ").lower() == "kitchen"


@pytest.mark.parametrize("heard", ["guess", "Jess", "yet", "yeth"])
@pytest.mark.parametrize("expects", sorted(YES_OR_NO))
def test_what_sounds_like_a_yes_is_none(sentences: HomeSentences, heard: str, expects: str) -> None:
    asked = replace(ASKED, expects=expects)
    near = sentences.nearest(heard, context=asked, most=24)
    assert not [each.text for each in near if sentences.is_closed(each.text, context=asked) and each.text in ("yes", "yeah")]


def test_a_name_is_heard_once_it_was_learned(sentences: HomeSentences) -> None:
    home = demo_home()
    lamp = Device(device_id="light.new", name="Flamingo", domain="light", area=home.areas[0].name)
    sentences.relearn(SaidHere(home=replace(home, devices=(*home.devices, lamp))))
    assert sentences.wait(120.0)
    assert "turn on the flamingo" in [each.text for each in sentences.nearest("turn on the flame ingo", context=HERE, most=5)]


def test_names_that_are_learned_meanwhile_disturb_no_look_at_the_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    class Overtaken(dict[str, Retrieval | None]):
        """New sentences are learned right after it is looked whether there are answers."""

        def __contains__(self, key: object) -> bool:
            is_there = super().__contains__(key)
            made._learn()
            return is_there

    home = demo_home()
    rooms = answer_language("area", home)
    assert rooms is not None
    answers = Retrieval(rooms, pronunciation())
    monkeypatch.setattr(hearing, "Retrieval", lambda *_: answers)
    monkeypatch.setattr(hearing, "home_language", lambda *_, **__: rooms)
    made = HomeSentences(LivingGrammar(lambda: Grammar(home)), SaidHere(home=home))
    assert made.wait(45.0)
    made._answers = Overtaken({"area": answers})
    assert made.nearest("kitchen", context=WHERE, most=3)


def test_exact_sentences_are_told_apart(sentences: HomeSentences) -> None:
    assert sentences.is_exact("delete everything you have recorded") or sentences.is_exact("delete all my recordings")
    assert not sentences.is_exact("turn on the light")


def test_names_count_at_once_and_for_whom_they_are(sentences: HomeSentences) -> None:
    """Retrieval alone: what makes the names is of likely_names.py."""
    home, known = demo_home(), {None: ["Oma Gertrud"], "ann": ["Oma Gertrud", "Xiomara Quispe"]}
    made = HomeSentences(
        LivingGrammar(lambda: Grammar(home)), SaidHere(home=home), likely=lambda who: {"contact": tuple(known[who])}
    )
    assert made.wait(120.0)

    def nearest(heard: str, context: Context) -> list[str]:
        return [each.text for each in made.nearest(heard, context=context, most=6)]

    assert "call Oma Gertrud" in nearest("call Omar Gertrude", HERE)
    assert "call Xiomara Quispe" in nearest("call Siomara Kispay", replace(HERE, person_id="ann"))
    assert "call Xiomara Quispe" not in nearest("call Siomara Kispay", HERE)
    known[None].append("Bartholomew Fitch")
    assert "call Bartholomew Fitch" in nearest("call Bartholomew Fish", HERE)
