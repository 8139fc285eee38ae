"""Do not disturb by what people say: where, until when, taken back, asked; and whom it keeps away."""

from datetime import datetime, timedelta

import pytest

from earwitness.domain.intent import Context
from earwitness.domain.turn import Outcome
from earwitness.understand.grammar import Grammar
from tests.unit.skills.houses import HOME, NOW, House
from tests.unit.skills.talking import Talk

RINGS = "Alarms, timers and reminders ring all the same."


@pytest.fixture(scope="module")
def grammar() -> Grammar:
    return Grammar(HOME)


@pytest.fixture
def talk(home: House, grammar: Grammar) -> Talk:
    return Talk(house=home, grammar=grammar, here=Context(area="Kitchen", device_id="k"))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("do not disturb", "in the kitchen"),
        ("Do not disturb until seven.", "in the kitchen until 7 PM"),
        ("don't disturb me for two hours", "in the kitchen until 5:07 PM"),
        ("do not disturb until tomorrow at eight", "in the kitchen until tomorrow at 8 AM"),
        ("do not disturb us until further notice", "in the kitchen"),
        ("do not disturb in the bedroom for half an hour", "in the bedroom until 3:37 PM"),
        ("do not disturb anywhere until ten", "in the whole house until 10 PM"),
        ("turn on do not disturb", "in the kitchen"),
    ],
)
async def test_it_is_on_where_and_until_when_it_was_said(talk: Talk, said: str, told: str) -> None:
    result = await talk.result(said)
    assert (result.outcome, result.reply) == (Outcome.DONE, f"Do not disturb is on {told}. {RINGS}")
    asked = await talk.say("is do not disturb on" + (" in the bedroom" if "bedroom" in said else ""))
    assert asked == f"Yes, do not disturb is on {told}."


async def test_it_is_taken_back_and_ends_by_itself(talk: Talk, home: House) -> None:
    assert await talk.say("are you in do not disturb") == "No, do not disturb is not on in the kitchen."
    await talk.say("do not disturb for an hour")
    assert await talk.say("you may disturb me again") == "Do not disturb is off in the kitchen."
    assert await talk.say("turn off do not disturb") == "Do not disturb is not on in the kitchen."
    await talk.say("do not disturb for an hour")
    home.at[0] = NOW + timedelta(hours=1)
    assert await talk.say("are you in do not disturb") == "No, do not disturb is not on in the kitchen."


async def test_a_room_cannot_end_the_whole_houses_without_saying_so(talk: Talk) -> None:
    await talk.say("do not disturb anywhere")
    assert "on in the whole house" in await talk.say("you may disturb me again")
    assert await talk.say("you may disturb us everywhere") == "Do not disturb is off in the whole house."
    assert await talk.say("is do not disturb on anywhere") == "No, do not disturb is on nowhere."


async def test_what_is_typed_on_a_page_is_for_the_whole_house(talk: Talk, home: House, grammar: Grammar) -> None:
    await talk.say("do not disturb")
    page = Talk(house=home, grammar=grammar, here=Context(area="Living Room"))
    assert await page.say("do not disturb") == f"Do not disturb is on in the whole house. {RINGS}"
    assert await page.say("are you in do not disturb") == "Yes, do not disturb is on in the whole house and in the kitchen."
    assert await page.say("you may disturb me again") == "Do not disturb is off in the whole house."
    assert await talk.say("are you in do not disturb") == "No, do not disturb is not on in the kitchen."


async def test_a_time_that_is_none_is_asked_and_one_that_repeats_refused(talk: Talk) -> None:
    assert (await talk.result("do not disturb until blue")).reply == "Until when?"
    assert (await talk.result("eight pm")).reply == f"Do not disturb is on in the kitchen until 8 PM. {RINGS}"
    assert (await talk.result("do not disturb until every monday at nine am")).outcome is Outcome.REFUSED
    home_hour: datetime = talk.house.at[0]
    assert (await talk.result(f"do not disturb until yesterday at {home_hour:%H}")).outcome is not Outcome.DONE


async def test_a_satellite_in_no_room_has_its_own(home: House, grammar: Grammar) -> None:
    talk = Talk(house=home, grammar=grammar, here=Context(device_id="h"))
    assert await talk.say("do not disturb") == f"Do not disturb is on at a satellite that stands in no room. {RINGS}"
    assert await talk.say("you may disturb me again") == "Do not disturb is off at a satellite that stands in no room."
