"""What is acknowledged survives a kill; a full, locked, damaged or newer database says so in a sentence. On SQLite, and where
it can be the same, on PostgreSQL."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from earwitness.domain.errors import StorageError
from earwitness.links.alerts import Alerts
from earwitness.links.lists import Lists
from earwitness.links.timers import Timers
from earwitness.storage import database as database_module
from earwitness.storage.database import Database
from earwitness.storage.household import alerts, items, lists

NOW = datetime(2026, 11, 24, 15, 7, tzinfo=UTC)
Opener = Callable[[], Database]

WRITER = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from earwitness.links.alerts import Alerts
from earwitness.links.timers import Timer, Timers
from earwitness.storage.database import Database

now = datetime(2026, 11, 24, 15, 7, tzinfo=UTC)
timers, number = Timers(Alerts(Database(Path(sys.argv[1]), chain="household"), clock=lambda: now)), 0
while True:
    timers.add(Timer(timer_id=str(number), total_seconds=60, created_at=now, due_at=now + timedelta(seconds=60)))
    print(number, flush=True)
    number += 1
"""


def timers_of(database: Database) -> Timers:
    return Timers(Alerts(database, clock=lambda: NOW))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "household.db"


@pytest.fixture
def open_path(path: Path) -> Iterator[Opener]:
    """Opens the file, and closes at the end what was opened."""
    yield from _opener(path)


@pytest.fixture
def open_place(household_place: Path | str) -> Iterator[Opener]:
    """Opens the database on SQLite or on PostgreSQL, and closes at the end what was opened."""
    yield from _opener(household_place)


def _opener(place: Path | str) -> Iterator[Opener]:
    opened: list[Database] = []

    def open_() -> Database:
        opened.append(Database(place, chain="household"))
        return opened[-1]

    yield open_
    for database in opened:
        database.close()


def count(database: Database, table: sa.Table) -> int:
    with database.reading() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_what_was_acknowledged_is_there_after_a_kill(path: Path, open_path: Opener) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        acknowledged = [writer.stdout.readline().strip() for _ in range(5)]
        os.kill(writer.pid, signal.SIGKILL)
        acknowledged += writer.stdout.read().split()
    assert writer.returncode == -signal.SIGKILL
    kept = {timer.timer_id for timer in timers_of(open_path()).all()}
    assert set(acknowledged) <= kept
    assert len(kept) <= len(acknowledged) + 1


def test_the_file_is_private_and_durable(tmp_path: Path) -> None:
    path = tmp_path / "new?mode=memory#1 %41" / "household.db"
    database = Database(path, chain="household")
    assert path.stat().st_mode & 0o077 == 0
    with database.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    with database.writing() as connection:
        wanted = {"synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
        assert {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in wanted} == wanted
    database.close()


def test_a_full_disk_is_said_and_leaves_nothing_half_written(open_path: Opener) -> None:
    database = open_path()
    with database.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StorageError) as caught:
        Lists(database).add("shopping list", texts=["apples " * 20] * 500, now=NOW)
    assert caught.value.code == "storage.full"
    assert "no space left" in caught.value.sentence
    assert (count(database, lists), count(database, items)) == (0, 0)
    with database.writing() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 100000")
    Lists(database).add("shopping list", texts=["pears"], now=NOW)
    assert [item.text for item in Lists(database).items("shopping list")] == ["pears"]


def test_a_locked_file_is_said(path: Path, open_path: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 0.01)
    database = open_path()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="in use by another program") as caught:
        Lists(database).add("shopping list", texts=["apples"], now=NOW)
    assert caught.value.is_retryable
    other.execute("ROLLBACK")
    other.close()
    Lists(database).add("shopping list", texts=["apples"], now=NOW)


def test_a_file_that_may_not_be_written_is_said_and_still_read(path: Path, open_path: Opener) -> None:
    before = open_path()
    Lists(before).add("shopping list", texts=["apples"], now=NOW)
    with before.writing() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")
    with pytest.raises(StorageError, match="may not be written; check the permissions"):
        Lists(before).add("shopping list", texts=["pears"], now=NOW)
    assert [item.text for item in Lists(before).items("shopping list")] == ["apples"]


@pytest.mark.parametrize(
    "content", [b"this is no database at all, but long enough to be read as one" * 40, b"SQLite format 3\0" + b"\xff" * 4096]
)
def test_a_file_that_is_no_database_is_said_and_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StorageError, match=r"not a database|damaged"):
        Database(path, chain="household")
    assert path.read_bytes() == content


def test_a_folder_in_its_place_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be"):
        Database(tmp_path, chain="household")


def test_a_file_in_place_of_the_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(StorageError, match="cannot be made"):
        Database(tmp_path / "state" / "household.db", chain="household")


def test_a_row_that_contradicts_the_schema_is_refused(open_place: Opener) -> None:
    database = open_place()
    with pytest.raises(StorageError, match="contradicts its schema"), database.writing() as connection:
        connection.execute(items.insert().values(list_name="of no list", text="apples", added_at=0.0))


def test_a_transaction_that_raises_is_undone(open_place: Opener) -> None:
    database = open_place()
    heard: list[str] = []
    database.subscribe(lambda: heard.append("changed"))
    with pytest.raises(ZeroDivisionError), database.writing() as connection:  # noqa: PT012
        connection.execute(lists.insert().values(name="shopping list"))
        raise ZeroDivisionError
    assert count(database, lists) == 0
    assert heard == []


def test_an_error_of_the_caller_passes_as_it_is(open_place: Opener) -> None:
    database = open_place()
    with pytest.raises(PermissionError), database.writing():
        raise PermissionError("of another file")
    with pytest.raises(PermissionError), database.reading():
        raise PermissionError("of another file")


def test_a_reader_sees_one_moment(open_place: Opener) -> None:
    database = open_place()
    query = sa.select(sa.func.count()).select_from(lists)
    with database.reading() as connection:
        assert connection.execute(query).scalar_one() == 0
        Lists(database).add("shopping list", texts=["apples"], now=NOW)
        assert connection.execute(query).scalar_one() == 0
    assert count(database, lists) == 1


def test_nothing_is_written_while_reading(open_place: Opener) -> None:
    database = open_place()
    try:
        with database.reading() as connection:
            connection.execute(lists.insert().values(name="shopping list"))
    except StorageError as error:
        assert "may not be written" in error.sentence  # noqa: PT017
    assert count(database, lists) == 0


def test_transactions_with_one_lock_follow_each_other(open_place: Opener) -> None:
    database = open_place()

    def add_numbers() -> None:
        for _ in range(10):
            with database.writing(lock=7) as connection:
                number = connection.execute(sa.select(sa.func.count()).select_from(lists)).scalar_one()
                connection.execute(lists.insert().values(name=str(number)))

    threads = [threading.Thread(target=add_numbers) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(database, lists) == 40


def test_subscribers_hear_of_changes_to_their_tables_only(open_place: Opener) -> None:
    database = open_place()
    heard: list[str] = []
    unsubscribe = database.subscribe(lambda: heard.append("any"))
    database.subscribe(lambda: heard.append("timers"), tables=[alerts])
    database.subscribe(lambda: heard.append("lists"), tables=(lists, items))
    Lists(database).remove([1, 2])
    with database.writing() as connection:
        connection.execute(sa.select(lists))
    assert heard == []
    Lists(database).add("shopping list", texts=["apples", "pears"], now=NOW)
    assert heard == ["any", "lists"]
    unsubscribe()
    Lists(database).add("shopping list", texts=["bread"], now=NOW)
    assert heard == ["any", "lists", "lists"]


def test_after_closing_it_says_so(open_place: Opener) -> None:
    database = open_place()
    database.close()
    calls: list[Callable[[], object]] = [timers_of(database).all, lambda: timers_of(database).remove(["a"]), database.scrub]
    for call in calls:
        with pytest.raises(StorageError, match="closed"):
            call()


def test_what_was_deleted_is_in_no_file_after_a_scrub(path: Path, open_path: Opener) -> None:
    def files() -> bytes:
        return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))

    shopping = Lists(open_path())
    shopping.add("shopping list", texts=["zanzibar cloves"], now=NOW)
    assert b"zanzibar" in files()
    shopping.remove([item.item_id for item in shopping.items("shopping list")])
    assert b"zanzibar" in files()
    shopping.database.scrub()
    assert b"zanzibar" not in files()
    shopping.add("shopping list", texts=["bread"], now=NOW)
    assert [item.text for item in shopping.items("shopping list")] == ["bread"]


def test_a_scrub_that_cannot_be_whole_says_so(path: Path, open_path: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 0.01)
    shopping = Lists(open_path())
    shopping.add("shopping list", texts=["apples"], now=NOW)
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM items").fetchall()
    shopping.add("shopping list", texts=["pears"], now=NOW)
    with pytest.raises(StorageError, match="being read"):
        shopping.database.scrub()
    reader.close()
    shopping.database.scrub()
