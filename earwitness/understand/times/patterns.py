"""What recurs, in words: "every other Tuesday", "weekdays", "the last Friday of every month". RFC 5545 rules, not yet when."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType

from earwitness.domain.times import DayPart
from earwitness.understand.times.calendar_names import MONTHS, WEEKDAYS
from earwitness.understand.times.holidays import HOLIDAYS, holiday_at
from earwitness.understand.times.tokens import Words

DAY_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
WORKDAYS = "MO,TU,WE,TH,FR"
WEEKEND = "SA,SU"
_EVERY = frozenset(("every", "each"))
_UNITS = MappingProxyType(
    {
        "day": ("DAILY", 1),
        "week": ("WEEKLY", 1),
        "fortnight": ("WEEKLY", 2),
        "month": ("MONTHLY", 1),
        "quarter": ("MONTHLY", 3),
        "year": ("YEARLY", 1),
        "hour": ("HOURLY", 1),
        "minute": ("MINUTELY", 1),
    }
)
ADVERBS = MappingProxyType(
    {
        "daily": "day",
        "weekly": "week",
        "fortnightly": "fortnight",
        "monthly": "month",
        "quarterly": "quarter",
        "yearly": "year",
        "annually": "year",
        "hourly": "hour",
    }
)
PARTS = MappingProxyType({part.value: part for part in DayPart})
_WORKDAY_NAMES = ("weekday", "workday", "week day", "working day", "work day", "business day")
_AFTER_SECOND = frozenset((*WEEKDAYS, "day", "week", "month", "year", "hour", "minute", "weekend", "weekday", "fortnight"))
IF_THERE_IS = "if there is one"
"""Said of the 31st, and then months without one are passed over."""
_RANGES = frozenset(("to", "through", "till", "-"))
_MOST = 1_000
"""The longest step of a rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A rule in the making: how often, on which days. Empty `by` takes the day that is named beside it, or today."""

    frequency: str
    interval: int = 1
    by: str = ""
    part: DayPart | None = None
    once: tuple[int, int] | None = None
    """The weekday and its number where "the last Friday of the month" may as well mean one month's alone."""

    count: int = 0
    """How often, where "Saturday and Sunday" may mean the next ones alone."""

    is_range: bool = False
    """Whether it is "Monday to Friday", which is an interval unless a time of day is beside it."""

    @property
    def is_elapsed(self) -> bool:
        return self.frequency in ("HOURLY", "MINUTELY")

    @property
    def rule(self) -> str:
        step = f";INTERVAL={self.interval}" if self.interval > 1 else ""
        return f"FREQ={self.frequency}{step}{';' * bool(self.by)}{self.by}{f';COUNT={self.count}' if self.count else ''}"


def patterns_at(words: Words, index: int) -> Iterator[tuple[tuple[Pattern, ...], int]]:
    """Everything that recurs and begins at `index`: what it may mean, likeliest first; and where it ends."""
    for patterns, end in _patterns(words, index):
        yield patterns, end
        if len(patterns) > 1 and (after := words.are(end, IF_THERE_IS)):
            yield patterns[:1], after


def _patterns(words: Words, index: int) -> Iterator[tuple[tuple[Pattern, ...], int]]:
    begin = index + (words[index] == "on")
    if words[index] in _EVERY or words.are(index, "once every"):
        yield from _every(words, index + 1 + (words[index] == "once"))
    elif words[index] in ADVERBS:
        yield from _with_days(words, index + 1, Pattern(frequency="", by=ADVERBS[words[index]]))
    elif words[index] == "nightly":
        yield (Pattern(frequency="DAILY", part=DayPart.NIGHT),), index + 1
    elif (end := words.are(index, "twice a day") or words.are(index, "twice daily")) or (end := _counted_daily(words, index)):
        yield (Pattern(frequency="DAILY"),), end
    elif words[index] == "once" and words[index + 1] == "a" and words[index + 2] in _UNITS:
        yield from _with_days(words, index + 3, Pattern(frequency="", by=words[index + 2]))
    yield from _plurals(words, begin)
    yield from _of_months(words, begin)


def _counted_daily(words: Words, index: int) -> int:
    """Where "three times a day" ends; 0 for anything else. How often it is remains to be asked: at which times."""
    found = words.number(index)
    if found is None or found[0] < 2 or words[found[1]] != "times":
        return 0
    return words.are(found[1] + 1, "a day") or words.are(found[1] + 1, "per day") or words.are(found[1] + 1, "daily")


def _every(words: Words, index: int) -> Iterator[tuple[tuple[Pattern, ...], int]]:
    index += words[index] == "single"
    for phrase, frequency, interval in (
        ("half an hour", "MINUTELY", 30),
        ("half hour", "MINUTELY", 30),
        ("quarter of an hour", "MINUTELY", 15),
        ("quarter hour", "MINUTELY", 15),
    ):
        if end := words.are(index, phrase):
            yield (Pattern(frequency=frequency, interval=interval),), end
            return
    step, begin = _step(words, index)
    if 0 < step <= _MOST:
        yield from _every_unit(words, begin, step)
        yield from _every_day_kind(words, begin, step)
    yield from _every_date(words, index)


def _step(words: Words, index: int) -> tuple[int, int]:
    """ "other", "second", "three", "3rd", "couple of"; 1 when there is none."""
    if words[index] == "other":
        return 2, index + 1
    if (end := words.are(index, "couple of")) or (end := words.are(index, "couple")):
        return 2, end
    found = words.number(index)
    if found is None and (words[index] != "second" or words[index + 1] in _AFTER_SECOND):
        found = words.ordinal(index)
    return found if found is not None else (1, index)


def _every_unit(words: Words, index: int, step: int) -> Iterator[tuple[tuple[Pattern, ...], int]]:
    unit = _singular(words[index])
    if unit not in _UNITS:
        return
    if unit == "day":
        end = words.are(index + 1, "of the week") or index + 1
        days = _exceptions(words, end)
        if days is not None and step == 1:
            yield (Pattern(frequency="WEEKLY", by=f"BYDAY={days[0]}"),), days[1]
    yield from _with_days(words, index + 1, Pattern(frequency="", interval=step, by=unit))


def _with_days(words: Words, index: int, pattern: Pattern) -> Iterator[tuple[tuple[Pattern, ...], int]]:
    """ "every week", and "every week on Monday", "every month on the third", "every year on Christmas"."""
    frequency, factor = _UNITS[pattern.by]
    plain = Pattern(frequency=frequency, interval=pattern.interval * factor)
    yield (plain,), index
    begin = index + (words[index] in ("on", "in"))
    if frequency == "WEEKLY" and (days := _weekdays(words, begin)) is not None:
        yield (replace(plain, by=f"BYDAY={days[0]}"),), days[1]
    if frequency == "MONTHLY":
        yield from _monthly(words, begin, plain)
    if frequency == "YEARLY" and (day := _year_day(words, begin)) is not None:
        yield (replace(plain, by=day[0]),), day[1]


def _monthly(words: Words, index: int, plain: Pattern) -> Iterator[tuple[tuple[Pattern, ...], int]]:
    begin = index + (words[index] == "the")
    if end := words.are(begin, "last day"):
        yield (replace(plain, by="BYMONTHDAY=-1"),), end
    found = (-1, begin + 1) if words[begin] == "last" else words.ordinal(begin)
    if found is None:
        return
    count, end = found
    weekday = WEEKDAYS.get(words[end])
    if weekday is not None and count <= 5:
        yield (replace(plain, by=f"BYDAY={count}{DAY_CODES[weekday]}"),), end + 1
    elif 0 < count <= 31 and begin > index:
        yield _month_days(plain, count), end + (words[end] == "day")


def _month_days(plain: Pattern, day: int) -> tuple[Pattern, ...]:
    """The day of the month; days that some months lack may mean the last one."""
    said = replace(plain, by=f"BYMONTHDAY={day}")
    return (said, replace(plain, by="BYMONTHDAY=-1")) if day > 28 else (said,)


def _every_day_kind(words: Words, index: int, step: int) -> Iterator[tuple[tuple[Pattern, ...], int]]:
    """ "weekday", "weekend", "morning", "Monday and Thursday", "Monday morning"."""
    if step == 1:
        for name in _WORKDAY_NAMES:
            end = words.are(index, name) or words.are(index, f"{name}s")
            if end:
                days = _exceptions(words, end, base=WORKDAYS) or (WORKDAYS, end)
                yield from _with_part(words, days[1], Pattern(frequency="WEEKLY", by=f"BYDAY={days[0]}"))
        part = PARTS.get(words[index])
        if part is not None:
            left = _exceptions(words, index + 1)
            yield (Pattern(frequency="DAILY", part=part),), index + 1
            if left is not None:
                yield (Pattern(frequency="WEEKLY", by=f"BYDAY={left[0]}", part=part),), left[1]
    if words[index] == "weekend":
        yield from _with_part(words, index + 1, Pattern(frequency="WEEKLY", interval=step, by=f"BYDAY={WEEKEND}"))
    found = _weekdays(words, index)
    if found is None:
        return
    codes, end = found
    weekly = Pattern(frequency="WEEKLY", interval=step, by=f"BYDAY={codes}")
    of_month = words.are(end, "of the month") or words.are(end, "in the month")
    of_month = of_month or words.are(end, "of every month") or words.are(end, "of each month")
    nth = words.ordinal(index - 1) or words.ordinal(index - 2)
    if nth is None or "," in codes:
        yield from _with_part(words, end, weekly)
    elif of_month:
        yield (Pattern(frequency="MONTHLY", by=f"BYDAY={step}{codes}"),), of_month
    elif step == 1:
        yield (Pattern(frequency="MONTHLY", by=f"BYDAY=1{codes}"),), end
    elif step == 2:
        yield from _with_part(words, end, weekly)
    elif step < 6:
        yield (Pattern(frequency="MONTHLY", by=f"BYDAY={step}{codes}"), weekly), end


def _every_date(words: Words, index: int) -> Iterator[tuple[tuple[Pattern, ...], int]]:
    """ "every third of May", "every Christmas", "every first of the month", "every last Friday"."""
    day = _year_day(words, index)
    if day is not None:
        yield (Pattern(frequency="YEARLY", by=day[0]),), day[1]
    of_month = Pattern(frequency="MONTHLY")
    if words[index] == "last" and (weekday := WEEKDAYS.get(words[index + 1])) is not None:
        end = words.are(index + 2, "of the month") or words.are(index + 2, "in the month") or index + 2
        yield (replace(of_month, by=f"BYDAY=-1{DAY_CODES[weekday]}"),), end
    found = words.ordinal(index)
    if found is not None and found[0] <= 31:
        end = words.are(found[1], "of the month") or words.are(found[1], "day of the month")
        if end or (words.kind(index) == "ordinal" and words[found[1]] not in (*WEEKDAYS, *_UNITS, *MONTHS, "of")):
            yield _month_days(of_month, found[0]), end or found[1]


def _plurals(words: Words, index: int) -> Iterator[tuple[tuple[Pattern, ...], int]]:
    """ "Mondays", "weekdays", "weekends", "weeknights", "Monday mornings"."""
    word = words[index]
    index_of_all = index + (word == "all")
    for name in ("weekday", "work day", "working day", "workday"):
        end = words.are(index_of_all, f"{name}s")
        part = words[end] if end else words[index_of_all + 1] if words[index_of_all] == name else ""
        if end:
            yield from _with_part(words, end, Pattern(frequency="WEEKLY", by=f"BYDAY={WORKDAYS}"))
        elif part.endswith("s") and part[:-1] in PARTS:
            pattern = Pattern(frequency="WEEKLY", by=f"BYDAY={WORKDAYS}", part=PARTS[part[:-1]])
            yield (pattern,), index_of_all + 2
    if word == "weeknights":
        yield (Pattern(frequency="WEEKLY", by=f"BYDAY={WORKDAYS}", part=DayPart.NIGHT),), index + 1
    if word == "weekends":
        yield from _with_part(words, index + 1, Pattern(frequency="WEEKLY", by=f"BYDAY={WEEKEND}"))
    if _singular(word) not in WEEKDAYS:
        return
    days = _weekdays(words, index)
    if days is None:
        return
    said = range(index, days[1])
    is_plural = any(words[place] not in WEEKDAYS and "'" not in words[place] and words[place][:-1] in WEEKDAYS for place in said)
    part = words[days[1]]
    if is_plural:
        yield from _with_part(words, days[1], Pattern(frequency="WEEKLY", by=f"BYDAY={days[0]}"))
    elif part.endswith("s") and part[:-1] in PARTS:
        yield (Pattern(frequency="WEEKLY", by=f"BYDAY={days[0]}", part=PARTS[part[:-1]]),), days[1] + 1
    elif "," in days[0]:
        is_range = any(words[place] in _RANGES for place in said)
        weekly = Pattern(frequency="WEEKLY", by=f"BYDAY={days[0]}", is_range=is_range)
        yield (weekly, replace(weekly, count=days[0].count(",") + 1)), days[1]


def _of_months(words: Words, index: int) -> Iterator[tuple[tuple[Pattern, ...], int]]:
    """ "the last Friday of every month", "the first and third Monday of each month", "the last Friday of the month"."""
    begin = index + (words[index] == "the")
    plain = Pattern(frequency="MONTHLY")
    if (end := words.are(begin, "end of")) and (after := _each_month(words, end)):
        yield (replace(plain, by="BYMONTHDAY=-1"),), after
    counts: list[int] = []
    place = begin
    while len(counts) < 5:
        found = (-1, place + 1) if words[place] == "last" else words.ordinal(place)
        if found is None:
            break
        counts.append(found[0])
        place = found[1] + (words[found[1]] == "and")
        place += words[place] == "the"
    if not counts:
        return
    weekday = WEEKDAYS.get(words[place])
    is_day = words[place] == "day"
    after = place + (weekday is not None or is_day)
    if words[after] not in ("of", "in"):
        return
    end = _each_month(words, after + 1)
    the_month = words.are(after + 1, "the month")
    if weekday is not None and max(counts) <= 5 and (end or (the_month and begin > index)):
        by = ",".join(f"{count}{DAY_CODES[weekday]}" for count in counts)
        once = (weekday, counts[0]) if not end and len(counts) == 1 else None
        yield (replace(plain, by=f"BYDAY={by}", once=once),), end or the_month
    elif weekday is None and end and max(counts) <= 31:
        if len(counts) == 1 and (counts[0] > 0 or is_day):
            yield _month_days(plain, counts[0]), end
        elif -1 not in counts:
            yield (replace(plain, by=f"BYMONTHDAY={','.join(map(str, sorted(counts)))}"),), end


def _each_month(words: Words, index: int) -> int:
    return words.are(index, "every month") or words.are(index, "each month")


def _with_part(words: Words, index: int, pattern: Pattern) -> Iterator[tuple[tuple[Pattern, ...], int]]:
    yield (pattern,), index
    if (part := PARTS.get(_singular(words[index]))) is not None:
        yield (replace(pattern, part=part),), index + 1


def _weekdays(words: Words, index: int) -> tuple[str, int] | None:
    """A list of weekdays as BYDAY has it: "Monday, Wednesday and Friday", "Monday to Friday"."""
    chosen: list[int] = []
    place = index
    while (weekday := WEEKDAYS.get(_singular(words[place]), WEEKDAYS.get(words[place]))) is not None:
        place += 1
        last = WEEKDAYS.get(_singular(words[place + 1]), WEEKDAYS.get(words[place + 1]))
        if words[place] in ("to", "through", "till", "-") and last is not None and not chosen:
            chosen, place = [(weekday + step) % 7 for step in range((last - weekday) % 7 + 1)], place + 2
            break
        chosen.append(weekday)
        if words[place] in ("and", "or", "&") and _singular(words[place + 1]) in WEEKDAYS:
            place += 1
    return (",".join(DAY_CODES[day] for day in sorted(set(chosen))), place) if chosen else None


def _exceptions(words: Words, index: int, *, base: str = ",".join(DAY_CODES)) -> tuple[str, int] | None:
    """The days left by "except Sunday", "but weekends"."""
    begin = index + 1 + (words[index + 1] in ("for", "on"))
    if words[index] not in ("except", "but", "excluding"):
        return None
    if _singular(words[begin]) == "weekend" or words.are(begin, "the weekend"):
        out, end = WEEKEND, begin + 1 + (words[begin] == "the")
    elif (found := _weekdays(words, begin)) is not None:
        out, end = found
    else:
        return None
    left = [code for code in base.split(",") if code not in out.split(",")]
    return (",".join(left), end) if left else None


def _year_day(words: Words, index: int) -> tuple[str, int] | None:
    """A day of the year as a rule has it: "the third of May", "May third", "Christmas"."""
    begin = index + (words[index] == "the")
    holiday = holiday_at(words, begin)
    if holiday is not None and (rule := HOLIDAYS[holiday[0]][0].rule):
        return rule, holiday[1]
    if (month := MONTHS.get(words[begin])) is not None:
        begin += 1 + (words[begin + 1] == "the")
        day = words.ordinal(begin) or words.small(begin)
        return _rule_of(month, day[0], day[1]) if day is not None else None
    nth = (-1, begin + 1) if words[begin] == "last" else words.ordinal(begin)
    if nth is not None and nth[0] <= 5 and (weekday := WEEKDAYS.get(words[nth[1]])) is not None:
        month = MONTHS.get(words[nth[1] + 2]) if words[nth[1] + 1] in ("of", "in") else None
        return None if month is None else (f"BYMONTH={month};BYDAY={nth[0]}{DAY_CODES[weekday]}", nth[1] + 3)
    day = words.ordinal(begin) or words.small(begin)
    if day is None:
        return None
    place = day[1] + (words[day[1]] == "of")
    month = MONTHS.get(words[place])
    return None if month is None else _rule_of(month, day[0], place + 1)


def _rule_of(month: int, day: int, end: int) -> tuple[str, int] | None:
    try:
        date(2000, month, day)
    except ValueError:
        return None
    return f"BYMONTH={month};BYMONTHDAY={day}", end


def _singular(word: str) -> str:
    return re.sub(r"'?s$", "", word)
