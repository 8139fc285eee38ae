"""The schema is brought up to date whole or not at all, keeps what was there, and refuses what a newer version wrote."""

import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory

from earwitness.domain.errors import StorageError
from earwitness.links.alerts import Alerts
from earwitness.links.lists import Item, Lists
from earwitness.links.timers import Timer, Timers, TimerState
from earwitness.storage import database as database_module
from earwitness.storage.database import MIGRATIONS, Database, version_table

NOW = datetime(2026, 11, 24, 15, 7, tzinfo=UTC)

VERSION_1 = """
CREATE TABLE timers (
    timer_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    area TEXT,
    device_id TEXT,
    total_seconds REAL NOT NULL CHECK (total_seconds > 0),
    state TEXT NOT NULL CHECK (state IN ('running', 'paused', 'ringing')),
    due_at REAL CHECK ((due_at IS NULL) = (state = 'paused')),
    remaining_seconds REAL CHECK ((remaining_seconds IS NULL) = (state != 'paused')),
    created_at REAL NOT NULL
) STRICT;
CREATE INDEX timers_due ON timers (state, due_at);
CREATE TABLE lists (name TEXT PRIMARY KEY COLLATE NOCASE) STRICT;
CREATE TABLE items (
    item_id INTEGER PRIMARY KEY AUTOINCREMENT,
    list_name TEXT NOT NULL COLLATE NOCASE REFERENCES lists (name) ON DELETE CASCADE,
    text TEXT NOT NULL CHECK (text != ''),
    is_complete INTEGER NOT NULL DEFAULT 0 CHECK (is_complete IN (0, 1)),
    added_at REAL NOT NULL
) STRICT;
CREATE INDEX items_of_list ON items (list_name, item_id);
PRAGMA user_version = 1;
"""
"""What version 1.0 made, by hand."""


def test_a_file_of_the_first_version_keeps_its_timers_and_lists(tmp_path: Path) -> None:
    path = tmp_path / "household.db"
    begun = NOW.timestamp()
    old = sqlite3.connect(path)
    old.executescript("PRAGMA journal_mode = WAL;" + VERSION_1)
    add_timer = "INSERT INTO timers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
    old.execute(add_timer, ("a", "pasta", "Kitchen", "page-1", 300.0, "running", begun + 300, None, begun))
    old.execute(add_timer, ("b", "", None, None, 60.0, "paused", None, 12.5, begun + 1))
    old.execute("INSERT INTO lists VALUES ('Shopping list')")
    old.execute("INSERT INTO items (list_name, text, is_complete, added_at) VALUES ('shopping list', 'milk', 1, ?)", (begun,))
    old.commit()
    old.close()

    database = Database(path, chain="household")
    assert Timers(Alerts(database, clock=lambda: NOW)).all() == (
        Timer(
            timer_id="a",
            name="pasta",
            area="Kitchen",
            device_id="page-1",
            total_seconds=300.0,
            created_at=NOW,
            due_at=NOW + timedelta(seconds=300),
        ),
        Timer(
            timer_id="b",
            total_seconds=60.0,
            created_at=NOW + timedelta(seconds=1),
            state=TimerState.PAUSED,
            remaining_seconds=12.5,
        ),
    )
    shopping = Lists(database)
    assert shopping.items("SHOPPING LIST") == (Item(item_id=1, list_name="shopping list", text="milk", is_complete=True),)
    shopping.add("shopping list", texts=["bread"], now=NOW)
    assert [item.text for item in shopping.items("Shopping list")] == ["milk", "bread"]
    database.close()


def test_a_newer_schema_is_refused(household_place: Path | str) -> None:
    database = Database(household_place, chain="household")
    with database.writing() as connection:
        connection.execute(sa.update(sa.table(version_table("household"), sa.column("version_num"))).values(version_num="future"))
    database.close()
    with pytest.raises(StorageError, match="newer Earwitness"):
        Database(household_place, chain="household")


def add_revision(folder: Path, *statements: str) -> Path:
    """A copy of the migrations in `folder` with one more revision of the household's."""
    shutil.copytree(MIGRATIONS, folder)
    config = Config()
    config.set_main_option("script_location", str(folder / "household"))
    head = ScriptDirectory.from_config(config).get_current_head()
    steps = "".join(f"    op.execute({statement!r})\n" for statement in statements)
    text = f"from alembic import op\n\nrevision = 'more'\ndown_revision = {head!r}\n\n\ndef upgrade() -> None:\n{steps}"
    (folder / "household" / "versions" / "9999_more.py").write_text(text)
    return folder


def test_a_migration_that_fails_leaves_what_was_before(
    household_place: Path | str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Database(household_place, chain="household").close()
    with monkeypatch.context() as patch:
        broken = add_revision(tmp_path / "broken", "CREATE TABLE more (a INTEGER)", "CREATE TABLE alerts (b INTEGER)")
        patch.setattr(database_module, "MIGRATIONS", broken)
        with pytest.raises(StorageError):
            Database(household_place, chain="household")
    database = Database(household_place, chain="household")
    with database.reading() as connection:
        assert "alerts" in sa.inspect(connection).get_table_names()
        assert "more" not in sa.inspect(connection).get_table_names()
    database.close()


def test_a_migration_keeps_what_was_there(household_place: Path | str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = Database(household_place, chain="household")
    Lists(before).add("shopping list", texts=["apples"], now=NOW)
    before.close()
    longer = add_revision(tmp_path / "longer", "ALTER TABLE items ADD COLUMN note TEXT")
    monkeypatch.setattr(database_module, "MIGRATIONS", longer)
    after = Database(household_place, chain="household")
    assert [item.text for item in Lists(after).items("shopping list")] == ["apples"]
    with after.reading() as connection:
        assert "note" in {column["name"] for column in sa.inspect(connection).get_columns("items")}
    after.close()
