"""Names as people say them: by spelling, by sound, by alias; asked about where two are near. Tried on what was really heard."""

import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.names import tries
from earwitness.understand.sounding import ASKED_AT_MOST, Named, listed_choice, matched, same_words, score

BOOK = [
    Named(key="1", names=("Anna Schmidt", "Anna")),
    Named(key="2", names=("Hanna Meyer", "Hanna")),
    Named(key="3", names=("Siobhan Kelly", "Siobhan", "Shiv")),
    Named(key="4", names=("Dr. Okonkwo",)),
    Named(key="5", names=("the plumber",)),
    Named(key="6", names=("José Álvarez", "José")),
    Named(key="7", names=("Stephen", "Steve")),
]


@pytest.mark.parametrize(
    ("spoken", "key"),
    [
        ("Anna Schmidt", "1"),
        ("anna schmitt", "1"),
        ("Hanna", "2"),
        ("shiv", "3"),
        ("Shivon Kelly", "3"),
        ("doctor Okonko", "4"),
        ("my plumber", "5"),
        ("Plummer", "5"),
        ("jose alvarez", "6"),
        ("Stephan", "7"),
        ("Steven", "7"),
        ("Steve.", "7"),
    ],
)
def test_one_is_clearly_meant(spoken: str, key: str) -> None:
    found = matched(spoken, BOOK)
    assert found.best is not None
    assert found.best.key == key


def test_two_that_are_near_are_asked_about() -> None:
    twins = [Named(key="a", names=("Jon Miller",)), Named(key="b", names=("John Miller",)), Named(key="c", names=("Zoe",))]
    found = matched("Jonn Miller", twins)
    assert found.best is None
    assert {one.key for one in found.near} == {"a", "b"}
    assert listed_choice(found.near) in ("Jon Miller or John Miller", "John Miller or Jon Miller")
    assert listed_choice([*twins]) == "Jon Miller, John Miller or Zoe"


@pytest.mark.parametrize("spoken", ["Wolfgang", "pizza", "", "  ", "?!", "x" * 10_000, "\ud800", "🎺"])
def test_nobody_is_like_it(spoken: str) -> None:
    found = matched(spoken, BOOK)
    assert (found.best, found.near) == (None, ())
    assert matched(spoken, []).best is None


def test_the_same_letters_count_more_than_all_that_sounds_alike() -> None:
    names = [Named(key=name, names=(name,)) for name in ("Jon", "John", "Sean", "Shaun", "Shawn")]
    for one in names:
        assert score(one.key, one.key) == 1.0
    assert same_words("the Beatles", "Beatles")
    assert not same_words("", "")


@given(st.text(max_size=40), st.lists(st.text(max_size=40), max_size=8))
def test_any_words_come_to_something(spoken: str, names: list[str]) -> None:
    found = matched(spoken, [Named(key=name, names=(name,)) for name in names])
    assert 0.0 <= found.score <= 1.0
    assert len(found.near) <= ASKED_AT_MOST
    assert found.best is None or not found.near


def test_what_our_recognisers_really_heard_is_hardly_ever_taken_for_another_name() -> None:
    """bench/names_heard.tsv: 704 recognitions of names that are hard on purpose, in books of 30 (`make bench-names`)."""
    found = tries()
    share = {kind: {key: counts[key] / counts.total() for key in counts} for kind, counts in found.items()}
    assert sum(counts.total() for counts in found.values()) > 1500
    assert share["person"]["wrong"] < 0.015
    assert share["person"]["right"] + share["person"]["asked"] > 0.55
    assert share["song"].get("wrong", 0.0) < 0.01
    assert share["song"]["right"] > 0.7
    assert share["device"]["right"] > 0.95
    assert share["stranger"]["none"] > 0.95


@pytest.mark.quiet
def test_a_thousand_names_are_looked_through_in_a_moment() -> None:
    letters = string.ascii_lowercase
    many = [Named(key=str(n), names=(f"{letters[n % 26]}{letters[n // 26 % 26]}nna {letters[n % 23]}ills",)) for n in range(1000)]
    matched("warm", many)
    began = time.perf_counter()
    matched("Henna Wills", many)
    assert time.perf_counter() - began < 0.1
