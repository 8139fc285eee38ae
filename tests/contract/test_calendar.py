"""Every Calendar keeps what it was given, shows it as others do, and says when something is gone: in a file, on a server."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from earwitness.domain.calendar import Event, EventChange, Task
from earwitness.domain.errors import LinkError
from earwitness.links.caldav import CalDav
from earwitness.links.calendar_file import CalendarFile
from earwitness.skills.calendar_port import Calendar
from tests.calendar_server import CalendarServer, running_calendar_server

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 20, 12, 0, tzinfo=BERLIN)
FRIDAY = datetime(2026, 3, 27, 0, 0, tzinfo=BERLIN)
WEEK = timedelta(days=7)
DENTIST = Event(
    event_id="dentist",
    summary="Dentist, Dr. Bär; upstairs",
    starts=datetime(2026, 3, 27, 9, 30, tzinfo=BERLIN),
    ends=datetime(2026, 3, 27, 10, 0, tzinfo=BERLIN),
    location="12 High Street",
    remind_at=datetime(2026, 3, 27, 8, 45, tzinfo=BERLIN),
)
HOLIDAY = Event(event_id="holiday", summary="Holiday", starts=date(2026, 3, 28), ends=date(2026, 3, 30))
BINS = Task(
    task_id="bins",
    summary="Take the bins out",
    due=datetime(2026, 3, 27, 19, 0, tzinfo=BERLIN),
    remind_at=datetime(2026, 3, 27, 18, 45, tzinfo=BERLIN),
)

WEEKLY = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Another//EN
BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:DAYLIGHT
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
DTSTART:19810329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:choir
DTSTAMP:20260101T000000Z
SUMMARY:Choir
DTSTART;TZID=Europe/Berlin:20260108T200000
DTEND;TZID=Europe/Berlin:20260108T213000
RRULE:FREQ=WEEKLY;BYDAY=TH
EXDATE;TZID=Europe/Berlin:20260326T200000
X-OTHER:kept as it is
END:VEVENT
BEGIN:VEVENT
UID:choir
RECURRENCE-ID;TZID=Europe/Berlin:20260402T200000
DTSTAMP:20260101T000000Z
SUMMARY:Choir in church
DTSTART;TZID=Europe/Berlin:20260402T180000
DTEND;TZID=Europe/Berlin:20260402T190000
END:VEVENT
END:VCALENDAR
"""


@dataclass
class Kept:
    """A calendar, and how another program of the household writes into it and reads it."""

    calendar: Calendar
    put: Callable[[str], None]
    text: Callable[[], str]


@pytest.fixture(scope="module")
def calendar_server() -> Iterator[CalendarServer]:
    with running_calendar_server() as server:
        yield server


@pytest_asyncio.fixture(params=["file", "caldav"])
async def kept(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Kept]:
    if request.param == "file":
        path = tmp_path / "new" / "family.ics"
        file = CalendarFile(path, clock=lambda: NOW)
        path.parent.mkdir()
        yield Kept(file, lambda text: void(path.write_text(text.replace("\n", "\r\n"), newline="")), path.read_text)
        await file.close()
        return
    server: CalendarServer = request.getfixturevalue("calendar_server")
    user = server.account()
    caldav = CalDav(server.url, user=user, password_file=server.password_file, clock=lambda: NOW, timeout_seconds=10.0)
    yield Kept(caldav, lambda text: server.put(user, "home/other.ics", text), lambda: server.request(user, "GET", "home/"))
    await caldav.close()


def void(_: object) -> None:
    return None


async def test_an_empty_calendar_is_empty(kept: Kept) -> None:
    assert await kept.calendar.events(FRIDAY, FRIDAY + WEEK) == ()
    assert await kept.calendar.tasks() == ()
    assert len(await kept.calendar.calendars()) in (1, 2)
    assert kept.calendar.outgoing == ()


async def test_an_event_is_kept_as_it_was_given(kept: Kept) -> None:
    added = await kept.calendar.add_event(DENTIST)
    assert added == event_like(DENTIST, added)
    assert await kept.calendar.events(FRIDAY, FRIDAY + WEEK) == (added,)
    assert added.calendar in await kept.calendar.calendars()


async def test_days_are_days_wherever_the_house_stands(kept: Kept) -> None:
    await kept.calendar.add_event(HOLIDAY)
    assert await kept.calendar.events(FRIDAY, FRIDAY + timedelta(days=1)) == ()
    found = await kept.calendar.events(FRIDAY + timedelta(days=1), FRIDAY + timedelta(days=2))
    assert [(event.starts, event.ends, event.is_all_day) for event in found] == [(date(2026, 3, 28), date(2026, 3, 30), True)]
    assert await kept.calendar.events(datetime(2026, 3, 30, tzinfo=BERLIN), FRIDAY + WEEK) == ()


async def test_what_repeats_is_expanded_with_its_exceptions_over_the_change_of_the_clocks(kept: Kept) -> None:
    kept.put(WEEKLY)
    found = await kept.calendar.events(datetime(2026, 3, 19, tzinfo=BERLIN), datetime(2026, 4, 10, tzinfo=BERLIN))
    assert [(event.summary, event.starts.isoformat()) for event in found] == [
        ("Choir", "2026-03-19T20:00:00+01:00"),
        ("Choir in church", "2026-04-02T18:00:00+02:00"),
        ("Choir", "2026-04-09T20:00:00+02:00"),
    ]
    assert all(event.is_recurring and event.event_id == "choir" for event in found)


async def test_events_come_in_order_and_only_of_that_time(kept: Kept) -> None:
    later = Event(event_id="later", summary="Later", starts=FRIDAY + WEEK, ends=FRIDAY + WEEK)
    for event in (later, HOLIDAY, DENTIST):
        await kept.calendar.add_event(event)
    assert [event.event_id for event in await kept.calendar.events(FRIDAY, FRIDAY + WEEK)] == ["dentist", "holiday"]
    during = DENTIST.starts + timedelta(minutes=10)
    assert isinstance(during, datetime)
    assert [event.event_id for event in await kept.calendar.events(during, during + timedelta(minutes=1))] == ["dentist"]


async def test_an_event_that_is_added_again_is_kept_once(kept: Kept) -> None:
    await kept.calendar.add_event(DENTIST)
    await kept.calendar.add_event(DENTIST)
    assert len(await kept.calendar.events(FRIDAY, FRIDAY + WEEK)) == 1


async def test_a_removed_event_is_gone_with_its_occurrences_and_the_others_stay(kept: Kept) -> None:
    kept.put(WEEKLY)
    await kept.calendar.add_event(DENTIST)
    await kept.calendar.remove_event("choir")
    found = await kept.calendar.events(datetime(2026, 3, 19, tzinfo=BERLIN), datetime(2026, 4, 10, tzinfo=BERLIN))
    assert [event.event_id for event in found] == ["dentist"]


async def test_adding_leaves_what_others_wrote(kept: Kept) -> None:
    kept.put(WEEKLY)
    await kept.calendar.add_event(DENTIST)
    text = kept.text()
    assert "X-OTHER:kept as it is" in text
    assert "Choir in church" in text


YOGA = Event(
    event_id="yoga",
    summary="Yoga",
    starts=datetime(2026, 3, 24, 18, 0, tzinfo=BERLIN),
    ends=datetime(2026, 3, 24, 19, 0, tzinfo=BERLIN),
    rule="FREQ=WEEKLY;BYDAY=TU",
)


async def starts_of(kept: Kept, name: str = "") -> list[str]:
    found = await kept.calendar.events(datetime(2026, 3, 20, tzinfo=BERLIN), datetime(2026, 4, 15, tzinfo=BERLIN))
    return [f"{one.starts:%d.%m. %H:%M}" for one in found if name in one.summary]


async def occurrence(kept: Kept, number: int) -> Event:
    found = await kept.calendar.events(datetime(2026, 3, 20, tzinfo=BERLIN), datetime(2026, 4, 30, tzinfo=BERLIN))
    return found[number]


async def test_what_repeats_is_kept_on_the_wall_over_the_change_of_the_clocks(kept: Kept) -> None:
    added = await kept.calendar.add_event(YOGA)
    assert (added.rule, added.is_recurring, added.starts) == (YOGA.rule, True, YOGA.starts)
    await kept.calendar.add_event(replace(YOGA, event_id="again", summary="Again"))
    assert await starts_of(kept, "Yoga") == ["24.03. 18:00", "31.03. 18:00", "07.04. 18:00", "14.04. 18:00"]


async def test_an_event_is_changed_and_what_others_wrote_of_it_stays(kept: Kept) -> None:
    await kept.calendar.add_event(DENTIST)
    later = datetime(2026, 3, 27, 14, 0, tzinfo=BERLIN)
    moved = EventChange(summary="Dr. Bär", location="", starts=later, ends=later + timedelta(hours=1))
    await kept.calendar.change_event("dentist", moved)
    (event,) = await kept.calendar.events(FRIDAY, FRIDAY + WEEK)
    assert (event.summary, event.location, event.starts, event.ends) == ("Dr. Bär", "", moved.starts, moved.ends)
    assert event.remind_at == DENTIST.remind_at


async def test_one_time_of_a_series_is_taken_out_or_all(kept: Kept) -> None:
    await kept.calendar.add_event(YOGA)
    second = await occurrence(kept, 1)
    await kept.calendar.remove_event("yoga", occurrence=second.occurrence)
    assert await starts_of(kept) == ["24.03. 18:00", "07.04. 18:00", "14.04. 18:00"]
    with pytest.raises(LinkError) as caught:
        await kept.calendar.remove_event("yoga", occurrence=second.occurrence)
    assert caught.value.code == "link.not_found"
    await kept.calendar.remove_event("yoga")
    assert await starts_of(kept) == []


async def test_one_time_of_a_series_is_moved_again_and_then_taken_out(kept: Kept) -> None:
    await kept.calendar.add_event(YOGA)
    for hour, name in ((20, "Late yoga"), (21, "Later yoga")):
        second, at = await occurrence(kept, 1), datetime(2026, 3, 31, hour, 0, tzinfo=BERLIN)
        moved = EventChange(summary=name, location="Hall", starts=at, ends=at + timedelta(hours=1))
        await kept.calendar.change_event("yoga", moved, occurrence=second.occurrence)
    event = await occurrence(kept, 1)
    assert (event.summary, event.location, event.starts, event.occurrence) == (
        "Later yoga",
        "Hall",
        datetime(2026, 3, 31, 21, 0, tzinfo=BERLIN),
        datetime(2026, 3, 31, 18, 0, tzinfo=BERLIN),
    )
    assert await starts_of(kept) == ["24.03. 18:00", "31.03. 21:00", "07.04. 18:00", "14.04. 18:00"]
    await kept.calendar.remove_event("yoga", occurrence=event.occurrence)
    assert await starts_of(kept) == ["24.03. 18:00", "07.04. 18:00", "14.04. 18:00"]


async def test_a_whole_series_gets_another_hour_and_name_and_what_was_left_out_stays_out(kept: Kept) -> None:
    await kept.calendar.add_event(YOGA)
    await kept.calendar.remove_event("yoga", occurrence=(await occurrence(kept, 1)).occurrence)
    second, at = await occurrence(kept, 1), datetime(2026, 4, 7, 19, 30, tzinfo=BERLIN)
    moved = EventChange(summary="Pilates", starts=at, ends=at + timedelta(minutes=45))
    await kept.calendar.change_event("yoga", moved, occurrence=second.occurrence, is_series=True)
    assert await starts_of(kept, "Pilates") == ["24.03. 19:30", "07.04. 19:30", "14.04. 19:30"]
    other_day = EventChange(starts=at + timedelta(days=1), ends=at + timedelta(days=1, hours=1))
    with pytest.raises(LinkError) as caught:
        await kept.calendar.change_event("yoga", other_day, occurrence=second.occurrence, is_series=True)
    assert caught.value.code == "link.repeats"


async def test_single_times_of_anothers_series_are_changed_beside_its_own_exceptions(kept: Kept) -> None:
    kept.put(WEEKLY)
    found = await kept.calendar.events(datetime(2026, 3, 19, tzinfo=BERLIN), datetime(2026, 4, 10, tzinfo=BERLIN))
    await kept.calendar.change_event("choir", EventChange(location="Town hall"), occurrence=found[2].occurrence)
    await kept.calendar.remove_event("choir", occurrence=found[1].occurrence)
    after = await kept.calendar.events(datetime(2026, 3, 19, tzinfo=BERLIN), datetime(2026, 4, 10, tzinfo=BERLIN))
    assert [(one.summary, one.location, f"{one.starts:%d.%m.}") for one in after] == [
        ("Choir", "", "19.03."),
        ("Choir", "Town hall", "09.04."),
    ]
    assert "X-OTHER:kept as it is" in kept.text()


async def test_days_that_repeat_lose_one(kept: Kept) -> None:
    days = Event(event_id="rent", summary="Rent", starts=date(2026, 3, 24), ends=date(2026, 3, 25), rule="FREQ=WEEKLY")
    await kept.calendar.add_event(days)
    await kept.calendar.remove_event("rent", occurrence=date(2026, 3, 31))
    assert [one[:6] for one in await starts_of(kept)] == ["24.03.", "07.04.", "14.04."]


async def test_a_task_is_kept_with_its_alarm(kept: Kept) -> None:
    added = await kept.calendar.add_task(BINS)
    assert (added.summary, added.due, added.remind_at, added.is_complete) == (BINS.summary, BINS.due, BINS.remind_at, False)
    assert await kept.calendar.tasks() == (added,)


async def test_tasks_come_by_when_they_are_due(kept: Kept) -> None:
    for task in (Task(task_id="c", summary="Never due"), BINS, Task(task_id="a", summary="A day", due=date(2026, 3, 27))):
        await kept.calendar.add_task(task)
    found = await kept.calendar.tasks()
    assert [(task.task_id, task.due) for task in found] == [("a", date(2026, 3, 27)), ("bins", BINS.due), ("c", None)]


async def test_a_task_that_is_done_says_when(kept: Kept) -> None:
    await kept.calendar.add_task(BINS)
    done = await kept.calendar.complete_task("bins")
    assert (done.is_complete, done.completed_at, done.remind_at) == (True, NOW, BINS.remind_at)
    assert await kept.calendar.tasks() == ()
    assert await kept.calendar.tasks(with_complete=True) == (done,)


async def test_a_removed_task_is_gone(kept: Kept) -> None:
    await kept.calendar.add_task(BINS)
    await kept.calendar.add_task(Task(task_id="other", summary="Other"))
    await kept.calendar.remove_task("bins")
    assert [task.task_id for task in await kept.calendar.tasks()] == ["other"]


async def test_what_is_not_there_cannot_be_changed(kept: Kept) -> None:
    await kept.calendar.add_task(BINS)
    for work in (
        kept.calendar.complete_task("none"),
        kept.calendar.remove_task("none"),
        kept.calendar.remove_event("none"),
        kept.calendar.remove_event("none", occurrence=NOW),
        kept.calendar.change_event("none", EventChange(summary="x")),
    ):
        with pytest.raises(LinkError) as caught:
            await work
        assert caught.value.code == "link.not_found"
    assert len(await kept.calendar.tasks()) == 1


async def test_words_that_mean_something_in_the_format_stay_words(kept: Kept) -> None:
    nasty = 'BEGIN:VEVENT\nUID:x;a,b\\n"<&>" END:VCALENDAR é 🎂 ' + "long " * 60
    added = await kept.calendar.add_task(Task(task_id="nasty/../id & <more>", summary=nasty))
    assert added.summary == " ".join(nasty.split())
    assert (await kept.calendar.complete_task("nasty/../id & <more>")).is_complete


async def test_many_at_once_are_all_kept(kept: Kept) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(5):
            group.create_task(kept.calendar.add_task(Task(task_id=f"t{number}", summary=f"Task {number}")))
    assert len(await kept.calendar.tasks()) == 5


def event_like(event: Event, added: Event) -> Event:
    """The event as it was given, in the calendar that took it."""
    return Event(
        event_id=event.event_id,
        summary=event.summary,
        starts=event.starts,
        ends=event.ends,
        location=event.location,
        remind_at=event.remind_at,
        calendar=added.calendar,
    )
