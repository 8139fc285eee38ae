""" "That is not what I said": notes with the turn before what was really said, or that nobody had called.

It is the person's own judgement of their own turn, and is kept and deleted with it. It does nothing again, and owns nothing:
behind `Rights` stands what keeps.
"""

import asyncio
from typing import Final

from earwitness.domain.errors import EarwitnessError
from earwitness.domain.intent import Context, Intent
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.skills.confirming import with_slots
from earwitness.skills.interface import Parts, Skill, UnfulfillableError, ask, slot_text
from earwitness.skills.privacy import NOT_FOR_TOKENS, NOT_SET_UP, UNKNOWN_SPEAKER
from earwitness.skills.rights_port import Rights

NOT_KEPT: Final = "What you said before is not kept, so there is nothing to correct."
NOT_CALLED: Final = "Noted: you had not called me."


class CorrectionSkill:
    """Notes judgements of the person who speaks, about their turn before."""

    def __init__(self, rights: Rights | None) -> None:
        self._rights = rights

    def foresee(self, intent: Intent, *, context: Context) -> str | None:
        """Nothing can be foreseen: it hangs on what is kept."""
        return None

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        """Note it, off the event loop."""
        if self._rights is None:
            return _refused(NOT_SET_UP)
        if context.person_id is None:
            return _refused(UNKNOWN_SPEAKER)
        if context.scopes is not None:
            return _refused(NOT_FOR_TOKENS)
        try:
            return await asyncio.to_thread(_note, self._rights, intent, context.person_id, context)
        except UnfulfillableError as stopped:
            return stopped.result
        except EarwitnessError as error:
            return SkillResult(outcome=Outcome.FAILED, reply=error.sentence)


def _note(rights: Rights, intent: Intent, person_id: str, context: Context) -> SkillResult:
    turn_id = slot_text(intent.slots, "corrected_turn") or rights.last_turn_id(person_id)
    if turn_id is None:
        return SkillResult(outcome=Outcome.ANSWERED, reply=NOT_KEPT)
    if intent.name == "MarkFalseWake":
        rights.judge(person_id, turn_id, transcript="", is_false_wake=True)
        return SkillResult(outcome=Outcome.DONE, reply=NOT_CALLED)
    said = slot_text(intent.slots, "really_said")
    if not said:
        waiting = with_slots(intent, corrected_turn=turn_id)
        raise ask("What did you say?", slot="really_said", intent=waiting, context=context)
    rights.judge(person_id, turn_id, transcript=said)
    return SkillResult(outcome=Outcome.DONE, reply=f'Noted: you said "{said}". Say it again to have it done.')


def _refused(sentence: str) -> SkillResult:
    return SkillResult(outcome=Outcome.REFUSED, reply=sentence)


def make(parts: Parts) -> Skill:
    return CorrectionSkill(parts.inside.rights)
