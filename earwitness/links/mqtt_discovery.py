"""Things out of the discovery messages that devices publish for Home Assistant, which most software for devices does. Pure.

https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery. What a message says is bounded and checked; a message that
describes nothing usable gives no thing.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from earwitness.domain.errors import LinkError
from earwitness.domain.home import Device
from earwitness.links.home_assistant_home import text
from earwitness.links.mqtt_light import light
from earwitness.links.mqtt_template import Template
from earwitness.links.mqtt_thing import STATE, Availability, Message, Reader, Thing, Values, number, plain_topic, tidy
from earwitness.links.mqtt_words import spelt_out

MOST_TOPICS: Final = 12
_CANNOT: Final = "This device cannot be changed so."
Config = Mapping[str, Any]
Part = tuple[tuple[Reader, ...], Callable[[Device, str | None, Values], tuple[Message, ...]]]


def things_of(component: str, object_id: str, config: object, *, source: str) -> tuple[Thing, ...]:
    """What one discovery message describes: a thing, several (a message for a whole device), or none."""
    long = spelt_out(config)
    if long is None:
        return ()
    if component != "device":
        made = thing_of(component, object_id, long, source=source)
        return (made,) if made is not None else ()
    parts = long.get("components")
    shared = {key: value for key, value in long.items() if key != "components"}
    found = []
    for key, part in list(parts.items())[:100] if isinstance(parts, Mapping) else ():
        own = spelt_out(part)
        if own is not None and isinstance(own.get("platform"), str):
            found.append(thing_of(own["platform"], f"{object_id}_{key}", {**shared, **own}, source=source))
    return tuple(each for each in found if each is not None)


def thing_of(component: str, object_id: str, config: Config, *, source: str) -> Thing | None:
    """One thing; None if it is of a kind that is not spoken of, or says too little."""
    make = _KINDS.get(component)
    if make is None or config.get("enabled_by_default") is False or config.get("entity_category") in ("config", "diagnostic"):
        return None
    readers, commands = make(config)
    if len(readers) > MOST_TOPICS:
        return None
    unique = text(config.get("unique_id")) or text(object_id)
    shown = _name(config, object_id=object_id)
    if not unique or not shown:
        return None
    attributes: dict[str, Any] = dict(_abilities(component, config))
    device = Device(
        device_id=f"{component}.{re.sub(r'[^A-Za-z0-9_-]', '_', unique)}",
        name=shown,
        domain=component,
        area=text(_of_device(config).get("suggested_area")) or None,
        device_class=text(config.get("device_class")),
        state="ready" if component in ("scene", "button") else "unknown",
        attributes=attributes,
        source=source,
    )
    where, needs = _availability(config)
    return Thing(device=device, readers=readers, commands=commands, availability=where, needs=needs, asks=_asks(config))


def _of_device(config: Config) -> Config:
    device = config.get("device")
    return device if isinstance(device, Mapping) else {}


def _name(config: Config, *, object_id: str) -> str:
    """What people call it: the device's name and its own, as Home Assistant joins them."""
    device, own = text(_of_device(config).get("name")), text(config.get("name"))
    if not own:
        return device or text(object_id).replace("_", " ")
    return own if not device or own.casefold().startswith(device.casefold()) else text(f"{device} {own}")


def _abilities(component: str, config: Config) -> Values:
    if component == "sensor" and isinstance(unit := config.get("unit_of_measurement"), str):
        return {"unit_of_measurement": text(unit)}
    if component == "climate":
        bounds = {name: number(config.get(name)) for name in ("min_temp", "max_temp")}
        modes = config.get("modes")
        listed = {"hvac_modes": " ".join(map(str, modes[:10]))} if isinstance(modes, list) and modes else {}
        return {**{name: tidy(value) for name, value in bounds.items() if value is not None}, **listed}
    if component == "light":
        modes = config.get("supported_color_modes")
        known = {str(mode) for mode in modes} if isinstance(modes, list) else set()
        is_dimmable = bool(config.get("brightness")) or "brightness_command_topic" in config or bool(known - {"onoff"})
        return {
            "dimmable": is_dimmable,
            "colorful": bool(known & {"xy", "hs", "rgb", "rgbw", "rgbww"})
            or bool({"rgb_command_topic", "hs_command_topic"} & config.keys()),
            "tunable": "color_temp" in known or "color_temp_command_topic" in config,
        }
    return {}


def _availability(config: Config) -> tuple[tuple[Availability, ...], Any]:
    rows = config.get("availability")
    listed = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    if plain_topic(config.get("availability_topic")):
        own = {
            "topic": config["availability_topic"],
            "value_template": config.get("availability_template"),
            "payload_available": config.get("payload_available"),
            "payload_not_available": config.get("payload_not_available"),
        }
        listed.append(own)
    found = tuple(
        Availability(
            topic=plain_topic(row.get("topic")),
            template=_template(row.get("value_template")),
            online=_word(row, "payload_available", "online"),
            offline=_word(row, "payload_not_available", "offline"),
        )
        for row in listed[:5]
        if plain_topic(row.get("topic"))
    )
    mode = config.get("availability_mode")
    return found, mode if mode in ("all", "any") else "latest"


def _asks(config: Config) -> tuple[Message, ...]:
    """zigbee2mqtt does not keep states at the broker, but tells them when it is asked."""
    own = config.get("ask")
    if isinstance(own, Mapping) and plain_topic(own.get("topic")):
        return (Message(topic=plain_topic(own["topic"])),)
    topic = plain_topic(config.get("command_topic"))
    origin = config.get("origin")
    is_zigbee2mqtt = isinstance(origin, Mapping) and str(origin.get("name", "")).casefold() == "zigbee2mqtt"
    if is_zigbee2mqtt and topic.endswith("/set"):
        return (Message(topic=f"{topic.removesuffix('/set')}/get", payload='{"state": ""}'),)
    return ()


def _template(value: object) -> Template:
    return Template(value) if isinstance(value, str) else Template()


def _word(config: Config, name: str, otherwise: str) -> str:
    """A payload or state as it is written in messages."""
    value = config.get(name)
    return otherwise if value is None else value if isinstance(value, str) else str(value)


def _reader(config: Config, topic: str, template: str, take: Callable[[object], Values]) -> tuple[Reader, ...]:
    """What is read from the topic of that field; none without one. `also` names further topics that tell the same."""
    shared = None if topic.startswith(("position", "percentage")) else config.get("value_template")
    where, read = plain_topic(config.get(topic)), _template(config.get(template) or shared)
    also = config.get("also")
    topics = (where, *(plain_topic(each) for each in also if where)) if isinstance(also, list | tuple) else (where,)

    def told(payload: str) -> Values:
        value = read.read(payload)
        return {} if value is None else take(value)

    return tuple(Reader(topic=each, take=told) for each in topics if each)


def _states(words: Mapping[str, str]) -> Callable[[object], Values]:
    """A main state, by the word that stands for it in messages."""

    def take(value: object) -> Values:
        word = str(value)
        state = words.get(word) or words.get(word.upper())
        return {STATE: state} if state is not None else {}

    return take


def _says(config: Config, topic: str, payload: str) -> tuple[Message, ...]:
    where = plain_topic(config.get(topic))
    if not where:
        raise LinkError(_CANNOT, code="link.refused")
    return (Message(topic=where, payload=payload),)


def _put(config: Config, template: str, value: float) -> str:
    """A number as it is sent: as it stands, or in the device's own form. Raises LinkError for a form that is not understood."""
    plain, written = tidy(value), config.get(template)
    if not isinstance(written, str):
        return f"{plain}"
    made = Template(written).read(f"{plain}", value=plain, position=plain)
    if made is None:
        raise LinkError(_CANNOT, code="link.refused")
    return f"{made}"


def _switch(config: Config) -> Part:
    on, off = _word(config, "payload_on", "ON"), _word(config, "payload_off", "OFF")
    words = {_word(config, "state_on", on): "on", _word(config, "state_off", off): "off"}

    def commands(_: Device, state: str | None, attributes: Values) -> tuple[Message, ...]:
        if attributes or state not in ("on", "off"):
            raise LinkError(_CANNOT, code="link.refused")
        return _says(config, "command_topic", on if state == "on" else off)

    return _reader(config, "state_topic", "state_value_template", _states(words)), commands


def _lock(config: Config) -> Part:
    words = {
        _word(config, "state_locked", "LOCKED"): "locked",
        _word(config, "state_unlocked", "UNLOCKED"): "unlocked",
        _word(config, "state_locking", "LOCKING"): "locking",
        _word(config, "state_unlocking", "UNLOCKING"): "unlocking",
    }
    sent = {"locked": _word(config, "payload_lock", "LOCK"), "unlocked": _word(config, "payload_unlock", "UNLOCK")}
    return _reader(config, "state_topic", "value_template", _states(words)), _by_state(config, sent)


def _by_state(config: Config, sent: Mapping[str, str]) -> Callable[[Device, str | None, Values], tuple[Message, ...]]:
    def commands(_: Device, state: str | None, attributes: Values) -> tuple[Message, ...]:
        if attributes or state is None or state not in sent:
            raise LinkError(_CANNOT, code="link.refused")
        return _says(config, "command_topic", sent[state])

    return commands


def _cover(config: Config) -> Part:
    states = {_word(config, f"state_{state}", state): state for state in ("open", "closed", "opening", "closing")}
    words = {**{word.upper(): state for word, state in states.items()}, **states}
    low, high = number(config.get("position_closed")) or 0.0, number(config.get("position_open"))
    top = 100.0 if high is None else high

    def at(value: object) -> Values:
        found = number(value)
        if found is None or top == low:
            return {}
        position = tidy(min(100.0, max(0.0, round((found - low) / (top - low) * 100))))
        return {"position": position, STATE: "open" if position else "closed"}

    moves = _by_state(config, {"open": _word(config, "payload_open", "OPEN"), "closed": _word(config, "payload_close", "CLOSE")})

    def commands(device: Device, state: str | None, attributes: Values) -> tuple[Message, ...]:
        position = number(attributes.get("position"))
        if position is None:
            return moves(device, state, attributes)
        return _says(config, "set_position_topic", _put(config, "set_position_template", low + position / 100 * (top - low)))

    readers = _reader(config, "position_topic", "position_template", at)
    return (*readers, *_reader(config, "state_topic", "value_template", _states(words))), commands


def _fan(config: Config) -> Part:
    read, switch = _switch(config)
    lowest, highest = number(config.get("speed_range_min")) or 1.0, number(config.get("speed_range_max")) or 100.0

    def speed(value: object) -> Values:
        found = number(value)
        if found is None or highest < lowest:
            return {}
        return {"percentage": tidy(min(100.0, max(0.0, round((found - lowest + 1) / (highest - lowest + 1) * 100))))}

    def commands(device: Device, state: str | None, attributes: Values) -> tuple[Message, ...]:
        percentage = number(attributes.get("percentage"))
        if percentage is None or state == "off":
            return switch(device, state, {})
        level = max(lowest, round(lowest - 1 + percentage / 100 * (highest - lowest + 1)))
        on = switch(device, "on", {}) if device.state != "on" else ()
        return (*on, *_says(config, "percentage_command_topic", _put(config, "percentage_command_template", level)))

    return (*read, *_reader(config, "percentage_state_topic", "percentage_value_template", speed)), commands


def _climate(config: Config) -> Part:
    def degrees(name: str) -> Callable[[object], Values]:
        return lambda value: {} if (found := number(value)) is None else {name: tidy(found)}

    def mode(value: object) -> Values:
        return {STATE: value} if isinstance(value, str) and 0 < len(value) <= 30 else {}

    def commands(device: Device, state: str | None, attributes: Values) -> tuple[Message, ...]:
        found: tuple[Message, ...] = ()
        if state is not None:
            modes = str(device.attributes.get("hvac_modes", "")).split()
            fits = state if state in modes or not modes else next((each for each in modes if each != "off"), state)
            found = _says(config, "mode_command_topic", fits)
        if (wanted := number(attributes.get("temperature"))) is not None:
            found = (*found, *_says(config, "temperature_command_topic", _put(config, "temperature_command_template", wanted)))
        if not found:
            raise LinkError(_CANNOT, code="link.refused")
        return found

    readers = (
        *_reader(config, "mode_state_topic", "mode_state_template", mode),
        *_reader(config, "temperature_state_topic", "temperature_state_template", degrees("temperature")),
        *_reader(config, "current_temperature_topic", "current_temperature_template", degrees("current_temperature")),
    )
    return readers, commands


def _only_tells(_: Device, __: str | None, ___: Values) -> tuple[Message, ...]:
    raise LinkError("This device only reports; it cannot be changed.", code="link.refused")


def _sensor(config: Config) -> Part:
    def take(value: object) -> Values:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return {}
        found = number(value)
        return {STATE: text(value) if found is None else f"{tidy(found)}"}

    return _reader(config, "state_topic", "value_template", take), _only_tells


def _binary_sensor(config: Config) -> Part:
    words = {_word(config, "payload_on", "ON"): "on", _word(config, "payload_off", "OFF"): "off"}
    return _reader(config, "state_topic", "value_template", _states(words)), _only_tells


def _momentary(name: str, payload: str) -> Callable[[Config], Part]:
    done = {"scene": "activated", "button": "pressed"}[name]
    return lambda config: ((), _by_state(config, {done: _word(config, payload, "PRESS" if name == "button" else "ON")}))


_KINDS: Final[Mapping[str, Callable[[Config], Part]]] = {
    "light": light,
    "switch": _switch,
    "lock": _lock,
    "cover": _cover,
    "valve": _cover,
    "fan": _fan,
    "climate": _climate,
    "sensor": _sensor,
    "binary_sensor": _binary_sensor,
    "scene": _momentary("scene", "payload_on"),
    "button": _momentary("button", "payload_press"),
}
