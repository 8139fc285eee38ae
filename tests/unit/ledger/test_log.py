"""The ledger on SQLite and PostgreSQL: what is acknowledged is there, in order, proved, and nothing is signed over damage."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earwitness.domain.errors import LedgerError, ProofError
from earwitness.ledger import log, tree
from earwitness.ledger.log import Ledger
from earwitness.ledger.note import COSIGNATURE, Note, Verifier, cosign, parse_checkpoint, parse_note, parse_verifier, verify
from earwitness.ledger.proof import canonical
from earwitness.ledger.signing_key import signing_key
from earwitness.ledger.tiles import bundle, tiles_of
from earwitness.storage import database as database_module
from earwitness.storage.database import Chain, Database
from earwitness.storage.ledger import entries, head, tiles

Opener = Callable[[], Ledger]
WRITER = """
import sys
from pathlib import Path
from earwitness.ledger.log import Ledger
from earwitness.storage.database import Database

place, key, name, count = sys.argv[1:]
ledger = Ledger(Database(place if "://" in place else Path(place), chain="ledger"), key_file=Path(key))
print("ready", flush=True)
sys.stdin.readline()
number = 0
while number != int(count):
    (position,) = ledger.append([{"by": name, "number": number}])
    print(position, flush=True)
    number += 1
"""


def fact(number: int) -> dict[str, object]:
    return {"v": 1, "number": number}


def numbered(count: int, *, start: int = 0) -> list[dict[str, object]]:
    return [fact(number) for number in range(start, start + count)]


def root_over(count: int) -> bytes:
    return tree.root_of([tree.leaf_hash(canonical(fact(number))) for number in range(count)])


def key_of(ledger: Ledger) -> Verifier:
    return parse_verifier(ledger.verifier)


def head_of(ledger: Ledger) -> tuple[int, bytes]:
    checkpoint = verify(parse_note(ledger.checkpoint()), log=key_of(ledger), is_strict=True)
    return checkpoint.size, checkpoint.root


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "ledger.key"


@pytest.fixture
def open_ledger(database_place: Callable[[Chain], Path | str], key_file: Path) -> Iterator[Opener]:
    """Opens the same ledger, on SQLite or PostgreSQL, and closes at the end what was opened."""
    opened: list[Ledger] = []

    def opener() -> Ledger:
        opened.append(Ledger(Database(database_place("ledger"), chain="ledger"), key_file=key_file))
        return opened[-1]

    yield opener
    for ledger in opened:
        ledger.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path: Path, key_file: Path) -> Iterator[Ledger]:
    ledger = Ledger(Database(path, chain="ledger"), key_file=key_file)
    yield ledger
    ledger.close()


# Growing


def test_a_new_ledger_is_empty_and_signed(open_ledger: Opener) -> None:
    ledger = open_ledger()
    assert head_of(ledger) == (0, tree.EMPTY_ROOT)
    assert ledger.origin.startswith("earwitness.invalid/ledger/")
    assert ledger.append([]) == ()
    with pytest.raises(ProofError) as caught:
        ledger.proof(0)
    assert caught.value.code == "proof.not_found"


def test_entries_get_positions_and_proofs(open_ledger: Opener) -> None:
    ledger = open_ledger()
    assert ledger.append(numbered(3)) == (0, 1, 2)
    assert ledger.append(numbered(300, start=3)) == tuple(range(3, 303))
    assert head_of(ledger) == (303, root_over(303))
    for position in (0, 2, 255, 256, 302):
        proof = ledger.proof(position)
        assert proof.check(key_of(ledger)).size == 303
        assert proof.entry() == fact(position)
        assert ledger.leaf(position) == canonical(fact(position))
    for position in (-1, 303, 2**70):
        with pytest.raises(ProofError) as caught:
            ledger.leaf(position)
        assert caught.value.code == "proof.not_found"


def test_entries_are_read_one_after_the_other_from_anywhere(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "READ_AT_ONCE", 3)
    ledger.append(numbered(8))
    told = [ledger.leaf(position) for position in range(8)]
    assert list(ledger.leaves()) == told
    assert (list(ledger.leaves(5)), list(ledger.leaves(2, 4)), list(ledger.leaves(8))) == (told[5:], told[2:4], [])
    with pytest.raises(ProofError):
        list(ledger.leaves(6, 9))
    with ledger.database.writing() as connection:
        connection.execute(sa.delete(entries).where(entries.c.position == 4))
    with pytest.raises(LedgerError):
        list(ledger.leaves())


def test_it_goes_on_after_a_restart(open_ledger: Opener) -> None:
    first = open_ledger()
    first.append(numbered(700))
    first.close()
    again = open_ledger()
    assert (again.origin, again.verifier, again.size()) == (first.origin, first.verifier, 700)
    assert again.append(numbered(100, start=700))[0] == 700
    assert head_of(again) == (800, root_over(800))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.integers(1, 400), min_size=1, max_size=6), st.data())
def test_however_it_grows_it_is_the_same_tree(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("grown")
    ledger = Ledger(Database(folder / "ledger.db", chain="ledger"), key_file=folder / "ledger.key")
    for step in steps:
        ledger.append(numbered(step, start=ledger.size()))
    size = sum(steps)
    assert head_of(ledger) == (size, root_over(size))
    position = data.draw(st.integers(0, size - 1))
    assert ledger.proof(position).check(key_of(ledger)).size == size
    old = data.draw(st.integers(0, size))
    continuation = ledger.continuation(old)
    assert continuation.check(key_of(ledger), old_root=root_over(old)).size == size
    assert ledger.consistency(old) == continuation.hashes
    earlier = verify(parse_note(ledger.checkpoint(old)), log=key_of(ledger))
    assert (earlier.size, earlier.root) == (old, root_over(old))
    ledger.close()


def test_more_than_there_is_has_no_proof(ledger: Ledger) -> None:
    ledger.append(numbered(3))
    for ask in (ledger.continuation, ledger.checkpoint, ledger.consistency):
        with pytest.raises(ProofError) as caught:
            ask(4)
        assert caught.value.code == "proof.not_found"


def test_an_entry_is_small_and_is_json(ledger: Ledger) -> None:
    longest = {"a": "x" * (65_535 - len('{"a":""}'))}
    assert ledger.append([longest]) == (0,)
    hostile: list[dict[str, Any]] = [{"a": longest["a"] + "x"}, {"a": float("nan")}, {"a": object()}]
    for wrong in hostile:
        with pytest.raises(ProofError):
            ledger.append([fact(1), wrong])
    assert ledger.size() == 1


# Side by side


def await_queue(ledger: Ledger, count: int) -> None:
    """Return when so many appends wait for their transaction."""
    never = threading.Event()
    while ledger._commits.waiting < count:
        never.wait(0.001)


def test_threads_are_committed_together(ledger: Ledger) -> None:
    writes: list[int] = []
    ledger.database.subscribe(lambda: writes.append(1))
    with ThreadPoolExecutor(30) as threads:
        with ledger.database.writing():
            waiting = [threads.submit(ledger.append, [{"thread": number}, {"thread": number}]) for number in range(30)]
            await_queue(ledger, 29)
        found = [one.result() for one in waiting]
    assert sorted(position for positions in found for position in positions) == list(range(60))
    assert len(writes) in (2, 3), "ours, and one or two for all of theirs"
    for number, (first, second) in enumerate(found):
        assert second == first + 1
        assert json.loads(ledger.leaf(first)) == json.loads(ledger.leaf(second)) == {"thread": number}


def test_a_transaction_has_a_limit(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("earwitness.ledger.group_commit.MOST_AT_ONCE", 10)
    assert len(ledger.append(numbered(25))) == 25
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: ledger.append([fact(0)] * 7), range(40)))
    assert sorted(position for positions in found for position in positions) == list(range(25, 305))
    assert ledger.proof(200).check(key_of(ledger)).size == 305


def test_two_processes_grow_one_ledger(
    database_place: Callable[[Chain], Path | str], key_file: Path, open_ledger: Opener
) -> None:
    place = str(database_place("ledger"))
    writers = [started(place, key_file, name, count=100) for name in ("one", "two")]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    said = [writer.communicate("go\n", timeout=120)[0] for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0]
    positions = [[int(line) for line in text.split()] for text in said]
    assert sorted(positions[0] + positions[1]) == list(range(200))
    ledger = open_ledger()
    for name, mine in zip(("one", "two"), positions, strict=True):
        assert [json.loads(ledger.leaf(position)) for position in mine] == [{"by": name, "number": n} for n in range(100)]
    leaves = [tree.leaf_hash(ledger.leaf(position)) for position in range(200)]
    assert head_of(ledger) == (200, tree.root_of(leaves))


def test_what_is_acknowledged_survives_a_kill(path: Path, key_file: Path) -> None:
    writer = started(str(path), key_file, "one", count=-1)
    assert writer.stdin is not None
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    writer.stdin.write("go\n")
    writer.stdin.flush()
    said = [writer.stdout.readline() for _ in range(50)]
    os.kill(writer.pid, signal.SIGKILL)
    said += writer.communicate()[0].splitlines()
    acknowledged = [int(line) for line in said]
    ledger = Ledger(Database(path, chain="ledger"), key_file=key_file)
    for number, position in enumerate(acknowledged):
        assert json.loads(ledger.leaf(position)) == {"by": "one", "number": number}
    assert ledger.size() - len(acknowledged) in (0, 1)
    assert ledger.append([fact(0)]) == (ledger.size() - 1,)
    assert ledger.proof(0).check(key_of(ledger)).size == ledger.size()
    ledger.close()


def started(place: str, key_file: Path, name: str, *, count: int) -> "subprocess.Popen[str]":
    arguments = [sys.executable, "-c", WRITER, place, str(key_file), name, str(count)]
    return subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


# When it cannot


def test_a_full_disk_acknowledges_nothing(ledger: Ledger) -> None:
    ledger.append(numbered(5))
    before = ledger.checkpoint()
    with ledger.database.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(LedgerError, match="no space left") as caught:
        ledger.append([{"a": "x" * 60_000}])
    assert caught.value.is_retryable
    assert ledger.checkpoint() == before
    with ledger.database.writing() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 100000")
    assert ledger.append([fact(5)]) == (5,)
    assert head_of(ledger) == (6, root_over(6))


def test_a_database_in_other_hands_acknowledges_nothing_to_anybody(
    path: Path, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 0.05)
    ledger = Ledger(Database(path, chain="ledger"), key_file=key_file)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(10) as threads:
        waiting = [threads.submit(ledger.append, [fact(number)]) for number in range(10)]
        for one in waiting:
            with pytest.raises(LedgerError, match="nothing is opened and nothing is kept"):
                one.result()
    holder.execute("ROLLBACK")
    holder.close()
    assert ledger.size() == 0
    assert ledger.append([fact(0)]) == (0,)
    ledger.close()


class Interrupted(Database):
    """A database whose user presses Ctrl-C in the middle of a transaction, when asked to."""

    is_due = False

    @contextmanager
    def writing(self, *, lock: int | None = None) -> Iterator[sa.Connection]:
        with super().writing(lock=lock) as connection:
            if self.is_due:
                raise KeyboardInterrupt
            yield connection


def test_an_interruption_acknowledges_nothing_to_those_who_wait(path: Path, key_file: Path) -> None:
    database = Interrupted(path, chain="ledger")
    ledger = Ledger(database, key_file=key_file)
    with ThreadPoolExecutor(5) as threads:
        with database.writing():
            waiting = [threads.submit(ledger.append, [fact(number)]) for number in range(5)]
            await_queue(ledger, 4)
            database.is_due = True
        failures = [type(one.exception()).__name__ for one in waiting]
    assert sorted(failures) in (["KeyboardInterrupt"] * many + ["LedgerError"] * (5 - many) for many in (1, 2))
    database.is_due = False
    assert ledger.size() == 0
    assert ledger.append(numbered(2)) == (0, 1)
    ledger.close()


def test_a_database_of_no_use_is_said(ledger: Ledger) -> None:
    ledger.append(numbered(2))
    with ledger.database.writing() as connection:
        connection.exec_driver_sql("DROP TABLE entries")
    for ask in (lambda: ledger.append([fact(2)]), lambda: ledger.leaf(0), lambda: ledger.proof(0)):
        with pytest.raises(LedgerError):
            ask()


# When somebody was at it


DAMAGES: dict[str, sa.Update | sa.Delete] = {
    "a changed hash": sa.update(tiles).where(tiles.c.level == 0, tiles.c.number == 1).values(hashes=b"\x01" * 44 * 32),
    "a short tile": sa.update(tiles).where(tiles.c.level == 0, tiles.c.number == 1).values(hashes=b"\x01" * 32),
    "no tile": sa.delete(tiles).where(tiles.c.level == 0, tiles.c.number == 1),
    "a changed hash above": sa.update(tiles).where(tiles.c.level == 1).values(hashes=b"\x01" * 32),
    "another size": sa.update(head).values(size=299),
    "no head": sa.delete(head),
    "a head that is no note": sa.update(head).values(note="nothing"),
    "a head without its signature": sa.update(head).values(note=sa.func.substr(head.c.note, 1, 200)),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_nothing_is_signed_over_damage(path: Path, key_file: Path, damage: sa.Update | sa.Delete) -> None:
    before = Ledger(Database(path, chain="ledger"), key_file=key_file)
    before.append(numbered(300))
    with before.database.writing() as connection:
        connection.execute(damage)
    before.close()
    with pytest.raises(LedgerError) as caught:
        Ledger(Database(path, chain="ledger"), key_file=key_file).append([fact(300)])
    assert caught.value.code in ("ledger.damaged", "ledger.key")
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM entries").fetchone() == (300,)


def test_another_process_finds_the_damage_of_one(ledger: Ledger, path: Path) -> None:
    ledger.append(numbered(10))
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE head SET note = replace(note, 'ledger/', 'ledgen/')")
    with pytest.raises(LedgerError) as caught:
        ledger.append([fact(10)])
    assert caught.value.code == "ledger.key"


def test_a_proof_is_not_handed_out_unless_it_holds(ledger: Ledger) -> None:
    ledger.append(numbered(300))
    with ledger.database.writing() as connection:
        connection.execute(sa.update(entries).where(entries.c.position == 7).values(leaf=canonical(fact(8))))
    with pytest.raises(LedgerError, match="damaged"):
        ledger.proof(7)
    assert ledger.proof(8).check(key_of(ledger)).size == 300


def test_rows_of_the_wrong_kind_are_damage(path: Path, key_file: Path) -> None:
    ledger = Ledger(Database(path, chain="ledger"), key_file=key_file)
    ledger.append(numbered(10))
    for value in (2**62, "text", 1.5):
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE entries SET leaf = ? WHERE position = 3", (value,))
            connection.execute("UPDATE tiles SET hashes = ?", (value,))
        for ask in (lambda: ledger.leaf(3), lambda: ledger.proof(4), lambda: ledger.tile("tile/0/000.p/10")):
            with pytest.raises(LedgerError):
                ask()
    ledger.close()


def test_without_its_key_a_ledger_gets_no_new_one(path: Path, key_file: Path) -> None:
    ledger = Ledger(Database(path, chain="ledger"), key_file=key_file)
    ledger.append(numbered(3))
    ledger.close()
    key_file.rename(key_file.with_name("away"))
    with pytest.raises(LedgerError) as caught:
        Ledger(Database(path, chain="ledger"), key_file=key_file)
    assert caught.value.code == "ledger.key"
    assert not key_file.exists()
    signing_key(key_file)
    with pytest.raises(LedgerError, match="bring back the key file"):
        Ledger(Database(path, chain="ledger"), key_file=key_file)
    key_file.with_name("away").replace(key_file)
    assert Ledger(Database(path, chain="ledger"), key_file=key_file).size() == 3


# Tiles


def test_tiles_are_those_of_the_layout(open_ledger: Opener) -> None:
    ledger = open_ledger()
    ledger.append(numbered(600))
    leaves = [canonical(fact(number)) for number in range(600)]
    for tile in tiles_of(600):
        data = ledger.tile(tile.path())
        part = leaves[tile.number * 256 : tile.number * 256 + tile.width]
        if tile.level is None:
            assert data == bundle(part)
        elif tile.level == 0:
            assert data == b"".join(map(tree.leaf_hash, part))
    assert ledger.tile("tile/1/000.p/2") == b"".join(
        tree.root_of([tree.leaf_hash(leaf) for leaf in leaves[at : at + 256]]) for at in (0, 256)
    )
    assert ledger.tile("tile/0/000.p/5") == ledger.tile("tile/0/000")[: 5 * 32]
    assert ledger.tile("tile/entries/000.p/2") == bundle(leaves[:2])
    assert ledger.tile("checkpoint").decode() == ledger.checkpoint()


NOT_THERE = [
    "tile/0/002",
    "tile/0/002.p/89",
    "tile/0/003.p/1",
    "tile/1/000",
    "tile/1/000.p/3",
    "tile/2/000.p/1",
    "tile/entries/002",
    "tile/0/x999/x999/x999/x999/x999/x999/999",
    "tile/63/000",
    "tile/0/000.p/999",
    "",
    "key",
    "../ledger.db",
]


@pytest.mark.parametrize("path_asked", NOT_THERE)
def test_what_is_not_there_is_not_found(ledger: Ledger, path_asked: str) -> None:
    ledger.append(numbered(600))
    with pytest.raises(ProofError) as caught:
        ledger.tile(path_asked)
    assert caught.value.code == "proof.not_found"


# Witnesses


def cosigned(ledger: Ledger, folder: Path, *, name: str = "witness", size: int | None = None) -> tuple[str, Verifier]:
    key = signing_key(folder / f"{name}.key", prefix=f"earwitness.invalid/{name}", kind=COSIGNATURE)
    note = parse_note(ledger.checkpoint(size))
    ours = [one for one in note.signatures if one.name == ledger.origin]
    line = cosign(note.text, name=key.name, key=key.key, time=1_700_000_000)
    return Note(text=note.text, signatures=(*ours, line)).encoded(), key.verifier(kind=COSIGNATURE)


def test_a_witness_is_in_the_checkpoint_and_the_proofs_of_what_it_saw(open_ledger: Opener, tmp_path: Path) -> None:
    ledger = open_ledger()
    ledger.append(numbered(5))
    (note, one), (other_note, other) = cosigned(ledger, tmp_path), cosigned(ledger, tmp_path, name="other")
    ledger.add_cosignature(note, witness=one, seen_at=1.0)
    ledger.add_cosignature(other_note, witness=other, seen_at=1.0)
    assert verify(parse_note(ledger.checkpoint()), log=key_of(ledger), witnesses=(one, other), is_strict=True).size == 5
    assert ledger.proof(2).check(key_of(ledger), witnesses=(one, other)).size == 5
    assert ledger.cosigned() == {one.name: note, other.name: other_note}
    ledger.append([fact(5)])
    assert len(parse_note(ledger.checkpoint()).signatures) == 1
    assert ledger.cosigned() == {one.name: note, other.name: other_note}


def test_an_older_signature_of_a_witness_replaces_no_newer(ledger: Ledger, tmp_path: Path) -> None:
    ledger.append(numbered(9))
    newer, witness = cosigned(ledger, tmp_path)
    older, _ = cosigned(ledger, tmp_path, size=4)
    ledger.add_cosignature(newer, witness=witness, seen_at=2.0)
    ledger.add_cosignature(older, witness=witness, seen_at=1.0)
    assert ledger.cosigned() == {witness.name: newer}


def test_only_what_a_witness_signed_of_this_ledger_is_kept(ledger: Ledger, tmp_path: Path, key_file: Path) -> None:
    ledger.append(numbered(5))
    note, witness = cosigned(ledger, tmp_path)
    _, other = cosigned(ledger, tmp_path, name="other")
    twin = Ledger(Database(tmp_path / "twin.db", chain="ledger"), key_file=key_file)
    twin.append(numbered(5, start=7))
    of_twin, _ = cosigned(twin, tmp_path)
    twin.append(numbered(5))
    beyond, _ = cosigned(twin, tmp_path)
    twin.close()
    for wrong, by in ((note, other), (ledger.checkpoint(), witness), (of_twin, witness), (beyond, witness), ("", witness)):
        with pytest.raises(ProofError):
            ledger.add_cosignature(wrong, witness=by, seen_at=1.0)
    assert ledger.cosigned() == {}
    assert parse_checkpoint(parse_note(of_twin).text).origin == ledger.origin
