"""Days by their place in a month or year: "the last Friday of June", "the end of the month", "Christmas Eve"."""

from collections.abc import Callable, Iterator
from datetime import date, datetime

from earwitness.domain.times import Frame
from earwitness.understand.times.calendar_names import WEEKDAYS, month_at
from earwitness.understand.times.holidays import HOLIDAYS, holiday_at
from earwitness.understand.times.series import DayPick, Series, every, fixed, in_week, nth_weekday, of_month, of_year, plus_months
from earwitness.understand.times.tokens import Words


def weekday_of_month(words: Words, index: int, now: datetime, frame: Frame) -> Iterator[tuple[DayPick, int]]:
    """ "the last Friday of November", "the first Monday of next month"; "of the month" is left to what recurs."""
    begin = index + (words[index] == "the")
    count = (-1, begin + 1) if words[begin] == "last" else words.ordinal(begin)
    if count is None or count[0] > 5 or (weekday := WEEKDAYS.get(words[count[1]])) is None:
        return
    link = count[1] + 1
    if words[link] not in ("of", "in"):
        return
    for phrase, months in (("next month", 1), ("this month", 0), ("last month", -1)):
        if end := words.are(link + 1, phrase):
            yield DayPick(series=(fixed(nth_weekday(plus_months(now.date(), months), weekday, count[0])),)), end
    said = month_at(words, link + 1)
    if said is None:
        return
    month, year, end = said
    base = now.date().replace(day=1, month=month)
    if year is not None:
        yield DayPick(series=(fixed(nth_weekday(base.replace(year=year), weekday, count[0])),)), end
    else:
        yield DayPick(series=(lambda number: nth_weekday(plus_months(base, 12 * number), weekday, count[0]),)), end


def edge(words: Words, index: int, now: datetime, frame: Frame) -> Iterator[tuple[DayPick, int]]:
    """ "the end of the month", "the beginning of next week", "the end of May", "month end"."""
    begin = index + (words[index] == "the")
    if words[begin] not in ("end", "beginning", "start", "first") or words[begin + 1] != "of":
        return
    is_end, today, place = words[begin] == "end", now.date(), begin + 2
    if words[begin] == "first":
        return
    for phrase, count in (("", 0), ("the", 0), ("this", 0), ("next", 1), ("last", -1)):
        end = words.are(place, phrase) if phrase else place
        unit = words[end] if end else ""
        if unit == "month":
            series = of_month(today, -1 if is_end else 1)
            yield DayPick(series=(series if phrase in ("", "the") else fixed(series(count)),)), end + 1
        elif unit == "year":
            series = of_year(today, 12, 31) if is_end else of_year(today, 1, 1)
            yield DayPick(series=(series if phrase in ("", "the") else fixed(series(count)),)), end + 1
        elif unit == "week":
            weekdays = (4, 6) if is_end else (0,)
            weekly = [every(in_week(today, weekday, count) or today, days=7) for weekday in weekdays]
            yield DayPick(series=tuple(weekly)), end + 1
    said = month_at(words, place)
    if said is not None:
        month, year, end = said
        base = now.date().replace(day=1, month=month)
        number = -1 if is_end else 1
        if year is not None:
            yield DayPick(series=(fixed(of_month(base.replace(year=year), number)(0)),)), end
        else:
            yield DayPick(series=(lambda count: of_month(base, number)(12 * count),)), end


def holiday(words: Words, index: int, now: datetime, frame: Frame) -> Iterator[tuple[DayPick, int]]:
    begin = index + (words[index] in ("the", "this", "next", "last", "on"))
    which = words[begin - 1] if begin > index else ""
    found = holiday_at(words, begin)
    if found is None:
        return
    name, end = found
    series: list[Series] = []
    year = words.year(end + (words[end] in ("of", "in")))
    for each in HOLIDAYS[name]:
        if year is not None:
            series.append(fixed(each.of_year(year[0])))
        elif which == "last":
            series.append(fixed(_last_before(each.of_year, now.date())))
        else:
            series.append(_yearly(each.of_year, now.year))
    yield DayPick(series=tuple(series), is_sure=which not in ("", "the") or len(name.split()) > 1), year[1] if year else end


def _yearly(of_year: Callable[[int], date], base: int) -> Series:
    return lambda number: of_year(base + number) if 1600 <= base + number <= 4000 else None


def _last_before(of_year: Callable[[int], date], today: date) -> date:
    this = of_year(today.year)
    return this if this < today else of_year(today.year - 1)
