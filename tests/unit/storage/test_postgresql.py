"""What PostgreSQL alone can do: be away, come back, refuse, run out of space. Each is said, and never with the password."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from earwitness.domain.errors import StorageError
from earwitness.storage.database import Database
from earwitness.storage.household import lists


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    database = Database(postgres_url, chain="household")
    yield database
    database.close()


def test_it_goes_on_after_the_server_dropped_its_connections(database: Database, postgres_url: str) -> None:
    with database.writing() as connection:
        connection.execute(lists.insert().values(name="shopping list"))
    other = Database(postgres_url, chain="household")
    with other.writing() as connection:
        end_others = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
        here = " WHERE datname = current_database() AND pid != pg_backend_pid()"
        assert connection.exec_driver_sql(end_others + here).scalar_one() >= 1
    other.close()
    with database.reading() as connection:
        assert connection.execute(sa.select(lists.c.name)).scalars().all() == ["shopping list"]


def test_a_connection_lost_in_a_transaction_is_said(database: Database) -> None:
    def lose() -> None:
        with database.writing() as connection:
            connection.execute(lists.insert().values(name="shopping list"))
            connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(StorageError, match=r"being stopped|does not answer"):
        lose()
    with database.reading() as connection:
        assert connection.execute(sa.select(lists.c.name)).scalars().all() == []


@pytest.mark.parametrize(
    ("state", "words", "code"),
    [
        ("53100", "no space left", "storage.full"),
        ("25006", "read-only copy", "storage.failed"),
        ("28P01", "does not let us in", "storage.failed"),
        ("42501", "owner of its tables", "storage.failed"),
        ("57P01", "is being stopped", "storage.failed"),
        ("XX000", "could not be used", "storage.failed"),
    ],
)
def test_what_the_server_refuses_is_said(database: Database, state: str, words: str, code: str) -> None:
    with pytest.raises(StorageError, match=words) as caught, database.writing() as connection:
        connection.exec_driver_sql(f"DO $$ BEGIN RAISE EXCEPTION 'told' USING ERRCODE = '{state}'; END $$")
    assert caught.value.code == code
    assert caught.value.is_retryable


def test_a_database_that_does_not_exist_is_said(postgres_url: str) -> None:
    url = sa.make_url(postgres_url).set(database="never_made").render_as_string(hide_password=False)
    with pytest.raises(StorageError, match="does not exist"):
        Database(url, chain="household")


def test_a_server_that_is_away_is_said_without_the_password(tmp_path: Path) -> None:
    url = f"postgresql+pg8000://house:hunter2@/home?unix_sock={tmp_path}/nothing"
    with pytest.raises(StorageError, match="does not answer; check that the server runs") as caught:
        Database(url, chain="household")
    assert "hunter2" not in caught.value.sentence


def test_scrubbing_vacuums(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(lists.insert(), [{"name": str(number)} for number in range(100)])
    with database.writing() as connection:
        connection.execute(lists.delete())
    database.scrub()
    with database.reading() as connection:
        size = connection.exec_driver_sql("SELECT pg_relation_size('lists')").scalar_one()
    assert size == 0


def test_chains_may_share_a_database(database: Database, postgres_url: str) -> None:
    keys = Database(postgres_url, chain="keys")
    with keys.reading() as connection:
        assert {"keys", "lists", "revision_of_keys", "revision_of_household"} <= set(sa.inspect(connection).get_table_names())
    keys.close()
