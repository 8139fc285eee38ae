"""Stretches of whole days: "this week", "the weekend", "in May"; and of time up to or from now: "the last two hours"."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeAlias

from dateutil.relativedelta import relativedelta

from earwitness.domain.times import Duration, Frame
from earwitness.understand.times.calendar_names import month_at
from earwitness.understand.times.days import is_year
from earwitness.understand.times.lengths import length_at, times
from earwitness.understand.times.tokens import Words

Stretch: TypeAlias = Callable[[int], tuple[date, date] | None]
"""First day and the day after the last; number 0 is this week's, month's or year's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodPick:
    """What a stretch of days may be, likeliest first; or a length before (sign -1) or after now."""

    stretches: tuple[Stretch, ...] = ()
    length: Duration | None = None
    sign: int = 1
    is_rest: bool = False
    """Whether what is over of it is left out."""


def periods_at(words: Words, index: int, *, now: datetime, frame: Frame) -> Iterator[tuple[PeriodPick, int]]:
    """Every stretch that begins at `index`, and where it ends."""
    yield from _around_now(words, index)
    begin = index + (words[index] in ("in", "during", "over", "for"))
    begin += words[begin] == "the"
    yield from _weekend(words, index, now.date())
    for phrase, count in (("this", 0), ("current", 0), ("next", 1), ("following", 1), ("coming", 1), ("last", -1), ("past", -1)):
        if words[begin] == phrase and words[begin + 1] in ("week", "month", "year"):
            after_next = words.are(begin + 2, "after next")
            yield PeriodPick(stretches=(_one(_unit(words[begin + 1], now.date(), count)),)), after_next or begin + 2
    for unit in ("week", "month", "year"):
        if end := words.are(begin, f"{unit} after next"):
            yield PeriodPick(stretches=(_one(_unit(unit, now.date(), 2)),)), end
    for phrase in ("rest of the", "remainder of the", "rest of this", "remainder of this"):
        unit = words[end] if (end := words.are(begin + (words[begin] in ("for", "the")), phrase)) else ""
        if unit in ("day", "week", "month", "year"):
            yield PeriodPick(stretches=(_one(_unit(unit, now.date(), 0)),), is_rest=True), end + 1
    yield from _month_or_year(words, index, now.date(), frame)


def _around_now(words: Words, index: int) -> Iterator[tuple[PeriodPick, int]]:
    """ "the next two hours", "in the last week and a half", "the past hour"."""
    begin = index + (words[index] in ("in", "over", "during", "for", "within"))
    begin += words[begin] == "the"
    sign = {"next": 1, "coming": 1, "last": -1, "past": -1, "previous": -1}.get(words[begin])
    if sign is None or begin == index:
        return
    if words[begin + 1] in ("hour", "minute"):
        yield PeriodPick(length=times(1, words[begin + 1]), sign=sign), begin + 2
    found = length_at(words, begin + 1)
    if found is not None and len(found[0].options) == 1 and words[begin + 1] not in ("a", "an"):
        yield PeriodPick(length=found[0].options[0], sign=sign), found[1]


def _weekend(words: Words, index: int, today: date) -> Iterator[tuple[PeriodPick, int]]:
    begin = index
    which = ""
    while words[begin] in ("at", "on", "over", "for", "the", "this", "next", "last", "coming"):
        which, begin = words[begin], begin + 1
    if words[begin] != "weekend" or begin == index:
        return
    saturday = today - timedelta(days=today.weekday()) + timedelta(days=5)

    def nth(number: int) -> tuple[date, date]:
        start = saturday + timedelta(days=7 * number)
        return start, start + timedelta(days=2)

    if which == "next":
        following = _one(nth(1))
        yield PeriodPick(stretches=(following,) if today.weekday() > 4 else (following, _one(nth(0)))), begin + 1
    elif which == "last":
        yield PeriodPick(stretches=(_one(nth(-1)),)), begin + 1
    else:
        yield PeriodPick(stretches=(nth,)), begin + 1


def _month_or_year(words: Words, index: int, today: date, frame: Frame) -> Iterator[tuple[PeriodPick, int]]:
    """ "in May", "next May", "May 2030", "in 2030"."""
    begin = index + (words[index] in ("in", "next", "this", "last", "during"))
    said = month_at(words, begin)
    if said is not None and (begin > index or said[1] is not None):
        month, year, end = said
        if year is not None and not is_year(words, begin + 1, year, frame):
            return
        first = today.replace(month=month, day=1)
        if year is not None:
            stretch = _one(_span(first.replace(year=year), months=1))
        elif words[index] == "last":
            years = 0 if first.month < today.month else -1
            stretch = _one(_span(first + relativedelta(years=years), months=1))
        elif words[index] == "next":
            years = 0 if first.month > today.month else 1
            stretch = _one(_span(first + relativedelta(years=years), months=1))
        else:
            stretch = _yearly(first)
        yield PeriodPick(stretches=(stretch,)), end
    if begin > index and words[index] in ("in", "during") and (year_said := words.year(begin)) is not None:
        yield PeriodPick(stretches=(_one(_span(date(year_said[0], 1, 1), months=12)),)), year_said[1]


def _yearly(first: date) -> Stretch:
    def nth(number: int) -> tuple[date, date] | None:
        try:
            return _span(first + relativedelta(years=number), months=1)
        except (ValueError, OverflowError):
            return None

    return nth


def _unit(unit: str, today: date, count: int) -> tuple[date, date]:
    if unit == "week":
        start = today - timedelta(days=today.weekday()) + timedelta(days=7 * count)
        return start, start + timedelta(days=7)
    if unit == "day":
        return today, today + timedelta(days=1)
    first = today.replace(day=1) if unit == "month" else today.replace(month=1, day=1)
    months = 1 if unit == "month" else 12
    return _span(first + relativedelta(months=months * count), months=months)


def _span(first: date, *, months: int) -> tuple[date, date]:
    return first, first + relativedelta(months=months)


def _one(stretch: tuple[date, date]) -> Stretch:
    return lambda number: stretch if number == 0 else None
