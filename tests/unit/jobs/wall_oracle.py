"""When a clock on a wall first shows a time, found by watching the clock, with none of the arithmetic that is under test."""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

HOUR, MINUTE = 3600, 60
AROUND = 25 * HOUR
"""No clock was ever set back by more: so long, it may show again what it has shown."""


class WatchedClock:
    """A clock that was watched from `start` to `end` (UTC): hour by hour, and minute by minute on days on which it jumped."""

    def __init__(self, zone: ZoneInfo, start: datetime, end: datetime) -> None:
        self.zone = zone
        self._seen: list[tuple[datetime, datetime]] = []
        """Each moment (UTC) with what the clock showed (naive), where it showed what it had not shown before."""
        self.dates: set[date] = set()
        latest = datetime.min  # noqa: DTZ901
        for moment in _moments(zone, int(start.timestamp()), int(end.timestamp())):
            shown = datetime.fromtimestamp(moment, zone).replace(tzinfo=None)
            self.dates.add(shown.date())
            if shown > latest:
                latest = shown
                self._seen.append((datetime.fromtimestamp(moment, UTC), shown))
        self._shown = [shown for _, shown in self._seen]

    def first(self, wall: datetime) -> datetime:
        """The first moment at which it showed `wall` or, if it jumped over that, more."""
        after = bisect_left(self._shown, wall)
        moment, shown = self._seen[after]
        before, shown_before = self._seen[after - 1]
        runs_evenly = shown - shown_before == moment - before
        return before + (wall - shown_before) if runs_evenly else moment


def _moments(zone: ZoneInfo, start: int, end: int) -> Iterator[int]:
    def offset(at: int) -> timedelta | None:
        return datetime.fromtimestamp(at, zone).utcoffset()

    for here, there in pairwise(range(start, end + HOUR, HOUR)):
        if offset(here - AROUND) == offset(there + AROUND):
            yield here
        else:
            yield from range(here, there, MINUTE)


def jumps(zone: ZoneInfo, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """What the clock showed a minute before each jump, and right after it."""
    found, before = [], start.astimezone(zone)
    for moment in _moments(zone, int(start.timestamp()), int(end.timestamp())):
        now = datetime.fromtimestamp(moment, zone)
        if now.utcoffset() != before.utcoffset():
            found.append((before.replace(tzinfo=None), now.replace(tzinfo=None)))
        before = now
    return found


def days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(days=1)


def at(day: date, hour: int, minute: int) -> datetime:
    return datetime.combine(day, time(hour, minute))
