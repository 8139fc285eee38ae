"""Which timer is meant: by name, by the length it was set for, by room; what a timer is called and where it rings. Pure."""

import math
import re
from collections.abc import Sequence

from earwitness.domain.alert import Place
from earwitness.domain.intent import Context, Intent
from earwitness.links.timers import Timer
from earwitness.skills.alert_making import place_of
from earwitness.skills.interface import ask, refuse, slot_text
from earwitness.skills.resolve import is_same, plain
from earwitness.skills.wording import duration_adjective, listed, the

_UNITS = {"hour": 3600, "minute": 60, "second": 1}
MADE_ID = "timer_id"
"""Holds the id of the timer that is meant, where that is known from what was said before."""
ANSWER_SLOT = "timer"
"""Holds the words of the answer to "Which one?": a name, a length or a room."""
EVERYWHERE_SLOT = "everywhere"
"""There when a new timer is to ring in the whole house."""


def place_of_timer(context: Context) -> Place:
    """Where a timer rings that names no place: at the satellite where it is set; typed or on a page, in that room."""
    return Place.DEVICE if context.device_id is not None else place_of(context)


def rings_elsewhere(timer: Timer, context: Context) -> str:
    """Where it rings, in words; empty when that is here or everywhere."""
    is_in_room = timer.area is not None and context.area is not None and is_same(timer.area, context.area)
    is_at_device = timer.place is Place.DEVICE and timer.device_id == context.device_id
    if timer.place is Place.HOUSE or is_in_room or is_at_device:
        return ""
    return f"in {the(timer.area)}" if timer.area is not None else "at the device where it was set"


def seconds_of(intent: Intent, *, prefix: str = "") -> float:
    """The length that `hours`, `minutes` and `seconds` (each with `prefix`) add up to; 0 when none is there."""
    total = 0.0
    for unit, factor in _UNITS.items():
        said = slot_text(intent.slots, f"{prefix}{unit}s")
        try:
            total += float(said or 0) * factor
        except ValueError:
            raise refuse("I did not catch how long") from None
    if not math.isfinite(total):
        raise refuse("I did not catch how long")
    return total


def label(timer: Timer, *, among: Sequence[Timer] = ()) -> str:
    """ "pasta timer", "5 minute timer", and where that is not enough "5 minute timer in the kitchen"."""
    words = f"{timer.name or duration_adjective(timer.total_seconds)} timer"
    twins = [other for other in among if other.timer_id != timer.timer_id and label(other) == words]
    if twins and timer.area and any(other.area != timer.area for other in twins):
        return f"{words} in {the(timer.area)}"
    return words


def matching(intent: Intent, timers: Sequence[Timer]) -> list[Timer]:
    """The timers that the intent's slots leave; all of them when it has none."""
    length = seconds_of(intent, prefix="start_")
    name, area = _name(intent), slot_text(intent.slots, "area")
    found = list(timers)
    if length:
        found = [timer for timer in found if timer.total_seconds == length]
    if area:
        found = [timer for timer in found if timer.area and is_same(timer.area, area)] or [
            timer for timer in found if is_same(timer.name, area)
        ]
    if name:
        found = [timer for timer in found if _is_called(timer, name)]
    return found


def choose(intent: Intent, *, timers: Sequence[Timer], context: Context) -> Timer:
    """The one timer that is meant. Raises UnfulfillableError when there is none, or to ask which."""
    if not timers:
        raise refuse("There is no timer")
    if made := [one for one in timers if one.timer_id == intent.slots.get(MADE_ID)]:
        return made[0]
    found = matching(intent, timers)
    if not found:
        raise refuse(f"There is no {_said(intent)} timer")
    if len(found) > 1 and not _has_choice(intent):
        found = [timer for timer in found if context.area is not None and timer.area == context.area] or found
    if len(found) == 1 or len({label(timer, among=found) for timer in found}) == 1:
        return found[0]
    options = dict.fromkeys(f"the {label(timer, among=found)}" for timer in found)
    raise ask(f"Which one: {listed(list(options), last='or')}?", slot=ANSWER_SLOT, intent=intent, context=context)


def _has_choice(intent: Intent) -> bool:
    return any(slot_text(intent.slots, slot) for slot in ("name", ANSWER_SLOT, "area")) or bool(
        seconds_of(intent, prefix="start_")
    )


def _name(intent: Intent) -> str:
    return slot_text(intent.slots, ANSWER_SLOT) or slot_text(intent.slots, "name")


def _said(intent: Intent) -> str:
    length = seconds_of(intent, prefix="start_")
    return re.sub(r"\s+(?:timer|one)$", "", plain(_name(intent))) or (
        duration_adjective(length) if length else slot_text(intent.slots, "area")
    )


def _is_called(timer: Timer, said: str) -> bool:
    """By name, or by what it is called for want of one: "the 5 minute one", "5 minutes", "the one in the kitchen"."""
    wanted = re.sub(r"\s+(?:timer|one)$", "", plain(said))
    if timer.name:
        return is_same(timer.name, wanted)
    length = sum(float(count) * _UNITS[unit] for count, unit in re.findall(r"(\d+) (hour|minute|second)", wanted))
    return length == timer.total_seconds or bool(timer.area and wanted.endswith(plain(timer.area)))
