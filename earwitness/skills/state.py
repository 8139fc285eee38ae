"""Questions about the home: is it locked, which lights are on, how many, what is its state. Answers only what is reported."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from earwitness.domain.home import Device, Home
from earwitness.domain.intent import Context, Intent
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.skills.climate import temperature_reply
from earwitness.skills.interface import HomeLink, Parts, Skill, refuse, slot_text
from earwitness.skills.resolve import Target, called, find, noun, plain
from earwitness.skills.wording import amount, be, degrees, listed, number, plural, sentence

LISTED_AT_MOST: Final = 8
_SENSOR_WORDS: Final = {
    "door": ("open", "closed"),
    "window": ("open", "closed"),
    "garage_door": ("open", "closed"),
    "opening": ("open", "closed"),
    "lock": ("unlocked", "locked"),
    "battery": ("low", "normal"),
    "battery_charging": ("charging", "not charging"),
    "occupancy": ("occupied", "clear"),
    "presence": ("home", "away"),
    "connectivity": ("connected", "disconnected"),
    "plug": ("plugged in", "unplugged"),
    "power": ("powered", "off"),
    "running": ("running", "not running"),
    "moving": ("moving", "still"),
    "problem": ("reporting a problem", "fine"),
    "safety": ("unsafe", "safe"),
    "tamper": ("reporting tampering", "fine"),
    "update": ("out of date", "up to date"),
    "cold": ("cold", "normal"),
    "heat": ("hot", "normal"),
    "moisture": ("wet", "dry"),
    "light": ("seeing light", "dark"),
    **{kind: (f"detecting {kind.replace('_', ' ')}", "clear") for kind in ("carbon_monoxide", "gas", "motion", "smoke", "sound")},
    "vibration": ("vibrating", "still"),
}


def state_words(state: str, *, device: Device) -> str:
    """How a state of such a device is said."""
    words = _SENSOR_WORDS.get(device.device_class) if device.domain == "binary_sensor" else None
    if words is not None and state in ("on", "off"):
        return words[0] if state == "on" else words[1]
    match device.domain, state:
        case "person", "home":
            return "at home"
        case "person", "not_home" | "away":
            return "away"
    return state.replace("_", " ")


def described(device: Device) -> str:
    """The whole state of one device: "on at 50 percent", "playing Slow Morning", "21 °C"."""
    words, facts = state_words(device.state, device=device), device.attributes
    match device.domain, device.state:
        case "sensor" | "number" | "input_number", _:
            unit = facts.get("unit_of_measurement", facts.get("unit", ""))
            return f"{device.state}{'' if unit in ('%', '') else ' '}{unit}"
        case "light", "on" if "brightness" in facts:
            return f"on at {number(facts['brightness'])} percent"
        case "fan", "on" if "percentage" in facts:
            return f"on at {number(facts['percentage'])} percent"
        case "cover" | "valve", "open" if facts.get("position") not in (None, 100):
            return f"{number(facts['position'])} percent open"
        case "media_player", "playing" if "media_title" in facts:
            return f"playing {facts['media_title']}"
        case "climate", "off":
            return "off"
        case "climate", _ if "temperature" in facts:
            return f"set to {degrees(facts['temperature'])}"
    return words


class StateSkill:
    """Answers from the link's last report; changes nothing."""

    def __init__(self, link: HomeLink) -> None:
        self._link = link

    def foresee(self, intent: Intent, *, context: Context) -> str | None:
        return self._answer(intent, context)

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        return SkillResult(outcome=Outcome.ANSWERED, reply=self._answer(intent, context))

    def _answer(self, intent: Intent, context: Context) -> str:
        home = self._link.snapshot()
        if intent.name == "HassClimateGetTemperature":
            return temperature_reply(intent, home, context)
        domains = frozenset(device.domain for device in home.devices)
        target = find(intent, home=home, context=context, domains=domains)
        if not target.is_named:
            target = _reachable(target, home=home)
        asked = slot_text(intent.slots, "state").casefold().replace(" ", "_")
        if target.is_named:
            return sentence(_about_one(target.devices[0], asked=asked, home=home))
        if not asked:
            return sentence(listed([f"{called(d, among=target.devices)} {be([d.name])} {described(d)}" for d in target.devices]))
        return sentence(_about_many(target, asked=asked, response=intent.response))


def _reachable(target: Target, *, home: Home) -> Target:
    """Those that report now. Raises UnfulfillableError when none does."""
    known = tuple(device for device in target.devices if device.is_reachable)
    if not known:
        raise refuse(unreachable(target.devices[0], home=home))
    return replace(target, devices=known)


def unreachable(device: Device, *, home: Home) -> str:
    """Why nothing is known of a device now, as a clause."""
    if any(source.name == device.source and not source.is_reachable for source in home.sources):
        return f"I cannot reach {device.source}, so I do not know how {called(device)} {be([device.name])} now"
    return f"{called(device)} {be([device.name])} not reachable now"


def _is(device: Device, asked: str) -> bool:
    state = device.state.casefold().replace(" ", "_")
    if device.domain == "media_player" and asked == "on":
        return state != "off"
    return state == asked or plain(state_words(state, device=device)) == plain(asked.replace("_", " "))


def _about_one(device: Device, *, asked: str, home: Home) -> str:
    name = device.name if device.domain == "person" else called(device)
    if not device.is_reachable:
        raise refuse(unreachable(device, home=home))
    if device.state in ("unavailable", "unknown"):
        raise refuse(f"{name} does not report its state")
    if not asked:
        return f"{name} {be([device.name])} {described(device)}"
    answer = "Yes" if _is(device, asked) else "No"
    return f"{answer}, {name} {be([device.name])} {state_words(device.state, device=device)}"


def _about_many(target: Target, *, asked: str, response: str) -> str:
    """`response` says what was asked: any, all, which or how_many; without it the reply answers each of these."""
    kind = noun(target.devices)
    state = state_words(asked, device=target.devices[0])
    matched = [device for device in target.devices if _is(device, asked)]
    unmatched = [device for device in target.devices if not _is(device, asked)]
    counted = f"{amount(len(matched), kind)} {'is' if len(matched) == 1 else 'are'} {state}{target.place}"
    match response:
        case "how_many":
            return counted
        case "all" if not unmatched:
            only = (
                f"{called(matched[0])} {be([matched[0].name])}"
                if len(matched) == 1
                else f"all {len(matched)} {plural(kind)}{target.place} are"
            )
            return f"Yes, {only} {state}"
        case "all":
            states = {state_words(device.state, device=device) for device in unmatched}
            return f"No, {_who(unmatched, kind, target.place)} {states.pop() if len(states) == 1 else f'not {state}'}"
        case "any" if matched:
            return f"Yes, {_who(matched, kind, target.place)} {state}"
        case "any":
            return f"No, {counted}"
        case "which" if matched:
            return f"{_who(matched, kind, target.place)} {state}"
    if not matched or len(matched) > LISTED_AT_MOST:
        return counted
    if len(matched) == 1:
        return f"{counted}: {called(matched[0])}"
    return f"{counted}: {listed([called(device, among=matched) for device in matched])}"


def _who(devices: Sequence[Device], kind: str, place: str) -> str:
    """Those devices by name, or by number when they are many, with their verb."""
    verb = be([device.name for device in devices])
    if len(devices) > LISTED_AT_MOST:
        return f"{amount(len(devices), kind)}{place} {verb}"
    names = [device.name if device.domain == "person" else called(device, among=devices) for device in devices]
    return f"{listed(names)} {verb}"


def make(parts: Parts) -> Skill:
    return StateSkill(parts.home)
