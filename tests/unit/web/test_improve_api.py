"""The API of learning: the evidence without a word, one click to use and to take back, and what learned from oneself."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from earwitness.domain.person import Person
from tests.houses_kept import KeptHouse, kept_house
from tests.improving import improver, judged_house

API = "/api/v1"


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Person]]:
    """The folder of a house with one version that may be used: made once, copied for each test."""
    folder = tmp_path_factory.mktemp("learned")
    with kept_house(folder) as made:
        people = judged_house(made, heard="turn on the zymurgy")
        loop = improver(made)
        loop.sets.make()
        loop.measure(loop.learn(loop.register()))
    return folder, people


@pytest.fixture
def house(learned: tuple[Path, list[Person]], tmp_path: Path) -> Iterator[KeptHouse]:
    with kept_house(Path(shutil.copytree(learned[0], tmp_path / "house"))) as made:
        made.improver = improver
        yield made


def test_an_owner_sees_the_evidence_and_uses_it_with_one_click(house: KeptHouse, learned: tuple[Path, list[Person]]) -> None:
    owner = house.client(house.people.named("Anna"))
    answer = owner.get(f"{API}/improve")
    assert "zymurgy" not in answer.text
    assert answer.json()["versions"][0]["report"]["wins"]
    assert "HassTurnOn" not in answer.text, "not what others asked for, either"
    (version,) = answer.json()["versions"]
    assert version["state"] == "measured"
    assert version["report"]["sentence"].startswith("It understood 0 of 8 judged requests before, 8 now")
    tried = owner.post(f"{API}/improve/models/{version['model']}/promotion", json={"share": 0.1}).json()
    assert (tried["state"], tried["share"]) == ("trial", 0.1)
    used = owner.post(f"{API}/improve/models/{version['model']}/promotion", json={"share": 1}).json()
    assert used["state"] == "in_use"
    taken = owner.post(f"{API}/improve/rollback", json={}).json()
    assert taken["state"] == "taken_back"
    assert len(house.refreshed) == 3
    assert {entry["by"] for entry in house.entries("improve.promoted")} == {house.people.named("Anna").alias}
    again = owner.post(f"{API}/improve/rollback", json={})
    assert (again.status_code, again.json()["code"]) == (409, "improve.not_due")


def test_everybody_sees_what_learned_from_them(house: KeptHouse, learned: tuple[Path, list[Person]]) -> None:
    counts = [
        sum(one["recordings"] for one in house.client(person).get(f"{API}/me/models").json()["versions"]) for person in learned[1]
    ]
    assert sorted(counts) == [0, 0, 4, 4, 4, 4], "of those who measured, nothing was learned"


def test_what_is_no_share_and_no_version_is_refused(house: KeptHouse) -> None:
    owner = house.client(house.people.named("Anna"))
    assert owner.post(f"{API}/improve/models/{'0' * 32}/promotion", json={"share": 0.5}).status_code == 404
    for share in (0, 1.1, -1, "all"):
        assert owner.post(f"{API}/improve/models/{'0' * 32}/promotion", json={"share": share}).status_code == 422
