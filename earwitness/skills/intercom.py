"""Calls from one satellite to another room: "call the kitchen", "answer", "hang up". Carries no sound and keeps nothing."""

from typing import Final

from earwitness.domain.intent import Context, Intent
from earwitness.domain.satellite import CallAnswer
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.skills.ports import Satellites

NOT_HERE: Final = "Calls go from one satellite to another, and this is none."
_REPLIES: Final = {
    CallAnswer.BUSY: (Outcome.REFUSED, "There is a call already. Say hang up first."),
    CallAnswer.MUTED: (Outcome.REFUSED, "This satellite is muted. Switch mute off at the device, then try again."),
    CallAnswer.NO_CALL: (Outcome.REFUSED, "There is no call here."),
    CallAnswer.OPEN: (Outcome.DONE, ""),
    CallAnswer.ENDED: (Outcome.DONE, "The call is over."),
}


class IntercomSkill:
    intents = ("CallRoom", "AnswerCall", "HangUp")

    def __init__(self, satellites: Satellites | None) -> None:
        self._satellites = satellites

    def foresee(self, intent: Intent, *, context: Context) -> str | None:
        return None

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        if self._satellites is None or context.device_id is None:
            return SkillResult(outcome=Outcome.REFUSED, reply=NOT_HERE)
        match intent.name:
            case "AnswerCall":
                return _result(self._satellites.answer(context.device_id))
            case "HangUp":
                return _result(self._satellites.hang_up(context.device_id))
            case _:
                room = str(intent.slots["area"])
                return _result(self._satellites.call(context.device_id, area=room), room=room)


def _result(answer: CallAnswer, *, room: str = "") -> SkillResult:
    match answer:
        case CallAnswer.RINGING:
            return SkillResult(outcome=Outcome.DONE, reply=f"Calling the {room.lower()}.")
        case CallAnswer.NO_SATELLITE:
            return SkillResult(outcome=Outcome.REFUSED, reply=f"There is no satellite in the {room.lower()} that I can call.")
        case _:
            outcome, reply = _REPLIES[answer]
            return SkillResult(outcome=outcome, reply=reply)
