"""Periods in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.consent import DAY_SECONDS, parse_period, say_period


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("a week", 7 * DAY_SECONDS),
        ("for a month", 30 * DAY_SECONDS),
        ("three months", 91 * DAY_SECONDS),
        ("3 months", 91 * DAY_SECONDS),
        ("three_months", 91 * DAY_SECONDS),
        ("1 year", 365 * DAY_SECONDS),
        ("10 days", 10 * DAY_SECONDS),
        ("36 hours", 36 * 3600.0),
        ("1 hour", 3600.0),
        ("90 seconds", 90.0),
        ("1.5 days", 1.5 * DAY_SECONDS),
        ("none", 0.0),
        ("ever", None),
        ("-1 days", None),
        ("10 days ago", None),
        ("", None),
    ],
)
def test_parsing(said: str, seconds: float | None) -> None:
    assert parse_period(said) == seconds


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (DAY_SECONDS, "a day"),
        (7 * DAY_SECONDS, "a week"),
        (91 * DAY_SECONDS, "three months"),
        (10 * DAY_SECONDS, "10 days"),
        (36 * 3600.0, "36 hours"),
        (3600.0, "1 hour"),
        (90.0, "90 seconds"),
        (1.0, "1 second"),
    ],
)
def test_saying(seconds: float, said: str) -> None:
    assert say_period(seconds) == said


@given(st.integers(1, 400_000_000))
def test_what_is_said_is_understood_again(seconds: int) -> None:
    assert parse_period(say_period(float(seconds))) == float(seconds)
