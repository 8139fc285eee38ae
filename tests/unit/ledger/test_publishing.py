"""The published folder: exactly what the checkpoint covers, written once, and never over another ledger."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from earwitness.domain.errors import LedgerError, ProofError, StorageError
from earwitness.ledger.log import Ledger
from earwitness.ledger.note import parse_verifier
from earwitness.ledger.publishing import published_checkpoint
from earwitness.ledger.tiles import tiles_of
from earwitness.ledger.verify import verify_log
from earwitness.storage.database import Database


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(Database(tmp_path / "ledger.db", chain="ledger"), key_file=tmp_path / "ledger.key")
    yield ledger
    ledger.close()


def grow(ledger: Ledger, count: int) -> None:
    ledger.append([{"v": 1, "number": ledger.size() + number} for number in range(count)])


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 700])
def test_it_holds_what_the_ledger_serves(ledger: Ledger, tmp_path: Path, size: int) -> None:
    if size:
        grow(ledger, size)
    assert ledger.publish(tmp_path / "out") == size
    found = files(tmp_path / "out")
    assert found.pop("ledger.vkey").decode() == ledger.verifier + "\n"
    assert found.keys() == {"checkpoint", *(tile.path() for tile in tiles_of(size))}
    for path, data in found.items():
        assert data == ledger.tile(path)
    assert verify_log(tmp_path / "out", log=parse_verifier(ledger.verifier)).checkpoint.size == size


def test_only_what_is_new_is_written_and_said(ledger: Ledger, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    grow(ledger, 300)
    ledger.publish(folder)
    written = (folder / "tile/entries/000").stat().st_ino
    said: list[tuple[int, int]] = []
    grow(ledger, 300)
    ledger.publish(folder, tell=lambda done, total: said.append((done, total)))
    assert (folder / "tile/entries/000").stat().st_ino == written
    new = {tile.path() for tile in tiles_of(600)} - {tile.path() for tile in tiles_of(300)}
    assert said == [(done, len(new)) for done in range(len(new) + 1)]
    assert files(folder).keys() == {"checkpoint", "ledger.vkey", *(tile.path() for tile in tiles_of(600))}
    assert verify_log(folder, log=parse_verifier(ledger.verifier)).checkpoint.size == 600


def test_what_an_interrupted_writer_left_is_tidied(ledger: Ledger, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    grow(ledger, 300)

    class PowerCutError(Exception):
        pass

    def cut(done: int, total: int) -> None:
        if done == 3:
            raise PowerCutError

    with pytest.raises(PowerCutError):
        ledger.publish(folder, tell=cut)
    assert published_checkpoint(folder) is None
    (folder / "tile" / "0" / ".0123456789abcdef.part").write_bytes(b"half")
    ledger.publish(folder)
    assert verify_log(folder, log=parse_verifier(ledger.verifier)).checkpoint.size == 300


def test_another_ledgers_folder_is_left_alone(ledger: Ledger, tmp_path: Path) -> None:
    other = Ledger(Database(tmp_path / "other.db", chain="ledger"), key_file=tmp_path / "other.key")
    twin = Ledger(Database(tmp_path / "twin.db", chain="ledger"), key_file=tmp_path / "ledger.key")
    grow(ledger, 300)
    twin.append([{"another": number} for number in range(200)])
    grow(other, 100)
    for name, strange in (("other", other), ("twin", twin)):
        strange.publish(tmp_path / name)
        before = files(tmp_path / name)
        with pytest.raises(ProofError, match="another ledger"):
            ledger.publish(tmp_path / name)
        assert files(tmp_path / name) == before
    other.close()
    twin.close()


def test_an_older_copy_does_not_overwrite_a_newer(ledger: Ledger, tmp_path: Path) -> None:
    grow(ledger, 10)
    with sqlite3.connect(tmp_path / "ledger.db") as now, sqlite3.connect(tmp_path / "older.db") as copy:
        now.backup(copy)
    grow(ledger, 10)
    ledger.publish(tmp_path / "out")
    older = Ledger(Database(tmp_path / "older.db", chain="ledger"), key_file=tmp_path / "ledger.key")
    assert older.size() == 10
    with pytest.raises(ProofError, match="a later one"):
        older.publish(tmp_path / "out")
    older.close()


def test_a_folder_whose_checkpoint_cannot_be_read_is_left_alone(ledger: Ledger, tmp_path: Path) -> None:
    for number, data in enumerate((b"\xff", b"no note")):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "checkpoint").write_bytes(data)
        with pytest.raises(ProofError):
            ledger.publish(folder)
        assert files(folder) == {"checkpoint": data}


def test_a_place_that_cannot_be_written_is_said(ledger: Ledger, tmp_path: Path) -> None:
    grow(ledger, 3)
    (tmp_path / "file").write_text("")
    with pytest.raises((StorageError, ProofError)):
        ledger.publish(tmp_path / "file" / "out")


def test_damage_is_not_published(ledger: Ledger, tmp_path: Path) -> None:
    grow(ledger, 300)
    with ledger.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM entries WHERE position = 7")
    with pytest.raises(LedgerError, match="damaged"):
        ledger.publish(tmp_path / "out")
    assert published_checkpoint(tmp_path / "out") is None
