"""A home out of what Home Assistant tells: its registries of areas, floors, devices and entities, and the states of these. Pure.

Nothing that is told is trusted: texts are bounded, and what has not the form that it should have is left out.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from earwitness.domain.home import Area, Device
from earwitness.domain.intent import SlotValue
from earwitness.links.colours import name_of, percent

MOST_ENTITIES: Final = 1000
"""That become devices; more are left out, the last by their id."""
MOST_STATES: Final = 10_000
LONGEST_NAME: Final = 100
LONGEST_VALUE: Final = 255
MOST_NAMES: Final = 20
MOST_AREAS: Final = 500
MOST_LABELS: Final = 500

SPOKEN_OF: Final = frozenset(
    {
        *("light", "switch", "input_boolean", "fan", "lock", "cover", "valve", "climate", "media_player", "scene", "script"),
        *("button", "input_button", "vacuum", "lawn_mower", "sensor", "binary_sensor", "person"),
    }
)
"""Domains that people speak of; entities of others are left out."""
_MOMENTARY: Final = frozenset({"scene", "button", "input_button"})
_KEPT: Final = frozenset(
    {
        *("friendly_name", "device_class", "unit_of_measurement", "supported_features"),
        *("brightness", "color_mode", "supported_color_modes", "color_temp_kelvin", "hs_color"),
        *("percentage", "current_position", "temperature", "current_temperature", "min_temp", "max_temp", "hvac_modes"),
        *("volume_level", "is_volume_muted", "media_title", "media_artist", "media_album_name", "source", "source_list"),
        *("preset_modes", "preset_mode", "fan_modes", "fan_mode"),
    }
)
"""Attributes of a state that are kept."""

State = tuple[str, Mapping[str, Any]]
"""A main state, and its attributes as Home Assistant tells them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """What the registries say of one entity."""

    name: str = ""
    area_id: str = ""
    aliases: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    is_hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Registries:
    """What Home Assistant knows of areas and entities. `exposed` is None if it does not say which may be spoken of."""

    areas: Mapping[str, Area] = field(default_factory=dict)
    entities: Mapping[str, Entity] = field(default_factory=dict)
    exposed: frozenset[str] | None = None

    def is_spoken_of(self, entity_id: str) -> bool:
        """Whether that entity becomes a device here."""
        if entity_id.partition(".")[0] not in SPOKEN_OF:
            return False
        if self.exposed is not None:
            return entity_id in self.exposed
        known = self.entities.get(entity_id)
        return known is None or not known.is_hidden

    def area_of(self, entity_id: str) -> str | None:
        """The name of the area that it is in."""
        entity = self.entities.get(entity_id)
        area = self.areas.get(entity.area_id) if entity is not None else None
        return area.name if area is not None else None


def text(value: object, *, longest: int = LONGEST_NAME) -> str:
    """A name as it can be shown and said: one line, bounded; empty for what is none."""
    if not isinstance(value, str):
        return ""
    printable = "".join(character if character.isprintable() else " " for character in value[: 4 * longest])
    return " ".join(printable.split())[:longest].strip()


def names(value: object) -> tuple[str, ...]:
    """Several names, without repeats."""
    listed: list[object] = value[:MOST_NAMES] if isinstance(value, list) else []
    return tuple(dict.fromkeys(name for each in listed if (name := text(each))))


def rows(value: object) -> list[Mapping[str, Any]]:
    """The rows of a registry."""
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def read_areas(areas: object, floors: object) -> dict[str, Area]:
    """Areas by their id, with the floors that they are on. Names that come twice are one area."""
    floor_of = {str(row.get("floor_id")): row for row in rows(floors)[:MOST_AREAS]}
    stairs = _stairs(floor_of)
    found: dict[str, Area] = {}
    for row in rows(areas)[:MOST_AREAS]:
        name, area_id, floor_id = text(row.get("name")), row.get("area_id"), row.get("floor_id")
        floor = floor_of.get(floor_id) if isinstance(floor_id, str) else None
        if not name or not isinstance(area_id, str):
            continue
        found[area_id] = Area(
            name=name,
            aliases=names(row.get("aliases")),
            floor=text(floor.get("name")) if floor is not None else "",
            floor_aliases=(*names(floor.get("aliases")), *stairs.get(str(floor_id), ())) if floor is not None else (),
        )
    return found


def _stairs(floors: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """ "Downstairs" for the lowest floor above the ground and "upstairs" for the next, unless a floor is called so."""
    levels = {key: int(row["level"]) for key, row in floors.items() if isinstance(row.get("level"), int) and row["level"] >= 0}
    ordered = sorted(levels, key=lambda key: levels[key])
    taken = {word.casefold() for row in floors.values() for word in (text(row.get("name")), *names(row.get("aliases")))}
    if len(ordered) < 2 or {"upstairs", "downstairs"} & taken:
        return {}
    return {ordered[0]: ("downstairs",), ordered[1]: ("upstairs",)}


def read_labels(labels: object) -> dict[str, str]:
    """The names of labels by their id."""
    found = {row.get("label_id"): text(row.get("name")) for row in rows(labels)[:MOST_LABELS]}
    return {key: name for key, name in found.items() if isinstance(key, str) and name}


def _labelled(row: Mapping[str, Any] | None, labels: Mapping[str, str]) -> tuple[str, ...]:
    listed = row.get("labels") if row is not None else None
    given: list[object] = listed[:MOST_NAMES] if isinstance(listed, list) else []
    return tuple(labels[each] for each in given if isinstance(each, str) and each in labels)


def read_entities(
    entities: object, *, devices: object, details: object, labels: Mapping[str, str] | None = None
) -> dict[str, Entity]:
    """Entities by their id. `details` holds aliases, which the list of the registry has not; an area and labels may be those
    of the device that it belongs to."""
    device_of_id = {str(row.get("id")): row for row in rows(devices)}
    more = details if isinstance(details, Mapping) else {}
    found: dict[str, Entity] = {}
    for row in rows(entities)[:MOST_STATES]:
        entity_id = row.get("entity_id")
        if not isinstance(entity_id, str) or row.get("disabled_by"):
            continue
        device = device_of_id.get(str(row.get("device_id")))
        area = row.get("area_id") or (device.get("area_id") if device is not None else None)
        detail = more.get(entity_id)
        found[entity_id] = Entity(
            name=text(row.get("name")),
            area_id=area if isinstance(area, str) else "",
            aliases=names(detail.get("aliases")) if isinstance(detail, Mapping) else (),
            labels=tuple(dict.fromkeys((*_labelled(row, labels or {}), *_labelled(device, labels or {})))),
            is_hidden=bool(row.get("hidden_by")) or row.get("entity_category") in ("config", "diagnostic"),
        )
    return found


def read_exposed(value: object) -> frozenset[str] | None:
    """The entities that may be spoken of (`homeassistant/expose_entity/list`)."""
    listed = value.get("exposed_entities") if isinstance(value, Mapping) else None
    if not isinstance(listed, Mapping):
        return None
    return frozenset(
        key for key, shown in listed.items() if isinstance(key, str) and isinstance(shown, Mapping) and shown.get("conversation")
    )


def kept_attributes(attributes: object) -> dict[str, Any]:
    """Of a state's attributes, those that are used here, each bounded."""
    found: dict[str, Any] = {}
    told: Mapping[str, Any] = attributes if isinstance(attributes, Mapping) else {}
    for key in _KEPT & told.keys():
        value = told[key]
        if isinstance(value, str):
            found[key] = text(value, longest=LONGEST_VALUE)
        elif isinstance(value, list):
            found[key] = [each for each in value[:50] if isinstance(each, str | int | float)]
        elif isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
            found[key] = value
    return found


def device_of(entity_id: str, state: State, *, registries: Registries, colour: str = "", source: str = "") -> Device:
    """One entity as a device. `colour` is the name by which its colour was last asked for."""
    domain, _, own = entity_id.partition(".")
    main, told = state
    known = registries.entities.get(entity_id, Entity())
    name = text(told.get("friendly_name")) or known.name or own.replace("_", " ")
    is_reachable = main != "unavailable"
    device = Device(
        device_id=entity_id,
        name=name,
        domain=domain,
        area=registries.area_of(entity_id),
        aliases=tuple(alias for alias in known.aliases if alias.casefold() != name.casefold()),
        device_class=text(told.get("device_class")),
        state="ready" if domain in _MOMENTARY and is_reachable else main,
        source=source,
        groups=known.labels,
        is_reachable=is_reachable,
    )
    return replace(device, attributes=_attributes(domain, main, told, colour=colour))


def _attributes(domain: str, state: str, told: Mapping[str, Any], *, colour: str) -> dict[str, SlotValue]:
    match domain:
        case "light":
            return _of_light(told, colour=colour)
        case "fan":
            return {**_numbers(told, percentage="percentage"), **_modes(told, "preset_mode", every="preset_modes")}
        case "cover" | "valve":
            position = _numbers(told, current_position="position")
            # A cover that tells no position of its own is open or closed, nothing between.
            return position or ({"position": 0 if state == "closed" else 100} if state in ("open", "closed") else {})
        case "climate":
            same = ("temperature", "current_temperature", "min_temp", "max_temp")
            numbers, modes = _numbers(told, **{name: name for name in same}), _modes(told, "fan_mode", every="fan_modes")
            return {**numbers, **_listed(told, "hvac_modes"), **modes}
        case "media_player":
            return _of_player(told)
        case "sensor" | "binary_sensor":
            unit = told.get("unit_of_measurement")
            return {"unit_of_measurement": unit} if isinstance(unit, str) else {}
    return {}


def _of_light(told: Mapping[str, Any], *, colour: str) -> dict[str, SlotValue]:
    listed = told.get("supported_color_modes")
    modes = {mode for mode in listed if isinstance(mode, str)} if isinstance(listed, list) else set()
    found: dict[str, SlotValue] = {
        "dimmable": bool(modes - {"onoff"}),
        "colorful": bool(modes & {"hs", "rgb", "rgbw", "rgbww", "xy"}),
        "tunable": "color_temp" in modes,
    }
    if (brightness := percent(told.get("brightness"), of=255)) is not None:
        found["brightness"] = brightness
    if told.get("color_mode") == "color_temp":
        found |= _numbers(told, color_temp_kelvin="color_temperature")
    elif (shown := name_of(told.get("hs_color"), asked=colour)) and told.get("color_mode") in (
        "hs",
        "rgb",
        "rgbw",
        "rgbww",
        "xy",
    ):
        found["color"] = shown
    return found


def _of_player(told: Mapping[str, Any]) -> dict[str, SlotValue]:
    found: dict[str, SlotValue] = {}
    if (volume := percent(told.get("volume_level"), of=1)) is not None:
        found["volume"] = volume
    if isinstance(told.get("is_volume_muted"), bool):
        found["is_muted"] = told["is_volume_muted"]
    for name in ("media_title", "media_artist", "media_album_name"):
        if value := told.get(name):
            found[name] = str(value)
    return found | _modes(told, "source", every="source_list")


def _modes(told: Mapping[str, Any], name: str, *, every: str) -> dict[str, SlotValue]:
    """What it can be set to, a line each, and what it is set to."""
    listed = told.get(every)
    known = [text(each) for each in listed if text(each)] if isinstance(listed, list) else []
    now = text(told.get(name))
    return {**({every: "\n".join(known)} if known else {}), **({name: now} if now and known else {})}


def _numbers(told: Mapping[str, Any], **names: str) -> dict[str, SlotValue]:
    """Numbers under the names that they have here; whole ones as such."""
    found: dict[str, SlotValue] = {}
    for theirs, ours in names.items():
        value = told.get(theirs)
        if isinstance(value, int | float) and not isinstance(value, bool):
            found[ours] = int(value) if float(value).is_integer() else float(value)
    return found


def _listed(told: Mapping[str, Any], name: str) -> dict[str, SlotValue]:
    """A list of words as one text, because attributes hold no lists."""
    value = told.get(name)
    return {name: " ".join(str(each) for each in value)} if isinstance(value, list) and value else {}
