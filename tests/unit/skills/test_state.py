"""Questions: the answer fits how it was asked, in number and in place, and says what is reported."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from earwitness.domain.turn import Outcome
from earwitness.links.simulated_home import SimulatedHome
from tests.unit.skills.houses import HOME, House, device, house


@pytest.mark.parametrize(
    ("response", "slots", "reply"),
    [
        ("one_yesno", {"name": "Front Door", "domain": "lock", "state": "locked"}, "Yes, the Front Door is locked."),
        ("one_yesno", {"name": "Back Door", "domain": "lock", "state": "locked"}, "No, the Back Door is unlocked."),
        ("one_yesno", {"name": "Blinds", "domain": "cover", "state": "closed"}, "No, the Blinds are open."),
        ("one_yesno", {"name": "Ceiling Light", "state": "on"}, "Yes, the Ceiling Light is on."),
        (
            "one_yesno",
            {"name": "Hall Motion", "domain": "binary_sensor", "state": "on"},
            "Yes, the Hall Motion is detecting motion.",
        ),
        ("one_yesno", {"name": "Ada", "domain": "person", "state": "home"}, "Yes, Ada is at home."),
        ("one", {"name": "Ceiling Light"}, "The Ceiling Light is on at 100 percent."),
        ("one", {"name": "Counter Light"}, "The Counter Light is off."),
        ("one", {"name": "Humidity"}, "The Humidity is 45%."),
        ("one", {"name": "Thermostat"}, "The Thermostat is set to 20 degrees."),
        ("one", {"name": "Speaker"}, "The Speaker is playing Harbour Lights."),
        ("any", {"domain": "light", "state": "on"}, "Yes, the Ceiling Light is on."),
        ("any", {"domain": "light", "state": "on", "area": "Bedroom"}, "No, no lights are on in the Bedroom."),
        ("all", {"domain": "light", "state": "off"}, "No, the Ceiling Light is on."),
        ("all", {"domain": "lock", "state": "locked"}, "No, the Back Door is unlocked."),
        ("all", {"domain": "light", "state": "off", "floor": "Upstairs"}, "Yes, all 2 lights Upstairs are off."),
        ("all", {"domain": "cover", "device_class": "garage", "state": "closed"}, "Yes, the Garage Door is closed."),
        ("which", {"domain": "light", "state": "off", "area": "Living Room"}, "The Lamp and the Standing Light are off."),
        ("which", {"domain": "light", "state": "off"}, None),
        ("which", {"domain": "lock", "state": "unlocked", "area": "Living Room"}, "No locks are unlocked in the Living Room."),
        ("how_many", {"domain": "light", "state": "on", "area": "Kitchen"}, "1 light is on in the Kitchen."),
        ("how_many", {"domain": "switch", "state": "on"}, "No switches are on."),
        ("how_many", {"domain": "light", "state": "off"}, "5 lights are off."),
        ("", {"domain": "light", "state": "on"}, "1 light is on: the Ceiling Light."),
        (
            "",
            {"domain": "light", "state": "off", "area": "Living Room"},
            "2 lights are off in the Living Room: the Lamp and the Standing Light.",
        ),
        ("", {"domain": "lock"}, "The Front Door is locked and the Back Door is unlocked."),
    ],
)
def test_answers(home: House, response: str, slots: Mapping[str, Any], reply: str | None) -> None:
    before = home.link.snapshot()
    foreseen = home.foresee("HassGetState", response=response, **slots)
    result = home.do("HassGetState", response=response, **slots)
    twins = (
        "The Counter Light, the Lamp in the Living Room, the Lamp in the Bedroom, the Standing Light and the Plain Light are off."
    )
    assert (result.outcome, result.reply, foreseen) == (Outcome.ANSWERED, reply or twins, reply or twins)
    assert home.link.snapshot() == before


@pytest.mark.parametrize(
    ("slots", "reply"),
    [
        ({"name": "Sauna", "state": "on"}, "I do not know a device called Sauna."),
        ({"domain": "vacuum", "state": "on"}, "There are no vacuums in this home."),
        ({"domain": "binary_sensor", "device_class": "smoke", "state": "on"}, "There are no smoke sensors in this home."),
        ({"domain": "light", "state": "on", "area": "Cellar"}, "There are no lights in the Cellar."),
    ],
)
def test_what_is_not_there_is_said(home: House, slots: Mapping[str, Any], reply: str) -> None:
    result = home.do("HassGetState", **slots)
    assert (result.outcome, result.reply) == (Outcome.REFUSED, reply)


def test_a_device_that_is_not_reachable_is_not_guessed(tmp_path: Path) -> None:
    gone = replace(HOME, devices=(device("Gate", domain="lock", state="unavailable"),))
    result = house(tmp_path, link=SimulatedHome(gone)).do("HassGetState", name="Gate", state="locked")
    assert (result.outcome, result.reply) == (Outcome.REFUSED, "The Gate does not report its state.")


def test_many_are_counted_rather_than_listed(tmp_path: Path) -> None:
    many = replace(HOME, devices=tuple(device(f"Spot {number}", area="Kitchen", state="on") for number in range(12)))
    place = house(tmp_path, link=SimulatedHome(many))
    assert place.say("HassGetState", response="which", domain="light", state="on") == "12 lights are on."
    assert (
        place.say("HassGetState", response="any", domain="light", state="on", area="Kitchen")
        == "Yes, 12 lights in the Kitchen are on."
    )
