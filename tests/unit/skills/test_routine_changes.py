"""Routines changed by what people say: steps, phrase, time, event, name and switch; nobody lets one do more in another's name."""

import asyncio
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from earwitness.domain.account import AccountRole
from earwitness.domain.alert import AlertKind, AtWallTime, Recurring
from earwitness.domain.intent import Context
from earwitness.domain.person import Person
from earwitness.domain.routine import AtTimes, OnPhrase, OnState, Routine
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.links.routines import Routines
from earwitness.skills.routine_words import imperatives, is_good_night
from tests.houses_kept import PASSPHRASE, kept_house
from tests.unit.server.serving import person
from tests.unit.skills.houses import House, house

BERLIN = ZoneInfo("Europe/Berlin")
HERE = Context(area="Kitchen")
KIM = replace(person(AccountRole.CHILD), person_id="kim", name="Kim")
GUS = replace(person(AccountRole.GUEST), person_id="gus", name="Gus")


@pytest.fixture
def home(tmp_path: Path) -> House:
    made = house(tmp_path)
    made.at[0] = datetime(2026, 11, 24, 15, 7, tzinfo=BERLIN)
    return made


async def result(home: House, text: str, *, by: Person | None = None, context: Context = HERE) -> SkillResult:
    context = context if by is None else replace(context, person_id=by.person_id)
    heard = await asyncio.to_thread(home.understand, text, context)
    assert heard.intent is not None, f"{text!r} is not understood: {heard.reason}"
    done = await home.skills.perform(heard.intent, context=context)
    await home.runner.settle()
    return done


async def say(home: House, text: str, *, by: Person | None = None) -> str:
    return (await result(home, text, by=by)).reply


def only(home: House) -> Routine:
    (one,) = Routines(home.timers.alerts).all()
    return one


async def test_a_step_is_added_as_people_say_it(home: House) -> None:
    await say(home, "when I say good night, turn off the ceiling light")
    told = await say(home, "add turning off the counter light to my good night routine")
    assert told == 'When you say "good night", I do this now: "turn off the ceiling light" and "turn off the counter light".'
    assert only(home).steps == ("turn off the ceiling light", "turn off the counter light")
    await say(home, "add locking the back door to the start of my good night routine")
    await say(home, "when I say good night, also close the garage door and pause the speaker")
    assert only(home).steps == (
        "lock the back door",
        "turn off the ceiling light",
        "turn off the counter light",
        "close the garage door",
        "pause the speaker",
    )
    await say(home, "good night")
    assert (home.state("Back Door"), home.state("Ceiling Light")) == ("locked", "off")


@pytest.mark.parametrize(
    "said",
    [
        "remove turning off the counter light from my good night routine",
        "take the second step out of my good night routine",
        "take the last step from my good night routine",
        "remove the counter light from my good night routine",
        "stop switching off the counter light in my good night routine",
    ],
)
async def test_a_step_is_taken_out_by_its_words_meaning_or_place(home: House, said: str) -> None:
    await say(home, "when I say good night, turn off the ceiling light and turn off the counter light")
    assert (await result(home, said)).outcome is Outcome.DONE
    assert only(home).steps == ("turn off the ceiling light",)


async def test_the_only_step_stays_and_what_is_none_is_not_removed(home: House) -> None:
    await say(home, "when I say good night, turn off the ceiling light")
    assert "delete the routine good night" in await say(home, "remove the first step from my good night routine")
    assert "It does not do" in await say(home, "remove playing jazz from my good night routine")
    assert only(home).steps == ("turn off the ceiling light",)


async def test_a_step_is_changed_for_another(home: House) -> None:
    await say(home, "when I say good night, turn off the ceiling light and lock the back door")
    await say(home, "change the first step to turn off the counter light in my good night routine")
    assert only(home).steps == ("turn off the counter light", "lock the back door")
    await say(home, "in my good night routine, close the garage door instead of locking the back door")
    assert only(home).steps == ("turn off the counter light", "close the garage door")


async def test_a_phrase_becomes_another_and_the_old_one_means_nothing(home: House) -> None:
    await say(home, "when I say good night, turn off the ceiling light")
    told = await say(home, "change when I say good night to when I say sleep well")
    assert told == 'When you say "sleep well", I do this now: "turn off the ceiling light".'
    assert only(home).trigger == OnPhrase(phrase="sleep well")
    assert (await result(home, "sleep well")).outcome is Outcome.DONE
    assert home.state("Ceiling Light") == "off"
    await say(home, "change the phrase of my sleep well routine to sweet dreams")
    assert only(home).trigger == OnPhrase(phrase="sweet dreams")
    again = home.understand("sleep well", HERE).intent
    assert again is not None
    assert again.name == "GoodNight"
    assert is_good_night("sleep well")
    assert not is_good_night("sweet dreams")


async def test_an_hour_keeps_the_days_and_the_half_of_the_day(home: House) -> None:
    await say(home, "every weekday at 6 am turn on the counter light")
    assert (await say(home, "run my morning routine at seven instead")).startswith("Every weekday at 7 AM, I do this now")
    (alert,) = home.timers.alerts.all()
    assert isinstance(alert.rule, Recurring)
    assert (alert.rule.start.hour, "BYDAY=MO,TU,WE,TH,FR" in alert.rule.rule) == (7, True)
    assert only(home).trigger == AtTimes(told="every weekday at 7 AM")
    await say(home, "change the time of my morning routine to every saturday at half past eight in the morning")
    (alert,) = home.timers.alerts.all()
    assert isinstance(alert.rule, Recurring)
    assert alert.rule.start.isoformat() == "2026-11-28T08:30:00"


async def test_one_with_a_phrase_gets_a_time_after_its_days_were_asked(home: House) -> None:
    await say(home, "when I say good morning, turn on the counter light")
    asked = await result(home, "run my good morning routine at 7 am instead")
    assert (asked.outcome, asked.reply) == (Outcome.ASKED, "On which days?")
    heard = await asyncio.to_thread(home.understand, "every weekday", asked.asks or HERE)
    assert heard.intent is not None
    done = await home.skills.perform(heard.intent, context=asked.asks or HERE)
    assert done.reply.startswith("Every weekday at 7 AM, I do this now")
    assert home.understand("good morning", HERE).intent is None or isinstance(only(home).trigger, AtTimes)
    home.runner.begin(home.timers.alerts.all()[0].alert_id)
    await home.runner.settle()
    assert home.state("Counter Light") == "on"


async def test_a_time_becomes_a_phrase_or_an_event_and_rings_no_more(home: House) -> None:
    await say(home, "every weekday at 6 am turn on the counter light")
    await say(home, "run my morning routine when I say rise and shine")
    assert (only(home).trigger, home.timers.alerts.all()) == (OnPhrase(phrase="rise and shine"), ())
    await say(home, "run my rise and shine routine when the garage door opens")
    trigger = only(home).trigger
    assert isinstance(trigger, OnState)
    assert (trigger.device_name, trigger.state) == ("Garage Door", "open")
    await say(home, "open the garage door")
    await home.runner.settle()
    assert home.state("Counter Light") == "on"


async def test_once_and_again(home: House) -> None:
    await say(home, "every weekday at 6 am turn on the counter light")
    await say(home, "run my morning routine on saturday at 9 am instead")
    (alert,) = home.timers.alerts.all()
    assert (only(home).is_once, alert.rule) == (True, AtWallTime(local=datetime.fromisoformat("2026-11-28T09:00")))
    await say(home, "run my morning routine every day at 5 am instead")
    assert not only(home).is_once


async def test_it_gets_a_name_and_is_run_told_and_switched_by_it(home: House) -> None:
    await say(home, "when I say movie time, turn off the ceiling light")
    assert await say(home, "rename my movie time routine to cinema") == (
        'That routine is called "cinema" now; it still runs when you say "movie time".'
    )
    assert await say(home, "what does my cinema routine do") == 'Cinema, when you say "movie time": "turn off the ceiling light".'
    assert await say(home, "switch off the cinema routine") == 'The routine "cinema" is off.'
    assert not only(home).is_on
    assert await say(home, "turn my cinema routine back on") == 'The routine "cinema" is on again.'
    assert (await result(home, "run my cinema routine")).outcome is Outcome.DONE
    assert home.state("Ceiling Light") == "off"


async def test_which_one_is_asked(home: House) -> None:
    await say(home, "every weekday at 6 am turn on the counter light")
    await say(home, "every saturday at 9 am turn on the counter light")
    asked = await result(home, "switch off my morning routine")
    assert asked.reply == "Which one: every weekday at 6 AM or every Saturday at 9 AM?"
    heard = home.understand("every saturday at 9 am", asked.asks or HERE)
    assert heard.intent is not None
    assert (await home.skills.perform(heard.intent, context=HERE)).outcome is Outcome.DONE
    assert [one.is_on for one in Routines(home.timers.alerts).all()] == [True, False]


@pytest.mark.parametrize(
    "said",
    [
        "add when I say hello house turn on the counter light to my movie time routine",
        "add movie time to my movie time routine",
        "add run my movie time routine to my movie time routine",
        "add brewing beer to my movie time routine",
        "change the phrase of my movie time routine to turn off the ceiling light",
        "change when I say movie time to when I say stop",
        "run my movie time routine when the flurb opens",
        "add reading my messages to my movie time routine",
    ],
)
async def test_no_change_lets_it_loop_or_do_what_no_routine_may(home: House, said: str) -> None:
    await say(home, "when I say movie time, turn off the ceiling light")
    before = only(home)
    assert (await result(home, said)).outcome is Outcome.REFUSED
    assert only(home) == before


async def test_a_step_means_what_it_meant_where_it_was_said(home: House) -> None:
    """In the kitchen "the lights" are the kitchen's; the routine runs in the living room."""
    there = replace(HERE, area="Living Room")
    await result(home, "when I say movie time, close the garage door", context=there)
    await say(home, "add turn off the lights to my movie time routine")
    assert only(home).steps == ("close the garage door", "turn off the lights in the kitchen")


async def test_who_may_change_whose_and_as_whom_it_acts_then(tmp_path: Path) -> None:
    with kept_house(tmp_path) as kept:
        olga, ben = (kept.people.add(name, passphrase=PASSPHRASE) for name in ("Olga", "Ben"))
        home = house(tmp_path, database=kept.database, people=(olga, replace(ben, role=AccountRole.ADULT), KIM, GUS))
        await say(home, "when I say movie time, turn off the ceiling light and lock the back door", by=olga)
        for by in (KIM, GUS):
            assert (await result(home, "switch off my movie time routine", by=by)).outcome is Outcome.REFUSED
            assert (await result(home, "delete the routine movie time", by=by)).outcome is Outcome.REFUSED
        more = await result(home, "add unlocking the front door to my movie time routine")
        assert (more.outcome, "I do not know who you are" in more.reply) == (Outcome.REFUSED, True)
        timed = await result(home, "run my movie time routine every day at 3 am")
        assert timed.outcome is Outcome.REFUSED, "a phrase that somebody has to say becomes a time at which nobody is asked"
        less = await result(home, "remove the last step from my movie time routine")
        assert (less.outcome, only(home).person_id) == (Outcome.DONE, olga.person_id)
        told = await say(home, "add closing the garage door to my movie time routine", by=ben)
        assert told.endswith("It acts as you from now on, because you let it do more.")
        assert only(home).person_id == ben.person_id


async def test_nobody_changes_what_changed_meanwhile(home: House) -> None:
    await say(home, "when I say movie time, turn off the ceiling light")
    routines, before = Routines(home.timers.alerts), only(home)
    assert routines.change(before, after=replace(before, name="cinema"))
    assert not routines.change(before, after=replace(before, name="film"))
    assert only(home).name == "cinema"
    assert all(one.kind is not AlertKind.ROUTINE for one in home.timers.alerts.all())


def test_what_people_say_of_a_step_as_a_request() -> None:
    for said, meant in {
        "turning off the heating": "turn off the heating",
        "closing the blinds": "close the blinds",
        "setting the volume to 3": "set the volume to 3",
        "dimming the lamp": "dim the lamp",
        "play jazz": "play jazz",
        "also lock the door": "lock the door",
    }.items():
        assert meant in list(imperatives(said))


async def test_only_what_a_routine_is_called_begins_such_a_sentence(home: House) -> None:
    await say(home, "every weekday at 6 am turn on the counter light")
    heard = home.understand("turn on the ferret cage", HERE)
    assert (heard.intent, heard.reason) == (None, "I know no device called ferret cage.")
    assert await say(home, "turn off my morning routine") == 'The routine "every weekday at 6 AM" is off.'
    assert await say(home, "turn my morning routine on") == 'The routine "every weekday at 6 AM" is on again.'
