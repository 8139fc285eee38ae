"""All skills, found by the name of an intent. Owns the routing and the polite refusal; knows nothing of what skills do."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from typing import Final

from earwitness.domain.errors import SkillError
from earwitness.domain.intent import Context, Intent
from earwitness.domain.skill import HomeAccess, Permissions, SkillManifest
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.skills import (
    alarms,
    announcements,
    answers,
    assistant,
    calendar,
    calls,
    climate,
    clock,
    corrections,
    devices,
    fans,
    jokes,
    lights,
    lists,
    media,
    messages,
    music,
    mute,
    nevermind,
    privacy,
    questions,
    quiet,
    reminders,
    robots,
    routines,
    state,
    timers,
    undo,
)
from earwitness.skills.heard import settled
from earwitness.skills.inside import FOR_ALL, Inside
from earwitness.skills.interface import Make, Memory, Parts, Skill, UnfulfillableError, not_asked
from earwitness.skills.missing import complete

OWN: Final[Mapping[str, Make]] = {
    "alarms": alarms.make,
    "announcements": announcements.make,
    "answers": answers.make,
    "assistant": assistant.make,
    "calendar": calendar.make,
    "calls": calls.make,
    "climate": climate.make,
    "clock": clock.make,
    "devices": devices.make,
    "fans": fans.make,
    "jokes": jokes.make,
    "lights": lights.make,
    "lists": lists.make,
    "media": media.make,
    "messages": messages.make,
    "music": music.make,
    "mute": mute.make,
    "nevermind": nevermind.make,
    "corrections": corrections.make,
    "privacy": privacy.make,
    "questions": questions.make,
    "quiet": quiet.make,
    "reminders": reminders.make,
    "robots": robots.make,
    "routines": routines.make,
    "state": state.make,
    "timers": timers.make,
    "undo": undo.make,
}
"""The house's own skills, by the name in their file of sentences (understand/sentences)."""

WISHES: Final = {
    "HassStopMoving": "stop something that moves",
    "HassVacuumCleanArea": "have a room vacuumed",
}
"""What people want by intents that no skill carries out yet."""


def own_skills(
    manifests: Iterable[SkillManifest], parts: Parts, *, memory_of: Callable[[str], Memory]
) -> list[tuple[SkillManifest, Skill]]:
    """The house's own skills, each with no more than its file asks for. Raises SkillError for a file without code."""
    found = []
    for manifest in manifests:
        make = OWN.get(manifest.name)
        if make is None:
            raise SkillError(f"There is no skill for the sentences of {manifest.name}.", code="skill.unknown")
        found.append((manifest, make(granted(replace(parts, memory=memory_of(manifest.name)), manifest.permissions))))
    return found


def granted(parts: Parts, permissions: Permissions) -> Parts:
    """Of `parts`, those that are asked for; the others raise SkillError when they are used."""
    kept = {
        "home": permissions.home is not HomeAccess.NONE,
        "memory": permissions.memory,
        "fetch": bool(permissions.network),
    }
    refused = {each.name for each in fields(Inside)} - FOR_ALL - set(permissions.inside)
    inside = replace(parts.inside, **{name: not_asked(name) for name in refused})
    return replace(
        parts,
        inside=inside,
        **{name: not_asked(name) for name, is_kept in kept.items() if not is_kept},
    )


class SkillSet:
    """Skills with the intents that their files name. Raises SkillError when two would carry out the same."""

    def __init__(self, skills: Iterable[tuple[SkillManifest, Skill]]) -> None:
        self._skills: dict[str, Skill] = {}
        for manifest, skill in skills:
            if taken := self._skills.keys() & set(manifest.intents):
                raise SkillError(f"The skill {manifest.name} has an intent of another: {min(taken)}.")
            self._skills |= dict.fromkeys(manifest.intents, skill)

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
            return skill.foresee(complete(settled(intent, context=context), context=context), context=context)
        except UnfulfillableError as stopped:
            return stopped.result.reply

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        """Do it, and say only what was confirmed. An expected failure is a result, never raised."""
        skill = self._skills.get(intent.name)
        if skill is None:
            return refusal(intent)
        try:
            return await skill.perform(complete(settled(intent, context=context), context=context), context=context)
        except UnfulfillableError as stopped:
            return stopped.result


def refusal(intent: Intent) -> SkillResult:
    """What is said of an intent that was understood but that no skill carries out."""
    words = re.sub(r"(?<!^)(?=[A-Z])", " ", intent.name.removeprefix("Hass")).lower()
    wish = WISHES.get(intent.name) or f'use "{words}"'
    return SkillResult(outcome=Outcome.REFUSED, reply=f"I understood that you want to {wish}, but I cannot do that yet.")
