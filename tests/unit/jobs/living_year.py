"""A year of alerts under a test clock: the real job on a real database, against clocks that are watched minute by minute.

python -m tests.unit.jobs.living_year          every zone that changes its clock within the year, a few at a time
"""

import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from earwitness.domain.alert import Alert, AlertKind, AtWallTime, Recurring
from earwitness.jobs.fire_alerts import FireAlerts, Ringing
from earwitness.links.alerts import Alerts
from earwitness.storage.database import Database
from tests.unit.jobs.virtual_time import WallClock, run
from tests.unit.jobs.wall_oracle import WatchedClock, at, days, jumps

WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
DAY: Final = timedelta(days=1)
Rung = tuple[str, datetime]
"""An alert and the moment, to the second, at which it rang."""


@dataclass(frozen=True)
class Year:
    """From `start` on; the household is in the first of `homes`, and moves to the next each time a part of the year is over."""

    start: datetime
    zones: tuple[str, ...]
    homes: tuple[str, ...] = ("Europe/Berlin",)
    length: timedelta = 365 * DAY

    @property
    def end(self) -> datetime:
        return self.start + self.length


@dataclass(frozen=True)
class Wanted:
    """What should ring, by zone: each alert with its wall times; an empty zone is the household's."""

    alert: Alert
    walls: tuple[datetime, ...]
    zone: str


def wanted_in(zone: str, year: Year, clock: WatchedClock) -> list[Wanted]:
    """Alarms on the weekdays of its jumps, reminders and routines of one zone, and one-off alarms around each jump."""
    first, last, begin = year.start.date() - DAY, year.end.date() + DAY, date(2010, 1, 1)  # a Friday
    jumped = jumps(ZoneInfo(zone), year.start, year.end)
    weekdays = {after.weekday() for _, after in jumped} or {6}
    every = [day for day in days(first, last) if day in clock.dates]
    alarms = [day for day in every if day.weekday() in weekdays]
    fridays = [day for day in every if day.weekday() == 4 and (day - begin).days % 14 == 0]
    month_ends = [day for day in every if (day + DAY).day == 1]
    names = ",".join(WEEKDAYS[weekday] for weekday in sorted(weekdays))
    found = [
        _recurring(zone, AlertKind.ALARM, f"FREQ=WEEKLY;BYDAY={names}", [at(day, 2, 30) for day in (begin, *alarms)]),
        _recurring(zone, AlertKind.REMINDER, "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", [at(day, 0, 15) for day in (begin, *fridays)]),
        _recurring(zone, AlertKind.ROUTINE, "FREQ=MONTHLY;BYMONTHDAY=-1", [at(day, 23, 59) for day in (begin, *month_ends)]),
    ]
    for before, after in jumped:
        for wall in {before, after, before + (after - before) / 2, before - timedelta(minutes=7), after + timedelta(minutes=7)}:
            rule = AtWallTime(local=wall.replace(second=0, microsecond=0), zone=zone)
            alert = Alert(alert_id=f"{zone} once {rule.local}", kind=AlertKind.ALARM, rule=rule, created_at=year.start)
            found.append(Wanted(alert, (rule.local,), zone))
    return found


def _recurring(zone: str, kind: AlertKind, rule: str, walls: list[datetime]) -> Wanted:
    """What recurs from the first of `walls`, long ago, and should ring at the others."""
    created = datetime(2010, 1, 1, tzinfo=UTC)
    recurring = Recurring(rule=rule, start=walls[0], zone=zone)
    return Wanted(Alert(alert_id=f"{zone} {kind.value}", kind=kind, rule=recurring, created_at=created), tuple(walls[1:]), zone)


def expected(year: Year) -> tuple[list[Alert], list[Rung]]:
    """The alerts of a year, and when a watcher of the clocks says that they ring."""
    alerts, rings = [], []
    for zone in year.zones:
        clock = WatchedClock(ZoneInfo(zone), year.start - 4 * DAY, year.end + 4 * DAY)
        for one in wanted_in(zone, year, clock):
            alerts.append(one.alert)
            rings += [(one.alert.alert_id, clock.first(wall)) for wall in one.walls]
    alerts.append(_at_home())
    part = year.length / len(year.homes)
    for number, home in enumerate(year.homes):
        begins, ends = year.start + number * part, year.start + (number + 1) * part
        clock = WatchedClock(ZoneInfo(home), begins - 4 * DAY, ends + 4 * DAY)
        moments = {clock.first(at(day, 6, 45)) for day in days(begins.date() - DAY, ends.date() + DAY)}
        rings += [("home", moment) for moment in moments if begins < moment <= ends]
    return alerts, sorted(ring for ring in set(rings) if year.start < ring[1] < year.end)


def _at_home() -> Alert:
    rule = Recurring(rule="FREQ=DAILY", start=at(date(2010, 1, 1), 6, 45))
    return Alert(alert_id="home", kind=AlertKind.ALARM, rule=rule, created_at=datetime(2010, 1, 1, tzinfo=UTC))


def live(year: Year, alerts: Iterable[Alert], folder: Path) -> list[Rung]:
    """Let the job ring through the year; everything is stopped as soon as it rings."""
    rung: list[Rung] = []

    async def work(clock: WallClock) -> None:
        clock.zone = ZoneInfo(year.homes[0])
        kept = Alerts(Database(folder / "household.db", chain="household"), clock=clock)
        for alert in alerts:
            kept.add(_from(alert, year.start))
        jobs: list[FireAlerts] = []

        def ring(ringing: Ringing) -> None:
            assert ringing.late_seconds == 0, ringing
            rung.append((ringing.alert_id, clock().astimezone(UTC)))
            jobs[0].acknowledge(ringing.ring_id)

        jobs.append(FireAlerts(alerts=kept, clock=clock, ring=ring, hush=lambda _: None, longest_sleep_seconds=86_400))
        task = asyncio.create_task(jobs[0].run())
        part = year.length / len(year.homes)
        for number, home in enumerate(year.homes):
            clock.zone = ZoneInfo(home)
            jobs[0]._wake.set()
            await asyncio.sleep((year.start + (number + 1) * part - clock()).total_seconds())
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        kept.database.close()

    run(work, start=year.start)
    return sorted(rung)


def _from(alert: Alert, start: datetime) -> Alert:
    """As if it had been there for long, and all of before had been handled."""
    return Alert(
        alert_id=alert.alert_id,
        kind=alert.kind,
        rule=alert.rule,
        created_at=start,
        handled_until=start if isinstance(alert.rule, Recurring) else None,
    )


@dataclass(frozen=True)
class Verdict:
    rings: int
    missed: list[Rung]
    wrong: list[Rung]
    """What rang at another moment, or a second time."""


def judge(year: Year, folder: Path) -> Verdict:
    """Live a year and compare."""
    alerts, wanted = expected(year)
    rung = live(year, alerts, folder)
    missed, wrong = Counter(wanted) - Counter(rung), Counter(rung) - Counter(wanted)
    return Verdict(len(rung), list(missed.elements()), list(wrong.elements()))


def main() -> int:
    """Every zone with a change in the year, twenty at a time."""
    start = datetime(int(sys.argv[1]) if len(sys.argv) > 1 else 2026, 1, 1, tzinfo=UTC)
    seen: dict[tuple[object, ...], str] = {}
    for zone in sorted(available_timezones() - {"localtime", "Factory"}):
        if found := tuple(jumps(ZoneInfo(zone), start, start + 365 * DAY)):
            seen.setdefault((*found, ZoneInfo(zone).utcoffset(start)), zone)
    zones, total, wrong, began = sorted(seen.values()), 0, 0, time.monotonic()
    for index in range(0, len(zones), 20):
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            verdict = judge(Year(start, tuple(zones[index : index + 20])), Path(folder))
        total, wrong = total + verdict.rings, wrong + len(verdict.missed) + len(verdict.wrong)
        for ring in (*verdict.missed, *verdict.wrong):
            print("wrong:", *ring)
    seconds = time.monotonic() - began
    print(f"{len(zones)} zones that change differently in {start.year}: {total} rings, {wrong} wrong, {seconds:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
