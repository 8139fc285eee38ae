"""From days and clocks on the wall to instants, and the occurrences of a rule, by the rules of `recurrence.py`.

Daylight saving: a time that the clocks skip is the first moment after the gap; a time that they show twice is the first of
the two, and the second if only that one is still ahead.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from earwitness.domain.alert import Alert, AlertKind, Recurring
from earwitness.domain.times import Duration, Recurrence
from earwitness.recurrence import moment_of, occurrences

_ELAPSED: Final = frozenset(("HOURLY", "MINUTELY"))
_TRIED: Final = 4
"""Occurrences looked at for a first one whose time the clocks do not skip."""


def instant(day: date, at: time, *, zone: tzinfo, after: datetime | None = None) -> datetime | None:
    """The instant of a time on a day in a zone, in that zone; None beyond the years that a calendar has."""
    wall = datetime.combine(day, at)
    try:
        first = moment_of(wall, zone).astimezone(zone)
        if after is None or is_later(first, after):
            return first
        second = wall.replace(tzinfo=zone, fold=1).astimezone(UTC).astimezone(zone)
        return second if second.replace(tzinfo=None) == wall else first
    except (OverflowError, ValueError):
        return None


def is_later(one: datetime, other: datetime) -> bool:
    """Whether an instant is later than another; datetimes of one zone would be compared by the wall."""
    return one.astimezone(UTC) > other.astimezone(UTC)


def plus(moment: datetime, length: Duration, *, sign: int = 1) -> datetime | None:
    """So much later: months and days on the calendar, seconds elapsed. None beyond the years that a calendar has."""
    zone = moment.tzinfo or UTC
    try:
        begun: datetime | None = moment
        if length.months or length.days:
            wall = moment.replace(tzinfo=None) + relativedelta(months=sign * length.months, days=sign * length.days)
            begun = instant(wall.date(), wall.time(), zone=zone)
        elapsed = timedelta(seconds=sign * length.seconds)
        return None if begun is None else (begun.astimezone(UTC) + elapsed).astimezone(zone)
    except (OverflowError, ValueError):
        return None


def is_elapsed(rule: str) -> bool:
    """Whether a rule counts hours or minutes, which daylight saving does not stretch."""
    return rule.partition("FREQ=")[2].partition(";")[0] in _ELAPSED


def first_of(rule: str, *, day: date, at: time, zone: ZoneInfo, after: datetime | None) -> datetime | None:
    """The first instant, from `day` on and later than `after`, that fits a rule of days but for its INTERVAL, UNTIL and COUNT.

    One whose time the clocks skip is passed over: what recurs keeps the time of its first occurrence.
    """
    plain = ";".join(part for part in rule.split(";") if not part.startswith(("INTERVAL=", "UNTIL=", "COUNT=")))
    recurring = Recurring(rule=plain, start=datetime.combine(day, at))
    try:
        found = [
            moment.astimezone(zone) for moment in islice(occurrences(_alert(recurring), after=after, household=zone), _TRIED)
        ]
    except (OverflowError, ValueError):
        return None
    return next((moment for moment in found if moment.time() == at), None)


def as_rule(recurrence: Recurrence, *, zone: str = "") -> Recurring:
    """What recurs as alerts keep it: on the wall of the household, or of the zone that is named."""
    return Recurring(rule=recurrence.rule, start=recurrence.start.replace(tzinfo=None, fold=0), zone=zone)


def next_after(recurrence: Recurrence, *, after: datetime) -> datetime | None:
    """The first occurrence later than `after`, in the recurrence's zone; None when it has ended."""
    zone = recurrence.start.tzinfo or UTC
    found = next(occurrences(_alert(as_rule(recurrence)), after=after, household=zone), None)
    return None if found is None else found.astimezone(zone)


def _alert(rule: Recurring) -> Alert:
    return Alert(alert_id="", kind=AlertKind.REMINDER, rule=rule, created_at=datetime.min.replace(tzinfo=UTC))


def until_text(moment: datetime) -> str:
    """UNTIL as a rule has it."""
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def moved(recurrence: Recurrence, *, zone: ZoneInfo) -> Recurrence:
    """The same hours on the wall in another zone: what a household wants when it moves."""
    wall = recurrence.start.replace(tzinfo=None, fold=0)
    start = instant(wall.date(), wall.time(), zone=zone)
    return recurrence if start is None else replace(recurrence, start=start)
