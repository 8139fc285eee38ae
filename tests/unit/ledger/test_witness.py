"""A witness signs one history, remembers it over restarts, keeps what shows a second one, and withstands whoever asks."""

import base64
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.domain.errors import LedgerError, ProofError, StorageError
from earwitness.ledger.log import Ledger
from earwitness.ledger.note import Note, parse_note, parse_verifier, seen_at, verify
from earwitness.ledger.proof import Continuation
from earwitness.ledger.submission import MOST_BODY_BYTES, encode_submission, parse_submission
from earwitness.ledger.witness import Witness
from earwitness.storage.database import Database

NOW = 1_700_000_000.9


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    yield from opened(tmp_path, "ledger")


@pytest.fixture
def twin(tmp_path: Path, ledger: Ledger) -> Iterator[Ledger]:
    """Another history under the same key."""
    assert ledger.size() == 0
    yield from opened(tmp_path, "twin")


@pytest.fixture
def witness(tmp_path: Path, ledger: Ledger) -> Iterator[Witness]:
    witness = watching(tmp_path, ledger)
    yield witness
    witness.close()


def opened(folder: Path, name: str) -> Iterator[Ledger]:
    ledger = Ledger(Database(folder / f"{name}.db", chain="ledger"), key_file=folder / "ledger.key")
    yield ledger
    ledger.close()


def watching(folder: Path, *ledgers: Ledger) -> Witness:
    return Witness(folder / "witness", logs=[parse_verifier(one.verifier) for one in ledgers], clock=lambda: NOW)


def grow(ledger: Ledger, count: int, *, name: str = "number") -> None:
    ledger.append([{"v": 1, name: ledger.size() + number} for number in range(count)])


def ask(witness: Witness, ledger: Ledger, *, old: int) -> tuple[int, str]:
    return witness.add_checkpoint(encode_submission(ledger.continuation(old)))


def evidence(folder: Path) -> list[Path]:
    return sorted((folder / "witness" / "evidence").glob("*.json"))


def assert_signed(witness: Witness, ledger: Ledger, answer: tuple[int, str]) -> None:
    status, line = answer
    assert status == 200
    note = parse_note(ledger.checkpoint() + line)
    by = parse_verifier(witness.verifier)
    assert verify(note, log=parse_verifier(ledger.verifier), witnesses=(by,), is_strict=True).size == ledger.size()
    assert seen_at(note, by) == 1_700_000_000


def test_it_signs_what_only_grows(witness: Witness, ledger: Ledger) -> None:
    old = 0
    for count in (1, 1, 2, 300, 5):
        grow(ledger, count)
        assert_signed(witness, ledger, ask(witness, ledger, old=old))
        old = ledger.size()
    assert_signed(witness, ledger, ask(witness, ledger, old=old))
    seen = witness.seen(ledger.origin)
    assert seen is not None
    assert seen.size == 309
    assert witness.seen("another") is None


def test_an_empty_ledger_can_be_signed(witness: Witness, ledger: Ledger) -> None:
    assert_signed(witness, ledger, ask(witness, ledger, old=0))
    grow(ledger, 3)
    assert_signed(witness, ledger, ask(witness, ledger, old=0))


def test_it_says_what_it_has_seen_to_whoever_believes_less_or_more(witness: Witness, ledger: Ledger) -> None:
    grow(ledger, 9)
    ask(witness, ledger, old=0)
    grow(ledger, 1)
    for old in (0, 4, 10):
        assert ask(witness, ledger, old=old) == (409, "9\n")
    assert_signed(witness, ledger, ask(witness, ledger, old=9))


def test_it_does_not_go_back(witness: Witness, ledger: Ledger) -> None:
    grow(ledger, 9)
    earlier = ledger.continuation(0)
    grow(ledger, 1)
    ask(witness, ledger, old=0)
    assert witness.add_checkpoint(encode_submission(earlier)) == (409, "10\n")
    assert ask(witness, ledger, old=10)[0] == 200


def test_a_split_view_is_refused_and_kept(witness: Witness, ledger: Ledger, twin: Ledger, tmp_path: Path) -> None:
    grow(ledger, 9)
    grow(twin, 9, name="other")
    assert ask(witness, ledger, old=0)[0] == 200
    for old in (0, 9, 9):
        assert ask(witness, twin, old=old) == (409, "9\n")
    (found,) = evidence(tmp_path)
    assert found.name.startswith("split-")
    facts = json.loads(found.read_text())
    log = parse_verifier(ledger.verifier)
    first, second = (verify(parse_note(facts[name]), log=log, is_strict=True) for name in ("seen", "submitted"))
    assert first.size == second.size == 9
    assert first.root != second.root


def test_a_rewritten_history_is_refused_and_kept(witness: Witness, ledger: Ledger, twin: Ledger, tmp_path: Path) -> None:
    grow(ledger, 9)
    grow(twin, 20, name="other")
    ask(witness, ledger, old=0)
    status, text = ask(witness, twin, old=9)
    assert status == 422
    assert "does not contain the older" in text
    (found,) = evidence(tmp_path)
    assert found.name.startswith("unproved-")
    assert witness.add_checkpoint(encode_submission(ledger.continuation(9)))[0] == 200


def test_it_remembers_over_a_restart(witness: Witness, ledger: Ledger, twin: Ledger, tmp_path: Path) -> None:
    grow(ledger, 9)
    grow(twin, 9, name="other")
    ask(witness, ledger, old=0)
    witness.close()
    again = watching(tmp_path, ledger)
    assert again.verifier == witness.verifier
    assert ask(again, twin, old=0) == (409, "9\n")
    assert ask(again, ledger, old=9)[0] == 200
    again.close()


def test_one_process_at_a_time(witness: Witness, ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="Another witness"):
        watching(tmp_path, ledger)
    witness.close()
    watching(tmp_path, ledger).close()


def test_it_signs_nothing_that_it_cannot_keep(witness: Witness, ledger: Ledger, tmp_path: Path) -> None:
    grow(ledger, 9)
    (tmp_path / "witness" / "seen.json").mkdir()
    with pytest.raises(StorageError):
        ask(witness, ledger, old=0)
    assert witness.seen(ledger.origin) is None
    (tmp_path / "witness" / "seen.json").rmdir()
    assert ask(witness, ledger, old=0)[0] == 200


@pytest.mark.parametrize("text", ["", "{", "[]", '{"seen": 1}', '{"seen": [1]}', '{"seen": ["no note"]}', "{}", "\xff"])
def test_a_damaged_memory_signs_nothing(witness: Witness, ledger: Ledger, tmp_path: Path, text: str) -> None:
    witness.close()
    (tmp_path / "witness" / "seen.json").write_text(text, encoding="latin-1")
    with pytest.raises(LedgerError) as caught:
        watching(tmp_path, ledger)
    assert caught.value.code == "ledger.damaged"


def test_a_memory_that_somebody_edited_signs_nothing(witness: Witness, ledger: Ledger, tmp_path: Path) -> None:
    grow(ledger, 9)
    ask(witness, ledger, old=0)
    witness.close()
    path = tmp_path / "witness" / "seen.json"
    path.write_text(path.read_text().replace("\\n9\\n", "\\n8\\n"))
    with pytest.raises(LedgerError, match="cannot be used"):
        watching(tmp_path, ledger)


def test_each_ledger_has_its_own_memory(ledger: Ledger, tmp_path: Path) -> None:
    other = Ledger(Database(tmp_path / "other.db", chain="ledger"), key_file=tmp_path / "other.key")
    witness = watching(tmp_path, ledger, other)
    grow(ledger, 9)
    grow(other, 4)
    for one in (ledger, other):
        assert_signed(witness, one, ask(witness, one, old=0))
    witness.close()
    again = watching(tmp_path, other)
    assert ask(again, other, old=4)[0] == 200
    assert ask(again, ledger, old=9)[0] == 404
    again.close()
    again = watching(tmp_path, ledger)
    assert ask(again, ledger, old=9)[0] == 200
    again.close()
    other.close()


def test_unknown_ledgers_and_unsigned_checkpoints_are_refused(witness: Witness, ledger: Ledger, tmp_path: Path) -> None:
    grow(ledger, 9)
    other = Ledger(Database(tmp_path / "other.db", chain="ledger"), key_file=tmp_path / "other.key")
    assert ask(witness, other, old=0)[0] == 404
    note = parse_note(ledger.checkpoint())
    theirs = parse_note(other.checkpoint()).signatures
    wrong = (Note(text=note.text, signatures=theirs), Note(text=note.text.replace("\n9\n", "\n8\n"), signatures=note.signatures))
    for one in wrong:
        body = encode_submission(Continuation(old=0, hashes=(), checkpoint=one.encoded()))
        assert witness.add_checkpoint(body)[0] == 403
    other.close()
    assert witness.seen(ledger.origin) is None
    assert evidence(tmp_path) == []


def test_strangers_signatures_are_passed_over_and_not_remembered(witness: Witness, ledger: Ledger, tmp_path: Path) -> None:
    grow(ledger, 9)
    stranger = "— stranger.example x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    body = encode_submission(Continuation(old=0, hashes=(), checkpoint=ledger.checkpoint() + stranger))
    assert_signed(witness, ledger, witness.add_checkpoint(body))
    assert "stranger" not in (tmp_path / "witness" / "seen.json").read_text()


def test_hints_are_bounded_and_proofs_of_a_split_are_not_crowded_out(
    witness: Witness, ledger: Ledger, twin: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earwitness.ledger.witness.MOST_HINTS", 3)
    grow(ledger, 1)
    ask(witness, ledger, old=0)
    for _ in range(6):
        grow(ledger, 1)
        body = encode_submission(Continuation(old=1, hashes=(bytes(32),), checkpoint=ledger.checkpoint()))
        assert witness.add_checkpoint(body)[0] == 422
    assert len(evidence(tmp_path)) == 3
    grow(twin, 1, name="other")
    assert ask(witness, twin, old=1)[0] == 409
    assert [one.name[:6] for one in evidence(tmp_path)].count("split-") == 1


# The body of a request


EXAMPLE = (
    "old 20852014\n"
    "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\njrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"
    "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\n"
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n"
).encode()
"""The example of C2SP tlog-witness."""


def test_the_example_of_the_specification_is_read() -> None:
    found = parse_submission(EXAMPLE)
    assert found.old == 20_852_014
    assert [base64.b64encode(one).decode()[:4] for one in found.hashes] == ["PlRN", "jrJZ", "5+pK", "/6WV"]
    assert len(found.note.signatures) == 2
    again = Continuation(old=found.old, hashes=found.hashes, checkpoint=found.note.encoded())
    assert encode_submission(again) == EXAMPLE


ROOT = base64.b64encode(bytes(32))
HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "no text": b"\xff" + EXAMPLE,
    "no old size": EXAMPLE[EXAMPLE.index(b"\n") + 1 :],
    "a leading zero": EXAMPLE.replace(b"old 2", b"old 02"),
    "a sign": EXAMPLE.replace(b"old 2", b"old -2"),
    "two spaces": EXAMPLE.replace(b"old 2", b"old  2"),
    "a size that no tree has": EXAMPLE.replace(b"old 20852014", b"old 9223372036854775808"),
    "a size of many digits": EXAMPLE.replace(b"old 2", b"old " + b"9" * 5000),
    "carriage returns": EXAMPLE.replace(b"\n", b"\r\n"),
    "a hash of 31 bytes": EXAMPLE.replace(b"\nPlRN", b"\n" + base64.b64encode(bytes(31)) + b"\nPlRN"),
    "a hash in another spelling": EXAMPLE.replace(b"kaw=\n", b"kax=\n"),
    "64 hashes": b"old 1\n" + (ROOT + b"\n") * 64 + EXAMPLE[EXAMPLE.index(b"\n\n") + 1 :],
    "no note": b"old 0\n\n",
    "no empty line": EXAMPLE.replace(b"\n\nexample", b"\nexample"),
    "too long": EXAMPLE + b"a" * MOST_BODY_BYTES,
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_bodies_are_refused(witness: Witness, body: bytes) -> None:
    with pytest.raises(ProofError):
        parse_submission(body)
    assert witness.add_checkpoint(body)[0] == 400


def test_a_smaller_ledger_than_its_own_past_is_refused(witness: Witness, ledger: Ledger) -> None:
    grow(ledger, 3)
    body = encode_submission(Continuation(old=4, hashes=(), checkpoint=ledger.checkpoint()))
    assert witness.add_checkpoint(body)[0] == 400


def test_every_flipped_bit_of_a_request_is_refused_or_changes_nothing(witness: Witness, ledger: Ledger) -> None:
    grow(ledger, 9)
    ask(witness, ledger, old=0)
    grow(ledger, 3)
    body = encode_submission(ledger.continuation(9))
    statuses = set()
    for at in range(len(body) * 8):
        flipped = bytearray(body)
        flipped[at // 8] ^= 1 << (at % 8)
        statuses.add(witness.add_checkpoint(bytes(flipped))[0])
    assert statuses <= {400, 403, 404, 409, 422}
    seen = witness.seen(ledger.origin)
    assert seen is not None
    assert seen.size == 9


@settings(max_examples=40)
@given(st.integers(0, 2**63 - 1), st.lists(st.binary(min_size=32, max_size=32), max_size=63))
def test_requests_are_read_back(old: int, hashes: Sequence[bytes]) -> None:
    note = parse_submission(EXAMPLE).note
    made = Continuation(old=old, hashes=tuple(hashes), checkpoint=note.encoded())
    found = parse_submission(encode_submission(made))
    assert (found.old, found.hashes, found.note) == (old, tuple(hashes), note)
