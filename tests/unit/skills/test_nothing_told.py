"""What is asked of the skills, and what they answer, is in no log record, at any level."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from earwitness.domain.intent import Context, Intent
from earwitness.domain.turn import Outcome
from earwitness.links.simulated_home import SimulatedHome
from earwitness.understand.grammar import Grammar
from tests.unit.skills.houses import HOME, House
from tests.unit.skills.outside.tides import outside, write_package
from tests.unit.skills.talking import Talk

WORD = "quokka"
TURNS = (
    f"set an alarm called {WORD} for seven tomorrow morning",
    "what alarms are set",
    f"remind me to feed the {WORD} at six pm tomorrow",
    "what are my reminders",
    f"when I say {WORD} time, turn off the ceiling light",
    "what routines are there",
    f"how do you spell {WORD}",
    f"create a list called {WORD}",
    f"add {WORD} food to the {WORD} list",
    f"add {WORD} dinner on friday at noon to my calendar",
    "what is next on my calendar",
    "do not disturb",
    "tell me a joke",
)


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[list[str]]:
    """What was logged and printed, once the test is through its turns."""
    for name in (None, *logging.root.manager.loggerDict):
        caplog.set_level(logging.DEBUG, logger=name)
    said: list[str] = []
    yield said
    logging.getLogger("earwitness.skills").debug("what is logged is seen here")
    assert "what is logged is seen here" in caplog.text
    out, err = capfd.readouterr()
    everything = (out + err + caplog.text + repr([vars(record) for record in caplog.records])).lower()
    assert said, "nothing was said, so nothing is shown"
    assert [words for words in said if words.lower() in everything] == []


async def test_no_words_of_a_turn_with_any_new_skill(home: House, told: list[str]) -> None:
    talk = Talk(home, Grammar(home.link.snapshot()), here=Context(area="Kitchen"))
    told.append(WORD)
    for text in TURNS:
        result = await talk.result(text)
        assert result.outcome in (Outcome.DONE, Outcome.ANSWERED, Outcome.ASKED), (text, result.reply)
        told.append(result.reply)


async def test_nor_of_a_skill_of_others_that_fails(tmp_path: Path, told: list[str]) -> None:
    body = f"if intent.slots['kind'] == 'low': raise ValueError('{WORD}')\nreturn answered('{WORD} at six')"
    skill = outside(write_package(tmp_path, body), home=SimulatedHome(HOME))
    told.append(WORD)
    try:
        for kind in ("high", "low"):
            await skill.perform(Intent(name="NextTide", slots={"kind": kind, "harbour": WORD}), context=Context())
    finally:
        await skill.close()
