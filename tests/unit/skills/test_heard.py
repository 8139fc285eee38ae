"""Devices by how their names sound, in a conversation: done and said which, asked which, and what is risky always asked."""

from dataclasses import replace
from pathlib import Path

import pytest

from earwitness.domain.home import Device
from earwitness.domain.intent import Context
from earwitness.domain.turn import Outcome
from earwitness.links.simulated_home import SimulatedHome
from earwitness.skills.routine_running import RoutineRunner
from earwitness.understand.grammar import Grammar
from tests.unit.skills.houses import HOME, House, device, house
from tests.unit.skills.talking import Talk

MORE = (device("Desk Lamp", area="Bedroom"), device("Disk Lamp", area="Kitchen"), device("Dusk Lamp", area="Cellar"))
WIDE = replace(HOME, devices=(*HOME.devices, *MORE))


@pytest.fixture(scope="module")
def grammar() -> Grammar:
    return Grammar(WIDE)


@pytest.fixture
def home(tmp_path: Path) -> House:
    return house(tmp_path, link=SimulatedHome(WIDE))


@pytest.fixture
def talk(home: House, grammar: Grammar) -> Talk:
    return Talk(home, grammar, Context(area="Living Room"))


async def test_what_is_clear_is_done_and_the_reply_says_which(talk: Talk, home: House) -> None:
    assert await talk.say("turn on the counder light") == "The Counter Light is on."
    assert home.state("Counter Light") == "on"
    assert await talk.say("undo that") == "The Counter Light is off again."
    assert await talk.say("is the frunt door locked") == "Yes, the Front Door is locked."
    assert await talk.say("turn on the lights in the kitchin") == "The Counter Light and the Disk Lamp are on."


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        ("the disk lamp", "Disk Lamp"),
        ("desk", "Desk Lamp"),
        ("the first one", None),
        ("the dusk lamb", "Dusk Lamp"),
    ],
)
async def test_which_of_several_is_asked_and_answered_by_voice(talk: Talk, home: House, answer: str, name: str | None) -> None:
    asked = await talk.result("turn on the desc lamp")
    assert asked.outcome is Outcome.ASKED
    assert asked.reply.startswith("Did you mean the D")
    names = asked.reply.removeprefix("Did you mean the ").removesuffix("?").replace(" or ", ", ").split(", the ")
    wanted = name or names[0].removeprefix("the ")
    assert await talk.say(answer) == f"The {wanted} is on."
    assert [one.name for one in MORE if home.state(one.name) == "on"] == [wanted]


async def test_one_that_is_not_clear_is_asked_about(talk: Talk, home: House) -> None:
    assert await talk.say("turn on the van") == "Did you mean the Fan?"
    assert await talk.say("yes") == "The Fan is on."
    assert await talk.say("turn off the van") == "Did you mean the Fan?"
    assert await talk.say("no") == "Then I do not know what van is."
    assert home.state("Fan") == "on"
    assert await talk.say("turn on the desc lamp") != ""
    assert await talk.say("neither") == "Then I do not know what desc lamp is."


async def test_another_request_in_place_of_the_answer_is_taken(talk: Talk) -> None:
    await talk.say("turn on the desc lamp")
    assert await talk.say("turn on the counter light") == "The Counter Light is on."


async def test_a_door_is_always_asked_about_when_it_was_matched_by_sound(talk: Talk, home: House) -> None:
    """Although this household asks nothing before doors."""
    assert await talk.say("unlock the front door") == "The Front Door is unlocked."
    assert await talk.say("lock the frunt door") == "Lock the Front Door?"
    assert home.state("Front Door") == "unlocked"
    assert await talk.say("yes") == "The Front Door is locked."
    assert await talk.say("open the garrage door") == "Open the Garage Door?"
    assert await talk.say("no") == "All right, I leave it."
    assert home.state("Garage Door") == "closed"


async def test_no_step_of_a_routine_is_guessed(home: House) -> None:
    runner: RoutineRunner = home.runner
    assert runner.step("turn on the counter light", Context()) is not None
    assert runner.step("turn on the counder light", Context()) is None


async def test_the_same_name_in_two_rooms_is_asked_about_as_ever(tmp_path: Path) -> None:
    twins: tuple[Device, ...] = (device("Standing Lantern", area="Kitchen"), device("Standing Lantern", area="Bedroom"))
    home = replace(HOME, devices=(*HOME.devices, *twins))
    talk = Talk(house(tmp_path, link=SimulatedHome(home)), Grammar(home))
    reply = await talk.say("turn on the standing lantirn")
    assert reply == "Which one: the Standing Lantern in the Kitchen or the Standing Lantern in the Bedroom?"
    assert await talk.say("in the kitchen") == "The Standing Lantern is on."
