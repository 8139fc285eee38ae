"""When rules are due, against a clock that is watched: in gaps, in folds, on days that do not exist, in every zone."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import islice
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from earwitness.domain.alert import Alert, AlertKind, AtMoment, AtWallTime, OnEvent, Recurring, Rule, occurrence_of, ring_id
from earwitness.domain.errors import AlertError
from earwitness.recurrence import check, does_date_exist, due_until, moment_of, next_due, occurrences
from tests.unit.jobs.wall_oracle import WatchedClock, at, days

BERLIN, APIA, LORD_HOWE = ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Apia"), ZoneInfo("Australia/Lord_Howe")
ZONES = sorted(available_timezones() - {"localtime", "Factory"})


def alert(rule: Rule) -> Alert:
    return Alert(alert_id="a", kind=AlertKind.ALARM, rule=rule, created_at=datetime(2011, 1, 1, tzinfo=UTC))


def local(text: str) -> datetime:
    return datetime.fromisoformat(text)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "wall", "moment"),
    [
        ("Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:00"),  # in the gap: at its end
        ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30"),  # twice: the first
        ("Australia/Lord_Howe", "2026-10-04T02:10", "2026-10-03T15:30"),  # a gap of half an hour
        ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45"),
        ("Antarctica/Troll", "2026-03-29T01:30", "2026-03-29T01:00"),  # a gap of two hours
        ("Pacific/Apia", "2011-12-30T07:00", "2011-12-30T10:00"),  # a day that was not
        ("America/St_Johns", "2011-03-13T00:30", "2011-03-13T03:31"),  # a gap that began at one minute past midnight
        ("Europe/Dublin", "2026-10-25T01:30", "2026-10-25T00:30"),
        ("Asia/Kathmandu", "2026-06-01T00:00", "2026-05-31T18:15"),
        ("Pacific/Kiritimati", "1994-12-31T12:00", "1994-12-31T10:00"),
    ],
)
def test_when_the_wall_shows_a_time(zone: str, wall: str, moment: str) -> None:
    assert moment_of(local(wall), ZoneInfo(zone)) == utc(moment)


@cache
def watched(zone: str, year: int) -> WatchedClock:
    return WatchedClock(ZoneInfo(zone), datetime(year - 1, 12, 28, tzinfo=UTC), datetime(year + 1, 1, 5, tzinfo=UTC))


@given(zone=st.sampled_from(ZONES), minute=st.integers(0, 40 * 366 * 1440))
@example(zone="Pacific/Apia", minute=11_570_400)
@settings(deadline=None)
def test_a_wall_time_is_due_when_a_watched_clock_first_shows_it(zone: str, minute: int) -> None:
    wall = local("1990-01-01") + timedelta(minutes=minute)
    around = wall.replace(tzinfo=UTC)
    clock = WatchedClock(ZoneInfo(zone), around - timedelta(days=3), around + timedelta(days=3))
    assert moment_of(wall, ZoneInfo(zone)) == clock.first(wall)


@given(zone=st.sampled_from(ZONES), minutes=st.lists(st.integers(0, 20 * 366 * 1440), min_size=2, max_size=2, unique=True))
@settings(deadline=None)
def test_wall_times_are_due_in_their_order(zone: str, minutes: list[int]) -> None:
    early, late = (local("2010-01-01") + timedelta(minutes=each) for each in sorted(minutes))
    assert moment_of(early, ZoneInfo(zone)) <= moment_of(late, ZoneInfo(zone))


ODD = ["Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "Antarctica/Troll", "America/St_Johns", "Pacific/Easter"]


@given(zone=st.sampled_from(ODD), begins=st.times(), weekdays=st.sets(st.integers(0, 6), min_size=1))
@settings(deadline=None)
def test_a_weekly_rule_rings_on_each_of_its_days_of_a_year(zone: str, begins: time, weekdays: set[int]) -> None:
    begins = begins.replace(second=0, microsecond=0)
    names = ",".join(["MO", "TU", "WE", "TH", "FR", "SA", "SU"][day] for day in sorted(weekdays))
    rule = Recurring(rule=f"FREQ=WEEKLY;BYDAY={names}", start=datetime.combine(date(2010, 6, 7), begins), zone=zone)
    clock = watched(zone, 2011)
    wanted = [day for day in days(date(2011, 1, 1), date(2011, 12, 31)) if day.weekday() in weekdays and day in clock.dates]
    after = clock.first(at(date(2011, 1, 1), 0, 0)) - timedelta(seconds=1)
    found = list(islice(occurrences(alert(rule), after=after, household=BERLIN), len(wanted)))
    assert found == [clock.first(datetime.combine(day, begins)) for day in wanted]


@given(
    rule=st.sampled_from(
        [
            "FREQ=DAILY",
            "FREQ=DAILY;INTERVAL=3",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SA",
            "FREQ=MONTHLY;BYMONTHDAY=-1",
            "FREQ=MONTHLY;BYDAY=1MO",
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
            "FREQ=HOURLY;INTERVAL=5",
            "FREQ=MINUTELY;INTERVAL=90",
            "FREQ=HOURLY;BYHOUR=9,12,15",
            "FREQ=DAILY;COUNT=40",
            "FREQ=DAILY;UNTIL=20111231T100000Z",
            "FREQ=DAILY;UNTIL=20111231",
        ]
    ),
    zone=st.sampled_from(ODD),
    seconds=st.integers(0, 500 * 86400),
)
@settings(deadline=None)
def test_what_is_found_from_any_moment_on_is_what_counting_from_the_start_finds(rule: str, zone: str, seconds: int) -> None:
    one = alert(Recurring(rule=rule, start=local("2011-10-01T02:30"), zone=zone))
    begin = datetime(2011, 10, 1, tzinfo=UTC)
    every = _until(one, begin + timedelta(days=560))
    after = begin + timedelta(seconds=seconds)
    rest = [moment for moment in every if moment > after][:5]
    assert list(islice(occurrences(one, after=after, household=BERLIN), len(rest))) == rest
    assert every == sorted(set(every))


@cache
def _until(one: Alert, end: datetime) -> list[datetime]:
    found = []
    for moment in occurrences(one, after=None, household=BERLIN):
        if moment > end:
            break
        found.append(moment)
    return found


def test_what_recurs_is_passed_over_on_a_day_that_does_not_exist_and_what_is_once_is_not() -> None:
    daily = alert(Recurring(rule="FREQ=DAILY", start=local("2011-12-28T07:00"), zone="Pacific/Apia"))
    shown = [moment.astimezone(APIA) for moment in islice(occurrences(daily, after=None, household=BERLIN), 4)]
    assert [each.day for each in shown] == [28, 29, 31, 1]
    assert {(each.hour, each.minute) for each in shown} == {(7, 0)}
    assert not does_date_exist(date(2011, 12, 30), APIA)
    once = alert(AtWallTime(local=local("2011-12-30T07:00"), zone="Pacific/Apia"))
    assert next_due(once, household=BERLIN) == moment_of(local("2011-12-31T00:00"), APIA)


def shown_in_berlin(one: Alert) -> list[str]:
    return [f"{moment.astimezone(BERLIN):%H:%M}" for moment in islice(occurrences(one, after=None, household=BERLIN), 4)]


def test_hours_are_hours_across_a_change_unless_they_are_named() -> None:
    elapsed = alert(Recurring(rule="FREQ=HOURLY;INTERVAL=2", start=local("2026-10-25T00:30"), zone="Europe/Berlin"))
    shown = [
        moment.astimezone(BERLIN).strftime("%H:%M") for moment in islice(occurrences(elapsed, after=None, household=APIA), 4)
    ]
    assert shown == ["00:30", "02:30", "03:30", "05:30"]
    named = alert(Recurring(rule="FREQ=HOURLY;BYHOUR=1,2,3", start=local("2026-10-25T00:30"), zone="Europe/Berlin"))
    assert shown_in_berlin(named) == ["01:30", "02:30", "03:30", "01:30"]


def test_several_wall_times_in_a_gap_are_one_occurrence() -> None:
    named = Recurring(rule="FREQ=DAILY;BYHOUR=2,3;BYMINUTE=0,20,40", start=local("2026-03-29T00:00"))
    found = list(islice(occurrences(alert(named), after=None, household=BERLIN), 3))
    assert [moment.astimezone(BERLIN).strftime("%H:%M") for moment in found] == ["03:00", "03:20", "03:40"]


def test_an_alert_without_a_zone_follows_the_household() -> None:
    one = alert(Recurring(rule="FREQ=DAILY", start=local("2026-06-01T07:00")))
    for zone in (BERLIN, LORD_HOWE):
        due = next_due(one, household=zone)
        assert due is not None
        assert due.astimezone(zone).strftime("%d %H:%M") == "01 07:00"


def test_what_is_off_paused_or_skipped_is_not_due() -> None:
    one = alert(Recurring(rule="FREQ=DAILY", start=local("2026-06-01T07:00"), zone="UTC"))
    assert next_due(replace(one, is_on=False), household=BERLIN) is None
    assert next_due(replace(one, remaining_seconds=5.0), household=BERLIN) is None
    assert next_due(replace(one, skipped_until=utc("2026-06-01T07:00")), household=BERLIN) == utc("2026-06-02T07:00")
    assert next_due(alert(OnEvent(event="good_night")), household=BERLIN) is None
    due = replace(one, due_at=utc("2026-06-01T07:00"))
    dues = ([utc(f"2026-06-0{day}T07:00") for day in (1, 2, 3)], utc("2026-06-04T07:00"))
    assert due_until(due, now=utc("2026-06-03T08:00"), household=BERLIN) == dues


@pytest.mark.parametrize(
    "rule", ["", "FREQ=SECONDLY", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "nonsense", "FREQ=DAILY;INTERVAL=0"]
)
def test_a_rule_that_is_none_is_refused(rule: str) -> None:
    with pytest.raises(AlertError):
        check(alert(Recurring(rule=rule, start=local("2026-06-01T07:00"))), household=BERLIN)


def test_a_zone_that_is_known_no_more_is_the_households() -> None:
    one = alert(AtWallTime(local=local("2026-06-01T07:00"), zone="Soviet/Union"))
    assert next_due(one, household=BERLIN) == utc("2026-06-01T05:00")


@pytest.mark.parametrize("zone", ["Middle/Earth", "../etc/passwd"])
def test_a_zone_that_is_none_is_refused(zone: str) -> None:
    with pytest.raises(AlertError):
        check(alert(AtWallTime(local=local("2026-06-01T07:00"), zone=zone)), household=BERLIN)


@given(st.datetimes(min_value=local("1971-01-01"), timezones=st.just(UTC)), st.text(min_size=1))
def test_an_occurrence_is_named_to_the_microsecond(due_at: datetime, alert_id: str) -> None:
    assert occurrence_of(ring_id(alert_id, due_at)) == (alert_id, due_at)


@pytest.mark.parametrize("name", ["", "a", "a@", "@5", "a@b", "a@" + "9" * 40])
def test_what_names_no_occurrence_names_none(name: str) -> None:
    assert occurrence_of(name) is None


def test_once_at_a_moment_is_once() -> None:
    one = alert(AtMoment(at=utc("2026-06-01T07:00")))
    assert list(occurrences(one, after=None, household=BERLIN)) == [utc("2026-06-01T07:00")]
    assert list(occurrences(one, after=utc("2026-06-01T07:00"), household=BERLIN)) == []
