"""The last calls by the API: each person sees what came in and what they placed, and forgets just that."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from earwitness.domain.call import OutsideCall
from tests.houses_kept import PASSPHRASE, KeptHouse, kept_house
from tests.outside_kept import TELEPHONES
from tests.unit.skills.houses import NOW

PATH = "/api/v1/calls"
MISSED = OutsideCall(
    who="the number 1 2", address="12", is_incoming=True, was_answered=False, was_missed=True, at=NOW, call_id="a"
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[KeptHouse]:
    with kept_house(tmp_path) as made:
        made.household.set_up(name="Villa", rooms=("den",), wake_words=("okay nabu",), acknowledged_version=1)
        yield made
    TELEPHONES.calls.clear()


def test_everybody_sees_what_came_in_and_what_they_placed(house: KeptHouse) -> None:
    olga, tim = (house.people.add(name, passphrase=PASSPHRASE) for name in ("Olga", "Tim"))
    spoken = replace(MISSED, is_incoming=False, was_missed=False, was_answered=True, who="Dad", call_id="c")
    placed = replace(spoken, who="Mum", person_id=tim.person_id, call_id="b")
    TELEPHONES.calls[:] = [MISSED, placed, spoken]
    owner, other = house.client(olga), house.client(tim)
    assert [one["id"] for one in owner.get(PATH).json()["calls"]] == ["a", "c"]
    found = other.get(PATH).json()
    assert ([one["who"] for one in found["calls"]], found["missed"]) == (["the number 1 2", "Mum", "Dad"], 1)
    assert owner.delete(PATH).json() == {"calls": [], "missed": 0}
    assert [one["who"] for one in other.get(PATH).json()["calls"]] == ["Mum"]
