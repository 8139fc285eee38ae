"""One satellite answers a wake word, whatever the order of the messages."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.turn.arbitration import (
    SAME_WAKE_FOREIGN_SECONDS,
    SAME_WAKE_SECONDS,
    Candidate,
    Merit,
    by_first_detection,
    by_first_heard,
    by_loudness,
    by_loudness_then_first,
    is_same_wake,
    winner,
)

MERITS: tuple[Merit, ...] = (by_first_detection, by_first_heard, by_loudness, by_loudness_then_first)

candidates = st.builds(
    Candidate,
    device_id=st.sampled_from(["a", "b", "c"]),
    arrived_at=st.floats(0.0, 10.0),
    age_ms=st.integers(0, 5000),
    loudness_dbfs=st.floats(-120.0, 0.0),
    score=st.floats(0.0, 1.0),
)


def candidate(device_id: str, *, arrived_at: float = 1.0, age_ms: int = 0, loudness_dbfs: float = -30.0) -> Candidate:
    return Candidate(device_id=device_id, arrived_at=arrived_at, age_ms=age_ms, loudness_dbfs=loudness_dbfs, score=1.0)


def test_the_loudest_answers_though_another_was_first() -> None:
    near, far = candidate("near", arrived_at=1.08, loudness_dbfs=-21.0), candidate("far", loudness_dbfs=-33.0)
    assert winner([far, near]) == "near"
    assert winner([far, near], merit=by_first_detection) == "far"


def test_an_old_report_of_the_same_word_is_put_where_the_word_was() -> None:
    slow = candidate("slow", arrived_at=1.4, age_ms=380)
    assert is_same_wake(candidate("quick", arrived_at=1.02), slow)
    assert winner([candidate("quick", arrived_at=1.03), slow], merit=by_first_heard) == "slow"
    assert not is_same_wake(candidate("quick"), candidate("other", arrived_at=1.01 + SAME_WAKE_SECONDS))


def test_about_equally_loud_in_two_rooms_are_two_people() -> None:
    den = replace(candidate("den", loudness_dbfs=-25.0), area="Den")
    for level, area, is_same in ((-26.0, "Attic", False), (-40.0, "Attic", True), (-26.0, "Den", True), (-26.0, None, True)):
        assert is_same_wake(den, replace(candidate("other", loudness_dbfs=level), area=area)) is is_same


def test_what_followed_a_word_is_compared_with_words_at_an_advantage_and_among_its_like_as_it_is() -> None:
    word = candidate("word", loudness_dbfs=-30.0)
    quiet, loud = (replace(candidate(name, loudness_dbfs=dbfs), is_of_word=False) for name, dbfs in (("q", -49.0), ("l", -47.0)))
    assert winner([word, quiet]) == "word"
    assert winner([word, loud]) == "l"
    assert winner([quiet, loud]) == "l"


def test_another_make_says_neither_when_the_word_ended_nor_how_loud_it_was_so_more_counts_as_one_word() -> None:
    word = replace(candidate("word", loudness_dbfs=-25.0), area="Den")
    late = replace(candidate("box", arrived_at=1.7, loudness_dbfs=-25.0), area="Attic")
    assert not is_same_wake(word, late)
    assert is_same_wake(word, replace(late, is_of_word=False))
    assert not is_same_wake(word, replace(late, is_of_word=False, arrived_at=1.0 + SAME_WAKE_FOREIGN_SECONDS))


def test_steps_of_loudness_leave_small_differences_to_who_was_first() -> None:
    first, later = candidate("first", loudness_dbfs=-29.0), candidate("later", arrived_at=1.05, loudness_dbfs=-28.0)
    assert winner([first, later], merit=by_loudness_then_first) == "first"
    assert winner([first, later]) == "later"


@pytest.mark.parametrize("merit", MERITS)
@given(st.lists(candidates, min_size=1, max_size=6), st.randoms())
def test_the_order_of_arrival_in_the_list_changes_nothing(merit: Merit, found: list[Candidate], random: object) -> None:
    chosen = winner(found, merit=merit)
    assert chosen in {each.device_id for each in found}
    random.shuffle(found)  # type: ignore[attr-defined]
    assert winner(found, merit=merit) == chosen
