"""The sentences of `make bench-understanding`, and the homes in which they are understood. Reads the evaluation data only."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from earwitness.domain.home import Area, Device, Home
from earwitness.domain.intent import Intent
from earwitness.improve.crowd_schemes import Place
from earwitness.improve.understanding.public import Public, calibrates, public_sentences

ELSEWHERE_EVERY = 4
"""Of the sentences that no skill serves, so many are passed over for one that is asked."""
_INTENTS: Mapping[str, tuple[str, ...]] = {
    "on": ("HassTurnOn", "HassLightSet"),
    "off": ("HassTurnOff",),
    "open": ("HassTurnOn", "HassOpenCover", "HassSetPosition"),
    "closed": ("HassTurnOff", "HassCloseCover", "HassSetPosition"),
    "locked": ("HassTurnOn",),
    "unlocked": ("HassTurnOff",),
    "paused": ("HassMediaPause",),
    "playing": ("HassMediaUnpause", "HassTurnOn"),
    "cleaning": ("HassVacuumStart", "HassTurnOn"),
    "returning": ("HassVacuumReturnToBase",),
}
_OF_ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "media_track": ("HassMediaNext", "HassMediaPrevious"),
    "volume_level": ("HassSetVolume", "HassSetVolumeRelative", "HassMediaPlayerMute", "HassMediaPlayerUnmute"),
    "is_volume_muted": ("HassMediaPlayerMute", "HassMediaPlayerUnmute"),
    "percentage": ("HassFanSetSpeed",),
    "current_position": ("HassSetPosition",),
    "brightness": ("HassLightSet",),
}
_LIST = ("HassListAddItem", "HassListCompleteItem", "HassShoppingListAddItem")
_ROOMS = ("Kitchen", "Living Room", "Dining Room", "Bedroom", "Garage", "Garden", "Hallway", "Office", "Backyard", "Bathroom")


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Sentences that people wrote: what some skill serves, what none does, and what is out of scope everywhere."""

    ours: tuple[Public, ...]
    elsewhere: tuple[Public, ...]
    nonsense: tuple[Public, ...]


def crowd(data: Path) -> Crowd:
    """CLINC150's validation part, and the third of SLURP's development part that does not teach; without the quarter of both by
    which thresholds were chosen (understand/understanders.py)."""
    kept = [one for one in public_sentences(data) if one.measures and not calibrates(one.text)]
    placed = [(one, one.meaning.place if one.meaning else None) for one in kept]
    elsewhere = [one for one, place in placed if place is Place.ELSEWHERE]
    return Crowd(
        ours=tuple(one for one, place in placed if place is Place.OURS),
        elsewhere=tuple(elsewhere[::ELSEWHERE_EVERY]),
        nonsense=tuple(one for one, place in placed if place is None),
    )


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A request of assist_mini: the intents that bring about the change that it expects, and the device."""

    text: str
    intents: frozenset[str]
    device: str
    domain: str


def assist_mini(data: Path) -> tuple[Home, tuple[Wanted, ...]]:
    """Its requests, and a home with all their devices under the names of their ids."""
    wanted, devices = [], dict[str, Device]()
    for row in rows(data / "nlu" / "assist_mini.jsonl"):
        for entity, change in (row["expect_changes"] or {}).items():
            devices.setdefault(entity, _device(entity))
            wanted.append(_wanted(row["text"], entity, change or {}))
            break
        for entity in row["setup"] or {}:
            devices.setdefault(entity, _device(entity))
    lists = tuple(_name(entity) for entity in devices if entity.startswith("todo."))
    things = tuple(one for entity, one in devices.items() if not entity.startswith("todo."))
    return Home(name="assist_mini", areas=_rooms(), devices=things, lists=lists, is_simulated=True), tuple(wanted)


def _rooms() -> tuple[Area, ...]:
    return tuple(Area(name=room) for room in _ROOMS)


def _name(entity: str) -> str:
    return entity.split(".", 1)[1].replace("_", " ").title()


def _device(entity: str) -> Device:
    name, domain = _name(entity), entity.split(".", 1)[0]
    room = next((room for room in _ROOMS if name.startswith(room)), None)
    return Device(device_id=entity, name=name, domain=domain, area=room, state="off")


def _wanted(text: str, entity: str, change: Mapping[str, Any]) -> Wanted:
    state = str(change.get("state") or "")
    intents = set(_INTENTS.get(state, ()))
    for attribute in change.get("attributes") or {}:
        intents |= set(_OF_ATTRIBUTES.get(attribute, ()))
    if entity.startswith("todo."):
        intents = set(_LIST)
    return Wanted(text=text, intents=frozenset(intents), device=_name(entity), domain=entity.split(".", 1)[0])


def is_met(wanted: Wanted, intent: Intent | None, home: Home) -> bool:
    """Whether an intent is one that brings the change about, for that device or for its kind where it is."""
    if intent is None or intent.name not in wanted.intents:
        return False
    if wanted.domain == "todo" or intent.slots.get("name") == wanted.device:
        return True
    room = next(device.area for device in home.devices if device.name == wanted.device)
    is_there = intent.slots.get("area") in (None, room)
    return is_there and "name" not in intent.slots and intent.slots.get("domain", wanted.domain) == wanted.domain


def large_home(entities: int) -> Home:
    """A home with so many lights, switches, covers and sensors in forty rooms."""
    rooms = tuple(Area(name=f"{word} {kind}") for word in _WORDS for kind in ("Room", "Hall", "Loft", "Den"))
    kinds = (("light", "Lamp"), ("switch", "Plug"), ("cover", "Blind"), ("fan", "Fan"), ("sensor", "Meter"))
    devices = []
    for number in range(entities):
        domain, noun = kinds[number % len(kinds)]
        word, room = _WORDS[number // len(kinds) % len(_WORDS)], rooms[number % len(rooms)]
        name = f"{word} {noun} {number}"
        devices.append(Device(device_id=f"{domain}.{number}", name=name, domain=domain, area=room.name, state="off"))
    return Home(name="large", areas=rooms, devices=tuple(devices), lists=("shopping list", "to-do"), is_simulated=True)


_WORDS = ("Amber", "Birch", "Copper", "Dahlia", "Ember", "Fern", "Granite", "Hazel", "Indigo", "Jasper")


def spoken_to(home: Home, texts: Sequence[str]) -> list[str]:
    """Sentences about devices of a home, one for each text with {name} or {area} in it."""
    return [
        text.format(name=home.devices[(17 * at) % len(home.devices)].name, area=home.areas[at % len(home.areas)].name)
        for at, text in enumerate(texts)
    ]
