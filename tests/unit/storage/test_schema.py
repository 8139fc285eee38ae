"""Nobody forgets a migration: what the revisions make is what the tables say, for each chain, on SQLite and PostgreSQL."""

import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from earwitness import storage
from earwitness.storage.database import MIGRATIONS, Chain, Database, version_table

MODULES = [importlib.import_module(f"{storage.__name__}.{module.name}") for module in pkgutil.iter_modules(storage.__path__)]
SCHEMAS: dict[str, sa.MetaData] = {
    module.__name__.rpartition(".")[2]: module.metadata for module in MODULES if hasattr(module, "metadata")
}
"""Each module of the storage room that describes tables, by the name of its chain."""


def test_each_schema_has_a_chain_of_its_name() -> None:
    assert set(SCHEMAS) <= set(get_args(Chain))
    assert {"household", "keys"} <= set(SCHEMAS)
    assert {chain for chain in SCHEMAS if not list((MIGRATIONS / chain / "versions").glob("*.py"))} == set()


@pytest.mark.parametrize("chain", sorted(SCHEMAS))
def test_the_migrated_schema_is_the_described_one(chain: Chain, database_place: Callable[[Chain], Path | str]) -> None:
    database = Database(database_place(chain), chain=chain)
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": version_table(chain)})
        assert compare_metadata(context, SCHEMAS[chain]) == []
    database.close()
