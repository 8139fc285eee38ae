"""Do not disturb: in the room where it is said, in a room that is named, or in the whole house; until a time or until taken back.

Announcements, calls and spoken news ask `links/quiet.py` themselves; alarms, timers and reminders do not.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from earwitness.domain.alert import AtMoment, AtWallTime, Rule
from earwitness.domain.quiet import Quiet
from earwitness.domain.times import Day, Frame, Lean, TimeOfDay
from earwitness.links.quiet import Quiets
from earwitness.skills.interface import Context, Intent, Parts, Skill, refuse, slot_text
from earwitness.skills.keeping import Deed, KeepingSkill
from earwitness.skills.when import frame_at, when_of
from earwitness.skills.wording import listed
from earwitness.understand.times import words_of

STILL_RINGS: Final = "Alarms, timers and reminders ring all the same."


class QuietSkill(KeepingSkill):
    """Without a place to keep it in, nothing can be wished."""

    def __init__(self, quiets: Quiets | None, *, clock: Callable[[], datetime]) -> None:
        self._kept = quiets
        self._clock = clock

    @property
    def _quiets(self) -> Quiets:
        if self._kept is None:
            raise refuse("Nothing of that can be kept here")
        return self._kept

    def deed(self, intent: Intent, context: Context) -> Deed:
        match intent.name:
            case "DoNotDisturb":
                return self._begin(intent, context)
            case "MayDisturb":
                return self._end(_place(intent, context))
            case _:
                return Deed(reply=self._told(_place(intent, context)))

    def _begin(self, intent: Intent, context: Context) -> Deed:
        quiets, place = self._quiets, _place(intent, context)
        if words := slot_text(intent.slots, "until"):
            words = "" if slot_text(intent.slots, "when") else words  # asked again because these could not be read
            frame = frame_at(self._clock(), lean=Lean.SOONEST)
            when = when_of(intent, context=context, words=words, frame=frame, question="Until when?", is_whole=True)
            until = ends_at(when.rule, now=frame.now)
            if until is None:
                raise refuse("I can do that until one time, not again and again")
            place = replace(place, until=until)
        reply = f"Do not disturb is on {_where(place)}{self._until(place)}. {STILL_RINGS}"

        def write() -> bool:
            quiets.begin(place)
            return True

        return Deed(reply=reply, write=write)

    def _end(self, place: Quiet) -> Deed:
        quiets = self._quiets
        found = quiets.in_force()
        house = next((one for one in found if one.is_house), None)
        here = [one for one in found if place.is_house or _is_same(one, place)]
        but = ""
        if house is not None and not place.is_house:
            but = f' It is on in the whole house{self._until(house)}; say "you may disturb us everywhere" to end that.'
        if not here:
            return Deed(reply=but.strip() or f"Do not disturb is not on {_where(place)}.")
        return Deed(reply=f"Do not disturb is off {_where(place)}.{but}", write=lambda: quiets.end(place))

    def _told(self, place: Quiet) -> str:
        if place.is_house:
            found: tuple[Quiet, ...] = self._quiets.in_force()
        else:
            holds = self._quiets.at(area=place.area, device_id=place.device_id)
            found = () if holds is None else (holds,)
        if not found:
            return "No, do not disturb is on nowhere." if place.is_house else f"No, do not disturb is not on {_where(place)}."
        return f"Yes, do not disturb is on {listed([_where(one) + self._until(one) for one in found])}."

    def _until(self, quiet: Quiet) -> str:
        told = until_told(quiet, frame=frame_at(self._clock()))
        return f" until {told}" if told else ""


def _place(intent: Intent, context: Context) -> Quiet:
    """Where is meant. What is typed or said on a page, which is in no room, is meant for the whole house."""
    if area := slot_text(intent.slots, "area"):
        return Quiet(area=area)
    if slot_text(intent.slots, "where") == "house" or context.device_id is None:
        return Quiet()
    return Quiet(area=context.area) if context.area is not None else Quiet(device_id=context.device_id)


def _is_same(one: Quiet, other: Quiet) -> bool:
    return (one.area or "").casefold() == (other.area or "").casefold() and one.device_id == other.device_id


def _where(quiet: Quiet) -> str:
    if quiet.is_house:
        return "in the whole house"
    return f"in the {quiet.area.lower()}" if quiet.area is not None else "at a satellite that stands in no room"


def until_told(quiet: Quiet, *, frame: Frame) -> str:
    """Until when it holds, in words; empty: until it is taken back."""
    if quiet.until is None:
        return ""
    at = quiet.until.astimezone(frame.zone)
    hour = words_of(TimeOfDay(time=at.time().replace(second=0, microsecond=0), at=at), frame=frame)
    return hour if at.date() == frame.now.date() else f"{words_of(Day(date=at.date()), frame=frame)} at {hour}"


def ends_at(rule: Rule, *, now: datetime) -> datetime | None:
    """The moment of a rule that is due once; None for one that is not."""
    match rule:
        case AtMoment(at=at):
            return at
        case AtWallTime(local=local):
            return local.replace(tzinfo=now.tzinfo)
        case _:
            return None


def make(parts: Parts) -> Skill:
    return QuietSkill(parts.inside.quiet, clock=parts.clock)
