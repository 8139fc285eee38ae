"""What the tests of the vault share: an S3 server, and a vault on SQLite or PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import DatabasePlace
from tests.object_store import ObjectStore, running_object_store
from tests.unit.vault.setting import Setting, opened_setting


@pytest.fixture(scope="session")
def object_store() -> Iterator[ObjectStore]:
    """An S3 server; tests that need it are skipped where it cannot start."""
    with running_object_store() as store:
        yield store


@pytest.fixture
def setting(database_place: DatabasePlace, tmp_path: Path) -> Iterator[Setting]:
    """A household with a vault and a ledger in memory. The test runs on SQLite and on PostgreSQL."""
    with opened_setting(tmp_path, place=database_place) as setting:
        yield setting
