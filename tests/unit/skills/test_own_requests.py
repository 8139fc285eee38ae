"""What requests of a home file come to, on a house of real skills."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from earwitness.domain.intent import Context, Intent
from earwitness.domain.own_requests import OwnRequest, OwnRequests
from earwitness.domain.skill import SkillManifest
from earwitness.domain.turn import Outcome
from earwitness.skills.own_requests import OwnRequestSkill, told
from tests.unit.skills.houses import House, house

HERE = Context(area="Kitchen")


@pytest.fixture
def home(tmp_path: Path) -> House:
    return house(tmp_path)


def skill_of(house: House, reply: str, *steps: str) -> OwnRequestSkill:
    manifest = SkillManifest(name="own_requests", title="Own", about="Own.", examples=())
    own = OwnRequests(manifest=manifest, requests={"OrderTea": OwnRequest(reply=reply, steps=steps)})
    return OwnRequestSkill(own, runner=lambda: house.runner, clock=lambda: datetime(2026, 6, 3, tzinfo=UTC))


def order(**slots: str) -> Intent:
    return Intent(name="OrderTea", slots=slots)


@pytest.mark.parametrize(
    ("slots", "reply"),
    [
        ({"tea": "green tea"}, "One green tea."),
        ({"tea": "green tea", "size": "large"}, "One large green tea."),
        ({"tea": "green tea", "milk": "oat milk"}, "One green tea with oat milk."),
        ({"tea": "green tea", "milk": "oat milk", "amount": "some"}, "One green tea with some oat milk."),
    ],
)
def test_what_was_not_said_is_left_out(slots: dict[str, str], reply: str) -> None:
    assert told("One [{size}] {tea} [with [{amount}] {milk}].", slots) == reply


async def test_one_that_does_nothing_is_answered_as_it_was_foreseen(home: House) -> None:
    skill = skill_of(home, "One {tea}.")
    done = await skill.perform(order(tea="green tea"), context=HERE)
    assert (done.outcome, done.reply) == (Outcome.ANSWERED, "One green tea.")
    assert skill.foresee(order(tea="green tea"), context=HERE) == done.reply


async def test_its_steps_are_done_before_it_is_answered(home: House) -> None:
    skill = skill_of(home, "One {tea}.", "turn on the {lamp}", "turn off the standing light")
    assert skill.foresee(order(tea="green tea", lamp="ceiling light"), context=HERE) is None
    done = await skill.perform(order(tea="green tea", lamp="ceiling light"), context=HERE)
    assert done.outcome is Outcome.DONE
    assert home.state("Ceiling Light") == "on"
    assert done.reply.endswith("One green tea.")


async def test_what_failed_is_said_in_place_of_the_reply(home: House) -> None:
    skill = skill_of(home, "One {tea}.", "turn on the samovar")
    done = await skill.perform(order(tea="green tea"), context=HERE)
    assert done.outcome is Outcome.FAILED
    assert done.reply == 'I no longer understand "turn on the samovar".'


async def test_privacy_is_no_step(home: House) -> None:
    done = await skill_of(home, "", "delete everything you kept").perform(order(), context=HERE)
    assert done.outcome is Outcome.FAILED
