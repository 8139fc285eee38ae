"""The API of whoever leads review: a second factor, aliases and counts alone, nobody restores themselves."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from earwitness.domain.account import AccountRole, SignInWay
from earwitness.domain.person import Person
from earwitness.review.guidelines import first
from earwitness.storage import database
from tests.houses_kept import PASSPHRASE, KeptHouse, kept_house

LEAD = "/api/v1/review/lead"
GOLD: dict[str, Any] = {
    "transcript": "turn of the ▇▇▇ lamp",
    "intent": "HassTurnOn",
    "right": {"transcript": "turn off the ▇▇▇ lamp", "intent": "HassTurnOff", "slots": {}, "labels": []},
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeptHouse]:
    patch = pytest.MonkeyPatch()
    patch.setattr(database, "BUSY_SECONDS", 0.2)
    with patch.context(), kept_house(Path(tmp_path_factory.mktemp("house"))) as made:
        made.household.set_up(name="Villa", rooms=("den",), wake_words=("okay nabu",), acknowledged_version=1)
        made.enrolled("Otto", keeps=None)
        yield made


@pytest.fixture(scope="module")
def lea(house: KeptHouse) -> Person:
    return house.people.add("Lea", passphrase=PASSPHRASE, role=AccountRole.LEAD)


@pytest.fixture(scope="module")
def client(house: KeptHouse, lea: Person) -> TestClient:
    return signed_in(house, lea, way=SignInWay.PASSKEY)


def signed_in(house: KeptHouse, person: Person, *, way: SignInWay) -> TestClient:
    made = house.client()
    made.cookies.set("earwitness-person", house.people.accounts.let_in(person, way=way).token, domain="127.0.0.1")
    return made


def test_without_a_second_factor_nothing_is_led(house: KeptHouse, lea: Person) -> None:
    weak = signed_in(house, lea, way=SignInWay.PASSPHRASE)
    for path in ("quality", "disputes", "golds", "guidelines", "conduct"):
        answer = weak.get(f"{LEAD}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (403, "review.second_factor")


def test_gold_tasks_are_made_and_retired_and_nothing_is_kept_by_whoever_asks(client: TestClient, lea: Person) -> None:
    made = client.post(f"{LEAD}/golds", json=GOLD)
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    assert (made.json()["made_by"], made.json()["right"]["intent"]) == (lea.alias, "HassTurnOff")
    assert client.delete(f"{LEAD}/golds/{made.json()['gold_id']}").status_code == 204
    assert [one["is_retired"] for one in client.get(f"{LEAD}/golds").json()] == [True]
    assert client.post(f"{LEAD}/golds", json={**GOLD, "right": {"transcript": "x" * 1001}}).status_code == 422


def test_a_version_of_the_guidelines_needs_a_pool_of_questions(client: TestClient, house: KeptHouse) -> None:
    (current,) = client.get(f"{LEAD}/guidelines").json()
    assert (current["version"], current["made_at"], len(current["questions"])) == (1, None, len(first().questions))
    new = {"sections": current["sections"], "questions": current["questions"]}
    assert client.post(f"{LEAD}/guidelines", json={**new, "questions": new["questions"][:7]}).status_code == 422
    assert client.post(f"{LEAD}/guidelines", json=new).json()["version"] == 2
    assert house.review.desk.guidelines.number() == 2


def test_nobody_restores_themselves_or_whoever_is_not_suspended(client: TestClient, house: KeptHouse, lea: Person) -> None:
    desk = house.review.desk
    path, why = f"{LEAD}/conduct/{{}}/restoration", {"why": "It was a mistake of ours."}
    assert client.post(path.format("calm-otter-2222"), json=why).status_code == 404
    desk.suspend("calm-otter-2222", reason="for the test")
    assert client.post(path.format("calm-otter-2222"), json={"why": " "}).status_code == 422
    assert client.post(path.format("calm-otter-2222"), json=why).status_code == 204
    (told,) = client.get(f"{LEAD}/conduct").json()
    assert (told["reviewer"], told["ended_by"], told["ended_why"]) == ("calm-otter-2222", lea.alias, why["why"])
    desk.suspend(lea.alias, reason="for the test")
    refused = client.post(path.format(lea.alias), json=why)
    assert (refused.status_code, refused.json()["code"]) == (409, "review.second_person")
    desk.reviewers.restore(lea.alias, by="test", why="")


def test_a_suspended_lead_learns_no_answer_and_changes_nothing(client: TestClient, house: KeptHouse, lea: Person) -> None:
    """Gold tasks tell which are canaries, and the guidelines the answers of the test that everybody passes."""
    made, new = client.post(f"{LEAD}/golds", json=GOLD).json(), client.get(f"{LEAD}/guidelines").json()[0]
    body = {"sections": new["sections"], "questions": new["questions"]}
    house.review.desk.suspend(lea.alias, reason="for the test")
    for answer in (
        client.get(f"{LEAD}/golds"),
        client.get(f"{LEAD}/guidelines"),
        client.post(f"{LEAD}/golds", json=GOLD),
        client.delete(f"{LEAD}/golds/{made['gold_id']}"),
        client.post(f"{LEAD}/guidelines", json=body),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "review.suspended")
    assert client.get(f"{LEAD}/conduct").status_code == 200, "what they are suspended for they may read"
    house.review.desk.reviewers.restore(lea.alias, by="test", why="")
    assert client.delete(f"{LEAD}/golds/{made['gold_id']}").status_code == 204
