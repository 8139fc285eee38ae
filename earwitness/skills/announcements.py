"""Announcements: "announce dinner is ready", everywhere or in one room. Says where a satellite confirmed that it was played."""

from typing import Final

from earwitness.domain.intent import Context, Intent
from earwitness.domain.satellite import Announcement, Station
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.skills.inside import Satellites
from earwitness.skills.interface import Parts, Skill
from earwitness.skills.wording import listed, sentence

LONGEST_MESSAGE: Final = 300
"""Characters of one announcement."""


class AnnouncementSkill:
    """Without satellites there is nowhere to announce anything, and it says so."""

    def __init__(self, satellites: Satellites | None) -> None:
        self._satellites = satellites

    def foresee(self, intent: Intent, *, context: Context) -> str | None:
        return None

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        message, area = str(intent.slots.get("message", "")), intent.slots.get("area")
        room = area if isinstance(area, str) else None
        if len(message) > LONGEST_MESSAGE:
            return SkillResult(outcome=Outcome.REFUSED, reply=f"An announcement has at most {LONGEST_MESSAGE} characters.")
        told = Announcement()
        if self._satellites is not None:
            told = await self._satellites.announce(sentence(message), area=room, but=context.device_id)
        return _result(told, room)


def _result(told: Announcement, room: str | None) -> SkillResult:
    spared = f" Do not disturb is on {places(told.quiet)}." if told.quiet else ""
    if told.confirmed:
        reply = f"Announced {places(told.confirmed)}."
        missed = f" Not confirmed {places(told.unconfirmed)}." if told.unconfirmed else ""
        return SkillResult(outcome=Outcome.DONE, reply=reply + missed + spared)
    if told.unconfirmed:
        reply = f"Nobody may have heard it: not confirmed {places(told.unconfirmed)}."
        return SkillResult(outcome=Outcome.FAILED, reply=reply + spared)
    if told.quiet:
        reply = f"Do not disturb is on {places(told.quiet)}, so nothing was announced."
        return SkillResult(outcome=Outcome.REFUSED, reply=reply)
    where = f"no other satellite in the {room.lower()}" if room else "no other satellite"
    return SkillResult(outcome=Outcome.REFUSED, reply=f"There is {where} that is connected, so nothing was announced.")


def places(stations: tuple[Station, ...]) -> str:
    """Where they stand, each place once: "in the kitchen and the den and on Tall lamp"."""
    rooms = sorted({station.area.lower() for station in stations if station.area})
    others = sorted(station.name for station in stations if not station.area)
    named = [f"in {listed([f'the {room}' for room in rooms])}"] if rooms else []
    return " and ".join([*named, *([f"on {listed(others)}"] if others else [])])


def make(parts: Parts) -> Skill:
    return AnnouncementSkill(parts.inside.satellites)
