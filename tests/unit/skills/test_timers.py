"""Timers: set, chosen, changed and told; they outlive a restart; nothing is said that is not on the disk."""

import asyncio
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from earwitness.domain.alert import Place
from earwitness.domain.intent import Context, Intent
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.links.timers import TimerState
from earwitness.skills.inside import Inside
from earwitness.skills.keeping import CHANGED_MEANWHILE
from earwitness.skills.timers import MOST_TIMERS
from tests.unit.skills.houses import NOW, House, house, skill_set

KITCHEN = Context(area="Kitchen", device_id="page-1")


@pytest.mark.parametrize(
    ("slots", "seconds", "reply"),
    [
        ({"minutes": 5}, 300, "Timer set for 5 minutes."),
        ({"minutes": 1}, 60, "Timer set for 1 minute."),
        ({"hours": 1, "minutes": 30.0}, 5400, "Timer set for 1 hour and 30 minutes."),
        ({"hours": 1, "minutes": 15, "seconds": 30}, 4530, "Timer set for 1 hour, 15 minutes and 30 seconds."),
        ({"minutes": 10, "name": "pasta"}, 600, "Pasta timer set for 10 minutes."),
    ],
)
def test_starting(home: House, slots: Mapping[str, Any], seconds: float, reply: str) -> None:
    assert home.foresee("HassStartTimer", context=KITCHEN, **slots) == reply
    assert home.timers.all() == ()
    result = home.do("HassStartTimer", context=KITCHEN, **slots)
    assert (result.outcome, result.reply) == (Outcome.DONE, reply)
    (timer,) = home.timers.all()
    assert timer.due_at == NOW + timedelta(seconds=seconds)
    assert (timer.area, timer.device_id, timer.name) == ("Kitchen", "page-1", slots.get("name", ""))
    assert timer.place is Place.DEVICE, "it rings where it was set"


@pytest.mark.parametrize(
    ("said", "context", "rings", "told", "status"),
    [
        ("set a ten minute timer", KITCHEN, (Place.DEVICE, "Kitchen"), "", "rings in the Kitchen"),
        ("set a ten minute timer", Context(device_id="box"), (Place.DEVICE, None), "", "rings at the device where it was set"),
        ("set a ten minute timer", Context(area="Kitchen"), (Place.ROOM, "Kitchen"), "", "rings in the Kitchen"),
        ("set a ten minute timer", Context(), (Place.HOUSE, None), "", ""),
        (
            "set a ten minute timer in the living room",
            KITCHEN,
            (Place.ROOM, "Living Room"),
            " It rings in the Living Room.",
            "rings in the Living Room",
        ),
        (
            "set a timer in the lounge for ten minutes",
            Context(),
            (Place.ROOM, "Living Room"),
            " It rings in the Living Room.",
            "rings in the Living Room",
        ),
        ("set a timer for ten minutes everywhere", KITCHEN, (Place.HOUSE, "Kitchen"), " It rings everywhere.", ""),
        ("set a 10 minute timer in the whole house", Context(), (Place.HOUSE, None), " It rings everywhere.", ""),
    ],
)
def test_where_it_rings(
    home: House, said: str, context: Context, rings: tuple[Place, str | None], told: str, status: str
) -> None:
    intent = home.understand(said, context).intent
    assert intent is not None
    result = asyncio.run(home.skills.perform(intent, context=context))
    assert (result.outcome, result.reply) == (Outcome.DONE, f"Timer set for 10 minutes.{told}")
    (timer,) = home.timers.all()
    assert (timer.place, timer.area, timer.device_id) == (*rings, context.device_id)
    elsewhere = Context(area="Cellar", device_id="cellar-1")
    assert home.say("HassTimerStatus", context=elsewhere) == (
        f"The 10 minute timer has 10 minutes left{f' and {status}' if status else ''}."
    )
    there = Context(area=timer.area, device_id=timer.device_id)
    assert home.say("HassTimerStatus", context=there) == "The 10 minute timer has 10 minutes left.", "that is here"


def test_the_place_is_told_once(home: House) -> None:
    for room in ("Kitchen", "Bedroom"):
        home.do("HassStartTimer", minutes=5, area=room)
    home.do("HassPauseTimer", area="Kitchen")
    assert home.say("HassTimerStatus") == (
        "There are 2 timers: the 5 minute timer in the Kitchen has 5 minutes left and is paused"
        " and the 5 minute timer in the Bedroom has 5 minutes left."
    )
    home.do("HassCancelTimer", area="Bedroom")
    assert home.say("HassTimerStatus") == "The 5 minute timer has 5 minutes left, is paused and rings in the Kitchen."


@pytest.mark.parametrize(
    ("slots", "outcome", "reply"),
    [
        ({}, Outcome.ASKED, "For how long?"),
        ({"minutes": 0}, Outcome.ASKED, "For how long?"),
        ({"hours": 200}, Outcome.REFUSED, "A timer can run for at most 7 days."),
        ({"minutes": "many"}, Outcome.REFUSED, "I did not catch how long."),
        (
            {"minutes": 5, "conversation_command": "brew beer"},
            Outcome.REFUSED,
            'I cannot do "brew beer" later.',
        ),
    ],
)
def test_what_is_no_timer(home: House, slots: Mapping[str, Any], outcome: Outcome, reply: str) -> None:
    result = home.do("HassStartTimer", **slots)
    assert (result.outcome, result.reply) == (outcome, reply)
    assert home.timers.all() == ()


def test_there_are_only_so_many(home: House) -> None:
    for _ in range(MOST_TIMERS):
        home.do("HassStartTimer", minutes=5)
    assert home.do("HassStartTimer", minutes=5).outcome is Outcome.REFUSED
    assert len(home.timers.all()) == MOST_TIMERS


@pytest.fixture
def three(home: House) -> House:
    home.do("HassStartTimer", minutes=10, name="pasta", context=KITCHEN)
    home.do("HassStartTimer", minutes=5, context=Context(area="Bedroom"))
    home.do("HassStartTimer", hours=1, context=Context(area="Bedroom"))
    return home


@pytest.mark.parametrize(
    ("slots", "context", "reply"),
    [
        ({"name": "Pasta"}, None, "The pasta timer is cancelled."),
        ({"start_minutes": 5}, None, "The 5 minute timer is cancelled."),
        ({"start_hours": 1}, None, "The 1 hour timer is cancelled."),
        ({"start_minutes": 60}, None, "The 1 hour timer is cancelled."),
        ({"area": "Kitchen"}, None, "The pasta timer is cancelled."),
        ({}, KITCHEN, "The pasta timer is cancelled."),
        ({"timer": "the 5 minute one"}, None, "The 5 minute timer is cancelled."),
        ({"timer": "pasta timer"}, None, "The pasta timer is cancelled."),
        ({"timer": "one in the kitchen"}, None, "There is no one in the kitchen timer."),
    ],
)
def test_choosing_one(three: House, slots: Mapping[str, Any], context: Context | None, reply: str) -> None:
    result = three.do("HassCancelTimer", context=context, **slots)
    assert result.reply == reply
    assert len(three.timers.all()) == (2 if result.outcome is Outcome.DONE else 3)


@pytest.mark.parametrize(
    "intent", ["HassCancelTimer", "HassPauseTimer", "HassUnpauseTimer", "HassIncreaseTimer", "HassDecreaseTimer"]
)
def test_without_a_choice_it_asks_which(three: House, intent: str) -> None:
    before = three.timers.all()
    result = three.do(intent, minutes=1)
    assert (result.outcome, result.reply) == (
        Outcome.ASKED,
        "Which one: the pasta timer, the 5 minute timer or the 1 hour timer?",
    )
    assert result.asks is not None
    assert result.asks.expects == "timer"
    assert result.asks.pending is not None
    assert result.asks.pending.name == intent
    assert three.timers.all() == before


def test_the_answer_completes_the_question(three: House) -> None:
    asks = three.do("HassIncreaseTimer", minutes=2).asks
    assert asks is not None
    assert asks.pending is not None
    answered: dict[str, Any] = {**asks.pending.slots, "timer": "5 minutes"}
    reply = three.say(asks.pending.name, **answered)
    assert reply == "Added 2 minutes to the 5 minute timer."
    assert three.timers.all()[1].due_at == NOW + timedelta(minutes=7)


@pytest.mark.parametrize(
    "intent", ["HassCancelTimer", "HassPauseTimer", "HassUnpauseTimer", "HassIncreaseTimer", "HassDecreaseTimer"]
)
def test_without_any_timer(home: House, intent: str) -> None:
    result = home.do(intent, minutes=1)
    assert (result.outcome, result.reply) == (Outcome.REFUSED, "There is no timer.")


def test_a_timer_that_is_not_there_is_named(three: House) -> None:
    assert three.say("HassCancelTimer", name="tea") == "There is no tea timer."
    assert three.say("HassPauseTimer", start_minutes=7) == "There is no 7 minute timer."


def test_cancelling_all(three: House) -> None:
    assert three.say("HassCancelAllTimers", area="Bedroom") == "All 2 timers are cancelled."
    assert three.say("HassCancelAllTimers") == "The pasta timer is cancelled."
    assert three.say("HassCancelAllTimers") == "There is no timer to cancel."


def test_a_paused_timer_keeps_what_is_left_over_a_restart(home: House, tmp_path: Path) -> None:
    home.do("HassStartTimer", minutes=5)
    home.at[0] = NOW + timedelta(minutes=2)
    assert home.say("HassPauseTimer") == "The 5 minute timer is paused."
    assert home.say("HassPauseTimer") == "The 5 minute timer is already paused."
    home.timers.alerts.database.close()
    later = house(tmp_path)
    later.at[0] = NOW + timedelta(days=1)
    assert later.say("HassTimerStatus") == "The 5 minute timer has 3 minutes left and is paused."
    assert later.say("HassUnpauseTimer") == "The 5 minute timer is running again."
    assert later.say("HassUnpauseTimer") == "The 5 minute timer is already running."
    assert later.timers.all()[0].due_at == NOW + timedelta(days=1, minutes=3)


def test_more_and_less_time(home: House) -> None:
    home.do("HassStartTimer", minutes=5)
    assert home.say("HassIncreaseTimer", minutes=1, seconds=30) == "Added 1 minute and 30 seconds to the 5 minute timer."
    assert home.say("HassDecreaseTimer", minutes=2) == "Took 2 minutes off the 5 minute timer."
    assert home.say("HassTimerStatus") == "The 5 minute timer has 4 minutes and 30 seconds left."
    assert home.say("HassDecreaseTimer", minutes=5) == "The 5 minute timer has only 4 minutes and 30 seconds left."
    assert home.say("HassIncreaseTimer", hours=168) == "A timer can run for at most 7 days."
    assert home.do("HassIncreaseTimer").outcome is Outcome.ASKED


def test_more_time_for_a_paused_timer(home: House) -> None:
    home.do("HassStartTimer", minutes=5)
    home.do("HassPauseTimer")
    home.do("HassIncreaseTimer", minutes=2)
    assert home.say("HassTimerStatus") == "The 5 minute timer has 7 minutes left and is paused."


def test_status(three: House) -> None:
    three.at[0] = NOW + timedelta(seconds=100)
    assert three.say("HassTimerStatus", context=KITCHEN, name="pasta") == "The pasta timer has 8 minutes and 20 seconds left."
    assert three.say("HassTimerStatus", context=Context(area="Bedroom")) == (
        "There are 3 timers: the pasta timer has 8 minutes and 20 seconds left and rings in the Kitchen,"
        " the 5 minute timer has 3 minutes and 20 seconds left and the 1 hour timer has 58 minutes and 20 seconds left."
    )
    assert three.do("HassTimerStatus", name="tea").reply == "There is no tea timer."


def test_status_without_timers_is_an_answer(home: House) -> None:
    result = home.do("HassTimerStatus")
    assert (result.outcome, result.reply) == (Outcome.ANSWERED, "There is no timer.")


def test_cancelling_one_that_rings_stops_it(home: House) -> None:
    home.do("HassStartTimer", minutes=5)
    home.timers.alerts.claim(NOW + timedelta(minutes=5))
    assert home.timers.all()[0].state is TimerState.RINGING
    assert home.do("HassPauseTimer").outcome is Outcome.REFUSED
    assert home.say("HassCancelTimer") == "The 5 minute timer is cancelled."
    assert home.timers.all() == ()


def test_a_timer_that_changes_between_plan_and_write_is_not_claimed(home: House) -> None:
    home.do("HassStartTimer", minutes=5)
    both_have_planned = threading.Barrier(2)

    def clock() -> datetime:
        both_have_planned.wait(timeout=10)
        return NOW

    inside = Inside(alerts=home.timers.alerts, timers=home.timers, lists=home.lists, deadline_seconds=20, new_id=str)
    skills = skill_set(home.link, inside=inside, clock=clock)

    async def race() -> list[SkillResult]:
        pause = Intent(name="HassPauseTimer")
        return await asyncio.gather(*(skills.perform(pause, context=Context()) for _ in range(2)))

    results = asyncio.run(race())
    assert sorted(result.outcome for result in results) == [Outcome.DONE, Outcome.FAILED]
    assert CHANGED_MEANWHILE in [result.reply for result in results]


def test_a_full_disk_is_said_and_no_timer_is_claimed(home: House) -> None:
    with home.timers.alerts.database.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    results = [home.do("HassStartTimer", minutes=1, name="x" * 3000) for _ in range(10)]
    failed = [result for result in results if result.outcome is Outcome.FAILED]
    assert failed
    assert {result.reply for result in failed} == {"I could not save that, because there is no space left on the disk."}
    assert len(home.timers.all()) == len(results) - len(failed)
