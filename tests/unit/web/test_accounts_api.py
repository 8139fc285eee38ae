"""The API of accounts: what owners and administrators may do to whom, what guardians decide, and one's own sign-ins and codes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest

from earwitness.domain.account import AccountRole, Scope
from tests.houses_kept import PASSPHRASE, PERSON_COOKIES, KeptHouse, kept_house

ME, PEOPLE = "/api/v1/me", "/api/v1/people"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[KeptHouse]:
    with kept_house(tmp_path) as made:
        made.enrolled("Olga", keeps=None)
        yield made


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def test_an_administrator_cannot_take_the_home_over(house: KeptHouse) -> None:
    owner = house.people.named("Olga")
    made = house.people.add("Root", passphrase=PASSPHRASE, role=AccountRole.ADMINISTRATOR)
    client = house.client(made)
    account = {"name": "Mallory", "passphrase": PASSPHRASE}
    assert code_of(client.post(PEOPLE, json=account | {"role": "owner"})) == (403, "access.refused")
    for change in ({"role": "adult"}, {"suspended": True}):
        assert code_of(client.patch(f"{PEOPLE}/{owner.person_id}", json=change)) == (403, "access.refused")
    assert code_of(client.delete(f"{PEOPLE}/{owner.person_id}")) == (403, "access.refused")
    assert code_of(client.delete(f"{PEOPLE}/{owner.person_id}/sign-ins")) == (403, "access.refused")
    assert code_of(client.patch(f"{PEOPLE}/{made.person_id}", json={"role": "owner"})) == (403, "access.refused")
    assert client.post(PEOPLE, json=account).status_code == 201
    assert house.people.named("Olga").role is AccountRole.OWNER


def test_an_administrator_invites_no_owner_and_enables_no_skill(house: KeptHouse) -> None:
    client = house.client(house.people.add("Root", passphrase=PASSPHRASE, role=AccountRole.ADMINISTRATOR))
    assert code_of(client.post("/api/v1/invitations", json={"role": "owner"})) == (403, "access.refused")
    assert client.post("/api/v1/invitations", json={"role": "adult"}).status_code == 201
    assert code_of(client.put("/api/v1/skills/tides", json={"digest": "0" * 64})) == (403, "access.refused")
    assert client.delete("/api/v1/skills/tides").status_code == 204, "off is safe"


def test_microphones_come_and_go_by_who_has_just_shown_who_they_are_or_by_a_token(house: KeptHouse) -> None:
    owner = house.people.named("Olga")
    client, program = house.client(owner), house.client()
    _, secret = house.people.accounts.make_token(owner, "Pairing", scopes=frozenset({Scope.DEVICES}))
    program.headers["authorization"] = f"Bearer {secret}"
    house.clock.advance(minutes=11)
    foreign = {"kind": "wyoming", "name": "Shelf", "place": "192.0.2.4:10700"}
    assert code_of(client.post("/api/v1/devices/foreign", json=foreign)) == (403, "access.confirm")
    answer = client.post("/api/v1/devices/pairing/confirmation", json={"code": "123456", "name": "Shelf"})
    assert code_of(answer) == (403, "access.confirm")
    assert client.post("/api/v1/devices/pairing").status_code == 200, "opening lets nothing in yet"
    made = program.post("/api/v1/devices/foreign", json=foreign)
    assert made.status_code == 201
    address = f"/api/v1/devices/{made.json()['device_id']}"
    assert code_of(client.delete(address)) == (403, "access.confirm")
    assert client.post(f"{ME}/confirmation", json={"passphrase": PASSPHRASE}).status_code == 204
    assert client.delete(address).status_code == 200


def test_the_only_owner_stays(house: KeptHouse) -> None:
    owner = house.people.named("Olga")
    house.enrolled("Ben")
    client = house.client(owner)
    assert client.patch(f"{PEOPLE}/{owner.person_id}", json={"role": "adult"}).json()["code"] == "person.last_owner"
    assert client.patch(f"{PEOPLE}/{owner.person_id}", json={"suspended": True}).json()["code"] == "person.last_owner"
    assert client.delete(ME).json()["code"] == "person.last_owner"
    assert client.delete(f"{PEOPLE}/{owner.person_id}").json()["code"] == "person.last_owner"


def test_a_guardian_decides_for_their_child_and_for_no_other(house: KeptHouse) -> None:
    owner, ben = house.people.named("Olga"), house.enrolled("Ben", keeps=None)
    kim = house.people.add("Kim", passphrase=PASSPHRASE, role=AccountRole.CHILD, guardian_id=ben.person_id)
    guardian, other, child = house.client(ben), house.client(owner), house.client(kim)
    way = f"/api/v1/wards/{kim.person_id}/consents/keep"
    assert code_of(child.put(f"{ME}/consents/keep", json={"given": True})) == (403, "consent.refused")
    assert code_of(other.put(way, json={"given": True})) == (404, "person.unknown")
    assert other.get("/api/v1/wards").json() == {"wards": []}
    assert guardian.put(way, json={"given": True, "retention": "day"}).json()["keeping"]["said"] == "a day"
    assert [ward["person"]["name"] for ward in guardian.get("/api/v1/wards").json()["wards"]] == ["Kim"]
    assert child.put(f"{ME}/consents/keep", json={"given": False}).json()["keeping"] is None, "no can always be said"


def test_a_role_that_is_taken_away_takes_effect_at_once(house: KeptHouse) -> None:
    ben = house.enrolled("Ben")
    client, owner = house.client(ben), house.client(house.people.named("Olga"))
    assert client.get("/api/v1/history").status_code == 200
    assert owner.patch(f"{PEOPLE}/{ben.person_id}", json={"role": "guest"}).json()["role"] == "guest"
    assert code_of(client.get("/api/v1/history")) == (401, "access.not_signed_in")
    again = house.client(ben)
    assert code_of(again.get("/api/v1/history")) == (403, "access.refused")
    assert again.get("/api/v1/home").status_code == 200


def test_a_stolen_sign_in_is_seen_and_ended(house: KeptHouse) -> None:
    owner = house.people.named("Olga")
    here, thief = house.client(owner), house.client(owner, address="192.0.2.66")
    thief.get(ME, headers={"user-agent": "curl/8"})
    places = here.get(f"{ME}/sign-ins").json()["sign_ins"]
    assert [place["here"] for place in places].count(True) == 1
    (other,) = [place for place in places if not place["here"]]
    assert here.delete(f"{ME}/sign-ins/{other['id']}").status_code == 204
    assert code_of(thief.get(ME)) == (401, "access.not_signed_in")
    assert code_of(here.delete(f"{ME}/sign-ins/{other['id']}")) == (404, "person.unknown")
    assert here.get(f"{ME}/log").json()["entries"][0]["what"] == "signed_out_one"


def test_confirming_gives_a_new_cookie_and_the_old_one_is_worth_nothing(house: KeptHouse) -> None:
    client = house.client(house.people.named("Olga"))
    old = client.cookies[PERSON_COOKIES[False]]
    house.clock.advance(minutes=11)
    assert code_of(client.put(f"{ME}/passphrase", json={"passphrase": "x"})) == (403, "access.confirm")
    assert client.post(f"{ME}/confirmation", json={"passphrase": PASSPHRASE}).status_code == 204
    assert client.put(f"{ME}/passphrase", json={"passphrase": "marble canoe thistle 9 lanterns"}).status_code == 204
    stale = house.client()
    stale.cookies.set(PERSON_COOKIES[False], old, domain="127.0.0.1")
    assert code_of(stale.get(ME)) == (401, "access.not_signed_in")


def test_codes_are_asked_for_once_they_are_on(house: KeptHouse) -> None:
    client = house.client(house.people.named("Olga"))
    begun = client.post(f"{ME}/code").json()
    assert begun["qr"].startswith("data:image/svg+xml")
    totp = pyotp.TOTP(begun["secret"])
    codes = client.put(f"{ME}/code", json={"code": totp.at(house.clock())}).json()["recovery_codes"]
    assert len(codes) == 10
    stranger = house.client()
    assert code_of(house.sign_in(stranger, "Olga")) == (401, "access.code_needed")
    given = {"name": "Olga", "passphrase": PASSPHRASE, "code": codes[0]}
    assert stranger.post("/api/v1/sign-in", json=given).status_code == 200
    assert code_of(house.client().post("/api/v1/sign-in", json=given)) == (403, "access.wrong_code"), "each works once"
    assert client.get(f"{ME}/security").json()["recovery_left"] == 9


def test_without_the_key_a_code_is_refused_and_a_recovery_code_lets_in(house: KeptHouse) -> None:
    olga = house.people.named("Olga")
    client, stranger = house.client(olga), house.client()
    totp = pyotp.TOTP(client.post(f"{ME}/code").json()["secret"])
    codes = client.put(f"{ME}/code", json={"code": totp.at(house.clock())}).json()["recovery_codes"]
    house.clock.advance(minutes=1)
    house.vault.safe.discard(f"account/{olga.person_id}")
    given = {"name": "Olga", "passphrase": PASSPHRASE, "code": totp.at(house.clock())}
    refused = stranger.post("/api/v1/sign-in", json=given)
    assert code_of(refused) == (503, "access.no_key")
    assert "set-cookie" not in refused.headers
    assert code_of(client.post(f"{ME}/confirmation", json={"passphrase": PASSPHRASE, "code": given["code"]})) == (
        503,
        "access.no_key",
    )
    assert stranger.post("/api/v1/sign-in", json=given | {"code": codes[0]}).status_code == 200


def test_the_log_comes_page_by_page(house: KeptHouse) -> None:
    client = house.client(house.people.named("Olga"))
    for _ in range(5):
        house.sign_in(house.client(), "Olga")
    first = client.get(f"{ME}/log", params={"limit": 4}).json()
    second = client.get(f"{ME}/log", params={"limit": 4, "before": first["next_before"]}).json()
    numbers = [entry["number"] for entry in first["entries"] + second["entries"]]
    assert numbers == sorted(set(numbers), reverse=True)
    assert second["next_before"] is None
    assert second["entries"][-1]["what"] == "created"


def test_a_token_is_shown_once_and_ends_when_its_owner_says_so(house: KeptHouse) -> None:
    client = house.client(house.people.named("Olga"))
    made = client.post(f"{ME}/tokens", json={"name": "Display", "scopes": ["home"]}).json()
    assert made["secret"] not in client.get(f"{ME}/tokens").text
    bearer = {"authorization": f"Bearer {made['secret']}"}
    program = house.client()
    assert program.get("/api/v1/home", headers=bearer).status_code == 200
    assert code_of(program.get(f"{ME}/tokens", headers=bearer)) == (403, "access.refused")
    assert client.delete(f"{ME}/tokens/{made['token']['id']}").status_code == 204
    assert code_of(program.get("/api/v1/home", headers=bearer)) == (401, "access.not_signed_in")
