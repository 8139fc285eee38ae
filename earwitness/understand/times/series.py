"""Days that come round, as series: number 0 is the one of this week, month or year, and the reader goes on or back from it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TypeAlias

from dateutil.relativedelta import relativedelta

from earwitness.domain.times import Duration

Series: TypeAlias = Callable[[int], date | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayPick:
    """The days that words may mean, likeliest first."""

    series: tuple[Series, ...]
    is_sure: bool = True
    """Whether the words can hardly be anything else; "the third" can, and "Christmas" in a name."""
    is_in_month: bool = False
    """Whether it is a day of some month that is not named: "the third"."""


def fixed(day: date | None) -> Series:
    """One day that does not come round."""
    return lambda number: day if number == 0 else None


def every(day: date, *, days: int) -> Series:
    """A day that comes round after so many days."""
    return lambda number: plus_days(day, days * number)


def of_month(base: date, number_of_day: int) -> Series:
    """This day of the base's month and of the months around it; -1 is the last day."""

    def nth(number: int) -> date | None:
        first = plus_months(base.replace(day=1), number)
        if first is None:
            return None
        if number_of_day < 0:
            following = plus_months(first, 1)
            return None if following is None else following - timedelta(days=1)
        return date_or_none(first.year, first.month, number_of_day)

    return nth


def of_year(base: date, month: int, day: int) -> Series:
    """This day of the year."""
    return lambda number: date_or_none(base.year + number, month, day)


def shifted(pick: DayPick, length: Duration, *, sign: int = 1) -> DayPick:
    """So much later, or earlier with sign -1. Seconds do not count."""

    def later(series: Series) -> Series:
        def nth(number: int) -> date | None:
            day = series(number)
            moved = None if day is None else plus_months(day, sign * length.months)
            return None if moved is None else plus_days(moved, sign * length.days)

        return nth

    return replace(pick, series=tuple(later(series) for series in pick.series), is_sure=True)


def nth_weekday(base: date | None, weekday: int, count: int) -> date | None:
    """The so-manieth weekday of the base's month, -1 for the last; None if there is none."""
    if base is None:
        return None
    if count < 0:
        last = of_month(base, -1)(0)
        return None if last is None else last - timedelta(days=(last.weekday() - weekday) % 7)
    first = base.replace(day=1)
    day = plus_days(first, (weekday - first.weekday()) % 7 + 7 * (count - 1))
    return day if day is not None and day.month == base.month else None


def nth_of_months(base: date, *, weekday: int, count: int) -> Series:
    """The so-manieth weekday of the base's month and of those around it."""
    return lambda number: nth_weekday(plus_months(base.replace(day=1), number), weekday, count)


def in_week(today: date, weekday: int, weeks: int) -> date | None:
    return plus_days(today, weekday - today.weekday() + 7 * weeks)


def weekday_after(today: date, weekday: int) -> date:
    return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)


def plus_days(day: date, days: int) -> date | None:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return None


def plus_months(day: date, months: int) -> date | None:
    try:
        return day + relativedelta(months=months)
    except (ValueError, OverflowError):
        return None


def date_or_none(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except (ValueError, OverflowError):
        return None
