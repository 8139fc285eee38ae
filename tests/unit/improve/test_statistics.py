"""Intervals against published and exact values, and what they must never claim."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.improve.metrics import Share
from earwitness.improve.statistics import Pair, difference_interval, gain_of, paired_gain


def pair(cluster: str, *, before: float, after: float, whole: float = 1.0) -> Pair:
    return Pair(cluster=cluster, before=Share(part=before, whole=whole), after=Share(part=after, whole=whole))


def test_a_gain_for_everybody_is_sure() -> None:
    found = paired_gain([pair(f"s{at % 8}", before=1, after=at % 4 == 0) for at in range(80)])
    assert found is not None
    assert found.is_sure
    assert found.before == 1.0
    assert found.after == pytest.approx(0.25)
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.gain <= found.high


def test_a_gain_of_one_speaker_alone_is_not_sure() -> None:
    pairs = [pair("lucky", before=1, after=0) for _ in range(50)] + [pair(f"s{at}", before=0, after=0) for at in range(9)]
    found = paired_gain(pairs)
    assert found is not None
    assert found.gain > 0.5
    assert not found.is_sure


def test_one_speaker_has_no_interval() -> None:
    found = paired_gain([pair("only", before=1, after=0) for _ in range(100)])
    assert found is not None
    assert found.low is None
    assert not found.is_sure


def test_nothing_to_divide_by_is_no_gain() -> None:
    assert paired_gain([]) is None
    assert paired_gain([pair("a", before=0, after=0, whole=0)]) is None


def test_no_change_is_no_gain() -> None:
    found = paired_gain([pair(f"s{at % 10}", before=at % 3 == 0, after=at % 3 == 0) for at in range(60)])
    assert found is not None
    assert found.low == found.high == 0.0
    assert not found.is_sure


def test_chance_is_taken_for_a_gain_seldom() -> None:
    """Before and after drawn alike, 200 times: a sure gain is claimed in about 2.5 % of them, the nominal tail."""
    import random

    dice, claimed = random.Random(7), 0
    for _ in range(200):
        pairs = [pair(f"s{at % 20}", before=dice.random() < 0.3, after=dice.random() < 0.3) for at in range(100)]
        found = paired_gain(pairs)
        claimed += found is not None and found.is_sure
    assert claimed <= 14  # of 200; more than 7 % would be a wrong interval


def test_the_difference_of_shares_is_newcombes() -> None:
    """Newcombe (1998), table II, method 10: 56/70 against 48/80 gives 0.0524 to 0.3339; 9/10 against 3/10, 0.1705 to 0.8090."""
    assert difference_interval((56, 70), (48, 80)) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert difference_interval((9, 10), (3, 10)) == pytest.approx((0.1705, 0.8090), abs=5e-5)


@pytest.mark.parametrize("share", [(1, 0), (3, 2), (-1, 5)])
def test_no_share_is_refused(share: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="no share"):
        difference_interval(share, (1, 2))


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_intervals_are_ordered_and_survive_json(items: list[tuple[int, bool, bool]]) -> None:
    found = paired_gain([pair(f"s{who}", before=before, after=after) for who, before, after in items])
    assert found is not None
    assert math.isclose(found.gain, found.before - found.after)
    if found.low is not None and found.high is not None:
        assert -1.0 <= found.low <= found.high <= 1.0
    assert gain_of(found.as_json()).as_json() == found.as_json()
