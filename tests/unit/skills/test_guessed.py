"""Guesses that may do harm: asked about, done after a yes, left after a no; whatever the household's policy says."""

from dataclasses import replace
from pathlib import Path

import pytest

from earwitness.domain.home import Device
from earwitness.domain.intent import Context, Intent
from earwitness.domain.turn import Outcome
from earwitness.skills.guessed import SLOT, sure
from earwitness.skills.interface import UnfulfillableError
from earwitness.understand.learned.risk import GUESSED, HARMFUL, is_harmful, is_without_target
from tests.unit.skills.houses import HOME, house

HERE = Context(area="Kitchen")


def test_a_guess_that_deletes_is_asked_about_first() -> None:
    guess = Intent(name="DeleteList", slots={"name": "camping", GUESSED: True})
    with pytest.raises(UnfulfillableError) as asked:
        sure(guess, context=HERE)
    assert asked.value.result.reply == "Do you want me to delete the list: camping?"
    asks = asked.value.result.asks
    assert asks is not None
    assert asks.expects == SLOT
    agreed = sure(Intent(name="DeleteList", slots={**guess.slots, SLOT: True}), context=HERE)
    assert agreed == Intent(name="DeleteList", slots={"name": "camping"}), "it is as if it had been said in words of the house"
    with pytest.raises(UnfulfillableError) as left:
        sure(Intent(name="DeleteList", slots={**guess.slots, SLOT: False}), context=HERE)
    assert left.value.result.asks is None


def test_what_was_said_in_a_sentence_of_the_house_is_not_asked_about() -> None:
    said = Intent(name="DeleteList", slots={"name": "camping"})
    assert sure(said, context=HERE) is said


def test_a_guess_that_does_no_harm_is_not_asked_about() -> None:
    lamp = Intent(name="HassTurnOn", slots={"name": "lamp"})
    assert sure(lamp, context=HERE) is lamp
    assert not is_harmful(lamp, HOME)


def test_locks_and_whatever_opens_are_harmful() -> None:
    assert is_harmful(Intent(name="HassTurnOff", slots={"domain": "lock"}), HOME)
    assert is_harmful(Intent(name="HassTurnOff", slots={"name": "Front Door"}), HOME)
    assert all(is_harmful(Intent(name=name), HOME) for name in HARMFUL)
    assert is_harmful(Intent(name="HassSetPosition", slots={"area": "Cellar", "position": 100}), HOME)


@pytest.mark.parametrize(
    ("slots", "is_asked"),
    [
        ({"name": "Gate"}, True),
        ({"area": "Cellar"}, True),
        ({"domain": "switch"}, True),
        ({"device_class": "outlet"}, True),
        ({"area": "Kitchen"}, False),
        ({"floor": "Upstairs"}, False),
        ({"area": "Cellar", "domain": "light"}, False),
    ],
)
def test_a_switch_that_opens_a_gate_is_harmful_however_it_is_said(slots: dict[str, str], is_asked: bool) -> None:
    gate = Device(device_id="gate", name="Gate", domain="switch", area="Cellar", state="off", device_class="outlet")
    home = replace(HOME, devices=(*HOME.devices, gate))
    assert is_harmful(Intent(name="HassTurnOn", slots=slots), home) is is_asked


def test_moving_what_nothing_names_is_moving_everything() -> None:
    assert is_without_target(Intent(name="HassTurnOff"))
    assert not is_without_target(Intent(name="HassTurnOff", slots={"area": "Kitchen"}))
    assert not is_without_target(Intent(name="SetAlarm"))


READ_BACK = frozenset(("SendMessage", "LeaveMessage", "CallContact"))
"""Intents whose own question says all of it, and is asked whatever the policy says if they are guesses (confirming.py)."""


@pytest.mark.parametrize("name", sorted(HARMFUL - READ_BACK))
def test_whatever_is_harmful_is_asked_about(name: str) -> None:
    with pytest.raises(UnfulfillableError) as asked:
        sure(Intent(name=name, slots={GUESSED: True}), context=HERE)
    assert asked.value.result.asks is not None


def test_the_question_says_what_would_change() -> None:
    guess = Intent(name="AddRoutineStep", slots={"which": "bedtime", "steps": "unlock the front door", GUESSED: True})
    with pytest.raises(UnfulfillableError) as asked:
        sure(guess, context=HERE)
    assert asked.value.result.reply == "Do you want me to add to the routine: bedtime, unlock the front door?"


async def test_a_yes_to_a_guess_is_none_to_the_question_of_the_skill(tmp_path: Path) -> None:
    made = house(tmp_path)
    for name, slots in (("CreateList", {"new_name": "camping"}), ("HassListAddItem", {"name": "camping", "item": "tent"})):
        await made.skills.perform(Intent(name=name, slots=slots), context=HERE)
    guess = Intent(name="DeleteList", slots={"name": "camping", GUESSED: True})
    first = await made.skills.perform(guess, context=HERE)
    assert first.asks is not None
    assert first.asks.expects is not None
    second = await made.skills.perform(replace(guess, slots={**guess.slots, first.asks.expects: True}), context=HERE)
    assert (second.outcome, second.reply) == (Outcome.ASKED, "On the camping list: tent. Delete it?")
