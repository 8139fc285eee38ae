"""The graph of what can be said: the same sentences as the templates, names beside it, no circles."""

from dataclasses import replace

import pytest
from hassil import Intents

from earwitness.domain.home import Area, Device, Home
from earwitness.domain.spoken_language import END, Named, Numbered, Open, SpokenLanguage, Word
from earwitness.understand.names import slot_lists
from earwitness.understand.spoken_language import answer_language, home_language, spoken_language

HOME = Home(
    name="Test",
    is_simulated=True,
    areas=(Area(name="Kitchen"),),
    devices=(
        Device(device_id="light.1", name="Bed Light", domain="light", area="Kitchen"),
        Device(device_id="lock.1", name="Front Door", domain="lock", area="Kitchen"),
    ),
    lists=("shopping list",),
)


def intents(*sentences: str, **more: object) -> Intents:
    tree = {"language": "en", "intents": {"Do": {"data": [{"sentences": list(sentences)}]}}, **more}
    return Intents.from_dict(tree)


def sentences(language: SpokenLanguage, state: int | None = None) -> set[str]:
    """Every sentence, gaps by their kind."""
    state = language.start if state is None else state
    if state == END:
        return {""}
    found = set()
    for label, after in language.arcs[state]:
        match label:
            case Word(text):
                said = text
            case Named(key):
                said = f"<{key}>"
            case Numbered(first, last):
                said = f"<{first}-{last}>"
            case Open():
                said = "..."
        found |= {f"{said} {rest}".strip() for rest in sentences(language, after)}
    return found


@pytest.mark.parametrize(
    ("templates", "said"),
    [
        (["turn on [the] light[s]"], {"turn on light", "turn on lights", "turn on the light", "turn on the lights"}),
        (["(stop|cancel) it"], {"stop it", "cancel it"}),
        (["next", "next song"], {"next", "next song"}),
        (["<polite> next"], {"please next", "next"}),
        (["set {0..9:count}[([ ]%)| percent]"], {"set <0-9>", "set <0-9> %", "set <0-9> percent"}),
        (["add {item} now"], {"add ... now"}),
        (["(red;blue) lamp"], {"red blue lamp", "blue red lamp"}),
        (["turn on {name}"], {"turn on <name>"}),
    ],
)
def test_the_graph_says_what_the_templates_say(templates: list[str], said: set[str]) -> None:
    made = intents(*templates, lists={"item": {"wildcard": True}}, expansion_rules={"polite": "[please]"})
    assert sentences(spoken_language(made, slot_lists(HOME))) == said


def test_arcs_lead_down_and_common_endings_are_shared() -> None:
    language = home_language(HOME)
    assert all(after < state for state, arcs in enumerate(language.arcs) for _, after in arcs)
    assert language.start == len(language.arcs) - 1
    assert len(language.arcs) < 8_000
    assert all(
        len({label for label, after in arcs if after}) == len([after for _, after in arcs if after]) for arcs in language.arcs
    )


def test_a_new_name_changes_no_state() -> None:
    before = home_language(HOME)
    lamp = Device(device_id="light.2", name="Flamingo", domain="light")
    after = home_language(replace(HOME, devices=(*HOME.devices, lamp)))
    assert after.arcs is before.arcs
    assert "flamingo" in after.names["name/light"]
    assert "flamingo" not in before.names["name/light"]


def test_a_gap_has_only_names_of_the_kind_that_the_sentence_wants() -> None:
    names = home_language(HOME).names
    assert "front door" in names["name/lock"]
    assert "front door" not in names["name/light"]
    assert "kitchen" in names["area"]


def test_likely_words_stand_beside_any_words() -> None:
    made = intents("play {song}", lists={"song": {"wildcard": True}})
    language = spoken_language(made, {}, also={"song": ["Aoife's Tune"]})
    assert sentences(language) == {"play ...", "play <likely:song>"}
    assert language.names["likely:song"] == ("Aoife's Tune",)


def test_answers_are_what_the_question_wants() -> None:
    yes_or_no = answer_language("confirmed", HOME)
    assert yes_or_no is not None
    assert {"yes", "no", "do it"} <= sentences(yes_or_no)
    assert answer_language("item", HOME) is None
