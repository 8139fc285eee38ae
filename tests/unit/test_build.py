"""What the house makes of the owner's choices: names of rooms, and the time zone. No engine is loaded here."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from earwitness.build import House
from earwitness.config import HomeSettings, Settings, UnderstandingSettings
from earwitness.domain.device import DeviceKind
from earwitness.domain.home import Area, Device, Home
from earwitness.domain.intent import Context
from earwitness.domain.quiet import Quiet
from earwitness.domain.satellite import Station
from earwitness.links.simulated_home import SimulatedHome
from earwitness.people.household import HouseholdChoices

LAMP = Device(device_id="light.lamp", name="Lamp", domain="light", area="Den", state="on")
HOME = Home(name="File", is_simulated=True, areas=(Area(name="Den", aliases=("study",)), Area(name="Hall")), devices=(LAMP,))


def test_a_room_that_is_called_otherwise_keeps_its_devices_and_answers_to_its_first_name() -> None:
    chosen = HouseholdChoices(name="Villa", rooms=("Office", "Attic"), renamed=(("Den", "Office"),))
    home = House.described(HOME, chosen)
    assert [(area.name, area.aliases) for area in home.areas] == [("Office", ("study", "Den")), ("Attic", ())]
    assert home.device("light.lamp").area == "Office"


def test_a_first_name_goes_to_the_room_that_has_it_now() -> None:
    chosen = HouseholdChoices(name="Villa", rooms=("Office", "Den", "Study"), renamed=(("Den", "Office"),))
    home = House.described(HOME, chosen)
    assert [(area.name, area.aliases) for area in home.areas] == [("Office", ()), ("Den", ()), ("Study", ())]


def test_a_home_in_use_takes_the_names_and_keeps_the_state_of_its_devices() -> None:
    link = SimulatedHome(HOME)
    link.describe(House.described(HOME, HouseholdChoices(name="Villa", rooms=("Office",), renamed=(("Den", "Office"),))))
    lamp = link.snapshot().device("light.lamp")
    assert (lamp.area, lamp.state, link.snapshot().name) == ("Office", "on", "Villa")


@pytest.mark.parametrize(
    ("settings", "chosen", "counts"), [(None, "Asia/Tokyo", "Asia/Tokyo"), ("Europe/Berlin", "", "Europe/Berlin")]
)
def test_the_owners_time_zone_goes_before_the_settings(settings: str | None, chosen: str, counts: str) -> None:
    with House(Settings(home=HomeSettings(zone=settings, area="Den")), is_passing=True) as house:
        house.household.set_up(name="Villa", rooms=("Den",), acknowledged_version=1)
        house.household.change(zone=chosen, rooms=("Office",), renames={"Den": "Office"})
        assert house.clock.zone == ZoneInfo(counts)
        assert house.own_area == "Office"


def test_satellites_go_with_their_room() -> None:
    with House(Settings(), is_passing=True) as house:
        made = house.devices.add("Box", kind=DeviceKind.WYOMING, area="den", place="127.0.0.1:10700")
        house.move_satellites("Den", "Office")
        assert house.devices.find(made.device_id).area == "Office"


def test_what_was_learned_is_left_out_where_the_settings_say_so() -> None:
    text = "remove milk off my list of groceries"
    for learned in (True, False):
        with House(Settings(understanding=UnderstandingSettings(learned=learned)), is_passing=True) as house:
            assert (house.understander.understand(text, context=Context()).intent is not None) is learned


def test_a_list_that_people_make_is_understood_at_once() -> None:
    with House(Settings(), is_passing=True) as house:
        wanted = "what is on the camping list"
        assert not house.understander.knows(wanted)
        house.lists.make("camping")
        heard = house.understander.understand(wanted, context=Context()).intent
        assert heard is not None
        assert heard.slots == {"name": "camping"}
        house.lists.forget("camping")
        assert not house.understander.knows(wanted)


def test_whoever_is_not_to_be_disturbed_is_so_after_a_restart_and_under_a_rooms_new_name(tmp_path: Path) -> None:
    with House(Settings(), state=tmp_path) as house:
        house.quiet.begin(Quiet(area="Kitchen"))
    with House(Settings(), state=tmp_path) as house:
        assert house.satellites.is_quiet(Station(device_id="k", name="Lamp", area="kitchen"))
        assert not house.satellites.is_quiet(Station(device_id="d", name="Lamp", area="Den"))
        house.move_satellites("Kitchen", "Galley")
        assert house.satellites.is_quiet(Station(device_id="k", name="Lamp", area="Galley"))
        assert not house.satellites.is_quiet(Station(device_id="k", name="Lamp", area="Kitchen"))
