"""When a rule is due: the next occurrence after a moment. Pure; no clock, no database.

The rules where a zone's clock jumps:
- a wall time in a gap is due at the first moment after the gap; but what recurs is passed over on a date that does not exist
  at all (Apia had no 30 December 2011);
- a wall time that comes twice is due the first time alone;
- occurrences that fall on one moment are one;
- rules of hours and minutes that name no day or hour run on elapsed time, so an hour is an hour across every jump.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from itertools import islice, takewhile
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.rrule import rrule, rrulestr

from earwitness.domain.alert import Alert, AtMoment, AtWallTime, OnEvent, Recurring
from earwitness.domain.errors import AlertError

_LONGEST_JUMP: Final = timedelta(days=3)
"""By more than this no zone's clock ever differed from UTC or jumped, with room to spare."""


class _Frequency(NamedTuple):
    step: timedelta | None
    is_short: bool = False


_FREQUENCIES: Final = {
    "YEARLY": _Frequency(None),
    "MONTHLY": _Frequency(None),
    "WEEKLY": _Frequency(timedelta(weeks=1)),
    "DAILY": _Frequency(timedelta(days=1)),
    "HOURLY": _Frequency(timedelta(hours=1), is_short=True),
    "MINUTELY": _Frequency(timedelta(minutes=1), is_short=True),
}


def moment_of(local: datetime, zone: tzinfo) -> datetime:
    """When (UTC) the clock on the wall shows `local` (naive) in `zone`: the first time if it comes twice; if it never does, the
    first moment after the gap."""
    wall = local.replace(tzinfo=zone, fold=0)
    found = wall.astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == local:
        return found
    later = wall.replace(fold=1).astimezone(UTC)
    return _first_after_jump(min(later, found), max(later, found), zone)


def _first_after_jump(low: datetime, high: datetime, zone: tzinfo) -> datetime:
    """The moment, to the second, at which the offset becomes that of `high`."""
    target = high.astimezone(zone).utcoffset()
    if low.astimezone(zone).utcoffset() == target:
        return low
    seconds_low, seconds_high = int(low.timestamp()), int(high.timestamp())
    while seconds_high - seconds_low > 1:
        middle = (seconds_low + seconds_high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == target:
            seconds_high = middle
        else:
            seconds_low = middle
    return datetime.fromtimestamp(seconds_high, UTC)


def does_date_exist(day: date, zone: tzinfo) -> bool:
    """Whether there was any moment of that date in the zone."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=zone)
    if noon.astimezone(UTC).astimezone(zone).date() == day:
        return True
    return moment_of(datetime.combine(day, time.min), zone).astimezone(zone).date() == day


def check(alert: Alert, *, household: tzinfo) -> None:
    """Raise AlertError if an alert can never be due, or its rule is none that can be kept."""
    try:
        if isinstance(alert.rule, AtWallTime | Recurring) and alert.rule.zone:
            ZoneInfo(alert.rule.zone)
        is_ever_due = isinstance(alert.rule, OnEvent) or next(occurrences(alert, after=None, household=household), None)
    except (ZoneInfoNotFoundError, ValueError, OverflowError) as error:
        raise AlertError("That is no rule by which something could recur.") from error
    if not is_ever_due:
        raise AlertError("That would never be due.", code="alert.never")


def zone_of(alert: Alert, household: tzinfo) -> tzinfo:
    """The zone whose clock an alert follows; the household's too if this machine no longer knows the alert's own."""
    name = alert.rule.zone if isinstance(alert.rule, AtWallTime | Recurring) else ""
    try:
        return ZoneInfo(name) if name else household
    except (ZoneInfoNotFoundError, ValueError):
        return household


def occurrences(alert: Alert, *, after: datetime | None, household: tzinfo) -> Iterator[datetime]:
    """The moments (UTC, ascending) at which an alert is due, later than `after`; all of them if that is None. May never end.

    Whether it is on, paused or skipped does not matter here.
    """
    match alert.rule:
        case AtMoment(at=at):
            found: Iterator[datetime] = iter((at.astimezone(UTC),))
        case AtWallTime(local=local):
            found = iter((moment_of(local, zone_of(alert, household)),))
        case OnEvent():
            found = iter(())
        case Recurring():
            found = _recurring(alert.rule, after=after, zone=zone_of(alert, household))
    for moment in found:
        if after is None or moment > after:
            after = moment
            yield moment


def next_due(alert: Alert, *, household: tzinfo) -> datetime | None:
    """When an alert is due next, after all that was handled or is to be skipped; None if never."""
    if not alert.is_on or alert.remaining_seconds is not None:
        return None
    done = [moment for moment in (alert.handled_until, alert.skipped_until) if moment is not None]
    return next(occurrences(alert, after=max(done, default=None), household=household), None)


def due_until(alert: Alert, *, now: datetime, household: tzinfo) -> tuple[list[datetime], datetime | None]:
    """All occurrences from `due_at` up to `now`, and the next one after; of an alert that is due."""
    assert alert.due_at is not None
    if isinstance(alert.rule, OnEvent):
        return [alert.due_at], None
    found = [alert.due_at]
    for moment in occurrences(alert, after=alert.due_at, household=household):
        if moment > now:
            return found, moment
        found.append(moment)
    return found, None


class _Parsed(NamedTuple):
    rule: rrule
    step: timedelta | None
    """By multiples of this its start may be moved without changing what follows; None if not at all."""
    most: int | None
    until: datetime | None
    """Its last moment: aware, or naive for the clock on the wall."""
    is_elapsed: bool


@lru_cache(maxsize=512)
def _parsed(text: str, start: datetime) -> _Parsed:
    """Read an RFC 5545 recurrence rule. Raises ValueError."""
    parts = dict(part.split("=", 1) for part in text.upper().split(";"))
    until, count = parts.pop("UNTIL", None), int(parts.pop("COUNT", "0")) or None
    rule = rrulestr(";".join(f"{name}={value}" for name, value in parts.items()), dtstart=start)
    frequency = _FREQUENCIES[parts["FREQ"]] if parts.get("FREQ") in _FREQUENCIES else None
    interval = int(parts.get("INTERVAL", "1"))
    if frequency is None or interval < 1 or not isinstance(rule, rrule):
        raise ValueError("a rule of minutes at least")
    is_elapsed = frequency.is_short and not any(name.startswith("BY") for name in parts)
    return _Parsed(
        rule=rule,
        step=None if count or frequency.step is None else frequency.step * interval,
        most=count,
        until=None if until is None else _read_until(until),
        is_elapsed=is_elapsed,
    )


def _read_until(text: str) -> datetime:
    if text.endswith("Z"):
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if "T" in text:
        return datetime.strptime(text, "%Y%m%dT%H%M%S")  # noqa: DTZ007  (RFC 5545: on the wall)
    return datetime.strptime(f"{text}T235959", "%Y%m%dT%H%M%S")  # noqa: DTZ007


def _recurring(rule: Recurring, *, after: datetime | None, zone: tzinfo) -> Iterator[datetime]:
    parsed = _parsed(rule.rule, rule.start)
    floor = None if after is None else after.astimezone(UTC).replace(tzinfo=None) - _LONGEST_JUMP
    if parsed.is_elapsed:
        start = moment_of(rule.start, zone).replace(tzinfo=None)
        moments = (moment.replace(tzinfo=UTC) for moment in _from(parsed, start=start, floor=floor))
    else:
        walls = _from(parsed, start=rule.start, floor=floor)
        moments = (moment_of(wall, zone) for wall in walls if does_date_exist(wall.date(), zone))
    if parsed.until is None:
        return moments
    last = parsed.until if parsed.until.tzinfo else moment_of(parsed.until, zone)
    return takewhile(lambda moment: moment <= last, moments)


def _from(parsed: _Parsed, *, start: datetime, floor: datetime | None) -> Iterator[datetime]:
    """What the rule gives (naive), without counting up from its start to `floor` if that can be left out."""
    if floor is not None and floor > start and parsed.step is not None:
        start += (floor - start) // parsed.step * parsed.step
    return islice(parsed.rule.replace(dtstart=start), parsed.most)
