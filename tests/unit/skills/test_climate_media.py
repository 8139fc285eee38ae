"""Thermostats and media players: which one is meant, and only what it reports."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from earwitness.domain.intent import Context
from earwitness.domain.turn import Outcome
from earwitness.links.simulated_devices import TRACKS
from earwitness.links.simulated_home import SimulatedHome
from tests.unit.skills.houses import HOME, House, device, house

LIVING_ROOM = Context(area="Living Room")
KITCHEN = Context(area="Kitchen")


@pytest.mark.parametrize(
    ("slots", "outcome", "reply"),
    [
        ({"temperature": 21}, Outcome.DONE, "The Thermostat is set to 21 degrees."),
        ({"temperature": 20.5, "name": "thermostat"}, Outcome.DONE, "The Thermostat is set to 20.5 degrees."),
        ({"temperature": 21, "area": "Living Room"}, Outcome.DONE, "The Thermostat is set to 21 degrees."),
        ({"temperature": 72}, Outcome.REFUSED, "The Thermostat goes from 5 to 35 degrees."),
        ({"temperature": 21, "area": "Kitchen"}, Outcome.REFUSED, "There are no thermostats in the Kitchen."),
        ({}, Outcome.REFUSED, "I did not catch how many degrees."),
    ],
)
def test_setting_a_temperature(home: House, slots: Mapping[str, Any], outcome: Outcome, reply: str) -> None:
    foreseen = home.foresee("HassClimateSetTemperature", **slots)
    result = home.do("HassClimateSetTemperature", **slots)
    assert (result.outcome, result.reply, foreseen) == (outcome, reply, reply)


def test_the_room_of_the_speaker_needs_no_thermostat_of_its_own(home: House) -> None:
    assert (
        home.say("HassClimateSetTemperature", context=KITCHEN, temperature=19, area="Kitchen")
        == "The Thermostat is set to 19 degrees."
    )


@pytest.mark.parametrize(
    ("context", "slots", "reply"),
    [
        (None, {}, "The Thermostat reads 19.5 degrees."),
        (None, {"name": "Thermostat"}, "The Thermostat reads 19.5 degrees."),
        (None, {"area": "lounge"}, "It is 19.5 degrees in the Living Room."),
        (LIVING_ROOM, {}, "It is 19.5 degrees in the Living Room."),
        (None, {"area": "Cellar"}, "Nothing in the Cellar reports a temperature."),
        (None, {"area": "Attic"}, "I do not know a room called Attic."),
        (KITCHEN, {"area": "Kitchen"}, "The Thermostat reads 19.5 degrees."),
    ],
)
def test_telling_a_temperature(home: House, context: Context | None, slots: Mapping[str, Any], reply: str) -> None:
    assert home.say("HassClimateGetTemperature", context=context, **slots) == reply


def test_next_says_what_the_player_reports_and_cannot_be_foreseen(home: House) -> None:
    assert home.foresee("HassMediaNext") is None
    assert home.say("HassMediaNext") == f"Playing {TRACKS[1]} on the Speaker."
    assert home.say("HassMediaPrevious", area="Kitchen") == f"Playing {TRACKS[0]} on the Speaker."


def test_pause_and_resume(home: House) -> None:
    assert home.say("HassMediaPause") == "The Speaker is paused."
    assert home.say("HassMediaPause") == "The Speaker is already paused."
    assert home.foresee("HassMediaUnpause") == f"Playing {TRACKS[0]} on the Speaker."
    assert home.say("HassMediaUnpause", name="Speaker") == f"Playing {TRACKS[0]} on the Speaker."
    assert home.state("Speaker") == "playing"


@pytest.mark.parametrize(
    ("intent", "slots", "reply"),
    [
        ("HassMediaPause", {"name": "TV"}, "Nothing is playing on the TV."),
        ("HassMediaNext", {"area": "Living Room"}, "Nothing is playing on the TV."),
        ("HassMediaPause", {"name": "Lamp", "area": "Bedroom"}, "I cannot do that with the Lamp."),
        ("HassMediaPause", {"area": "Bedroom"}, "There are no media players in the Bedroom."),
        ("HassSetVolume", {"volume_level": 101}, "That goes from 0 to 100 percent."),
        ("HassSetVolumeRelative", {"volume_step": "sideways"}, "I did not catch whether the volume goes up or down."),
    ],
)
def test_refuses_what_no_player_does(home: House, intent: str, slots: Mapping[str, Any], reply: str) -> None:
    result = home.do(intent, **slots)
    assert (result.outcome, result.reply) == (Outcome.REFUSED, reply)


@pytest.mark.parametrize(
    ("intent", "slots", "reply"),
    [
        ("HassSetVolume", {"volume_level": 90}, "The volume of the Speaker is 90 percent."),
        ("HassSetVolume", {"volume_level": 90, "name": "TV"}, "The volume of the TV is 90 percent."),
        ("HassSetVolumeRelative", {"volume_step": "up"}, "The volume of the Speaker is 50 percent."),
        ("HassSetVolumeRelative", {"volume_step": "down"}, "The volume of the Speaker is 30 percent."),
        ("HassSetVolumeRelative", {"volume_step": -70}, "The volume of the Speaker is 0 percent."),
        ("HassMediaPlayerMute", {}, "The Speaker is muted."),
        ("HassMediaPlayerUnmute", {}, "The Speaker is no longer muted."),
    ],
)
def test_volume_and_mute(home: House, intent: str, slots: Mapping[str, Any], reply: str) -> None:
    foreseen = home.foresee(intent, **slots)
    result = home.do(intent, **slots)
    assert (result.outcome, result.reply, foreseen) == (Outcome.DONE, reply, reply)


def test_volume_at_its_ends(home: House) -> None:
    home.do("HassSetVolume", volume_level=100)
    assert home.say("HassSetVolumeRelative", volume_step="up") == "The Speaker is already as loud as it gets."
    home.do("HassSetVolume", volume_level=0)
    assert home.say("HassSetVolumeRelative", volume_step="down") == "The Speaker is already silent."


def test_of_two_that_play_it_asks_which(tmp_path: Path) -> None:
    more = replace(HOME, devices=(*HOME.devices, device("Radio", domain="media_player", area="Bedroom", state="playing")))
    place = house(tmp_path, link=SimulatedHome(more))
    result = place.do("HassMediaPause")
    assert (result.outcome, result.reply) == (Outcome.ASKED, "Which one: the Speaker or the Radio?")
    assert result.asks is not None
    assert result.asks.expects == "name"
    assert place.say("HassMediaPause", name="Radio") == "The Radio is paused."


def test_a_player_that_is_off_says_so(home: House) -> None:
    home.do("HassTurnOff", name="TV")
    assert home.say("HassMediaUnpause", name="TV") == "The TV is off."
