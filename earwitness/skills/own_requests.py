"""Carries out the requests that the home file makes: answers, and does what stands there one after the other. Decides nothing."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from earwitness.domain.intent import SlotValue
from earwitness.domain.own_requests import OwnRequest, OwnRequests
from earwitness.domain.routine import OnPhrase, Routine
from earwitness.skills.interface import Context, Intent, SkillResult, answered, refuse
from earwitness.skills.routine_running import RoutineRunner, is_in_routine

_GROUP: Final = re.compile(r"\[([^\[\]]*)\]")
_SLOT: Final = re.compile(r"\{(\w+)(?::\w+)?\}")
_BEFORE_MARK: Final = re.compile(r"\s+([.,!?;:])")


class OwnRequestSkill:
    """`runner` does the steps, as those of a routine that whoever spoke has made."""

    def __init__(self, own: OwnRequests, *, runner: Callable[[], RoutineRunner], clock: Callable[[], datetime]) -> None:
        self._own = own
        self._runner = runner
        self._clock = clock

    def foresee(self, intent: Intent, *, context: Context) -> str | None:
        request = self._own.requests[intent.name]
        return None if request.steps else told(request.reply, intent.slots)

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        request = self._own.requests[intent.name]
        reply = told(request.reply, intent.slots)
        if not request.steps:
            return answered(reply)
        if is_in_routine():
            raise refuse("What the home file makes up cannot be a step of something else")
        result = await self._runner().run(self._routine(intent, request, context), said_by=context)
        return replace(result, reply=" ".join(part for part in (result.reply, reply) if part)) if _is_done(result) else result

    def _routine(self, intent: Intent, request: OwnRequest, context: Context) -> Routine:
        return Routine(
            routine_id=f"home file: {intent.name}",
            trigger=OnPhrase(phrase=intent.name),
            steps=tuple(told(step, intent.slots) for step in request.steps),
            created_at=self._clock(),
            person_id=context.person_id,
            area=context.area,
            device_id=context.device_id,
        )


def told(text: str, slots: Mapping[str, SlotValue]) -> str:
    """`text` with what was said in the place of names in braces; brackets with a name that was not said are left out."""

    def filled(part: str) -> str:
        return _SLOT.sub(lambda found: str(slots.get(found.group(1), "")), part)

    def group(found: re.Match[str]) -> str:
        part = found.group(1)
        return filled(part) if all(name in slots for name in _SLOT.findall(part)) else ""

    while _GROUP.search(text):
        text = _GROUP.sub(group, text)
    return _BEFORE_MARK.sub(r"\1", " ".join(filled(text).split()))


def _is_done(result: SkillResult) -> bool:
    return result.outcome in ("done", "answered")
