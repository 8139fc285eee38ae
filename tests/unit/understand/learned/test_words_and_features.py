from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.home import Area, Home
from earwitness.understand.learned.features import ROWS, features, shapes
from earwitness.understand.learned.numbers import number_in
from earwitness.understand.learned.words import KnownNames, Mark, names_of, words_in
from tests.unit.understand.homes import device

OF_STOP = [501, 4125, 7072, 11480, 14117, 15097, 17292, 24905, 31348, 37734, 41592, 48638, 51620, 52762, 54874, 56191]
HOME = Home(
    name="words",
    is_simulated=True,
    areas=(Area(name="Snug", aliases=("den",), floor="Top Floor"),),
    devices=(device("Reading Lamp", "light", "Snug"), device("Flumox", "switch", "Snug")),
    lists=("camping list",),
)


def test_words_keep_their_places_in_the_text() -> None:
    text = "Set Anna's lamp to 50%, at 7:30!"
    words = words_in(text)
    assert [word.text for word in words] == ["set", "anna's", "lamp", "to", "50", "%", "at", "7:30"]
    assert [text[word.start : word.end].lower() for word in words] == [word.text for word in words]


def test_names_of_a_home_are_marked_by_their_kind_longest_first() -> None:
    names = names_of(HOME)
    words = words_in("put the flumox and the reading lamp in the snug on my camping list")
    kinds = {(mark.kind, " ".join(word.text for word in words[mark.first : mark.last])) for mark in names.marks(words)}
    assert {("switch", "flumox"), ("light", "reading lamp"), ("area", "snug")} <= kinds
    assert any(kind == "list" for kind, _ in kinds)


def test_rooms_that_many_homes_have_are_rooms_everywhere() -> None:
    assert [mark.kind for mark in KnownNames({}).marks(words_in("lights in the living room"))] == ["area"]


def test_a_sentence_looks_the_same_with_another_name_of_the_kind() -> None:
    words = words_in("turn on the flumox"), words_in("turn on the kettle")
    names = KnownNames({"flumox": "switch", "kettle": "switch"})
    assert shapes(words[0], names.marks(words[0])) == shapes(words[1], names.marks(words[1])) == ["turn", "on", "the", "<switch>"]


def test_features_are_the_same_on_every_machine() -> None:
    assert features(words_in("stop"), ()) == OF_STOP


@given(st.text(max_size=300))
def test_any_text_has_features_in_order_each_once(text: str) -> None:
    words = words_in(text)
    found = features(words, KnownNames({}).marks(words))
    assert found == sorted(set(found))
    assert all(0 <= one < ROWS for one in found)


@given(st.text(alphabet="abc kitchen living room ", max_size=60))
def test_marks_do_not_overlap(text: str) -> None:
    words = words_in(text)
    marks = KnownNames({"kitchen room": "light"}).marks(words)
    assert all(0 <= mark.first < mark.last <= len(words) for mark in marks)
    assert all(left.last <= right.first for left, right in pairwise(marks))
    assert all(isinstance(mark, Mark) for mark in marks)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("five", 5),
        ("twenty one", 21),
        ("twenty-one", 21),
        ("a hundred", 100),
        ("one hundred and twenty", 120),
        ("50 %", 50),
        ("2.5", 2.5),
        ("an", 1),
        ("nineteen", 19),
        ("five ten", None),
        ("lamp", None),
        ("", None),
        ("twenty eleven", None),
    ],
)
def test_numbers_in_words(text: str, number: float | None) -> None:
    assert number_in(text) == number
