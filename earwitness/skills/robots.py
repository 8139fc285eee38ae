"""Robots that clean and mow: started, sent back, paused. Plans only; it says what the robot reports, on the way included."""

from collections.abc import Mapping, Sequence
from typing import Final

from earwitness.domain.home import Device, Home
from earwitness.domain.intent import Context, Intent
from earwitness.skills.devices import subject
from earwitness.skills.interface import Parts, Skill, ask, slot_text
from earwitness.skills.plan import Confirmed, Plan, PlannedSkill, Planner, Step
from earwitness.skills.resolve import Target, called, find
from earwitness.skills.wording import listed

_WORDS: Final[Mapping[str, str]] = {
    "cleaning": "cleaning",
    "mowing": "mowing",
    "returning": "on the way back",
    "docked": "docked",
    "paused": "paused",
}


def _robots(intent: Intent, home: Home, context: Context, *, domain: str) -> Target:
    """The robot that is named, in the room or on the floor that is named, or the only one."""
    target = find(intent, home=home, context=context, domains=(domain,))
    if len(target.devices) > 1 and not target.is_named and not slot_text(intent.slots, "area"):
        options = listed([called(one, among=target.devices) for one in target.devices], last="or")
        raise ask(f"Which one: {options}?", slot="name", intent=intent, context=context)
    return target


def _plan(intent: Intent, home: Home, context: Context, *, domain: str, state: str) -> Plan:
    target = _robots(intent, home, context, domain=domain)
    steps = tuple(Step(device=device, state=state) for device in target.devices)
    return Plan(steps=steps, say=lambda confirmed: _say(confirmed, place=target.place))


def _say(confirmed: Sequence[Confirmed], *, place: str) -> str:
    by_words: dict[str, list[Device]] = {}
    for each in confirmed:
        already = "already " if each.step.was_so() else ""
        words = _WORDS.get(each.device.state, each.device.state.replace("_", " "))
        by_words.setdefault(f"{already}{words}", []).append(each.device)
    clauses = []
    for words, devices in by_words.items():
        who, verb = subject(devices, place=place)
        clauses.append(f"{who} {verb} {words}")
    return listed(clauses)


def _planner(domain: str, state: str) -> Planner:
    return lambda intent, home, context: _plan(intent, home, context, domain=domain, state=state)


PLANNERS: Final[Mapping[str, Planner]] = {
    "HassVacuumStart": _planner("vacuum", "cleaning"),
    "HassVacuumReturnToBase": _planner("vacuum", "docked"),
    "VacuumPause": _planner("vacuum", "paused"),
    "HassLawnMowerStartMowing": _planner("lawn_mower", "mowing"),
    "HassLawnMowerDock": _planner("lawn_mower", "docked"),
    "LawnMowerPause": _planner("lawn_mower", "paused"),
}


def make(parts: Parts) -> Skill:
    return PlannedSkill(PLANNERS, parts)
