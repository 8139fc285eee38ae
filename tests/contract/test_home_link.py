"""Every HomeLink reports what it did, knows its devices, and tells of changes until one leaves."""

import asyncio
from collections.abc import Callable

import pytest

from earwitness.domain.errors import LinkError
from earwitness.links.joined_home import JoinedHome
from earwitness.links.simulated_home import SimulatedHome
from earwitness.skills.interface import HomeLink
from tests.unit.skills.houses import HOME, TroubledHome

LINKS: list[Callable[[], HomeLink]] = [
    lambda: SimulatedHome(HOME),
    lambda: TroubledHome(HOME),
    lambda: JoinedHome(SimulatedHome(HOME), describe=lambda home: home),
]
LIGHT, PLAYER = "light.Counter Light.Kitchen", "media_player.Speaker.Kitchen"


@pytest.fixture(params=LINKS, ids=["simulated", "troubled", "joined"])
def link(request: pytest.FixtureRequest) -> HomeLink:
    made: HomeLink = request.param()
    return made


def test_gives_the_device_as_the_snapshot_then_has_it(link: HomeLink) -> None:
    device = asyncio.run(link.apply(LIGHT, state="on", attributes={"brightness": 20}))
    assert (device.device_id, device.state, device.attributes["brightness"]) == (LIGHT, "on", 20)
    assert link.snapshot().device(LIGHT) == device
    assert asyncio.run(link.apply(LIGHT, state="off")).attributes["brightness"] == 20


def test_only_the_device_that_was_asked_changes(link: HomeLink) -> None:
    before = {device.device_id: device for device in link.snapshot().devices}
    asyncio.run(link.apply(LIGHT, state="on"))
    changed = [device.device_id for device in link.snapshot().devices if before[device.device_id] != device]
    assert changed == [LIGHT]


def test_a_player_that_skips_plays_and_says_what(link: HomeLink) -> None:
    device = asyncio.run(link.skip(PLAYER, tracks=1))
    assert device.state == "playing"
    assert device.attributes["media_title"]


def test_an_unknown_device_is_an_error_with_its_code(link: HomeLink) -> None:
    for work in (link.apply("no.such"), link.skip("no.such", tracks=1)):
        with pytest.raises(LinkError) as caught:
            asyncio.run(work)
        assert caught.value.code == "link.unknown_device"


def test_a_subscriber_hears_of_changes_until_it_leaves(link: HomeLink) -> None:
    heard: list[str] = []
    leave = link.subscribe(lambda device: heard.append(device.state))
    asyncio.run(link.apply(LIGHT, state="on"))
    leave()
    asyncio.run(link.apply(LIGHT, state="off"))
    assert heard == ["on"]
