"""Rows of alerts and their occurrences, on SQLite and PostgreSQL: kept whole, claimed once, moved on, settled with satellites."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from earwitness.domain.alert import (
    GOOD_NIGHT,
    Alert,
    AlertKind,
    AtMoment,
    AtWallTime,
    OnEvent,
    Outcome,
    Place,
    Recurring,
    RingState,
    Rule,
)
from earwitness.domain.errors import AlertError
from earwitness.links.alerts import Alerts, Claim
from earwitness.storage.database import Database
from earwitness.storage.household import people, rings

NOW = datetime(2026, 11, 24, 15, 7, tzinfo=UTC)
HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
DAILY = Recurring(rule="FREQ=DAILY", start=datetime.fromisoformat("2026-11-20T07:00"))
SEVEN = datetime(2026, 11, 25, 7, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


class Clock:
    def __init__(self) -> None:
        self.now, self.zone = NOW, UTC

    zone: tzinfo

    def __call__(self) -> datetime:
        return self.now.astimezone(self.zone)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def alerts(tmp_path: Path, clock: Clock) -> Iterator[Alerts]:
    database = Database(tmp_path / "household.db", chain="household")
    yield Alerts(database, clock=clock)
    database.close()


@pytest.fixture
def anywhere(household_place: Path | str, clock: Clock) -> Iterator[Alerts]:
    """On SQLite and on PostgreSQL."""
    database = Database(household_place, chain="household")
    yield Alerts(database, clock=clock)
    database.close()


def alarm(rule: Rule = DAILY, *, alert_id: str = "a", kind: AlertKind = AlertKind.ALARM) -> Alert:
    return Alert(alert_id=alert_id, kind=kind, rule=rule, created_at=NOW)


def claim_one(alerts: Alerts, now: datetime) -> Claim:
    (claim,) = alerts.claim(now)
    return claim


@pytest.mark.parametrize(
    "rule",
    [
        AtMoment(at=SEVEN + timedelta(microseconds=1)),
        AtWallTime(local=datetime.fromisoformat("2026-11-25T07:00"), zone="Asia/Kathmandu"),
        DAILY,
        OnEvent(event=GOOD_NIGHT, is_once=False),
    ],
)
def test_comes_back_as_it_was(alerts: Alerts, rule: Rule) -> None:
    with alerts.database.writing() as connection:
        person = {"name": "Ada", "name_key": "ada", "alias": "x", "passphrase_hash": "", "created_at": 0.0}
        connection.execute(people.insert().values(person_id="p", **person))
    whole = replace(alarm(rule), name="wake 🌞", text="Get up", person_id="p", area="Bedroom", device_id="d", place=Place.ROOM)
    kept = alerts.add(replace(whole, sound="chime", is_rising=True, must_acknowledge=True))
    assert alerts.all() == (kept,)
    assert replace(kept, due_at=None, handled_until=None, sound="tone", is_rising=False, must_acknowledge=False) == whole
    with alerts.database.writing() as connection:
        connection.execute(people.delete())
    assert alerts.all() == (), "it goes with the person it is for"


def test_what_recurs_is_claimed_once_for_each_occurrence_and_moves_on(alerts: Alerts) -> None:
    assert alerts.add(alarm()).due_at == SEVEN
    assert alerts.claim(SEVEN - MINUTE) == ()
    claim = claim_one(alerts, SEVEN)
    assert (claim.ring.due_at, claim.ring.state, claim.alert.due_at) == (SEVEN, RingState.RINGING, SEVEN + DAY)
    assert alerts.claim(SEVEN) == ()
    alerts.end([claim.ring], outcome=Outcome.STOPPED, now=SEVEN)
    assert [one.due_at for one in alerts.all()] == [SEVEN + DAY]
    assert alerts.next_due() == SEVEN + DAY


def test_what_is_once_is_forgotten_when_it_is_over(alerts: Alerts) -> None:
    alerts.add(alarm(AtWallTime(local=datetime.fromisoformat("2026-11-25T07:00"))))
    claim = claim_one(alerts, SEVEN)
    assert len(alerts.all()) == 1
    alerts.end([claim.ring], outcome=Outcome.STOPPED, now=SEVEN)
    assert alerts.all() == ()
    assert alerts.open_rings() == ()


def test_after_a_week_away_the_last_rings_if_it_is_not_long_ago_and_the_rest_is_missed_at_once(anywhere: Alerts) -> None:
    anywhere.add(alarm())
    missed, ringing = anywhere.claim(SEVEN + 6 * DAY + 59 * MINUTE)
    assert (missed.ring.state, missed.ring.due_at, missed.ring.times) == (RingState.MISSED, SEVEN + 5 * DAY, 6)
    assert (ringing.ring.state, ringing.ring.due_at) == (RingState.RINGING, SEVEN + 6 * DAY)
    later = claim_one(anywhere, SEVEN + 7 * DAY + 61 * MINUTE)
    assert (later.ring.state, later.ring.times) == (RingState.MISSED, 1)


def test_a_clock_that_went_back_does_not_ring_again(alerts: Alerts) -> None:
    alerts.add(alarm())
    claim_one(alerts, SEVEN)
    alerts.replan(now=SEVEN - 2 * HOUR)
    assert alerts.claim(SEVEN) == ()
    assert alerts.all()[0].due_at == SEVEN + DAY


def test_a_clock_that_was_years_ahead_for_a_while_takes_no_alarm_away(alerts: Alerts) -> None:
    alerts.add(alarm())
    claim_one(alerts, SEVEN)
    alerts.claim(SEVEN + 3000 * DAY)
    assert alerts.replan(now=SEVEN + HOUR) == 1
    assert alerts.all()[0].due_at == SEVEN + DAY
    alerts.replan(now=SEVEN - HOUR)
    assert alerts.claim(SEVEN) == (), "what has rung has rung"
    assert len(alerts.claim(SEVEN + DAY)) == 1


def test_a_household_that_moves_takes_its_alarms_along(alerts: Alerts, clock: Clock) -> None:
    alerts.add(alarm())
    alerts.add(alarm(replace(DAILY, zone="Asia/Kathmandu"), alert_id="there"))
    clock.zone = BERLIN
    assert alerts.replan(now=NOW) == 1
    assert {one.alert_id: one.due_at for one in alerts.all()} == {
        "a": datetime(2026, 11, 25, 7, tzinfo=BERLIN),
        "there": datetime(2026, 11, 25, 7, tzinfo=ZoneInfo("Asia/Kathmandu")),
    }


def test_the_next_is_skipped_and_that_is_taken_back(alerts: Alerts) -> None:
    skipped = alerts.skip_next(alerts.add(alarm()))
    assert skipped is not None
    assert skipped.due_at == SEVEN + DAY
    assert alerts.skip_next(alarm()) is None, "it has nothing to skip that was never kept"
    back = alerts.unskip(skipped)
    assert back is not None
    assert back.due_at == SEVEN


def test_changes_only_what_is_still_as_it_was(alerts: Alerts, clock: Clock) -> None:
    before = alerts.add(alarm())
    off = alerts.change(before, after=replace(before, is_on=False))
    assert off is not None
    assert off.due_at is None
    assert alerts.change(before, after=replace(before, name="late")) is None
    clock.now = NOW + 3 * DAY
    on = alerts.change(off, after=replace(off, is_on=True))
    assert on is not None
    assert on.due_at == SEVEN + 3 * DAY, "what was off was not missed"
    earlier = Recurring(rule="FREQ=DAILY", start=datetime.fromisoformat("2026-11-20T15:00"))
    changed = alerts.change(on, after=replace(on, rule=earlier))
    assert changed is not None
    assert changed.due_at == datetime(2026, 11, 28, 15, tzinfo=UTC), "today's new time is over, and was not missed"


def test_an_event_makes_due_what_waits_for_it(alerts: Alerts) -> None:
    alerts.add(alarm(OnEvent(event=GOOD_NIGHT), alert_id="once", kind=AlertKind.REMINDER))
    alerts.add(alarm(OnEvent(event=GOOD_NIGHT, is_once=False), alert_id="always", kind=AlertKind.REMINDER))
    alerts.add(alarm(OnEvent(event="good_morning"), alert_id="other", kind=AlertKind.REMINDER))
    assert alerts.claim(NOW) == ()
    for number in range(2):
        at = NOW + number * DAY
        assert alerts.happened(GOOD_NIGHT, now=at) == 2 - number
        claims = alerts.claim(at)
        assert [claim.alert.alert_id for claim in claims] == (["always", "once"] if number == 0 else ["always"])
        alerts.end([claim.ring for claim in claims], outcome=Outcome.STOPPED, now=at)
        assert alerts.happened(GOOD_NIGHT, now=at + MINUTE / 2) == 0, "that was the same good night"
    assert {one.alert_id for one in alerts.all()} == {"always", "other"}


def test_what_is_snoozed_rings_again_as_the_same_occurrence(anywhere: Alerts) -> None:
    anywhere.add(alarm(AtMoment(at=SEVEN)))
    ring = claim_one(anywhere, SEVEN).ring
    assert anywhere.snooze(ring, until=SEVEN + 9 * MINUTE)
    assert anywhere.claim(SEVEN + 8 * MINUTE) == ()
    again = claim_one(anywhere, SEVEN + 9 * MINUTE).ring
    assert (again.ring_id, again.rings_at, again.state) == (ring.ring_id, SEVEN + 9 * MINUTE, RingState.RINGING)
    anywhere.end([again], outcome=Outcome.STOPPED, now=SEVEN + 10 * MINUTE)
    assert not anywhere.snooze(again, until=SEVEN + HOUR)
    assert anywhere.all() == ()


def test_what_is_removed_rings_no_more(alerts: Alerts) -> None:
    alerts.add(alarm(AtMoment(at=SEVEN)))
    alerts.claim(SEVEN)
    assert alerts.remove(["a", "never"]) == 1
    assert alerts.open_rings() == ()


@pytest.mark.parametrize("state", [RingState.OVER, RingState.SNOOZED, RingState.RINGING])
def test_what_a_satellite_rang_on_its_own_is_not_claimed_any_more(alerts: Alerts, state: RingState) -> None:
    alerts.add(alarm())
    later = SEVEN + 9 * MINUTE
    rings_at = later if state is RingState.SNOOZED else SEVEN
    assert alerts.settle("a", SEVEN, state=state, rings_at=rings_at, now=SEVEN + MINUTE)
    assert alerts.claim(SEVEN + MINUTE) == ()
    assert alerts.all()[0].due_at == SEVEN + DAY
    assert [ring.state for ring in alerts.open_rings()] == ([] if state is RingState.OVER else [state])
    assert [claim.ring.due_at for claim in alerts.claim(later)] == ([SEVEN] if state is RingState.SNOOZED else [])


def test_what_is_over_here_is_over_for_a_satellite_that_tells_late(alerts: Alerts) -> None:
    alerts.add(alarm())
    alerts.end([claim_one(alerts, SEVEN).ring], outcome=Outcome.STOPPED, now=SEVEN)
    assert not alerts.settle("a", SEVEN, state=RingState.RINGING, rings_at=SEVEN, now=SEVEN + MINUTE)
    assert not alerts.settle("never", SEVEN, state=RingState.OVER, rings_at=SEVEN, now=SEVEN + MINUTE)
    assert alerts.open_rings() == ()


def test_two_servers_claim_each_occurrence_once(household_place: Path | str, anywhere: Alerts, clock: Clock) -> None:
    for number in range(12):
        anywhere.add(alarm(AtMoment(at=SEVEN + number * MINUTE) if number % 2 else DAILY, alert_id=f"{number:02}"))
    others = [Alerts(Database(household_place, chain="household"), clock=clock) for _ in range(3)]
    claimed: list[str] = []
    together = threading.Barrier(4)

    def serve(server: Alerts) -> None:
        together.wait()
        for minute in range(0, 12, 2):
            claimed.extend(claim.ring.ring_id for claim in server.claim(SEVEN + minute * MINUTE))

    threads = [threading.Thread(target=serve, args=(server,)) for server in (anywhere, *others)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for server in others:
        server.database.close()
    assert len(claimed) == len(set(claimed)) == 11, "the last is due a minute later"


def test_occurrences_are_remembered_for_a_while(alerts: Alerts) -> None:
    alerts.add(alarm())
    alerts.end([claim_one(alerts, SEVEN).ring], outcome=Outcome.STOPPED, now=SEVEN)

    def remembered() -> int:
        with alerts.database.reading() as connection:
            return int(connection.scalar(sa.select(sa.func.count()).select_from(rings)) or 0)

    alerts.prune(now=SEVEN + 7 * DAY)
    assert remembered() == 1
    alerts.prune(now=SEVEN + 9 * DAY)
    assert remembered() == 0


def test_what_would_never_be_due_is_refused(alerts: Alerts) -> None:
    with pytest.raises(AlertError):
        alerts.add(alarm(Recurring(rule="FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", start=NOW.replace(tzinfo=None))))
    assert alerts.all() == ()
