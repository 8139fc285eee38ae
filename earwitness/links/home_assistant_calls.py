"""What is asked of Home Assistant to have a device as it should be, and when a device is so. Pure.

Owns the words of its services; https://www.home-assistant.io/integrations/light and its neighbours say them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from earwitness.domain.errors import LinkError
from earwitness.domain.home import Device
from earwitness.domain.intent import SlotValue
from earwitness.links.colours import COLOURS


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One service, called on one entity."""

    domain: str
    service: str
    data: Mapping[str, Any] = field(default_factory=dict)


_BY_STATE: Final[Mapping[str, Mapping[str, str]]] = {
    "light": {"on": "turn_on", "off": "turn_off"},
    "switch": {"on": "turn_on", "off": "turn_off"},
    "input_boolean": {"on": "turn_on", "off": "turn_off"},
    "fan": {"on": "turn_on", "off": "turn_off"},
    "lock": {"locked": "lock", "unlocked": "unlock"},
    "cover": {"open": "open_cover", "closed": "close_cover"},
    "valve": {"open": "open_valve", "closed": "close_valve"},
    "media_player": {"on": "turn_on", "off": "turn_off", "playing": "media_play", "paused": "media_pause"},
    "scene": {"activated": "turn_on"},
    "script": {"activated": "turn_on"},
    "button": {"pressed": "press"},
    "input_button": {"pressed": "press"},
    "vacuum": {"cleaning": "start", "returning": "return_to_base", "docked": "return_to_base", "paused": "pause"},
    "lawn_mower": {"mowing": "start_mowing", "docked": "dock", "returning": "dock", "paused": "pause"},
}
MOMENTARY: Final = frozenset({"scene", "script", "button", "input_button"})
"""What is done and over at once: its state is not what was asked for, so that Home Assistant's answer confirms it."""


def calls(device: Device, *, state: str | None, attributes: Mapping[str, SlotValue]) -> tuple[Call, ...]:
    """What to call, in order. Raises LinkError (link.refused) for what such a device cannot do."""
    match device.domain:
        case "light" if state != "off":
            return (Call(domain="light", service="turn_on", data=_light(attributes)),)
        case "fan" if state != "off" and "preset_mode" in attributes:
            return (Call(domain="fan", service="set_preset_mode", data={"preset_mode": attributes["preset_mode"]}),)
        case "fan" if state != "off" and "percentage" in attributes:
            return (Call(domain="fan", service="set_percentage", data={"percentage": attributes["percentage"]}),)
        case ("cover" | "valve") as domain if "position" in attributes:
            return (Call(domain=domain, service=f"set_{domain}_position", data={"position": attributes["position"]}),)
        case "climate":
            return _climate(device, state, attributes)
        case "media_player":
            return _player(state, attributes)
    service = _BY_STATE.get(device.domain, {}).get(state or "")
    if service is None:
        raise LinkError("This device cannot be changed so.", code="link.refused")
    return (Call(domain=device.domain, service=service),)


def _light(attributes: Mapping[str, SlotValue]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for name, value in attributes.items():
        match name:
            case "brightness":
                data["brightness_pct"] = value
            case "color_temperature":
                data["color_temp_kelvin"] = value
            case "color" if str(value).casefold() in COLOURS:
                data["color_name"] = str(value).casefold()
            case "color":
                raise LinkError("That is no colour that lights know.", code="link.refused")
    return data


def _climate(device: Device, state: str | None, attributes: Mapping[str, SlotValue]) -> tuple[Call, ...]:
    found = []
    if state is not None:
        found.append(Call(domain="climate", service="set_hvac_mode", data={"hvac_mode": mode_for(device, state)}))
    if "temperature" in attributes:
        found.append(Call(domain="climate", service="set_temperature", data={"temperature": attributes["temperature"]}))
    if "fan_mode" in attributes:
        found.append(Call(domain="climate", service="set_fan_mode", data={"fan_mode": attributes["fan_mode"]}))
    if not found:
        raise LinkError("This device cannot be changed so.", code="link.refused")
    return tuple(found)


def mode_for(device: Device, state: str) -> str:
    """The mode that means `state` on this thermostat: one that only cools is turned on by cooling."""
    modes = str(device.attributes.get("hvac_modes", "")).split()
    if state == "off" or not modes or state in modes:
        return state
    return next((mode for mode in ("heat_cool", "auto", "cool", *modes) if mode in modes and mode != "off"), state)


def _player(state: str | None, attributes: Mapping[str, SlotValue]) -> tuple[Call, ...]:
    found = []
    if state is not None:
        service = _BY_STATE["media_player"].get(state)
        if service is None:
            raise LinkError("This device cannot be changed so.", code="link.refused")
        found.append(Call(domain="media_player", service=service))
    if "source" in attributes:
        found.append(Call(domain="media_player", service="select_source", data={"source": attributes["source"]}))
    volume = attributes.get("volume")
    if isinstance(volume, int | float):
        found.append(Call(domain="media_player", service="volume_set", data={"volume_level": volume / 100}))
    if "is_muted" in attributes:
        muted = Call(domain="media_player", service="volume_mute", data={"is_volume_muted": attributes["is_muted"]})
        found.append(muted)
    if not found:
        raise LinkError("This device cannot be changed so.", code="link.refused")
    return tuple(found)
