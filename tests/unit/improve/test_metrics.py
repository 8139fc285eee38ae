import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.improve import metrics
from earwitness.improve.metrics import Share, SlotCounts, SlotTruth

WORDS = st.lists(st.sampled_from("abcd"), max_size=8)


@pytest.mark.parametrize(
    ("reference", "heard", "errors"),
    [("a b c", "a b c", 0), ("a b c", "a c", 1), ("a b c", "a x b c", 1), ("a b c", "a x c", 1), ("a b", "", 2), ("", "a b", 2)],
)
def test_word_errors(reference: str, heard: str, errors: int) -> None:
    assert metrics.word_errors(reference.split(), heard.split()) == errors


@given(WORDS, WORDS, WORDS)
def test_word_errors_are_a_distance(one: list[str], two: list[str], three: list[str]) -> None:
    distance = metrics.word_errors
    assert (distance(one, two) == 0) == (one == two)
    assert distance(one, two) == distance(two, one)
    assert distance(one, three) <= distance(one, two) + distance(two, three)
    assert abs(len(one) - len(two)) <= distance(one, two) <= max(len(one), len(two))


def test_word_error_rate_is_over_all_words_not_over_files() -> None:
    shares = [metrics.word_error_share("Turn on the light.", "turn on light"), metrics.word_error_share("stop", "top")]
    assert metrics.rate(shares) == pytest.approx(2 / 5)


def test_a_rate_over_nothing_is_no_number() -> None:
    assert metrics.rate([]) is None
    assert metrics.rate_of([]) is None
    assert metrics.f1([]) is None
    assert metrics.percentile([], 0.5) is None
    assert metrics.per_hour(3, seconds=0.0) is None


@pytest.mark.parametrize(
    ("phrase", "transcript", "is_heard"),
    [
        ("double shot", "I want a double shot.", True),
        ("a lot of cream", "with a lot of the cream", True),
        ("shot double", "a double shot", False),
        ("twelve ounce", "a 12 ounce latte", True),
        ("twelve ounce", "a 12oz latte", True),
        ("mocha", "a mock a", False),
        ("milk milk", "milk", False),
    ],
)
def test_slot_phrases(phrase: str, transcript: str, is_heard: bool) -> None:
    assert metrics.has_phrase(phrase, transcript=transcript) is is_heard


@pytest.mark.parametrize(
    ("expected", "found", "is_same"),
    [
        (50.0, 50, True),
        (50, "fifty", True),
        (50, 51, False),
        ("Bed Light", "bed light.", True),
        ("Bed Light", "bad light", False),
        (["pizza ", "pie"], "Pizza", True),
        (True, "true", True),
        (True, 1, False),
    ],
)
def test_slot_values(expected: SlotTruth, found: object, is_same: bool) -> None:
    assert metrics.is_same_value(expected, found) is is_same


def test_the_context_area_is_not_counted() -> None:
    expected: dict[str, SlotTruth] = {"area": metrics.CONTEXT_AREA}
    nothing = SlotCounts(right=0, expected=0, found=0)
    assert metrics.count_slots(expected, {}, area="Kitchen") == nothing
    assert metrics.count_slots(expected, {"area": "kitchen"}, area="Kitchen") == nothing
    assert metrics.count_slots(expected, {"area": "Bedroom"}, area="Kitchen") == SlotCounts(right=0, expected=0, found=1)


def test_slots_count_by_name_and_value() -> None:
    counts = metrics.count_slots({"name": "Bed Light", "brightness": 50.0}, {"name": "bed light", "color": "red"}, area=None)
    assert counts == SlotCounts(right=1, expected=2, found=2)
    assert metrics.precision([counts]) == metrics.recall([counts]) == metrics.f1([counts]) == 0.5
    assert not metrics.is_command_right(counts, is_intent_right=True)


def test_a_slot_too_many_makes_a_command_wrong() -> None:
    counts = metrics.count_slots({"name": "x"}, {"name": "x", "color": "red"}, area=None)
    assert not metrics.is_command_right(counts, is_intent_right=True)
    exact = metrics.count_slots({"name": "x"}, {"name": "x"}, area=None)
    assert metrics.is_command_right(exact, is_intent_right=True)
    assert not metrics.is_command_right(exact, is_intent_right=False)


def test_percentiles_are_interpolated() -> None:
    assert metrics.percentile([4.0, 1.0, 3.0, 2.0], 0.5) == 2.5
    assert metrics.percentile([1.0], 0.95) == 1.0
    assert metrics.percentile([0.0, 10.0], 0.95) == pytest.approx(9.5)


def test_intervals_are_repeatable_and_cover_a_known_rate() -> None:
    coin = random.Random(1)
    covered = 0
    for _ in range(60):
        claims = [coin.random() < 0.7 for _ in range(80)]
        found = metrics.interval(claims, metrics.rate_of)
        assert found is not None
        assert found == metrics.interval(claims, metrics.rate_of)
        covered += found[0] <= 0.7 <= found[1]
    assert covered >= 51  # 95 % of 60 is 57; fewer than 51 would come up once in a thousand times


def test_no_interval_where_drawing_tells_nothing() -> None:
    assert metrics.interval([True], metrics.rate_of) is None
    assert metrics.interval([True] * 20, metrics.rate_of) is None
    assert metrics.interval([], metrics.rate_of) is None


def test_false_accepts_per_hour() -> None:
    assert metrics.per_hour(3, seconds=1800.0) == 6.0
    assert metrics.rate([Share(part=1, whole=0.25), Share(part=0, whole=0.25)]) == 2.0
