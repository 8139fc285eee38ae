"""A person's ways of writing a home are taken as meant; what cannot be meant is an error that says where."""

import random
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earwitness.domain.errors import HomeFileError
from earwitness.domain.home import Area, Device, Home
from earwitness.links.home_file import demo_home, read_home
from earwitness.links.yaml_nodes import LARGEST_BYTES


def home_of(folder: Path, text: str) -> Home:
    path = folder / "home.yaml"
    path.write_text(text, encoding="utf-8")
    return read_home(path)


def only(folder: Path, text: str) -> Device:
    (device,) = home_of(folder, text).devices
    return device


def test_the_format_of_the_docstring(tmp_path: Path) -> None:
    home = home_of(
        tmp_path,
        """
name: My home
areas:
  - Kitchen
  - {name: Living Room, aliases: [lounge], floor: First Floor}
devices:
  - {name: Kitchen Light, type: light, area: Kitchen, state: on}
  - {name: Front Door, type: lock, aliases: [main door]}
  - {name: Heating, type: thermostat, area: Living Room, state: {state: heat, temperature: 20}}
lists: [shopping list, to-do]
""",
    )
    assert home == Home(
        name="My home",
        is_simulated=True,
        areas=(Area(name="Kitchen"), Area(name="Living Room", aliases=("lounge",), floor="First Floor")),
        devices=(
            Device(device_id="light.kitchen_light", name="Kitchen Light", domain="light", area="Kitchen", state="on"),
            Device(device_id="lock.front_door", name="Front Door", domain="lock", aliases=("main door",), state="locked"),
            Device(
                device_id="climate.heating",
                name="Heating",
                domain="climate",
                area="Living Room",
                state="heat",
                attributes={"temperature": 20},
            ),
        ),
        lists=("shopping list", "to-do"),
    )


@pytest.mark.parametrize(
    ("line", "domain", "device_class", "state"),
    [
        ("{name: X, type: lamp, state: yes}", "light", "", "on"),
        ("{name: X, type: Light, state: false}", "light", "", "off"),
        ("{name: X, type: lights}", "light", "", "off"),
        ("{name: X, type: blind, state: shut}", "cover", "blind", "closed"),
        ("{name: X, type: Blinds, state: on}", "cover", "blind", "open"),
        ("{name: X, domain: garage door}", "cover", "garage", "closed"),
        ("{name: X, type: cover, device_class: awning}", "cover", "awning", "closed"),
        ("{name: X, type: thermostat, state: on}", "climate", "", "heat"),
        ("{name: X, type: tv, state: playing}", "media_player", "tv", "playing"),
        ("{name: X, type: media player}", "media_player", "", "idle"),
        ("{name: X, type: lock, state: off}", "lock", "", "unlocked"),
        ("{name: X, type: motion sensor, state: on}", "binary_sensor", "motion", "on"),
        ("{name: X, type: sensor, attributes: {device_class: humidity}, state: 45}", "sensor", "humidity", "45"),
        ("{name: X, id: fan.x}", "fan", "", "off"),
        ("{name: Bed Light}", "light", "", "off"),
        ("Bed Light", "light", "", "off"),
        ("{name: X, type: person, state: Work}", "person", "", "Work"),
        ("{name: X, type: light, state: {in: on, out: true}}", "light", "", "on"),
    ],
)
def test_types_and_states_as_people_write_them(tmp_path: Path, line: str, domain: str, device_class: str, state: str) -> None:
    device = only(tmp_path, f"devices:\n  - {line}\n")
    assert (device.domain, device.device_class, device.state) == (domain, device_class, state)


@pytest.mark.parametrize(
    "text",
    [
        "devices:\n  - {name: Lamp, type: light, area: Kitchen}",
        "rooms: [Kitchen]\nentities:\n  - {name: Lamp, kind: light, room: kitchen}",
        "areas:\n  - name: Kitchen\n    devices:\n      - {name: Lamp, type: light}",
        "areas:\n  Kitchen:\n    devices:\n      - {name: Lamp, type: light}",
        "areas:\n  Kitchen:\ndevices:\n  light.lamp: {name: Lamp, area: Kitchen}",
        "areas:\n  - {name: Kitchen, id: kit}\ndevices:\n  light.lamp: {name: Lamp, area: kit}",
        "areas:\n  - Kitchen\ndevices:\n  - name: Lamp\n    type: light\n    area: KITCHEN",
    ],
)
def test_ways_to_put_a_lamp_in_the_kitchen(tmp_path: Path, text: str) -> None:
    home = home_of(tmp_path, text)
    assert [(area.name) for area in home.areas] == ["Kitchen"]
    (lamp,) = home.devices
    assert (lamp.device_id, lamp.name, lamp.domain, lamp.area) == ("light.lamp", "Lamp", "light", "Kitchen")


def test_devices_as_ids_with_types(tmp_path: Path) -> None:
    home = home_of(tmp_path, "devices:\n  desk_lamp: light\n  light.hall:\n")
    assert [(d.device_id, d.name, d.domain) for d in home.devices] == [
        ("desk_lamp", "desk lamp", "light"),
        ("light.hall", "hall", "light"),
    ]


def test_floors_by_id_and_by_nesting(tmp_path: Path) -> None:
    by_id = home_of(tmp_path, "floors:\n  - {id: first, name: First Floor}\nareas:\n  - {name: Kitchen, floor: first}")
    nested = home_of(tmp_path, "floors:\n  First Floor: [Kitchen]")
    assert by_id.areas == nested.areas == (Area(name="Kitchen", floor="First Floor"),)


def test_same_names_get_their_own_ids_and_attributes_may_stand_on_the_device(tmp_path: Path) -> None:
    home = home_of(
        tmp_path,
        "devices:\n  - {name: Lamp, type: light, area: A, brightness: 40}\n  - {name: Lamp, type: light, area: B, dimmable: no}",
    )
    assert [d.device_id for d in home.devices] == ["light.lamp", "light.lamp_2"]
    assert [dict(d.attributes) for d in home.devices] == [{"brightness": 40}, {"dimmable": False}]


def test_several_names_are_a_name_and_aliases(tmp_path: Path) -> None:
    device = only(tmp_path, "devices:\n  - {names: [Lamp, Light, Lamp], type: light, aliases: bulb}")
    assert (device.name, device.aliases) == ("Lamp", ("Light", "bulb"))


LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "\n".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]" for n in range(9)
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("- a\n- b", "mapping"),
        ("just words", "mapping"),
        ("devices: [", "line 1"),
        ("areas:\n  - A\n  - A", "line 3"),
        ("devices:\n  - {name: A, type: light, id: x}\n  - {name: B, type: light, id: x}", 'line 3 (devices[2]): the id "x"'),
        ("devices:\n  - {name: A, name: B, type: light}", '"name" is there twice'),
        ("devices:\n  - {name: A, type: spaceship}", '"spaceship" is not a type'),
        ("devices:\n  - {name: Thing}", "needs a type"),
        ("devices:\n  - {type: light}", "needs a name"),
        ("devices:\n  - {name: '', type: light}", "needs a name"),
        ("devices:\n  - {name: A, type: light, alais: B}", "write alias"),
        ("devices:\n  - {name: A, type: light, area: [x]}", "plain text"),
        ("devices:\n  - {name: A, type: light, brightness: .nan}", "not a number"),
        (f"devices:\n  - {{name: A, type: light, brightness: {'9' * 6000}}}", "too long"),
        (f"devices:\n  - {{name: {'A' * 101}, type: light}}", "longer than 100"),
        ("devises:\n  - {name: A, type: light}", "write devices"),
        ("base: &b {type: light}\ndevices:\n  - {<<: *b, name: A}", "not supported"),
        (LAUGHS, "not supported"),
        ("devices: !!python/object/apply:os.system ['true']", "tag"),
        ("devices:\n  - {name: !x A, type: light}", "tags"),
        ("a: " + "[" * 100 + "]" * 100, "nested too deeply"),
        ("a: " + "[" * 5000 + "]" * 5000, "nested too deeply"),
        ("devices:\n" + "  - {name: A, type: light}\n" * 1001, "at most 1000"),
        ("name: x\n" + "# \n" * LARGEST_BYTES, "larger than"),
    ],
)
def test_what_cannot_be_meant_is_said_in_one_sentence(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(HomeFileError) as caught:
        home_of(tmp_path, text)
    assert says in caught.value.sentence
    assert "\n" not in caught.value.sentence
    assert caught.value.code == "home.invalid"


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "home.yaml").write_bytes(b"name: \xff\xfe\x00")
    for path in (tmp_path / "none.yaml", tmp_path, tmp_path / "home.yaml"):
        with pytest.raises(HomeFileError):
            read_home(path)


keys = st.sampled_from(
    ["name", "areas", "devices", "lists", "floors", "type", "area", "aliases", "state", "attributes", "id", "floor", "a.b", "x"]
)
trees = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["light", "lamp", "on", "Kitchen"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


def home_or_error(path: Path) -> Home | HomeFileError:
    try:
        return read_home(path)
    except HomeFileError as error:
        return error


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(tree=st.dictionaries(keys, trees, max_size=4))
def test_any_yaml_is_a_home_or_an_error_to_act_on(tmp_path: Path, tree: dict[str, object]) -> None:
    path = tmp_path / "home.yaml"
    path.write_text(yaml.safe_dump(tree), encoding="utf-8")
    found = home_or_error(path)
    if isinstance(found, HomeFileError):
        assert found.sentence.endswith(".")
        return
    ids = [device.device_id for device in found.devices]
    assert len(ids) == len(set(ids))
    assert {device.area for device in found.devices} <= {None, *(area.name for area in found.areas)}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_home_or_an_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "home.yaml"
    path.write_bytes(data)
    found = home_or_error(path)
    assert isinstance(found, Home) or found.sentence.endswith(".")


def test_the_demonstration_home_says_that_it_is_simulated_and_has_every_kind() -> None:
    home = demo_home()
    assert home.is_simulated
    assert "simulated" in home.name
    assert {device.domain for device in home.devices} >= {
        "light",
        "lock",
        "cover",
        "climate",
        "media_player",
        "fan",
        "switch",
        "scene",
    }
    assert len({area.floor for area in home.areas}) == 2
    assert home.lists == ("shopping list", "to-do")
    spoken = [word.casefold() for device in home.devices for word in (device.name, *device.aliases)]
    assert len(spoken) == len(set(spoken))


def test_a_shuffled_file_gives_the_same_devices(tmp_path: Path) -> None:
    lines = [f"  - {{name: Lamp {number}, type: light, area: Room {number % 3}}}" for number in range(20)]
    first = home_of(tmp_path, "devices:\n" + "\n".join(lines))
    random.Random(1).shuffle(lines)
    second = home_of(tmp_path, "devices:\n" + "\n".join(lines))
    assert sorted(first.devices, key=lambda d: d.device_id) == sorted(second.devices, key=lambda d: d.device_id)


def test_the_example_of_the_documentation_is_a_home(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs" / "home.md").read_text(encoding="utf-8")
    home = home_of(tmp_path, text.split("```yaml\n")[1].split("```")[0])
    assert len(home.devices) == 6
    assert {device.area for device in home.devices} == {"Kitchen", "Living Room", None}
