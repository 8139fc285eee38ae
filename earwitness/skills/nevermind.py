"""Never mind: the person takes the request back. Nothing is done. Stopping replies and alerts is the turn's work; "stop" ends
the music at the satellite that was spoken to besides."""

from earwitness.domain.intent import Context, Intent
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.skills.interface import Parts, Skill
from earwitness.skills.music_port import MusicPlayers

REPLY = "Okay."


class NevermindSkill:
    def __init__(self, music: MusicPlayers) -> None:
        self._music = music

    def foresee(self, intent: Intent, *, context: Context) -> str | None:
        return REPLY

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        if intent.name == "Stop" and context.device_id is not None:
            self._music.hush(context.device_id)
        return SkillResult(outcome=Outcome.CANCELLED, reply=REPLY)


def make(parts: Parts) -> Skill:
    return NevermindSkill(parts.inside.music)
