"""What people mean when they say a time: a moment, a day, a time of day, a length, an interval, something that recurs.

Owns the values only; `understand/times` reads them from words and tells them. Every datetime here is aware, in the home's
zone; a recurrence keeps its rule as RFC 5545 writes it.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import TypeAlias
from zoneinfo import ZoneInfo


class Toward(StrEnum):
    """Which of several moments with one name is meant: "Monday" is the next one for an alert, the last one for a memory."""

    FUTURE = "future"
    PAST = "past"
    AS_READ = "as_read"
    """This week's, this year's, today's; whether it is over does not matter."""


class Lean(StrEnum):
    """What an hour without "AM" or "PM" means when nothing else in the words says it."""

    ASK = "ask"
    MORNING = "morning"
    EVENING = "evening"
    DAY = "day"
    """When most people are awake and about: from 7 AM to 6:59 PM."""
    SOONEST = "soonest"


class DayPart(StrEnum):
    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"
    NIGHT = "night"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What a time expression is read against. `now` is aware; it is turned into `zone`."""

    now: datetime
    zone: ZoneInfo
    toward: Toward = Toward.FUTURE
    lean: Lean = Lean.ASK
    is_day_first: bool | None = None
    """How 10/6/2030 is read; None asks where both are possible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One instant: "tomorrow at noon", "in ten minutes"."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A date without a time of day: "next Friday", "the end of the month", "in three weeks"."""

    date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeOfDay:
    """A time without a day ("7 AM"), and when it is next; the last time it was, toward the past."""

    time: time
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """A length: "an hour and a half", "three months". The parts add up; months and days are the calendar's."""

    months: int = 0
    days: int = 0
    seconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """From `start` up to and without `end`: "between two and four", "from Monday to Wednesday", "tomorrow morning"."""

    start: datetime
    end: datetime
    is_whole_days: bool = False
    """Whether days were said and not times: both ends are then midnights."""
    part: DayPart | None = None
    """Which part of one day, if that was all that was said: an alert for it wants a time to be asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrence:
    """ "Every other Tuesday at seven in the morning": an RFC 5545 rule and its first occurrence (DTSTART), which it includes.

    The rule runs on the clock on the wall of the zone of `start`; rules of hours, minutes and seconds run on elapsed time.
    """

    rule: str
    """For instance "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU"; UNTIL, if any, is in UTC."""
    start: datetime
    has_time: bool
    """Whether a time of day was said; otherwise `start` is at midnight and the time wants to be asked for."""
    part: DayPart | None = None
    """ "Every morning": the part of the day, where it was said without a time."""
    lasts: Duration | None = None
    """How long each lasts, if that was said: "every Monday from nine to five"."""


Value: TypeAlias = Moment | Day | TimeOfDay | Duration | Interval | Recurrence


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguous:
    """Words that mean several things; the likeliest is first. All candidates are of the future where that was wanted."""

    candidates: tuple[Value, ...]
    question: str
    """What to ask back: "Seven in the morning or in the evening?"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """Words that can only mean what is over, although the future was wanted ("yesterday at noon"), or the other way round."""

    value: Value


Reading: TypeAlias = Value | Ambiguous | Passed


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A time expression in a sentence."""

    reading: Reading
    spans: tuple[tuple[int, int], ...]
    """Where its words are: character positions (start, end) in the text, in order, with the "at", "on" or "in" before them."""
    rest: str
    """The sentence without them, single spaces between its words."""
