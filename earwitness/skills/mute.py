"""Mute by voice: "stop listening". The device mutes itself after the reply; nothing but its own button or key undoes that."""

from typing import Final

from earwitness.domain.intent import Context, Intent
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.domain.wish import MuteWish
from earwitness.skills.interface import Parts, Skill

REPLY: Final = "I mute this microphone now. To undo it, use the mute button or key at the device; nobody can from elsewhere."
NOTHING_TO_UNMUTE: Final = "A microphone is unmuted only at the device, with its mute button or key."


class MuteSkill:
    def foresee(self, intent: Intent, *, context: Context) -> str | None:
        return NOTHING_TO_UNMUTE if intent.name == "UnmuteMicrophone" else REPLY

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        if intent.name == "UnmuteMicrophone":
            return SkillResult(outcome=Outcome.REFUSED, reply=NOTHING_TO_UNMUTE)
        return SkillResult(outcome=Outcome.DONE, reply=REPLY, wish=MuteWish())


def make(_: Parts) -> Skill:
    return MuteSkill()
