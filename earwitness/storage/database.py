"""One SQL database of the house: SQLite by default, PostgreSQL by URL. Durable before a write is acknowledged.

Owns the connections, the transactions, the bringing up to date of the schema (one Alembic chain per database), and the sentences
for a disk that is full, locked or damaged. Every call blocks on the disk: from the event loop, use asyncio.to_thread.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Final, Literal

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import event, exc

from earwitness.domain.errors import StorageError

BUSY_SECONDS: Final = 3.0
MIGRATIONS: Final = Path(__file__).parent / "migrations"
Chain = Literal["household", "keys", "ledger"]


class Database:
    """One database. May be used from any thread and beside other processes; on SQLite writes go one at a time."""

    def __init__(self, place: Path | str, *, chain: Chain) -> None:
        """Open or make the database at a file path or an SQLAlchemy URL, and bring its schema up to date. Raises StorageError."""
        self.chain = chain
        self.is_sqlite = isinstance(place, Path)
        self.path = place if isinstance(place, Path) else None
        self.name = str(place) if isinstance(place, Path) else sa.make_url(place).render_as_string(hide_password=True)
        self._write_lock = threading.Lock()
        self._subscribers: dict[object, Callable[[], None]] = {}
        with said(self.name):
            self._engine = _sqlite(place) if isinstance(place, Path) else sa.create_engine(place, pool_pre_ping=True)
            try:
                self._migrate()
            except BaseException:
                self._engine.dispose()
                raise

    def close(self) -> None:
        """Close the connections. What was acknowledged stays."""
        with self._write_lock:
            self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection for queries: one moment's view of the data. Raises StorageError."""
        with said(self.name), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self, *, lock: int | None = None) -> Iterator[sa.Connection]:
        """A transaction: on the disk, whole, when the block ends; undone if it raises. Raises StorageError.

        On PostgreSQL, transactions with the same `lock` number wait for each other; on SQLite all of them do. Subscribers are
        told afterwards, in the same thread.
        """
        with self._write_lock if self.is_sqlite else nullcontext(), said(self.name):
            writer = self._engine.execution_options(earwitness_writes=True)
            with writer.begin() as connection:
                if lock is not None and not self.is_sqlite:
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock)))
                yield connection
        for callback in tuple(self._subscribers.values()):
            callback()

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback`, in the thread that wrote, after each write of this process; returns how to unsubscribe."""
        token = object()
        self._subscribers[token] = callback

        def unsubscribe() -> None:
            self._subscribers.pop(token, None)

        return unsubscribe

    def scrub(self) -> None:
        """Leave nothing of what was deleted in the files of the database: rewrite free pages (done as it deletes), empty the
        write-ahead log. On PostgreSQL dead rows are vacuumed; its own log is the operator's. Raises StorageError."""
        with self._write_lock if self.is_sqlite else nullcontext(), said(self.name):
            raw = self._engine.execution_options(isolation_level="AUTOCOMMIT")
            with raw.connect() as connection:
                if not self.is_sqlite:
                    connection.exec_driver_sql("VACUUM")
                    return
                busy, _, _ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
                if busy:
                    raise StorageError(
                        f"The database {self.name} is being read by another program; deleted data is still in its log."
                    )

    def _migrate(self) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS / self.chain))
        script = ScriptDirectory.from_config(config)
        with self.writing(lock=0x45617277) as connection:
            found = _revision(connection, self.chain)
            if found == script.get_current_head():
                return
            if found is not None and found not in {one.revision for one in script.walk_revisions()}:
                raise StorageError(
                    f"The database {self.name} was written by a newer Earwitness; update this one, or move the database away."
                )
            config.attributes["connection"] = connection
            config.attributes["version_table"] = version_table(self.chain)
            command.upgrade(config, "head")


def version_table(chain: str) -> str:
    """The table in which Alembic notes the schema's revision; one per chain, so that chains may share a PostgreSQL database."""
    return f"revision_of_{chain}"


def _revision(connection: sa.Connection, chain: str) -> str | None:
    name = version_table(chain)
    if not sa.inspect(connection).has_table(name):
        return None
    found = connection.execute(sa.select(sa.column("version_num")).select_from(sa.table(name))).scalar()
    return None if found is None else str(found)


def _sqlite(path: Path) -> sa.Engine:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # transactions are begun by us, below
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("earwitness_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


_SENTENCES: Final[dict[int, str]] = {
    sqlite3.SQLITE_BUSY: "is in use by another program; stop the other Earwitness",
    sqlite3.SQLITE_LOCKED: "is in use by another program; stop the other Earwitness",
    sqlite3.SQLITE_CORRUPT: "is damaged; move it away, and a new one is made",
    sqlite3.SQLITE_NOTADB: "is not a database; move it away, and a new one is made",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; check that its folder exists and may be written",
    sqlite3.SQLITE_READONLY: "may not be written; check the permissions of the file and its folder",
    sqlite3.SQLITE_PERM: "may not be written; check the permissions of the file and its folder",
    sqlite3.SQLITE_IOERR: "could not be read or written; check the disk",
}


@contextmanager
def said(name: str) -> Iterator[None]:
    """Turn what the database driver and the file system raise into a StorageError with a sentence to act on."""
    try:
        yield
    except (exc.DBAPIError, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, exc.DBAPIError) else error
        code = (getattr(cause, "sqlite_errorcode", None) or 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            raise StorageError(f"There is no space left for {name}; free some, then ask again.", code="storage.full") from error
        raise StorageError(f"The database {name} {_SENTENCES.get(code, 'could not be used; check that it is there')}.") from error
    except exc.SQLAlchemyError as error:
        raise StorageError(f"The database {name} could not be used ({type(error).__name__}).") from error
    except OSError as error:
        raise StorageError(f"The database {name} cannot be made: {error.strerror}.") from error
