"""Taking back what was done, doing it to the other one, and "brighter" and "warmer" from what is reported now."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from earwitness.domain.account import AccountRole
from earwitness.domain.confirmation import Confirmation, ConfirmationPolicy, Speaker
from earwitness.domain.home import Home, Source
from earwitness.domain.intent import Context, Intent
from earwitness.domain.turn import Outcome
from earwitness.skills.last_change import Change, LastChanges
from earwitness.understand.grammar import Grammar
from tests.unit.server.serving import person
from tests.unit.skills.houses import HOME, House, TroubledHome, device, house
from tests.unit.skills.talking import Talk


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return Talk(house(tmp_path), Grammar(HOME), here=Context(area="Kitchen", device_id="satellite-1"))


def brightness(home: House, name: str) -> object:
    return next(one.attributes.get("brightness") for one in home.link.snapshot().devices if one.name == name)


async def test_undo_puts_the_light_back_as_it_was_and_again_undoes_that(talk: Talk) -> None:
    assert await talk.say("set the counter light to 20 percent") == "The Counter Light is at 20 percent."
    assert await talk.say("undo that") == "The Counter Light is off again."
    assert talk.house.state("Counter Light") == "off"
    assert await talk.say("undo that") == "The Counter Light is on at 20 percent again."


async def test_undo_of_many_puts_back_only_those_that_changed(talk: Talk) -> None:
    await talk.say("turn on all the lights")
    lit = [one.name for one in talk.house.link.snapshot().devices if one.domain == "light"]
    assert len(lit) == 6
    reply = await talk.say("put it back the way it was")
    assert reply.endswith("off again.")
    assert talk.house.state("Ceiling Light") == "on"
    others = [one for one in talk.house.link.snapshot().devices if one.domain == "light" and one.name != "Ceiling Light"]
    assert {one.state for one in others} == {"off"}


async def test_undo_restores_temperature_position_and_volume(talk: Talk) -> None:
    await talk.say("set the thermostat to 25 degrees")
    assert await talk.say("undo") == "The Thermostat is set to 20 degrees again."
    await talk.say("set the blinds to 30 percent")
    assert await talk.say("undo") == "The Blinds are open again."
    assert talk.house.link.snapshot().device("cover.Blinds.Bedroom").attributes["position"] == 100


async def test_nothing_to_undo_is_said(talk: Talk) -> None:
    assert await talk.say("undo that") == "There is nothing that I could undo."
    assert await talk.say("no, the other one") == "I do not know which other one you mean."


async def test_what_was_done_elsewhere_is_not_undone_here(talk: Talk) -> None:
    await talk.say("turn on the counter light")
    other = Talk(talk.house, talk.grammar, here=Context(area="Kitchen", device_id="satellite-2"))
    assert await other.say("undo that") == "There is nothing that I could undo."


async def test_what_was_so_already_is_no_change(talk: Talk) -> None:
    await talk.say("turn on the ceiling light")
    assert await talk.say("undo that") == "There is nothing that I could undo."


async def test_the_other_one_of_this_room_instead(talk: Talk) -> None:
    await talk.say("turn on the counter light")
    reply = await talk.say("no, the other one")
    assert reply == "The Ceiling Light is already on and the Counter Light is off again."


async def test_the_other_of_one_name_is_found_in_its_room(talk: Talk) -> None:
    await talk.say("turn on the lamp in the bedroom")
    await talk.say("I meant the other lamp")
    assert talk.house.link.snapshot().device("light.Lamp.Living Room").state == "on"
    assert talk.house.link.snapshot().device("light.Lamp.Bedroom").state == "off"


async def test_the_other_one_is_of_the_same_room(talk: Talk) -> None:
    await talk.house.skills.perform(Intent(name="HassTurnOn", slots={"name": "Plain Light"}), context=talk.here)
    home = talk.house.link.snapshot()
    assert {one.name for one in home.devices if one.area == "Bedroom" and one.domain == "light"} == {"Plain Light", "Lamp"}
    await talk.say("not that one")
    assert (talk.house.state("Plain Light"), home.device("light.Lamp.Bedroom").state) == ("off", "off")
    assert talk.house.link.snapshot().device("light.Lamp.Bedroom").state == "on"


async def test_several_others_are_asked_about(tmp_path: Path) -> None:
    three = replace(HOME, devices=(*HOME.devices, device("Shelf Light", area="Kitchen")))
    talk = Talk(house(tmp_path, link=TroubledHome(three)), Grammar(three), here=Context(area="Kitchen"))
    await talk.say("turn on the counter light")
    assert await talk.say("no, the other one") == "Which one: the Ceiling Light or the Shelf Light?"
    assert await talk.say("the shelf light") == "The Shelf Light is on and the Counter Light is off again."


async def test_a_named_other_one(talk: Talk) -> None:
    await talk.say("turn on the counter light")
    await talk.say("no, the standing light")
    assert (talk.house.state("Standing Light"), talk.house.state("Counter Light")) == ("on", "off")


async def test_a_scene_is_taken_back_as_far_as_it_is_seen(talk: Talk) -> None:
    await talk.say("turn on movie night")
    await talk.house.link.apply("light.Counter Light.Kitchen", state="on")
    assert await talk.say("undo that") == "The Counter Light is off again."


async def test_brighter_is_from_what_is_reported(talk: Talk) -> None:
    await talk.say("set the counter light to 20 percent")
    assert await talk.say("make it brighter") == "The Counter Light is at 40 percent."
    assert await talk.say("a bit dimmer") == "The Counter Light is at 20 percent."
    assert await talk.say("much brighter") == "The Counter Light is at 60 percent."
    assert await talk.say("lower the brightness by 5 percent") == "The Counter Light is at 55 percent."


async def test_brighter_without_anything_before_means_the_light_that_is_on_here(talk: Talk) -> None:
    assert await talk.say("make it dimmer") == "The Ceiling Light is at 80 percent."
    assert await talk.say("undo") == "The Ceiling Light is on at 100 percent again."


async def test_the_brightest_is_said(talk: Talk) -> None:
    assert await talk.say("brighter") == "The Ceiling Light cannot get any brighter."


async def test_warmer_is_from_what_is_set(talk: Talk) -> None:
    assert await talk.say("make it warmer") == "The Thermostat is set to 21 degrees."
    assert await talk.say("turn the heating down by 3 degrees") == "The Thermostat is set to 18 degrees."
    assert await talk.say("it's too cold in here") == "The Thermostat is set to 19 degrees."


async def test_a_part_that_fails_is_said_and_only_the_rest_is_undone(tmp_path: Path) -> None:
    troubled = TroubledHome(HOME, silent=frozenset({"Ceiling Light"}))
    talk = Talk(house(tmp_path, link=troubled, deadline_seconds=0.05), Grammar(HOME), here=Context(area="Kitchen"))
    result = await talk.result("turn off the kitchen lights")
    assert result.outcome is Outcome.FAILED
    assert "did not answer in time" in result.reply
    await talk.say("turn on the counter light")
    assert await talk.say("undo that") == "The Counter Light is off again."


AWAY = Home(
    name="two",
    is_simulated=False,
    areas=HOME.areas,
    devices=(
        replace(device("Ceiling Light", area="Kitchen", state="on"), source="Home Assistant", is_reachable=False),
        replace(device("Counter Light", area="Kitchen"), source="Workshop"),
        replace(device("Fan", domain="fan", area="Kitchen"), source="Workshop", is_reachable=False),
    ),
    sources=(Source(name="Home Assistant", is_reachable=False), Source(name="Workshop")),
)


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        (
            "turn off the ceiling light",
            "I cannot reach Home Assistant, so I could not change the Ceiling Light. Workshop still works.",
        ),
        ("turn on the fan", "The Fan is not reachable now."),
        (
            "turn on the kitchen lights",
            "The Counter Light is on, but I cannot reach Home Assistant, so I could not change the Ceiling Light. "
            "Workshop still works.",
        ),
        ("is the ceiling light on", "I cannot reach Home Assistant, so I do not know how the Ceiling Light is now."),
        ("are any lights on in the kitchen", "No, no lights are on in the Kitchen."),
    ],
)
async def test_what_cannot_be_reached_is_said_at_once_with_what_still_works(tmp_path: Path, words: str, reply: str) -> None:
    link = TroubledHome(AWAY, silent=frozenset({"Ceiling Light", "Fan"}))
    talk = Talk(house(tmp_path, link=link), Grammar(AWAY), here=Context(area="Kitchen"))
    async with asyncio.timeout(30):
        assert await talk.say(words) == reply
    assert "Ceiling Light" not in link.asked


async def test_before_a_home_was_ever_reached_that_is_the_answer(tmp_path: Path) -> None:
    empty = Home(name="new", is_simulated=False, sources=(Source(name="Home Assistant", is_reachable=False),))
    made = house(tmp_path, link=TroubledHome(empty))
    result = await made.skills.perform(Intent(name="HassTurnOn", slots={"name": "lamp"}), context=Context())
    assert result.reply == "I cannot reach Home Assistant, so I do not know what is there."


def test_a_change_is_forgotten_after_a_while_and_places_are_bounded() -> None:
    at = [0.0]
    changes = LastChanges(clock=lambda: at[0])
    change = Change(intent=Intent(name="HassTurnOn"), before=(HOME.devices[0],))
    changes.remember(change, context=Context(device_id="first"))
    at[0] = 16 * 60
    assert changes.last(Context(device_id="first")) is None
    for number in range(200):
        changes.remember(change, context=Context(device_id=f"{number}"))
    assert changes.last(Context(device_id="0")) is None
    assert changes.last(Context(device_id="199")) == change


async def test_a_way_in_is_opened_only_after_a_yes(tmp_path: Path) -> None:
    made = house(tmp_path, policy=ConfirmationPolicy())
    talk = Talk(made, Grammar(HOME), here=Context(area="Kitchen"))
    assert await talk.say("unlock the front door") == "Unlock the Front Door?"
    assert made.state("Front Door") == "locked"
    assert await talk.say("no") == "All right, I leave it."
    assert await talk.say("unlock the front door") == "Unlock the Front Door?"
    assert await talk.say("yes") == "The Front Door is unlocked."
    assert await talk.say("unlock the front door") == "The Front Door is already unlocked."
    assert await talk.say("open the garage door") == "Open the Garage Door?"
    assert await talk.say("turn on the counter light") == "The Counter Light is on."
    assert made.state("Garage Door") == "closed"


WIRED = Home(
    name="wired",
    is_simulated=True,
    devices=(
        device("Garage", domain="switch"),
        device("Gate Opener", domain="button", state="pressed"),
        device("Open the Barn Doors", domain="script", state="activated"),
        device("Sonoff 4", domain="cover", state="closed"),
        device("Garage Light", domain="switch"),
        device("Outdoor Plug", domain="switch"),
        device("Blinds", domain="cover", state="closed"),
    ),
)


@pytest.mark.parametrize(
    ("name", "asks"),
    [
        ("Garage", "Turn on the Garage?"),
        ("Gate Opener", "Press the Gate Opener?"),
        ("Open the Barn Doors", "Run the Open the Barn Doors script?"),
        ("Sonoff 4", "Open the Sonoff 4?"),
        ("Garage Light", ""),
        ("Outdoor Plug", ""),
        ("Blinds", ""),
    ],
)
async def test_a_way_in_of_whatever_kind_is_asked_about(tmp_path: Path, name: str, asks: str) -> None:
    link = TroubledHome(WIRED)
    child = replace(person(AccountRole.CHILD), person_id="kim")
    made = house(tmp_path, link=link, policy=ConfirmationPolicy(), people=[child])
    opened = Intent(name="HassTurnOn", slots={"name": name})
    result = await made.skills.perform(opened, context=Context())
    assert (result.outcome, link.asked) == ((Outcome.ASKED, []) if asks else (Outcome.DONE, [name]))
    assert not asks or result.reply == asks
    result = await made.skills.perform(opened, context=Context(person_id="kim"))
    assert result.outcome is (Outcome.REFUSED if asks else Outcome.DONE)


async def test_one_question_names_all_that_a_yes_is_for(tmp_path: Path) -> None:
    link = TroubledHome(HOME)
    talk = Talk(house(tmp_path, link=link, policy=ConfirmationPolicy()), Grammar(HOME))
    doors = Intent(name="HassToggle", slots={"domain": "lock"})
    asked = await talk.house.skills.perform(doors, context=Context())
    assert asked.reply == "Lock the Back Door and unlock the Front Door?"
    assert asked.asks is not None
    assert asked.asks.pending is not None
    yes = replace(asked.asks.pending, slots={**asked.asks.pending.slots, "confirmed": True})
    await link.apply("lock.Back Door.Kitchen", state="locked")
    done = await talk.house.skills.perform(yes, context=asked.asks)
    assert (done.outcome, link.asked) == (Outcome.REFUSED, ["Back Door"]), (
        "it would now be unlocked too, which nobody asked about"
    )
    await link.apply("lock.Back Door.Kitchen", state="unlocked")
    done = await talk.house.skills.perform(yes, context=asked.asks)
    assert (done.outcome, talk.house.state("Front Door"), talk.house.state("Back Door")) == (Outcome.DONE, "unlocked", "locked")


async def test_undo_unlocks_nothing_unasked(tmp_path: Path) -> None:
    made = house(tmp_path, policy=ConfirmationPolicy())
    talk = Talk(made, Grammar(HOME), here=Context(area="Kitchen"))
    await talk.say("lock the back door")
    assert await talk.say("yes") == "The Back Door is locked."
    assert await talk.say("undo that") == "Unlock the Back Door?"
    assert made.state("Back Door") == "locked"
    assert await talk.say("yes") == "The Back Door is unlocked again."


async def test_a_policy_for_one_device_and_one_kind_of_speaker(tmp_path: Path) -> None:
    lamp = "light.Counter Light.Kitchen"
    policy = ConfirmationPolicy(
        devices={(lamp, Speaker.UNKNOWN): Confirmation.REFUSE, ("lock.Front Door.Living Room", None): Confirmation.NONE}
    )
    talk = Talk(house(tmp_path, policy=policy), Grammar(HOME), here=Context(area="Kitchen"))
    result = await talk.result("turn on the counter light")
    assert (result.outcome, talk.house.state("Counter Light")) == (Outcome.REFUSED, "off")
    assert await talk.say("unlock the front door") == "The Front Door is unlocked."
