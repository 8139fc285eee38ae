"""What devices on MQTT say of themselves becomes things; what is hostile or wrong becomes none, and nothing is ever run."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.domain.errors import LinkError
from earwitness.links.colours import COLOURS, hs_of_xy, hue_of, is_near, name_of, percent, xy_of
from earwitness.links.mqtt import Broker
from earwitness.links.mqtt_discovery import things_of
from earwitness.links.mqtt_native import tasmota_devices, zigbee_devices
from earwitness.links.mqtt_template import Template, message_tree
from earwitness.links.mqtt_thing import Message, Thing, plain_topic
from earwitness.links.mqtt_words import spelt_out


def one(component: str, **config: Any) -> Thing:
    (thing,) = things_of(component, "thing", {"unique_id": "u1", "name": "Thing", **config}, source="MQTT")
    return thing


@pytest.mark.parametrize(
    ("template", "payload", "value"),
    [
        ("{{ value_json.state }}", '{"state": "ON"}', "ON"),
        ("{{ value_json['a']['b'] }}", '{"a": {"b": 3}}', 3),
        ("{{ value_json.list[0] }}", '{"list": [7]}', 7),
        ("{{ value }}", "plain", "plain"),
        ("{{ (value_json.x | float / 2) | round(1) }}", '{"x": "5"}', 2.5),
        ("{{ value_json.x | default('none') }}", "{}", "none"),
        ("{{ 'ON' if value_json.contact == false else 'OFF' }}", '{"contact": false}', "ON"),
        ("{{ {'off': 0, 'low': 33}[value_json.mode] }}", '{"mode": "low"}', 33),
        ("{% if value_json.a is defined %}{{ value_json.a }}{% else %}b{% endif %}", "{}", "b"),
        ("{% set v = value_json.a %}{{ v | upper }}", '{"a": "on"}', "ON"),
        ("", "as it is", "as it is"),
    ],
)
def test_the_templates_that_devices_use_are_read(template: str, payload: str, value: object) -> None:
    assert Template(template).read(payload) == value


@pytest.mark.parametrize(
    "template",
    [
        "{% for i in range(99999999) %}{{ i }}{% endfor %}",
        "{{ 'a' * 999999999 }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ value_json.missing.more }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ 1 / 0 }}",
        "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
        "{{ " + "(" * 3000,
        "{{ " + "-" * 1500 + "1 }}",
        "{{ value | map('x') }}",
        "{% include 'x' %}",
    ],
)
def test_templates_that_do_more_give_nothing(template: str) -> None:
    assert Template(template).read('{"a": 1}') is None


DOUBLED = "".join(f"{{% set {name} = [1] %}}" + f"{{% set {name} = [{name}, {name}] %}}" * 20 for name in "ab")
"""Two lists of a million entries each, in no space; with more it would never end."""


@pytest.mark.parametrize(
    ("asked", "value"), [("a", None), ("a == b", None), ("a != b", None), ("a in [b]", None), ("1 in [a, b]", False)]
)
def test_a_list_that_doubles_is_neither_compared_nor_written(asked: str, value: object) -> None:
    assert Template(DOUBLED + "{{ " + asked + " }}").read("") is value
    for component in ("switch", "light"):
        thing = one(component, state_topic="t", state_value_template=DOUBLED + "{{ " + asked + " }}")
        assert thing.told(thing.device, "t", "") is None


def test_a_message_is_parsed_once_for_all_that_it_tells_of() -> None:
    payload = json.dumps({"state": "ON", "rest": ["x"] * 10})
    assert message_tree(payload) is message_tree(payload)
    before = message_tree.cache_info().misses
    for _ in range(5):
        assert Template("{{ value_json.state if 'x' in value_json.rest else '' }}").read(payload) == "ON"
    assert message_tree.cache_info().misses == before


@given(template=st.text(max_size=200), payload=st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_no_template_and_no_message_raises(template: str, payload: str) -> None:
    Template(template).read(payload)
    Template("{{ " + template + " }}").read(payload)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=15,
)
FIELDS = (
    "name",
    "unique_id",
    "state_topic",
    "command_topic",
    "schema",
    "device",
    "availability",
    "brightness_scale",
    "modes",
    "~",
)


@given(
    component=st.sampled_from(
        ["light", "switch", "lock", "cover", "fan", "climate", "sensor", "binary_sensor", "scene", "device", "x"]
    ),
    config=st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=8),
    payload=JSON,
)
@settings(max_examples=300, deadline=None)
def test_no_discovery_and_no_state_raises(component: str, config: dict[str, Any], payload: Any) -> None:
    written = json.dumps(payload)
    for thing in things_of(component, "a", {"unique_id": "u", "name": "N", "state_topic": "t", **config}, source="MQTT"):
        thing.told(thing.device, "t", written)
        assert len(thing.device.name) <= 100
        for state in ("on", "off", "open", "locked"):
            try:
                messages = thing.commands(thing.device, state, {"brightness": 50})
            except LinkError:
                continue
            assert all(plain_topic(message.topic) for message in messages)


@given(told=JSON)
@settings(max_examples=200, deadline=None)
def test_no_list_of_devices_raises(told: Any) -> None:
    list(zigbee_devices("zigbee2mqtt", told))
    list(tasmota_devices(told))


def test_zigbee2mqtt_tells_of_its_devices_without_home_assistant() -> None:
    told = [
        {"type": "Coordinator", "friendly_name": "Coordinator", "ieee_address": "0x0"},
        {
            "friendly_name": "Porch",
            "ieee_address": "0x1",
            "definition": {
                "exposes": [
                    {
                        "type": "light",
                        "features": [
                            {"name": "state", "property": "state"},
                            {"name": "brightness", "property": "brightness", "value_max": 254},
                            {"name": "color_xy", "property": "color"},
                        ],
                    },
                    {"type": "numeric", "name": "temperature", "unit": "°C"},
                    {"type": "binary", "name": "contact"},
                ]
            },
        },
    ]
    things = [thing for described in zigbee_devices("z", told) for thing in things_of(*described, source="MQTT")]
    assert [(thing.device.domain, thing.device.name) for thing in things] == [
        ("light", "Porch"),
        ("sensor", "Porch temperature"),
        ("binary_sensor", "Porch contact"),
    ]
    lamp, temperature, contact = things
    assert lamp.commands(lamp.device, "on", {"brightness": 50}) == (
        Message(topic="z/Porch/set", payload='{"state": "ON", "brightness": 127}'),
    )
    assert lamp.asks == (Message(topic="z/Porch/get", payload='{"state": ""}'),)
    after = lamp.told(
        lamp.device, "z/Porch", '{"state": "ON", "brightness": 127, "color_mode": "xy", "color": {"x": 0.16, "y": 0.05}}'
    )
    assert after is not None
    assert (after.state, after.attributes["brightness"], after.attributes["color"]) == ("on", 50, "blue")
    opened = contact.told(contact.device, "z/Porch", '{"contact": false}')
    assert opened is not None
    assert opened.state == "on"
    assert temperature.device.attributes["unit_of_measurement"] == "°C"


def test_short_words_and_a_base_topic_are_spelt_out() -> None:
    thing = one("switch", **{"~": "lab/relay", "cmd_t": "~/set", "stat_t": "~/state", "pl_on": "1", "pl_off": "0"})
    assert thing.commands(thing.device, "on", {}) == (Message(topic="lab/relay/set", payload="1"),)
    after = thing.told(thing.device, "lab/relay/state", "0")
    assert after is not None
    assert after.state == "off"
    assert spelt_out([1]) is None


def test_a_whole_device_in_one_message() -> None:
    config = {
        "dev": {"ids": "d", "name": "Boiler", "sa": "Cellar"},
        "o": {"name": "maker"},
        "cmps": {
            "one": {"p": "switch", "uniq_id": "b1", "name": "Pump", "cmd_t": "b/set", "stat_t": "b/state"},
            "two": {"p": "sensor", "uniq_id": "b2", "name": "Heat", "stat_t": "b/heat"},
            "three": {"p": "unheard_of", "uniq_id": "b3"},
        },
    }
    things = things_of("device", "boiler", config, source="MQTT")
    assert [(thing.device.name, thing.device.area) for thing in things] == [("Boiler Pump", "Cellar"), ("Boiler Heat", "Cellar")]


def test_a_climate_a_cover_and_a_fan() -> None:
    heat = one(
        "climate",
        modes=["off", "heat"],
        mode_command_topic="c/mode/set",
        mode_state_topic="c",
        mode_state_template="{{ value_json.mode }}",
        temperature_command_topic="c/set",
        temperature_state_topic="c",
        temperature_state_template="{{ value_json.target }}",
        current_temperature_topic="c",
        current_temperature_template="{{ value_json.now }}",
    )
    after = heat.told(heat.device, "c", '{"mode": "heat", "target": 21.5, "now": 19}')
    assert after is not None
    assert (after.state, after.attributes["temperature"], after.attributes["current_temperature"]) == ("heat", 21.5, 19)
    assert heat.commands(after, None, {"temperature": 22}) == (Message(topic="c/set", payload="22"),)
    cover = one(
        "cover", command_topic="v/set", position_topic="v", set_position_topic="v/to", position_open=10, position_closed=0
    )
    half = cover.told(cover.device, "v", "5")
    assert half is not None
    assert (half.state, half.attributes["position"]) == ("open", 50)
    assert cover.commands(half, "open", {"position": 30}) == (Message(topic="v/to", payload="3"),)
    fan = one(
        "fan",
        command_topic="f/set",
        state_topic="f",
        percentage_command_topic="f/speed",
        percentage_state_topic="f/is",
        speed_range_max=3,
    )
    third = fan.told(fan.device, "f/is", "1")
    assert third is not None
    assert third.attributes["percentage"] == 33
    assert fan.commands(fan.device, "on", {"percentage": 66})[-1] == Message(topic="f/speed", payload="2")


def test_what_only_reports_and_what_has_no_topic_refuses() -> None:
    for thing in (one("sensor", state_topic="t"), one("switch", state_topic="t"), one("light", state_topic="t")):
        with pytest.raises(LinkError) as caught:
            thing.commands(thing.device, "on", {})
        assert caught.value.code == "link.refused"


@pytest.mark.parametrize("topic", ["", "a/#", "+/b", "$SYS/x", "a\0b", "x" * 600, 5, None])
def test_topics_of_others_are_no_topics(topic: object) -> None:
    assert plain_topic(topic) == ""


@pytest.mark.parametrize("colour", sorted(set(COLOURS) - {"white"}))
def test_a_colour_that_was_asked_for_is_called_so(colour: str) -> None:
    hs = hue_of(colour)
    assert hs is not None
    assert name_of(list(hs), asked=colour) == colour
    assert is_near(colour, hs_of_xy(*xy_of(*hs)))


def test_a_broker_does_not_show_the_password() -> None:
    shown = repr(Broker(host="broker", port=8883, user="house", password="hunter2"))
    assert "house" in shown
    assert "hunter2" not in shown


def test_numbers_that_are_none_are_none() -> None:
    assert [percent(value, of=255) for value in (127.5, 0, 255, 9e99, math.inf, math.nan, True, "1")] == [50, 0, 100, 100] + [
        None
    ] * 4
