"""The database tells nobody what is in it: neither a log at any level, nor an error with all that led to it."""

import logging
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from earwitness.domain.errors import StorageError
from earwitness.links.lists import Lists
from earwitness.storage.database import Database
from earwitness.storage.household import people

SECRET = "Wilhelmina Quagmire"


@pytest.fixture
def database(household_place: Path | str) -> Iterator[Database]:
    database = Database(household_place, chain="household")
    yield database
    database.close()


def test_no_log_holds_a_row_or_a_parameter(household_place: Path | str, caplog: pytest.LogCaptureFixture) -> None:
    for name in (None, "sqlalchemy.engine.Engine", *logging.root.manager.loggerDict):
        caplog.set_level(logging.DEBUG, logger=name)
    database = Database(household_place, chain="household")
    Lists(database).add("shopping list", texts=[SECRET], now=datetime.now(UTC))
    assert [item.text for item in Lists(database).items("shopping list")] == [SECRET]
    database.close()
    assert caplog.records, "nothing was logged, so nothing is shown"
    assert SECRET not in caplog.text + repr([vars(record) for record in caplog.records])


def test_no_error_holds_a_parameter(database: Database) -> None:
    row = {"person_id": "a0" * 16, "name": SECRET, "name_key": SECRET, "alias": "x", "passphrase_hash": SECRET, "created_at": 0.0}
    with database.writing() as connection:
        connection.execute(sa.insert(people).values(row))
    with pytest.raises(StorageError) as caught, database.writing() as connection:
        connection.execute(sa.insert(people).values(row | {"person_id": "b0" * 16, "alias": "y"}))
    told = "".join(traceback.format_exception(caught.value))
    assert "hidden due to hide_parameters" in told
    # what PostgreSQL itself says of a key that is taken stays in the cause, which no log may carry
    assert SECRET not in told.replace("Key (name_key)=(Wilhelmina Quagmire)", "")
