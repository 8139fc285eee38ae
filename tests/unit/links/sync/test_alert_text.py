"""Alarms and reminders as iCalendar: read back as they were written; hostile and malformed ones ring never."""

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.alert import Alert, AlertKind, AtMoment, AtWallTime, Recurring, Rule
from earwitness.links.sync.alert_text import alert_fields, can_be_sent, read_alert, rewritten_alert, written_alert

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 20, 12, 0, tzinfo=BERLIN)
wall = datetime.fromisoformat
WALLS = st.datetimes(wall("2026-03-21T00:00"), wall("2030-01-01T00:00")).map(lambda one: one.replace(microsecond=0, fold=0))
ZONES = st.sampled_from(["", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "UTC"])
REPEATING = st.sampled_from(
    [
        "FREQ=DAILY",
        "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU",
        "FREQ=MONTHLY;BYDAY=-1FR",
        "FREQ=YEARLY",
        "FREQ=HOURLY;INTERVAL=2",
        "FREQ=DAILY;UNTIL=20310401T120000Z",
        "FREQ=DAILY;COUNT=12",
    ]
)
RULES: st.SearchStrategy[Rule] = st.one_of(
    st.builds(lambda local: AtMoment(at=local.replace(tzinfo=UTC)), WALLS),
    st.builds(lambda local, zone: AtWallTime(local=local, zone=zone), WALLS, ZONES.filter(lambda zone: zone != "UTC")),
    st.builds(lambda rule, start, zone: Recurring(rule=rule, start=start, zone=zone), REPEATING, WALLS, ZONES),
)
KINDS = st.sampled_from([AlertKind.ALARM, AlertKind.REMINDER])


def alert(rule: Rule, *, kind: AlertKind = AlertKind.ALARM, text: str = "work", is_on: bool = True) -> Alert:
    is_alarm = kind is AlertKind.ALARM
    return Alert(
        alert_id="a",
        kind=kind,
        rule=rule,
        created_at=NOW,
        name=text if is_alarm else "",
        text="" if is_alarm else text,
        is_on=is_on,
    )


@given(RULES, KINDS, st.text(min_size=1, max_size=40).filter(str.strip), st.booleans())
def test_what_is_written_is_read_back_as_it_was(rule: Rule, kind: AlertKind, text: str, is_on: bool) -> None:
    one = alert(rule, kind=kind, text=f"x{text}", is_on=is_on)
    fields = alert_fields(one, now=NOW)
    data = written_alert(fields, kind=kind, uid="u", now=NOW)
    found = read_alert(data, kind=kind, href="/a", etag="1", now=NOW)
    assert found.note == ""
    assert found.fields == fields
    assert found.uid == "u"


@given(RULES, RULES, KINDS)
def test_a_change_leaves_the_other_lines_as_they_are(before: Rule, after: Rule, kind: AlertKind) -> None:
    fields = alert_fields(alert(before, kind=kind), now=NOW)
    data = written_alert(fields, kind=kind, uid="u", now=NOW).replace(b"UID:u\r\n", b"UID:u\r\nX-COLOUR:green\r\n")
    theirs = read_alert(data, kind=kind, href="/a", etag="1", now=NOW)
    wanted = alert_fields(alert(after, kind=kind, text="rest"), now=NOW)
    changed = rewritten_alert(theirs, wanted, kind=kind, now=NOW)
    if changed is None:
        assert kind is AlertKind.REMINDER
        assert isinstance(before, Recurring) != isinstance(after, Recurring)
        return
    assert read_alert(changed, kind=kind, href="/a", etag="2", now=NOW).fields == wanted
    assert b"X-COLOUR:green\r\n" in changed
    assert changed.count(b"BEGIN:VALARM") == 1


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("DTSTART:20260101T000000\r\nRRULE:FREQ=SECONDLY", "cannot be followed"),
        ("DTSTART:20260101T000000\r\nRRULE:FREQ=MINUTELY", "cannot be followed"),
        ("DTSTART:20260101T000000\r\nRRULE:FREQ=DAILY;BYHOUR=1,2;BYMINUTE=0,1,2,3", "more often than every 5 minutes"),
        ("DTSTART:20260101T000000\r\nRRULE:FREQ=DAILY;BYSECOND=0,1,2", "more often than every 5 minutes"),
        ("DTSTART:20260101T000000\r\nRRULE:FREQ=DAILY;COUNT=1000000", "more than 5000 times"),
        ("DTSTART:19000101T000000\r\nRRULE:FREQ=HOURLY", "cannot be followed"),
        ("DTSTART:20260101T000000\r\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "cannot be followed"),
        ("DTSTART:20260101T000000\r\nRRULE:FREQ=DAILY;INTERVAL=0", ""),
        ("DTSTART:20260101T000000\r\nRRULE:FREQ=DAILY;UNTIL=20250101T000000Z", ""),
        ("DTSTART:20260101T000000\r\nRRULE:FREQ=DAILY\r\nRRULE:FREQ=WEEKLY", "more than one way"),
        ("DTSTART:20260101T000000\r\nRRULE:FREQ=DAILY\r\nRDATE:20260405T100000", "more than one way"),
        ("DTSTART;VALUE=DATE:20260401", "no time of day"),
        ("DTSTART;TZID=No/Where:20260401T100000\r\nRRULE:FREQ=DAILY", ""),
        ("DTSTART:99991231T235959\r\nRRULE:FREQ=DAILY", ""),
        ("DTSTART:00010101T000000", ""),
        ("DTSTART:soon", ""),
        ("X-NOTHING:1", "has no time"),
        ("RRULE:FREQ=DAILY", "has no time"),
    ],
)
def test_what_is_hostile_or_malformed_is_refused_quickly(lines: str, why: str) -> None:
    text = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:u\r\nSUMMARY:Boo\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    began = time.process_time()
    found = read_alert(text.encode(), kind=AlertKind.ALARM, href="/a", etag="1", now=NOW)
    assert time.process_time() - began < 2.0
    assert found.fields is None or not found.is_wanted or not why
    assert why in found.note


@given(st.binary(max_size=300))
def test_no_bytes_are_too_strange(data: bytes) -> None:
    read_alert(data, kind=AlertKind.REMINDER, href="/a", etag="1", now=NOW)


def test_what_repeats_too_often_for_a_calendar_stays_here() -> None:
    assert not can_be_sent(alert(Recurring(rule="FREQ=MINUTELY;INTERVAL=10", start=wall("2026-03-20T06:45"))), now=NOW)
    assert not can_be_sent(alert(AtMoment(at=NOW - timedelta(hours=1))), now=NOW)
    assert can_be_sent(alert(AtMoment(at=NOW + timedelta(hours=1))), now=NOW)
