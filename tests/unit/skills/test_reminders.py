"""Reminders by what people say: of what, when, for whom, and when somebody says good night."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from earwitness.domain.alert import GOOD_NIGHT, OnEvent, Place, Recurring, RingState
from earwitness.domain.intent import Context
from earwitness.domain.person import Person
from earwitness.domain.turn import Outcome
from earwitness.storage.database import Database
from earwitness.storage.household import people
from earwitness.understand.grammar import Grammar
from tests.unit.skills.houses import House, house
from tests.unit.skills.talking import Talk
from tests.unit.understand.homes import SMALL

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(scope="module")
def grammar() -> Grammar:
    return Grammar(SMALL)


@pytest.fixture
def home(tmp_path: Path) -> House:
    made = house(tmp_path)
    made.at[0] = datetime(2026, 11, 24, 15, 7, tzinfo=BERLIN)
    return made


def person(name: str) -> Person:
    at = datetime(2026, 11, 1, tzinfo=BERLIN)
    return Person(
        person_id=name.lower(),
        name=name,
        alias="somebody",
        created_at=at,
        restricted_at=None,
        saw_listens_at=at,
        is_told_aloud=False,
    )


def put(database: Database, *found: Person) -> None:
    """People as rows, for what is theirs."""
    with database.writing() as connection:
        for one in found:
            names = {"person_id": one.person_id, "name": one.name, "name_key": one.name, "alias": one.person_id}
            connection.execute(people.insert().values(**names, passphrase_hash="", created_at=0.0, saw_listens_at=0.0))


@pytest.fixture
def talk(home: House, grammar: Grammar) -> Talk:
    return Talk(house=home, grammar=grammar, here=Context(area="Kitchen"))


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        ("remind me tomorrow at noon to call Bob", "I remind you tomorrow at noon: call Bob."),
        ("remind me to call Bob the day after tomorrow at noon", "I remind you on Thursday at noon: call Bob."),
        ("remind me in two hours that my cake is in the oven", "I remind you today at 5:07 PM: your cake is in the oven."),
        ("remind me to take out the bins every tuesday at 7 pm", "I remind you every Tuesday at 7 PM: take out the bins."),
        ("set a reminder for friday at 9 am to water the plants", "I remind you on Friday at 9 AM: water the plants."),
    ],
)
async def test_it_is_kept_as_it_was_said(talk: Talk, home: House, said: str, reply: str) -> None:
    assert await talk.say(said) == reply
    assert len(home.timers.alerts.all()) == 1


async def test_what_is_missing_is_asked_for(talk: Talk, home: House) -> None:
    assert await talk.say("remind me to feed the cat") == "When?"
    assert await talk.say("tomorrow") == "At what time tomorrow?"
    assert await talk.say("at 8 am") == "I remind you tomorrow at 8 AM: feed the cat."
    assert await talk.say("remind me tomorrow at noon") == "Of what?"
    assert await talk.say("the dentist") == "I remind you tomorrow at noon: the dentist."
    assert len(home.timers.alerts.all()) == 2


async def test_a_reminder_waits_for_a_good_night(talk: Talk, home: House) -> None:
    assert (
        await talk.say("remind me to lock the door when i say good night")
        == "I remind you when you say good night: lock the door."
    )
    assert home.timers.alerts.all()[0].rule == OnEvent(event=GOOD_NIGHT)
    assert await talk.say("good night") == "Good night. But first: lock the door."
    assert home.timers.alerts.all()[0].due_at is not None
    await talk.say("remind me to lock the door whenever i go to bed")
    assert home.timers.alerts.all()[1].rule == OnEvent(event=GOOD_NIGHT, is_once=False)


async def test_they_are_told_and_cancelled_by_their_words(talk: Talk, home: House) -> None:
    await talk.say("remind me every tuesday at 7 pm to take out the bins")
    await talk.say("remind me tomorrow at noon to call Bob")
    told = await talk.say("what are my reminders")
    assert told == "There are 2 reminders: every Tuesday at 7 PM: take out the bins; tomorrow at noon: call Bob."
    assert await talk.say("cancel the reminder to call Bob") == "The reminder tomorrow at noon is cancelled: call Bob."
    (left,) = home.timers.alerts.all()
    assert isinstance(left.rule, Recurring)
    assert (await talk.result("cancel the reminder about the dentist")).outcome is Outcome.REFUSED


async def test_nobody_is_invented(talk: Talk) -> None:
    assert await talk.say("remind Napoleon at noon to rest") == "I know nobody called Napoleon in this home."


async def test_names_of_several_words_are_matched(tmp_path: Path, grammar: Grammar) -> None:
    household = (person("Mary"), person("Mary Ann"), person("Jean-Luc"))
    made = house(tmp_path, people=household)
    put(made.timers.alerts.database, *household)
    made.at[0] = datetime(2026, 11, 24, 15, 7, tzinfo=BERLIN)
    talk = Talk(house=made, grammar=grammar, here=Context(area="Kitchen"))
    assert await talk.say("remind Mary Ann to rest tomorrow at noon") == "I remind Mary Ann tomorrow at noon: rest."
    assert await talk.say("remind Mary tomorrow at noon to rest") == "I remind Mary tomorrow at noon: rest."
    assert await talk.say("remind Jean Luc tomorrow at noon to rest") == "I remind Jean-Luc tomorrow at noon: rest."
    assert [one.person_id for one in made.timers.alerts.all()] == ["mary ann", "mary", "jean-luc"]
    assert await talk.say("remind Anna Maria to rest at 8 pm") == "I know nobody called Anna Maria in this home."


@pytest.mark.parametrize(
    ("said", "reply", "area", "place"),
    [
        (
            "remind me in the bedroom at 8 pm to feed the cat",
            "I remind you in the bedroom today at 8 PM: feed the cat.",
            "Bedroom",
            Place.ROOM,
        ),
        (
            "remind me everywhere at 8 pm to feed the cat",
            "I remind you in the whole house today at 8 PM: feed the cat.",
            "Kitchen",
            Place.HOUSE,
        ),
        (
            "remind me to clean up in the bedroom at 8 pm",
            "I remind you today at 8 PM: clean up in the bedroom.",
            "Kitchen",
            Place.ROOM,
        ),
        (
            "remind me at 8 pm in the evening to feed the cat",
            "I remind you today at 8 PM: feed the cat.",
            "Kitchen",
            Place.ROOM,
        ),
    ],
)
async def test_it_rings_where_is_said(talk: Talk, home: House, said: str, reply: str, area: str, place: Place) -> None:
    assert await talk.say(said) == reply
    (reminder,) = home.timers.alerts.all()
    assert (reminder.area, reminder.place) == (area, place)


async def test_a_room_that_there_is_not_is_refused(talk: Talk, home: House) -> None:
    result = await talk.result("remind me in the attic at 8 pm to feed the cat")
    assert (result.outcome, home.timers.alerts.all()) == (Outcome.REFUSED, ())
    assert result.reply.startswith("I know no room called attic;")


@pytest.mark.parametrize("part", ["in the early morning", "in spring", "in the middle of the night"])
async def test_a_part_of_the_day_is_no_room(talk: Talk, part: str) -> None:
    assert await talk.say(f"remind me {part} to feed the cat") == "When?"


async def test_the_room_is_no_text_of_a_reminder(talk: Talk, home: House) -> None:
    assert await talk.say("remind me in the bedroom at 8 pm") == "Of what?"
    assert await talk.say("the cat") == "I remind you in the bedroom today at 8 PM: the cat."


def rung(home: House, *, sounded: bool = True) -> None:
    """Five o'clock, and what is due has rung."""
    home.at[0] = datetime(2026, 11, 24, 17, 0, tzinfo=BERLIN)
    for claim in home.timers.alerts.claim(home.at[0]):
        if sounded:
            home.timers.alerts.note_sounded(claim.ring, now=home.at[0])


@pytest.mark.parametrize("said", ["done", "I did it", "got it", "acknowledge", "acknowledge that", "acknowledge it", "it's done"])
@pytest.mark.parametrize("is_repeated", [False, True])
async def test_a_reminder_that_rang_is_acknowledged(talk: Talk, home: House, said: str, is_repeated: bool) -> None:
    await talk.say("remind me at 5 pm to feed the cat")
    rung(home)
    alerts = home.timers.alerts
    if is_repeated:
        alerts.snooze(alerts.open_rings()[0], until=home.at[0] + timedelta(minutes=10), is_repeat=True)
    assert await talk.say(said) == "Done: feed the cat."
    assert (alerts.open_rings(), alerts.all()) == ((), ())


async def test_of_those_that_come_again_the_last_that_rang_is_meant(talk: Talk, home: House) -> None:
    alerts = home.timers.alerts
    await talk.say("remind me every day at 4 pm to feed the cat")
    await talk.say("remind me every day at 5 pm to call Bob")
    rung(home)
    for ring in alerts.open_rings():
        alerts.snooze(ring, until=home.at[0] + timedelta(minutes=10), is_repeat=True)
    assert await talk.say("done") == "Done: call Bob."
    (left,) = alerts.open_rings()
    assert left.state is RingState.SNOOZED
    assert await talk.say("done") == "Done: feed the cat."
    assert len(alerts.all()) == 2, "they ring again tomorrow"


async def test_these_words_mean_nothing_unless_a_reminder_waits(talk: Talk, home: House) -> None:
    assert (await talk.result("done")).outcome is Outcome.NOT_UNDERSTOOD
    await talk.say("remind me at 5 pm to feed the cat")
    await talk.say("set an alarm for 5 pm")
    assert (await talk.result("got it")).outcome is Outcome.NOT_UNDERSTOOD
    rung(home, sounded=False)
    assert (await talk.result("got it")).outcome is Outcome.NOT_UNDERSTOOD, "nobody has heard it yet"
    assert not talk.grammar.knows("done")
    assert await talk.say("remind me tomorrow at noon") == "Of what?"
    assert await talk.say("acknowledge it") == "I remind you tomorrow at noon: acknowledge it."


@pytest.mark.parametrize(
    ("asked_by", "here", "is_theirs"),
    [
        (None, Context(area="Bedroom"), False),
        (None, Context(area="Kitchen", person_id="bob"), True),
        ("ann", Context(area="Kitchen"), True),
        ("ann", Context(area="Bedroom", person_id="ann"), True),
        ("ann", Context(area="Kitchen", person_id="bob"), False),
        ("ann", Context(area="Bedroom"), False),
    ],
)
async def test_only_theirs_or_that_of_their_room(
    talk: Talk, home: House, asked_by: str | None, here: Context, is_theirs: bool
) -> None:
    put(home.timers.alerts.database, person("Ann"), person("Bob"))
    talk.here = replace(talk.here, person_id=asked_by)
    await talk.say("remind me at 5 pm to feed the cat")
    rung(home)
    talk.here = here
    result = await talk.result("done")
    assert (result.outcome is Outcome.DONE) is is_theirs
    assert (home.timers.alerts.open_rings() == ()) is is_theirs


async def test_a_stretch_of_the_day_is_asked_for_its_hour(talk: Talk, home: House) -> None:
    assert await talk.say("remind me tomorrow at lunchtime to call Bob") == "At what time tomorrow from noon to 2 PM?"
    assert await talk.say("at half past one") == "I remind you tomorrow at 1:30 PM: call Bob."
    (one,) = home.timers.alerts.all()
    assert one.due_at == datetime(2026, 11, 25, 13, 30, tzinfo=BERLIN)


async def test_twice_a_day_wants_two_times(talk: Talk, home: House) -> None:
    assert await talk.say("remind me twice a day to drink water") == "At which two times every day?"
    assert await talk.say("8 am") == "Say both, at the same minute, such as 8 AM and 8 PM. At which two times every day?"
    assert await talk.say("8 am and 6 pm") == "I remind you every day at 8 AM and 6 PM: drink water."
    (one,) = home.timers.alerts.all()
    assert isinstance(one.rule, Recurring)
    assert one.due_at == datetime(2026, 11, 24, 18, tzinfo=BERLIN)
    home.timers.alerts.remove([one.alert_id])
    refused = await talk.result("remind me nine times a day to drink water")
    assert (refused.outcome, home.timers.alerts.all()) == (Outcome.REFUSED, ())


async def test_three_times_a_day_wants_three_times_or_hears_them_at_once(talk: Talk, home: House) -> None:
    assert await talk.say("remind me three times a day to drink water") == "At which three times every day?"
    assert await talk.say("8 am and 6 pm") == (
        "Say all three, at the same minute, such as 8 AM, 1 PM and 6 PM. At which three times every day?"
    )
    told = "I remind you every day at 8 AM, 1 PM and 6 PM: drink water."
    assert await talk.say("at eight, one and six") == told
    (one,) = home.timers.alerts.all()
    assert isinstance(one.rule, Recurring)
    assert one.rule.rule == "FREQ=DAILY;BYHOUR=8,13,18"
    assert one.due_at == datetime(2026, 11, 24, 18, tzinfo=BERLIN)
    home.timers.alerts.remove([one.alert_id])
    assert await talk.say("remind me three times a day at eight, one and six to drink water") == told


async def test_two_times_that_are_named_for_twice_a_day_need_no_question(talk: Talk) -> None:
    assert await talk.say("remind me twice a day at 8 am to drink water") == "At which two times every day?"
    assert await talk.say("8 and 6") == "I remind you every day at 8 AM and 6 PM: drink water."


async def test_a_bare_number_is_asked_for_its_unit(talk: Talk, home: House) -> None:
    assert await talk.say("remind me in ten to turn the cake") == "In 10 minutes or in 10 hours?"
    assert await talk.say("minutes") == "I remind you today at 3:17 PM: turn the cake."
    (one,) = home.timers.alerts.all()
    assert one.due_at == datetime(2026, 11, 24, 15, 17, tzinfo=BERLIN)
