""" "Undo that" and "no, the other one": has the devices of the last change as they were before, and says what they then report.

Plans only; it sends nothing. What a scene changed is put back too, as far as it can be seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from earwitness.domain.home import Device, Home
from earwitness.domain.intent import Context, Intent, SlotValue
from earwitness.skills import climate, devices, lights, media
from earwitness.skills.interface import Parts, Skill, ask, refuse, slot_text
from earwitness.skills.last_change import Change, LastChanges
from earwitness.skills.plan import Confirmed, Plan, PlannedSkill, Planner, Step
from earwitness.skills.resolve import called, is_same
from earwitness.skills.state import described
from earwitness.skills.wording import listed

_ANEW: Final[Mapping[str, Planner]] = {**devices.PLANNERS, **lights.PLANNERS, **climate.PLANNERS, **media.PLANNERS}
_RESTORED: Final[Mapping[str, tuple[str, ...]]] = {
    "light": ("brightness", "color", "color_temperature"),
    "fan": ("percentage",),
    "cover": ("position",),
    "valve": ("position",),
    "climate": ("temperature",),
    "media_player": ("volume", "is_muted"),
}
_OFF: Final = frozenset({"off", "closed"})
"""States in which a device keeps no settings that could be put back."""
_PLAYING_STATES: Final = frozenset({"playing", "paused", "off"})
_NOT_BACK: Final = frozenset({"scene", "script", "button", "input_button"})


def restoring(before: Device, now: Device) -> Step | None:
    """The step that has a device as it was; None if it is so, or cannot be so again."""
    if before.domain in _NOT_BACK or before.state in ("unavailable", "unknown"):
        return None
    names = () if before.state in _OFF and before.domain != "media_player" else _RESTORED.get(before.domain, ())
    attributes: dict[str, SlotValue] = {
        name: before.attributes[name]
        for name in names
        if name in before.attributes and before.attributes[name] != now.attributes.get(name)
    }
    if "color" in attributes and "color_temperature" in attributes:
        del attributes["color"]
    is_state_asked = before.domain != "media_player" or before.state in _PLAYING_STATES
    state = before.state if before.state != now.state and is_state_asked else None
    if before.domain in ("light", "fan", "cover", "valve") and attributes:
        state = before.state
    return Step(device=now, state=state, attributes=attributes) if state is not None or attributes else None


def _steps(change: Change, home: Home) -> tuple[Step, ...]:
    present = {device.device_id: device for device in home.devices}
    steps = []
    for before in (*change.before, *change.also):
        now = present.get(before.device_id)
        step = restoring(before, now) if now is not None else None
        if step is not None:
            steps.append(step)
    return tuple(steps)


def _say_again(confirmed: Sequence[Confirmed]) -> str:
    by_words: dict[str, list[Device]] = {}
    for each in confirmed:
        by_words.setdefault(described(each.device), []).append(each.device)
    clauses = []
    for words, changed in by_words.items():
        who, verb = devices.subject(changed, place="")
        clauses.append(f"{who} {verb} {words} again")
    return listed(clauses)


def undo(intent: Intent, home: Home, context: Context, *, changes: LastChanges) -> Plan:
    """UndoChange: the devices of the last change as they were."""
    change = changes.last(context)
    if change is None:
        raise refuse("There is nothing that I could undo")
    steps = _steps(change, home)
    if not steps:
        names = listed([called(device) for device in change.before])
        raise refuse(f"I cannot undo that: {names} {'is' if len(change.before) == 1 else 'are'} as before, or cannot go back")
    return Plan(steps=steps, say=_say_again)


def other_one(intent: Intent, home: Home, context: Context, *, changes: LastChanges) -> Plan:
    """OtherOne: the last change undone, and made to another device instead: the named one, or the only other of its kind."""
    change = changes.last(context)
    if change is None or len(change.before) != 1 or change.intent.name not in _ANEW:
        raise refuse("I do not know which other one you mean")
    mistaken = change.before[0]
    other = _other(intent, home, context, mistaken=mistaken)
    slots = {key: value for key, value in change.intent.slots.items() if key not in ("name", "area", "floor", "domain")}
    slots |= {"name": other.name, **({"area": other.area} if other.area is not None else {})}
    anew = _ANEW[change.intent.name](replace(change.intent, slots=slots), home, context)
    back = _steps(change, home)

    def say(confirmed: tuple[Confirmed, ...]) -> str:
        fresh = tuple(each for each in confirmed if each.step in anew.steps)
        again = [each for each in confirmed if each.step not in anew.steps]
        return listed([clause for clause in (anew.say(fresh) if fresh else "", _say_again(again) if again else "") if clause])

    return Plan(steps=(*anew.steps, *back), say=say)


def leave(intent: Intent, home: Home, context: Context) -> Plan:
    """KeepFormer: what was done by a request that was corrected cannot be taken back."""
    raise refuse("I cannot take back what I did before")


def _other(intent: Intent, home: Home, context: Context, *, mistaken: Device) -> Device:
    said, said_area = slot_text(intent.slots, "name"), slot_text(intent.slots, "area")
    kin = [one for one in home.devices if one.domain == mistaken.domain and one.device_id != mistaken.device_id]
    if said:
        found = [one for one in kin if any(is_same(said, name) for name in (one.name, *one.aliases))]
    else:
        here = [one for one in kin if one.area == mistaken.area]
        found = [one for one in kin if is_same(one.name, mistaken.name)] or here or kin
    if said_area:
        found = [one for one in found if one.area is not None and is_same(one.area, said_area)]
    if not found:
        raise refuse(f"There is no other one like {called(mistaken)}")
    if len(found) > 4:
        raise refuse("There are several others; say which one you mean")
    if len(found) > 1:
        is_alike = len({one.name.casefold() for one in found}) == 1
        options = listed([called(one, among=found) for one in found], last="or")
        raise ask(f"Which one: {options}?", slot="area" if is_alike else "name", intent=intent, context=context)
    return found[0]


def make(parts: Parts) -> Skill:
    changes = parts.inside.changes
    planners: dict[str, Planner] = {
        "KeepFormer": leave,
        "UndoChange": lambda intent, home, context: undo(intent, home, context, changes=changes),
        "OtherOne": lambda intent, home, context: other_one(intent, home, context, changes=changes),
    }
    return PlannedSkill(planners, parts)
