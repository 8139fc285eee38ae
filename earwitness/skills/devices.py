"""Turning on and off, locking, opening, closing, toggling, positions and fan speeds. Plans only; it sends nothing."""

from collections.abc import Mapping, Sequence
from typing import Final

from earwitness.domain.home import Device, Home
from earwitness.domain.intent import Context, Intent
from earwitness.skills.interface import Parts, Skill, refuse, slot_text
from earwitness.skills.plan import Confirmed, Plan, PlannedSkill, Planner, Step
from earwitness.skills.resolve import Target, called, find, noun, plain
from earwitness.skills.wording import amount, be, listed, number

ON: Final[Mapping[str, str]] = {
    "light": "on",
    "switch": "on",
    "fan": "on",
    "input_boolean": "on",
    "media_player": "on",
    "lock": "locked",
    "cover": "open",
    "valve": "open",
    "climate": "heat",
    "scene": "activated",
    "script": "activated",
    "button": "pressed",
    "input_button": "pressed",
}
OFF: Final[Mapping[str, str]] = {
    "light": "off",
    "switch": "off",
    "fan": "off",
    "input_boolean": "off",
    "media_player": "off",
    "climate": "off",
    "lock": "unlocked",
    "cover": "closed",
    "valve": "closed",
}
EVERYTHING: Final = frozenset({"light", "switch", "fan", "input_boolean", "media_player"})
"""What "everything" means: never locks, doors or heating."""
_MOMENTARY: Final = frozenset({"scene", "script", "button", "input_button"})
NAMED_AT_MOST: Final = 3


def subject(devices: Sequence[Device], *, place: str) -> tuple[str, str]:
    """Who is spoken of, and its verb: "the lamp" is, "the lamp and the fan" are, "5 lights in the kitchen" are."""
    if len(devices) <= NAMED_AT_MOST:
        names = [called(device, among=devices) for device in devices]
        return listed(names), be([device.name for device in devices])
    return f"{amount(len(devices), noun(devices))}{place}", "are"


def phrase(device: Device) -> str:
    """The device's state as it is said."""
    if device.domain in ("media_player", "climate"):
        return "off" if device.state == "off" else "on"
    return device.state.replace("_", " ")


def say_states(confirmed: Sequence[Confirmed], *, place: str) -> str:
    """What changed; or, if nothing did, that it already was so."""
    changed = [each for each in confirmed if not each.step.was_so() or each.device.domain in _MOMENTARY]
    already = "" if changed else "already "
    by_phrase: dict[str, list[Device]] = {}
    for each in changed or confirmed:
        by_phrase.setdefault(phrase(each.device), []).append(each.device)
    clauses = []
    for words, devices in by_phrase.items():
        who, verb = subject(devices, place=place)
        clauses.append(f"{who} {verb} {already}{words}")
    return listed(clauses)


def _targets(intent: Intent, home: Home, context: Context, *, states: Mapping[str, str]) -> Target:
    has_kind = slot_text(intent.slots, "domain") or plain(slot_text(intent.slots, "name")) not in ("", "all", "everything")
    return find(intent, home=home, context=context, domains=states if has_kind else EVERYTHING)


def _switch(intent: Intent, home: Home, context: Context, *, states: Mapping[str, str]) -> Plan:
    target = _targets(intent, home, context, states=states)
    steps = tuple(Step(device=device, state=_wanted(device, states)) for device in target.devices)
    return Plan(steps=steps, say=lambda confirmed: say_states(confirmed, place=target.place))


def _wanted(device: Device, states: Mapping[str, str]) -> str:
    """Heating that is on keeps its mode."""
    is_kept = device.domain == "climate" and states is ON and device.state != "off"
    return device.state if is_kept else states[device.domain]


def turn_on(intent: Intent, home: Home, context: Context) -> Plan:
    """HassTurnOn: on, locked, open, activated, by the kind of device."""
    return _switch(intent, home, context, states=ON)


def turn_off(intent: Intent, home: Home, context: Context) -> Plan:
    """HassTurnOff: off, unlocked, closed."""
    return _switch(intent, home, context, states=OFF)


def toggle(intent: Intent, home: Home, context: Context) -> Plan:
    """HassToggle: each device the other way round from what it reports now."""
    target = _targets(intent, home, context, states=OFF)
    steps = tuple(
        Step(device=device, state=_wanted(device, ON if device.state == OFF[device.domain] else OFF)) for device in target.devices
    )
    return Plan(steps=steps, say=lambda confirmed: say_states(confirmed, place=target.place))


def percent_slot(intent: Intent, name: str) -> int | float:
    """A slot from 0 to 100. Raises UnfulfillableError when it is missing or beyond."""
    value = intent.slots.get(name)
    try:
        given = float(str(value))
    except ValueError:
        raise refuse("I did not catch how many percent") from None
    if not 0 <= given <= 100:
        raise refuse("That goes from 0 to 100 percent")
    return int(given) if given.is_integer() else given


def set_position(intent: Intent, home: Home, context: Context) -> Plan:
    """HassSetPosition: how far a cover or valve is open, 0 to 100 percent."""
    position = percent_slot(intent, "position")
    target = find(intent, home=home, context=context, domains=("cover", "valve"))
    state = "open" if position else "closed"
    steps = tuple(Step(device=device, state=state, attributes={"position": position}) for device in target.devices)
    return Plan(steps=steps, say=lambda confirmed: _say_position(confirmed, place=target.place))


def _say_position(confirmed: Sequence[Confirmed], *, place: str) -> str:
    by_words: dict[str, list[Device]] = {}
    for each in confirmed:
        position = each.device.attributes["position"]
        words = "closed" if position == 0 else "open" if position == 100 else f"at {number(position)} percent"
        by_words.setdefault(words, []).append(each.device)
    return _say_each(by_words, place=place)


def _say_each(by_words: Mapping[str, Sequence[Device]], *, place: str) -> str:
    clauses = []
    for words, devices in by_words.items():
        who, verb = subject(devices, place=place)
        clauses.append(f"{who} {verb} {words}")
    return listed(clauses)


def set_speed(intent: Intent, home: Home, context: Context) -> Plan:
    """HassFanSetSpeed: 0 to 100 percent; 0 turns the fan off."""
    percentage = percent_slot(intent, "percentage")
    target = find(intent, home=home, context=context, domains=("fan",))
    steps = tuple(
        Step(device=device, state="on", attributes={"percentage": percentage}) if percentage else Step(device=device, state="off")
        for device in target.devices
    )
    return Plan(steps=steps, say=lambda confirmed: _say_speed(confirmed, place=target.place))


def _say_speed(confirmed: Sequence[Confirmed], *, place: str) -> str:
    by_words: dict[str, list[Device]] = {}
    for each in confirmed:
        is_on = each.device.state != "off" and "percentage" in each.step.attributes
        words = f"at {number(each.device.attributes['percentage'])} percent" if is_on else each.device.state
        by_words.setdefault(words, []).append(each.device)
    return _say_each(by_words, place=place)


PLANNERS: Final[Mapping[str, Planner]] = {
    "HassTurnOn": turn_on,
    "HassTurnOff": turn_off,
    "HassToggle": toggle,
    "HassOpenCover": turn_on,
    "HassCloseCover": turn_off,
    "HassSetPosition": set_position,
    "HassFanSetSpeed": set_speed,
}


def make(parts: Parts) -> Skill:
    return PlannedSkill(PLANNERS, parts)
