"""Announcements reach ours and foreign satellites; calls are for ours alone."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from earwitness.domain.satellite import Announcement, CallAnswer, Station
from earwitness.foreign.everywhere import EverySatellite
from earwitness.turn.workers import Workers
from tests.unit.foreign.test_attendance import household


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with Workers() as made:
        yield made


KITCHEN = Station(device_id="c" * 32, name="Ours", area="Kitchen")


@dataclass
class Ours:
    calls: list[tuple[str, str]] = field(default_factory=list)
    is_older: bool = False

    def stations(self) -> tuple[Station, ...]:
        return (KITCHEN,)

    def plain_ringers(self) -> tuple[Station, ...]:
        return (KITCHEN,) if self.is_older else ()

    def is_muted(self, device_id: str) -> bool | None:
        return None

    def wish_mute(self, device_id: str) -> bool:
        return False

    async def announce(self, text: str, *, area: str | None = None, but: str | None = None) -> Announcement:
        return Announcement(unconfirmed=(Station(device_id="c" * 32, name="Ours"),))

    def call(self, device_id: str, *, area: str) -> CallAnswer:
        self.calls.append((device_id, area))
        return CallAnswer.RINGING if area == "Den" else CallAnswer.NO_SATELLITE

    def answer(self, device_id: str) -> CallAnswer:
        return CallAnswer.NO_CALL

    def hang_up(self, device_id: str) -> CallAnswer:
        return CallAnswer.ENDED


async def test_both_are_told_and_both_answers_are_kept(workers: Workers) -> None:
    ours = Ours()
    async with household(workers) as here:
        peer = await here.box.next()
        await peer.until("run-satellite")
        both = EverySatellite(ours, here.attendance)
        told = await both.announce("Dinner.")
        assert [one.name for one in told.confirmed] == ["Hall Box"]
        assert [one.name for one in told.unconfirmed] == ["Ours"]
        assert (await both.announce("Dinner.", but="a" * 32)).confirmed == ()


async def test_an_alert_rings_plainly_where_one_of_its_satellites_is_older(workers: Workers) -> None:
    ours = Ours(is_older=True)
    async with household(workers) as here:
        await (await here.box.next()).until("run-satellite")
        await here.until(here.attendance.stations)
        both = EverySatellite(ours, here.attendance)
        assert both.rings_plainly(area="Kitchen") == both.rings_plainly() == both.rings_plainly(device_id="c" * 32) == (KITCHEN,)
        assert both.rings_plainly(area="hall") == (), "a Wyoming box plays what it is sent"
        ours.is_older = False
        assert both.rings_plainly() == ()


async def test_a_box_where_nobody_wants_to_be_disturbed_is_spared(workers: Workers) -> None:
    async with household(workers, is_quiet=lambda station: station.name == "Hall Box") as here:
        peer = await here.box.next()
        await peer.until("run-satellite")
        told = await EverySatellite(Ours(), here.attendance).announce("Dinner.")
        assert ([one.name for one in told.quiet], told.confirmed) == (["Hall Box"], ())


async def test_a_call_rings_at_ours_and_who_calls_another_make_is_told_so(workers: Workers) -> None:
    ours = Ours()
    async with household(workers) as here:
        peer = await here.box.next()
        await peer.until("run-satellite")
        both = EverySatellite(ours, here.attendance)
        await here.until(here.attendance.stations)
        assert both.call("c" * 32, area="Den") is CallAnswer.RINGING
        assert both.call("c" * 32, area="hall") is CallAnswer.NO_INTERCOM_THERE
        assert both.call("c" * 32, area="Attic") is CallAnswer.NO_SATELLITE
        assert both.call("a" * 32, area="Den") is CallAnswer.NO_INTERCOM_HERE
    assert [area for _, area in ours.calls] == ["Den", "hall", "Attic"]
