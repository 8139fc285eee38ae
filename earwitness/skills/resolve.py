"""Which devices are meant: by name, alias, area, floor, domain and the room a sentence was said in. Pure.

What cannot be found raises UnfulfillableError with a sentence that names it; two devices of one name are asked about.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from earwitness.domain.home import Device, Home
from earwitness.domain.intent import Context, Intent, SlotValue
from earwitness.skills.interface import ask, refuse, slot_text
from earwitness.skills.wording import listed, plural, the

_LEADING = re.compile(r"^(?:(?:the|my|our|your|a|an)\s+)+")
_NOUNS = {
    "media_player": "media player",
    "climate": "thermostat",
    "input_boolean": "switch",
    "binary_sensor": "sensor",
    "input_button": "button",
}
_CLASS_NOUNS = {"garage": "garage door", "garage_door": "garage door", "tv": "TV"}
_SENSORS = frozenset({"sensor", "binary_sensor"})
_TOLD_BY_CLASS = _SENSORS | {"cover", "valve"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The devices meant, and where they were looked for (" in the kitchen", "" for the whole home)."""

    devices: tuple[Device, ...]
    place: str = ""
    is_named: bool = False


def plain(text: str) -> str:
    """For comparing names: lower case, no punctuation, no leading article."""
    words = " ".join(re.sub(r"[^\w]+", " ", text.casefold().replace("'", "").replace("\u2019", "")).split())
    return _LEADING.sub("", words)


def is_same(said: str, name: str) -> bool:
    """Whether two names are the same, whatever their case, article or plural."""
    left, right = plain(said), plain(name)
    return bool(left) and (left == right or left.removesuffix("s") == right.removesuffix("s"))


def area_name(home: Home, said: str) -> str:
    """The area that `said` names. Raises UnfulfillableError if there is none."""
    for area in home.areas:
        if any(is_same(said, word) for word in (area.name, *area.aliases)):
            return area.name
    raise refuse(f"I do not know a room called {said}")


def areas_on(home: Home, said: str) -> frozenset[str]:
    """Names of the areas on the floor that `said` names. Raises UnfulfillableError if there is no such floor."""
    wanted = plain(said).removesuffix(" floor")
    found = frozenset(
        area.name
        for area in home.areas
        if area.floor and wanted in (plain(name).removesuffix(" floor") for name in (area.floor, *area.floor_aliases))
    )
    if not found:
        raise refuse(f"I do not know a floor called {said}")
    return found


def noun(devices: Iterable[Device]) -> str:
    """What these devices are called together: "light", "blind", "device"."""
    nouns = {_noun(device) for device in devices}
    if len(nouns) == 1:
        return nouns.pop()
    domains = {device.domain for device in devices}
    return _NOUNS.get(*domains, *domains) if len(domains) == 1 else "device"


def _noun(device: Device) -> str:
    return domain_noun(device.domain, device_class=device.device_class if device.domain in _TOLD_BY_CLASS else "")


def domain_noun(domain: str, *, device_class: str = "") -> str:
    """What one device of a domain, or of a device class, is called."""
    word = _CLASS_NOUNS.get(device_class, device_class.replace("_", " "))
    if word and domain in _SENSORS:
        return f"{word} sensor"
    return word or _NOUNS.get(domain, domain.replace("_", " ")) or "device"


def called(device: Device, *, among: Iterable[Device] = ()) -> str:
    """The device's name with its article; with its room when another of `among` has the same name."""
    if device.domain in ("scene", "script") and not device.name.casefold().endswith(device.domain):
        return f"{the(device.name)} {device.domain}"
    has_twin = any(other.device_id != device.device_id and is_same(other.name, device.name) for other in among)
    return f"{the(device.name)} in {the(device.area)}" if has_twin and device.area else the(device.name)


def find(intent: Intent, *, home: Home, context: Context, domains: Collection[str]) -> Target:
    """The devices of `domains` that the intent's slots mean. Raises UnfulfillableError if there is none, or to ask."""
    _check_reach(home)
    slots = intent.slots
    said_name, said_domain = slot_text(slots, "name"), slot_text(slots, "domain")
    place, areas = _place(home, slots)
    pool = [device for device in home.devices if areas is None or device.area in areas]
    device_class = slot_text(slots, "device_class")
    if said_name and plain(said_name) not in ("all", "everything"):
        return _named(intent, home=home, context=context, pool=pool, domains=domains)
    found = [device for device in pool if device.domain == said_domain or (not said_domain and device.domain in domains)]
    if device_class:
        found = [device for device in found if device.device_class == device_class]
    if not found:
        kind = domain_noun(said_domain or (next(iter(domains)) if len(domains) == 1 else "device"), device_class=device_class)
        raise refuse(f"There are no {plural(kind)}{place or ' in this home'}")
    unfit = [device for device in found if device.domain not in domains]
    if unfit:
        raise refuse(f"I cannot do that with {plural(noun(unfit))}")
    return Target(devices=tuple(found), place=place)


def _check_reach(home: Home) -> None:
    """Raises UnfulfillableError while nothing is known of the home, because what it belongs to has not been reached yet."""
    away = [source.name for source in home.sources if not source.is_reachable]
    if away and not home.devices:
        raise refuse(f"I cannot reach {listed(away)}, so I do not know what is there")


def _place(home: Home, slots: Mapping[str, SlotValue]) -> tuple[str, frozenset[str] | None]:
    if said := slot_text(slots, "area"):
        area = area_name(home, said)
        return f" in {the(area)}", frozenset({area})
    if said := slot_text(slots, "floor"):
        floor = said if any(plain(said).endswith(word) for word in ("floor", "stairs", "ground")) else f"{said} floor"
        return f" {floor}" if plain(said).endswith("stairs") else f" on {the(floor)}", areas_on(home, said)
    return "", None


def _named(intent: Intent, *, home: Home, context: Context, pool: list[Device], domains: Collection[str]) -> Target:
    said, said_domain = slot_text(intent.slots, "name"), slot_text(intent.slots, "domain")
    everywhere = _matching(home, said)
    group = [] if everywhere else [device for device in home.devices if any(is_same(said, name) for name in device.groups)]
    if group:
        return _of_group(
            said, [device for device in group if device in pool], place=_place(home, intent.slots)[0], domains=domains
        )
    if not everywhere:
        raise refuse(f"I do not know a device called {said}")
    here = [device for device in everywhere if device in pool]
    if not here:
        raise refuse(f"There is no {everywhere[0].name}{_place(home, intent.slots)[0]}")
    fit = [device for device in here if device.domain in domains]
    if not fit:
        raise refuse(f"I cannot do that with {called(here[0])}")
    fit = [device for device in fit if device.domain == said_domain] or fit
    fit = [device for device in fit if context.area is not None and device.area == context.area] or fit
    if len({device.area for device in fit}) > 1:
        options = listed([called(device, among=fit) for device in fit], last="or")
        raise ask(f"Which one: {options}?", slot="area", intent=intent, context=context)
    return Target(devices=tuple(fit), is_named=True)


def _of_group(said: str, devices: list[Device], *, place: str, domains: Collection[str]) -> Target:
    """Those of a group with which it can be done."""
    fit = [device for device in devices if device.domain in domains]
    if not fit:
        raise refuse(f"I cannot do that with {the(said)}" if devices else f"There is nothing of {the(said)}{place}")
    return Target(devices=tuple(fit), place=place or f" of {the(said)}")


def _matching(home: Home, said: str) -> list[Device]:
    """Devices of that name; else of that alias; else those that people call by their room and name."""
    by_name = [device for device in home.devices if plain(device.name) == plain(said)]
    by_alias = [device for device in home.devices if any(is_same(said, word) for word in (device.name, *device.aliases))]
    by_room = [device for device in home.devices if device.area and is_same(said, f"{device.area} {device.name}")]
    return by_name or by_alias or by_room
