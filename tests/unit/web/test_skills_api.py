"""Skills by the API: what is here, and enabling what somebody else wrote, after reading what it may use."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from earwitness.domain.account import AccountEvent, AccountRole
from earwitness.links.skill_memory import SkillMemory
from earwitness.skills.outside.fence import fence_program
from earwitness.skills.outside.shelf import kept_as
from tests.houses_kept import PASSPHRASE, KeptHouse, kept_house
from tests.unit.skills.outside.tides import write_package

PATH = "/api/v1/skills"
BODY = 'return answered("high")'
MAY = "{network: [tides.example.org], home: read}"

pytestmark = pytest.mark.skipif(fence_program() is None, reason="bubblewrap is not installed: apt install bubblewrap")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[KeptHouse]:
    write_package(tmp_path / "packages", BODY, permissions=MAY)
    with kept_house(tmp_path) as made:
        made.household.set_up(name="Villa", rooms=("den",), wake_words=("okay nabu",), acknowledged_version=1)
        yield made


@pytest.fixture
def owner(house: KeptHouse) -> TestClient:
    return house.client(house.people.add("Olga", passphrase=PASSPHRASE))


def test_what_it_may_use_is_said_before_it_is_enabled(house: KeptHouse, owner: TestClient) -> None:
    shown = owner.get(PATH).json()
    tides = shown["others"][0]
    assert (tides["title"], tides["is_enabled"], tides["package"]) == ("Tides", False, "earwitness-tides")
    assert any("tides.example.org" in sentence for sentence in tides["may"])
    assert any("sees the names and states" in sentence for sentence in tides["may"])
    assert {"timers", "lights", "privacy"} <= {one["name"] for one in shown["own"]}


def test_it_is_enabled_as_it_was_read_and_logged_and_disabled(house: KeptHouse, owner: TestClient) -> None:
    digest = owner.get(PATH).json()["others"][0]["digest"]
    assert owner.put(f"{PATH}/tides", json={"digest": "0" * 64}).json()["code"] == "skill.changed"
    assert owner.put(f"{PATH}/tides", json={"digest": digest}).json()["is_enabled"]
    assert house.settled_skills[-1] == ["tides"]
    mine, others = (SkillMemory(house.database, skill=name) for name in (kept_as("tides"), "tides"))
    for memory in (mine, others):
        asyncio.run(memory.keep("last", "high at six"))
    assert owner.delete(f"{PATH}/tides").status_code == 204
    assert house.settled_skills[-1] == []
    assert (asyncio.run(mine.get("last")), asyncio.run(others.get("last"))) == (None, "high at six"), "its notes are forgotten"
    log = house.people.accounts.entries(house.people.named("Olga").person_id)
    found = [one.what for one in log if one.what in (AccountEvent.SKILL_ENABLED, AccountEvent.SKILL_DISABLED)]
    assert sorted(found) == [AccountEvent.SKILL_DISABLED, AccountEvent.SKILL_ENABLED]


def test_when_its_file_changes_it_is_off_until_it_is_read_again(house: KeptHouse, owner: TestClient, tmp_path: Path) -> None:
    digest = owner.get(PATH).json()["others"][0]["digest"]
    owner.put(f"{PATH}/tides", json={"digest": digest})
    write_package(tmp_path / "packages", BODY, permissions="{home: change}")
    tides = owner.get(PATH).json()["others"][0]
    assert (tides["is_enabled"], tides["has_changed"]) == (False, True)
    assert house.shelf.enabled() == []


def test_one_that_contradicts_another_or_cannot_be_read_says_so(house: KeptHouse, owner: TestClient, tmp_path: Path) -> None:
    folder = tmp_path / "packages"
    write_package(folder, BODY, name="shores")
    shown = owner.get(PATH).json()
    assert [one["name"] for one in shown["others"]] == ["tides"]
    assert "calls itself tides, its package shores" in shown["unreadable"][0]["reason"]
    own = folder / "earwitness_tides" / "skill.yaml"
    own.write_text(own.read_text().replace("NextTide", "HassTurnOn"))
    digest = owner.get(PATH).json()["others"][0]["digest"]
    answer = owner.put(f"{PATH}/tides", json={"digest": digest})
    assert (answer.status_code, answer.json()["code"]) == (409, "skill.invalid")


def test_only_an_owner_enables(house: KeptHouse, owner: TestClient) -> None:
    digest = owner.get(PATH).json()["others"][0]["digest"]
    adult = house.client(house.people.add("Ada", passphrase=PASSPHRASE, role=AccountRole.ADULT))
    assert adult.get(PATH).status_code == 200
    assert adult.put(f"{PATH}/tides", json={"digest": digest}).status_code == 403
    assert owner.put(f"{PATH}/nothing", json={"digest": digest}).json()["code"] == "skill.unknown"


def test_what_a_skill_keeps_is_shown_and_erased_by_owners(house: KeptHouse, owner: TestClient) -> None:
    mine, others = (SkillMemory(house.database, skill=name) for name in ("jokes", kept_as("tides")))
    asyncio.run(mine.keep("told", {"chicken": 3}))
    for name in ("last", "next"):
        asyncio.run(others.keep(name, f"{name} tide"))
    shown = owner.get(PATH).json()
    assert [one["name"] for one in shown["own"] if one["keeps"]] == ["jokes"]
    assert owner.get(f"{PATH}/jokes/notes").json() == {"notes": [{"name": "told", "value": {"chicken": 3}}]}
    assert owner.delete(f"{PATH}/tides/notes", params={"note": "last"}).status_code == 204
    assert [one["name"] for one in owner.get(f"{PATH}/tides/notes").json()["notes"]] == ["next"]
    assert owner.delete(f"{PATH}/tides/notes").status_code == 204
    assert (others.all(), mine.all()) == ({}, {"told": {"chicken": 3}})
    assert owner.get(f"{PATH}/nonsense/notes").json()["code"] == "skill.unknown"
    ben = house.client(house.people.add("Ben", passphrase=PASSPHRASE, role=AccountRole.ADULT))
    assert ben.get(f"{PATH}/jokes/notes").status_code == 403
