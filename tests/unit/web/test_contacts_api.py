"""Contacts by the API: whose they are decides who sees them; a child reads; files come in and go out."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from earwitness.domain.account import AccountEvent, AccountRole
from earwitness.domain.person import Person
from tests.houses_kept import PASSPHRASE, KeptHouse, kept_house

PATH = "/api/v1/contacts"
MUM = {"name": "Thomasina Quill", "addresses": [{"channel": "phone", "value": "+49 170 1234567", "label": "mobile"}]}


@dataclass
class Family:
    house: KeptHouse
    olga: Person
    kim: Person
    owner: TestClient
    adult: TestClient
    child: TestClient


@pytest.fixture
def family(tmp_path: Path) -> Iterator[Family]:
    with kept_house(tmp_path) as house:
        house.household.set_up(name="Villa", rooms=("den",), wake_words=("okay nabu",), acknowledged_version=1)
        olga = house.people.add("Olga", passphrase=PASSPHRASE)
        ben = house.people.add("Ben", passphrase=PASSPHRASE, role=AccountRole.ADULT)
        kim = house.people.add("Kim", passphrase=PASSPHRASE, role=AccountRole.CHILD, guardian_id=olga.person_id)
        yield Family(house, olga, kim, house.client(olga), house.client(ben), house.client(kim))


def names(client: TestClient) -> list[str]:
    return [one["name"] for one in client.get(PATH).json()["contacts"]]


def test_everybody_sees_theirs_the_households_and_their_childrens(family: Family) -> None:
    owner, adult, child = family.owner, family.adult, family.child
    mine = owner.post(PATH, json=MUM | {"owner_id": family.olga.person_id}).json()
    assert mine["addresses"][0]["value"] == "+491701234567"
    owner.post(PATH, json={"name": "Plumber"})
    kims = owner.post(PATH, json={"name": "Coach", "owner_id": family.kim.person_id}).json()
    assert names(owner) == ["Thomasina Quill", "Plumber", "Coach"]
    assert names(adult) == ["Plumber"]
    assert names(child) == ["Coach"]
    assert [one["name"] for one in owner.get(PATH).json()["owners"]] == ["Olga", "The whole household", "Kim"]
    assert not child.get(PATH).json()["may_change"]
    for one in (mine, kims):
        hidden = [
            adult.put(f"{PATH}/{one['contact_id']}", json={"name": "x", "revision": 1}),
            adult.delete(f"{PATH}/{one['contact_id']}"),
        ]
        assert {(each.status_code, each.json()["code"]) for each in hidden} == {(404, "contact.unknown")}
    assert adult.post(PATH, json={"name": "Spy", "owner_id": family.olga.person_id}).status_code == 404
    assert child.delete(f"{PATH}/{kims['contact_id']}").status_code == 403


def test_a_contact_is_changed_as_it_was_read_and_removed(family: Family) -> None:
    made = family.owner.post(PATH, json=MUM).json()
    path = f"{PATH}/{made['contact_id']}"
    fields = MUM | {"relations": [{"person_id": family.olga.person_id, "word": "Mum"}], "revision": made["revision"]}
    changed = family.adult.put(path, json=fields)
    assert changed.json()["relations"][0]["word"] == "mother"
    late = family.owner.put(path, json=fields)
    assert (late.status_code, late.json()["code"]) == (409, "contact.changed")
    wrong = family.owner.put(path, json=fields | {"addresses": [{"channel": "sip", "value": "nobody"}], "revision": 2})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "contact.invalid")
    assert family.owner.delete(path).status_code == 204
    assert names(family.owner) == []


def test_files_come_in_once_and_go_out_on_record(family: Family) -> None:
    text = (
        "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Jos\\, the\r\n  Baker\r\nTEL;TYPE=CELL:+49 170 1\r\nEND:VCARD\r\n"
        "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:\r\nEND:VCARD\r\n"
    )
    bring = {"params": {"whose": "household"}, "content": text.encode()}
    assert family.owner.post(f"{PATH}/file", **bring).json() == {"added": 1, "known": 0, "left_out": 1}  # type: ignore[arg-type]
    assert family.owner.post(f"{PATH}/file", **bring).json() == {"added": 0, "known": 1, "left_out": 1}  # type: ignore[arg-type]
    taken = family.owner.get(f"{PATH}/file", params={"whose": "household"})
    assert taken.headers["content-type"].startswith("text/vcard")
    assert "FN:Jos\\, the Baker\r\n" in taken.text
    log = family.house.people.accounts.entries(family.olga.person_id)
    assert AccountEvent.CONTACTS_TAKEN in [one.what for one in log]
    wrong = family.owner.post(f"{PATH}/file", params={"whose": "household"}, content=b"\xff" * 1000)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "contact.unreadable")
    assert family.adult.get(f"{PATH}/file", params={"whose": family.olga.person_id}).status_code == 404
