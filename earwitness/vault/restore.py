"""Restoring a household from a backup of its data and one of its keys: all of it, or nothing changes.

Everything is built beside what is there, in a hidden folder: unpacked, checked, and all that was deleted since deleted again.
Keys that were destroyed since never reach the disk. Then one rename decides. Nothing is served from here.
"""

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from earwitness.domain.errors import BackupError, ProofError
from earwitness.ledger.note import Verifier, parse_checkpoint, parse_note, parse_verifier
from earwitness.storage import swap
from earwitness.storage.durable import sync_folder
from earwitness.storage.lock import StateLock
from earwitness.vault.backup_age import Tell, silent
from earwitness.vault.backup_format import About
from earwitness.vault.backup_parts import Parts, copy_database, opened
from earwitness.vault.replay import Replayed, check_erasures_known, drop_blobs_without_rows, replay, stores_of
from earwitness.vault.replay_list import ReplayList, decode, merged, read_list
from earwitness.vault.restore_keys import check_keys_open, key_files, write_living_keys, write_small_keys, write_way_in
from earwitness.vault.restore_ledger import Choice, choose
from earwitness.vault.restore_present import Present, look
from earwitness.vault.restore_unpack import FolderSink, MemorySink, unpack

MOST_SYNCED: Final = 2000
"""Files that are synced one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be restored, and how. `lists` are lists of erasures; `replaces` what is there, which stays beside it unless
    `removes_old`."""

    data: Path
    keys: Path
    identities: tuple[Path, ...]
    lists: tuple[Path, ...] = ()
    replaces: bool = False
    removes_old: bool = False
    accepts_older_ledger: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What came of it; `aside` is where the old state lies, `unreadable` files of it that could not be asked. What was revoked
    after `revoked_until` is in again; None if nothing can be."""

    data_made_at: datetime
    keys_made_at: datetime
    replayed: Replayed
    ledger: Choice
    aside: Path | None
    unreadable: tuple[str, ...]
    revoked_until: datetime | None


def restore(
    parts: Parts, wanted: Wanted, *, clock: Callable[[], datetime], tell: Tell = silent, tell_replay: Tell = silent
) -> Restored:
    """Restore; `tell` counts bytes of the backup, `tell_replay` recordings. Nothing else may use the state folder meanwhile.

    Raises BackupError, StorageError, VaultError, LedgerError, SettingsError; then nothing has changed.
    """
    _check_is_local(parts)
    with StateLock(parts.state, is_exclusive=True):
        old = swap.contents(parts.state)
        if old and not wanted.replaces:
            raise BackupError(
                f"There is a household in {parts.state} already. Say --replace to put the backup in its place.",
                code="backup.occupied",
            )
        new = swap.prepare(parts.state)
        try:
            restored = _build(parts, wanted, new=new, clock=clock, tell=tell, tell_replay=tell_replay)
            _sync(new)
        except BaseException:
            swap.abandon(parts.state)
            raise
        aside = f"{swap.ASIDE}{clock():%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
        swap.commit(parts.state, aside=aside, keeps_old=not wanted.removes_old)
        if isinstance(parts.places.recordings, str):
            with stores_of(parts, clock=clock) as stores:
                drop_blobs_without_rows(stores)
    return replace(restored, aside=parts.state / aside if old and not wanted.removes_old else None)


def replay_lists(parts: Parts, lists: Sequence[Path], *, clock: Callable[[], datetime], tell: Tell = silent) -> Replayed:
    """Do again what lists say, on what the operator restored with other tools. Raises as `restore`, before anything changes."""
    with StateLock(parts.state, is_exclusive=True), stores_of(parts, clock=clock) as stores:
        verifier = parse_verifier(stores.ledger.verifier)
        nothing = ReplayList(made_at=clock(), checkpoints=())
        found = merged([nothing, *(read_list(path, verifier=verifier) for path in lists)])
        check_erasures_known(stores, found, since=0)
        replayed = replay(stores, found, clock=clock, tell=tell)
        drop_blobs_without_rows(stores)
        stores.ledger.append([{"v": 1, "kind": "restored", "at": clock().isoformat(timespec="seconds"), **_facts(replayed)}])
    return replayed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unpacked:
    """Both backups, unpacked and believed; and all that is known to have happened since."""

    data: About
    keys: About
    present: Present
    known: ReplayList
    verifier: Verifier
    revoked_until: datetime | None


def _build(parts: Parts, wanted: Wanted, *, new: Path, clock: Callable[[], datetime], tell: Tell, tell_replay: Tell) -> Restored:
    """Make the whole new state in the folder `new`."""
    found = _unpack(parts, wanted, new=new, now=clock(), tell=tell)
    choice = _choose_ledger(found, new, accepts_older=wanted.accepts_older_ledger)
    moved = _moved(parts, new)
    with stores_of(moved, clock=clock) as stores:
        check_erasures_known(stores, found.known, since=_size(found.data.checkpoint))
        replayed = replay(stores, found.known, clock=clock, keys_made_at=found.keys.made_at, tell=tell_replay)
        if isinstance(parts.places.recordings, Path):
            drop_blobs_without_rows(stores)
        entry = {
            "v": 1,
            "kind": "restored",
            "at": clock().isoformat(timespec="seconds"),
            "data_of": found.data.made_at.isoformat(timespec="seconds"),
            "keys_of": found.keys.made_at.isoformat(timespec="seconds"),
            "ledger": "present" if choice.is_present else "backup",
            "entries_lost": choice.missing,
            **_facts(replayed),
        }
        stores.ledger.append([entry])
    return Restored(
        data_made_at=found.data.made_at,
        keys_made_at=found.keys.made_at,
        replayed=replayed,
        ledger=choice,
        aside=None,
        unreadable=found.present.unreadable,
        revoked_until=found.revoked_until,
    )


def _unpack(parts: Parts, wanted: Wanted, *, new: Path, now: datetime, tell: Tell) -> _Unpacked:
    """Unpack the keys, which tell whose backup it is; look at what is there; unpack the data; put the living keys beside it."""
    memory = MemorySink()
    keys_about = unpack(wanted.keys, "keys", memory, identities=wanted.identities)
    files = key_files(memory.members)
    memory.members.clear()
    verifier = write_small_keys(files, new / "keys")
    present = look(parts, verifier=verifier, now=now)
    lists = [decode(files.decisions, verifier=verifier), *(read_list(path, verifier=verifier) for path in wanted.lists)]
    known = merged([*lists, present.known])
    write_way_in(files, new / "keys", present=parts)
    with contextlib.closing(FolderSink(new)) as sink:
        data_about = unpack(wanted.data, "data", sink, identities=wanted.identities, verifier=verifier, tell=tell)
    _check_database(new / "household.db", has="people")
    _check_database(new / "ledger.db", has="entries")
    dead = [*sink.deleted, *(key_id for line in known.erasures for key_id in line.key_ids)]
    write_living_keys(files.database, new / "keys" / "keys.db", destroyed=dead)
    check_keys_open(_moved(parts, new))
    return _Unpacked(
        data=data_about,
        keys=keys_about,
        present=present,
        known=known,
        verifier=verifier,
        revoked_until=None if present.knows_revoked else _known_until(lists, since=data_about.made_at),
    )


def _known_until(lists: Sequence[ReplayList], *, since: datetime) -> datetime:
    """Until when these lists say without a gap what happened since a moment."""
    for one in sorted(lists, key=lambda one: one.made_at):
        if one.since is None or one.since <= since:
            since = max(since, one.made_at)
    return since


def _choose_ledger(found: _Unpacked, new: Path, *, accepts_older: bool) -> Choice:
    evidence = [found.data.checkpoint, found.keys.checkpoint, *found.known.checkpoints]
    choice = choose(
        new / "ledger.db", found.present.ledger, verifier=found.verifier, evidence=evidence, accepts_older=accepts_older
    )
    if choice.is_present:
        assert found.present.ledger is not None
        for path in new.glob("ledger.db*"):
            path.unlink()
        copy_database(found.present.ledger, new / "ledger.db", is_still=True)
    return choice


def _moved(parts: Parts, new: Path) -> Parts:
    """The same parts, in another state folder."""
    here = replace(
        parts.places,
        keys_folder=new / "keys",
        keys=new / "keys" / "keys.db",
        recordings=new / "recordings" if isinstance(parts.places.recordings, Path) else parts.places.recordings,
    )
    return Parts(state=new, household=new / "household.db", ledger=new / "ledger.db", places=here)


def _check_is_local(parts: Parts) -> None:
    if any(isinstance(place, str) for place in (parts.household, parts.ledger, parts.places.keys)):
        raise BackupError(
            "Part of this household is in PostgreSQL. Restore that with its own tools, put the files of the keys back by hand, "
            "then run `earwitness backup replay`, before you start the server.",
            code="backup.elsewhere",
        )


def _check_database(path: Path, *, has: str) -> None:
    try:
        with opened(path, is_still=True) as connection:
            connection.execute(f"SELECT 1 FROM {has} LIMIT 1")  # noqa: S608  (a table's name, from above)
            (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        raise BackupError(f"The backup has no {path.name} that can be read.", code="backup.damaged") from error
    if said != "ok":
        raise BackupError(f"The {path.name} in the backup is damaged: use another backup.", code="backup.damaged")


def _sync(folder: Path) -> None:
    """Bring a tree to the disk: file by file, or where there are many, all that the system still has to write."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    if len(files) > MOST_SYNCED:
        os.sync()
        return
    for path in files:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    for path in (folder, *(one for one in folder.rglob("*") if one.is_dir())):
        sync_folder(path)


def _size(checkpoint: str) -> int:
    try:
        return parse_checkpoint(parse_note(checkpoint).text).size
    except ProofError as error:
        raise BackupError("The backup does not say which ledger it belongs to.", code="backup.damaged") from error


def _facts(replayed: Replayed) -> dict[str, object]:
    return {
        "recordings": replayed.recordings,
        "removed": replayed.removed,
        "expired": replayed.expired,
        "revoked": replayed.revoked,
        "held": replayed.held,
        "lost_demands": replayed.lost_demands,
    }
