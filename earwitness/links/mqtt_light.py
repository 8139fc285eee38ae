"""Lights on MQTT: one JSON message for everything (zigbee2mqtt), or a topic for each value (Tasmota). Pure."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from earwitness.domain.errors import LinkError
from earwitness.domain.home import Device
from earwitness.domain.intent import SlotValue
from earwitness.links.colours import hs_of_rgb, hs_of_xy, hue_of, percent, rgb_of, xy_of
from earwitness.links.mqtt_template import Template, message_tree
from earwitness.links.mqtt_thing import HUE, STATE, Message, Reader, Values, number, plain_topic, tidy

Config = Mapping[str, Any]
Commands = Callable[[Device, str | None, Values], tuple[Message, ...]]
_FULL_SCALE: Final = 255.0
_CANNOT: Final = "This light cannot be changed so."


def light(config: Config) -> tuple[tuple[Reader, ...], Commands]:
    """How it tells its state, and how it is changed."""
    return _in_json(config) if config.get("schema") == "json" else _by_topics(config)


def _mireds(kelvin: float) -> int:
    return round(1_000_000 / kelvin) if kelvin > 0 else 0


def _kelvin(mireds: float | None) -> dict[str, SlotValue]:
    return {"color_temperature": round(1_000_000 / mireds)} if mireds is not None and mireds > 0 else {}


def _as_text(hs: tuple[float, float]) -> str:
    return f"{hs[0]:.1f},{hs[1]:.1f}"


def _topic(config: Config, name: str) -> str:
    topic = plain_topic(config.get(name))
    if not topic:
        raise LinkError(_CANNOT, code="link.refused")
    return topic


def _hue(attributes: Values) -> tuple[float, float] | None:
    """Of the colour that is wanted. Raises LinkError for a name that no light knows."""
    if "color" not in attributes:
        return None
    hs = hue_of(str(attributes["color"]))
    if hs is None:
        raise LinkError("That is no colour that lights know.", code="link.refused")
    return hs


def _in_json(config: Config) -> tuple[tuple[Reader, ...], Commands]:
    scale = number(config.get("brightness_scale")) or _FULL_SCALE
    modes = config.get("supported_color_modes")
    known = {str(mode) for mode in modes} if isinstance(modes, list) else set()
    in_kelvin = bool(config.get("color_temp_kelvin"))

    def take(payload: str) -> Values:
        tree = message_tree(payload)
        if not isinstance(tree, Mapping):
            return {}
        found: dict[str, SlotValue] = {}
        if isinstance(state := tree.get("state"), str) and state.upper() in ("ON", "OFF"):
            found[STATE] = state.lower()
        if (brightness := percent(tree.get("brightness"), of=scale)) is not None:
            found["brightness"] = brightness
        mode, warmth = tree.get("color_mode"), number(tree.get("color_temp"))
        if warmth is not None and (mode == "color_temp" or (mode is None and "color" not in tree)):
            found |= {"color_temperature": round(warmth)} if in_kelvin else _kelvin(warmth)
        elif mode != "color_temp" and (hs := _told_colour(tree.get("color"))) is not None:
            found[HUE] = _as_text(hs)
        return found

    def commands(_: Device, state: str | None, attributes: Values) -> tuple[Message, ...]:
        topic = _topic(config, "command_topic")
        if state == "off":
            return (Message(topic=topic, payload='{"state": "OFF"}'),)
        parts = ['"state": "ON"']
        if (brightness := number(attributes.get("brightness"))) is not None:
            parts.append(f'"brightness": {round(brightness / 100 * scale)}')
        if (kelvin := number(attributes.get("color_temperature"))) is not None:
            parts.append(f'"color_temp": {round(kelvin) if in_kelvin else _mireds(kelvin)}')
        if (hs := _hue(attributes)) is not None:
            parts.append(f'"color": {_written_colour(hs, known)}')
        return (Message(topic=topic, payload="{" + ", ".join(parts) + "}"),)

    topic = plain_topic(config.get("state_topic"))
    return (Reader(topic=topic, take=take),) if topic else (), commands


def _written_colour(hs: tuple[float, float], modes: set[str]) -> str:
    if "xy" in modes and not modes & {"hs", "rgb"}:
        x, y = xy_of(*hs)
        return f'{{"x": {x}, "y": {y}}}'
    if "hs" in modes:
        return f'{{"h": {hs[0]:.1f}, "s": {hs[1]:.1f}}}'
    red, green, blue = rgb_of(*hs)
    return f'{{"r": {red}, "g": {green}, "b": {blue}}}'


def _told_colour(colour: object) -> tuple[float, float] | None:
    if not isinstance(colour, Mapping):
        return None
    for names, read in (
        (("h", "s"), lambda one, two: (one, two)),
        (("hue", "saturation"), lambda one, two: (one, two)),
        (("x", "y"), hs_of_xy),
    ):
        one, two = (number(colour.get(name)) for name in names)
        if one is not None and two is not None:
            return read(one, two)
    rgb = [number(colour.get(name)) for name in ("r", "g", "b")]
    return hs_of_rgb([part for part in rgb if part is not None]) if all(part is not None for part in rgb) else None


def _by_topics(config: Config) -> tuple[tuple[Reader, ...], Commands]:
    on, off = str(config.get("payload_on", "ON")), str(config.get("payload_off", "OFF"))
    scale = number(config.get("brightness_scale")) or _FULL_SCALE

    def state(value: object) -> Values:
        said = str(value)
        return {STATE: "on"} if said.upper() == on.upper() else {STATE: "off"} if said.upper() == off.upper() else {}

    def brightness(value: object) -> Values:
        found = percent(number(value), of=scale)
        return {} if found is None else {"brightness": found}

    def colour(value: object) -> Values:
        parts = [number(part) for part in str(value).split(",")[:3]]
        known = [part for part in parts if part is not None]
        return {HUE: _as_text(hs_of_rgb(known))} if len(known) == 3 else {}

    def hue(value: object) -> Values:
        parts = [number(part) for part in str(value).split(",")[:2]]
        known = [part for part in parts if part is not None]
        return {HUE: _as_text((known[0], known[1]))} if len(known) == 2 else {}

    readers = (
        *_read(config, "state", state),
        *_read(config, "brightness", brightness),
        *_read(config, "color_temp", lambda value: _kelvin(number(value))),
        *_read(config, "rgb", colour),
        *_read(config, "hs", hue),
    )

    def commands(device: Device, wanted: str | None, attributes: Values) -> tuple[Message, ...]:
        topic = _topic(config, "command_topic")
        if wanted == "off":
            return (Message(topic=topic, payload=off),)
        found = [Message(topic=topic, payload=on)] if device.state != "on" or not attributes else []
        if (level := number(attributes.get("brightness"))) is not None:
            found.append(Message(topic=_topic(config, "brightness_command_topic"), payload=f"{round(level / 100 * scale)}"))
        if (kelvin := number(attributes.get("color_temperature"))) is not None:
            found.append(Message(topic=_topic(config, "color_temp_command_topic"), payload=f"{_mireds(kelvin)}"))
        if (hs := _hue(attributes)) is not None:
            found.append(_coloured(config, hs))
        return tuple(found)

    return readers, commands


def _coloured(config: Config, hs: tuple[float, float]) -> Message:
    if topic := plain_topic(config.get("hs_command_topic")):
        return Message(topic=topic, payload=f"{tidy(round(hs[0], 1))},{tidy(round(hs[1], 1))}")
    return Message(topic=_topic(config, "rgb_command_topic"), payload=",".join(map(str, rgb_of(*hs))))


def _read(config: Config, name: str, take: Callable[[object], Values]) -> tuple[Reader, ...]:
    where = plain_topic(config.get(f"{name}_state_topic" if name != "state" else "state_topic"))
    written = config.get("state_value_template" if name == "state" else f"{name}_value_template")
    template = Template(written if isinstance(written, str) else "")
    also = config.get("also")
    topics = (where, *(plain_topic(each) for each in also)) if isinstance(also, list | tuple) else (where,)

    def told(payload: str) -> Values:
        value = template.read(payload)
        return {} if value is None else take(value)

    return tuple(Reader(topic=each, take=told) for each in topics if where and each)
