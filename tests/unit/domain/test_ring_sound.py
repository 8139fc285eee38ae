"""The curve of what begins softly."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.ring_sound import RISE_FROM_DB, RISE_SECONDS, level_at, rise_levels


def test_it_begins_at_its_stated_level_and_is_whole_after_its_stated_time() -> None:
    assert 20 * math.log10(level_at(0)) == pytest.approx(RISE_FROM_DB)
    assert level_at(RISE_SECONDS) == level_at(1e9) == 1.0
    assert level_at(-5.0) == level_at(0)


@given(st.floats(min_value=0, max_value=RISE_SECONDS - 1))
def test_each_second_is_louder_by_the_same_decibels(seconds: float) -> None:
    step = 20 * math.log10(level_at(seconds + 1) / level_at(seconds))
    assert step == pytest.approx(-RISE_FROM_DB / RISE_SECONDS, abs=1e-9)


def test_the_table_is_the_curve() -> None:
    levels = rise_levels(60)
    assert len(levels) == 61
    assert all(level == level_at(second * RISE_SECONDS / 60) for second, level in enumerate(levels))
