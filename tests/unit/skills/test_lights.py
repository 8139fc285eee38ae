"""Brightness, colour and colour temperature, as the lights report them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from earwitness.domain.intent import Context
from earwitness.domain.turn import Outcome
from tests.unit.skills.houses import HOME, House, TroubledHome, house


@pytest.mark.parametrize(
    ("slots", "reply"),
    [
        ({"name": "Counter Light", "brightness": 50.0}, "The Counter Light is at 50 percent."),
        ({"area": "Kitchen", "brightness": 20}, "The Ceiling Light and the Counter Light are at 20 percent."),
        ({"name": "Counter Light", "brightness": 0}, "The Counter Light is off."),
        ({"name": "Counter Light", "color": "red"}, "The Counter Light is red."),
        ({"name": "Counter Light", "color": "red", "brightness": 10}, "The Counter Light is red at 10 percent."),
        ({"name": "Counter Light", "temperature": 2700}, "The Counter Light is warm white."),
        (
            {"name": "Counter Light", "temperature": 3000, "brightness": 10},
            "The Counter Light is at 3000 kelvin and at 10 percent.",
        ),
        ({"floor": "Upstairs", "color": "blue"}, "The Lamp is blue."),
    ],
)
def test_says_what_the_light_reports(home: House, slots: Mapping[str, Any], reply: str) -> None:
    foreseen = home.foresee("HassLightSet", **slots)
    result = home.do("HassLightSet", **slots)
    assert (result.outcome, result.reply, foreseen) == (Outcome.DONE, reply, reply)


def test_this_room_or_a_question(home: House) -> None:
    assert home.say("HassLightSet", context=Context(area="Living Room"), brightness=5) == (
        "The Lamp and the Standing Light are at 5 percent."
    )
    result = home.do("HassLightSet", brightness=5)
    assert (result.outcome, result.reply) == (Outcome.ASKED, "In which room?")


@pytest.mark.parametrize(
    ("slots", "reply"),
    [
        ({"name": "Plain Light", "brightness": 50}, "The Plain Light cannot be dimmed."),
        ({"name": "Plain Light", "color": "red"}, "The Plain Light cannot change its colour."),
        ({"name": "Lamp", "area": "Bedroom", "temperature": 20}, "Colour temperature goes from 1000 to 10000 kelvin."),
        ({"name": "Lamp", "area": "Bedroom"}, "I did not catch what the light should be set to."),
        ({"name": "Fan", "brightness": 50}, "I cannot do that with the Fan."),
    ],
)
def test_refuses_what_a_light_cannot(home: House, slots: Mapping[str, Any], reply: str) -> None:
    result = home.do("HassLightSet", **slots)
    assert (result.outcome, result.reply) == (Outcome.REFUSED, reply)


def test_a_light_that_reports_another_brightness_is_told_as_it_is(tmp_path: Path) -> None:
    class Rounding(TroubledHome):
        async def apply(self, device_id, *, state=None, attributes=None):  # type: ignore[no-untyped-def]
            return replace(self.home.device(device_id), state="on", attributes={"brightness": 48})

    place = house(tmp_path, link=Rounding(HOME))
    assert place.say("HassLightSet", name="Counter Light", brightness=50) == "The Counter Light is at 48 percent."


def test_a_light_that_does_not_report_the_colour_has_not_confirmed_it(tmp_path: Path) -> None:
    class Forgetful(TroubledHome):
        async def apply(self, device_id, *, state=None, attributes=None):  # type: ignore[no-untyped-def]
            return replace(self.home.device(device_id), state="on")

    result = house(tmp_path, link=Forgetful(HOME)).do("HassLightSet", name="Counter Light", color="red")
    assert (result.outcome, result.reply) == (Outcome.FAILED, "The Counter Light did not do it and is now on.")
