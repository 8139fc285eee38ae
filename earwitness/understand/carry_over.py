"""What a part of a sentence makes of the request before it: "and the kitchen", "ten minutes", "no, tomorrow". Pure.

Owns which slot a part fills. Text is taken apart by `dialog_words`, and whether there is such a request by `dialog`.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from earwitness.domain.home import Device, Home
from earwitness.domain.intent import Intent, SlotValue
from earwitness.domain.times import Frame, Toward
from earwitness.understand.dialog_words import Fragment, Kind, words
from earwitness.understand.times import find

TARGET: Final = frozenset(("name", "area", "floor", "domain", "device_class"))
"""Slots that say which devices or which room."""
MADE: Final = frozenset(("alert_id", "timer_id"))
"""Slots that say which of the things that were made is meant."""
_OF_ANY: Final = frozenset(("HassTurnOn", "HassTurnOff", "HassToggle", "HassGetState"))
"""Intents that fit devices of every kind."""
_HAS_PLACE: Final = frozenset(
    (
        "HassClimateGetTemperature",
        "HassSetVolume",
        "HassSetVolumeRelative",
        "HassMediaSearchAndPlay",
        "DoNotDisturb",
        "MayDisturb",
    )
)
_ANSWERS: Final = frozenset(("confirmed", "confirm", "is_sure", "meant", "asked_about", "which_time", "also", "timer"))
"""Answers to questions about the request before: another request is asked about anew."""
_RESOLVED: Final = frozenset(("number", "who", "label"))
"""How whom a request named is reached: another is looked up anew."""
_LENGTHS: Final = ("hours", "minutes", "seconds")
_COLORS: Final = ("color", "temperature", "color_temperature")
_TIMED_SLOTS: Final = ("when", "time", "which_time")
_DAYS: Final = re.compile(
    r"\b(?:(?:on|every|next|this) )?(?:today|tomorrow|tonight|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|weekdays?|weekends?"
    r"|day)(?: (?:morning|afternoon|evening|night))?\b",
    re.IGNORECASE,
)
"""The day of a time, which stays when only the hour is corrected."""
_HOUR: Final = re.compile(
    r"^(?:(?:for|at|to)\s+)?(?:\d{1,2}(?::\d\d)?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)(?:\s+\w+)?$",
    re.IGNORECASE,
)
"""What is left of a time whose hour is said only with its day."""
_MAKES: Final = frozenset(("HassStartTimer", "SetAlarm", "SetReminder"))
_ANY_FRAME: Final = Frame(now=datetime(2026, 6, 3, 12, tzinfo=UTC), zone=ZoneInfo("UTC"), toward=Toward.AS_READ)


def carried(fragment: Fragment, intent: Intent, *, home: Home, is_down: bool = False) -> Intent | None:
    """The request `intent` with what the fragment says; None where it says nothing that this request has a place for.

    `is_down`: the request wanted less of something.
    """
    match fragment.kind:
        case Kind.PLACE:
            return _in_place(fragment, intent, home)
        case Kind.THING:
            return _with_thing(fragment, intent, home)
        case Kind.TIME:
            return _at_time(fragment, intent)
        case Kind.DURATION:
            return _for_length(fragment, intent)
        case Kind.NUMBER:
            return _by_number(fragment, intent, home)
        case Kind.COLOR:
            return _coloured(fragment, intent, home)
        case Kind.STEP:
            return _stepped(fragment, intent, is_down=is_down)
        case Kind.WORDS:
            slot = words()["takes_words"].get(intent.name)
            return None if slot is None else _changed(intent, {slot: fragment.values["words"]}, without=_RESOLVED)


def is_time(text: str) -> bool:
    """Whether a text is nothing but a time."""
    found = find(text, frame=_ANY_FRAME)
    return found is not None and not found.rest.strip(" ,.")


def without_time(text: str) -> str:
    """What is said beside a time."""
    found = find(text, frame=_ANY_FRAME)
    return text if found is None else " ".join(found.rest.split())


def _changed(intent: Intent, slots: Mapping[str, SlotValue], *, without: frozenset[str] = frozenset()) -> Intent:
    gone = without | _ANSWERS | (MADE if intent.name in _MAKES else frozenset())
    kept = {name: value for name, value in intent.slots.items() if name not in gone}
    return replace(intent, slots={**kept, **slots}, then=())


def _in_place(fragment: Fragment, intent: Intent, home: Home) -> Intent | None:
    if not (TARGET & intent.slots.keys()) and intent.name not in _HAS_PLACE:
        return None
    place = {name: value for name, value in fragment.values.items() if name in ("area", "floor")}
    before = _devices(intent, home)
    domains = {device.domain for device in before}
    if "name" not in intent.slots:
        return _changed(intent, place, without=frozenset(("area", "floor")))
    kin = [one for one in home.devices if one.area == place.get("area") and one.domain in domains]
    same = [one for one in kin if one.name == intent.slots["name"]]
    if same or len(kin) == 1:
        named: dict[str, SlotValue] = {"name": (same or kin)[0].name, **place}
        return _changed(intent, named, without=TARGET)
    if not kin and "area" in place:
        return None
    kind: dict[str, SlotValue] = {"domain": next(iter(domains))} if len(domains) == 1 else {}
    return _changed(intent, {**place, **kind}, without=TARGET)


def _devices(intent: Intent, home: Home) -> list[Device]:
    """Those that a request named."""
    name = intent.slots.get("name")
    named = [one for one in home.devices if name is not None and one.name == name]
    return [one for one in named if one.area == intent.slots.get("area")] or named


def _with_thing(fragment: Fragment, intent: Intent, home: Home) -> Intent | None:
    name, domain = fragment.values["name"], fragment.values.get("domain")
    if domain == "todo":
        is_list = "List" in intent.name and "item" in intent.slots
        made = intent.name.replace("HassShoppingList", "HassList")
        return _changed(replace(intent, name=made), {"name": name}) if is_list else None
    if not (TARGET & intent.slots.keys()):
        return None
    before = {one.domain for one in _devices(intent, home)} or {str(intent.slots.get("domain"))}
    fits = domain in before or intent.name in _OF_ANY or (intent.name == "HassLightSet" and domain == "light")
    if not fits:
        return None
    places = {one.area for one in home.devices if one.name == name}
    area = fragment.values.get("area") or (intent.slots.get("area") if intent.slots.get("area") in places else None)
    slots: dict[str, SlotValue] = {"name": name}
    if len(places) > 1 and area is not None:
        slots["area"] = area
    return _changed(intent, slots, without=TARGET)


def _at_time(fragment: Fragment, intent: Intent) -> Intent | None:
    slot = words()["takes_time"].get(intent.name)
    if slot is None:
        return None
    before = " ".join(str(intent.slots[name]) for name in (slot, *_TIMED_SLOTS) if name in intent.slots)
    days = "" if _DAYS.search(fragment.text) else " ".join(found.group() for found in _DAYS.finditer(before))
    rest = _HOUR.sub("", without_time(str(intent.slots.get(slot, ""))))
    said = " ".join(f"{rest} {days} {fragment.text}".split())
    return _changed(intent, {slot: said}, without=frozenset(_TIMED_SLOTS))


def _for_length(fragment: Fragment, intent: Intent) -> Intent | None:
    if intent.name not in words()["takes_duration"]:
        return None
    lengths = {name: value for name, value in fragment.values.items() if name in _LENGTHS}
    return _changed(intent, lengths, without=frozenset(_LENGTHS))


def _by_number(fragment: Fragment, intent: Intent, home: Home) -> Intent | None:
    number = fragment.values["number"]
    number = int(number) if isinstance(number, float) and number.is_integer() else number
    if intent.name in words()["takes_duration"]:
        unit = next((name for name in _LENGTHS if name in intent.slots), None)
        return None if unit is None else _changed(intent, {unit: number})
    if intent.name == "HassLightSet" and not intent.slots.keys() & {"brightness"}:
        return _changed(intent, {"brightness": number}, without=frozenset(_COLORS))
    slot = next((name for name in words()["takes_number"] if name in intent.slots), None)
    if slot is not None:
        return _changed(intent, {slot: number})
    kinds = {one.domain for one in _devices(intent, home)} or {str(intent.slots.get("domain"))}
    if intent.name in ("HassTurnOn", "HassTurnOff") and len(kinds) == 1 and (sets := words()["number_of"].get(kinds.pop())):
        return _changed(replace(intent, name=sets[0]), {sets[1]: number}, without=frozenset(("domain",)))
    if intent.name in words()["takes_time"]:  # "ten" said of an alarm is ten o'clock
        return _at_time(replace(fragment, text=f"at {fragment.text.removeprefix('at ').removeprefix('to ')}"), intent)
    return None


def _coloured(fragment: Fragment, intent: Intent, home: Home) -> Intent | None:
    lights = {one.domain for one in _devices(intent, home)} == {"light"} or intent.slots.get("domain") == "light"
    if intent.name != "HassLightSet" and not (intent.name in ("HassTurnOn", "ChangeBrightness") and lights):
        return None
    color = {name: value for name, value in fragment.values.items() if name in _COLORS}
    lit = replace(intent, name="HassLightSet")
    return _changed(lit, color, without=frozenset((*_COLORS, "brightness", "domain", "direction", "step")))


def _stepped(fragment: Fragment, intent: Intent, *, is_down: bool) -> Intent | None:
    wanted = words()["steps"].get(intent.name)
    if wanted is None:
        return None
    is_more = fragment.values["step"] == "more"
    if wanted == intent.name and "Timer" in wanted:
        other = {"HassIncreaseTimer": "HassDecreaseTimer", "HassDecreaseTimer": "HassIncreaseTimer"}[wanted]
        return _changed(replace(intent, name=wanted if is_more else other), {})
    if wanted == "SpeakDifferently":
        opposite = {"faster": "slower", "slower": "faster"}
        manner = str(intent.slots.get("manner", ""))
        return _changed(intent, {"manner": manner if is_more else opposite.get(manner, "usual")})
    slot = "volume_step" if wanted == "HassSetVolumeRelative" else "direction"
    was_up = intent.slots.get(slot, "down" if is_down else "up") != "down"
    direction = "up" if was_up == is_more else "down"
    target = {name: value for name, value in intent.slots.items() if name in TARGET and name != "domain"}
    return Intent(name=wanted, slots={**target, slot: direction})
