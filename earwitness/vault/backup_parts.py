"""The parts of a house that are backed up, where each lies, and consistent copies of its databases while others write to them."""

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from earwitness.config import VaultSettings
from earwitness.domain.errors import BackupError, StorageError
from earwitness.storage.database import BUSY_SECONDS, Database, said
from earwitness.storage.durable import disk_error, write_whole
from earwitness.storage.ledger import head
from earwitness.vault.backup_age import Tell, silent
from earwitness.vault.vault import Places

PAGES_AT_ONCE: Final = 2048
CHUNK_BYTES: Final = 1 << 20
_PLACES: Final = ".backups.json"
WAY_IN: Final = ("authority.key", "authority.next.key", "wireguard.key")
"""The keys by which satellites and phones know this home: of its authority (with its certificate), of the authority's successor
while there is one, and of the tunnel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A path is a file or a folder here; a text is a URL, whose operator backs it up with its own tools."""

    state: Path
    household: Path | str
    ledger: Path | str
    places: Places

    @property
    def ledger_key(self) -> Path:
        return self.places.keys_folder / "ledger.key"

    @property
    def household_key(self) -> Path | None:
        """The file of the household key; None where an age identity stands in for it."""
        return self.places.keys_folder / "household.key" if self.places.key_service == "file" else None

    def way_in(self, name: str) -> Path:
        """The file of one of the keys of WAY_IN, which is made when it is first needed."""
        return self.places.keys_folder / name

    def elsewhere(self) -> tuple[str, ...]:
        """A sentence for each part of the data that is not here."""
        found = (
            ("People and the history are", self.household),
            ("The ledger is", self.ledger),
            ("The sound of recordings is", self.places.recordings),
        )
        return tuple(_elsewhere(name, place) for name, place in found if isinstance(place, str))

    def keys_elsewhere(self) -> tuple[str, ...]:
        """The same of the keys."""
        found = [_elsewhere("The wrapped keys are", self.places.keys)] if isinstance(self.places.keys, str) else []
        if self.places.key_service == "age":
            where = self.places.age_identity
            found.append(f"Nothing opens without the age identity in {where}, which is not in this backup: keep a copy of it.")
        return tuple(found)


def parts_of(settings: VaultSettings, state: Path) -> Parts:
    """The parts of the house with these settings and this state folder."""
    keys_folder = state / "keys"
    return Parts(
        state=state,
        household=settings.database or state / "household.db",
        ledger=settings.ledger_database or state / "ledger.db",
        places=Places(
            keys_folder=keys_folder,
            keys=settings.keys_database or keys_folder / "keys.db",
            recordings=settings.recordings or state / "recordings",
            key_service=settings.key_service,
            age_identity=settings.age_identity,
        ),
    )


def latest_checkpoint(ledger: Database) -> str:
    """The signed note of the ledger's head. Raises BackupError if there is none yet, StorageError."""
    with ledger.reading() as connection:
        note = connection.execute(sa.select(head.c.note)).scalar()
    if note is None:
        raise BackupError("There is no ledger yet, so there is nothing to back up.", code="backup.nothing")
    return str(note)


def copy_database(source: Path, target: Path, *, tell: Tell = silent, is_still: bool = False) -> None:
    """Copy an SQLite database as it is at one moment, while others go on writing, unless it `is_still`; tells bytes.

    Raises StorageError.
    """
    with said(str(source)), opened(source, is_still=is_still) as original, opened(_private(target), is_new=True) as copy:
        original.execute("BEGIN")
        original.execute("SELECT 1 FROM sqlite_schema").fetchone()  # from here on this connection sees one moment
        (page_bytes,) = original.execute("PRAGMA page_size").fetchone()
        copy.execute("PRAGMA synchronous = OFF")
        original.backup(
            copy, pages=PAGES_AT_ONCE, progress=lambda _, rest, total: tell((total - rest) * page_bytes, total * page_bytes)
        )
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it


def compact(source: Path, target: Path) -> None:
    """Write anew a database that nobody else has: nothing that was deleted is in the new file. Raises StorageError."""
    with said(str(source)), opened(source, is_still=True) as original:
        original.execute("VACUUM INTO ?", (str(_private(target)),))


def file_chunks(path: Path) -> Iterator[bytes]:
    """A file, piece by piece. Raises StorageError."""
    try:
        with path.open("rb") as source:
            while chunk := source.read(CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}.") from error


def note_place(parts: Parts, kind: str, folder: Path) -> None:
    """Remember where backups of that kind go. Raises StorageError."""
    write_whole(parts.state / _PLACES, [json.dumps(_noted(parts) | {kind: str(folder)}).encode()], mode=0o600)


def check_place(parts: Parts, kind: str, folder: Path) -> Path:
    """The folder's real path, unless it is one where a backup must not go. Raises BackupError."""
    place = folder.resolve()
    if place.is_relative_to(parts.state.resolve()):
        raise BackupError("That is inside the state folder: a backup there goes when it goes.", code="backup.same_place")
    other = "keys" if kind == "data" else "data"
    has_keys = kind == "data" and any(place.glob("earwitness-keys-*.age"))
    if has_keys or _noted(parts).get(other) == str(place):
        raise BackupError(
            f"Backups of the {other} go to {place}: keep data and keys apart, so that nobody finds both in one place.",
            code="backup.same_place",
        )
    return place


def _noted(parts: Parts) -> dict[str, str]:
    try:
        found = json.loads((parts.state / _PLACES).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


@contextlib.contextmanager
def opened(path: Path, *, is_new: bool = False, is_still: bool = False) -> Iterator[sqlite3.Connection]:
    """An SQLite file as it is: no schema is brought up to date. It is written to only if it `is_new`. Where it `is_still`, so
    that nobody else has it, not even a log appears beside it. Raises sqlite3.Error."""
    address = still_address(path) if is_still else f"{path.absolute().as_uri()}?mode={'rwc' if is_new else 'rw'}"
    with contextlib.closing(sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)) as found:
        found.isolation_level = None
        if not (is_new or is_still):
            found.execute("PRAGMA query_only = ON")
        yield found


def _private(path: Path) -> Path:
    """The path, as an empty file that only its owner may read. Raises StorageError."""
    try:
        path.touch(mode=0o600, exist_ok=False)
    except OSError as error:
        raise disk_error(path, error) from error
    return path


def still_address(path: Path) -> str:
    """The URI of an SQLite file that nobody writes to."""
    has_log = path.with_name(path.name + "-wal").exists()
    return f"{path.absolute().as_uri()}?mode=ro{'' if has_log else '&immutable=1'}"


def _elsewhere(what: str, place: str) -> str:
    shown = sa.make_url(place).render_as_string(hide_password=True) if place.startswith("postgresql") else place
    return f"{what} in {shown}: back that up with its own tools."
