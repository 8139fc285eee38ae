"""Agreement: Krippendorff's own worked examples, and when judgements of one task settle it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.review import Annotation, Label, Settled, annotation_of, counting
from earwitness.review.agreement import compared, nominal_alpha, settle

ONE = Annotation(
    annotation_id="1" * 32,
    by="calm-otter-2222",
    made_at=datetime(2026, 3, 2, tzinfo=UTC),
    transcript="turn on the lamp",
    intent="HassTurnOn",
    slots=(("name", "Lamp"),),
    labels=frozenset({Label.UNCLEAR}),
    settled=Settled.OPEN,
    guidelines=3,
)
TWO = replace(ONE, annotation_id="2" * 32, by="keen-heron-3333", transcript="Turn on the lamp.", slots=(("name", "lamp"),))


def columns(*rows: str) -> list[list[str]]:
    """Units out of what each observer gave, a letter each; "." is missing."""
    return [[value for value in unit if value != "."] for unit in zip(*rows, strict=True)]


def test_alpha_of_two_observers_and_two_values_is_krippendorffs() -> None:
    """Computing Krippendorff's Alpha-Reliability (2011), example A: 0.095."""
    assert nominal_alpha(columns("0100000010", "1110010000")) == pytest.approx(0.095, abs=0.0005)


def test_alpha_of_two_observers_and_many_values_is_krippendorffs() -> None:
    """The same, example B: 0.692."""
    assert nominal_alpha(columns("aabbdcccedda", "babbbccceddd")) == pytest.approx(0.692, abs=0.0005)


def test_alpha_of_four_observers_with_missing_values_is_krippendorffs() -> None:
    """The same, example C: 0.743."""
    found = nominal_alpha(columns("123321412...", "1233224125.3", ".3332342251.", "12332441251."))
    assert found == pytest.approx(0.743, abs=0.0005)


def test_alpha_says_nothing_of_nothing() -> None:
    assert nominal_alpha([]) is None
    assert nominal_alpha([["a"], ["b"]]) is None, "nobody judged what somebody else did"
    assert nominal_alpha([["a", "a"]] * 5) is None, "there is nothing to tell apart"
    assert nominal_alpha([["a", "a"], ["b", "b"]]) == 1.0
    assert (nominal_alpha([["a", "b"], ["b", "a"]]) or 0) < 0


@given(units=st.lists(st.lists(st.sampled_from("abc"), min_size=2, max_size=4), min_size=1, max_size=8))
def test_alpha_depends_neither_on_order_nor_on_names(units: list[list[str]]) -> None:
    found = nominal_alpha(units)
    other = nominal_alpha([[{"a": 7, "b": 8, "c": 9}[value] for value in reversed(unit)] for unit in reversed(units)])
    assert found == pytest.approx(other)
    assert found is None or found <= 1.0


def test_case_and_punctuation_are_no_disagreement_and_everything_else_is() -> None:
    assert compared(TWO, ONE).is_agreed
    for change in (
        {"transcript": "turn off the lamp"},
        {"intent": None},
        {"slots": (("name", "light"),)},
        {"labels": frozenset({Label.CHILD})},
    ):
        assert not compared(replace(TWO, **change), ONE).is_agreed, change
    found = compared(replace(TWO, transcript="turn off the big lamp"), ONE)
    assert (found.word_errors, found.words) == (2, 4.5)


def test_a_task_is_settled_by_one_by_two_who_agree_or_by_the_lead() -> None:
    assert settle(ONE, [], of=1)[0].settled is Settled.ALONE
    first, beside = settle(ONE, [], of=2)
    assert (first.settled, beside) == (Settled.OPEN, ())
    second, (pair,) = settle(TWO, [first], of=2)
    assert (second.settled, pair.by) == (Settled.AGREED, ONE.by)
    differs, _ = settle(replace(TWO, intent=None), [first], of=2)
    assert differs.settled is Settled.OPEN
    decided, beside = settle(replace(ONE, by="lead", settled=Settled.ADJUDICATED), [first, differs], of=2)
    assert (decided.settled, [one.is_agreed for one in beside]) == (Settled.ADJUDICATED, [True, False])
    assert counting([first, differs]) is None
    assert counting([first, differs, decided]) == decided


def test_who_hands_in_twice_is_one_person() -> None:
    first, _ = settle(ONE, [], of=2)
    again, beside = settle(replace(ONE, annotation_id="3" * 32), [first], of=2)
    assert (again.settled, beside) == (Settled.OPEN, ())
    mine = replace(TWO, by="self", settled=Settled.ALONE)
    assert settle(TWO, [mine], of=2)[0].settled is Settled.OPEN, "what the person themself corrected is no second judgement"


def test_a_judgement_says_whether_it_counts_and_by_which_guidelines_and_old_ones_do() -> None:
    assert annotation_of(ONE.as_json()) == ONE
    assert not ONE.is_final
    assert replace(ONE, settled=Settled.AGREED).is_confirmed
    old = {name: value for name, value in ONE.as_json().items() if name not in ("settled", "guidelines")}
    assert annotation_of(old).settled is Settled.ALONE
    assert annotation_of(old).is_final
    assert not annotation_of(old).is_confirmed
