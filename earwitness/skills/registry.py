"""All skills, found by the name of an intent. Owns the routing and the polite refusal; knows nothing of what skills do."""

import re
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Final

from earwitness.domain.intent import Context, Intent
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.links.lists import Lists
from earwitness.links.timers import Timers
from earwitness.skills import climate, devices, lights, media
from earwitness.skills.announcements import AnnouncementSkill
from earwitness.skills.answers import AnswerSkill
from earwitness.skills.clock import ClockSkill
from earwitness.skills.intercom import IntercomSkill
from earwitness.skills.lists import ListSkill
from earwitness.skills.mute import MuteSkill
from earwitness.skills.nevermind import NevermindSkill
from earwitness.skills.plan import PlannedSkill
from earwitness.skills.ports import HomeLink, Satellites, Skill, UnfulfillableError
from earwitness.skills.privacy import PrivacySkill, Rights
from earwitness.skills.state import StateSkill
from earwitness.skills.timers import TimerSkill

DEADLINE_SECONDS: Final = 4.0

WISHES: Final = {
    "HassClimateSetFanMode": "change a fan mode",
    "HassGetWeather": "know the weather",
    "HassLawnMowerDock": "send the lawn mower back",
    "HassLawnMowerStartMowing": "mow the lawn",
    "HassMediaSearchAndPlay": "play something",
    "HassStopMoving": "stop something that moves",
    "HassVacuumCleanArea": "have a room vacuumed",
    "HassVacuumReturnToBase": "send the vacuum back",
    "HassVacuumStart": "start the vacuum",
}
"""What people want by intents that no skill carries out yet."""


def _random_id() -> str:
    return uuid.uuid4().hex


class SkillSet:
    """Every skill of the house over one home, its timers and its lists.

    `clock` gives the time now, aware and in the home's time zone; `deadline_seconds` is how long a device may take. Without
    `rights` nothing of what people say can be kept, and sentences of privacy are refused; without `satellites` nothing is
    announced and nobody called.
    """

    def __init__(
        self,
        *,
        link: HomeLink,
        timers: Timers,
        lists: Lists,
        clock: Callable[[], datetime],
        deadline_seconds: float = DEADLINE_SECONDS,
        new_id: Callable[[], str] = _random_id,
        rights: Rights | None = None,
        satellites: Satellites | None = None,
    ) -> None:
        planners = {**devices.PLANNERS, **lights.PLANNERS, **climate.PLANNERS, **media.PLANNERS}
        skills: tuple[Skill, ...] = (
            PlannedSkill(planners, link=link, deadline_seconds=deadline_seconds),
            StateSkill(link),
            TimerSkill(timers, clock=clock, new_id=new_id),
            ListSkill(lists, link=link, clock=clock),
            ClockSkill(clock),
            NevermindSkill(),
            AnswerSkill(),
            PrivacySkill(rights, clock=clock),
            AnnouncementSkill(satellites),
            IntercomSkill(satellites),
            MuteSkill(),
        )
        self._skills = {name: skill for skill in skills for name in skill.intents}

    @property
    def intents(self) -> tuple[str, ...]:
        """Names of the intents that are carried out."""
        return tuple(self._skills)

    def foresee(self, intent: Intent, *, context: Context) -> str | None:
        """The reply that will be said if all goes well, without doing anything; None if it cannot be known.

        Raises StorageError when timers or lists cannot be read.
        """
        skill = self._skills.get(intent.name)
        if skill is None:
            return refusal(intent).reply
        try:
            return skill.foresee(intent, context=context)
        except UnfulfillableError as stopped:
            return stopped.result.reply

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        """Do it, and say only what was confirmed. An expected failure is a result, never raised."""
        skill = self._skills.get(intent.name)
        if skill is None:
            return refusal(intent)
        try:
            return await skill.perform(intent, context=context)
        except UnfulfillableError as stopped:
            return stopped.result


def refusal(intent: Intent) -> SkillResult:
    """What is said of an intent that was understood but that no skill carries out."""
    words = re.sub(r"(?<!^)(?=[A-Z])", " ", intent.name.removeprefix("Hass")).lower()
    wish = WISHES.get(intent.name) or f'use "{words}"'
    return SkillResult(outcome=Outcome.REFUSED, reply=f"I understood that you want to {wish}, but I cannot do that yet.")
