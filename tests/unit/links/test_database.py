"""What is acknowledged survives a kill; a full, locked, damaged or newer file says so in a sentence."""

import os
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from earwitness.domain.errors import StorageError
from earwitness.links import database as database_module
from earwitness.links.database import SCHEMA_VERSION, Database
from earwitness.links.lists import Lists
from earwitness.links.timers import Timers

NOW = datetime(2026, 11, 24, 15, 7, tzinfo=UTC)

WRITER = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from earwitness.links.database import Database
from earwitness.links.timers import Timer, Timers

timers, number = Timers(Database(Path(sys.argv[1]))), 0
now = datetime(2026, 11, 24, 15, 7, tzinfo=UTC)
while True:
    timers.add(Timer(timer_id=str(number), total_seconds=60, created_at=now, due_at=now + timedelta(seconds=60)))
    print(number, flush=True)
    number += 1
"""


def test_what_was_acknowledged_is_there_after_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "household.db"
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        acknowledged = [writer.stdout.readline().strip() for _ in range(5)]
        os.kill(writer.pid, signal.SIGKILL)
        acknowledged += writer.stdout.read().split()
    assert writer.returncode == -signal.SIGKILL
    kept = {timer.timer_id for timer in Timers(Database(path)).all()}
    assert set(acknowledged) <= kept
    assert len(kept) <= len(acknowledged) + 1


def test_the_file_is_private_and_durable(tmp_path: Path) -> None:
    database = Database(tmp_path / "new" / "household.db")
    assert database.path.stat().st_mode & 0o077 == 0
    assert database.read("PRAGMA journal_mode")[0][0] == "wal"
    with database.writing() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2
        assert connection.execute("PRAGMA foreign_keys").fetchone()[0] == 1


def test_a_full_disk_is_said_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    database = Database(tmp_path / "household.db")
    lists = Lists(database)
    pages = database.read("PRAGMA page_count")[0][0]
    with database.writing() as connection:
        connection.execute("SELECT 1")
    database._writer.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StorageError) as caught:
        lists.add("shopping list", texts=["apples " * 20] * 500, now=NOW)
    assert caught.value.code == "storage.full"
    assert "no space left" in caught.value.sentence
    assert lists.items("shopping list") == ()
    database._writer.execute("PRAGMA max_page_count = 100000")
    lists.add("shopping list", texts=["pears"], now=NOW)
    assert [item.text for item in lists.items("shopping list")] == ["pears"]


def test_a_locked_file_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 0.01)
    path = tmp_path / "household.db"
    database = Database(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="in use by another program") as caught:
        Lists(database).add("shopping list", texts=["apples"], now=NOW)
    assert caught.value.is_retryable
    other.execute("ROLLBACK")
    Lists(database).add("shopping list", texts=["apples"], now=NOW)


@pytest.mark.parametrize(
    "content", [b"this is no database at all, but long enough to be read as one" * 40, b"SQLite format 3\0" + b"\xff" * 4096]
)
def test_a_file_that_is_no_database_is_said_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "household.db"
    path.write_bytes(content)
    with pytest.raises(StorageError, match=r"not a database|damaged"):
        Database(path)
    assert path.read_bytes() == content


def test_a_folder_in_its_place_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be"):
        Database(tmp_path)


def test_a_file_in_place_of_the_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(StorageError, match="cannot be made"):
        Database(tmp_path / "state" / "household.db")


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "household.db"
    Database(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(StorageError, match="newer Earwitness"):
        Database(path)


def test_a_migration_that_fails_leaves_the_version_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "household.db"
    Database(path).close()
    broken = (*database_module._MIGRATIONS, "CREATE TABLE more (a); CREATE TABLE timers (b)")
    monkeypatch.setattr(database_module, "_MIGRATIONS", broken)
    monkeypatch.setattr(database_module, "SCHEMA_VERSION", len(broken))
    with pytest.raises(StorageError):
        Database(path)
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone()[0] == len(broken) - 1
    assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'more'").fetchone()[0] == 0


def test_a_migration_keeps_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "household.db"
    before = Database(path)
    Lists(before).add("shopping list", texts=["apples"], now=NOW)
    before.close()
    longer = (*database_module._MIGRATIONS, "ALTER TABLE items ADD COLUMN note TEXT")
    monkeypatch.setattr(database_module, "_MIGRATIONS", longer)
    monkeypatch.setattr(database_module, "SCHEMA_VERSION", len(longer))
    after = Database(path)
    assert [item.text for item in Lists(after).items("shopping list")] == ["apples"]
    assert after.read("PRAGMA user_version")[0][0] == len(longer)


def test_a_transaction_that_raises_is_undone(tmp_path: Path) -> None:
    database = Database(tmp_path / "household.db")
    with pytest.raises(ZeroDivisionError), database.writing() as connection:  # noqa: PT012
        connection.execute("INSERT INTO lists (name) VALUES ('shopping list')")
        raise ZeroDivisionError
    assert database.read("SELECT * FROM lists") == []


def test_subscribers_hear_of_changes_only(tmp_path: Path) -> None:
    database = Database(tmp_path / "household.db")
    heard: list[str] = []
    unsubscribe = database.subscribe(lambda: heard.append("changed"))
    Lists(database).remove([1, 2])
    assert heard == []
    Lists(database).add("shopping list", texts=["apples"], now=NOW)
    assert heard == ["changed"]
    unsubscribe()
    Lists(database).add("shopping list", texts=["pears"], now=NOW)
    assert heard == ["changed"]


def test_after_closing_it_says_so(tmp_path: Path) -> None:
    database = Database(tmp_path / "household.db")
    database.close()
    with pytest.raises(StorageError, match="closed"):
        Timers(database).all()
