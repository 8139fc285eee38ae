"""Modes of fans, and of the fans of heating and cooling: by the names that the device itself gives them. Plans only."""

from collections.abc import Mapping, Sequence
from typing import Final

from earwitness.domain.home import Device, Home
from earwitness.domain.intent import Context, Intent
from earwitness.skills.devices import subject
from earwitness.skills.interface import Parts, Skill, refuse, slot_text
from earwitness.skills.plan import Confirmed, Plan, PlannedSkill, Planner, Step
from earwitness.skills.resolve import called, find, is_same
from earwitness.skills.wording import listed


def set_mode(intent: Intent, home: Home, context: Context) -> Plan:
    """FanSetMode: one of the modes of a fan (`fan_preset`); it is turned on with it."""
    return _plan(intent, home, context, domain="fan", slot="fan_preset", state="on")


def set_fan_mode(intent: Intent, home: Home, context: Context) -> Plan:
    """HassClimateSetFanMode: how the fan of a thermostat or an air conditioner runs (`fan_mode`)."""
    return _plan(intent, home, context, domain="climate", slot="fan_mode", state=None)


_ATTRIBUTES: Final[Mapping[str, tuple[str, str]]] = {
    "fan": ("preset_mode", "preset_modes"),
    "climate": ("fan_mode", "fan_modes"),
}
"""Where a device reports the mode that it is in, and those that it has, one a line."""


def _plan(intent: Intent, home: Home, context: Context, *, domain: str, slot: str, state: str | None) -> Plan:
    wanted = slot_text(intent.slots, slot)
    target = find(intent, home=home, context=context, domains=(domain,))
    name, _ = _ATTRIBUTES[domain]
    steps = tuple(
        Step(device=device, state=state, attributes={name: mode})
        for device in target.devices
        if (mode := next((each for each in _modes(device) if is_same(_words(each), wanted)), ""))
    )
    if not steps:
        raise refuse(_without(target.devices[0], wanted))
    return Plan(steps=steps, say=lambda confirmed: _say(confirmed, name=name, place=target.place))


def _modes(device: Device) -> list[str]:
    return [mode for mode in str(device.attributes.get(_ATTRIBUTES[device.domain][1], "")).split("\n") if mode]


def _without(device: Device, wanted: str) -> str:
    modes = _modes(device)
    return f"{called(device)} has no mode {wanted}{f'; it has {listed(list(map(_words, modes)))}' if modes else ''}"


def _words(mode: str) -> str:
    """A mode as it is said: "on low" for on_low."""
    return mode.replace("_", " ")


def _say(confirmed: Sequence[Confirmed], *, name: str, place: str) -> str:
    by_mode: dict[str, list[Device]] = {}
    for each in confirmed:
        by_mode.setdefault(_words(str(each.device.attributes[name])), []).append(each.device)
    clauses = []
    for mode, devices in by_mode.items():
        who, verb = subject(devices, place=place)
        clauses.append(f"{who} {verb} in mode {mode}" if name == "preset_mode" else f"the fan of {who} is on {mode}")
    return listed(clauses)


PLANNERS: Final[Mapping[str, Planner]] = {"FanSetMode": set_mode, "HassClimateSetFanMode": set_fan_mode}


def make(parts: Parts) -> Skill:
    return PlannedSkill(PLANNERS, parts)
