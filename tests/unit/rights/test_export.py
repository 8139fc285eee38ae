"""Everything about a person as a zip: whole, provable, streamed, nothing of it left on this machine, and on record."""

import io
import json
import tracemalloc
import wave
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from earwitness.domain.account import Scope
from earwitness.domain.consent import Keeps, Purpose
from earwitness.domain.contact import Address, Channel, Contact, Relation
from earwitness.domain.errors import LedgerError
from earwitness.domain.person import Person
from earwitness.domain.recording import Selection
from earwitness.ledger.note import parse_verifier
from earwitness.ledger.proof import read_proof, read_receipt
from earwitness.people.consent_texts import current_text
from earwitness.rights.export import AT_ONCE, export
from earwitness.storage import database
from tests.houses_kept import NOON, REVIEWER, KeptHouse, error_of, in_review, kept_house, remind, sound

FILES = [
    *("README.txt", "account.json", "alerts.jsonl", "contacts.jsonl", "index.json"),
    *("listens.jsonl", "messages.jsonl", "receipts.jsonl", "routines.jsonl"),
    "turns.jsonl",
]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeptHouse]:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    with kept_house(tmp_path / "house") as made:
        yield made


def pieces(house: KeptHouse, person: Person) -> Any:
    return export(person, rights=house.rights, vault=house.vault, prover=house.prover, now=house.clock())


class Taken:
    """What somebody has in hand after taking everything away."""

    def __init__(self, house: KeptHouse, person: Person) -> None:
        self.file = zipfile.ZipFile(io.BytesIO(b"".join(pieces(house, person))))
        assert self.file.testzip() is None
        self.names = self.file.namelist()
        self.index: dict[str, Any] = json.loads(self.file.read("index.json"))
        self.turns, self.listens, self.receipts = (self.lines(self.index[name]) for name in ("turns", "listens", "receipts"))

    def lines(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.file.read(name).splitlines()]


def test_a_turn_is_there_with_its_words_and_its_sound(house: KeptHouse) -> None:
    anna = house.enrolled()
    spoken, typed = house.keep(anna, "turn on the lamp", sound=sound(1.5)), house.keep(anna, "größer 💡 \n \u2028 line")
    taken = Taken(house, anna)
    assert [turn["turn_id"] for turn in taken.turns] == [typed, spoken]
    assert [turn["transcript"] for turn in taken.turns] == ["größer 💡 \n \u2028 line", "turn on the lamp"]
    assert taken.turns[1] == house.rights.recording(anna.person_id, spoken).as_json()
    assert sorted(taken.names) == sorted([*FILES, f"audio/{spoken}.wav"])
    with wave.open(io.BytesIO(taken.file.read(f"audio/{spoken}.wav"))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
        assert file.readframes(file.getnframes()) == sound(1.5)
    assert taken.index["audio"].format(turn_id=spoken) in taken.names
    assert taken.index["audio_missing"] == []


def test_it_says_whose_it_is_and_when_it_was_made(house: KeptHouse) -> None:
    anna = house.people.change(house.enrolled("Anna {0} %s").person_id, restricted_at=NOON)
    house.clock.advance(hours=1)
    taken = Taken(house, anna)
    assert taken.index["format"] == "earwitness-export/1"
    assert taken.index["made_at"] == (NOON + timedelta(hours=1)).isoformat()
    assert taken.index["person"] == {
        "name": "Anna {0} %s",
        "alias": anna.alias,
        "enrolled_at": NOON.isoformat(),
        "restricted_at": NOON.isoformat(),
    }
    assert "Anna {0} %s" in taken.file.read("README.txt").decode()


def test_what_somebody_asked_to_have_kept_is_there_and_nobody_elses(house: KeptHouse) -> None:
    anna, ben = house.enrolled(keeps=None), house.enrolled("Ben", keeps=None)
    remind(house.database, "call the bank", clock=house.clock, person_id=anna.person_id)
    remind(house.database, "buy a present for Anna", clock=house.clock, person_id=ben.person_id)
    assert house.rights.asked_for(anna.person_id) == {"reminder": 1, "routine": 1}
    taken = Taken(house, anna)
    (alert,) = taken.lines(taken.index["alerts"])
    assert (alert["kind"], alert["text"], alert["rule"]["kind"]) == ("reminder", "call the bank", "AtMoment")
    (routine,) = taken.lines(taken.index["routines"])
    assert (routine["trigger"], routine["steps"]) == ({"kind": "OnPhrase", "phrase": "call the bank"}, ["turn on call the bank"])


def test_contacts_are_there_and_go_with_their_person(house: KeptHouse) -> None:
    anna, ben = house.enrolled(keeps=None), house.enrolled("Ben", keeps=None)
    contacts = house.rights.belongings.contacts
    for owner_id, name in ((anna.person_id, "Mrs Quill"), (ben.person_id, "Dr Who"), (None, "Plumber")):
        phone = Address(channel=Channel.PHONE, value="+4917012345")
        mother = Relation(person_id=anna.person_id, word="mum")
        made = Contact(contact_id="", owner_id=owner_id, name=name, addresses=(phone,), relations=(mother,), changed_at=NOON)
        contacts.add(made)
    assert house.rights.asked_for(anna.person_id) == {"contact": 1}
    taken = Taken(house, anna)
    (shown,) = taken.lines(taken.index["contacts"])
    assert (shown["name"], shown["relations"], shown["addresses"][0]["value"]) == ("Mrs Quill", ["mother"], "+4917012345")
    erasure = house.rights.erase_person(ben.person_id)
    assert json.loads(erasure.body)["keys_destroyed"] == 1
    assert [one.name for one in contacts.of(ben.person_id)] == ["Plumber"]
    assert [one.name for one in contacts.of(anna.person_id)] == ["Mrs Quill", "Plumber"]


def test_the_account_is_there_without_a_secret(house: KeptHouse) -> None:
    anna = house.enrolled(keeps=None)
    accounts = house.people.accounts
    cookie = accounts.let_in(anna).token
    _, secret = accounts.make_token(anna, "Kitchen script", scopes=frozenset({Scope.TALK}))
    text = Taken(house, anna).file.read("account.json").decode()
    account = json.loads(text)
    assert (account["role"], account["tokens"][0]["name"], account["tokens"][0]["scopes"]) == (
        "owner",
        "Kitchen script",
        ["talk"],
    )
    assert [one["what"] for one in account["log"]] == ["token_made", "signed_in", "created"]
    assert account["sign_ins"][0]["way"] == "setup"
    assert cookie not in text
    assert secret not in text


def test_every_decision_is_there_with_the_text_that_was_shown(house: KeptHouse) -> None:
    anna = house.enrolled(keeps=Keeps.TEXT, retention_seconds=3600.0, also=[Purpose.REVIEW])
    house.consent(anna, Purpose.REVIEW, is_given=False)
    decisions = Taken(house, anna).index["consents"]
    assert [(one["purpose"], one["given"]) for one in decisions] == [("review", False), ("review", True), ("keep", True)]
    assert (decisions[2]["keeps"], decisions[2]["retention_seconds"]) == ("text", 3600.0)
    for one in decisions:
        text = current_text(Purpose(one["purpose"]))
        assert (one["text"]["text"], one["text"]["digest"], one["text_sha256"]) == (text.text, text.digest, text.digest)


def test_every_listen_is_there_with_a_proof_that_checks(house: KeptHouse) -> None:
    anna = house.enrolled(also=[Purpose.REVIEW, Purpose.HEAR])
    turn_id = house.keep(anna, sound=sound(1.0))
    with in_review(house.vault, turn_id, sound(1.0)) as audio:
        assert b"".join(audio) == sound(1.0)
    house.clock.advance(seconds=1)
    listens = Taken(house, anna).listens
    assert {(one["who"], one["why"], one["result"]) for one in listens} >= {(REVIEWER.alias, "review", "served")}
    verifier = parse_verifier(house.ledger.verifier)
    for one in listens:
        proof = read_proof(json.dumps(one["proof"]).encode())
        proof.check(verifier)
        assert (json.loads(proof.leaf)["read"], proof.index) == (one["read_id"], one["position"])


def test_every_receipt_is_there_with_a_proof_that_checks(house: KeptHouse) -> None:
    anna = house.enrolled()
    turn_ids = [house.keep(anna), house.keep(anna)]
    house.rights.erase_said(anna.person_id, Selection(turn_ids=(turn_ids[0],)))
    with house.without_ledger():
        house.rights.erase_said(anna.person_id, Selection(turn_ids=(turn_ids[1],)))
    waiting, proved = sorted(Taken(house, anna).receipts, key=lambda one: one["position"] is not None)
    assert (waiting["proof"], waiting["receipt"]["recording_ids"]) == (None, [turn_ids[1]])
    receipt = read_receipt(json.dumps({"receipt": proved["receipt"], "proof": proved["proof"]}).encode())
    receipt.check(parse_verifier(house.ledger.verifier))
    assert receipt.statement["recording_ids"] == [turn_ids[0]]


def test_of_somebody_who_keeps_nothing_it_says_so_and_opens_nothing(house: KeptHouse) -> None:
    anna, size = house.enrolled(keeps=None), house.ledger.size()
    taken = Taken(house, anna)
    assert (taken.turns, taken.index["consents"], taken.listens, taken.receipts) == ([], [], [], [])
    assert sorted(taken.names) == FILES
    assert house.ledger.size() == size


def test_nothing_of_others_is_in_it(house: KeptHouse) -> None:
    anna, ben = house.enrolled("Anna"), house.enrolled("Benedict")
    his = house.keep(ben, "a secret of his", sound=sound(1.0, seed=2))
    house.keep(anna, sound=sound(1.0))
    house.rights.history(ben.person_id, limit=10)
    house.rights.erase_said(ben.person_id, Selection(turn_ids=(his,)))
    house.keep(ben, "another secret", sound=sound(1.0, seed=3))
    taken = Taken(house, anna)
    assert len(taken.turns) == 1
    assert len([name for name in taken.names if name.startswith("audio/")]) == 1
    everything = b"".join(taken.file.read(name) for name in taken.names)
    for trace in ("secret", "Benedict", ben.alias, ben.person_id, his):
        assert trace.encode() not in everything


def test_what_was_deleted_or_has_expired_is_not_in_it(house: KeptHouse) -> None:
    anna = house.enrolled(retention_seconds=60.0)
    house.keep(anna, sound=sound(0.1), at=NOON)
    stays = house.keep(anna, sound=sound(0.1), at=NOON + timedelta(seconds=30))
    gone = house.keep(anna, sound=sound(0.1), at=NOON + timedelta(seconds=30))
    house.rights.erase_said(anna.person_id, Selection(turn_ids=(gone,)))
    house.clock.advance(seconds=60)
    assert [turn["turn_id"] for turn in Taken(house, anna).turns] == [stays]


def test_a_sound_that_is_damaged_keeps_nobody_from_the_others(house: KeptHouse) -> None:
    anna = house.enrolled()
    kept = [house.keep(anna, sound=sound(0.5, seed=seed)) for seed in range(3)]
    house.vault.blobs.remove(kept[1])
    taken = Taken(house, anna)
    assert taken.index["audio_missing"] == [kept[1]]
    assert {name for name in taken.names if name.startswith("audio/")} == {f"audio/{one}.wav" for one in (kept[0], kept[2])}
    assert len(taken.turns) == 3


def test_each_read_is_on_record_before_anything_is_given(house: KeptHouse) -> None:
    anna = house.enrolled()
    for seed in range(3):
        house.keep(anna, sound=sound(0.5, seed=seed))
    size = house.ledger.size()
    taking = pieces(house, anna)
    assert house.ledger.size() == size
    next(taking)
    (words,) = house.entries("read.opened")
    assert (words["medium"], words["purpose"], words["recordings"]) == ("text", "export", 3)
    assert b"".join(taking)
    opened, closed = house.entries("read.opened")[1:], house.entries("read.closed")
    assert [(one["medium"], one["purpose"]) for one in opened] == [("audio", "export")] * 3
    assert [(one["result"], one["milliseconds"]) for one in closed] == [("served", 500)] * 3
    assert {one["read"] for one in opened} == {one["read"] for one in closed}


def test_without_the_ledger_nothing_is_given_at_all(house: KeptHouse) -> None:
    anna = house.enrolled()
    house.keep(anna, sound=sound(0.5))
    with house.without_ledger(), pytest.raises(LedgerError):
        next(pieces(house, anna))


def test_who_stops_in_the_middle_leaves_no_read_open(house: KeptHouse) -> None:
    anna = house.enrolled()
    kept = [house.keep(anna, sound=sound(0.5, seed=seed)) for seed in range(5)]
    taking = pieces(house, anna)
    for _ in range(3):
        next(taking)
    assert len(house.vault.listens.unclosed(before=NOON + timedelta(days=1))) == 5
    taking.close()
    assert house.vault.listens.unclosed(before=NOON + timedelta(days=1)) == ()
    results = [entry["result"] for entry in house.entries("read.closed")]
    assert len(results) == len(kept)
    assert 1 <= results.count("served") < 5, "what was not taken is on record as such"
    assert error_of(lambda: next(taking, None)) == ""


def test_it_is_streamed_and_no_copy_of_it_is_left(house: KeptHouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten megabytes of sound, of which never more than a little is in memory, and nothing in any file."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    anna = house.enrolled()
    count = 3 * AT_ONCE
    told: list[tuple[int, int]] = []
    noise = sound(2.0)
    for number in range(count):
        house.keep(anna, f"zanzibar marmalade {number}", sound=noise[number * 64 : number * 64 + 32_000])
    files = {path for path in tmp_path.rglob("*") if path.is_file()}
    taking = export(
        anna,
        rights=house.rights,
        vault=house.vault,
        prover=house.prover,
        now=NOON,
        tell=lambda done, total: told.append((done, total)),
    )
    tracemalloc.start()
    try:
        sizes = [len(piece) for piece in taking]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sum(sizes) > count * 30_000
    assert max(sizes) < sum(sizes) / 10
    assert peak < 2_000_000, f"{peak} bytes at once"
    assert told == [(AT_ONCE, count), (2 * AT_ONCE, count), (count, count)]
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == files
    for path in files:
        data = path.read_bytes()
        assert b"marmalade" not in data, path
        assert noise[30_000:30_032] not in data, path


def test_a_person_who_left_meanwhile_takes_nothing(house: KeptHouse) -> None:
    anna = house.enrolled()
    house.keep(anna, sound=sound(0.5))
    house.rights.erase_person(anna.person_id)
    taken = Taken(house, replace(anna, name="Anna"))
    assert (taken.turns, taken.index["consents"]) == ([], [])
