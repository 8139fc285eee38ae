"""Devices that tell of themselves in their own way: zigbee2mqtt's list of its devices, and Tasmota's discovery. Pure.

Both are put into the words of Home Assistant's discovery, so that one reader (`mqtt_discovery.py`) makes things of them.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from earwitness.links.home_assistant_home import rows, text
from earwitness.links.mqtt_thing import plain_topic

Described = tuple[str, str, dict[str, Any]]
"""A component, an object id, and a discovery message."""

MOST_ZIGBEE: Final = 500
_NOTICED: Final = {
    "occupancy": "occupancy",
    "contact": "door",
    "water_leak": "moisture",
    "smoke": "smoke",
    "presence": "presence",
}
_MEASURED: Final = {"temperature", "humidity", "illuminance", "pressure", "power", "energy", "battery", "co2"}
_LIGHT_MODES: Final = {"color_xy": "xy", "color_hs": "hs", "color_temp": "color_temp"}
_RELAY, _LAMP = 1, 2
_DIMMABLE, _WHITE, _COLOURED = (1, 2, 3, 4, 5), (2, 5), (3, 4, 5)
"""Tasmota's kinds of relays, and the types of its lights that dim (1-5), have both whites (2, 5) and colours (3-5)."""


def zigbee_devices(base: str, told: object) -> Iterator[Described]:
    """The devices of one zigbee2mqtt, from the list that it keeps at `BASE/bridge/devices`."""
    for row in rows(told)[:MOST_ZIGBEE]:
        shown, definition = text(row.get("friendly_name")), row.get("definition")
        address = text(row.get("ieee_address"))
        if row.get("type") == "Coordinator" or not shown or not address or not isinstance(definition, Mapping):
            continue
        if not plain_topic(f"{base}/{shown}"):
            continue
        shared = {
            "device": {"name": shown},
            "state_topic": f"{base}/{shown}",
            "command_topic": f"{base}/{shown}/set",
            "origin": {"name": "Zigbee2MQTT"},
            "availability": [
                {
                    "topic": f"{base}/bridge/state",
                    "value_template": "{{ value_json.state if value_json.state is defined else value }}",
                },
                {"topic": f"{base}/{shown}/availability", "value_template": "{{ value_json.state }}"},
            ],
        }
        for component, own in _exposed(definition.get("exposes"), topic=f"{base}/{shown}"):
            what = own.pop("_what", component)
            yield component, f"{address}_{what}", {**shared, **own, "unique_id": f"{address}_{what}"}


def _exposed(exposes: object, *, topic: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for each in rows(exposes)[:60]:
        kind, features = each.get("type"), {str(one.get("name")): one for one in rows(each.get("features"))[:30]}
        endpoint = (
            {"name": text(each["endpoint"]), "_what": f"{kind}_{text(each['endpoint'])}"} if text(each.get("endpoint")) else {}
        )
        match kind:
            case "light" if not endpoint:
                yield "light", _light(features)
            case "switch":
                yield (
                    "switch",
                    {"value_template": _property(features.get("state"), "state"), **_set(features.get("state")), **endpoint},
                )
            case "lock":
                yield "lock", {"value_template": "{{ value_json.state }}", "state_locked": "LOCK", "state_unlocked": "UNLOCK"}
            case "cover":
                yield "cover", _cover(features, topic)
            case "climate":
                yield "climate", _climate(features, topic)
            case "binary" if each.get("name") in _NOTICED:
                yield "binary_sensor", _noticed(each)
            case "numeric" if each.get("name") in _MEASURED:
                name = str(each["name"])
                unit = {"unit_of_measurement": text(each.get("unit"))} if text(each.get("unit")) else {}
                template = f"{{{{ value_json.{name} }}}}"
                yield "sensor", {"name": name, "_what": name, "device_class": name, "value_template": template, **unit}


def _property(feature: object, otherwise: str) -> str:
    """A template for the property in which a feature is told."""
    name = text(feature.get("property")) if isinstance(feature, Mapping) else ""
    return f"{{{{ value_json.{name if name.isidentifier() else otherwise} }}}}"


def _set(feature: object) -> dict[str, Any]:
    name = text(feature.get("property")) if isinstance(feature, Mapping) else ""
    name = name if name.isidentifier() else "state"
    on, off = f'{{"{name}": "ON"}}', f'{{"{name}": "OFF"}}'
    return {"payload_on": on, "payload_off": off, "state_on": "ON", "state_off": "OFF"}


def _light(features: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    modes = [mode for name, mode in _LIGHT_MODES.items() if name in features]
    scale = features.get("brightness", {}).get("value_max")
    return {
        "schema": "json",
        "brightness": "brightness" in features,
        "brightness_scale": scale if isinstance(scale, int) else 254,
        "supported_color_modes": modes or (["brightness"] if "brightness" in features else ["onoff"]),
    }


def _cover(features: Mapping[str, Mapping[str, Any]], topic: str) -> dict[str, Any]:
    positioned = {
        "position_topic": topic,
        "position_template": "{{ value_json.position }}",
        "set_position_topic": f"{topic}/set",
        "set_position_template": '{"position": {{ position }}}',
    }
    return {
        "payload_open": '{"state": "OPEN"}',
        "payload_close": '{"state": "CLOSE"}',
        "value_template": "{{ value_json.state }}",
        "state_open": "OPEN",
        "state_closed": "CLOSE",
        **(positioned if "position" in features else {}),
    }


def _climate(features: Mapping[str, Mapping[str, Any]], topic: str) -> dict[str, Any]:
    modes = features.get("system_mode", {}).get("values")
    wanted = features.get("occupied_heating_setpoint", features.get("current_heating_setpoint", {}))
    name = text(wanted.get("property"))
    setpoint = name if name.isidentifier() else "occupied_heating_setpoint"
    return {
        "mode_state_topic": topic,
        "mode_command_topic": f"{topic}/set/system_mode",
        "temperature_state_topic": topic,
        "temperature_command_topic": f"{topic}/set/{setpoint}",
        "current_temperature_topic": topic,
        "modes": [str(mode) for mode in modes[:10]] if isinstance(modes, list) else [],
        "mode_state_template": "{{ value_json.system_mode }}",
        "temperature_state_template": f"{{{{ value_json.{setpoint} }}}}",
        "current_temperature_template": "{{ value_json.local_temperature }}",
        "min_temp": wanted.get("value_min"),
        "max_temp": wanted.get("value_max"),
    }


def _noticed(each: Mapping[str, Any]) -> dict[str, Any]:
    """`contact` is true when the door is shut, so that its words are the other way round."""
    name = str(each["name"])
    is_turned = name == "contact"
    template = f"{{{{ 'ON' if value_json.{name} {'== false' if is_turned else '== true'} else 'OFF' }}}}"
    return {"name": name, "_what": name, "device_class": _NOTICED[name], "value_template": template}


def tasmota_devices(told: object) -> Iterator[Described]:
    """The relays and lamps of one Tasmota device, from `tasmota/discovery/MAC/config`."""
    if not isinstance(told, Mapping):
        return
    mac, topic, full = text(told.get("mac")), text(told.get("t")), text(told.get("ft"))
    prefixes = [text(each) for each in told["tp"]] if isinstance(told.get("tp"), list) else []
    relays = told["rl"][:32] if isinstance(told.get("rl"), list) else []
    if not mac or not topic or len(prefixes) != 3 or "%prefix%" not in full or "%topic%" not in full:
        return
    command, stat, tele = (full.replace("%topic%", topic).replace("%prefix%", each) for each in prefixes)
    if not all(plain_topic(each) for each in (command, stat, tele)):
        return
    named = [text(each) for each in told["fn"]] if isinstance(told.get("fn"), list) else []
    several = sum(1 for each in relays if each) > 1
    for place, kind in enumerate(relays):
        power = f"POWER{place + 1}" if several else "POWER"
        name = (named[place] if place < len(named) else "") or text(told.get("dn")) or topic
        shared = {
            "name": name,
            "unique_id": f"{mac}_{kind}_{place}",
            "command_topic": f"{command}{power}",
            "state_topic": f"{stat}RESULT",
            "also": [f"{tele}STATE"],
            "state_value_template": f"{{{{ value_json.{power} }}}}",
            "value_template": f"{{{{ value_json.{power} }}}}",
            "availability_topic": f"{tele}LWT",
            "payload_available": text(told.get("onln")) or "Online",
            "payload_not_available": text(told.get("ofln")) or "Offline",
            "ask": {"topic": f"{command}STATE"},
        }
        if kind == _LAMP:
            yield "light", f"{mac}_{place}", {**shared, **_lamp(told, command, stat)}
        elif kind == _RELAY:
            is_light = isinstance(told.get("so"), Mapping) and told["so"].get("30") == 1
            yield ("light" if is_light else "switch"), f"{mac}_{place}", shared


def _lamp(told: Mapping[str, Any], command: str, stat: str) -> dict[str, Any]:
    kind = told.get("lt_st")
    found: dict[str, Any] = {}
    if kind in _DIMMABLE:
        found |= {
            "brightness_command_topic": f"{command}Dimmer",
            "brightness_state_topic": f"{stat}RESULT",
            "brightness_value_template": "{{ value_json.Dimmer }}",
            "brightness_scale": 100,
        }
    if kind in _WHITE:
        found |= {
            "color_temp_command_topic": f"{command}CT",
            "color_temp_state_topic": f"{stat}RESULT",
            "color_temp_value_template": "{{ value_json.CT }}",
        }
    if kind in _COLOURED:
        found |= {
            "hs_command_topic": f"{command}HSBColor",
            "hs_state_topic": f"{stat}RESULT",
            "hs_value_template": "{{ value_json.HSBColor }}",
        }
    return found
