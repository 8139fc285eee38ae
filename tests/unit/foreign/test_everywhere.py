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


@dataclass
class Ours:
    calls: list[tuple[str, str]] = field(default_factory=list)

    async def announce(self, text: str, *, area: str | None = None, but: str | None = None) -> Announcement:
        return Announcement(unconfirmed=(Station(device_id="c" * 32, name="Ours"),))

    def call(self, device_id: str, *, area: str) -> CallAnswer:
        self.calls.append((device_id, area))
        return CallAnswer.RINGING

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
        assert both.call("c" * 32, area="Hall") is CallAnswer.RINGING
    assert ours.calls == [("c" * 32, "Hall")]
