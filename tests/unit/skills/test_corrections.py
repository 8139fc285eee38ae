""" "That is not what I said": understood, asked about, noted with the turn before, and with nothing else."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from earwitness.domain.account import Scope
from earwitness.domain.intent import Context, Intent, SlotValue
from earwitness.domain.review import Label
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.skills.corrections import NOT_CALLED, NOT_KEPT, CorrectionSkill
from tests.houses_kept import KeptHouse, kept_house
from tests.unit.skills.houses import house as simulated


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[KeptHouse]:
    with kept_house(tmp_path) as made:
        yield made


def say(kept: KeptHouse, name: str, context: Context, **slots: SlotValue) -> SkillResult:
    return asyncio.run(CorrectionSkill(kept.rights).perform(Intent(name=name, slots=slots), context=context))


def test_what_was_really_said_is_noted_with_the_turn_before(kept: KeptHouse) -> None:
    anna = kept.enrolled()
    other, turn_id = kept.keep(anna), kept.keep(anna, "turn on the lump")
    context = Context(person_id=anna.person_id)
    asked = say(kept, "CorrectHeard", context)
    assert (asked.outcome, asked.reply) == (Outcome.ASKED, "What did you say?")
    assert asked.asks is not None
    waiting = asked.asks.pending
    assert waiting is not None
    kept.keep(anna, "that is not what I said")  # the turn that asked is kept meanwhile
    done = say(kept, "CorrectHeard", context, **{**waiting.slots, "really_said": "turn on the lamp"})
    assert (done.outcome, done.reply) == (Outcome.DONE, 'Noted: you said "turn on the lamp". Say it again to have it done.')
    found = kept.rights.recording(anna.person_id, turn_id)
    assert (found.turn.transcript, found.heard) == ("turn on the lamp", "turn on the lump")
    assert [one.transcript for one in found.annotations] == ["turn on the lamp"]
    assert not kept.rights.recording(anna.person_id, other).annotations


def test_a_false_wake_is_marked(kept: KeptHouse) -> None:
    anna = kept.enrolled()
    turn_id = kept.keep(anna, "and then she said")
    assert say(kept, "MarkFalseWake", Context(person_id=anna.person_id)).reply == NOT_CALLED
    (judged,) = kept.rights.recording(anna.person_id, turn_id).annotations
    assert judged.labels == {Label.FALSE_WAKE}


def test_nothing_is_noted_of_nobody_by_a_program_or_where_nothing_is_kept(kept: KeptHouse) -> None:
    anna = kept.enrolled(keeps=None)
    me = Context(person_id=anna.person_id)
    assert say(kept, "CorrectHeard", me, really_said="turn on the lamp").reply == NOT_KEPT
    assert say(kept, "MarkFalseWake", Context()).outcome is Outcome.REFUSED
    program = replace(me, scopes=frozenset({Scope.TALK}))
    assert say(kept, "CorrectHeard", program, really_said="x").outcome is Outcome.REFUSED
    assert asyncio.run(CorrectionSkill(None).perform(Intent(name="MarkFalseWake"), context=me)).outcome is Outcome.REFUSED
    assert not kept.entries("annotated")


@pytest.mark.parametrize(
    ("said", "intent", "slots"),
    [
        ("That's not what I said.", "CorrectHeard", {}),
        ("No, that is not what I said", "CorrectHeard", {}),
        ("you misheard me", "CorrectHeard", {}),
        ("that was not what I said, I said turn on the lamp", "CorrectHeard", {"really_said": "turn on the lamp"}),
        ("I was not talking to you", "MarkFalseWake", {}),
        ("that wasn't for you", "MarkFalseWake", {}),
        ("I didn't ask you", "MarkFalseWake", {}),
        ("that is not what I meant", "UndoChange", {}),
    ],
)
def test_it_is_understood(tmp_path: Path, said: str, intent: str, slots: dict[str, str]) -> None:
    found = simulated(tmp_path).understand(said, Context()).intent
    assert found is not None
    assert (found.name, dict(found.slots)) == (intent, slots)
