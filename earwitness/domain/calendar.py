"""What a calendar holds: events and to-dos. A moment is an aware datetime; a whole day is a date. No I/O."""

from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from typing import Final

LONGEST_SUMMARY: Final = 500
"""Characters of a title, a place or a list's name; what is longer is cut when it is read."""

When = datetime | date
"""A moment (aware datetime) or a whole day (date)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event, or one occurrence of an event that repeats: then `event_id` is that of all of them.

    `ends` is when it is over: for days, the day after the last. `calendar` is the name of the calendar that holds it.
    Raises ValueError for a datetime without a zone, for a day with a moment, and for an end before the start.
    """

    event_id: str
    summary: str
    starts: When
    ends: When
    location: str = ""
    calendar: str = ""
    remind_at: datetime | None = None
    is_recurring: bool = False
    rule: str = ""
    """Of one that repeats: its RFC 5545 rule, which runs on the wall clock of the zone of `starts`."""
    occurrence: When | None = None
    """Which time of a series it is: when the rule has it, also where this one was moved."""

    def __post_init__(self) -> None:
        _check(self.starts, self.ends, self.remind_at, self.occurrence)
        if isinstance(self.starts, datetime) != isinstance(self.ends, datetime):
            raise ValueError("an event begins and ends with moments, or with days")
        if self.ends < self.starts:
            raise ValueError("an event ends after it begins")

    @property
    def is_all_day(self) -> bool:
        return not isinstance(self.starts, datetime)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventChange:
    """What is to be otherwise about an event; None stays. `starts` and `ends` come together, both moments or both days.

    Of a series only the time of day can be moved, and `starts` and `ends` are those of the time that is `occurrence`.
    """

    summary: str | None = None
    location: str | None = None
    starts: When | None = None
    ends: When | None = None

    def __post_init__(self) -> None:
        _check(self.starts, self.ends)
        if (self.starts is None) != (self.ends is None):
            raise ValueError("an event that is moved has a start and an end")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One thing to do. `remind_at` is when it is to be said aloud; `calendar` is the name of the calendar that holds it.

    Raises ValueError for a datetime without a zone.
    """

    task_id: str
    summary: str
    due: When | None = None
    remind_at: datetime | None = None
    completed_at: datetime | None = None
    is_complete: bool = False
    calendar: str = ""

    def __post_init__(self) -> None:
        _check(self.due, self.remind_at, self.completed_at)


def moment_of(when: When, zone: tzinfo) -> datetime:
    """When that is, a day being its first moment in `zone`."""
    return when if isinstance(when, datetime) else datetime.combine(when, time(), zone)


def _check(*moments: When | None) -> None:
    for moment in moments:
        if isinstance(moment, datetime) and moment.tzinfo is None:
            raise ValueError("a moment has a zone")
