"""Brightness, colour and colour temperature of lights. Plans only; it sends nothing.

A light may say in its attributes that it cannot: `dimmable: false`, `colorful: false`, `tunable: false`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from earwitness.domain.home import Device, Home
from earwitness.domain.intent import Context, Intent, SlotValue
from earwitness.skills.devices import percent_slot, subject
from earwitness.skills.interface import Parts, Skill, ask, refuse, slot_text
from earwitness.skills.last_change import LastChanges
from earwitness.skills.plan import Confirmed, Plan, PlannedSkill, Planner, Step
from earwitness.skills.resolve import Target, called, find
from earwitness.skills.wording import listed, number

_ABILITIES: Final = {
    "brightness": ("dimmable", "cannot be dimmed"),
    "color": ("colorful", "cannot change its colour"),
    "color_temperature": ("tunable", "cannot change its colour temperature"),
}
_WHITES: Final[Mapping[SlotValue, str]] = {
    1900: "like candle light",
    2700: "warm white",
    4000: "cool white",
    6500: "like daylight",
}
KELVIN: Final = (1000, 10000)
BRIGHTNESS_STEP: Final = 20
"""Percent points that "brighter" means."""


def set_light(intent: Intent, home: Home, context: Context) -> Plan:
    """HassLightSet: `brightness` in percent, `color` by name, `temperature` in kelvin; turns the light on (0 percent: off)."""
    wanted = _wanted(intent)
    target = _lights(intent, home, context)
    able = [device for device in target.devices if not _inability(device, wanted)]
    if not able:
        raise refuse(f"{called(target.devices[0])} {_inability(target.devices[0], wanted)}")
    is_off = wanted.get("brightness") == 0
    steps = tuple(Step(device=d, state="off") if is_off else Step(device=d, state="on", attributes=wanted) for d in able)
    return Plan(steps=steps, say=lambda confirmed: _say(confirmed, place=target.place))


def _lights(intent: Intent, home: Home, context: Context) -> Target:
    has_place = any(slot_text(intent.slots, slot) for slot in ("name", "area", "floor"))
    if has_place:
        return find(intent, home=home, context=context, domains=("light",))
    if context.area is None:
        raise ask("In which room?", slot="area", intent=intent, context=context)
    here = Intent(name=intent.name, slots={**intent.slots, "area": context.area})
    return find(here, home=home, context=context, domains=("light",))


def _wanted(intent: Intent) -> dict[str, SlotValue]:
    wanted: dict[str, SlotValue] = {}
    if "brightness" in intent.slots:
        wanted["brightness"] = percent_slot(intent, "brightness")
    if color := slot_text(intent.slots, "color"):
        wanted["color"] = color
    if kelvin := slot_text(intent.slots, "temperature") or slot_text(intent.slots, "color_temperature"):
        if not kelvin.removesuffix(".0").isdigit() or not KELVIN[0] <= float(kelvin) <= KELVIN[1]:
            raise refuse(f"Colour temperature goes from {KELVIN[0]} to {KELVIN[1]} kelvin")
        wanted["color_temperature"] = int(float(kelvin))
    if not wanted:
        raise refuse("I did not catch what the light should be set to")
    return wanted


def _inability(device: Device, wanted: Mapping[str, SlotValue]) -> str:
    for name in wanted:
        ability, words = _ABILITIES[name]
        if device.attributes.get(ability) is False:
            return words
    return ""


def _say(confirmed: Sequence[Confirmed], *, place: str) -> str:
    by_words: dict[str, list[Device]] = {}
    for each in confirmed:
        by_words.setdefault(_words(each), []).append(each.device)
    clauses = []
    for words, devices in by_words.items():
        who, verb = subject(devices, place=place)
        clauses.append(f"{who} {verb} {words}")
    return listed(clauses)


def _words(each: Confirmed) -> str:
    """What was set, as the light reports it: "red at 50 percent"."""
    reported = each.device.attributes
    if each.device.state == "off":
        return "off"
    parts = []
    if "color" in each.step.attributes:
        parts.append(str(reported["color"]))
    if "color_temperature" in each.step.attributes:
        kelvin = reported["color_temperature"]
        parts.append(_WHITES.get(kelvin, f"at {number(kelvin)} kelvin"))
    if "brightness" in each.step.attributes:
        parts.append(f"at {number(reported['brightness'])} percent")
    return " ".join(parts) if len(parts) == 1 or parts[0][:3] != "at " else listed(parts)


def change_brightness(intent: Intent, home: Home, context: Context, *, changes: LastChanges) -> Plan:
    """ChangeBrightness: `direction` up or down, by `step` percent points; without a light, those that were last spoken of."""
    up = slot_text(intent.slots, "direction") != "down"
    said = slot_text(intent.slots, "step")
    step = float(said) if said.replace(".", "", 1).isdigit() else float(BRIGHTNESS_STEP)
    target = _spoken_of(intent, home, context, changes=changes)
    able = [device for device in target.devices if device.attributes.get("dimmable") is not False]
    if not able:
        raise refuse(f"{called(target.devices[0])} cannot be dimmed")
    lit = [device for device in able if device.state == "on"] or (able if up else [])
    if not lit:
        raise refuse(f"{called(able[0])} {'is' if len(able) == 1 else 'and the others are'} off")
    steps = tuple(_by(device, step if up else -step) for device in lit)
    if all(step.was_so() for step in steps):
        raise refuse(f"{called(lit[0])} cannot get any {'brighter' if up else 'dimmer'}")
    return Plan(steps=steps, say=lambda confirmed: _say(confirmed, place=target.place))


def _by(device: Device, points: float) -> Step:
    now = device.attributes.get("brightness", 100)
    before = float(now) if isinstance(now, int | float) and device.state == "on" else 0.0
    return Step(device=device, state="on", attributes={"brightness": int(min(100.0, max(1.0, before + points)))})


def _spoken_of(intent: Intent, home: Home, context: Context, *, changes: LastChanges) -> Target:
    """The lights that are named, or were last changed from here, or are on in this room, or are in it."""
    if any(slot_text(intent.slots, slot) for slot in ("name", "floor")) or (
        slot_text(intent.slots, "area") and slot_text(intent.slots, "area") != context.area
    ):
        return find(intent, home=home, context=context, domains=("light",))
    change = changes.last(context)
    known = {device.device_id for device in change.before} if change is not None else set()
    again = tuple(device for device in home.devices if device.device_id in known and device.domain == "light")
    if again:
        return Target(devices=again, is_named=True)
    here = _lights(intent, home, context)
    lit = tuple(device for device in here.devices if device.state == "on")
    return replace(here, devices=lit or here.devices)


PLANNERS: Final[Mapping[str, Planner]] = {"HassLightSet": set_light}


def make(parts: Parts) -> Skill:
    changes = parts.inside.changes
    relative: Planner = lambda intent, home, context: change_brightness(intent, home, context, changes=changes)  # noqa: E731
    return PlannedSkill({**PLANNERS, "ChangeBrightness": relative}, parts)
