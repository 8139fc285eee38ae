# ruff: noqa: E501 - a pattern is read as one line
"""Dates and lengths of time by the calendar: which day, how long until, how old. Pure.

`now` is given, aware, in the home's zone.
"""

import calendar
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from earwitness.domain.answer import Answer
from earwitness.domain.times import Ambiguous, Day, Frame, Moment, Passed, Reading, TimeOfDay, Toward
from earwitness.skills.knowledge.asked import Told, Unsure, compiled, plain
from earwitness.skills.knowledge.numbers import number_at, plain_digits
from earwitness.skills.wording import amount, duration, listed
from earwitness.understand.times import read, words_of

MONTHS: Final = tuple(name.casefold() for name in calendar.month_name)
_SECONDS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800, "fortnight": 1209600}
_OLDEST: Final = 130
_UNTIL: Final = "are left for|are left to|until|till|til|to|before|are left until|are there until|are there till|is it until|is it till|is it to|are there to|left until|left till|is there until"


class _TwoDaysError(Exception):
    """The words mean one of several days."""

    def __init__(self, days: list[date]) -> None:
        super().__init__("ambiguous")
        self.days = days


def tell_date(question: str, *, now: datetime) -> Told:
    """The answer to a question about dates; None for what is none."""
    text = plain(question)
    for pattern, answer in _COMPILED:
        if (found := pattern.fullmatch(text)) is None:
            continue
        try:
            told = answer(*(group or "" for group in found.groups()), now=now)
        except _TwoDaysError as two:
            return Unsure(clause=f"That can be {listed([full(day) for day in two.days], last='or')}; say which")
        except (OverflowError, ValueError):
            return None
        if told is not None:
            return told if isinstance(told, Unsure) else Answer(sentence=told, source="")
    return None


def full(day: date) -> str:
    """ "Friday, December 25, 2026"."""
    return f"{day:%A}, {day:%B} {day.day}, {day.year}"


def day_of(words: str, *, now: datetime, toward: Toward = Toward.FUTURE) -> date | None:
    """The day that the words mean. Raises when they mean one of two."""
    value = _read(words, now=now, toward=toward)
    return value.date if isinstance(value, Day) else None


def _frame(now: datetime, toward: Toward) -> Frame:
    zone = now.tzinfo if isinstance(now.tzinfo, ZoneInfo) else ZoneInfo("UTC")
    return Frame(now=now, zone=zone, toward=toward)


def _read(words: str, *, now: datetime, toward: Toward) -> Reading | None:
    reading = read(re.sub(r"^(?:on|it) ", "", words.strip()), frame=_frame(now, toward))
    if isinstance(reading, Passed):
        return reading.value
    if isinstance(reading, Ambiguous) and all(isinstance(each, Day) for each in reading.candidates):
        raise _TwoDaysError(sorted(each.date for each in reading.candidates if isinstance(each, Day)))
    return reading


_AMERICAN: Final = re.compile(r"(?:thanksgiving|independence day|memorial day|labor day|veterans day|father'?s'? day)\b.*")


_UNNAMED: Final = re.compile(
    rf"(?:in|on|the|next|this|last|a|an|today|tomorrow|yesterday|(?:mon|tues|wednes|thurs|fri|satur|sun)day|{'|'.join(MONTHS[1:])})\b"
)
"""How words begin that name no day by a name of its own."""


def _named(words: str) -> str:
    """The words as the beginning of a sentence: a holiday has capitals, and its country where others have another day for it."""
    text = re.sub(r"^it ", "", words.strip())
    if re.fullmatch(_AMERICAN, text):
        return f"{' '.join(word.capitalize() for word in text.split())} in the United States"
    if re.search(r"\d", text) or _UNNAMED.match(text):
        return "That"
    small = {"of", "the", "after", "before", "days", "day", "weeks"}
    return " ".join(word if word in small and place else word[:1].upper() + word[1:] for place, word in enumerate(text.split()))


def _which_day(verb: str, words: str, *, now: datetime) -> str | None:
    toward = Toward.PAST if verb in ("was", "did", "were") else Toward.FUTURE
    if re.fullmatch(r"(?:it|today|the date|it today|this|that)?", words):
        return None
    words = re.sub(r" (?:on )?this year$", f" {now.year}", re.sub(r" (?:on )?next year$", f" {now.year + 1}", words))
    day = day_of(words, now=now, toward=toward)
    if day is None:
        return None
    be = "was" if day < now.date() else "is"
    name = _named(words)
    return f"{name} {be} {'' if name == 'That' else 'on '}{full(day)}"


def _how_long_until(unit: str, words: str, *, now: datetime) -> str | None:
    if re.fullmatch(r"\d{4}", words):  # a year, and not a time of day
        is_year = unit in ("year", "month", "week", "day") and int(words) > now.year
        return _until_day(unit, date(int(words), 1, 1), words=words, now=now) if is_year else None
    value = _read(words, now=now, toward=Toward.FUTURE)
    match value:
        case Day():
            return _until_day(unit, value.date, words=words, now=now)
        case TimeOfDay():
            return _until_moment(unit, value.at, now=now)
        case Moment():
            return _until_moment(unit, value.at, now=now)
    return None


def _until_day(unit: str, day: date, *, words: str, now: datetime) -> str | None:
    if unit in ("hour", "minute", "second"):
        return _until_moment(unit, datetime(day.year, day.month, day.day, tzinfo=now.tzinfo), now=now)
    days = (day - now.date()).days
    if days < 0:
        return f"{full(day)} was {amount(-days, 'day')} ago"
    told = _in_unit(unit, now.date(), day)
    return f"It is {told} until {full(day)}" if days else f"That is today, {full(day)}"


def _in_unit(unit: str, begin: date, end: date) -> str:
    days = (end - begin).days
    if unit in ("week", "fortnight"):
        each = 7 if unit == "week" else 14
        parts = [amount(days // each, unit)] if days >= each else []
        return listed([*parts, *([amount(days % each, "day")] if days % each or not parts else [])])
    if unit in ("month", "year"):
        span = relativedelta(end, begin)
        months = span.years * 12 + span.months
        counts = [(months, "month")] if unit == "month" else [(span.years, "year"), (span.months, "month")]
        parts = [amount(count, name) for count, name in (*counts, (span.days, "day")) if count]
        return listed(parts) or "0 days"
    return amount(days, "day") if days else "0 days"


def _until_moment(unit: str, at: datetime, *, now: datetime) -> str | None:
    seconds = (at.astimezone(UTC) - now.astimezone(UTC)).total_seconds()
    if seconds < 0:
        return None
    told = duration(round(seconds / 60) * 60) if seconds >= 60 else duration(seconds)
    if unit in ("minute", "second"):
        each = _SECONDS[unit]
        told = f"{round(seconds / each):,} {unit}{'' if round(seconds / each) == 1 else 's'}"
    return f"It is {told} until then"


def _since(unit: str, words: str, *, now: datetime) -> str | None:
    if re.fullmatch(r"\d{4}", words):
        years = now.year - int(words)
        return f"From {words} to {now.year} it is {amount(years, 'year')}" if unit == "year" and years > 0 else None
    day = day_of(words, now=now, toward=Toward.PAST)
    if day is None or day > now.date():
        return None
    return f"It has been {_in_unit(unit, day, now.date())} since {full(day)}"


def _between(unit: str, first: str, second: str, *, now: datetime) -> str | None:
    try:
        begin = _read(first, now=now, toward=Toward.FUTURE)
        if isinstance(begin, TimeOfDay):
            return _between_hours(begin, _read(second, now=begin.at, toward=Toward.FUTURE))
        if not isinstance(begin, Day):
            return None
        later = datetime(begin.date.year, begin.date.month, begin.date.day, tzinfo=now.tzinfo)
        end = day_of(second, now=later, toward=Toward.FUTURE)
    except ValueError:
        return None
    if end is None:
        return None
    early, late = min(begin.date, end), max(begin.date, end)
    if unit in ("hour", "minute", "second"):
        seconds = (late - early).days * 86400
        return f"It is {seconds // _SECONDS[unit]:,} {unit}s from {full(early)} to {full(late)}"
    return f"It is {_in_unit(unit, early, late)} from {full(early)} to {full(late)}"


def _between_hours(begin: TimeOfDay, end: Reading | None) -> str | None:
    if not isinstance(end, TimeOfDay):
        return None
    first, last = (60 * each.time.hour + each.time.minute for each in (begin, end))
    return f"It is {duration((last - first) % 1440 * 60 or 86400)}"


def _age(words: str, *, now: datetime) -> str | None:
    if year := re.fullmatch(r"(?:in )?(\d{4})", words):
        age = now.year - int(year[1])
        if not 0 < age < _OLDEST:
            return None
        return f"Somebody born in {year[1]} is {age - 1} or {age}, and turns {age} in {now.year}"
    born = day_of(words, now=now, toward=Toward.PAST)
    if born is None or not re.search(r"\b\d{4}\b", words) or not 0 <= now.year - born.year < _OLDEST or born > now.date():
        return None
    span = relativedelta(now.date(), born)
    told = amount(span.years, "year") if span.years else _in_unit("month", born, now.date())
    return f"Somebody born on {full(born)} is {told} old"


def _leap(verb: str, year: str, *, now: datetime) -> str | None:
    number = now.year if year in ("this year", "this", "it") else now.year + 1 if year == "next year" else int(year)
    is_leap, past = calendar.isleap(number), verb == "was" or number < now.year
    be = "was" if past else "is"
    return f"{'Yes' if is_leap else 'No'}, {number} {be} {'' if is_leap else 'not '}a leap year"


def _next_leap(which: str, *, now: datetime) -> str:
    step = -1 if which in ("last", "previous") else 1
    year = now.year + step
    while not calendar.isleap(year):
        year += step
    return f"The {'last' if step < 0 else 'next'} leap year {'was' if step < 0 else 'is'} {year}"


def _days_in(words: str, year: str, *, now: datetime) -> str | None:
    if words in MONTHS[1:]:
        month = MONTHS.index(words)
        if month == 2 and not year:
            return "February has 28 days, and 29 in a leap year"
        return f"{words.title()} has {calendar.monthrange(int(year or 2026), month)[1]} days{f' in {year}' if year and month == 2 else ''}"
    if words in ("this month", "the current month"):
        return f"{now:%B} has {calendar.monthrange(now.year, now.month)[1]} days this year"
    if words in ("a year", "one year", "the year"):
        return "A year has 365 days, and a leap year 366"
    if words in ("a leap year", "a leap-year"):
        return "A leap year has 366 days"
    if words in ("this year", "next year") or words.isdecimal():
        number = int(words) if words.isdecimal() else now.year + (words == "next year")
        return f"{number} has {365 + calendar.isleap(number)} days" if 0 < number < 10000 else None
    return None


def _units_in(unit: str, count: str, other: str, *, now: datetime) -> str | None:
    tokens = count.split()
    found = number_at(tokens, 0)
    if found is None or found[1] != len(tokens):
        return None
    value, years = found[0], {"year", "decade", "century", "month"}
    if other in years or unit in years:
        return _of_years(unit, value, other)
    result = value * Fraction(_SECONDS[other], _SECONDS[unit])
    if (result * 1000).denominator != 1:
        return None
    return f"There are {plain_digits(result)} {unit}s in {_counted(value, other)}"


def _counted(value: Fraction, unit: str) -> str:
    return f"{'an' if unit == 'hour' else 'a'} {unit}" if value == 1 else f"{plain_digits(value)} {unit}s"


def _of_years(unit: str, value: Fraction, other: str) -> str | None:
    fixed = {
        ("month", "year"): 12,
        ("year", "decade"): 10,
        ("year", "century"): 100,
        ("decade", "century"): 10,
        ("month", "decade"): 120,
    }
    if (unit, other) in fixed:
        plural = "centuries" if unit == "century" else f"{unit}s"
        return f"There are {plain_digits(value * fixed[unit, other])} {plural} in {_counted(value, other)}"
    if (unit, other) == ("week", "year") and value == 1:
        return "A year has 52 weeks and a day, and a leap year 52 weeks and two days"
    if other == "year" and unit in ("hour", "minute", "second") and value == 1:
        each = 86400 // _SECONDS[unit]
        return f"A year of 365 days has {365 * each:,} {unit}s, and a leap year {366 * each:,}"
    return None


def _year(count: str, direction: str, *, now: datetime) -> str | None:
    tokens = count.split()
    found = number_at(tokens, 0)
    if found is None or found[1] != len(tokens) or found[0].denominator != 1:
        return None
    year = now.year + (-1 if direction == "ago" else 1) * int(found[0])
    return f"{'It was' if direction == 'ago' else 'It will be'} {year}" if 0 < year < 10000 else None


def _week(*, now: datetime) -> str:
    return f"It is week {now.isocalendar().week}, counted as ISO 8601 does"


def _day_of_year(*, now: datetime) -> str:
    left = (date(now.year, 12, 31) - now.date()).days
    return f"It is day {now.timetuple().tm_yday} of {now.year}, and {amount(left, 'day')} are left"


def _days_left(*, now: datetime) -> str:
    return f"{amount((date(now.year, 12, 31) - now.date()).days, 'day')} are left in {now.year}"


def _moment(words: str, *, now: datetime) -> str | None:
    if not re.match(r"in |.* (?:ago|from now)$", words):
        return None
    value = _read(words, now=now, toward=Toward.PAST if words.endswith("ago") else Toward.FUTURE)
    if not isinstance(value, Moment):
        return None
    be = "was" if value.at < now else "will be"
    return f"It {be} {words_of(TimeOfDay(time=value.at.time().replace(second=0), at=value.at), frame=_frame(now, Toward.FUTURE))}{_on_other_day(value.at, now)}"


def _on_other_day(at: datetime, now: datetime) -> str:
    return "" if at.date() == now.date() else f" on {full(at.date())}"


def _clocks(direction: str, *, now: datetime) -> str | Unsure:
    """The next change of the clocks here, in the wanted direction if one was said."""
    begin = datetime(now.year, now.month, now.day, 12, tzinfo=now.tzinfo)
    for days in range(366):
        one, other = begin + timedelta(days=days), begin + timedelta(days=days + 1)
        change = (other.utcoffset() or timedelta()) - (one.utcoffset() or timedelta())
        is_forward = change > timedelta()
        if change and (not direction or is_forward == (direction in ("forward", "ahead"))):
            return f"The clocks here go {'forward' if is_forward else 'back'} on {full(other.date())}"
    return Unsure(clause="The clocks here do not change within a year, as far as I know")


def _today(*, now: datetime) -> str:
    return f"It is {full(now.date())}"


def _is_today(day: str, *, now: datetime) -> str:
    return f"{'Yes' if f'{now:%A}'.casefold() == day else 'No'}, it is {full(now.date())}"


_UNIT: Final = r"(second|minute|hour|day|week|fortnight|month|year)s?"
_ON: Final = r"(?: on| fall on| falls on| fall| falls| be| be on)?"
_QUESTIONS: Final[tuple[tuple[str, Callable[..., str | Unsure | None]], ...]] = (
    (r"what(?:'s| is) (?:the )?(?:current )?(?:day|date)(?: and time)?(?: for)?(?: today)?|what(?:'s| is) today's (?:day|date)", _today),
    (r"is (?:it|today) (monday|tuesday|wednesday|thursday|friday|saturday|sunday)(?: today)?", _is_today),
    (r"(is|was|will) (this year|next year|this|it|\d{4})(?: be)? a leap year", _leap),
    (r"(?:when|what|which year|what year)(?:'s| is| was| will be)? (?:the )?(next|last|previous)(?: year that is a)? leap year(?: be)?", _next_leap),
    (rf"how many days (?:are |does |do )?(?:there )?(?:are )?(?:in )?(?:the month of )?({'|'.join(MONTHS[1:])})(?: have)?(?: (?:in |of )?(\d{{4}}))?(?: have)?", _days_in),
    (r"how many days (?:are |does )?(?:there )?(?:are )?(?:in )?(this month|the current month|(?:a|one|the|this|next) (?:leap[- ])?year|\d{4})()(?: have)?", _days_in),
    (rf"how many {_UNIT} (?:are |is )?(?:there )?(?:are )?in (an?|one|\S+(?: and a half)?|\S+ \S+) (second|minute|hour|day|week|fortnight|month|year|decade|century)(?:s)?", _units_in),
    (r"how many (decade)s (?:are )?(?:there )?(?:are )?in (a|one) (century)", _units_in),
    (r"(?:what|which) week (?:number )?(?:is it|are we in|of the year is it|is this)|(?:what(?:'s| is) )?the (?:current )?week number|what(?:'s| is) the number of (?:the|this) week", _week),
    (r"(?:what|which) day of the year is (?:it|today)|what number day of the year is (?:it|today)", _day_of_year),
    (r"how many sleeps (?:are there )?(?:until|till|to)()(.+)", lambda _, words, *, now: _how_long_until("day", words, now=now)),
    (rf"how many {_UNIT} (?:{_UNTIL}) (.+)", _how_long_until),
    (rf"how many {_UNIT} (?:is it |has it been |have passed |are there )?since (.+)", _since),
    (rf"how many {_UNIT} ago was (.+)", _since),
    (rf"how many {_UNIT} (?:are there |are |is it |is )?(?:between|from) (.+?) (?:and|to|until|till) (.+)", _between),
    (r"how long (?:is it )?(?:until|till|to|before)()(.+)", lambda _, words, *, now: _how_long_until("day", words, now=now)),
    (r"how (?:long|far|many days) (?:away )?is()(.+?) away", lambda _, words, *, now: _how_long_until("day", words, now=now)),
    (r"how long (?:is it|has it been|ago was)(?: since)?()(.+)", lambda _, words, *, now: _since("day", words, now=now)),
    (r"how long is it (?:from|between)()(.+?) (?:and|to|until|till) (.+)", lambda _, first, second, *, now: _between("day", first, second, now=now)),
    (r"how old (?:is|are|am|would|will) .*?\bborn (?:on |in )?(.+?)(?: be)?", _age),
    (r"what(?:'s| is) the age of .*?\bborn (?:on |in )?(.+)", _age),
    (r"what age is .*?\bborn (?:on |in )?(.+)", _age),
    (r"when (?:do|will) (?:the|our) clocks (?:go |change|be set |turn )?(forward|back|ahead)?(?: here)?", _clocks),
    (r"when (?:does|will) (?:daylight saving(?:s)?(?: time)?|summer time) (?:start|begin)()", lambda _, *, now: _clocks("forward", now=now)),
    (r"when (?:does|will) (?:daylight saving(?:s)?(?: time)?|summer time) (?:end|stop|be over)()", lambda _, *, now: _clocks("back", now=now)),
    (r"what time (?:will it be|is it|was it|will be it) (.+)", _moment),
    (r"what will the time be (.+)", _moment),
    (r"how many days (?:are )?left (?:are there )?(?:in |of )?(?:this|the) year|how many days are (?:there )?left this year", _days_left),
    (r"what(?:'s| is| was|) (was|is|)(tomorrow|yesterday)'s (?:date|day)", _which_day),
    (r"what year (?:was it|is it|will it be) (?:in )?(.+?) years?(?: (ago|from now))?", _year),
    (rf"(?:on )?(?:what|which) (?:day|date|weekday)(?: of the (?:week|month|year))?(?:'s)? ?(is|was|will|does|did|were)? ?(?:it be |the date )?(.+?){_ON}", _which_day),
    (r"what(?:'s| is) the (?:date|day|weekday)() (?:of |on |in )?(.+)", _which_day),
    (r"what (is|was|will) the (?:date|day|weekday) (?:be )?(?:of |on )?(.+)", _which_day),
    (r"what (is|was) (?:the )?date (.+)", _which_day),
    (rf"(?:when)(?:'s)? ?(is|was|will|does)? (.+?){_ON}", _which_day),
    (r"what(?:'s)? ?(is|was)? ((?:\S+ ){0,6}(?:days|weeks|months|years|day|week|month|year) (?:after|before|from|ago).*)", _which_day),
    (r"what weekday() (.+)", _which_day),
)  # fmt: skip
"""Words of a question, and what answers it with their groups."""
_COMPILED: Final = compiled(_QUESTIONS)
