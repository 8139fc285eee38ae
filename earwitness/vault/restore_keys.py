"""The keys of a backup on their way back: what was destroyed since is destroyed in memory, before anything is on the disk."""

import contextlib
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from earwitness.domain.errors import BackupError, VaultError
from earwitness.ledger.note import Verifier
from earwitness.ledger.signing_key import signing_key
from earwitness.storage.database import Database, said
from earwitness.storage.durable import write_whole
from earwitness.storage.keys import keys
from earwitness.vault.backup_parts import WAY_IN, Parts, file_chunks
from earwitness.vault.household_key import KeyService, key_service


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFiles:
    """The members of a backup of keys."""

    database: bytes
    ledger_key: bytes
    household_key: bytes | None
    decisions: bytes
    way_in: Mapping[str, bytes]
    """Those of WAY_IN that are in it, by name."""


def key_files(members: Mapping[str, bytes]) -> KeyFiles:
    """The members, sorted out. Raises BackupError if one is missing."""
    try:
        return KeyFiles(
            database=members["keys.db"],
            ledger_key=members["ledger.key"],
            household_key=members.get("household.key"),
            decisions=members["decisions.jsonl"],
            way_in={name: members[name] for name in WAY_IN if name in members},
        )
    except KeyError as error:
        raise BackupError(f"That backup of the keys has no {error.args[0]}.", code="backup.damaged") from error


def write_small_keys(found: KeyFiles, folder: Path) -> Verifier:
    """Write the ledger's key and the household's, and give the ledger's public side. Raises BackupError, LedgerError."""
    folder.mkdir(mode=0o700, exist_ok=True)
    write_whole(folder / "ledger.key", [found.ledger_key], mode=0o600)
    verifier = signing_key(folder / "ledger.key").verifier()
    write_whole(folder / "ledger.vkey", [verifier.encoded().encode() + b"\n"], mode=0o644)
    if found.household_key is not None:
        write_whole(folder / "household.key", [found.household_key], mode=0o600)
    return verifier


def write_way_in(found: KeyFiles, folder: Path, *, present: Parts) -> None:
    """Write the keys by which satellites and phones know this home; those that the backup lacks, as one does from before there
    were any, are taken from what is there. Raises StorageError."""
    for name in WAY_IN:
        if name in found.way_in:
            write_whole(folder / name, [found.way_in[name]], mode=0o600)
        elif present.way_in(name).exists():
            write_whole(folder / name, file_chunks(present.way_in(name)), mode=0o600)


def write_living_keys(database: bytes, path: Path, *, destroyed: Iterable[str]) -> None:
    """Write a keys' database without the destroyed keys and all that they wrapped. Raises BackupError, StorageError."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.isolation_level = None
        try:
            connection.deserialize(database)
            connection.execute("CREATE TEMP TABLE dead (key_id TEXT PRIMARY KEY)")
            connection.executemany("INSERT OR IGNORE INTO dead VALUES (?)", ((one,) for one in destroyed))
            connection.execute("DELETE FROM person_keys WHERE key_id IN (SELECT key_id FROM dead)")
            connection.execute("DELETE FROM keys WHERE key_id IN (SELECT key_id FROM dead)")
            connection.execute(
                "DELETE FROM keys WHERE parent_id IS NOT NULL "
                "AND parent_id NOT IN (SELECT key_id FROM keys WHERE parent_id IS NULL)"
            )
            connection.execute("DROP TABLE dead")
        except (sqlite3.Error, OverflowError) as error:
            raise BackupError("The keys' database in the backup cannot be read.", code="backup.damaged") from error
        with said(str(path)):
            path.touch(mode=0o600)
            connection.execute("VACUUM INTO ?", (str(path),))


def check_keys_open(parts: Parts) -> None:
    """That what wraps the keys of people is there, and the right one. Raises BackupError, VaultError, SettingsError."""
    if parts.household_key is not None and not parts.household_key.exists():
        raise BackupError(
            "That backup of the keys has no household key: an age identity stands in for it. Set vault.key_service = "
            '"age" and vault.age_identity, then restore again.',
            code="backup.no_key",
        )
    places = parts.places
    service = key_service(places.key_service, folder=places.keys_folder, identity=places.age_identity)
    assert isinstance(places.keys, Path)
    with contextlib.closing(Database(places.keys, chain="keys")) as database, database.reading() as connection:
        wrapped = connection.execute(sa.select(keys.c.key_id, keys.c.wrapped).where(keys.c.parent_id.is_(None))).all()
    _unwrap([(row.key_id, row.wrapped) for row in wrapped], service)


def _unwrap(wrapped: Sequence[tuple[str, bytes]], service: KeyService) -> None:
    for key_id, sealed in wrapped:
        try:
            service.unwrap(sealed, key_id=key_id)
        except VaultError as error:
            raise BackupError(
                "The keys in the backup were wrapped by another household key: check vault.key_service and vault.age_identity.",
                code="backup.no_key",
            ) from error
