"""Reads a home from a YAML file. It owns the format (docs/home.md tells it to users) and keeps no state.

    name: My home
    areas:
      - Kitchen
      - {name: Living Room, aliases: [lounge], floor: First Floor}
    devices:
      - {name: Kitchen Light, type: light, area: Kitchen, state: on}
      - {name: Front Door, type: lock, aliases: [main door]}
      - {name: Heating, type: thermostat, area: Living Room, state: {state: heat, temperature: 20}}
    lists: [shopping list, to-do]

What it makes up to be said (`sentences`) is read by own_requests.py.

A person's ways are taken as meant: `on` and `off` stay words, "lamp" is a light, devices may stand under their area or
be a mapping of id to fields, an area that only a device names is made. What cannot be meant is an error that says where.
"""

import difflib
import re
from dataclasses import dataclass, field
from pathlib import Path

from earwitness.domain.home import Area, Device, Home
from earwitness.domain.intent import SlotValue
from earwitness.links.home_words import kind, kind_in, resting_state, state_word
from earwitness.links.own_requests import read_own_requests
from earwitness.links.yaml_nodes import Spot, read_nodes

MOST_DEVICES = 1000
LONGEST_NAME = 100
DEFAULT_LISTS = ("shopping list", "to-do")

_SYNONYMS = {
    "id": ("id", "entity_id", "device_id"),
    "name": ("name", "names", "friendly_name"),
    "type": ("type", "domain", "kind"),
    "area": ("area", "room", "location"),
    "aliases": ("aliases", "alias"),
    "device_class": ("device_class", "class"),
    "state": ("state", "states"),
    "attributes": ("attributes",),
    "floor": ("floor", "level"),
    "devices": ("devices", "entities"),
    "areas": ("areas", "rooms"),
    "floors": ("floors",),
    "lists": ("lists",),
    "sentences": ("sentences",),
}
_DEVICE_FIELDS = ("id", "name", "type", "area", "aliases", "device_class", "state", "attributes")
_AREA_FIELDS = ("id", "name", "aliases", "floor", "devices")
_FLOOR_FIELDS = ("id", "name", "aliases", "areas")
_HOME_FIELDS = ("name", "areas", "devices", "lists", "floors", "sentences")


def read_home(path: Path | str) -> Home:
    """The home that the file describes. Nothing real stands behind it yet, so `is_simulated` is true.

    Raises HomeFileError, with file, line and what to write instead.
    """
    reader = _Reader(read_nodes(Path(path)), stem=Path(path).stem)
    return reader.home()


def demo_home() -> Home:
    """The demonstration home that ships with Earwitness; simulated."""
    return read_home(Path(__file__).with_name("demo_home.yaml"))


def _take(fields: dict[str, Spot], names: tuple[str, ...], *, rest: bool = False) -> tuple[dict[str, Spot], dict[str, Spot]]:
    """Fields by their own name whatever synonym was written, and the others; without `rest`, others fail."""
    by_word = {word: name for name in names for word in _SYNONYMS[name]}
    taken: dict[str, Spot] = {}
    others: dict[str, Spot] = {}
    for key, spot in fields.items():
        word = key.casefold().replace(" ", "_")
        name = by_word.get(word)
        if name is None:
            near = difflib.get_close_matches(word, by_word, n=1, cutoff=0.8)
            if near or not rest:
                spot.fail(f'"{key}" is not known here; {f"write {near[0]}" if near else "use " + ", ".join(names)}')
            others[word] = spot
        elif name in taken:
            spot.fail(f'"{key}" says again what another line says; keep one')
        else:
            taken[name] = spot
    return taken, others


def _words(spot: Spot | None) -> tuple[str, ...]:
    if spot is None:
        return ()
    words = (item.text() for item in spot.items())
    return tuple(dict.fromkeys(word for word in words if word))


def _names(spot: Spot) -> tuple[str, tuple[str, ...]]:
    """The name and, where several are given, the others as aliases."""
    words = _words(spot)
    if not words:
        spot.fail("this needs a name")
    for word in words:
        if len(word) > LONGEST_NAME:
            spot.fail(f"this name is longer than {LONGEST_NAME} characters; use one that people say")
    return words[0], words[1:]


@dataclass(slots=True)
class _Reader:
    root: Spot
    stem: str
    areas: dict[str, Area] = field(default_factory=dict)
    area_names: dict[str, str] = field(default_factory=dict)
    """Casefolded names, aliases and ids to the area's name."""
    floor_names: dict[str, str] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)

    def home(self) -> Home:
        if not self.root.is_mapping:
            self.root.fail('a home file is a mapping; begin with "areas:" and "devices:"')
        taken, _ = _take(self.root.fields(), _HOME_FIELDS)
        self._read_floors(taken.get("floors"))
        nested = self._read_areas(taken.get("areas"), floor="")
        for spot, given_id, area in nested:
            self._read_device(spot, given_id=given_id, area=area)
        if "devices" in taken:
            for spot, given_id in self._device_spots(taken["devices"]):
                self._read_device(spot, given_id=given_id, area=None)
        return Home(
            name=taken["name"].text() if "name" in taken else self.stem,
            is_simulated=True,
            areas=tuple(self.areas.values()),
            devices=tuple(self.devices.values()),
            lists=_words(taken["lists"]) if "lists" in taken else DEFAULT_LISTS,
            own=read_own_requests(taken["sentences"]) if "sentences" in taken else None,
        )

    def _read_floors(self, spot: Spot | None) -> None:
        for item, key in _entries(spot):
            taken, _ = _take(item.fields(), _FLOOR_FIELDS) if item.is_mapping else ({}, {})
            name = key or (_names(taken["name"])[0] if "name" in taken else _names(item)[0])
            for word in (name, *_words(taken.get("id")), *_words(taken.get("aliases"))):
                self.floor_names[word.casefold()] = name
            inner = taken.get("areas") or (item if key and not item.is_mapping else None)
            for device, given_id, area in self._read_areas(inner, floor=name):
                self._read_device(device, given_id=given_id, area=area)

    def _read_areas(self, spot: Spot | None, *, floor: str) -> list[tuple[Spot, str, str]]:
        """Read areas; gives the devices that stand under them, to be read once every area is known."""
        nested: list[tuple[Spot, str, str]] = []
        for item, key in _entries(spot):
            if not item.is_mapping:
                self._add_area(item, Area(name=key or _names(item)[0], floor=floor), ids=())
                continue
            taken, _ = _take(item.fields(), _AREA_FIELDS)
            name, more = (key, ()) if key else _names(taken.get("name") or item.fail("an area needs a name"))
            on = taken["floor"].text() if "floor" in taken else floor
            area = Area(
                name=name,
                aliases=(*more, *_words(taken.get("aliases"))),
                floor=self.floor_names.get(on.casefold(), on),
            )
            self._add_area(item, area, ids=_words(taken.get("id")))
            if "devices" in taken:
                nested += [(device, given_id, area.name) for device, given_id in self._device_spots(taken["devices"])]
        return nested

    def _add_area(self, spot: Spot, area: Area, *, ids: tuple[str, ...]) -> None:
        if area.name in self.areas:
            spot.fail(f'the area "{area.name}" is there twice; keep one')
        self.areas[area.name] = area
        for word in (area.name, *area.aliases, *ids):
            self.area_names.setdefault(word.casefold(), area.name)

    def _area(self, spot: Spot) -> str | None:
        """The area that a device names; one that is not listed is made."""
        said = spot.text()
        if not said:
            return None
        if said.casefold() not in self.area_names:
            self._add_area(spot, Area(name=said), ids=())
        return self.area_names[said.casefold()]

    def _device_spots(self, spot: Spot) -> list[tuple[Spot, str]]:
        if spot.is_mapping and any(value.is_mapping for value in spot.fields().values()):
            return [(value, key) for key, value in spot.fields().items()]
        if spot.is_mapping and not {"name", "names", "type", "domain"} & set(spot.fields()):
            return [(value, key) for key, value in spot.fields().items()]
        return [(item, "") for item in spot.items()]

    def _read_device(self, spot: Spot, *, given_id: str, area: str | None) -> None:
        if len(self.devices) >= MOST_DEVICES:
            spot.fail(f"a home holds at most {MOST_DEVICES} devices")
        taken, others = _take(spot.fields(), _DEVICE_FIELDS, rest=True) if spot.is_mapping else ({}, {})
        written_id = given_id or (taken["id"].text() if "id" in taken else "")
        name, more = self._device_names(spot, taken, written_id)
        domain, device_class = self._kind(spot, taken, name=name, written_id=written_id)
        state, attributes = self._state(spot, taken, domain=domain)
        attributes |= {key: other.value() for key, other in others.items()}
        device_class = str(attributes.pop("device_class", "")) or device_class
        if "device_class" in taken:
            device_class = taken["device_class"].text()
        device = Device(
            device_id=self._device_id(spot, written_id, domain=domain, name=name),
            name=name,
            domain=domain,
            area=self._area(taken["area"]) if "area" in taken else area,
            aliases=tuple(word for word in dict.fromkeys((*more, *_words(taken.get("aliases")))) if word != name),
            device_class=device_class,
            state=state,
            attributes=attributes,
        )
        self.devices[device.device_id] = device

    def _device_names(self, spot: Spot, taken: dict[str, Spot], written_id: str) -> tuple[str, tuple[str, ...]]:
        if "name" in taken:
            return _names(taken["name"])
        if written_id:
            return written_id.rpartition(".")[2].replace("_", " "), ()
        if spot.is_mapping:
            spot.fail("a device needs a name")
        return _names(spot)

    def _kind(self, spot: Spot, taken: dict[str, Spot], *, name: str, written_id: str) -> tuple[str, str]:
        if "type" in taken:
            said = taken["type"].text()
            return kind(said) or taken["type"].fail(
                f'"{said}" is not a type of device; write light, switch, lock, cover, climate, media_player, fan, scene or sensor'
            )
        if spot.is_scalar and written_id and not spot.is_null:
            return kind(spot.text()) or spot.fail(f'"{spot.text()}" is not a type of device; write light, lock, cover, ...')
        prefix, dot, _ = written_id.partition(".")
        found = (kind(prefix) if dot else None) or kind_in(name)
        return found or spot.fail(f'the device "{name}" needs a type, such as type: light')

    def _state(self, spot: Spot, taken: dict[str, Spot], *, domain: str) -> tuple[str, dict[str, SlotValue]]:
        attributes: dict[str, SlotValue] = {}
        if "attributes" in taken:
            attributes |= {key: value.value() for key, value in taken["attributes"].fields().items()}
        said = taken.get("state")
        if said is None or said.is_null:
            return resting_state(domain), attributes
        if not said.is_mapping:
            return state_word(said.text(), domain=domain), attributes
        parts = said.fields()
        main = parts.pop("state", None) or parts.pop("in", None)
        parts.pop("out", None)
        nested = parts.pop("attributes", None)
        attributes |= {key: value.value() for key, value in {**(nested.fields() if nested else {}), **parts}.items()}
        return state_word(main.text(), domain=domain) if main else resting_state(domain), attributes

    def _device_id(self, spot: Spot, written_id: str, *, domain: str, name: str) -> str:
        if written_id:
            if written_id in self.devices:
                spot.fail(f'the id "{written_id}" is there twice; give each device its own')
            return written_id
        slug = re.sub(r"\W+", "_", name.casefold()).strip("_") or "device"
        candidate, count = f"{domain}.{slug}", 1
        while candidate in self.devices:
            count += 1
            candidate = f"{domain}.{slug}_{count}"
        return candidate


def _entries(spot: Spot | None) -> list[tuple[Spot, str]]:
    """The items of a list, or the values of a mapping with their keys."""
    if spot is None:
        return []
    if spot.is_mapping and not {"name", "names"} & set(spot.fields()):
        return [(value, key) for key, value in spot.fields().items()]
    return [(item, "") for item in spot.items()]
