"""Backups: of the data into one file, of the keys into a folder of another place and on a shorter clock, both encrypted with age.

What was deleted is not in a backup of the data that is made afterwards; in an older one it is, and opens with none but an older
backup of the keys. So those are removed after some days: that is when deleted means gone from backups too. See docs/backup.md.
"""

import contextlib
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from earwitness.domain.errors import BackupError, VaultError
from earwitness.ledger.signing_key import SigningKey, signing_key
from earwitness.storage import swap
from earwitness.storage.database import Database
from earwitness.storage.durable import sync_folder, write_whole
from earwitness.storage.household import invitations, sign_ins, terms, turns
from earwitness.storage.lock import StateLock, work_folder
from earwitness.vault.backup_age import Tell, check_recipients, silent, write_sealed
from earwitness.vault.backup_format import About, Kind, Member, pack
from earwitness.vault.backup_parts import (
    WAY_IN,
    Parts,
    check_place,
    compact,
    copy_database,
    file_chunks,
    latest_checkpoint,
    note_place,
    opened,
)
from earwitness.vault.blobs import Blobs
from earwitness.vault.envelope import sealed_length
from earwitness.vault.replay import prune, stores_of
from earwitness.vault.replay_list import ReplayList, decisions_in, encode, erasures_in, holds_in, restrictions_in, revocations_in
from earwitness.vault.restore_unpack import CountingSink, unpack

MOST_SOUND_BYTES: Final = 1 << 30
_STAMP: Final = "%Y%m%dT%H%M%SZ"
_KEYS_NAME: Final = re.compile(r"earwitness-keys-(\d{8}T\d{6}Z)\.age", re.ASCII)
_REPLACED_NAME: Final = re.compile(re.escape(swap.ASIDE) + r"(\d{8}T\d{6}Z)-[0-9a-f]+", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataBackup:
    """`left_out` are sentences about what others must back up."""

    path: Path
    file_bytes: int
    recordings: int
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysBackup:
    """`removed` are older backups of the keys that are gone now."""

    path: Path
    file_bytes: int
    removed: tuple[Path, ...]
    left_out: tuple[str, ...]


def backup_data(
    parts: Parts, target: Path, *, recipients: Sequence[str], clock: Callable[[], datetime], tell: Tell = silent
) -> DataBackup:
    """Back up people, history, ledger and sound, as they are now, into one file; the server may go on meanwhile.

    `tell` counts bytes. Raises BackupError, StorageError (storage.full); then an older file at `target` is still there, whole.
    """
    check_recipients(recipients)
    key = _ledger_key(parts, clock)
    with StateLock(parts.state), work_folder(parts.state) as work:
        place = check_place(parts, "data", target.parent)
        checkpoint = _checkpoint(parts)  # before the copies, so that what was erased by then is in none of them
        copies = _copy_data(parts, work, tell=tell)
        about = About(
            kind="data", made_at=clock(), total_bytes=copies.total_bytes, checkpoint=checkpoint, left_out=parts.elsewhere()
        )
        blocks = pack(about, _data_members(parts, copies), key=key, folder=work)
        size = write_sealed(place / target.name, _told(blocks, copies.total_bytes, tell), recipients=recipients)
        note_place(parts, "data", place)
    return DataBackup(path=target, file_bytes=size, recordings=copies.recordings, left_out=about.left_out)


def backup_keys(
    parts: Parts, folder: Path, *, recipients: Sequence[str], keys_days: int, clock: Callable[[], datetime], tell: Tell = silent
) -> KeysBackup:
    """Back up the keys into a new file in a folder; then remove those in it that are older than `keys_days`, and what a restore
    replaced as long ago. `tell` counts bytes. Raises BackupError, StorageError; then nothing was removed."""
    check_recipients(recipients)
    key, now = _ledger_key(parts, clock), clock()
    with StateLock(parts.state), work_folder(parts.state) as work:
        place = check_place(parts, "keys", folder)
        members = _key_members(parts, work, key=key, now=now, tell=tell)
        total = sum(member.size for member in members)
        about = About(kind="keys", made_at=now, total_bytes=total, checkpoint=_checkpoint(parts), left_out=parts.keys_elsewhere())
        for leftover in place.glob(".earwitness-keys-*.part"):
            leftover.unlink(missing_ok=True)
        path = place / f"earwitness-keys-{now.astimezone(UTC).strftime(_STAMP)}.age"
        blocks = _told(pack(about, members, key=key, folder=work), total, tell)
        size = write_sealed(path, blocks, recipients=recipients)
        note_place(parts, "keys", place)
        removed = _remove_older(place, path, before=now - timedelta(days=keys_days))
        _forget_replaced(parts, before=now - timedelta(days=keys_days))
    return KeysBackup(path=path, file_bytes=size, removed=removed, left_out=about.left_out)


def write_erasures(parts: Parts, target: Path, *, since: datetime | None = None, clock: Callable[[], datetime]) -> ReplayList:
    """Write the list of what a restore must do again: all that was deleted, decided, restricted and revoked, since a moment if
    one is given. Raises BackupError, StorageError."""
    key = _ledger_key(parts, clock)
    with StateLock(parts.state):
        found = _list(parts, now=clock(), since=since)
        write_whole(target, [encode(found, key=key)], mode=0o600)
    return found


def check_backup(path: Path, *, identities: Sequence[Path], kind: Kind, tell: Tell = silent) -> tuple[About, int]:
    """Read a backup to its end, as a restore would; gives what it says of itself and how many members it has.

    Raises BackupError if it is not whole, VaultError for an identity that is none.
    """
    sink = CountingSink()
    return unpack(path, kind, sink, identities=identities, tell=tell), sink.members


# Data


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copies:
    """Copies of the databases that are here, of one moment, in a folder that goes."""

    household: Path | None
    ledger: Path | None
    recordings: int
    total_bytes: int


def _copy_data(parts: Parts, work: Path, *, tell: Tell) -> _Copies:
    household = ledger = None
    recordings = total = 0
    if isinstance(parts.household, Path):
        household = work / "household.db"
        copy_database(parts.household, work / "snapshot.db", tell=tell)
        _clean(work / "snapshot.db", parts)
        compact(work / "snapshot.db", household)
        (work / "snapshot.db").unlink()
        recordings, total = _sounds(household)
        total = total if isinstance(parts.places.recordings, Path) else 0
    if isinstance(parts.ledger, Path):
        ledger = work / "ledger.db"
        copy_database(parts.ledger, ledger, tell=tell)  # after the household's, which names positions in it
    total += sum(path.stat().st_size for path in (household, ledger) if path is not None)
    if household is None and ledger is None and isinstance(parts.places.recordings, str):
        raise BackupError(f"There is nothing here to back up. {' '.join(parts.elsewhere())}", code="backup.nothing")
    return _Copies(household=household, ledger=ledger, recordings=recordings, total_bytes=total)


def _clean(snapshot: Path, parts: Parts) -> None:
    """Take out of a copy what no restore should bring back: sign-ins, invitations, what is being kept just now, what was just
    erased."""
    copy, keyed = Database(snapshot, chain="household"), Database(parts.places.keys, chain="keys")
    try:
        with copy.writing() as connection:
            connection.execute(sa.delete(sign_ins))
            connection.execute(sa.delete(invitations))
            unseen = sa.select(turns.c.number).where(turns.c.kept_position.is_(None))
            connection.execute(sa.delete(terms).where(terms.c.turn_number.in_(unseen)))
            connection.execute(sa.delete(turns).where(turns.c.kept_position.is_(None)))
        prune(copy, keyed)
    finally:
        keyed.close()
        copy.close()


def _sounds(household: Path) -> tuple[int, int]:
    """How many turns a copy has, and how many bytes of sealed sound."""
    with opened(household) as connection:
        (count,) = connection.execute("SELECT count(*) FROM turns").fetchone()
        lengths = connection.execute("SELECT audio_bytes FROM turns WHERE audio_bytes > 0")
        return count, sum(sealed_length(length) for (length,) in lengths)


def _data_members(parts: Parts, copies: _Copies) -> Iterator[Member]:
    for path in (copies.household, copies.ledger):
        if path is not None:
            yield Member(name=path.name, size=path.stat().st_size, chunks=file_chunks(path))
    if isinstance(parts.places.recordings, Path):
        blobs = Blobs(parts.places.recordings)
        for name, length in _named(copies, blobs):
            data = _sound(blobs, name, length)
            yield Member(name=f"recordings/{name[:2]}/{name[2:]}", size=len(data), chunks=[data])


def _named(copies: _Copies, blobs: Blobs) -> Iterator[tuple[str, int]]:
    """The sounds that belong to the copy, in order, with their sealed lengths; all there are, where the history is elsewhere."""
    if copies.household is None:
        yield from ((name, MOST_SOUND_BYTES) for name in sorted(blobs.names()))
        return
    with opened(copies.household) as connection:
        query = "SELECT turn_id, audio_bytes FROM turns WHERE audio_bytes > 0 ORDER BY turn_id"
        yield from ((name, sealed_length(length)) for name, length in connection.execute(query))


def _sound(blobs: Blobs, name: str, length: int) -> bytes:
    """Sealed sound; nothing if it was deleted since the copy was made, which a restore takes as such."""
    try:
        return blobs.read(name, 0, length)
    except VaultError:
        return b""


# Keys


def _key_members(parts: Parts, work: Path, *, key: SigningKey, now: datetime, tell: Tell) -> tuple[Member, ...]:
    decisions = encode(_list(parts, now=now, has_erasures=False), key=key)
    members = [Member(name="decisions.jsonl", size=len(decisions), chunks=[decisions])]
    if parts.household_key is not None:
        members.append(_file(parts.household_key))
    if isinstance(parts.places.keys, Path):
        copy_database(parts.places.keys, work / "snapshot.db", tell=tell)
        compact(work / "snapshot.db", work / "keys.db")
        (work / "snapshot.db").unlink()
        members.append(_file(work / "keys.db"))
    members.append(_file(parts.ledger_key))
    members += [_file(path) for path in map(parts.way_in, WAY_IN) if path.exists()]
    return tuple(sorted(members, key=lambda member: member.name))


def _file(path: Path) -> Member:
    try:
        return Member(name=path.name, size=path.stat().st_size, chunks=file_chunks(path))
    except OSError as error:
        raise BackupError(f"{path} cannot be read, so there is no backup: {error.strerror}.", code="backup.nothing") from error


def _remove_older(folder: Path, newest: Path, *, before: datetime) -> tuple[Path, ...]:
    """Remove backups of keys by the date in their names, never the newest."""
    removed = []
    for path in sorted(folder.iterdir()):
        stamp = _KEYS_NAME.fullmatch(path.name)
        if stamp is not None and path != newest and _moment(stamp[1]) < before:
            path.unlink(missing_ok=True)
            removed.append(path)
    sync_folder(folder)
    return tuple(removed)


def _forget_replaced(parts: Parts, *, before: datetime) -> None:
    """A state that a restore put aside has keys too, and no deletion reaches it."""
    for path in parts.state.iterdir():
        stamp = _REPLACED_NAME.fullmatch(path.name)
        if stamp is not None and _moment(stamp[1]) < before:
            shutil.rmtree(path / "keys", ignore_errors=True)
            shutil.rmtree(path, ignore_errors=True)


def _moment(stamp: str) -> datetime:
    return datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)


# Both


def _list(parts: Parts, *, now: datetime, since: datetime | None = None, has_erasures: bool = True) -> ReplayList:
    """What a restore must do again."""
    with contextlib.ExitStack() as closing:
        household = closing.enter_context(contextlib.closing(Database(parts.household, chain="household")))
        keyed = closing.enter_context(contextlib.closing(Database(parts.places.keys, chain="keys")))
        with keyed.reading() as connection:
            erased = erasures_in(connection, since=since) if has_erasures else ()
        with household.reading() as connection:
            people, restricted = restrictions_in(connection)
            decided = decisions_in(connection, since=since)
            revoked = revocations_in(connection, since=since)
            held = holds_in(connection)
    return ReplayList(
        made_at=now,
        checkpoints=(_checkpoint(parts),),
        since=since,
        erasures=erased,
        decisions=decided,
        restricted_people=people,
        restricted_turns=restricted,
        revocations=revoked,
        holds=held,
    )


def _checkpoint(parts: Parts) -> str:
    with contextlib.closing(Database(parts.ledger, chain="ledger")) as ledger:
        return latest_checkpoint(ledger)


def _ledger_key(parts: Parts, clock: Callable[[], datetime]) -> SigningKey:
    """The key that signs backups, made if nothing was ever kept here. Raises BackupError where there is no household."""
    if not parts.ledger_key.exists():
        if isinstance(parts.household, Path) and not parts.household.exists():
            raise BackupError(f"There is no household in {parts.state}, so there is nothing to back up.", code="backup.nothing")
        with StateLock(parts.state), stores_of(parts, clock=clock):
            """Opening makes what is missing."""
    return signing_key(parts.ledger_key)


def _told(blocks: Iterator[bytes], total: int, tell: Tell) -> Iterator[bytes]:
    done = 0
    for block in blocks:
        done += len(block)
        tell(min(done, total), total)
        yield block
