"""Days in words: "tomorrow", "next Friday", "a week on Monday", "the third of May", "the day after Christmas"."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime

from earwitness.domain.times import Duration, Frame, Toward
from earwitness.understand.times.calendar_names import MONTHS, WEEKDAYS, month_at
from earwitness.understand.times.lengths import length_at
from earwitness.understand.times.named_days import edge, holiday, weekday_of_month
from earwitness.understand.times.series import (
    DayPick,
    Series,
    date_or_none,
    every,
    fixed,
    in_week,
    of_month,
    of_year,
    plus_days,
    shifted,
    weekday_after,
)
from earwitness.understand.times.tokens import Words

NIGHT_IS_LONG_UNTIL = 4
"""Until this hour whoever is awake may still call the day that has begun "tomorrow"."""
MOST_COUNTED = 3
"""How deep days are counted from days: "two weeks after the day after the day before Christmas"."""
_SURE_LENGTH = 6
"""Shorter names of weekdays are other words too: "sun", "sat", "wed"."""


def days_at(words: Words, index: int, *, now: datetime, frame: Frame) -> Iterator[tuple[DayPick, int]]:
    """Every day that begins at `index`, and where it ends."""
    key = ("days", index)
    if key not in words.found:
        words.found[key] = [found for rule in _RULES for found in rule(words, index, now, frame)]
    yield from words.found[key]


def day_at(words: Words, index: int, *, now: datetime, frame: Frame) -> tuple[DayPick, int] | None:
    """The longest day that begins at `index`."""
    return max(days_at(words, index, now=now, frame=frame), key=lambda found: found[1], default=None)


def _relative(words: Words, index: int, now: datetime, frame: Frame) -> Iterator[tuple[DayPick, int]]:
    """ "today", "tomorrow", "the day after tomorrow", "a week today" is elsewhere; "tomorrow week" is here."""
    today = now.date()
    word = words[index]
    begin = index + (word == "the")
    for phrase, days in (("day after tomorrow", 2), ("day before yesterday", -2)):
        if end := words.are(begin, phrase):
            yield DayPick(series=(fixed(plus_days(today, days)),)), end
    away = {"today": 0, "tomorrow": 1, "tmrw": 1, "yesterday": -1}.get(word)
    if away is None:
        return
    later, end = _weeks_on(words, index + 1)
    pick = DayPick(series=(fixed(plus_days(today, away + later)),))
    if away == 1 and now.hour < NIGHT_IS_LONG_UNTIL and frame.toward is Toward.FUTURE:
        series = (fixed(plus_days(today, later)), fixed(plus_days(today, 1 + later)))
        pick = DayPick(series=series)
    yield pick, end


def _weeks_on(words: Words, index: int) -> tuple[int, int]:
    """The days that "week" or "fortnight" after a day adds: "Monday week"."""
    if words[index] in ("week", "fortnight"):
        return (7 if words[index] == "week" else 14), index + 1
    return 0, index


def _counted(words: Words, index: int, now: datetime, frame: Frame) -> Iterator[tuple[DayPick, int]]:
    """ "in three days", "two weeks from Thursday", "a week on Monday", "a fortnight today", "the day before Christmas"."""
    if words[index] == "in" or words.are(index, "with in"):
        found = length_at(words, index + 1)
        if found is not None and len(found[0].options) == 1 and not found[0].options[0].seconds:
            end = found[1] + (words[found[1]] == "time")
            yield shifted(DayPick(series=(fixed(now.date()),)), found[0].options[0]), end
        return
    begin = index + (words[index] == "the")
    if words.are(begin, "week after next"):
        return
    found = length_at(words, begin)
    if found is None and words[begin] in ("day", "week") and words[begin + 1] in ("after", "before", "from"):
        found = length_at(Words(f"1 {words[begin]}"), 0)
        found = None if found is None else (found[0], begin + 1)
    if found is None or len(found[0].options) > 1 or found[0].options[0].seconds:
        return
    length, end = found[0].options[0], found[1]
    link = words[end]
    today = DayPick(series=(fixed(now.date()),))
    if link == "ago":
        yield shifted(today, length, sign=-1), end + 1
    elif words.are(end, "from now") or words.are(end, "from today"):
        yield shifted(today, length), end + 2
    elif link in ("from", "after", "on", "before", "today", "tomorrow", "past", "following"):
        target = _target(words, end + (link not in ("today", "tomorrow")), now, frame)
        is_week = link not in ("on", "today", "tomorrow") or length.days % 7 == 0
        if target is not None and is_week and target[0] is not None:
            yield shifted(target[0], length, sign=-1 if link == "before" else 1), target[1]


def _target(words: Words, index: int, now: datetime, frame: Frame) -> tuple[DayPick, int] | None:
    """The day that others are counted from. Nobody counts from one that is counted from one, and so on: see MOST_COUNTED."""
    if words.depth >= MOST_COUNTED:
        return None
    words.depth += 1
    try:
        return day_at(words, index, now=now, frame=frame)
    finally:
        words.depth -= 1


def _weekday(words: Words, index: int, now: datetime, frame: Frame) -> Iterator[tuple[DayPick, int]]:
    """ "Friday", "this Friday", "next Friday", "Friday week", "Friday next week", "the Friday after next", "Friday the third"."""
    today, begin = now.date(), index + (words[index] in ("the", "this", "on"))
    which = words[begin - 1] if begin > index else ""
    if words[begin] in ("next", "last", "coming", "following", "past"):
        which, begin = words[begin], begin + 1
    place = begin + 1 + (words[begin + 1] == "on")
    if which in ("next", "last", "this") and words[begin] == "week" and words[place] in WEEKDAYS:
        series = fixed(in_week(today, WEEKDAYS[words[place]], {"next": 1, "last": -1}.get(which, 0)))
        yield DayPick(series=(series,)), place + 1
        return
    weekday = WEEKDAYS.get(words[begin])
    if weekday is None:
        return
    end = begin + 1
    is_sure = len(words[begin]) >= _SURE_LENGTH or which not in ("", "the")
    dated = _with_date(words, end, weekday, now, frame) if which in ("", "the", "this", "on", "next") else None
    if dated is not None:
        yield dated
        return
    later, after = _weeks_on(words, end)
    coming = plus_days(today, (weekday - today.weekday()) % 7) or today
    if later:
        yield DayPick(series=(fixed(plus_days(weekday_after(today, weekday), later)),)), after
        return
    for phrase, weeks in (
        ("next week", 1),
        ("of next week", 1),
        ("last week", -1),
        ("this week", 0),
        ("the week after next", 2),
        ("in two weeks", 2),
    ):
        if words.are(end, phrase):
            yield DayPick(series=(fixed(in_week(today, weekday, weeks)),)), words.are(end, phrase)
            return
    if after_next := words.are(end, "after next"):
        yield shifted(DayPick(series=_next_weekday(today, weekday)), Duration(days=7)), after_next
        return
    yield _one_weekday(today, coming, weekday, which=which, frame=frame, is_sure=is_sure), end


def _one_weekday(today: date, coming: date, weekday: int, *, which: str, frame: Frame, is_sure: bool) -> DayPick:
    if which in ("last", "past"):
        return DayPick(series=(fixed(plus_days(weekday_after(today, weekday), -14 if coming == today else -7)),))
    if which == "next":
        return DayPick(series=_next_weekday(today, weekday))
    if which in ("coming", "following"):
        return DayPick(series=(fixed(weekday_after(today, weekday)),))
    if which == "this":
        return DayPick(series=(every(coming, days=7),) if frame.toward is not Toward.AS_READ else (fixed(coming),))
    if coming == today and frame.toward is Toward.FUTURE:
        series = (fixed(today), every(plus_days(today, 7) or today, days=7))
        return DayPick(series=series, is_sure=is_sure)
    return DayPick(series=(every(coming, days=7),), is_sure=is_sure)


def _next_weekday(today: date, weekday: int) -> tuple[Series, ...]:
    """In the week to come, or later in this one, where both are said."""
    coming = weekday_after(today, weekday)
    is_this_week = coming.isocalendar()[:2] == today.isocalendar()[:2]
    later = fixed(plus_days(coming, 7))
    return (later, fixed(coming)) if is_this_week else (fixed(coming),)


def _with_date(words: Words, index: int, weekday: int, now: datetime, frame: Frame) -> tuple[DayPick, int] | None:
    """ "Friday the third", "Monday, May 3": the date, and if the weekday is another's, both may be meant."""
    begin = index + (words[index] == "on")
    rules = (_month_first, _day_first, _written, _day_of_month)
    found = max((each for rule in rules for each in rule(words, begin, now, frame)), key=lambda each: each[1], default=None)
    if found is None or (words[found[1] - 1] not in MONTHS and words.ordinal(found[1] - 1) is None and found[1] - begin < 2):
        return None
    series = found[0].series[0]
    days = [day for number in range(-1, 13) if (day := series(number)) is not None]
    near = [day for day in days if frame.toward is not Toward.FUTURE or day >= now.date()] or days
    if not near:
        return found
    first = near[-1] if frame.toward is Toward.PAST else near[0]
    if first.weekday() == weekday:
        return replace(found[0], is_sure=True), found[1]
    matching = next((day for day in near if day.weekday() == weekday), None) if found[0].is_in_month else None
    other = matching or weekday_after(now.date(), weekday)
    return DayPick(series=(fixed(other), fixed(first))), found[1]


def _written(words: Words, index: int, now: datetime, frame: Frame) -> Iterator[tuple[DayPick, int]]:
    """ "2030-05-03", "3/5/2030", "15.01.2020"."""
    if words.kind(index) != "date":
        return
    numbers = [int(part) for part in words[index].replace("/", "-").replace(".", "-").split("-")]
    if numbers[0] > 31:
        options = [date_or_none(*numbers)]
    else:
        first, second, year = numbers
        year += 0 if year > 99 else 2000 if year < 70 else 1900
        day_first, month_first = date_or_none(year, second, first), date_or_none(year, first, second)
        options = [month_first, day_first] if frame.is_day_first is None else [day_first if frame.is_day_first else month_first]
        options = options if any(options) else [day_first or month_first]
    days = tuple(dict.fromkeys(day for day in options if day is not None))
    if days:
        yield DayPick(series=tuple(fixed(day) for day in days)), index + 1


def _month_first(words: Words, index: int, now: datetime, frame: Frame) -> Iterator[tuple[DayPick, int]]:
    """ "May third", "May the third 2030", "Jan-15-2020"."""
    month = MONTHS.get(words[index])
    if month is None:
        return
    begin = index + 1 + (words[index + 1] in ("the", "-"))
    day = words.ordinal(begin) or words.small(begin)
    if day is None or not 1 <= day[0] <= 31:
        return
    yield from _with_year(words, day[1], month=month, day=day[0], now=now, frame=frame)


def _day_first(words: Words, index: int, now: datetime, frame: Frame) -> Iterator[tuple[DayPick, int]]:
    """ "the third of May", "3 May 2030", "the third of next month"."""
    begin = index + (words[index] == "the")
    day = words.ordinal(begin) or words.small(begin)
    if words.are(begin, "last day"):
        day = (-1, begin + 2)
    if day is None or day[0] > 31 or day[0] == 0:
        return
    after = day[1] + (words[day[1]] in ("of", "in", "-"))
    for phrase, months in (("next month", 1), ("the next month", 1), ("this month", 0), ("the month", None), ("last month", -1)):
        if after > day[1] and (end := words.are(after, phrase)):
            base = now.date()
            series = of_month(base, day[0]) if months is None else fixed(of_month(base, day[0])(months))
            yield DayPick(series=(series,)), end
            return
    month = MONTHS.get(words[after])
    if month is None:
        return
    if day[0] < 0:
        said = month_at(words, after)
        year = said[1] if said else None
        base = now.date().replace(month=month, day=1)
        last = fixed(of_month(base.replace(year=year), -1)(0)) if year else _yearly_last(base)
        yield DayPick(series=(last,)), said[2] if said else after + 1
        return
    yield from _with_year(words, after + 1, month=month, day=day[0], now=now, frame=frame)


def _yearly_last(base: date) -> Series:
    return lambda number: of_month(base, -1)(12 * number)


def is_year(words: Words, index: int, year: int, frame: Frame) -> bool:
    """Whether a year may be meant, and not an hour and minutes: "ten thirty", and ahead "nineteen thirty"."""
    if words.kind(index) == "digits" or year % 100 > 59:
        return True
    return year >= (2000 if frame.toward is Toward.FUTURE else 1500)


def _with_year(words: Words, index: int, *, month: int, day: int, now: datetime, frame: Frame) -> Iterator[tuple[DayPick, int]]:
    """The day of the month, with the year if one follows."""
    yield DayPick(series=(of_year(now.date(), month, day),)), index
    begin = index + (words[index] in ("of", "in", "-"))
    year = words.year(begin)
    if year is not None and is_year(words, begin, year[0], frame) and (said := date_or_none(year[0], month, day)) is not None:
        yield DayPick(series=(fixed(said),)), year[1]
    short = words.small(begin)
    is_ordinal = words.kind(index - 1) == "ordinal" or words.ordinal(index - 1) is not None
    if short is not None and short[0] >= 60 and is_ordinal and (said := date_or_none(1900 + short[0], month, day)) is not None:
        yield DayPick(series=(fixed(said),)), short[1]
    for phrase, years in (("next year", 1), ("this year", 0), ("last year", -1)):
        if end := words.are(begin, phrase):
            yield DayPick(series=(fixed(date_or_none(now.year + years, month, day)),)), end


def _day_of_month(words: Words, index: int, now: datetime, frame: Frame) -> Iterator[tuple[DayPick, int]]:
    """ "the third", "the 25th"."""
    if words[index] != "the" and words.kind(index) != "ordinal":
        return
    found = words.ordinal(index + (words[index] == "the"))
    if found is not None and found[0] <= 31 and words[found[1]] not in WEEKDAYS:
        yield DayPick(series=(of_month(now.date(), found[0]),), is_sure=False, is_in_month=True), found[1]


_RULES = (_relative, _counted, _weekday, _written, _month_first, _day_first, weekday_of_month, edge, holiday, _day_of_month)
