"""How the names of a home may be said: slot lists for `hassil`, made from a Home. Pure.

Owns the spoken variants of a name (numbers as digits or words, "TV" and "television", plural, without its room). The value
of every variant is the canonical name.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from hassil.intents import RangeSlotList, SlotList, TextSlotList, TextSlotValue

from earwitness.domain.home import Device, Home

NO_AREA = "\x00no area"
"""Stands for the room of a device that is in no known room; never leaves this package."""

LONGEST_DURATION = 999
"""Hours, minutes or seconds in one part of a duration."""

_NUMBERS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)
_WORD_OF = {str(number): word for number, word in enumerate(_NUMBERS)}
_DIGITS_OF = {word: number for number, word in _WORD_OF.items()}
_SAME = {"tv": "television", "television": "tv", "todo": "to do", "to-do": "todo"}
KEPT_NAMES = 16_384
"""Names whose sayings are kept: a home that learns one more name works out that one alone."""
_COUNTED = ("light", "lamp", "curtain", "blind", "shade", "shutter", "speaker", "door", "window", "fan", "sensor", "plug")
_TOO_PLAIN = frozenset(("light", "lights", "lamp", "fan", "tv", "switch", "sensor", "temperature", "blind", "blinds", "door"))
_ANY_LIST = ("to do", "to-do", "todo", "task", "tasks")


@lru_cache(maxsize=KEPT_NAMES)
def variants(name: str) -> tuple[str, ...]:
    """Every way to say a name, the name itself first."""
    return tuple(_variants(name))


def _variants(name: str) -> Iterator[str]:
    words = re.split(r"\s+", name.strip())
    yield " ".join(words)
    for table in (_WORD_OF, _DIGITS_OF, _SAME):
        changed = " ".join(table.get(word.lower(), word) for word in words)
        if changed != " ".join(words):
            yield changed
    if "'" in name or "-" in name or "&" in name:
        yield " ".join(name.replace("'", "").replace("-", " ").replace("&", " and ").split())


def _counted_otherwise(name: str) -> str | None:
    lower = name.lower()
    if lower.endswith(_COUNTED):
        return f"{name}s"
    return name[:-1] if lower.endswith(tuple(f"{noun}s" for noun in _COUNTED)) else None


def _short_name(device: Device) -> str | None:
    """The name without the room it begins with ("Kitchen Counter Light" -> "Counter Light"), if it still says something."""
    if not device.area or not device.name.lower().startswith(f"{device.area.lower()} "):
        return None
    rest = device.name[len(device.area) :].strip()
    return None if rest.lower() in _TOO_PLAIN else rest


_last_sayings: "list[tuple[Home, dict[str, list[Device]]]]" = []
"""Of the last home alone: all that is made of a home asks for it."""


def device_sayings(home: Home) -> dict[str, list[Device]]:
    """What can be said (lower case) -> the devices that it may mean. The result is shared: nobody changes it."""
    for known, said in tuple(_last_sayings):
        if known is home:
            return said
    said = _device_sayings(home)
    _last_sayings[:] = [(home, said)]
    return said


def _device_sayings(home: Home) -> dict[str, list[Device]]:
    said: dict[str, list[Device]] = {}
    rooms = {word.lower() for area in home.areas for word in (area.name, *area.aliases)}
    for device in home.devices:
        for spoken in (device.name, *device.aliases):
            for saying in variants(spoken):
                _add(said, saying, device)
    short = Counter(name.lower() for device in home.devices if (name := _short_name(device)))
    for device in home.devices:
        extra = _short_name(device)
        if extra and short[extra.lower()] == 1 and extra.lower() not in said:
            _add(said, extra, device)
        plural = _counted_otherwise(device.name)
        if plural and plural.lower() not in said and device.name.lower().rsplit(" ", 1)[0] not in rooms and " " in device.name:
            _add(said, plural, device)
    return said


def _add(said: dict[str, list[Device]], saying: str, device: Device) -> None:
    devices = said.setdefault(saying.lower(), [])
    if device not in devices:
        devices.append(device)


def group_sayings(home: Home) -> dict[str, tuple[str, tuple[Device, ...]]]:
    """What a group of devices may be called (lower case) -> its name, and its devices. What one device is called is no group."""
    members: dict[str, list[Device]] = {}
    for device in home.devices:
        for group in device.groups:
            members.setdefault(group, []).append(device)
    taken = device_sayings(home)
    said: dict[str, tuple[str, tuple[Device, ...]]] = {}
    for group, devices in members.items():
        for saying in variants(group):
            if saying.lower() not in taken:
                said.setdefault(saying.lower(), (group, tuple(devices)))
    return said


def list_sayings(home: Home) -> dict[str, str]:
    """What a named list may be called (lower case, without "list") -> its name. The shopping list has sentences of its own."""
    said: dict[str, str] = {}
    for name in home.lists:
        plain = re.sub(r"[\s-]+list$", "", name, flags=re.IGNORECASE)
        if plain.lower() in ("shopping", "grocery", ""):
            continue
        for saying in (*variants(plain), *variants(name)):
            said.setdefault(saying.lower(), name)
    if len(set(said.values())) == 1:
        only = next(iter(said.values()))
        said |= {saying: only for saying in _ANY_LIST if saying not in said}
    return said


def area_sayings(home: Home) -> dict[str, str]:
    """What an area may be called (lower case) -> its name."""
    said: dict[str, str] = {}
    for area in home.areas:
        for name in (area.name, *area.aliases):
            for saying in variants(name):
                said.setdefault(saying.lower(), area.name)
    return said


_HEIGHTS = ("ground", "first", "main", "second", "upper", "third", "fourth", "top")
"""Words in the names of floors, from below: of the two lowest one is downstairs and one upstairs."""


def _stairs(home: Home) -> dict[str, str]:
    """ "downstairs" and "upstairs" where the names of floors tell which is which."""
    floors = dict.fromkeys(area.floor for area in home.areas if area.floor)
    ranked = {floor: next((place for place, word in enumerate(_HEIGHTS) if word in floor.lower()), None) for floor in floors}
    known = sorted((place, floor) for floor, place in ranked.items() if place is not None)
    return {"downstairs": known[0][1], "upstairs": known[1][1]} if len(known) > 1 else {}


def floor_sayings(home: Home) -> dict[str, str]:
    """What a floor may be called (lower case, with and without the word "floor") -> its name."""
    said: dict[str, str] = {}
    for area in home.areas:
        for name in (area.floor, *area.floor_aliases) if area.floor else ():
            said.setdefault(name.lower(), area.floor)
            said.setdefault(re.sub(r"\s+floor$", "", name.lower()), area.floor)
    for saying, floor in _stairs(home).items():
        said.setdefault(saying, floor)
    return said


def slot_lists(home: Home) -> dict[str, SlotList]:
    """The slot lists that depend on the home, under the names that the sentences use."""
    names: list[TextSlotValue] = []
    for saying, devices in device_sayings(home).items():
        kinds = {(device.name, device.domain, device.device_class) for device in devices}
        names += [_value(saying, *kind) for kind in (sorted(kinds) if len(kinds) > 1 else kinds)]
    for saying, (group, members) in group_sayings(home).items():
        kinds = {(group, device.domain, device.device_class) for device in members}
        names += [_value(saying, *kind) for kind in sorted(kinds)]
    names += [_value(saying, name, "todo", "") for saying, name in list_sayings(home).items()]
    areas = area_sayings(home)
    zones = {"home": "home", "at home": "home", "away": "not_home", "out": "not_home", "not home": "not_home"} | areas
    return {
        "name": TextSlotList(name="name", values=names),
        "area": TextSlotList.from_tuples(areas.items(), allow_template=False, name="area"),
        "floor": TextSlotList.from_tuples(floor_sayings(home).items(), allow_template=False, name="floor"),
        "zone": TextSlotList.from_tuples(zones.items(), allow_template=False, name="zone"),
        **{name: RangeSlotList(name=name, start=1, stop=LONGEST_DURATION) for name in _DURATIONS},
    }


@lru_cache(maxsize=KEPT_NAMES)
def _value(saying: str, canonical: str, domain: str, device_class: str) -> TextSlotValue:
    """A saying of something with a name. Nobody changes it."""
    context = {"domain": domain, **({"device_class": device_class} if domain != "todo" else {})}
    return TextSlotValue.from_tuple((saying, canonical, context), allow_template=False)


_DURATIONS = ("timer_hours", "timer_minutes", "timer_seconds")
