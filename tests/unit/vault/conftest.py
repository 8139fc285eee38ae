"""What the tests of the vault share: an S3 server, and a vault on SQLite or PostgreSQL."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa

from earwitness.storage import household, keys
from earwitness.storage.database import Chain, Database
from tests.object_store import ObjectStore, running_object_store
from tests.postgres import Postgres
from tests.unit.vault.setting import Setting, opened_setting

CHAINS: tuple[Chain, ...] = ("household", "keys")
TABLES = {"household": household.metadata, "keys": keys.metadata}
Place = Callable[[Chain], Path | str]


@pytest.fixture(scope="session")
def object_store() -> Iterator[ObjectStore]:
    """An S3 server; tests that need it are skipped where it cannot start."""
    with running_object_store() as store:
        yield store


@pytest.fixture(scope="session")
def empty_databases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of empty databases, made once: to make the tables takes longer than most tests."""
    folder = tmp_path_factory.mktemp("empty")
    for chain in CHAINS:
        Database(folder / f"{chain}.db", chain=chain).close()
    return folder


@pytest.fixture(scope="session")
def postgres_places(postgres: Postgres) -> Iterator[dict[Chain, str]]:
    """Two databases on a PostgreSQL server, with their tables."""
    with ExitStack() as made:
        places = {chain: made.enter_context(postgres.database()) for chain in CHAINS}
        for chain in CHAINS:
            Database(places[chain], chain=chain).close()
        yield places


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Where the empty databases of a test are. The test runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        folder: Path = request.getfixturevalue("empty_databases")
        for chain in CHAINS:
            shutil.copy(folder / f"{chain}.db", tmp_path)
        yield lambda chain: tmp_path / f"{chain}.db"
        return
    places: dict[Chain, str] = request.getfixturevalue("postgres_places")
    yield lambda chain: places[chain]
    for chain, url in places.items():
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            names = ", ".join(table.name for table in TABLES[chain].sorted_tables)
            connection.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY CASCADE")


@pytest.fixture
def setting(place: Place, tmp_path: Path) -> Iterator[Setting]:
    """A household with a vault and a ledger in memory. The test runs on SQLite and on PostgreSQL."""
    with opened_setting(tmp_path, place=place) as setting:
        yield setting
