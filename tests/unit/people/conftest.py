"""A household's database on SQLite and on PostgreSQL; the one on PostgreSQL is made once and emptied after each test."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from earwitness.storage.database import Database
from earwitness.storage.household import metadata
from earwitness.vault.household_key import KeyFile
from earwitness.vault.key_ring import KeyRing
from earwitness.vault.safe import Safe
from tests.postgres import Postgres


@pytest.fixture(scope="session")
def postgres_household(postgres: Postgres) -> Iterator[Database]:
    with postgres.database() as url:
        database = Database(url, chain="household")
        yield database
        database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty household's database; the test runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        made = Database(tmp_path / "household.db", chain="household")
        yield made
        made.close()
        return
    shared: Database = request.getfixturevalue("postgres_household")
    yield shared
    with shared.writing() as connection:
        names = ", ".join(table.name for table in metadata.sorted_tables)
        connection.execute(sa.text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))


@pytest.fixture
def safe(tmp_path: Path) -> Iterator[Safe]:
    """The household's safe, whose keys are in `keys/`."""
    keys = Database(tmp_path / "keys" / "keys.db", chain="keys")
    yield Safe(KeyRing(keys, KeyFile(tmp_path / "keys" / "household.key")), clock=lambda: datetime(2026, 3, 2, 12, tzinfo=UTC))
    keys.close()
