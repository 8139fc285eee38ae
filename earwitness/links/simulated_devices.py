"""What each kind of simulated device does when it is asked for something. Pure: device in, device out.

A request that the device cannot carry out raises LinkError, as a real device would refuse it.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from earwitness.domain.errors import LinkError
from earwitness.domain.home import Device
from earwitness.domain.intent import SlotValue

TRACKS: Final = ("Harbour Lights", "Paper Lanterns", "The Long Way Home", "Slow Morning", "Copper and Rain")
"""Titles of tracks that do not exist, for players without a real library."""

_STATES: Final[dict[str, frozenset[str]]] = {
    "light": frozenset({"on", "off"}),
    "switch": frozenset({"on", "off"}),
    "input_boolean": frozenset({"on", "off"}),
    "fan": frozenset({"on", "off"}),
    "lock": frozenset({"locked", "unlocked"}),
    "cover": frozenset({"open", "closed"}),
    "valve": frozenset({"open", "closed"}),
    "climate": frozenset({"off", "heat", "cool", "heat_cool", "auto", "dry", "fan_only"}),
    "media_player": frozenset({"off", "on", "idle", "playing", "paused"}),
    "scene": frozenset({"activated"}),
    "script": frozenset({"activated"}),
    "button": frozenset({"pressed"}),
    "input_button": frozenset({"pressed"}),
    "vacuum": frozenset({"cleaning", "docked", "paused", "returning", "idle"}),
    "lawn_mower": frozenset({"mowing", "docked", "paused", "returning"}),
}
_RANGES: Final[dict[str, tuple[float, float]]] = {
    "brightness": (0, 100),
    "color_temperature": (1000, 10000),
    "percentage": (0, 100),
    "position": (0, 100),
    "volume": (0, 100),
    "temperature": (0, 100),
}

Attributes = Mapping[str, SlotValue]


def settled(device: Device) -> Device:
    """The device as it stands in the simulation: what its state implies is filled in."""
    attributes = dict(device.attributes)
    match device.domain:
        case "cover" | "valve":
            attributes.setdefault("position", 0 if device.state == "closed" else 100)
        case "climate":
            attributes.setdefault("temperature", 20)
            attributes.setdefault("current_temperature", 20)
        case "media_player":
            attributes.setdefault("volume", 30)
            attributes.setdefault("is_muted", False)
            attributes = _with_track(attributes, number=_number(attributes.get("track_number", 1)))
    return replace(device, attributes=attributes)


def changed(device: Device, *, state: str | None, attributes: Attributes) -> Device:
    """The device after the request. Raises LinkError when it has no such state or value."""
    known = _STATES.get(device.domain)
    if known is None:
        raise LinkError("This device only reports; it cannot be changed.")
    if state is not None and state not in known:
        raise LinkError(f"A {device.domain} has no state {state}; it knows {', '.join(sorted(known))}.")
    for name, value in attributes.items():
        _check(name, value)
    behave = _BEHAVIOURS.get(device.domain, _plain)
    return behave(device, state, attributes)


def skipped(device: Device, *, tracks: int) -> Device:
    """The player `tracks` further (or back, below zero), playing. Raises LinkError for what is no player or is off."""
    if device.domain != "media_player" or device.state == "off":
        raise LinkError("Only a media player that is on can skip tracks.")
    number = _number(device.attributes.get("track_number", 1)) + tracks
    return replace(device, state="playing", attributes=_with_track(device.attributes, number=number))


def _number(value: SlotValue) -> int:
    return int(value) if isinstance(value, int | float) else 1


def _check(name: str, value: SlotValue) -> None:
    bounds = _RANGES.get(name)
    if bounds is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not bounds[0] <= value <= bounds[1]:
        raise LinkError(f"{name} goes from {bounds[0]:g} to {bounds[1]:g}.")


def _with_track(attributes: Attributes, *, number: int) -> dict[str, SlotValue]:
    around = (number - 1) % len(TRACKS) + 1
    return {**attributes, "track_number": around, "track_count": len(TRACKS), "media_title": TRACKS[around - 1]}


def _plain(device: Device, state: str | None, attributes: Attributes) -> Device:
    return replace(device, state=state or device.state, attributes={**device.attributes, **attributes})


def _light(device: Device, state: str | None, attributes: Attributes) -> Device:
    """Any setting turns a light on; brightness 0 turns it off. Colour and colour temperature exclude each other."""
    kept = dict(device.attributes)
    if "color" in attributes:
        kept.pop("color_temperature", None)
    if "color_temperature" in attributes:
        kept.pop("color", None)
    if attributes.get("brightness") == 0:
        return replace(device, state="off", attributes={**kept, **{k: v for k, v in attributes.items() if k != "brightness"}})
    return replace(device, state=state or ("on" if attributes else device.state), attributes={**kept, **attributes})


def _fan(device: Device, state: str | None, attributes: Attributes) -> Device:
    if attributes.get("percentage") == 0:
        return replace(device, state="off")
    return replace(device, state=state or ("on" if attributes else device.state), attributes={**device.attributes, **attributes})


def _cover(device: Device, state: str | None, attributes: Attributes) -> Device:
    position = attributes.get("position", None if state is None else (0 if state == "closed" else 100))
    if position is None:
        return _plain(device, state, attributes)
    stands = "open" if isinstance(position, int | float) and position > 0 else "closed"
    return replace(device, state=stands, attributes={**device.attributes, **attributes, "position": position})


def _climate(device: Device, state: str | None, attributes: Attributes) -> Device:
    """A simulated room is heated or cooled at once: it reports the set temperature while the heating or cooling is on."""
    after = _plain(device, state, attributes)
    if "temperature" in attributes and after.state != "off":
        return replace(after, attributes={**after.attributes, "current_temperature": attributes["temperature"]})
    return after


def _player(device: Device, state: str | None, attributes: Attributes) -> Device:
    stands = "idle" if state == "on" and device.state == "off" else device.state if state == "on" else state or device.state
    return replace(device, state=stands, attributes={**device.attributes, **attributes})


_BEHAVIOURS: Final[dict[str, Callable[[Device, str | None, Attributes], Device]]] = {
    "light": _light,
    "fan": _fan,
    "cover": _cover,
    "valve": _cover,
    "climate": _climate,
    "media_player": _player,
}
