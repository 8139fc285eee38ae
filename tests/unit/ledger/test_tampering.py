"""What somebody with the files, the database or even the signing key can do, and what finds it: everything, without exception.

The attacker of the published files may change any of them and recompute every tile, but does not have the key. Whoever has the
key too can sign another history, which whoever kept one checkpoint, proof or receipt finds, and a witness does not sign.
"""

import hashlib
import os
import random
import shutil
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations, product
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earwitness.domain.errors import EarwitnessError, ProofError
from earwitness.ledger import tree
from earwitness.ledger.edge import Edge
from earwitness.ledger.log import Ledger
from earwitness.ledger.note import Verifier, parse_note, parse_verifier
from earwitness.ledger.proof import Receipt, canonical
from earwitness.ledger.submission import encode_submission
from earwitness.ledger.tiles import WIDTH, Tile, bundle, tiles_of, unbundle
from earwitness.ledger.verify import cosigned_at, verify_checkpoint, verify_consistency, verify_log
from earwitness.ledger.witness import Witness
from earwitness.storage.database import Database

ENTRIES = 600
"""Two full tiles and a partial one, of entries and of hashes; a partial one above."""
FLIPS = 10_000
DATABASE_FLIPS = 300
SEED = 12


def facts(start: int, end: int, *, name: str = "number") -> list[dict[str, object]]:
    return [{"v": 1, "kind": "trial", "at": "2026-03-01T12:00:00+00:00", name: number} for number in range(start, end)]


@dataclass
class Published:
    """A published ledger, co-signed by a witness, with all that its verifier knows from elsewhere."""

    folder: Path
    log: Verifier
    witness: Verifier

    def verify(self) -> None:
        found = verify_log(self.folder, log=self.log, witnesses=(self.witness,))
        cosigned_at(found.note, (self.witness,))

    def is_found(self) -> bool:
        try:
            self.verify()
        except ProofError:
            return True
        return False

    def files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file())

    def entries(self) -> list[bytes]:
        return [entry for tile in tiles_of(ENTRIES) if tile.level is None for entry in unbundle(self.read(tile))]

    def read(self, tile: Tile) -> bytes:
        return (self.folder / tile.path()).read_bytes()

    def write(self, contents: dict[str, bytes]) -> None:
        for path, data in contents.items():
            place = self.folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)

    @contextmanager
    def spoilt(self) -> Iterator[None]:
        """Afterwards the folder is as it was."""
        whole = {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in self.files()}
        try:
            yield
        finally:
            shutil.rmtree(self.folder)
            self.write(whole)


def overwrite(path: Path, at: int, byte: int) -> None:
    """Change one byte in place."""
    with path.open("r+b", buffering=0) as file:
        file.seek(at)
        file.write(bytes([byte]))


def opened(folder: Path, *, key_file: Path) -> Ledger:
    return Ledger(Database(folder / "ledger.db", chain="ledger"), key_file=key_file)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Published]:
    place = tmp_path_factory.mktemp("tampering")
    ledger = opened(place, key_file=place / "ledger.key")
    ledger.append(facts(0, ENTRIES))
    log = parse_verifier(ledger.verifier)
    witness = Witness(place / "witness", logs=[log], clock=lambda: 1_800_000_000.0)
    known = parse_verifier(witness.verifier)
    cosigned = parse_note(ledger.checkpoint() + signed_by(witness, ledger, old=0)).encoded()
    ledger.add_cosignature(cosigned, witness=known, seen_at=1_800_000_000.0)
    ledger.publish(place / "published")
    ledger.close()
    witness.close()
    found = Published(folder=place / "published", log=log, witness=known)
    found.verify()
    yield found
    found.verify()


def signed_by(witness: Witness, ledger: Ledger, *, old: int) -> str:
    status, answer = witness.add_checkpoint(encode_submission(ledger.continuation(old)))
    assert status == 200, answer
    return answer


def tiles_over(entries: Sequence[bytes]) -> dict[str, bytes]:
    """Every tile and bundle of a ledger of those entries, as an attacker computes them."""
    _, grown = Edge().extended(map(tree.leaf_hash, entries))
    hashes = {Tile(level=one.level, number=one.number, width=len(one.hashes) // 32).path(): one.hashes for one in grown}
    groups = [entries[at : at + WIDTH] for at in range(0, len(entries), WIDTH)]
    return hashes | {Tile(level=None, number=at, width=len(one)).path(): bundle(one) for at, one in enumerate(groups)}


# The published files


def test_every_flipped_bit_is_found(published: Published) -> None:
    chance = random.Random(SEED)
    files = {path: path.read_bytes() for path in published.files()}
    places = [(path, at) for path, data in files.items() for at in range(len(data))]
    missed = []
    for _ in range(FLIPS):
        path, at = chance.choice(places)
        bit = 1 << chance.randrange(8)
        overwrite(path, at, files[path][at] ^ bit)
        if not published.is_found():
            missed.append((path.name, at, bit))
        overwrite(path, at, files[path][at])
    assert missed == []


def test_every_flipped_bit_of_what_is_not_a_tile_is_found(published: Published) -> None:
    missed = []
    for name in ("checkpoint", "ledger.vkey"):
        path = published.folder / name
        whole = path.read_bytes()
        for at, bit in product(range(len(whole)), range(8)):
            overwrite(path, at, whole[at] ^ 1 << bit)
            if not published.is_found():
                missed.append((name, at, bit))
            overwrite(path, at, whole[at])
    assert missed == []


def test_every_swap_of_neighbouring_entries_is_found(published: Published) -> None:
    entries, honest = published.entries(), tiles_over(published.entries())
    missed = []
    for at in range(ENTRIES - 1):
        swapped = [*entries[:at], entries[at + 1], entries[at], *entries[at + 2 :]]
        changed = {path: data for path, data in tiles_over(swapped).items() if honest[path] != data}
        only_bundles = {path: data for path, data in changed.items() if "entries" in path}
        for spoils in (changed, only_bundles):
            published.write(spoils)
            if not published.is_found():
                missed.append((at, sorted(spoils)))
            published.write({path: honest[path] for path in changed})
    assert missed == []


def test_every_swap_of_files_is_found(published: Published) -> None:
    contents = {path: path.read_bytes() for path in published.files()}
    missed = []
    for one, other in combinations(contents, 2):
        one.write_bytes(contents[other])
        other.write_bytes(contents[one])
        if not published.is_found():
            missed.append((one.name, other.name))
        one.write_bytes(contents[one])
        other.write_bytes(contents[other])
    assert missed == []


def test_every_missing_file_is_found(published: Published) -> None:
    for path in published.files():
        data = path.read_bytes()
        path.unlink()
        assert published.is_found(), path
        path.mkdir()
        assert published.is_found(), f"a folder in place of {path}"
        path.rmdir()
        path.write_bytes(data)


def test_every_truncation_is_found(published: Published) -> None:
    for path in published.files():
        data = path.read_bytes()
        for length in {0, 1, len(data) // 2, *ends_of_parts(path, data), len(data) - 1} - {len(data)}:
            path.write_bytes(data[:length])
            assert published.is_found(), (path, length)
        path.write_bytes(data)


@pytest.mark.parametrize("more", [b"\0", b"\n", bytes(32), b"\0\0"], ids=repr)
def test_whatever_follows_the_end_of_a_file_is_found(published: Published, more: bytes) -> None:
    for path in published.files():
        data = path.read_bytes()
        path.write_bytes(data + more)
        assert published.is_found(), path
        path.write_bytes(data)


def ends_of_parts(path: Path, data: bytes) -> list[int]:
    """Where the parts of a file end, so that what is left looks whole: entries, hashes, lines."""
    if "entries" in path.as_posix():
        found, at = [], 0
        while at < len(data):
            found.append(at)
            at += 2 + int(struct.unpack_from(">H", data, at)[0])
        return found
    step = 32 if "tile" in path.as_posix() else 0
    return list(range(0, len(data), step)) if step else [at + 1 for at, byte in enumerate(data) if byte == 0x0A]


@pytest.mark.parametrize(
    "path",
    [
        "tile/entries/002",
        "tile/entries/002.p/87",
        "tile/entries/003.p/1",
        "tile/0/003",
        "tile/0/001.p/255",
        "tile/1/001",
        "tile/2/000.p/1",
        "tile/.hidden",
        "checkpoint.old",
        "tile/0/000.p/000",
    ],
)
def test_a_file_too_many_is_found(published: Published, path: str) -> None:
    with published.spoilt():
        published.write({path: b"\0\0"})
        assert published.is_found()


@pytest.mark.parametrize("target", ["tile/0", "tile/0/000", "nowhere"])
def test_a_link_too_many_is_found(published: Published, target: str) -> None:
    with published.spoilt():
        (published.folder / "tile" / "9").symlink_to(published.folder / target)
        assert published.is_found()


@pytest.mark.parametrize("path", ["checkpoint", "tile/0/000", "tile/entries/002.p/88"])
def test_a_file_that_never_ends_is_not_read(published: Published, path: str) -> None:
    with published.spoilt():
        (published.folder / path).unlink()
        (published.folder / path).symlink_to("/dev/zero")
        assert published.is_found()


Edit = Callable[[list[bytes]], list[bytes]]
EDITS: dict[str, Edit] = {
    "the first removed": lambda entries: entries[1:],
    "the last removed": lambda entries: entries[:-1],
    "one in the middle removed": lambda entries: entries[:300] + entries[301:],
    "one told twice": lambda entries: [*entries[:300], entries[299], *entries[300:]],
    "one told twice at the end": lambda entries: [*entries, entries[-1]],
    "one replaced": lambda entries: [*entries[:300], canonical({"v": 1}), *entries[301:]],
    "one put in front": lambda entries: [canonical({"v": 1}), *entries],
    "the order turned": lambda entries: entries[::-1],
    "all removed": lambda _: [],
    "two joined": lambda entries: [entries[0] + entries[1], *entries[2:]],
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_a_ledger_that_is_made_anew_without_the_key_is_found(published: Published, edit: Edit) -> None:
    with published.spoilt():
        entries = edit(published.entries())
        shutil.rmtree(published.folder / "tile")
        published.write(tiles_over(entries))
        assert published.is_found()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.data())
def test_any_other_entries_are_found(published: Published, data: st.DataObject) -> None:
    honest = published.entries()
    start = data.draw(st.integers(0, ENTRIES))
    end = data.draw(st.integers(start, min(ENTRIES, start + 300)))
    fresh = data.draw(st.lists(st.sampled_from(honest) | st.binary(max_size=40), max_size=8))
    entries = honest[:start] + fresh + honest[end:]
    with published.spoilt():
        shutil.rmtree(published.folder / "tile")
        published.write(tiles_over(entries))
        assert published.is_found() == (entries != honest)


# Who has the key


@dataclass
class Keyed:
    """A ledger and its twin under the same key, which agree up to their first `common` entries and then differ."""

    place: Path
    ledger: Ledger
    twin: Ledger
    log: Verifier
    common: int


@pytest.fixture(params=[0, 1, 255, 256, 300])
def keyed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Keyed]:
    common = int(request.param)
    key_file = tmp_path / "ledger.key"
    ledgers = [opened(tmp_path / name, key_file=key_file) for name in ("ledger", "twin")]
    for ledger in ledgers:
        ledger.append(facts(0, common))
    ledger, twin = ledgers
    yield Keyed(place=tmp_path, ledger=ledger, twin=twin, log=parse_verifier(ledger.verifier), common=common)
    for ledger in ledgers:
        ledger.close()


@pytest.mark.parametrize(("ours", "theirs"), [(310, 310), (310, 320), (320, 310), (301, 600)])
def test_a_split_view_is_found(keyed: Keyed, ours: int, theirs: int) -> None:
    keyed.ledger.append(facts(keyed.common, ours))
    keyed.twin.append(facts(keyed.common, theirs, name="other"))
    mine, yours = keyed.ledger.checkpoint(), keyed.twin.checkpoint()
    for name, ledger, stranger in (("mine", keyed.ledger, yours), ("yours", keyed.twin, mine)):
        folder = keyed.place / name
        ledger.publish(folder)
        verify_log(folder, log=keyed.log)
        for pair in ((mine, yours), (yours, mine)):
            with pytest.raises(ProofError):
                verify_consistency(*pair, folder=folder, log=keyed.log)
        with pytest.raises(ProofError):
            verify_checkpoint(stranger, folder=folder, log=keyed.log)


def test_a_witness_signs_one_history_only(keyed: Keyed) -> None:
    keyed.ledger.append(facts(keyed.common, 310))
    witness = Witness(keyed.place / "witness", logs=[keyed.log])
    signed_by(witness, keyed.ledger, old=0)
    for size in (310, 311, 600):
        keyed.twin.append(facts(keyed.twin.size(), size, name="other"))
        for old in (0, keyed.common, 310):
            status, _ = witness.add_checkpoint(encode_submission(keyed.twin.continuation(old)))
            assert status in (409, 422), (size, old)
    keyed.ledger.append(facts(310, 320))
    signed_by(witness, keyed.ledger, old=310)
    witness.close()


@pytest.fixture
def rolled_back(tmp_path: Path) -> Iterator[tuple[Path, Ledger, Ledger]]:
    """The folder, the ledger that went on, and an old copy of its database, brought back under the same key."""
    key_file, after = tmp_path / "ledger.key", tmp_path / "after"
    ledger = opened(after, key_file=key_file)
    ledger.append(facts(0, 300))
    ledger.close()
    shutil.copytree(after, tmp_path / "before")
    ledger, old = opened(after, key_file=key_file), opened(tmp_path / "before", key_file=key_file)
    yield tmp_path, ledger, old
    ledger.close()
    old.close()


def test_a_rollback_is_found_by_any_newer_checkpoint_or_proof(rolled_back: tuple[Path, Ledger, Ledger]) -> None:
    place, ledger, old = rolled_back
    log = parse_verifier(ledger.verifier)
    (position,) = ledger.append(facts(300, 301))
    proof = ledger.proof(position)
    for entries_since in (0, 1, 300):
        old.append(facts(0, entries_since, name="since"))
        old.publish(place / "log")
        verify_log(place / "log", log=log)
        for kept in (ledger.checkpoint(), proof.checkpoint):
            with pytest.raises(ProofError):
                verify_checkpoint(kept, folder=place / "log", log=log)
            with pytest.raises(ProofError):
                verify_consistency(kept, old.checkpoint(), folder=place / "log", log=log)


def test_a_rollback_is_found_by_a_receipt(rolled_back: tuple[Path, Ledger, Ledger]) -> None:
    place, ledger, old = rolled_back
    log = parse_verifier(ledger.verifier)
    statement = {"v": 1, "erasure": "e", "recordings": 3}
    entry = {"v": 1, "kind": "erased", "receipt": hashlib.sha256(canonical(statement)).hexdigest()}
    (position,) = ledger.append([entry])
    receipt = Receipt(statement=statement, proof=ledger.proof(position))
    receipt.check(log)
    old.append(facts(0, 5, name="instead"))
    old.publish(place / "log")
    with pytest.raises(ProofError):
        verify_checkpoint(receipt.proof.checkpoint, folder=place / "log", log=log)


def test_a_rollback_is_found_by_a_witness(rolled_back: tuple[Path, Ledger, Ledger]) -> None:
    place, ledger, old = rolled_back
    witness = Witness(place / "witness", logs=[parse_verifier(ledger.verifier)])
    ledger.append(facts(300, 310))
    signed_by(witness, ledger, old=0)
    for size in (300, 305, 310, 400):
        old.append(facts(old.size(), size, name="since"))
        for since in {0, 300, min(310, size)}:
            status, _ = witness.add_checkpoint(encode_submission(old.continuation(since)))
            assert status in (409, 422), (size, since)
    witness.close()


# The database


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where the machine has such a thing: the disk's syncs are not what is tried here."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else tmp_path) as folder:
        yield Path(folder)


def test_a_flipped_bit_of_the_database_is_found_or_changes_nothing(quick: Path) -> None:
    """Found when it is opened, grown, published or verified; or what is published is what it would be."""
    key_file = quick / "ledger.key"
    ledger = opened(quick / "whole", key_file=key_file)
    ledger.append(facts(0, ENTRIES))
    before, log = ledger.checkpoint(), parse_verifier(ledger.verifier)
    ledger.append(facts(ENTRIES, ENTRIES + 1))
    ledger.publish(quick / "honest")
    ledger.close()
    whole = (quick / "whole" / "ledger.db").read_bytes()
    assert [path.name for path in (quick / "whole").iterdir()] == ["ledger.db"]
    chance = random.Random(SEED)
    outcomes = {"found": 0, "the same": 0}
    for number in range(DATABASE_FLIPS):
        data = bytearray(whole)
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        folder = quick / "flipped"
        folder.mkdir()
        (folder / "ledger.db").write_bytes(data)
        outcome = outcome_of(folder, key_file=key_file, log=log, before=before, honest=quick / "honest")
        assert outcome in outcomes, (number, outcome)
        outcomes[outcome] += 1
        shutil.rmtree(folder)
    assert outcomes["found"] > DATABASE_FLIPS / 2


def outcome_of(folder: Path, *, key_file: Path, log: Verifier, before: str, honest: Path) -> str:
    try:
        ledger = opened(folder, key_file=key_file)
    except EarwitnessError:
        return "found"
    try:
        ledger.publish(folder / "log")
        verify_log(folder / "log", log=log)
        verify_checkpoint(before, folder=folder / "log", log=log)
        if contents(folder / "log") != contents(honest):
            return "another ledger, and nobody noticed"
        ledger.append(facts(0, 300))
        ledger.publish(folder / "log")
        verify_log(folder / "log", log=log)
        verify_checkpoint((honest / "checkpoint").read_text(), folder=folder / "log", log=log)
    except EarwitnessError:
        return "found"
    finally:
        ledger.close()
    return "the same"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
