"""What leaves this house, by the API: set up by whoever runs it, shown without a secret, on record."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from earwitness.domain.account import AccountEvent
from tests.houses_kept import PASSPHRASE, KeptHouse, kept_house

PATH = "/api/v1/links"
LINK = {
    "kind": "strange",
    "name": "Player",
    "options": {"host": "player.example"},
    "secrets": {"password": "zanzibar marmalade"},
}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[KeptHouse]:
    with kept_house(tmp_path) as made:
        made.household.set_up(name="Villa", rooms=("den",), wake_words=("okay nabu",), acknowledged_version=1)
        yield made


@pytest.fixture
def owner(house: KeptHouse) -> TestClient:
    return house.client(house.people.add("Olga", passphrase=PASSPHRASE))


def test_a_new_house_tells_only_what_its_settings_let_out_and_what_could_be_added(owner: TestClient) -> None:
    found = owner.get(PATH).json()
    assert found["links"] == []
    assert [one["title"] for one in found["fixed"]] == ["Witnesses"]
    (kind,) = found["kinds"]
    assert [(one["name"], one["kind"], one["is_needed"]) for one in kind["options"]] == [
        ("host", "text", True),
        ("port", "number", False),
        ("way", "choice", False),
        ("rooms", "lines", False),
    ]
    assert kind["options"][2]["choices"] == ["loud", "soft"]
    assert [one["name"] for one in kind["secrets"]] == ["password", "token"]


def test_a_link_is_added_changed_and_removed_on_record_and_no_answer_has_its_secret(house: KeptHouse, owner: TestClient) -> None:
    answers = [owner.post(PATH, json=LINK)]
    made = answers[0].json()
    assert (answers[0].status_code, made["title"], made["options"]["port"]) == (201, "Strange", 4711)
    assert list(made["secrets_set"]) == ["password"]
    assert [one["host"] for one in made["outgoing"]] == ["player.example:4711"]
    path = f"{PATH}/{made['link_id']}"
    answers.append(owner.patch(path, json={"name": "Radio", "is_on": False}))
    assert (answers[-1].json()["name"], answers[-1].json()["status"]["state"]) == ("Radio", "off")
    answers.append(owner.patch(path, json={"secrets": {"token": "zanzibar marmalade"}}))
    assert set(answers[-1].json()["secrets_set"]) == {"password", "token"}
    answers += [owner.post(f"{path}/test"), owner.get(PATH)]
    assert answers[-1].json()["links"][0]["name"] == "Radio"
    assert owner.delete(path).status_code == 204
    assert owner.get(PATH).json()["links"] == []
    assert not [one for one in answers if "zanzibar" in one.text]
    log = house.people.accounts.entries(house.people.named("Olga").person_id)
    told = [(one.what, one.detail) for one in reversed(log) if one.what.value.startswith("link_")]
    assert told == [
        (AccountEvent.LINK_ADDED, "Player"),
        (AccountEvent.LINK_CHANGED, "Radio"),
        (AccountEvent.LINK_CHANGED, "Radio"),
        (AccountEvent.LINK_REMOVED, "Radio"),
    ]


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"kind": "carrier pigeon"}, 404, "link.unknown"),
        ({"options": {}}, 422, "link.invalid"),
        ({"options": {"host": "a", "port": 0}}, 422, "link.invalid"),
        ({"options": {"host": ["a"]}}, 422, "link.invalid"),
        ({"secrets": {}}, 422, "link.invalid"),
        ({"secrets": {"pin": "1"}}, 422, "link.invalid"),
        ({"name": " "}, 422, "link.invalid"),
    ],
)
def test_what_cannot_be_set_up_says_why(owner: TestClient, given: dict[str, object], status: int, code: str) -> None:
    answer = owner.post(PATH, json=LINK | given)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "marmalade" not in answer.text


def test_what_is_not_there_is_not_found(owner: TestClient) -> None:
    path = f"{PATH}/{'0' * 32}"
    answers = [owner.patch(path, json={"name": "x"}), owner.delete(path), owner.post(f"{path}/test")]
    assert {(one.status_code, one.json()["code"]) for one in answers} == {(404, "link.unknown")}
    owner.post(PATH, json=LINK)
    again = owner.post(PATH, json=LINK)
    assert (again.status_code, again.json()["code"]) == (409, "link.exists")
