"""Robots, modes of fans, and groups, in a conversation: done as the device reports it, refused where it has no such thing."""

from dataclasses import replace
from pathlib import Path

import pytest

from earwitness.domain.home import Home
from earwitness.domain.intent import Context
from earwitness.domain.turn import Outcome
from earwitness.understand.grammar import Grammar
from tests.unit.skills.houses import HOME, House, TroubledHome, device, house
from tests.unit.skills.talking import Talk

MODES = "auto\nSleep\nsmart"
MORE = (
    device("Dusty", domain="vacuum", area="Kitchen", state="docked"),
    device("Moss", domain="lawn_mower", state="docked"),
    device("Ceiling Fan", domain="fan", area="Living Room", preset_modes=MODES),
    device("Heat Pump", domain="climate", area="Bedroom", state="cool", fan_modes="on low\nauto", fan_mode="on low"),
    replace(device("Fir", domain="switch", area="Living Room"), groups=("Christmas lights",)),
    replace(device("Star", area="Kitchen"), groups=("Christmas lights", "Star")),
    replace(device("Sleigh Bell", domain="sensor", area="Kitchen", state="3"), groups=("Christmas lights",)),
)
WIDE: Home = replace(HOME, devices=(*HOME.devices, *MORE))


@pytest.fixture(scope="module")
def grammar() -> Grammar:
    return Grammar(WIDE)


@pytest.fixture
def home(tmp_path: Path) -> House:
    return house(tmp_path, link=TroubledHome(WIDE))


@pytest.fixture
def talk(home: House, grammar: Grammar) -> Talk:
    return Talk(home, grammar, Context(area="Living Room"))


@pytest.mark.parametrize(
    ("says", "reply"),
    [
        ("start the vacuum", "Dusty is cleaning."),
        ("start dusty", "Dusty is cleaning."),
        ("vacuum the house", "Dusty is cleaning."),
        ("send the vacuum back to the dock", "Dusty is already docked."),
        ("send dusty home", "Dusty is already docked."),
        ("pause the vacuum cleaner", "Dusty is paused."),
        ("mow the lawn", "Moss is mowing."),
        ("start the mower", "Moss is mowing."),
        ("dock the mower", "Moss is already docked."),
        ("pause mowing", "Moss is paused."),
    ],
)
async def test_robots_start_pause_and_come_back(talk: Talk, says: str, reply: str) -> None:
    assert await talk.say(says) == f"The {reply}"


async def test_on_the_way_back_is_said_so(tmp_path: Path, grammar: Grammar) -> None:
    devices = tuple(replace(one, state="returning") if one.name == "Dusty" else one for one in WIDE.devices)
    link = TroubledHome(replace(WIDE, devices=devices), stubborn=frozenset({"Dusty"}))
    assert await Talk(house(tmp_path, link=link), grammar).say("send dusty home") == "The Dusty is already on the way back."


async def test_of_two_robots_it_is_asked_which(tmp_path: Path) -> None:
    second = device("Crumb", domain="vacuum", area="Bedroom", state="docked")
    both = replace(WIDE, devices=(*WIDE.devices, second))
    talk = Talk(house(tmp_path, link=TroubledHome(both)), Grammar(both))
    assert await talk.say("start the vacuum") == "Which one: the Dusty or the Crumb?"
    assert await talk.say("crumb") == "The Crumb is cleaning."


def test_without_a_robot_it_is_said(tmp_path: Path) -> None:
    assert house(tmp_path, link=TroubledHome(HOME)).say("HassVacuumStart") == "There are no vacuums in this home."


@pytest.mark.parametrize(
    ("says", "reply"),
    [
        ("set the ceiling fan to sleep mode", "The Ceiling Fan is in mode Sleep."),
        ("put the ceiling fan on auto", "The Ceiling Fan is in mode auto."),
        ("set the fan to smart mode", "The Fan has no mode smart."),
        ("set the ceiling fan to turbo", "The Ceiling Fan has no mode boost; it has auto, Sleep and smart."),
        ("set the ceiling fan to 50 percent", "The Ceiling Fan is at 50 percent."),
        ("set the heat pump fan mode to auto", "The fan of the Heat Pump is on auto."),
        ("set the heat pump fan mode to high", "The Heat Pump has no mode high; it has on low and auto."),
    ],
)
async def test_modes_are_those_that_the_device_has(talk: Talk, says: str, reply: str) -> None:
    assert await talk.say(says) == reply


async def test_a_group_is_switched_together_and_a_device_of_that_name_alone(talk: Talk, home: House) -> None:
    assert await talk.say("turn on the christmas lights") == "The Fir and the Star are on."
    assert await talk.say("turn off the star") == "The Star is off."
    assert home.state("Fir") == "on"
    assert await talk.say("turn off the christmas lights in the living room") == "The Fir is off."


def test_a_group_with_nothing_that_can_do_it_says_so(home: House) -> None:
    refused = home.do("HassFanSetSpeed", name="Christmas lights", percentage=50)
    assert (refused.outcome, refused.reply) == (Outcome.REFUSED, "I cannot do that with the Christmas lights.")
