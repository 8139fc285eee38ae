"""The API of legal demands: a case from the paper to its answer, and what the person is told; each for whose it is alone."""

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from starlette.testclient import TestClient

from earwitness.domain.account import AccountRole
from earwitness.domain.person import Person
from earwitness.storage import database
from tests.demands_kept import demanded_house
from tests.houses_kept import PASSPHRASE, KeptHouse, kept_house

DEMANDS, MINE = "/api/v1/demands", "/api/v1/me/demands"
PAPER = b"%PDF a warrant"
DIGEST = hashlib.sha256(PAPER).hexdigest()


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeptHouse]:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    with kept_house(tmp_path) as made:
        made.household.set_up(name="Villa", rooms=("den",), wake_words=("okay nabu",), acknowledged_version=1)
        yield made


@pytest.fixture
def anna(house: KeptHouse) -> Person:
    """Of whom two turns are kept; the first of all, so an owner."""
    person = house.enrolled("Anna")
    for _ in range(2):
        house.keep(person, at=house.clock() - timedelta(hours=1))
    return person


@pytest.fixture
def counsel(house: KeptHouse, anna: Person) -> TestClient:
    return house.client(house.people.add("Cleo", passphrase=PASSPHRASE, role=AccountRole.COUNSEL))


@pytest.fixture
def officer(house: KeptHouse, anna: Person) -> TestClient:
    return house.client(house.people.add("Paul", passphrase=PASSPHRASE, role=AccountRole.PRIVACY_OFFICER))


def intake(house: KeptHouse, **more: object) -> dict[str, Any]:
    """A warrant about Anna's words of the last two days."""
    now = house.clock()
    return {
        "kind": "warrant",
        "authority": {"name": "District Court", "kind": "court", "jurisdiction": "xx"},
        "names": ["Anna"],
        "since": (now - timedelta(days=2)).isoformat(),
        "until": now.isoformat(),
        "categories": ["words", "turns"],
        "issued_at": (now - timedelta(days=1)).isoformat(),
        "document": base64.b64encode(PAPER).decode(),
        **more,
    }


def taken_in(house: KeptHouse, client: TestClient, **more: object) -> dict[str, Any]:
    answer = client.post(DEMANDS, json=intake(house, **more))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def take(client: TestClient, case: dict[str, Any], kind: str, *, status: int = 200, **more: object) -> dict[str, Any]:
    """The case after a step."""
    answer = client.post(f"{DEMANDS}/{case['demand_id']}/steps", json={"kind": kind, "reason": "As the rules say.", **more})
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found["case"] if status == 200 else found


def test_a_demand_is_taken_in_with_its_paper_and_shows_what_it_would_disclose(house: KeptHouse, counsel: TestClient) -> None:
    case = taken_in(house, counsel, is_all_data=True, has_unnamed_others=True, reason="By post.")
    assert (case["state"], case["document_sha256"], case["scope"]["people"]) == ("received", DIGEST, ["Anna"])
    assert len(case["assessment"]["findings"]) >= 2
    assert case["assessment"]["asked"]["counts"]["words"] == 2
    assert case["steps"][0]["reason"] == "By post."
    listed = counsel.get(DEMANDS).json()
    assert (listed["office"], [one["demand_id"] for one in listed["cases"]]) == ("counsel", [case["demand_id"]])
    paper = counsel.get(f"{DEMANDS}/{case['demand_id']}/document")
    assert (paper.content, paper.headers["cache-control"]) == (PAPER, "no-store")
    (entry,) = house.entries("demand.received")
    assert (entry["document"], "District Court" in str(entry), "Anna" in str(entry)) == (DIGEST, False, False)


def test_steps_are_taken_in_order_by_whose_they_are(house: KeptHouse, counsel: TestClient, officer: TestClient) -> None:
    case = taken_in(house, counsel)
    assert "approval" not in case["possible"]
    assert take(counsel, case, "approval", status=409)["code"] == "demand.illegal"
    assert take(counsel, case, "validated", status=409, document_sha256="00" * 32)["code"] == "demand.altered"
    assert take(counsel, case, "validated", document_sha256=DIGEST)["state"] == "validated"
    assert take(counsel, case, "approval")["approved_by"] == ["counsel"]
    assert take(counsel, case, "approval", status=409)["code"] == "demand.second_person"
    assert take(officer, case, "approval")["state"] == "approved"
    seen = counsel.get(f"{DEMANDS}/{case['demand_id']}").json()
    assert [one["kind"] for one in seen["steps"]] == ["received", "validated", "approval", "approval"]
    assert all(one["position"] is not None and one["reason"] for one in seen["steps"][1:])


def test_the_person_is_told_and_objects_on_their_own_page(
    house: KeptHouse, counsel: TestClient, officer: TestClient, anna: Person
) -> None:
    case, mine = taken_in(house, counsel), house.client(anna)
    assert mine.get(MINE).json()["notices"] == []
    take(counsel, case, "validated", document_sha256=DIGEST)
    take(counsel, case, "approval")
    take(officer, case, "approval")
    told = take(counsel, case, "notified")
    assert told["letters"] == ["notice"] or "notice" in told["letters"]
    (notice,) = mine.get(MINE).json()["notices"]
    assert (notice["may_object"], "warrant" in notice["about"].lower()) == (True, True)
    ben = house.client(house.enrolled("Ben"))
    assert ben.get(MINE).json()["notices"] == []
    path = f"{MINE}/{notice['notice_id']}/objection"
    assert ben.post(path, json={"reason": "I object."}).status_code == 404
    answer = mine.post(path, json={"reason": "It is about somebody else."})
    assert (answer.status_code, answer.json()["may_object"]) == (200, False)
    seen = counsel.get(f"{DEMANDS}/{case['demand_id']}").json()
    assert (seen["state"], seen["approved_by"]) == ("objected", [])


def test_an_answer_is_just_the_scope_encrypted_and_its_proof_can_be_saved(house: KeptHouse) -> None:
    made = demanded_house(house, demands=house.demands)
    for hour in (10, 40):
        made.sunday("turn off the lamp", hour=hour)
    case_id = made.notified().demand_id
    house.clock.advance(days=15)
    counsel = house.client(made.counsel)
    path = f"{DEMANDS}/{case_id}"
    assert counsel.get(f"{path}/answer").status_code == 404
    given = {"kind": "disclosed", "reason": "As was approved.", "recipient": made.recipient, "shares": list(made.shares[:2])}
    answer = counsel.post(f"{path}/steps", json={**given, "shares": ["guessed"]})
    assert answer.status_code == 409, answer.text
    answer = counsel.post(f"{path}/steps", json=given)
    assert answer.status_code == 200, answer.text
    package = answer.json()["package"]
    sealed = Path(package["file"]).read_bytes()
    assert package["sha256"] == hashlib.sha256(sealed).hexdigest()
    assert b"turn off the lamp" not in sealed
    with zipfile.ZipFile(io.BytesIO(made.decrypted(Path(package["file"])))) as opened:
        words = [name for name in opened.namelist() if name.startswith("words/")]
        assert [b"turn off the lamp" in opened.read(name) for name in words] == [True], "the other was not said on Sunday"
    assert counsel.get(f"{path}/answer").json()["statement"]["demand"] == case_id


def test_a_demand_that_is_too_broad_is_narrowed_and_answered_in_a_letter(house: KeptHouse, counsel: TestClient) -> None:
    case = taken_in(house, counsel, kind="subpoena", is_all_data=True, categories=["account", "words"])
    path = f"{DEMANDS}/{case['demand_id']}/letters"
    assert counsel.get(f"{path}/narrowed").status_code == 409
    take(counsel, case, "validated", document_sha256=DIGEST)
    narrowed = take(counsel, case, "narrowed")
    assert (narrowed["state"], narrowed["scope"]["is_all_data"]) == ("narrowed", False)
    assert "words" not in narrowed["scope"]["categories"], "a subpoena does not reach what somebody said"
    answer = counsel.get(f"{path}/narrowed")
    assert 'filename="narrowed-' in answer.headers["content-disposition"]
    text = "\n".join(one.text for one in Document(io.BytesIO(answer.content)).paragraphs)
    assert ("District Court" in text, DIGEST in text, "Villa" in text, "Anna" in text) == (True, True, True, False)
    assert counsel.get(f"{path}/notice").status_code == 404, "to nobody"


def test_an_owner_sees_what_is_held_and_no_case_where_counsel_answers(house: KeptHouse, anna: Person) -> None:
    owner = house.client(anna)
    before = owner.get(DEMANDS).json()
    assert (before["office"], before["holdings"]["held"]["counts"]["words"]) == ("owner", 2)
    house.people.add("Cleo", passphrase=PASSPHRASE, role=AccountRole.COUNSEL)
    after = owner.get(DEMANDS).json()
    assert (after["office"], after["cases"]) == (None, [])
    assert owner.post(DEMANDS, json=intake(house)).status_code == 403


def test_a_step_needs_a_reason_and_a_sign_in_of_the_last_minutes(house: KeptHouse, counsel: TestClient) -> None:
    case = taken_in(house, counsel)
    path = f"{DEMANDS}/{case['demand_id']}/steps"
    assert counsel.post(path, json={"kind": "refused", "reason": " "}).status_code == 422
    house.clock.advance(minutes=11)
    answer = counsel.post(path, json={"kind": "refused", "reason": "It names nobody."})
    assert (answer.status_code, answer.json()["code"]) == (403, "access.confirm")


def test_a_paper_is_bounded(house: KeptHouse, counsel: TestClient) -> None:
    big = intake(house, document=base64.b64encode(bytes(1_000_001)).decode())
    assert counsel.post(DEMANDS, json=big).json()["code"] == "demand.invalid"
    bigger = intake(house, document=base64.b64encode(bytes(1_100_000)).decode())
    assert counsel.post(DEMANDS, json=bigger).status_code == 413
    assert house.entries("demand.received") == []


def test_the_key_is_made_for_three_holders_and_its_parts_are_told_once(
    house: KeptHouse, counsel: TestClient, anna: Person
) -> None:
    assert counsel.get(DEMANDS).json()["key"] is None
    names = ["Cleo", "Paul", "the notary"]
    for wrong in (names[:2], [*names, "one more"], ["Cleo", "Cleo", "Paul"]):
        assert counsel.post(f"{DEMANDS}/key", json={"holders": wrong}).status_code == 422
    assert house.entries("demand.key") == []
    made = counsel.post(f"{DEMANDS}/key", json={"holders": names})
    assert (made.status_code, len(set(made.json()["shares"]))) == (201, 3)
    key = counsel.get(DEMANDS).json()["key"]
    assert (key, key["holders"]) == (made.json()["key"], names)
    assert house.client(anna).get(DEMANDS).json()["key"] is None, "an owner answers no demand where counsel does"
    with house.database.reading() as connection:
        (row,) = connection.exec_driver_sql("SELECT sealed FROM demand_key_holders").all()
    assert b"notary" not in row.sealed
    house.clock.advance(minutes=11)
    assert counsel.post(f"{DEMANDS}/key", json={"holders": names}).json()["code"] == "access.confirm"


def test_counsel_is_led_to_their_work_from_the_first_page(house: KeptHouse, counsel: TestClient, officer: TestClient) -> None:
    for client in (counsel, officer):
        answer = client.get("/", headers={"accept": "text/html"}, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/demands")
        other = client.get("/history", headers={"accept": "text/html"}, follow_redirects=False)
        assert other.headers["location"] == "/account"
