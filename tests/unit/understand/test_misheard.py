"""Names of devices and rooms that were not heard as they are: taken where that is clear, asked about where not, never invented.

What our recognisers made of names is in bench/names_heard.tsv; sentences for other homes are in the evaluation data.
"""

import csv
import json
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.domain.home import Area, Home
from earwitness.domain.intent import Completeness, Context, Intent
from earwitness.links.home_file import demo_home, read_home
from earwitness.understand.grammar import Grammar
from earwitness.understand.misheard import BY_SOUND, INTENTS, NEAR, NEAR_SLOT, BySound, likeness
from earwitness.understand.normalise import normalise
from tests.unit.understand.homes import SMALL, device

BENCH = Path(__file__).resolve().parents[3] / "bench"
HOME = Home(
    name="heard",
    is_simulated=True,
    areas=(Area(name="Kitchen"), Area(name="Living Room", aliases=("lounge",)), Area(name="Bedroom"), Area(name="Bathroom")),
    devices=(
        device("Kitchen Light", "light", "Kitchen"),
        device("Desk Lamp", "light", "Bedroom"),
        device("Disk Lamp", "light", "Living Room"),
        device("Bathroom Lamp", "light", "Bathroom"),
        device("Front Door", "lock", "Living Room"),
        device("Coffee Machine", "switch", "Kitchen", "espresso maker"),
        device("Fan", "fan", "Bedroom"),
        device("Movie Night", "scene"),
    ),
)
HERE = Context(area="Kitchen")


@pytest.fixture(scope="module")
def grammar() -> Grammar:
    return Grammar(HOME)


def meant(grammar: Grammar, text: str) -> Intent | None:
    """The intent, if a name in it was understood by sound."""
    intent = grammar.understand(text, context=HERE).intent
    return intent if intent is not None and BY_SOUND in intent.slots else None


@pytest.mark.parametrize(
    ("text", "name", "heard"),
    [
        ("turn on the kitchin light", "Kitchen Light", "kitchin light"),
        ("turn of the kitshen light please", "Kitchen Light", "kitshen light"),
        ("is the frunt door locked", "Front Door", "frunt door"),
        ("switch the coffey machine on", "Coffee Machine", "coffey machine"),
        ("turn on the expresso maker", "Coffee Machine", "expresso maker"),
        ("activate moovie night", "Movie Night", "moovie night"),
        ("movie knight", "Movie Night", "movie knight"),
    ],
)
def test_a_name_that_is_clear_is_taken(grammar: Grammar, text: str, name: str, heard: str) -> None:
    understanding = grammar.understand(text, context=HERE)
    assert understanding.intent is not None, understanding.reason
    assert NEAR not in understanding.intent.slots
    assert (understanding.intent.slots["name"], understanding.intent.slots[BY_SOUND]) == (name, heard)
    assert understanding.completeness is Completeness.UNKNOWN, "what is not sure does not end the wait early"


@pytest.mark.parametrize(
    ("text", "area"), [("turn on the lights in the bed room", "Bedroom"), ("turn on the kitchin lights", "Kitchen")]
)
def test_rooms_are_found_too(grammar: Grammar, text: str, area: str) -> None:
    intent = meant(grammar, text)
    assert intent is not None
    assert (intent.name, intent.slots["area"]) == ("HassTurnOn", area)


def test_what_is_near_two_is_asked_about_and_what_is_short_too(grammar: Grammar) -> None:
    intent = meant(grammar, "turn on the desc lamp")
    assert intent is not None
    assert set(str(intent.slots[NEAR]).split("\n")) == {"Desk Lamp", "Disk Lamp"}
    assert intent.slots[NEAR_SLOT] == "name"
    van = meant(grammar, "turn on the van")
    assert van is not None
    assert van.slots[NEAR] == "Fan"


@pytest.mark.parametrize(
    "text",
    [
        "turn on the bedroom lamp light",  # "bedroom" is a bedroom, though there is a bathroom lamp
        "turn on the kitchen lamp",
        "turn on the garage light",
        "unlock the back door",
        "turn on the second lamp",
        "what is the capital of france",
        "don't turn on the kitchin light",
        "keep my recordings in the kitchin",
        "a",
        "turn on the",
    ],
)
def test_what_means_something_else_or_no_request_is_not_taken(grammar: Grammar, text: str) -> None:
    assert meant(grammar, text) is None


def test_it_is_no_sentence_that_the_house_knows(grammar: Grammar) -> None:
    """So that a better hearing is looked for, and no routine is made of it."""
    assert not grammar.knows("turn on the kitchin light")
    assert not grammar.is_closed("turn on the kitchin light")
    assert grammar.knows("turn on the kitchen light")


@given(text=st.text(max_size=120))
@settings(max_examples=60)
def test_any_words_end_well(text: str) -> None:
    intent = BySound(HOME).meant(normalise(text), match=lambda plain: None)
    assert intent is None


@given(said=st.text(st.characters(codec="utf-8", categories=["L"]), max_size=20), name=st.sampled_from(["kitchen light", "fan"]))
def test_likeness_is_a_share(said: str, name: str) -> None:
    words = tuple(said.split()) or ("x",)
    value = likeness(words, tuple(name.split()), joined=("".join(words), name.replace(" ", "")))
    assert 0.0 <= value <= 1.0


@lru_cache(maxsize=1)
def heard() -> tuple[list[str], list[tuple[str, str]]]:
    """The devices of bench/names_heard.tsv, and what was heard for which."""
    with (BENCH / "names_heard.tsv").open(encoding="utf-8") as file:
        rows = [row for row in csv.reader(file, delimiter="\t") if row[0] == "device"]
    return sorted({row[1] for row in rows}), [(row[1], row[4]) for row in rows]


def test_what_recognisers_hear_is_found_and_nothing_else_is_switched() -> None:
    names, tries = heard()
    home = Home(name="heard", is_simulated=True, devices=tuple(device(name, "switch") for name in names))
    grammar, outcomes = Grammar(home), {"right": 0, "asked": 0, "wrong": 0, "none": 0}
    for name, words in tries:
        intent = grammar.understand(f"Turn on the {words}.", context=Context()).intent
        if intent is None or intent.name != "HassTurnOn":
            outcomes["none"] += 1
        elif NEAR in intent.slots:
            outcomes["asked" if name in str(intent.slots[NEAR]).split("\n") else "none"] += 1
        else:
            outcomes["right" if intent.slots["name"] == name else "wrong"] += 1
    assert outcomes["wrong"] == 0, outcomes
    assert outcomes["right"] >= 68, outcomes
    assert outcomes["none"] <= 4, outcomes


@pytest.mark.data
@pytest.mark.parametrize("home", ["demo", "small", "commands", "tests"])
def test_requests_for_other_homes_and_for_none_are_not_taken(data_folder: Path, home: str) -> None:
    """Sentences of Home Assistant's tests, of another project's evaluation, and about everything else: not one is turned into a
    command by how a name sounds, nor asked about."""
    homes = {"commands": "commands.yaml", "tests": "home_assistant_tests.yaml"}
    here = demo_home() if home == "demo" else SMALL if home == "small" else read_home(BENCH / "homes" / homes[home])
    files = {
        "home_assistant_intents_2025.jsonl": 8,
        "assist_mini.jsonl": 1,
        "clinc150_train_val.jsonl": 120,
        "slurp_devel.jsonl": 30,
    }
    if home == "tests":
        del files["home_assistant_intents_2025.jsonl"]  # they are for this home
    grammar, taken = Grammar(here), []
    for name, every in files.items():
        lines = (data_folder / "nlu" / name).read_text(encoding="utf-8").splitlines()
        for line in lines[::every]:
            text = str(json.loads(line)["text"])
            intent = grammar.understand(text, context=Context()).intent
            if intent is not None and BY_SOUND in intent.slots:
                taken.append((text, dict(intent.slots)))
    assert not taken


def test_only_requests_to_devices_are_guessed() -> None:
    assert not {name for name in INTENTS if "Consent" in name or "Call" in name or "Message" in name}
