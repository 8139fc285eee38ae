"""Never mind: the person takes the request back. Nothing is done; stopping sound and alerts is the turn's work."""

from earwitness.domain.intent import Context, Intent
from earwitness.domain.turn import Outcome, SkillResult

REPLY = "Okay."


class NevermindSkill:
    intents = ("HassNevermind", "Stop")

    def foresee(self, intent: Intent, *, context: Context) -> str | None:
        return REPLY

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        return SkillResult(outcome=Outcome.CANCELLED, reply=REPLY)
