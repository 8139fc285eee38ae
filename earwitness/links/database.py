"""The file in which timers and lists outlive a restart: SQLite, durable before a write is acknowledged.

Owns the connections, the schema and its versions, and the sentences for a disk that is full, locked or damaged. Every call
blocks on the disk: from the event loop, use asyncio.to_thread. Reads take their own connection, so none waits for a write.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from earwitness.domain.errors import StorageError

BUSY_SECONDS: Final = 3.0

_MIGRATIONS: Final[tuple[str, ...]] = (
    """
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
    """,
)
SCHEMA_VERSION: Final = len(_MIGRATIONS)


class Database:
    """One SQLite file. May be used from any thread; writes go one at a time."""

    def __init__(self, path: Path) -> None:
        """Open or make the file, and bring its schema up to date. Raises StorageError."""
        self.path = path
        self._write_lock, self._read_lock = threading.Lock(), threading.Lock()
        self._subscribers: dict[object, Callable[[], None]] = {}
        with _said(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            self._writer = _connect(path)
            try:
                _migrate(self._writer, path)
                self._reader = _connect(path)
            except BaseException:
                self._writer.close()
                raise

    def close(self) -> None:
        """Close the file. What was acknowledged stays."""
        with self._write_lock, self._read_lock:
            self._reader.close()
            self._writer.close()

    def read(self, sql: str, values: tuple[object, ...] = ()) -> list[sqlite3.Row]:
        """All rows of a query. Raises StorageError."""
        with self._read_lock, _said(self.path):
            return list(self._reader.execute(sql, values))

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction: on the disk, whole, when the block ends; undone if it raises. Raises StorageError.

        Subscribers are told afterwards, in the same thread.
        """
        with self._write_lock, _said(self.path):
            connection = self._writer
            before = connection.total_changes
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        if connection.total_changes != before:
            for callback in tuple(self._subscribers.values()):
                callback()

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback`, in the thread that wrote, after each change; returns how to unsubscribe."""
        token = object()
        self._subscribers[token] = callback

        def unsubscribe() -> None:
            self._subscribers.pop(token, None)

        return unsubscribe


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Take the schema step by step to SCHEMA_VERSION, each step whole or not at all."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version > SCHEMA_VERSION:
            raise StorageError(f"The database {path} was written by a newer Earwitness; update this one, or move the file away.")
        for number, step in enumerate(_MIGRATIONS[version:], start=version + 1):
            for statement in step.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


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
def _said(path: Path) -> Iterator[None]:
    """Turn what SQLite and the file system raise into a StorageError with a sentence to act on."""
    try:
        yield
    except sqlite3.ProgrammingError as error:
        raise StorageError(f"The database {path} is closed; start Earwitness again.") from error
    except sqlite3.Error as error:
        code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            raise StorageError(f"There is no space left for {path}; free some, then ask again.", code="storage.full") from error
        raise StorageError(f"The database {path} {_SENTENCES.get(code, 'could not be used; check the disk')}.") from error
    except OSError as error:
        raise StorageError(f"The database {path} cannot be made: {error.strerror}.") from error
