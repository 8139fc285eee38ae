"""The API of who listened, of proofs and receipts, and the ledger's public face: what it shows to whom, and that it checks."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from earwitness.domain.consent import Purpose
from earwitness.domain.recording import Selection
from earwitness.ledger.note import parse_checkpoint, parse_note, parse_verifier, verify
from earwitness.ledger.proof import read_proof, read_receipt
from earwitness.storage import database
from tests.houses_kept import NOON, REVIEWER, KeptHouse, in_review, kept_house, sound

LISTENS = "/api/v1/listens"
RECEIPTS = "/api/v1/receipts"
NOWHERE = "0" * 32
SPOKEN = sound(2.0)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeptHouse]:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    with kept_house(tmp_path) as made:
        yield made


def review(house: KeptHouse, turn_id: str) -> None:
    """A reviewer listens to all of it."""
    with in_review(house.vault, turn_id, SPOKEN) as audio:
        assert sum(map(len, audio)) == len(SPOKEN)


def listens(client: TestClient, **params: Any) -> list[dict[str, Any]]:
    answer = client.get(LISTENS, params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["listens"]
    return found


def test_a_listen_by_somebody_else_says_when_who_why_how_long_and_how_it_ended(house: KeptHouse) -> None:
    anna = house.enrolled(also=[Purpose.REVIEW, Purpose.HEAR])
    turn_id = house.keep(anna, sound=SPOKEN)
    review(house, turn_id)
    (read,) = listens(house.client(anna))
    assert (read["when"], read["who"], read["role"], read["why"]) == (NOON.isoformat(), REVIEWER.alias, "reviewer", "review")
    assert (read["what"], read["seconds"], read["result"], read["turn_id"]) == ("audio", 2.0, "served", turn_id)
    assert house.entries()[read["position"]]["read"] == house.entries()[read["closed_position"]]["read"] == read["read_id"]


def test_ones_own_reads_are_shown_when_asked_for(house: KeptHouse) -> None:
    anna = house.enrolled()
    turn_id, other = house.keep(anna, sound=SPOKEN), house.keep(anna)
    client = house.client(anna)
    client.get(f"/api/v1/history/{turn_id}/audio")
    house.clock.advance(seconds=1)
    client.get(f"/api/v1/history/{other}")
    assert listens(client) == []
    assert [(read["turn_id"], read["why"]) for read in listens(client, others=False)] == [
        (other, "history"),
        (turn_id, "playback"),
    ]
    assert [read["why"] for read in listens(client, others=False, turn=turn_id)] == ["playback"]
    assert [read["why"] for read in listens(client, others=False, limit=1)] == ["history"]
    assert listens(client, turn=NOWHERE) == []


def test_a_listen_is_news_until_it_is_seen(house: KeptHouse) -> None:
    anna = house.enrolled(also=[Purpose.REVIEW, Purpose.HEAR])
    turn_id = house.keep(anna, sound=SPOKEN)
    client = house.client(anna)
    house.clock.advance(seconds=1)
    review(house, turn_id)
    assert client.get("/api/v1/me").json()["new_listens"] == 1
    assert client.get(f"/api/v1/history/{turn_id}").json()["listens"] == 1
    house.clock.advance(seconds=1)
    assert client.post(f"{LISTENS}/seen").status_code == 204
    assert client.get("/api/v1/me").json()["new_listens"] == 0
    assert len(listens(client)) == 1, "it stays on the list"


def test_the_proof_of_a_listen_checks_without_the_server(house: KeptHouse) -> None:
    anna = house.enrolled(also=[Purpose.REVIEW, Purpose.HEAR])
    turn_id = house.keep(anna, sound=SPOKEN)
    review(house, turn_id)
    client = house.client(anna)
    (read,) = listens(client)
    answer = client.get(f"{LISTENS}/{read['read_id']}/proof")
    assert "attachment" in answer.headers["content-disposition"]
    proof = read_proof(answer.content)
    checkpoint = proof.check(parse_verifier(house.ledger.verifier))
    assert (proof.index, checkpoint.size) == (read["position"], house.ledger.size())
    assert json.loads(proof.leaf)["recording"] == turn_id
    assert anna.name.encode() not in answer.content
    assert anna.person_id.encode() not in answer.content


def test_a_receipt_checks_without_the_server(house: KeptHouse) -> None:
    anna = house.enrolled()
    turn_id = house.keep(anna, sound=SPOKEN)
    client = house.client(anna)
    erased = client.delete(f"/api/v1/history/{turn_id}").json()
    (shown,) = client.get(RECEIPTS).json()["receipts"]
    assert shown == erased
    answer = client.get(f"{RECEIPTS}/{erased['erasure_id']}")
    assert "attachment" in answer.headers["content-disposition"]
    receipt = read_receipt(answer.content)
    receipt.check(parse_verifier(house.ledger.verifier))
    assert receipt.statement["recording_ids"] == [turn_id]
    assert (receipt.statement["by"], receipt.statement["milliseconds"]) == ("you", 2000)


def test_what_expired_has_a_receipt_too(house: KeptHouse) -> None:
    anna = house.enrolled(retention_seconds=60.0)
    house.keep(anna)
    house.clock.advance(seconds=60)
    house.vault.eraser.expire()
    house.rights.upkeep()
    (shown,) = house.client(anna).get(RECEIPTS).json()["receipts"]
    assert (shown["kind"], shown["recordings"], shown["swept"]) == ("expired", 1, True)


def test_lists_proofs_and_receipts_of_others_are_as_if_they_were_not_there(house: KeptHouse) -> None:
    anna, ben = house.enrolled("Anna", also=[Purpose.REVIEW, Purpose.HEAR]), house.enrolled("Ben")
    turn_id = house.keep(anna, sound=SPOKEN)
    review(house, turn_id)
    erasure = house.rights.erase_said(anna.person_id, Selection(turn_ids=(turn_id,)))
    read = house.rights.listens(anna.person_id)[0]
    client = house.client(ben)
    assert listens(client, others=False) == listens(client, turn=turn_id, others=False) == []
    assert client.get(RECEIPTS).json() == {"receipts": []}
    for there, nowhere in (
        (f"{LISTENS}/{read.read_id}/proof", f"{LISTENS}/{NOWHERE}/proof"),
        (f"{RECEIPTS}/{erasure.erasure_id}", f"{RECEIPTS}/{NOWHERE}"),
    ):
        assert client.get(there).status_code == client.get(nowhere).status_code == 404
        assert client.get(there).content == client.get(nowhere).content


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A browser in which somebody is signed in, for requests that change nothing."""
    with kept_house(tmp_path_factory.mktemp("shared")) as made:
        yield made.client(made.enrolled())


@pytest.mark.parametrize(
    "address",
    [
        f"{LISTENS}?limit=0",
        f"{LISTENS}?limit=1001",
        f"{LISTENS}?limit=1e3",
        f"{LISTENS}?limit=99999999999999999999",
        f"{LISTENS}?turn=x",
        f"{LISTENS}?turn={NOWHERE}0",
        f"{LISTENS}?others=perhaps",
        f"{LISTENS}/x/proof",
        f"{LISTENS}/{'A' * 32}/proof",
        f"{LISTENS}/%00/proof",
        f"{RECEIPTS}/x",
        f"{RECEIPTS}/{'0' * 31}%0a",
        f"{RECEIPTS}/..",
    ],
)
def test_what_is_no_id_or_number_is_said(shared: TestClient, address: str) -> None:
    answer = shared.get(address)
    assert answer.status_code in (404, 422), answer.text
    assert set(answer.json()) == {"code", "message"}


# The ledger as anybody may see it


def test_whoever_is_signed_in_may_take_the_ledger_and_check_it(house: KeptHouse) -> None:
    anna = house.enrolled()
    for _ in range(3):
        house.keep(anna)
    client = house.client(anna)
    key = client.get("/ledger/key")
    assert key.headers["content-type"].startswith("text/plain")
    checkpoint = verify(parse_note(client.get("/ledger/checkpoint").text), log=parse_verifier(key.text.strip()))
    assert checkpoint.size == house.ledger.size() == 4
    assert client.get(f"/ledger/tile/0/000.p/{checkpoint.size}").content == house.ledger.tile("tile/0/000.p/4")
    entries = client.get("/ledger/tile/entries/000.p/4")
    assert entries.headers["content-type"] == "application/octet-stream"
    for personal in (anna.name, anna.person_id, anna.alias, "lamp"):
        assert personal.encode() not in entries.content


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/000",
        "tile/0/000.p/0",
        "tile/0/000.p/257",
        "tile/0/999",
        "tile/64/000",
        "tile/-1/000",
        "tile/entries/000",
        "keys/ledger.key",
        "tile/0/x001/000",
        "tile/0/00.p/1",
        "tile/0/%D9%A0%D9%A0%D9%A0.p/1",
        "..%2fkeys%2fledger.key",
        "%00",
        "a" * 201,
    ],
    ids=lambda path: path[:24],
)
def test_a_tile_that_is_none_is_said(shared: TestClient, path: str) -> None:
    answer = shared.get(f"/ledger/{path}")
    assert answer.status_code in (404, 422), answer.text
    assert set(answer.json()) == {"code", "message"}


def test_the_checkpoint_of_an_empty_ledger_is_served(house: KeptHouse) -> None:
    note = parse_note(house.client(house.enrolled(keeps=None)).get("/ledger/checkpoint").text)
    assert parse_checkpoint(note.text).size == 0
