"""One home out of several: whose a device is, which room it stands in, and what is there while nothing is linked or reached."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from earwitness.domain.errors import EarwitnessError, LinkError
from earwitness.domain.home import Area, Device, Home, Source
from earwitness.jobs.follow_homes import FollowHomes
from earwitness.links.alerts import Alerts
from earwitness.links.joined_home import JoinedHome
from earwitness.links.lists import Lists
from earwitness.links.simulated_home import SimulatedHome
from earwitness.links.timers import Timers
from earwitness.skills.board import HomeBoard
from earwitness.storage.database import Database
from tests.links.servers import until
from tests.unit.skills.houses import HOME, NOW, device

UPSTAIRS = Home(
    name="one",
    is_simulated=False,
    areas=(Area(name="Kitchen", floor="Ground", aliases=("galley",)), Area(name="Study")),
    devices=(replace(device("Lamp", area="Kitchen"), source="Home Assistant"),),
    sources=(Source(name="Home Assistant"),),
)
BROKER = Home(
    name="two",
    is_simulated=False,
    areas=(Area(name="kitchen", aliases=("cookhouse",)), Area(name="Shed")),
    devices=(
        replace(device("Lamp", area="kitchen"), source="MQTT"),
        replace(device("Study Lamp"), source="MQTT"),
        replace(device("Loose Plug", domain="switch"), source="MQTT"),
        replace(device("Saw", domain="switch", area="Shed"), source="MQTT"),
    ),
    sources=(Source(name="MQTT", is_reachable=False),),
)


def joined() -> tuple[JoinedHome, SimulatedHome, SimulatedHome]:
    """Two homes, joined; they obey like simulated ones."""
    one, other = SimulatedHome(UPSTAIRS), SimulatedHome(BROKER)
    home = JoinedHome(SimulatedHome(HOME), describe=lambda plain: replace(plain, name="Ours"))
    home.take({"a": one, "b": other}, expected={"a": "Home Assistant", "b": "MQTT"})
    return home, one, other


def test_the_simulated_home_is_there_only_while_none_is_linked() -> None:
    home = JoinedHome(SimulatedHome(HOME), describe=lambda plain: plain)
    assert home.is_simulated
    assert home.snapshot().is_simulated
    assert asyncio.run(home.apply("light.Counter Light.Kitchen", state="on")).state == "on"
    home.take({"a": SimulatedHome(UPSTAIRS)}, expected={})
    assert not home.snapshot().is_simulated
    assert [one.name for one in home.snapshot().devices] == ["Lamp"]
    with pytest.raises(LinkError):
        asyncio.run(home.apply("light.Counter Light.Kitchen", state="on"))
    home.take({}, expected={})
    assert home.snapshot().is_simulated


def test_one_that_was_not_begun_yet_is_named_as_not_reached() -> None:
    home = JoinedHome(SimulatedHome(HOME), describe=lambda plain: plain, expected={"a": "Home Assistant"})
    assert not home.is_simulated
    assert home.snapshot().devices == ()
    assert home.snapshot().sources == (Source(name="Home Assistant", is_reachable=False),)


def test_rooms_of_one_name_are_one_room() -> None:
    home, _, _ = joined()
    found = home.snapshot()
    assert found.name == "Ours"
    assert [area.name for area in found.areas] == ["Kitchen", "Study", "Shed"]
    kitchen = found.areas[0]
    assert (kitchen.floor, kitchen.aliases) == ("Ground", ("galley", "cookhouse"))
    assert {one.area for one in found.devices} == {"Kitchen", "Study", None, "Shed"}
    assert [source.name for source in found.sources] == ["Home Assistant", "MQTT"]


def test_a_device_without_a_room_stands_where_its_name_says() -> None:
    home, _, _ = joined()
    placed = {one.name: one.area for one in home.snapshot().devices if one.name in ("Study Lamp", "Loose Plug")}
    assert placed == {"Study Lamp": "Study", "Loose Plug": None}


async def test_each_is_asked_by_its_own_link() -> None:
    home, one, other = joined()
    told: list[Device] = []
    home.subscribe(told.append)
    lamps = [each for each in home.snapshot().devices if each.name == "Lamp"]
    assert len({each.device_id for each in lamps}) == 2
    mine = next(each for each in lamps if each.source == "MQTT")
    assert (await home.apply(mine.device_id, state="on")).area == "Kitchen"
    assert {each.state for each in other.snapshot().devices if each.name == "Lamp"} == {"on"}
    assert {each.state for each in one.snapshot().devices} == {"off"}
    assert [(each.device_id, each.state) for each in told] == [(mine.device_id, "on")]
    assert home.snapshot().device(mine.device_id).state == "on"
    with pytest.raises(LinkError) as caught:
        await home.apply("c/light.none", state="on")
    assert caught.value.code == "link.unknown_device"


async def test_names_are_learned_as_they_change_and_again_after_a_failure() -> None:
    home, link = JoinedHome(SimulatedHome(HOME), describe=lambda plain: plain), SimulatedHome(UPSTAIRS)
    learned: list[tuple[str, ...]] = []
    known: list[Device] = []
    linked: dict[str, SimulatedHome] = {"a": link}

    def relearn() -> None:
        learned.append(tuple(area.name for area in home.described().areas))
        if len(learned) == 1:
            raise EarwitnessError("This time it fails.")

    job = FollowHomes(home, linked=lambda: dict(linked), expected=dict, relearn=relearn, know=known.extend)
    running = asyncio.create_task(job.run())
    await until(lambda: len(learned) == 2, what="the second attempt")
    assert learned == [("Kitchen", "Study")] * 2
    assert {one.name for one in known} == {"Lamp"}
    link.describe(replace(UPSTAIRS, areas=(Area(name="Cuisine"), Area(name="Study"))))
    await until(lambda: len(learned) == 3, what="the new names")
    assert "Cuisine" in learned[2]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def test_the_board_shows_what_cannot_be_reached_as_that(tmp_path: Path) -> None:
    lamp = replace(device("Lamp", area="Kitchen", state="on", brightness=50), is_reachable=False)
    home = SimulatedHome(replace(HOME, devices=(lamp, device("Fan", domain="fan", area="Kitchen", state="on"))))
    database = Database(tmp_path / "household.db", chain="household")
    alerts = Alerts(database, clock=lambda: NOW)
    board = HomeBoard(home, timers=Timers(alerts), lists=Lists(database), clock=lambda: NOW).board()
    shown = {one.name: (one.state, dict(one.attributes)) for one in board.home.devices}
    assert shown == {"Lamp": ("unreachable", {}), "Fan": ("on", {})}
