"""The keys of people and of their recordings, each wrapped by the one above, in a database of their own.

Destroying keys is what deleting means here: `destroy` is one transaction, after which nothing that those keys opened can be
opened again. Owns the tables of `storage.keys`; it knows nothing of what the keys open. Calls block on the disk.
"""

import contextlib
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from earwitness.domain.errors import StorageError, VaultError
from earwitness.domain.recording import Erasure
from earwitness.storage.database import Database
from earwitness.storage.keys import destroyed, erasures, keys, person_keys
from earwitness.storage.moments import moment
from earwitness.vault.envelope import derived, new_key, unwrap_key, wrap_key
from earwitness.vault.household_key import KeyService, mark_of

LOOKED_FOR_AT_ONCE: Final = 100
"""Of so many destroyed keys it is made sure at once that no copy was left in the file; of more, the sweep does."""
BATCH: Final = 500
"""Ids in one statement: SQLite allows 32,766 variables, PostgreSQL's driver 65,535."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonKey:
    """The key that wraps the data keys of one person, opened."""

    key_id: str
    key: bytes

    def search_key(self) -> bytes:
        """The key of this person's search terms."""
        return derived(self.key, "search")


class KeyRing:
    """Keys by id."""

    def __init__(self, database: Database, service: KeyService) -> None:
        self.database = database
        self._service = service
        self._opened: dict[tuple[str, bytes], bytes] = {}
        """Person keys that were opened; used only while their row is there, so that destroying the row is enough."""
        self._gone: set[bytes] = set()
        """The marks of destroyed keys: to be looked for in the database's files."""
        self._own: set[str] = set()
        """Erasures by this process, of which `_gone` says what to look for."""

    def person_key(self, person_id: str, *, now: datetime) -> PersonKey:
        """The key for what a person says from now on, made if there is none. Raises StorageError, VaultError."""
        found = self.find_person_key(person_id)
        if found is not None:
            return found
        key_id, key = secrets.token_hex(16), new_key()
        wrapped = self._service.wrap(key, key_id=key_id)
        with self.database.writing(lock=_LOCK) as connection:
            other = connection.execute(sa.select(person_keys.c.key_id).where(person_keys.c.person_id == person_id)).scalar()
            if other is None:
                connection.execute(
                    sa.insert(keys).values(key_id=key_id, parent_id=None, wrapped=wrapped, created_at=now.timestamp())
                )
                connection.execute(sa.insert(person_keys).values(person_id=person_id, key_id=key_id))
        return self.person_key(person_id, now=now)

    def find_person_key(self, person_id: str) -> PersonKey | None:
        """The same, or None if the person has none."""
        joined = sa.select(keys.c.key_id, keys.c.wrapped).join(person_keys, person_keys.c.key_id == keys.c.key_id)
        with self.database.reading() as connection:
            row = connection.execute(joined.where(person_keys.c.person_id == person_id)).one_or_none()
        return None if row is None else PersonKey(key_id=row.key_id, key=self._open(row.key_id, row.wrapped))

    def root_key(self, key_id: str, *, now: datetime) -> bytes:
        """The key of that id that the household's key wraps, made if there is none. Raises StorageError, VaultError."""
        found = self.find_root_key(key_id)
        if found is not None:
            return found
        wrapped = self._service.wrap(new_key(), key_id=key_id)
        row = {"key_id": key_id, "parent_id": None, "wrapped": wrapped, "created_at": now.timestamp()}
        with self.database.writing(lock=_LOCK) as connection:
            if connection.execute(sa.select(keys.c.key_id).where(keys.c.key_id == key_id)).scalar() is None:
                connection.execute(sa.insert(keys).values(row))
        return self.root_key(key_id, now=now)

    def find_root_key(self, key_id: str) -> bytes | None:
        """The same, or None if there is none."""
        query = sa.select(keys.c.wrapped).where(keys.c.key_id == key_id, keys.c.parent_id.is_(None))
        with self.database.reading() as connection:
            wrapped: bytes | None = connection.execute(query).scalar()
        return None if wrapped is None else self._open(key_id, wrapped)

    def destroy_root_key(self, key_id: str) -> None:
        """Destroy it, also in the database's files. No erasure is noted: nobody's recordings hang on it. Raises StorageError."""
        with self.database.writing(lock=_LOCK) as connection:
            wrapped = connection.execute(sa.select(keys.c.wrapped).where(keys.c.key_id == key_id)).scalars()
            self._gone.update(mark_of(one) for one in wrapped)
            connection.execute(sa.delete(keys).where(keys.c.key_id == key_id))
        self._opened.clear()
        with contextlib.suppress(StorageError):  # as for an erasure: the sweep tries again
            self.database.scrub()
            self.scrub()

    def person_key_id(self, person_id: str) -> str | None:
        """The id of the key for what a person says from now on, not opened; None if there is none."""
        with self.database.reading() as connection:
            query = sa.select(person_keys.c.key_id).where(person_keys.c.person_id == person_id)
            found: str | None = connection.execute(query).scalar()
            return found

    def people(self) -> set[str]:
        """The ids of people who have a key."""
        with self.database.reading() as connection:
            return set(connection.execute(sa.select(person_keys.c.person_id)).scalars())

    def people_who_left(self) -> set[str]:
        """The ids of people who were erased as such."""
        where = (erasures.c.kind == "person", erasures.c.person_id.is_not(None))
        with self.database.reading() as connection:
            return set(connection.execute(sa.select(erasures.c.person_id).where(*where)).scalars())

    def add(self, data_key: bytes, *, turn_id: str, parent: PersonKey, now: datetime) -> None:
        """Keep a data key, wrapped by its person's. Raises VaultError (vault.not_kept) if either was destroyed meanwhile."""
        wrapped = wrap_key(data_key, by=parent.key, key_id=turn_id, parent_id=parent.key_id)
        row = {"key_id": turn_id, "parent_id": parent.key_id, "wrapped": wrapped, "created_at": now.timestamp()}
        with self.database.writing(lock=_LOCK) as connection:
            if connection.execute(sa.select(keys.c.key_id).where(keys.c.key_id == parent.key_id)).scalar() is None:
                raise VaultError("Everything of this person was deleted just now, so this is not kept.", code="vault.not_kept")
            if connection.execute(sa.select(destroyed.c.key_id).where(destroyed.c.key_id == turn_id)).scalar() is not None:
                raise VaultError("This turn was deleted while it was being kept.", code="vault.not_kept")
            connection.execute(sa.insert(keys).values(row))

    def data_keys(self, turn_ids: Sequence[str]) -> dict[str, bytes]:
        """The opened data keys of turns; those that were destroyed are not in it. Raises StorageError, VaultError."""
        parent = keys.alias("parent")
        rows: list[Any] = []
        with self.database.reading() as connection:
            for some in in_batches(turn_ids):
                query = sa.select(keys.c.key_id, keys.c.wrapped, parent.c.key_id.label("by_id"), parent.c.wrapped.label("by"))
                joined = query.join(parent, parent.c.key_id == keys.c.parent_id).where(keys.c.key_id.in_(some))
                rows += connection.execute(joined).all()
        return {
            row.key_id: unwrap_key(row.wrapped, by=self._open(row.by_id, row.by), key_id=row.key_id, parent_id=row.by_id)
            for row in rows
        }

    def alive(self, turn_ids: Sequence[str]) -> set[str]:
        """Those of these turns that a key can still open."""
        parent, found = keys.alias("parent"), set[str]()
        with self.database.reading() as connection:
            for some in in_batches(turn_ids):
                joined = sa.select(keys.c.key_id).join(parent, parent.c.key_id == keys.c.parent_id)
                found.update(connection.execute(joined.where(keys.c.key_id.in_(some))).scalars())
        return found

    def destroyed_of(self, turn_ids: Sequence[str]) -> set[str]:
        """Those of these turns whose keys were destroyed one by one."""
        found: set[str] = set()
        with self.database.reading() as connection:
            for some in in_batches(turn_ids):
                found.update(connection.execute(sa.select(destroyed.c.key_id).where(destroyed.c.key_id.in_(some))).scalars())
        return found

    def destroy(self, erasure: Erasure, *, actor_alias: str, person_id: str | None, key_ids: Sequence[str]) -> None:
        """Destroy keys and note the erasure, all or nothing. Gone, also from the database's log, when this returns.

        Raises StorageError; then nothing was destroyed.
        """
        row = {
            "erasure_id": erasure.erasure_id,
            "kind": erasure.kind,
            "person_id": person_id,
            "actor_alias": actor_alias,
            "erased_at": erasure.erased_at.timestamp(),
            "recordings": erasure.recordings,
            "seconds": erasure.seconds,
            "is_swept": False,
            "position": None,
            "body": erasure.body,
        }
        with self.database.writing(lock=_LOCK) as connection:
            connection.execute(sa.insert(erasures).values(row))
            gone = self._destroy(connection, key_ids, erasure_id=erasure.erasure_id)
        self._opened.clear()
        self._own.add(erasure.erasure_id)
        self._gone |= gone
        with contextlib.suppress(StorageError):  # the sweep tries again before it calls the erasure done
            self.database.scrub()
            if len(gone) <= LOOKED_FOR_AT_ONCE:
                self.scrub()

    def scrub(self, finished: Sequence[Erasure] = ()) -> None:
        """Leave nothing of destroyed keys in the files of the database. Erasures by other processes, or before the start, are
        `finished` only when the file was built anew: what to look for is not known then. Raises StorageError."""
        gone, others = frozenset(self._gone), [one for one in finished if one.erasure_id not in self._own]
        self.database.scrub(gone, is_thorough=bool(others))
        self._gone -= gone
        self._own.difference_update(one.erasure_id for one in finished)

    def _destroy(self, connection: sa.Connection, key_ids: Sequence[str], *, erasure_id: str) -> set[bytes]:
        """Gives the marks of what is destroyed."""
        gone: set[bytes] = set()
        for some in in_batches(key_ids):
            wrapped = connection.execute(sa.select(keys.c.wrapped).where(keys.c.key_id.in_(some))).scalars()
            gone.update(mark_of(one) for one in wrapped)
            connection.execute(sa.delete(person_keys).where(person_keys.c.key_id.in_(some)))
            connection.execute(sa.delete(keys).where(keys.c.key_id.in_(some)))
            known = set(connection.execute(sa.select(destroyed.c.key_id).where(destroyed.c.key_id.in_(some))).scalars())
            fresh = [{"key_id": one, "erasure_id": erasure_id} for one in some if one not in known]
            if fresh:
                connection.execute(sa.insert(destroyed), fresh)
        return gone

    def forget(self, turn_ids: Sequence[str]) -> None:
        """Remove data keys that open nothing any more: of an erased person, or of something that was never kept."""
        with self.database.writing(lock=_LOCK) as connection:
            for some in in_batches(turn_ids):
                connection.execute(sa.delete(keys).where(keys.c.key_id.in_(some), keys.c.parent_id.is_not(None)))

    # Erasures

    def unfinished(self) -> tuple[Erasure, ...]:
        """Erasures that are not in the ledger or not swept yet, oldest first."""
        where = sa.or_(erasures.c.position.is_(None), erasures.c.is_swept.is_(False))
        return self._erasures(sa.select(erasures).where(where).order_by(erasures.c.erased_at))

    def erasures_of(self, person_id: str) -> tuple[Erasure, ...]:
        """Every erasure of what a person said, newest first."""
        found = sa.select(erasures).where(erasures.c.person_id == person_id)
        return self._erasures(found.order_by(erasures.c.erased_at.desc()))

    def erasure(self, erasure_id: str) -> Erasure:
        """One erasure. Raises VaultError if there is none."""
        found = self._erasures(sa.select(erasures).where(erasures.c.erasure_id == erasure_id))
        if not found:
            raise VaultError("There is no such receipt.")
        return found[0]

    def destroyed_by(self, erasure_id: str) -> list[str]:
        """The ids of the keys that an erasure destroyed: of turns, or of a person's key."""
        with self.database.reading() as connection:
            return list(connection.execute(sa.select(destroyed.c.key_id).where(destroyed.c.erasure_id == erasure_id)).scalars())

    def note(self, erasure_id: str, **values: object) -> None:
        """Note an erasure's place in the ledger (`position`) or that it `is_swept`."""
        with self.database.writing(lock=_LOCK) as connection:
            connection.execute(sa.update(erasures).where(erasures.c.erasure_id == erasure_id).values(**values))

    def _erasures(self, query: sa.Select[Any]) -> tuple[Erasure, ...]:
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
        return tuple(
            Erasure(
                erasure_id=row.erasure_id,
                kind=row.kind,
                erased_at=moment(row.erased_at),
                recordings=row.recordings,
                seconds=row.seconds,
                is_swept=row.is_swept,
                position=row.position,
                body=row.body,
            )
            for row in rows
        )

    def _open(self, key_id: str, wrapped: bytes) -> bytes:
        known = self._opened.get((key_id, wrapped))
        if known is None:
            known = self._opened[(key_id, wrapped)] = self._service.unwrap(wrapped, key_id=key_id)
        return known


_LOCK: Final = 0x6B657973


def has_keys(database: Database) -> bool:
    """Whether any key is kept there. Raises StorageError."""
    with database.reading() as connection:
        return connection.execute(sa.select(keys.c.key_id).limit(1)).first() is not None


def in_batches(items: Sequence[T], size: int = BATCH) -> Iterator[Sequence[T]]:
    """The items, some at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
