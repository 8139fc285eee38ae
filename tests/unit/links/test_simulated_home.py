"""Each kind of simulated device does what its real one would, refuses what it cannot, and tells of each change once."""

import asyncio
from collections.abc import Mapping

import pytest

from earwitness.domain.errors import LinkError
from earwitness.domain.home import Device, Home
from earwitness.domain.intent import SlotValue
from earwitness.links.simulated_devices import TRACKS
from earwitness.links.simulated_home import SimulatedHome


def home_with(domain: str, *, state: str, **attributes: SlotValue) -> SimulatedHome:
    device = Device(device_id="it", name="it", domain=domain, state=state, attributes=attributes)
    return SimulatedHome(Home(name="test", is_simulated=True, devices=(device,)))


def applied(home: SimulatedHome, *, state: str | None = None, **attributes: SlotValue) -> Device:
    return asyncio.run(home.apply("it", state=state, attributes=attributes))


@pytest.mark.parametrize(
    ("domain", "before", "state", "attributes", "after", "reports"),
    [
        ("light", "off", "on", {}, "on", {}),
        ("light", "off", None, {"brightness": 40}, "on", {"brightness": 40}),
        ("light", "on", None, {"brightness": 0}, "off", {}),
        ("light", "off", None, {"color": "red"}, "on", {"color": "red"}),
        ("switch", "on", "off", {}, "off", {}),
        ("lock", "unlocked", "locked", {}, "locked", {}),
        ("cover", "closed", "open", {}, "open", {"position": 100}),
        ("cover", "open", "closed", {}, "closed", {"position": 0}),
        ("cover", "closed", None, {"position": 30}, "open", {"position": 30}),
        ("cover", "open", None, {"position": 0}, "closed", {"position": 0}),
        ("fan", "off", None, {"percentage": 60}, "on", {"percentage": 60}),
        ("fan", "on", None, {"percentage": 0}, "off", {}),
        ("climate", "heat", None, {"temperature": 22}, "heat", {"temperature": 22, "current_temperature": 22}),
        ("climate", "off", None, {"temperature": 22}, "off", {"temperature": 22, "current_temperature": 20}),
        ("media_player", "playing", "paused", {}, "paused", {"media_title": TRACKS[0]}),
        ("media_player", "off", "on", {}, "idle", {}),
        ("media_player", "playing", "on", {}, "playing", {}),
        ("media_player", "idle", None, {"volume": 55, "is_muted": True}, "idle", {"volume": 55, "is_muted": True}),
        ("scene", "ready", "activated", {}, "activated", {}),
    ],
)
def test_does_as_asked(
    domain: str, before: str, state: str | None, attributes: dict[str, SlotValue], after: str, reports: Mapping[str, SlotValue]
) -> None:
    home = home_with(domain, state=before)
    device = applied(home, state=state, **attributes)
    assert device.state == after
    assert {name: device.attributes[name] for name in reports} == reports
    assert home.snapshot().device("it") == device


@pytest.mark.parametrize(
    ("domain", "state", "attributes"),
    [
        ("light", "open", {}),
        ("lock", "on", {}),
        ("light", None, {"brightness": 101}),
        ("light", None, {"brightness": True}),
        ("light", None, {"brightness": "half"}),
        ("cover", None, {"position": -1}),
        ("media_player", None, {"volume": float("nan")}),
        ("sensor", "on", {}),
        ("binary_sensor", None, {"x": 1}),
    ],
)
def test_refuses_what_it_cannot_and_stays_as_it_was(domain: str, state: str | None, attributes: dict[str, SlotValue]) -> None:
    home = home_with(domain, state="off")
    before = home.snapshot()
    with pytest.raises(LinkError):
        applied(home, state=state, **attributes)
    assert home.snapshot() == before


def test_an_unknown_device_is_said() -> None:
    with pytest.raises(LinkError) as caught:
        asyncio.run(home_with("light", state="off").apply("other", state="on"))
    assert caught.value.code == "link.unknown_device"


def test_colour_and_colour_temperature_exclude_each_other() -> None:
    home = home_with("light", state="on", color="red")
    assert "color" not in applied(home, color_temperature=2700).attributes
    assert "color_temperature" not in applied(home, color="blue").attributes


def test_tracks_go_round_both_ways() -> None:
    home = home_with("media_player", state="paused", track_number=len(TRACKS))
    assert home.snapshot().device("it").attributes["media_title"] == TRACKS[-1]
    forward = asyncio.run(home.skip("it", tracks=1))
    assert (forward.state, forward.attributes["media_title"]) == ("playing", TRACKS[0])
    assert asyncio.run(home.skip("it", tracks=-1)).attributes["media_title"] == TRACKS[-1]


def test_only_a_player_that_is_on_skips() -> None:
    for domain, state in (("light", "on"), ("media_player", "off")):
        with pytest.raises(LinkError):
            asyncio.run(home_with(domain, state=state).skip("it", tracks=1))


def test_subscribers_hear_each_change_once_until_they_leave() -> None:
    home, heard = home_with("light", state="off"), list[str]()
    unsubscribe = home.subscribe(lambda device: heard.append(device.state))
    home.subscribe(lambda device: heard.append(device.state.upper()))
    applied(home, state="on")
    applied(home, state="on")
    unsubscribe()
    unsubscribe()
    applied(home, state="off")
    assert heard == ["on", "ON", "OFF"]


def test_many_changes_at_once_are_each_made_whole() -> None:
    home = home_with("light", state="off")

    async def all_at_once() -> list[Device]:
        return await asyncio.gather(*(home.apply("it", attributes={"brightness": level}) for level in range(1, 101)))

    assert [device.attributes["brightness"] for device in asyncio.run(all_at_once())] == list(range(1, 101))
