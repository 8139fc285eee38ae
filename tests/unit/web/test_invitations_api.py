"""Invitations by the API: made by those who run the home, opened by a stranger with the code, once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from earwitness.domain.account import AccountEvent, AccountRole
from earwitness.domain.person import Person
from tests.houses_kept import PASSPHRASE, KeptHouse, kept_house

FAR = "192.0.2.7"
OPEN, MADE = "/api/v1/invitation", "/api/v1/invitations"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[KeptHouse]:
    with kept_house(tmp_path) as made:
        made.household.set_up(name="Villa", acknowledged_version=1)
        yield made


@pytest.fixture
def owner(house: KeptHouse) -> Person:
    return house.people.add("Olga", passphrase=PASSPHRASE)


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def test_a_stranger_with_the_link_becomes_somebody_and_is_signed_in(house: KeptHouse, owner: Person) -> None:
    made = house.client(owner).post(MADE, json={"role": "guest", "note": "Grandma", "hours": 24})
    assert made.status_code == 201
    link = urlsplit(made.json()["link"])
    assert (link.path, link.fragment) == ("/invitation", made.json()["code"])
    assert made.json()["only_here"] is True
    assert made.json()["qr"].startswith("data:image/svg+xml")
    listed = house.client(owner).get(MADE)
    assert [one["note"] for one in listed.json()["invitations"]] == ["Grandma"]
    assert made.json()["code"] not in listed.text

    stranger = house.client(address=FAR)
    code = {"code": link.fragment}
    seen = stranger.post(OPEN, json=code).json()
    assert (seen["home"], seen["by"], seen["role"]) == ("Villa", "Olga", "guest")
    weak = code | {"name": "Greta", "passphrase": "greta greta greta greta"}
    assert stranger.post(f"{OPEN}/passphrase", json=weak).json()["good"] is False
    assert code_of(stranger.put(OPEN, json=weak)) == (422, "person.weak")
    answer = stranger.put(OPEN, json=code | {"name": "Greta", "passphrase": PASSPHRASE})
    assert (answer.status_code, answer.json()) == (201, {"name": "Greta", "role": "guest"})
    assert stranger.get("/api/v1/me").json()["person"]["role"] == "guest"
    assert code_of(house.client(address=FAR).post(OPEN, json=code)) == (401, "access.wrong")
    assert house.client(owner).get(MADE).json() == {"invitations": []}
    log = house.people.accounts.entries(owner.person_id)
    used = next(one for one in log if one.what is AccountEvent.INVITATION_USED)
    assert (used.detail, used.address) == ("Greta", FAR)


def test_one_that_was_taken_back_opens_nothing(house: KeptHouse, owner: Person) -> None:
    client = house.client(owner)
    made = client.post(MADE, json={}).json()
    assert made["invitation"]["role"] == "adult"
    assert client.delete(f"{MADE}/{made['invitation']['id']}").status_code == 204
    assert code_of(client.delete(f"{MADE}/{made['invitation']['id']}")) == (404, "person.unknown")
    stranger, code = house.client(address=FAR), {"code": made["code"]}
    given = code | {"name": "Mallory", "passphrase": PASSPHRASE}
    for answer in (
        stranger.post(OPEN, json=code),
        stranger.post(f"{OPEN}/passphrase", json=given),
        stranger.post(f"{OPEN}/passkey", json=code | {"name": "Mallory"}),
        stranger.put(OPEN, json=given),
    ):
        assert code_of(answer) == (401, "access.wrong")
    assert house.people.all() == (owner,)


def test_who_runs_the_machine_invites_no_owner(house: KeptHouse, owner: Person) -> None:
    runs_it = house.people.add("Ada", passphrase=PASSPHRASE, role=AccountRole.ADMINISTRATOR)
    client = house.client(runs_it)
    assert code_of(client.post(MADE, json={"role": "owner"})) == (403, "access.refused")
    assert client.post(MADE, json={"role": "adult"}).status_code == 201


def test_a_code_with_a_false_passkey_is_good_still(house: KeptHouse, owner: Person) -> None:
    code = {"code": house.client(owner).post(MADE, json={}).json()["code"]}
    stranger = house.client(address=FAR)
    begun = stranger.post(f"{OPEN}/passkey", json=code | {"name": "Pia"}).json()
    assert begun["options"]["user"]["name"] == "Pia"
    false = code | {"name": "Pia", "passkey": {"ceremony": begun["ceremony"], "credential": {"id": "x"}}}
    assert code_of(stranger.put(OPEN, json=false)) == (401, "access.wrong")
    assert code_of(stranger.put(OPEN, json=code | {"name": "Pia"})) == (422, "person.invalid")
    assert stranger.put(OPEN, json=code | {"name": "Pia", "passphrase": PASSPHRASE}).status_code == 201
