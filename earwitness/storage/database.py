"""One SQL database of the house: SQLite by default, PostgreSQL by URL. Durable before a write is acknowledged.

Owns the connections, the transactions, who is told of changes, the bringing up to date of the schema (one Alembic chain per
database), and the sentences for a disk that is full, locked or damaged. Every call blocks on the disk: from the event loop, use
asyncio.to_thread.
"""

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import IO, Any, Final, Literal

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import event, exc
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase

from earwitness.domain.errors import StorageError
from earwitness.storage.remnants import FILE_HEADER_BYTES, holds_any, page_bytes, unallocated

BUSY_SECONDS: Final = 3.0
_PAGES_AT_ONCE: Final = 1024
logging.getLogger("sqlalchemy.engine.Engine").addFilter(lambda record: False)
"""Rows and parameters are names, keys and what was said: at no level of any log."""
MIGRATIONS: Final = Path(__file__).parent / "migrations"
Chain = Literal["household", "keys", "ledger", "desk"]


class Database:
    """One database. May be used from any thread and beside other processes; on SQLite writes go one at a time."""

    def __init__(self, place: Path | str, *, chain: Chain) -> None:
        """Open or make the database at a file path or an SQLAlchemy URL, and bring its schema up to date. Raises StorageError."""
        self.chain = chain
        self.is_sqlite = isinstance(place, Path)
        self.path = place if isinstance(place, Path) else None
        self.name = str(place) if isinstance(place, Path) else sa.make_url(place).render_as_string(hide_password=True)
        self._write_lock = threading.Lock()
        self._subscribers: dict[object, tuple[Callable[[], None], frozenset[sa.Table] | None]] = {}
        self._is_closed = False
        self._file: IO[bytes] | None = None
        """The file itself, to look for what deleted rows left. It stays open as long as the connections: to close it any sooner
        would let go of their locks (https://www.sqlite.org/howtocorrupt.html, section 2.2)."""
        with said(self.name):
            self._engine = _sqlite(place) if isinstance(place, Path) else _postgresql(place)
            event.listen(self._engine, "after_cursor_execute", _note_change)
            try:
                self._migrate()
            except BaseException:
                self._engine.dispose()
                raise

    def close(self) -> None:
        """Close the connections; from now on every call raises. What was acknowledged stays."""
        with self._write_lock:
            self._is_closed = True
            self._engine.dispose()
            if self._file is not None:
                self._file.close()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection for queries: one moment's view of the data. Raises StorageError."""
        with said(self.name):
            self._refuse_if_closed()
            with self._engine.connect() as connection:
                yield connection

    @contextmanager
    def writing(self, *, lock: int | None = None) -> Iterator[sa.Connection]:
        """A transaction: on the disk, whole, when the block ends; undone if it raises. Raises StorageError.

        On PostgreSQL, transactions with the same `lock` number wait for each other; on SQLite all of them do. Subscribers are
        told afterwards, in the same thread.
        """
        changed: set[object] = set()
        with self._write_lock if self.is_sqlite else nullcontext(), said(self.name):
            self._refuse_if_closed()
            writer = self._engine.execution_options(earwitness_changed=changed)
            with writer.begin() as connection:
                if lock is not None and not self.is_sqlite:
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock)))
                yield connection
        for callback, tables in tuple(self._subscribers.values()):
            if changed if tables is None else changed & tables:
                callback()

    def subscribe(self, callback: Callable[[], None], *, tables: Collection[sa.Table] | None = None) -> Callable[[], None]:
        """Call `callback`, in the thread that wrote, after each transaction of this process that changed one of `tables` (by
        default: any); returns how to unsubscribe. Changes made by raw SQL, or by the database itself, go unnoticed."""
        token = object()
        self._subscribers[token] = (callback, None if tables is None else frozenset(tables))

        def unsubscribe() -> None:
            self._subscribers.pop(token, None)

        return unsubscribe

    def scrub(self, gone: Collection[bytes] = (), *, is_thorough: bool = False) -> None:
        """Leave nothing of what was deleted in the files of the database: free pages are rewritten as it deletes, the write-ahead
        log is emptied, and where the unallocated parts of pages still hold one of the byte strings in `gone` (each of at least
        eight bytes), or always if `is_thorough`, the file is built anew. On PostgreSQL dead rows are vacuumed; what its files and
        its own log keep is the operator's. Raises StorageError."""
        if not self.is_sqlite:
            self._vacuum_postgresql()
            return
        self._empty_log()
        if is_thorough or (gone and self._leaves(gone)):
            with self._write_lock, said(self.name), self._raw() as connection:
                connection.execute("PRAGMA temp_store = MEMORY")
                connection.execute("VACUUM")
            self._empty_log()

    def _empty_log(self) -> None:
        with self._write_lock, said(self.name), self._raw() as connection:
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise StorageError(f"The database {self.name} is being read; deleted data is still in its log.")

    def _leaves(self, gone: Collection[bytes]) -> bool:
        """Whether one of the byte strings is in an unallocated part of the file's pages."""
        if self._file is None and self.path is not None:
            self._file = self.path.open("rb", buffering=0)
        assert self._file is not None
        try:
            size, left, at = page_bytes(os.pread(self._file.fileno(), FILE_HEADER_BYTES, 0)), bytearray(), 0
            while block := os.pread(self._file.fileno(), size * _PAGES_AT_ONCE, at):
                for start in range(0, len(block) - size + 1, size):
                    left += unallocated(block[start : start + size], is_first=at + start == 0)
                    left += b"\0"
                at += len(block)
        except OSError as error:
            raise StorageError(f"The database {self.name} could not be read; check the disk.") from error
        return holds_any(bytes(left), gone)

    @contextmanager
    def _raw(self) -> Iterator[Any]:
        """The driver's connection, with no transaction begun."""
        self._refuse_if_closed()
        with self._engine.connect() as connection:
            yield connection.connection.driver_connection

    def _vacuum_postgresql(self) -> None:
        with said(self.name):
            self._refuse_if_closed()
            with self._engine.connect() as connection:
                connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM")

    def _refuse_if_closed(self) -> None:
        if self._is_closed:
            raise StorageError(f"The database {self.name} is closed; start Earwitness again.")

    def _migrate(self) -> None:
        folder = MIGRATIONS / self.chain
        head, known = _revisions(folder)
        with self.reading() as connection:  # writers elsewhere do not keep it from opening
            if _revision(connection, self.chain) == head:
                return
        with self.writing(lock=0x45617277) as connection:
            found = _revision(connection, self.chain)
            if found == head:
                return
            if found is not None and found not in known:
                raise StorageError(
                    f"The database {self.name} was written by a newer Earwitness; update this one, or move the database away."
                )
            config = _alembic(folder)
            config.attributes["connection"] = connection
            config.attributes["version_table"] = version_table(self.chain)
            command.upgrade(config, "head")


def _alembic(folder: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder))
    return config


@cache
def _revisions(folder: Path) -> tuple[str | None, frozenset[str]]:
    """The newest revision of the chain in a folder, and all of them; read once, as they stay while the program runs."""
    script = ScriptDirectory.from_config(_alembic(folder))
    return script.get_current_head(), frozenset(one.revision for one in script.walk_revisions())


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
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
    except OSError as error:
        raise StorageError(f"The database {path} cannot be made: {error.strerror}.") from error
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)), connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True
    )

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # transactions are begun by us, below
        _keep_a_log(connection)
        for pragma in ("synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if _is_writing(connection) else "BEGIN")

    return engine


def _keep_a_log(connection: sqlite3.Connection) -> None:
    """Switch write-ahead logging on. SQLite does not wait for others here, whatever its timeout: two programs that make one
    database at once would refuse each other."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _postgresql(url: str) -> sa.Engine:
    engine = sa.create_engine(url, hide_parameters=True)

    @event.listens_for(engine, "checkout")
    def _ping(connection: Any, *_: object) -> None:
        """Replace connections that the server dropped. The pool's own ping would leave a transaction open with pg8000."""
        connection.autocommit = True
        try:
            connection.cursor().execute("SELECT 1")
        except (engine.dialect.loaded_dbapi.Error, ConnectionError) as error:
            raise exc.InvalidatePoolError from error
        finally:
            connection.autocommit = False

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        is_in_transaction = connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT"
        if is_in_transaction and not _is_writing(connection):
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

    return engine


def _is_writing(connection: sa.Connection) -> bool:
    return "earwitness_changed" in connection.get_execution_options()


def _note_change(connection: sa.Connection, cursor: DBAPICursor, *rest: Any) -> None:
    """Remember which table a statement of a transaction changed. A statement that returns rows does not know how many there
    will be, so it counts as a change."""
    changed = connection.get_execution_options().get("earwitness_changed")
    compiled = getattr(rest[2], "compiled", None)
    if changed is None or not isinstance(compiled, SQLCompiler) or not isinstance(compiled.statement, UpdateBase):
        return
    if cursor.rowcount != 0 or compiled.effective_returning:
        changed.add(compiled.statement.table)


_REFUSED: Final = "refused a row that contradicts its schema; nothing was written"
_SENTENCES: Final[dict[int, str]] = {
    sqlite3.SQLITE_BUSY: "is in use by another program; stop the other Earwitness",
    sqlite3.SQLITE_LOCKED: "is in use by another program; stop the other Earwitness",
    sqlite3.SQLITE_CORRUPT: "is damaged; move it away, and a new one is made",
    sqlite3.SQLITE_NOTADB: "is not a database; move it away, and a new one is made",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; check that its folder exists and may be written",
    sqlite3.SQLITE_READONLY: "may not be written; check the permissions of the file and its folder",
    sqlite3.SQLITE_PERM: "may not be written; check the permissions of the file and its folder",
    sqlite3.SQLITE_IOERR: "could not be read or written; check the disk",
    sqlite3.SQLITE_CONSTRAINT: _REFUSED,
}
_STATES: Final[dict[str, str]] = {
    "08": "does not answer; check that the server runs",
    "23": _REFUSED,
    "25006": "may not be written; check whether the server is a read-only copy",
    "28": "does not let us in; check the user and the password in its URL",
    "3D": "does not exist; create it, or correct its URL",
    "42501": "does not let its user do that; make the user the owner of its tables",
    "57": "is being stopped or started; try again soon",
}
"""By SQLSTATE or its class, its first two characters (https://www.postgresql.org/docs/current/errcodes-appendix.html)."""
_DISK_FULL: Final = "53100"


@contextmanager
def said(name: str) -> Iterator[None]:
    """Turn what the database driver raises into a StorageError with a sentence to act on."""
    try:
        yield
    except (exc.DBAPIError, sqlite3.Error) as error:
        raise _sentence(name, error.orig if isinstance(error, exc.DBAPIError) else error) from error
    except ConnectionError as error:
        raise StorageError(f"The database {name} {_STATES['08']}.") from error
    except exc.SQLAlchemyError as error:
        raise StorageError(f"The database {name} could not be used ({type(error).__name__}).") from error


def _sentence(name: str, cause: BaseException | None) -> StorageError:
    code = (getattr(cause, "sqlite_errorcode", None) or 0) & 0xFF
    state = _state(cause)
    if code == sqlite3.SQLITE_FULL or state == _DISK_FULL:
        return StorageError(f"There is no space left for {name}; free some, then ask again.", code="storage.full")
    sentence = _SENTENCES.get(code) or _STATES.get(state) or _STATES.get(state[:2])
    return StorageError(f"The database {name} {sentence or 'could not be used; check that it is there'}.")


def _state(cause: BaseException | None) -> str:
    """The SQLSTATE of an error of the PostgreSQL driver; that of a lost connection if it has none. What the server said before
    it hung up may be further down the chain, below the broken pipe."""
    while cause is not None:
        if isinstance(cause, sqlite3.Error):
            return ""
        if cause.args and isinstance(cause.args[0], dict):
            return str(cause.args[0].get("C", ""))
        cause = cause.__cause__ or cause.__context__
    return "08000"
