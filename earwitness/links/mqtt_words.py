"""The short words that discovery messages may use for long ones, and reading such a message. Pure.

https://www.home-assistant.io/integrations/mqtt/#supported-abbreviations-in-mqtt-discovery-messages, as far as they are used here.
"""

from collections.abc import Mapping
from typing import Any, Final

MOST_FIELDS: Final = 300

_LONG: Final = {
    "act_t": "action_topic",
    "avty": "availability",
    "avty_mode": "availability_mode",
    "avty_t": "availability_topic",
    "avty_tpl": "availability_template",
    "bri_cmd_t": "brightness_command_topic",
    "bri_scl": "brightness_scale",
    "bri_stat_t": "brightness_state_topic",
    "bri_val_tpl": "brightness_value_template",
    "clr_temp_cmd_t": "color_temp_command_topic",
    "clr_temp_stat_t": "color_temp_state_topic",
    "clr_temp_val_tpl": "color_temp_value_template",
    "cmd_t": "command_topic",
    "cmps": "components",
    "curr_temp_t": "current_temperature_topic",
    "curr_temp_tpl": "current_temperature_template",
    "dev": "device",
    "dev_cla": "device_class",
    "ent_cat": "entity_category",
    "hs_cmd_t": "hs_command_topic",
    "hs_stat_t": "hs_state_topic",
    "hs_val_tpl": "hs_value_template",
    "ic": "icon",
    "ids": "identifiers",
    "mode_cmd_t": "mode_command_topic",
    "mode_stat_t": "mode_state_topic",
    "mode_stat_tpl": "mode_state_template",
    "o": "origin",
    "obj_id": "object_id",
    "p": "platform",
    "pct_cmd_t": "percentage_command_topic",
    "pct_stat_t": "percentage_state_topic",
    "pct_val_tpl": "percentage_value_template",
    "pl": "payload",
    "pl_avail": "payload_available",
    "pl_cls": "payload_close",
    "pl_lock": "payload_lock",
    "pl_not_avail": "payload_not_available",
    "pl_off": "payload_off",
    "pl_on": "payload_on",
    "pl_open": "payload_open",
    "pl_prs": "payload_press",
    "pl_unlk": "payload_unlock",
    "pos_clsd": "position_closed",
    "pos_open": "position_open",
    "pos_t": "position_topic",
    "pos_tpl": "position_template",
    "rgb_cmd_t": "rgb_command_topic",
    "rgb_stat_t": "rgb_state_topic",
    "rgb_val_tpl": "rgb_value_template",
    "sa": "suggested_area",
    "set_pos_t": "set_position_topic",
    "spd_rng_max": "speed_range_max",
    "spd_rng_min": "speed_range_min",
    "stat_closing": "state_closing",
    "stat_clsd": "state_closed",
    "stat_locked": "state_locked",
    "stat_off": "state_off",
    "stat_on": "state_on",
    "stat_open": "state_open",
    "stat_opening": "state_opening",
    "stat_t": "state_topic",
    "stat_unlocked": "state_unlocked",
    "stat_val_tpl": "state_value_template",
    "sup_clrm": "supported_color_modes",
    "t": "topic",
    "temp_cmd_t": "temperature_command_topic",
    "temp_stat_t": "temperature_state_topic",
    "temp_stat_tpl": "temperature_state_template",
    "uniq_id": "unique_id",
    "unit_of_meas": "unit_of_measurement",
    "val_tpl": "value_template",
}


def spelt_out(config: object) -> dict[str, Any] | None:
    """A discovery message in long words, `~` put in; None for what is none."""
    if not isinstance(config, Mapping) or len(config) > MOST_FIELDS:
        return None
    long = _long(config)
    base = long.pop("~", "")
    if isinstance(base, str) and base:
        long = {key: _based(value, base) if key.endswith("topic") else value for key, value in long.items()}
        if isinstance(each := long.get("availability"), list):
            long["availability"] = [{**row, "topic": _based(row.get("topic"), base)} for row in each if isinstance(row, Mapping)]
    return long


def _long(config: Mapping[str, Any]) -> dict[str, Any]:
    found = {_LONG.get(str(key), str(key)): value for key, value in config.items()}
    for name in ("device", "origin"):
        if isinstance(found.get(name), Mapping):
            found[name] = {_LONG.get(str(key), str(key)): value for key, value in found[name].items()}
    if isinstance(each := found.get("availability"), list):
        rows = [row for row in each[:10] if isinstance(row, Mapping)]
        found["availability"] = [{_LONG.get(str(key), str(key)): value for key, value in row.items()} for row in rows]
    return found


def _based(value: object, base: str) -> object:
    if not isinstance(value, str):
        return value
    if value.startswith("~"):
        return base + value[1:]
    return value[:-1] + base if value.endswith("~") else value
