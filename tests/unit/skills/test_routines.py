"""Routines: made, run and told by what people say; they cannot loop, and act as who made them."""

import asyncio
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from earwitness.domain.account import LIVES_HERE, AccountRole
from earwitness.domain.alert import GOOD_NIGHT, AlertKind, OnEvent, Recurring
from earwitness.domain.confirmation import ConfirmationPolicy
from earwitness.domain.intent import Context
from earwitness.domain.person import Person
from earwitness.domain.routine import AtTimes, OnPhrase, OnState
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.links.routines import Routines
from earwitness.skills.routine_running import MOST_RUNS, RoutineRunner, split_steps
from tests.unit.server.serving import person
from tests.unit.skills.houses import House, house

BERLIN = ZoneInfo("Europe/Berlin")
HERE = Context(area="Kitchen")


@pytest.fixture
def home(tmp_path: Path) -> House:
    made = house(tmp_path)
    made.at[0] = datetime(2026, 11, 24, 15, 7, tzinfo=BERLIN)
    return made


async def result(home: House, text: str) -> SkillResult:
    heard = await asyncio.to_thread(home.understand, text, HERE)
    assert heard.intent is not None, f"{text!r} is not understood: {heard.reason}"
    done = await home.skills.perform(heard.intent, context=HERE)
    await home.runner.settle()
    return done


async def say(home: House, text: str) -> str:
    return (await result(home, text)).reply


def routines(home: House) -> Routines:
    return Routines(home.timers.alerts)


async def test_a_phrase_does_several_things_from_then_on(home: House) -> None:
    made = await say(home, "when I say movie time, turn off the ceiling light and close the garage door")
    assert made == 'When you say "movie time", I do 2 things: "turn off the ceiling light" and "close the garage door".'
    (kept,) = routines(home).all()
    assert (kept.trigger, kept.steps) == (
        OnPhrase(phrase="movie time"),
        ("turn off the ceiling light", "close the garage door"),
    )
    done = await result(home, "movie time")
    assert done.outcome is Outcome.DONE
    assert home.state("Ceiling Light") == "off"
    assert "garage door" in done.reply.lower()


async def test_what_somebody_is_refused_no_routine_of_others_does_for_them(tmp_path: Path) -> None:
    child = replace(person(AccountRole.CHILD), person_id="kim")
    home = house(tmp_path, people=[child], policy=ConfirmationPolicy())
    await say(home, "when I say open sesame, unlock the front door and turn off the ceiling light")
    intent = home.understand("open sesame", HERE).intent
    assert intent is not None
    result = await home.skills.perform(intent, context=replace(HERE, person_id="kim"))
    assert (result.outcome, home.state("Front Door"), home.state("Ceiling Light")) == (Outcome.FAILED, "locked", "off")
    assert "a grown-up has to do that" in result.reply
    assert (await home.skills.perform(intent, context=HERE)).outcome is Outcome.DONE
    assert home.state("Front Door") == "unlocked"


@pytest.mark.parametrize("step", ["read my messages", "reply that I come", "take back my last message", "call mum", "redial"])
async def test_nobody_reads_writes_or_calls_as_somebody_else_by_their_phrase(home: House, step: str) -> None:
    assert (await asyncio.to_thread(home.understand, step, HERE)).intent is not None
    assert (await result(home, f"when I say open sesame, {step}")).outcome is Outcome.REFUSED
    assert routines(home).all() == ()


@pytest.mark.parametrize("step", ["what did you just hear", "delete everything i said", "keep my recordings", "what do you keep"])
async def test_nobody_exercises_somebody_elses_rights_by_their_phrase(home: House, step: str) -> None:
    assert (await asyncio.to_thread(home.understand, step, HERE)).intent is not None
    assert (await result(home, f"when I say open sesame, {step}")).outcome is Outcome.REFUSED
    assert routines(home).all() == ()


async def test_good_night_runs_the_routine_and_what_waits_for_it(home: House) -> None:
    await say(home, "remind me to lock the door whenever i say good night")
    await say(home, "when I say good night turn off the ceiling light")
    assert await say(home, "good night") == "Turned off the Ceiling Light." or home.state("Ceiling Light") == "off"
    (reminder,) = [one for one in home.timers.alerts.all() if one.kind is AlertKind.REMINDER]
    assert (reminder.rule, reminder.due_at is not None) == (OnEvent(event=GOOD_NIGHT, is_once=False), True)


async def test_at_times_it_has_an_alert_of_its_own(home: House) -> None:
    made = await say(home, "every weekday at 7 am turn on the counter light")
    assert made == 'Every weekday at 7 AM, I do 1 thing: "turn on the counter light".'
    (kept,), (alert,) = routines(home).all(), home.timers.alerts.all()
    assert isinstance(kept.trigger, AtTimes)
    assert (alert.alert_id, alert.kind) == (kept.routine_id, AlertKind.ROUTINE)
    assert isinstance(alert.rule, Recurring)
    home.runner.begin(alert.alert_id)
    await home.runner.settle()
    assert home.state("Counter Light") == "on"


async def test_a_device_starts_one_and_what_routines_change_starts_none(home: House) -> None:
    await say(home, "when the back door is locked, turn off the ceiling light")
    await say(home, "when the ceiling light is turned off, turn on the counter light")
    assert [type(one.trigger) for one in routines(home).all()] == [OnState, OnState]
    await say(home, "lock the back door")
    await home.runner.settle()
    assert home.state("Ceiling Light") == "off"
    assert home.state("Counter Light") == "off", "the second one was not started by the first"


@pytest.mark.parametrize(
    "said",
    [
        "when I say hello house when I say other thing turn off the ceiling light",
        "when I say stop turn off the ceiling light",
        "when I say turn on the lamp turn off the ceiling light",
        "when I say movie time brew beer",
        "when the flurb opens turn off the ceiling light",
        "every weekday at 7 am brew beer",
    ],
)
async def test_what_could_loop_or_is_not_understood_is_refused(home: House, said: str) -> None:
    assert (await result(home, said)).outcome is Outcome.REFUSED
    assert routines(home).all() == ()


async def test_one_that_begins_too_often_is_switched_off(home: House) -> None:
    await say(home, "when I say movie time turn off the ceiling light")
    (kept,) = routines(home).all()
    for _ in range(MOST_RUNS):
        assert (await home.runner.run(kept)).outcome is Outcome.DONE
    assert "switched it off" in (await home.runner.run(kept)).reply
    assert not routines(home).all()[0].is_on


async def test_one_whose_maker_left_does_nothing(home: House) -> None:
    await say(home, "when I say movie time turn off the ceiling light")
    (kept,) = routines(home).all()
    gone = type(kept)(**{name: getattr(kept, name) for name in kept.__slots__} | {"person_id": "ada"})
    assert (await home.runner.run(gone)).outcome is Outcome.REFUSED
    assert home.state("Ceiling Light") == "on"


async def test_one_whose_maker_left_is_off_from_then_on(home: House) -> None:
    await say(home, "when I say movie time turn off the ceiling light")
    (kept,) = routines(home).all()
    assert (await home.runner.run(replace(kept, person_id="ada"))).outcome is Outcome.REFUSED
    assert not routines(home).all()[0].is_on


ADA = person(AccountRole.ADULT)


@pytest.mark.parametrize(
    ("maker", "reason"),
    [
        (ADA, ""),
        (replace(ADA, role=AccountRole.CHILD), ""),
        (replace(ADA, role=AccountRole.OWNER), ""),
        (replace(ADA, role=AccountRole.GUEST), "Anna made it and may have no routines any more, so it does not run."),
        (replace(ADA, role=AccountRole.REVIEWER), "Anna made it and may have no routines any more, so it does not run."),
        (replace(ADA, suspended_at=ADA.created_at), "Anna made it and is suspended, so it does not run."),
        (None, "Whoever made it has left, so it does not run. Make it anew."),
    ],
)
async def test_it_runs_as_long_as_its_maker_may_have_it(home: House, maker: Person | None, reason: str) -> None:
    """What they are now counts, not what they were when they made it."""
    await say(home, "when I say movie time turn off the ceiling light")
    (kept,) = routines(home).all()
    runner = RoutineRunner(
        routines(home),
        understand=lambda text, context: home.understand(text, context),
        skills=lambda: home.skills,
        person=lambda person_id: maker,
        note=lambda sentence: asyncio.sleep(0),
    )
    done = await runner.run(replace(kept, person_id=ADA.person_id))
    assert done.outcome is (Outcome.REFUSED if reason else Outcome.DONE)
    assert home.state("Ceiling Light") == ("on" if reason else "off")
    assert not reason or done.reply == reason
    assert runner.may_make(ADA.person_id) is (maker is None or maker.role in LIVES_HERE)
    assert runner.may_make(None)


async def test_they_are_told_in_plain_words_and_forgotten(home: House) -> None:
    assert await say(home, "what are my routines") == "There is no routine."
    await say(home, "when I say movie time turn off the ceiling light")
    assert await say(home, "what happens when I say movie time") == 'When you say "movie time": "turn off the ceiling light".'
    assert await say(home, "delete the routine movie time") == 'When you say "movie time", nothing happens any more.'
    assert home.understand("movie time", HERE).intent is None


async def test_something_is_done_later_once(home: House) -> None:
    assert (
        await say(home, "turn off the ceiling light in ten minutes") == 'In 10 minutes, I do this: "turn off the ceiling light".'
    )
    (kept,), (alert,) = routines(home).all(), home.timers.alerts.all()
    assert (kept.is_once, alert.alert_id) == (True, kept.routine_id)
    assert home.state("Ceiling Light") == "on"
    home.runner.begin(kept.routine_id)
    await home.runner.settle()
    assert home.state("Ceiling Light") == "off"
    assert routines(home).all() == ()


def test_steps_are_as_few_as_can_be() -> None:
    known = {"turn off the lights", "lock the door", "add salt and pepper to the list", "play jazz"}

    def split(words: str) -> tuple[str, ...]:
        return split_steps(words, is_step=known.__contains__)

    assert split("turn off the lights and lock the door") == ("turn off the lights", "lock the door")
    assert split("turn off the lights, lock the door and play jazz") == ("turn off the lights", "lock the door", "play jazz")
    assert split("add salt and pepper to the list then play jazz") == ("add salt and pepper to the list", "play jazz")
    assert split("turn off the lights and brew beer") == ()


@pytest.mark.parametrize(
    "said", ["on what day does halloween fall", "at what age did mozart die", "every cloud has a silver lining"]
)
async def test_words_without_a_time_make_no_routine(home: House, said: str) -> None:
    intent = home.understand(said, HERE).intent
    assert intent is None or intent.name != "MakeRoutine"
