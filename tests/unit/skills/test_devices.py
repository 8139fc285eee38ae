"""On and off, locks, covers, fans: the right devices, a true sentence, and nothing claimed that was not confirmed."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from earwitness.domain.intent import Context, Intent
from earwitness.domain.turn import Outcome
from tests.unit.jobs.virtual_time import START, WallClock, run
from tests.unit.skills.houses import HOME, House, TroubledHome, house

KITCHEN = Context(area="Kitchen")


@pytest.mark.parametrize(
    ("intent", "slots", "reply"),
    [
        ("HassTurnOn", {"name": "counter light"}, "The Counter Light is on."),
        ("HassTurnOn", {"name": "the Floor Lamp"}, "The Standing Light is on."),
        ("HassTurnOn", {"name": "Ceiling Light"}, "The Ceiling Light is already on."),
        ("HassTurnOn", {"domain": "light", "area": "kitchen"}, "The Counter Light is on."),
        ("HassTurnOff", {"domain": "light", "area": "Kitchen"}, "The Ceiling Light is off."),
        ("HassTurnOn", {"domain": "light", "area": "lounge"}, "The Lamp and the Standing Light are on."),
        ("HassTurnOn", {"domain": "light", "floor": "first"}, "The Counter Light, the Lamp and the Standing Light are on."),
        ("HassTurnOn", {"domain": "light"}, "5 lights are on."),
        ("HassTurnOn", {"domain": "light", "name": "all"}, "5 lights are on."),
        ("HassTurnOff", {"domain": "fan", "area": "Bedroom"}, "The Fan is already off."),
        ("HassTurnOn", {"name": "Front Door"}, "The Front Door is already locked."),
        ("HassTurnOff", {"name": "Front Door"}, "The Front Door is unlocked."),
        ("HassTurnOn", {"name": "all", "domain": "lock"}, "The Back Door is locked."),
        ("HassTurnOn", {"domain": "cover", "device_class": "garage"}, "The Garage Door is open."),
        ("HassTurnOff", {"domain": "cover", "device_class": "blind", "area": "Bedroom"}, "The Blinds are closed."),
        ("HassTurnOff", {"name": "Thermostat"}, "The Thermostat is off."),
        ("HassTurnOn", {"name": "TV"}, "The TV is already on."),
        ("HassTurnOn", {"name": "Movie Night", "domain": "scene"}, "The Movie Night scene is activated."),
        ("HassToggle", {"name": "Coffee Machine"}, "The Coffee Machine is on."),
        ("HassToggle", {"name": "Ceiling Light"}, "The Ceiling Light is off."),
        ("HassSetPosition", {"name": "Blinds", "position": 30}, "The Blinds are at 30 percent."),
        ("HassSetPosition", {"name": "Garage Door", "position": 0}, "The Garage Door is closed."),
        ("HassFanSetSpeed", {"name": "Fan", "percentage": 75}, "The Fan is at 75 percent."),
        ("HassFanSetSpeed", {"name": "Fan", "percentage": 0}, "The Fan is off."),
    ],
)
def test_says_exactly_what_changed(home: House, intent: str, slots: Mapping[str, Any], reply: str) -> None:
    foreseen = home.foresee(intent, **slots)
    result = home.do(intent, **slots)
    assert (result.outcome, result.reply) == (Outcome.DONE, reply)
    assert foreseen == reply


def test_everything_off_spares_locks_doors_and_heating(home: House) -> None:
    home.do("HassTurnOff", name="all")
    assert [home.state(name) for name in ("Ceiling Light", "Speaker", "TV", "Coffee Machine")] == ["off"] * 4
    assert [home.state(name) for name in ("Front Door", "Garage Door", "Thermostat", "Blinds")] == [
        "locked",
        "closed",
        "heat",
        "open",
    ]


@pytest.mark.parametrize(
    ("intent", "slots", "reply"),
    [
        ("HassTurnOn", {"name": "Sauna"}, "I do not know a device called Sauna."),
        ("HassTurnOn", {"domain": "light", "area": "Attic"}, "I do not know a room called Attic."),
        ("HassTurnOn", {"domain": "light", "floor": "Third Floor"}, "I do not know a floor called Third Floor."),
        ("HassTurnOn", {"domain": "fan", "area": "Kitchen"}, "There are no fans in the Kitchen."),
        ("HassTurnOff", {"name": "Front Door", "area": "Kitchen"}, "There is no Front Door in the Kitchen."),
        ("HassTurnOn", {"name": "Humidity"}, "I cannot do that with the Humidity."),
        ("HassTurnOn", {"domain": "sensor", "area": "Bedroom"}, "I cannot do that with humidity sensors."),
        ("HassTurnOff", {"name": "Movie Night"}, "I cannot do that with the Movie Night scene."),
        ("HassSetPosition", {"name": "Blinds", "position": 130}, "That goes from 0 to 100 percent."),
        ("HassSetPosition", {"name": "Blinds"}, "I did not catch how many percent."),
        ("HassSetPosition", {"name": "Lamp", "position": 3}, "I cannot do that with the Lamp."),
    ],
)
def test_refuses_what_is_not_there(home: House, intent: str, slots: Mapping[str, Any], reply: str) -> None:
    before = home.link.snapshot()
    result = home.do(intent, **slots)
    assert (result.outcome, result.reply) == (Outcome.REFUSED, reply)
    assert home.link.snapshot() == before


def test_of_two_lamps_the_one_in_this_room_is_meant(home: House) -> None:
    assert home.say("HassTurnOn", context=Context(area="Bedroom"), name="Lamp") == "The Lamp is on."
    assert [device.state for device in home.link.snapshot().devices if device.name == "Lamp"] == ["off", "on"]


def test_of_two_lamps_elsewhere_it_asks_and_takes_the_answer(home: House) -> None:
    result = home.do("HassTurnOn", context=KITCHEN, name="lamp")
    assert (result.outcome, result.reply) == (Outcome.ASKED, "Which one: the Lamp in the Living Room or the Lamp in the Bedroom?")
    assert result.asks is not None
    assert result.asks.pending is not None
    assert (result.asks.expects, result.asks.area) == ("area", "Kitchen")
    answered: dict[str, Any] = {**result.asks.pending.slots, "area": "Bedroom"}
    assert home.say(result.asks.pending.name, context=KITCHEN, **answered) == "The Lamp is on."


@pytest.mark.parametrize(
    ("trouble", "intent", "slots", "reply"),
    [
        ({"silent": {"Counter Light"}}, "HassTurnOn", {"name": "Counter Light"}, "The Counter Light did not answer in time."),
        ({"broken": {"Counter Light"}}, "HassTurnOn", {"name": "Counter Light"}, "The Counter Light could not be changed."),
        ({"stubborn": {"Front Door"}}, "HassTurnOff", {"name": "Front Door"}, "The Front Door did not do it and is now locked."),
        (
            {"silent": {"Standing Light"}},
            "HassTurnOn",
            {"domain": "light", "area": "Living Room"},
            "The Lamp is on, but the Standing Light did not answer in time.",
        ),
        (
            {"silent": {"Standing Light"}, "broken": {"Lamp"}},
            "HassTurnOn",
            {"domain": "light", "floor": "First Floor"},
            "The Counter Light is on, but the Lamp could not be changed and the Standing Light did not answer in time.",
        ),
        ({"silent": {"Fan"}}, "HassFanSetSpeed", {"name": "Fan", "percentage": 20}, "The Fan did not answer in time."),
        ({"silent": {"Thermostat"}}, "HassClimateSetTemperature", {"temperature": 21}, "The Thermostat did not answer in time."),
        ({"broken": {"Speaker"}}, "HassMediaNext", {"name": "Speaker"}, "The Speaker could not be changed."),
    ],
)
def test_failures_are_told_as_they_are(
    tmp_path: Path, trouble: Mapping[str, set[str]], intent: str, slots: Mapping[str, Any], reply: str
) -> None:
    link = TroubledHome(
        HOME,
        silent=frozenset(trouble.get("silent", ())),
        broken=frozenset(trouble.get("broken", ())),
        stubborn=frozenset(trouble.get("stubborn", ())),
    )
    place = house(tmp_path, link=link)

    async def work(clock: WallClock) -> float:
        result = await place.skills.perform(Intent(name=intent, slots=slots), context=Context())
        assert (result.outcome, result.reply) == (Outcome.FAILED, reply)
        return (clock() - START).total_seconds()

    assert run(work) <= 4.0


def test_a_cover_on_its_way_is_told_as_moving(tmp_path: Path) -> None:
    class Moving(TroubledHome):
        async def apply(self, device_id, *, state=None, attributes=None):  # type: ignore[no-untyped-def]
            return replace(self.home.device(device_id), state="opening")

    result = house(tmp_path, link=Moving(HOME)).do("HassTurnOn", name="Garage Door")
    assert (result.outcome, result.reply) == (Outcome.DONE, "The Garage Door is opening.")


def test_foreseeing_asks_nothing_of_the_home(tmp_path: Path) -> None:
    link = TroubledHome(HOME)
    place = house(tmp_path, link=link)
    assert place.foresee("HassTurnOn", domain="light") == "5 lights are on."
    assert link.asked == []
