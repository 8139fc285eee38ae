"""How the names of a home may be said: slot lists for `hassil`, made from a Home. Pure.

Owns the spoken variants of a name (numbers as digits or words, "TV" and "television", plural, without its room). The value
of every variant is the canonical name.
"""

import re
from collections import Counter
from collections.abc import Iterator

from hassil.intents import RangeSlotList, SlotList, TextSlotList

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
_COUNTED = ("light", "lamp", "curtain", "blind", "shade", "shutter", "speaker", "door", "window", "fan", "sensor", "plug")
_TOO_PLAIN = frozenset(("light", "lights", "lamp", "fan", "tv", "switch", "sensor", "temperature", "blind", "blinds", "door"))
_ANY_LIST = ("to do", "to-do", "todo", "task", "tasks")


def variants(name: str) -> Iterator[str]:
    """Every way to say a name, the name itself first."""
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


def device_sayings(home: Home) -> dict[str, list[Device]]:
    """What can be said (lower case) -> the devices that it may mean."""
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


def floor_sayings(home: Home) -> dict[str, str]:
    """What a floor may be called (lower case, with and without the word "floor") -> its name."""
    said: dict[str, str] = {}
    for floor in dict.fromkeys(area.floor for area in home.areas if area.floor):
        said.setdefault(floor.lower(), floor)
        said.setdefault(re.sub(r"\s+floor$", "", floor.lower()), floor)
    return said


def slot_lists(home: Home) -> dict[str, SlotList]:
    """The slot lists that depend on the home, under the names that the sentences use."""
    names: list[tuple[str, str, dict[str, str]]] = []
    for saying, devices in device_sayings(home).items():
        kinds = {(device.name, device.domain, device.device_class) for device in devices}
        for canonical, domain, device_class in sorted(kinds):
            names.append((saying, canonical, {"domain": domain, "device_class": device_class}))
    names += [(saying, name, {"domain": "todo"}) for saying, name in list_sayings(home).items()]
    areas = area_sayings(home)
    zones = {"home": "home", "at home": "home", "away": "not_home", "out": "not_home", "not home": "not_home"} | areas
    return {
        "name": TextSlotList.from_tuples(names, allow_template=False, name="name"),
        "area": TextSlotList.from_tuples(areas.items(), allow_template=False, name="area"),
        "floor": TextSlotList.from_tuples(floor_sayings(home).items(), allow_template=False, name="floor"),
        "zone": TextSlotList.from_tuples(zones.items(), allow_template=False, name="zone"),
        **{name: RangeSlotList(name=name, start=1, stop=LONGEST_DURATION) for name in _DURATIONS},
    }


_DURATIONS = ("timer_hours", "timer_minutes", "timer_seconds")
