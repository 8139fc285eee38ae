"""The offline verifier: what it establishes, and the sentence for each thing that is wrong."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from earwitness.domain.errors import ProofError
from earwitness.ledger import tree
from earwitness.ledger.edge import Edge
from earwitness.ledger.log import Ledger
from earwitness.ledger.note import COSIGNATURE, Checkpoint, Note, Verifier, cosign, parse_note, parse_verifier, sign
from earwitness.ledger.proof import canonical
from earwitness.ledger.signing_key import SigningKey, signing_key
from earwitness.ledger.tiles import Tile, bundle
from earwitness.ledger.verify import cosigned_at, verify_checkpoint, verify_consistency, verify_log
from earwitness.storage.database import Database


@dataclass
class Public:
    """A ledger with its folder and the key by which it is verified."""

    ledger: Ledger
    folder: Path
    log: Verifier

    def grow(self, count: int, *, kind: str = "kept") -> str:
        """Append, publish, and give the checkpoint."""
        self.ledger.append([{"v": 1, "kind": kind, "number": self.ledger.size() + at} for at in range(count)])
        self.ledger.publish(self.folder)
        return self.ledger.checkpoint()


@pytest.fixture
def public(tmp_path: Path) -> Iterator[Public]:
    ledger = Ledger(Database(tmp_path / "ledger.db", chain="ledger"), key_file=tmp_path / "ledger.key")
    yield Public(ledger=ledger, folder=tmp_path / "published", log=parse_verifier(ledger.verifier))
    ledger.close()


@pytest.fixture
def stranger(tmp_path: Path) -> SigningKey:
    return signing_key(tmp_path / "stranger.key")


# Whole ledgers


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 700])
def test_a_whole_ledger_verifies(public: Public, count: int) -> None:
    public.grow(count)
    told: list[tuple[int, int]] = []
    found = verify_log(public.folder, log=public.log, tell=lambda done, total: told.append((done, total)))
    assert (found.checkpoint.size, found.checkpoint.origin) == (count, public.ledger.origin)
    assert found.kinds == ({"kept": count} if count else {})
    assert found.note == public.ledger.checkpoint()
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1]


def test_three_levels_of_tiles_verify(public: Public) -> None:
    for _ in range(14):
        public.ledger.append([{"v": 1, "number": number} for number in range(4_700)])
    public.grow(1)
    assert public.ledger.size() > 256 * 256
    assert verify_log(public.folder, log=public.log).kinds == {"unknown": 65_800, "kept": 1}
    path = public.folder / "tile" / "2" / "000.p" / "1"
    path.write_bytes(bytes(32))
    with pytest.raises(ProofError, match=r"tile/2/000\.p/1 is not what"):
        verify_log(public.folder, log=public.log)


def test_kinds_are_counted(public: Public) -> None:
    public.grow(3, kind="kept")
    public.grow(2, kind="erased")
    public.ledger.append([{"v": 1}])
    public.grow(0)
    assert verify_log(public.folder, log=public.log).kinds == {"kept": 3, "erased": 2, "unknown": 1}


def test_another_key_does_not_verify_it(public: Public, stranger: SigningKey) -> None:
    public.grow(3)
    with pytest.raises(ProofError, match="not signed by that key"):
        verify_log(public.folder, log=stranger.verifier())


def test_the_key_beside_it_is_the_one_that_it_was_verified_with(public: Public, stranger: SigningKey) -> None:
    public.grow(3)
    (public.folder / "ledger.vkey").write_text(stranger.verifier().encoded() + "\n")
    with pytest.raises(ProofError, match=r"ledger\.vkey is not the key"):
        verify_log(public.folder, log=public.log)


def test_what_is_wrong_is_named(public: Public) -> None:
    public.grow(300)
    missing = public.folder / "tile" / "entries" / "000"
    data = missing.read_bytes()
    missing.unlink()
    with pytest.raises(ProofError, match=r"tile/entries/000 is missing\.$"):
        verify_log(public.folder, log=public.log)
    missing.write_bytes(data[:-1])
    with pytest.raises(ProofError, match=r"tile/entries/000 is damaged\. .*cut short"):
        verify_log(public.folder, log=public.log)
    missing.write_bytes(data[2 + int.from_bytes(data[:2], "big") :])
    with pytest.raises(ProofError, match=r"tile/entries/000 has 255 entries where the checkpoint says 256"):
        verify_log(public.folder, log=public.log)
    missing.write_bytes(data)
    (public.folder / "tile" / "notes.txt").write_text("mine")
    with pytest.raises(ProofError, match=r"tile/notes\.txt does not belong"):
        verify_log(public.folder, log=public.log)


def test_a_folder_without_a_checkpoint_is_no_ledger(tmp_path: Path, public: Public) -> None:
    with pytest.raises(ProofError, match="checkpoint is missing"):
        verify_log(tmp_path / "nothing", log=public.log)
    (tmp_path / "checkpoint").write_bytes(b"\xff\xfe")
    with pytest.raises(ProofError, match="no text"):
        verify_log(tmp_path, log=public.log)


def signed_folder(folder: Path, key: SigningKey, *, entries: list[bytes], size: int | None = None) -> Verifier:
    """A ledger of any entries, properly signed: its owner is the attacker."""
    edge, grown = Edge().extended(map(tree.leaf_hash, entries))
    text = Checkpoint(origin=key.name, size=edge.size if size is None else size, root=edge.root()).text()
    contents = {Tile(level=one.level, number=one.number, width=len(one.hashes) // 32).path(): one.hashes for one in grown}
    contents[Tile(level=None, number=0, width=len(entries)).path()] = bundle(entries)
    contents["checkpoint"] = Note(text=text, signatures=(sign(text, name=key.name, key=key.key),)).encoded().encode()
    contents["ledger.vkey"] = key.verifier().encoded().encode() + b"\n"
    for path, data in contents.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return key.verifier()


@pytest.mark.parametrize(
    "entry",
    [b"", b"{}x", b'{"v": 1}', b'{"b":1,"a":2}', b'{"a":1,"a":2}', b"[1]", b'{"a":1.0}', b"\xff", b'{"a":NaN}', b"[" * 9_000],
)
def test_a_signed_entry_that_is_not_canonical_is_refused(tmp_path: Path, stranger: SigningKey, entry: bytes) -> None:
    log = signed_folder(tmp_path / "log", stranger, entries=[canonical({"v": 1}), entry])
    with pytest.raises(ProofError):
        verify_log(tmp_path / "log", log=log)


@pytest.mark.parametrize("size", [10**6, 2**40, 2**63 - 1])
def test_a_size_that_nobody_published_costs_nothing(tmp_path: Path, stranger: SigningKey, size: int) -> None:
    log = signed_folder(tmp_path / "log", stranger, entries=[canonical({"v": 1})], size=size)
    with pytest.raises(ProofError, match="files do not hold"):
        verify_log(tmp_path / "log", log=log)
    note = (tmp_path / "log" / "checkpoint").read_text()
    for check in (
        lambda: verify_checkpoint(note, folder=tmp_path / "log", log=log),
        lambda: verify_consistency(note, note, folder=tmp_path / "log", log=log),
    ):
        with pytest.raises(ProofError):
            check()


# Checkpoints


def test_every_earlier_head_is_contained(public: Public) -> None:
    kept = [public.grow(count) for count in (0, 1, 2, 253, 1, 44, 400)]
    for at, older in enumerate(kept):
        found = verify_checkpoint(older, folder=public.folder, log=public.log)
        for newer in kept[at:]:
            first, second = verify_consistency(older, newer, folder=public.folder, log=public.log)
            assert first == found
            assert second.size >= first.size


def test_a_later_head_than_the_published_is_a_rollback(public: Public, tmp_path: Path) -> None:
    older = public.grow(300)
    public.ledger.append([{"v": 1}])
    newer = public.ledger.checkpoint()
    with pytest.raises(ProofError, match="rolled back"):
        verify_checkpoint(newer, folder=public.folder, log=public.log)
    with pytest.raises(ProofError, match="only 300"):
        verify_consistency(older, newer, folder=public.folder, log=public.log)
    public.grow(0)
    with pytest.raises(ProofError, match="rolled back"):
        verify_consistency(newer, older, folder=public.folder, log=public.log)


def test_tiles_that_do_not_lead_to_the_head_prove_nothing(public: Public) -> None:
    older = public.grow(300)
    newer = public.grow(30)
    (public.folder / "tile" / "0" / "000").write_bytes(bytes(8192))
    (public.folder / "tile" / "1" / "000.p" / "1").write_bytes(bytes(32))
    for check in (
        lambda: verify_checkpoint(older, folder=public.folder, log=public.log),
        lambda: verify_consistency(older, newer, folder=public.folder, log=public.log),
    ):
        with pytest.raises(ProofError, match="do not add up"):
            check()


def test_a_strangers_checkpoint_is_refused(public: Public, stranger: SigningKey) -> None:
    note = public.grow(3)
    text = parse_note(note).text
    forged = Note(text=text, signatures=(sign(text, name=public.ledger.origin, key=stranger.key),)).encoded()
    for check in (
        lambda: verify_checkpoint(forged, folder=public.folder, log=public.log),
        lambda: verify_consistency(forged, note, folder=public.folder, log=public.log),
        lambda: verify_consistency(note, forged, folder=public.folder, log=public.log),
    ):
        with pytest.raises(ProofError, match="not signed"):
            check()


# Witnesses


def test_who_signed_is_told_and_who_did_not_is_missed(public: Public, tmp_path: Path, stranger: SigningKey) -> None:
    key = signing_key(tmp_path / "witness.key", kind=COSIGNATURE)
    witness, other = key.verifier(kind=COSIGNATURE), stranger.verifier(kind=COSIGNATURE)
    public.grow(5)
    note = parse_note(public.ledger.checkpoint())
    signature = cosign(note.text, name=key.name, key=key.key, time=1_700_000_000)
    cosigned = Note(text=note.text, signatures=(*note.signatures, signature)).encoded()
    public.ledger.add_cosignature(cosigned, witness=witness, seen_at=1_700_000_000.0)
    public.ledger.publish(public.folder)
    found = verify_log(public.folder, log=public.log)
    assert found.unchecked == (key.name,)
    assert verify_log(public.folder, log=public.log, witnesses=(witness,)).unchecked == ()
    assert cosigned_at(found.note, (witness,)) == {key.name: 1_700_000_000}
    assert cosigned_at(found.note, ()) == {}
    with pytest.raises(ProofError, match="did not sign"):
        cosigned_at(found.note, (witness, other))
    later = cosign(note.text, name=key.name, key=stranger.key, time=1_700_000_000)
    forged = Note(text=note.text, signatures=(*note.signatures, later)).encoded()
    with pytest.raises(ProofError, match="did not sign"):
        cosigned_at(forged, (witness,))


def test_a_proof_file_is_what_the_ledger_holds(public: Public) -> None:
    public.grow(20)
    proof = json.loads(json.dumps(public.ledger.proof(7).as_json()))
    verify_checkpoint(proof["checkpoint"], folder=public.folder, log=public.log)
    assert proof["entry"] == {"v": 1, "kind": "kept", "number": 7}
