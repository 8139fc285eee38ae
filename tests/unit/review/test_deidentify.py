"""Blanking out: names, numbers, addresses, spelled and dictated; what is asked for stays readable."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.pii import measure, spoken, written
from earwitness.review.deidentify import BLANK, deidentify, hidden_words, house_words

DATA = Path(os.environ.get("EARWITNESS_DATA", Path(__file__).parents[3].parent / "shared" / "data"))
PLANTED = DATA / "text" / "pii_synthetic.jsonl"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Call Krisztina on her mobile.", f"Call {BLANK} on her mobile."),
        ("call mark hunter at home", f"call {BLANK} at home"),
        ("my name is rubija and i need help", f"my name is {BLANK} and i need help"),
        ("text zero seven seven double oh nine one two hello", f"text {BLANK} hello"),
        ("my number is 07700 900 123", f"my number is {BLANK}"),
        ("send it to anna dot k at example dot com please", f"send it to {BLANK} please"),
        ("write to j.doe+x@mail.example.org now", f"write to {BLANK} now"),
        ("it is spelled s z a b i n a", f"it is spelled {BLANK}"),
        ("go to forty two fourth avenue", f"go to {BLANK}"),
        ("my pin is four four two one", f"my pin is {BLANK}"),
        ("remind me that ben turned sixty", f"remind me that {BLANK} turned {BLANK}"),
        ("the weather in Ouagadougou on Tuesday", f"the weather in {BLANK} on Tuesday"),
        ("i live in rose hill", f"i live in {BLANK}"),
        ("open gb82west12345698765432", f"open {BLANK}"),
    ],
)
def test_what_says_who_is_blanked_out(said: str, shown: str) -> None:
    assert deidentify(said).text == shown


@pytest.mark.parametrize(
    "said",
    [
        "Turn on the kitchen light.",
        "set a timer for five minutes",
        "set an alarm for 7:30 tomorrow",
        "set the brightness to 50%",
        "wake me up at 7am on Friday",
        "what will the weather be like",
        "mark the first item as done",
        "play some music in the living room",
        "add apples and two hundred grams of butter to the shopping list",
        "I'm getting hungry, find a recipe",
        "turn it down three degrees",
        "stop",
        "",
    ],
)
def test_an_ordinary_request_stays_as_it_is(said: str) -> None:
    assert deidentify(said).text == said


@pytest.mark.parametrize("said", ["tell catherine that i am late", "tell Katherine's sister", "tell kathryn", "is smith here"])
def test_the_households_own_names_are_hidden_also_as_they_sound(said: str) -> None:
    shown = deidentify(said, names=("Katherine Smith",)).text.lower()
    assert BLANK in shown
    assert not any(name in shown for name in ("catherine", "katherine", "kathryn", "smith"))


def test_names_that_are_everyday_words_are_hidden_if_they_are_the_households() -> None:
    assert deidentify("tell summer to come", names=("Summer Green",)).text == f"tell {BLANK} to come"
    assert deidentify("is it summer").text == "is it summer"


def test_words_of_the_house_stay() -> None:
    assert deidentify("turn on the snug lantern", also_known=("Snug", "Lantern")).text == "turn on the snug lantern"
    assert BLANK in deidentify("turn on the snug lantern").text


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("turn off the light in Emma's bedroom and Oskar's lamp", f"turn off the light in {BLANK} bedroom and {BLANK} lamp"),
        ("is Rose\u2019s snug warm", f"is {BLANK} snug warm"),
        ("turn on the Hall Light in the Nursery", "turn on the Hall Light in the Nursery"),
    ],
)
def test_whom_a_room_or_device_is_called_after_is_hidden(said: str, shown: str) -> None:
    house = ("Emma's bedroom", "Oskar\u2019s lamp", "Rose's Snug", "Hall light", "Nursery")
    assert deidentify(said, also_known=house_words(house)).text == shown


def test_a_house_names_what_it_is_called_and_whoever_it_is_called_after_is_no_part_of_that() -> None:
    assert house_words(("Zo\u00eb's den", "Kitchen (left)")) == {"den", "kitchen", "left"}


def test_hidden_words_are_counted_as_a_recogniser_gives_them() -> None:
    text = "Call Krisztina, then mail a.b@c.example now"
    found = deidentify(text)
    assert hidden_words(text, found.hidden) == (1, 4)


@given(st.text(max_size=200))
def test_any_text_keeps_its_other_parts_and_loses_the_hidden_ones(text: str) -> None:
    found = deidentify(text)
    last = 0
    for start, end in found.hidden:
        assert last <= start < end <= len(text)
        last = end
    parts = [
        text[b:a] for b, a in zip((0, *(end for _, end in found.hidden)), (*(s for s, _ in found.hidden), len(text)), strict=True)
    ]
    assert found.text == BLANK.join(parts)


@given(st.lists(st.sampled_from("0123456789"), min_size=4, max_size=19).map("".join))
def test_no_long_number_is_ever_left(digits: str) -> None:
    words = dict(zip("0123456789", ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"], strict=True))
    for said in (digits, " ".join(digits), " ".join(words[one] for one in digits)):
        shown = deidentify(f"my code is {said} thanks").text
        assert shown == f"my code is {BLANK} thanks"


@pytest.mark.data
@pytest.mark.skipif(not PLANTED.exists(), reason=f"no evaluation data at {DATA}")
@pytest.mark.parametrize("form", ["written", "spoken"])
def test_of_planted_personal_data_19_of_20_are_found(form: str) -> None:
    cases = written(PLANTED)[::4]
    if form == "spoken":
        cases = [spoken(case, number=number) for number, case in enumerate(cases)]
    found, planted, needless, others = measure(cases, show=0)
    assert planted.total() > 1_500
    assert found.total() / planted.total() >= 0.95
    assert needless / others <= 0.25
