"""The calendar by what people say, on a real calendar file: told, asked, added, cancelled; and one that does not answer."""

import asyncio
import time
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from earwitness.domain.calendar import Event
from earwitness.domain.errors import LinkError
from earwitness.domain.intent import Context
from earwitness.domain.turn import Outcome
from earwitness.links.caldav import CalDav
from earwitness.links.calendar_file import CalendarFile
from earwitness.understand.grammar import Grammar
from tests.strange_servers import serving, silent
from tests.unit.skills.houses import House, house
from tests.unit.skills.talking import Talk
from tests.unit.understand.homes import SMALL

BERLIN, LONDON = ZoneInfo("Europe/Berlin"), ZoneInfo("Europe/London")
TUESDAY = datetime(2026, 11, 24, 15, 7, tzinfo=BERLIN)


@pytest.fixture(scope="module")
def grammar() -> Grammar:
    return Grammar(SMALL)


@pytest.fixture
def calendar(tmp_path: Path) -> CalendarFile:
    return CalendarFile(tmp_path / "calendar.ics", clock=lambda: TUESDAY)


@pytest.fixture
def talk(tmp_path: Path, grammar: Grammar, calendar: CalendarFile) -> Iterator[Talk]:
    made: House = house(tmp_path, calendar=calendar)
    made.at[0] = TUESDAY
    yield Talk(house=made, grammar=grammar)
    asyncio.run(calendar.close())


async def put(calendar: CalendarFile, name: str, starts: datetime | date, ends: datetime | date) -> None:
    await calendar.add_event(Event(event_id=name, summary=name, starts=starts, ends=ends))


def at(day: int, hour: int, minute: int = 0, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=zone)


async def events(calendar: CalendarFile) -> list[Event]:
    return list(await calendar.events(TUESDAY.replace(day=1), TUESDAY.replace(year=2027)))


async def test_nothing_is_said_of_an_empty_calendar(talk: Talk) -> None:
    assert await talk.say("what is next") == "Nothing is in the calendar for the next 90 days."
    assert await talk.say("what is on my calendar tomorrow") == "Nothing is in the calendar tomorrow."
    assert await talk.say("am I free on Friday afternoon") == "Yes, nothing is in the calendar on Friday afternoon."


async def test_a_day_a_week_and_what_is_next_are_told(talk: Talk, calendar: CalendarFile) -> None:
    await put(calendar, "dentist", at(25, 9), at(25, 10))
    await put(calendar, "lunch with Bob", at(25, 11, zone=LONDON), at(25, 12, zone=LONDON))
    await put(calendar, "Kim's birthday", date(2026, 11, 27), date(2026, 11, 28))
    assert await talk.say("what's next on my calendar") == "Next is dentist tomorrow at 9 AM."
    assert await talk.say("what is on my calendar tomorrow") == "Tomorrow: dentist at 9 AM and lunch with Bob at noon."
    week = "This week: dentist tomorrow at 9 AM, lunch with Bob tomorrow at noon and Kim's birthday on Friday."
    assert await talk.say("what's on my calendar this week") == week
    assert await talk.say("what is on my calendar on friday") == "On Friday: Kim's birthday all day."
    assert await talk.say("do i have any appointments with bob") == "Lunch with Bob tomorrow at noon."
    assert await talk.say("what's on my calendar") == "Nothing is in the calendar today. Next is dentist tomorrow at 9 AM."


async def test_free_or_not(talk: Talk, calendar: CalendarFile) -> None:
    await put(calendar, "lunch with Bob", at(27, 12), at(27, 13))
    await put(calendar, "Kim's birthday", date(2026, 11, 28), date(2026, 11, 29))
    busy = "Not wholly: on Friday afternoon there is lunch with Bob from noon to 1 PM."
    assert await talk.say("am I free on Friday afternoon") == busy
    assert await talk.say("are we free on friday at 3 pm") == "Yes, nothing is in the calendar on Friday at 3 PM."
    assert (await talk.say("is friday free")).startswith("Not wholly: on Friday there is lunch with Bob")
    assert await talk.say("am i free on saturday") == "You have no appointment on Saturday. All day there is Kim's birthday."


async def test_what_is_added_is_in_the_file(talk: Talk, calendar: CalendarFile) -> None:
    assert await talk.say("add lunch with Bob on Friday at noon to my calendar") == "Added lunch with Bob on Friday at noon."
    (event,) = await events(calendar)
    assert (event.summary, event.starts, event.ends) == ("lunch with Bob", at(27, 12), at(27, 13))
    assert await talk.say("schedule a meeting with Kim tomorrow from 2 to 4 pm") == (
        "Added meeting with Kim tomorrow from 2 PM to 4 PM."
    )
    assert await talk.say("put yoga for two hours on my calendar tomorrow at 6 pm") == "Added yoga tomorrow at 6 PM."
    assert [(one.starts, one.ends) for one in await events(calendar) if one.summary == "yoga"] == [(at(25, 18), at(25, 20))]


async def test_what_is_missing_is_asked_for(talk: Talk, calendar: CalendarFile) -> None:
    assert await talk.say("add something to my calendar") == "What is it called?"
    assert await talk.say("dentist") == "When?"
    assert await talk.say("tomorrow") == "At what time tomorrow, or all day?"
    assert await talk.say("half past nine") == "Added dentist tomorrow at 9:30 AM."
    assert await talk.say("add holiday to my calendar") == "When?"
    assert await talk.say("from monday to wednesday") == "Added holiday from Monday to Wednesday, December 2."
    assert await talk.say("schedule an event tomorrow all day") == "What is it called?"
    assert await talk.say("moving house") == "Added moving house tomorrow, all day."
    found = {one.summary: (one.starts, one.ends) for one in await events(calendar)}
    assert found["moving house"] == (date(2026, 11, 25), date(2026, 11, 26))
    assert found["holiday"] == (date(2026, 11, 30), date(2026, 12, 3))


async def test_one_is_cancelled_after_a_yes(talk: Talk, calendar: CalendarFile) -> None:
    await put(calendar, "lunch with Bob", at(27, 12), at(27, 13))
    assert await talk.say("cancel lunch with Bob") == "Lunch with Bob on Friday at noon. Cancel it?"
    assert await talk.say("no") == "All right, it stays."
    assert len(await events(calendar)) == 1
    await talk.say("cancel my lunch on friday")
    assert await talk.say("yes") == "Lunch with Bob on Friday at noon is cancelled."
    assert await events(calendar) == []
    assert (await talk.result("cancel lunch with Bob")).outcome is Outcome.REFUSED


async def test_of_two_it_is_asked_which(talk: Talk, calendar: CalendarFile) -> None:
    await put(calendar, "lunch with Bob", at(27, 12), at(27, 13))
    await put(calendar, "lunch with Kim", at(26, 12), at(26, 13))
    asked = await talk.say("cancel lunch")
    assert asked == "Which one: lunch with Kim on Thursday at noon or lunch with Bob on Friday at noon?"
    assert await talk.say("the one on friday") == "Lunch with Bob on Friday at noon. Cancel it?"
    assert await talk.say("yes") == "Lunch with Bob on Friday at noon is cancelled."


async def test_one_that_repeats_is_told_so(talk: Talk, calendar: CalendarFile) -> None:
    calendar.path.write_text(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//EN\r\nBEGIN:VEVENT\r\nUID:choir\r\nSUMMARY:choir\r\n"
        "DTSTART;TZID=Europe/Berlin:20261118T190000\r\nDTEND;TZID=Europe/Berlin:20261118T210000\r\n"
        "RRULE:FREQ=WEEKLY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    assert await talk.say("when is choir on my calendar") == "Choir tomorrow at 7 PM."
    assert await talk.say("remove choir from my calendar") == "Choir tomorrow at 7 PM. It repeats: this one or all?"
    assert await talk.say("neither") == "All right, it stays."


def times(found: list[Event], name: str) -> list[tuple[datetime | date, datetime | date]]:
    return [(one.starts, one.ends) for one in found if one.summary == name]


async def test_what_repeats_is_added(talk: Talk, calendar: CalendarFile) -> None:
    assert await talk.say("add yoga every Tuesday at 6 pm to my calendar") == "Added yoga every Tuesday at 6 PM."
    assert await talk.say("schedule band practice every other friday for two hours") == (
        "At what time every other Friday, or all day?"
    )
    assert await talk.say("at 7 pm") == "Added band practice every other Friday at 7 PM."
    assert await talk.say("schedule rent on the first of every month all day") == "Added rent on the 1st of every month, all day."
    found = [one for one in await events(calendar) if isinstance(one.starts, datetime)]
    assert times(found, "yoga")[:2] == [
        (at(24, 18), at(24, 19)),
        (datetime(2026, 12, 1, 18, tzinfo=BERLIN), datetime(2026, 12, 1, 19, tzinfo=BERLIN)),
    ]
    assert times(found, "band practice")[0] == (at(27, 19), at(27, 21))
    assert times(await events(calendar), "rent")[0] == (date(2026, 12, 1), date(2026, 12, 2))
    assert (await talk.result("schedule a meeting every ten minutes")).outcome is Outcome.REFUSED


async def test_one_time_or_all_of_what_repeats_is_cancelled(talk: Talk, calendar: CalendarFile) -> None:
    await talk.say("add yoga every Tuesday at 6 pm to my calendar")
    assert await talk.say("cancel yoga on my calendar") == "Yoga today at 6 PM. It repeats: this one or all?"
    assert await talk.say("bananas") == "Yoga today at 6 PM. It repeats: this one or all?"
    assert await talk.say("this one") == "Yoga today at 6 PM is cancelled; the others stay."
    assert times(await events(calendar), "yoga")[0][0] == datetime(2026, 12, 1, 18, tzinfo=BERLIN)
    await talk.say("remove yoga from my calendar")
    assert await talk.say("all of them") == "Yoga is cancelled, every time of it."
    assert await events(calendar) == []


async def test_an_event_is_moved_renamed_and_given_a_place(talk: Talk, calendar: CalendarFile) -> None:
    await put(calendar, "lunch with Bob", at(27, 12), at(27, 13))
    assert await talk.say("move lunch with Bob to 1 pm") == "Moved: lunch with Bob on Friday at 1 PM."
    assert await talk.say("reschedule lunch with bob to thursday") == "Moved: lunch with Bob on Thursday at 1 PM."
    assert times(await events(calendar), "lunch with Bob") == [(at(26, 13), at(26, 14))]
    assert (
        await talk.say("set the place of lunch with Bob to the Blue Door") == "The place of lunch with Bob is the Blue Door now."
    )
    assert await talk.say("rename lunch with Bob on my calendar to brunch") == "Lunch with Bob is called brunch now."
    (event,) = await events(calendar)
    assert (event.summary, event.location.casefold()) == ("brunch", "the blue door")
    assert await talk.say("reschedule brunch to bananas") == 'I do not know what time "bananas" is. To when?'
    assert await talk.say("friday at noon") == "Moved: brunch on Friday at noon."
    assert (await talk.result("reschedule dinner to friday")).outcome is Outcome.REFUSED


async def test_of_what_repeats_one_time_is_moved_or_all(talk: Talk, calendar: CalendarFile) -> None:
    await talk.say("add yoga every Tuesday at 6 pm to my calendar")
    assert await talk.say("reschedule yoga to 7 pm") == "Yoga today at 6 PM. It repeats: this one or all?"
    assert await talk.say("just this one") == "Moved: yoga today at 7 PM."
    found = times(await events(calendar), "yoga")
    assert [start for start, _ in found[:2]] == [at(24, 19), datetime(2026, 12, 1, 18, tzinfo=BERLIN)]
    await talk.say("reschedule yoga to 8 pm")
    refused = await talk.result("all")
    assert refused.outcome is Outcome.FAILED
    assert refused.reply == (
        "I could not change the calendar: all times of it cannot be moved so; move one of them, or make it anew."
    )
    await talk.say("rename yoga on my calendar to pilates")
    assert await talk.say("all of them") == "Yoga is called pilates now, every time of it."
    assert len(times(await events(calendar), "pilates")) > 50


class Away:
    """A calendar that never answers as it should."""

    def __init__(self, code: str) -> None:
        self.code = code

    def __getattr__(self, name: str) -> object:
        async def refuse(*_: object) -> None:
            raise LinkError("The server cal.example.org at /home/kim is away.", code=self.code)

        return refuse


@pytest.mark.parametrize(
    ("code", "reply"),
    [
        ("link.slow", "I cannot read the calendar: it did not answer in time."),
        ("link.refused", "I cannot read the calendar: it refuses the name or the password of the settings."),
        ("link.failed", "I cannot read the calendar right now."),
    ],
)
async def test_a_calendar_that_does_not_answer_is_said_to(tmp_path: Path, grammar: Grammar, code: str, reply: str) -> None:
    talk = Talk(house=house(tmp_path, calendar=Away(code)), grammar=grammar)  # type: ignore[arg-type]
    assert await talk.say("what is next") == reply
    assert (await talk.result("add lunch tomorrow at noon to my calendar")).outcome is Outcome.FAILED


async def test_a_silent_server_is_given_up_in_time_and_what_it_did_is_left_open(tmp_path: Path, grammar: Grammar) -> None:
    async with serving(silent) as port:
        address = f"http://127.0.0.1:{port}/"
        link = CalDav(address, user="kim", password_file=None, clock=lambda: TUESDAY, timeout_seconds=0.3)
        talk = Talk(house=house(tmp_path, calendar=link), grammar=grammar)
        began = time.perf_counter()
        assert await talk.say("what is next") == "I cannot read the calendar: it did not answer in time."
        assert time.perf_counter() - began < 8.0, "it would be silent for ever"
        assert (await talk.say("add lunch tomorrow at noon to my calendar")).startswith("I do not know whether the calendar was")
        await link.close()


def test_other_things_are_still_cancelled_and_added(grammar: Grammar) -> None:
    for text, intent in {
        "cancel my alarm": "CancelAlarm",
        "cancel the timer": "HassCancelTimer",
        "add lunch meat to my shopping list": "HassShoppingListAddItem",
        "what is on my to-do list": "HassListRead",
        "schedule an alarm for 7 am": "SetAlarm",
        "set a reminder for the meeting tomorrow at noon": "SetReminder",
    }.items():
        heard = grammar.understand(text, context=Context()).intent
        assert (heard.name if heard is not None else None) == intent, text
