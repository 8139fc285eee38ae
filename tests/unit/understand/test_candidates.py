"""The filter of sentences drops none that could match; a new name makes no sentence anew."""

from dataclasses import replace

import pytest
from hassil import recognize_best

from bench.languages import Drawn, drawn
from earwitness.domain.intent import Context
from earwitness.understand.candidates import for_domains
from earwitness.understand.grammar import Grammar
from earwitness.understand.names import slot_lists
from earwitness.understand.sensors import sensor_questions
from earwitness.understand.sentences import WINS, english, with_questions
from earwitness.understand.spoken_lists import SpokenLists
from earwitness.understand.templates import domains_of, templates_for
from tests.unit.skills.houses import HOME, device

LISTS = slot_lists(HOME)
KNOWN = for_domains(with_questions(english(), sensor_questions(HOME)), domains_of(HOME))


def meaning(text: str, *, is_filtered: bool) -> tuple[str, dict[str, object]] | None:
    sentences, lists = KNOWN, dict(LISTS)
    if is_filtered:
        candidates = templates_for(HOME).candidates
        lists, present = SpokenLists(LISTS, skip_words=candidates.skip_words).within(text)
        sentences = candidates.of(text, present)
    found = recognize_best(
        text,
        sentences,
        slot_lists=lists,
        intent_context={"area": "Kitchen"},
        best_metadata_key=WINS,
        best_slot_name="name",
    )
    return None if found is None else (found.intent.name, {entity.name: entity.value for entity in found.entities_list})


def test_no_sentence_is_dropped_that_matches() -> None:
    texts: list[Drawn] = list(drawn(KNOWN, LISTS, each=1))[::2]
    assert len(texts) > 40
    wrong = [one.text for one in texts if meaning(one.text, is_filtered=True) != meaning(one.text, is_filtered=False)]
    assert wrong == []


@pytest.mark.parametrize(
    "text",
    [
        "turn on the ceiling-light",
        "currently turn on the ceiling light",
        "is the ceiling light on at the moment",
        "TURN ON THE CEILING LIGHT",
        "what is the ceiling light's state",
        "x" * 400,
        "dim the ceiling light to twenty five percent",
    ],
)
def test_nor_for_words_that_are_written_otherwise(text: str) -> None:
    assert meaning(text, is_filtered=True) == meaning(text, is_filtered=False)


def test_a_new_name_makes_no_sentence_anew() -> None:
    home = replace(HOME, devices=(*HOME.devices, device("Zebra", area="Cellar")))
    assert templates_for(home) is templates_for(HOME)
    heard = Grammar(home).understand("turn on the zebra", context=Context()).intent
    assert heard is not None
    assert dict(heard.slots) == {"name": "Zebra"}
    assert Grammar(HOME).understand("turn on the zebra", context=Context()).intent is None
