"""Wishes not to be disturbed, on SQLite and PostgreSQL: one per place, over at their time, and still there after a restart."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from earwitness.domain.quiet import Quiet
from earwitness.links.quiet import Quiets
from earwitness.storage.database import Database

NOW = datetime(2026, 11, 24, 15, 7, tzinfo=UTC)


@pytest.fixture
def at() -> list[datetime]:
    return [NOW]


@pytest.fixture
def quiets(household_place: Path | str, at: list[datetime]) -> Iterator[Quiets]:
    database = Database(household_place, chain="household")
    yield Quiets(database, clock=lambda: at[0])
    database.close()


def test_it_holds_where_and_as_long_as_it_was_wished(quiets: Quiets, at: list[datetime], household_place: Path | str) -> None:
    quiets.begin(Quiet(area="Kitchen", until=NOW + timedelta(hours=2)))
    quiets.begin(Quiet(device_id="lamp"))
    assert quiets.is_at(area="kitchen", device_id="any satellite there")
    assert quiets.is_at(area=None, device_id="lamp")
    assert not quiets.is_at(area="Den", device_id="other")
    assert not quiets.is_at(area="kitchen", device_id=None), "a page is in no room"
    again = Database(household_place, chain="household")
    assert Quiets(again, clock=lambda: at[0]).in_force() == quiets.in_force(), "a restart keeps it"
    again.close()
    at[0] = NOW + timedelta(hours=2)
    assert not quiets.is_at(area="kitchen", device_id="any satellite there")
    assert quiets.in_force() == (Quiet(device_id="lamp"),)


def test_a_place_has_one_wish_and_the_house_ends_all(quiets: Quiets) -> None:
    quiets.begin(Quiet(area="Kitchen"))
    quiets.begin(Quiet(area="KITCHEN", until=NOW + timedelta(hours=1)))
    assert quiets.in_force() == (Quiet(area="kitchen", until=NOW + timedelta(hours=1)),)
    quiets.begin(Quiet(until=NOW + timedelta(hours=3)))
    found = quiets.at(area="Kitchen", device_id="k")
    assert found is not None
    assert found.until == NOW + timedelta(hours=3), "what lasts longest is told"
    assert not quiets.end(Quiet(area="Den"))
    assert quiets.end(Quiet())
    assert not quiets.end(Quiet())
    assert quiets.in_force() == ()


def test_a_room_under_a_new_name_keeps_its_wish(quiets: Quiets) -> None:
    quiets.begin(Quiet(area="Den"))
    quiets.move("Den", called="Office")
    quiets.move("Hall", called="Lobby")
    assert quiets.in_force() == (Quiet(area="office"),)
