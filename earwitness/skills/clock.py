"""The time and the date, from the clock it is given (aware, in the home's time zone)."""

from collections.abc import Callable
from datetime import datetime

from earwitness.domain.intent import Context, Intent
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.skills.interface import Parts, Skill


class ClockSkill:
    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    def foresee(self, intent: Intent, *, context: Context) -> str | None:
        return _time(self._clock()) if intent.name == "HassGetCurrentTime" else _date(self._clock())

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        reply = _time(self._clock()) if intent.name == "HassGetCurrentTime" else _date(self._clock())
        return SkillResult(outcome=Outcome.ANSWERED, reply=reply)


def _time(now: datetime) -> str:
    hour, half = now.hour % 12 or 12, "AM" if now.hour < 12 else "PM"
    return f"It is {hour}:{now.minute:02} {half}." if now.minute else f"It is {hour} {half}."


def _date(now: datetime) -> str:
    return f"It is {now:%A}, {now:%B} {now.day}, {now.year}."


def make(parts: Parts) -> Skill:
    return ClockSkill(parts.clock)
