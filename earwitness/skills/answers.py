"""Small talk: hello, how are you, what can I say, are you listening, where does my data go."""

from typing import Final

from earwitness.domain.intent import Context, Intent
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.skills.interface import Parts, Skill

_REPLIES: Final = {
    "hello": "Hello.",
    "feeling": "I am well, thank you.",
    "commands": "You can turn devices on or off, ask for their state, set timers, and add things to a list.",
    "listening": "No. Before the wake word or the button, no sound leaves the device; and mute stops the microphone.",
    "data": "Nowhere. What you say is handled on this machine, and nothing is kept unless you told me to keep it.",
    "creator": "I am Earwitness, made by the people who write its open source code.",
}


class AnswerSkill:
    def foresee(self, intent: Intent, *, context: Context) -> str | None:
        return _REPLIES.get(intent.response, _REPLIES["hello"])

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        return SkillResult(outcome=Outcome.ANSWERED, reply=_REPLIES.get(intent.response, _REPLIES["hello"]))


def make(_: Parts) -> Skill:
    return AnswerSkill()
