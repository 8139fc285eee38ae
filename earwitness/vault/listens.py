"""Who listened: every read of a person's recordings as a row, and as entries of the ledger that say no name. Calls block."""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import rfc8785
import sqlalchemy as sa

from earwitness.domain.recording import Actor, Medium, Read, ReadPurpose, ReadResult, Role
from earwitness.domain.review import Annotation
from earwitness.storage.database import Database
from earwitness.storage.household import reads
from earwitness.storage.moments import moment


def entry_of_opening(read: Read) -> dict[str, object]:
    """The ledger's entry for a read that is about to begin, or was refused."""
    entry: dict[str, object] = {
        "v": 1,
        "kind": "read.refused" if read.result is ReadResult.REFUSED else "read.opened",
        "read": read.read_id,
        "medium": read.medium.value,
        "purpose": read.purpose.value,
        "role": read.actor.role.value,
        "recordings": read.recordings,
        "at": read.opened_at.isoformat(timespec="seconds"),
    }
    if read.turn_id is not None:
        entry["recording"] = read.turn_id
    if read.ranges:
        entry["asked"] = [list(part) for part in read.ranges]
    if read.actor.role is not Role.SELF:
        entry["by"] = read.actor.alias
    return entry


def entry_of_closing(read: Read, *, is_exact: bool = True) -> dict[str, object]:
    """The ledger's entry for a read that is over: which bytes went out, and how it ended. Not `is_exact` when the server stopped
    in its midst: then these bytes were asked for, and no others went out."""
    assert read.closed_at is not None
    doubt: dict[str, object] = {} if is_exact else {"at_most": True}
    return doubt | {
        "v": 1,
        "kind": "read.closed",
        "read": read.read_id,
        "result": read.result.value,
        "milliseconds": round(read.seconds * 1000),
        "ranges": [list(part) for part in read.ranges],
        "at": read.closed_at.isoformat(timespec="seconds"),
    }


def entry_of_annotation(actor: Actor, turn_id: str, annotation: Annotation) -> dict[str, object]:
    """The ledger's entry for a judgement: by whom, of what, with its digest; not a word of it. Whether it counts follows from
    the others later, and is not in the digest."""
    by: dict[str, object] = {} if actor.role is Role.SELF else {"by": actor.alias}
    judged = {name: value for name, value in annotation.as_json().items() if name != "settled"}
    return by | {
        "v": 1,
        "kind": "annotated",
        "recording": turn_id,
        "role": actor.role.value,
        "labels": sorted(annotation.labels),
        "sha256": hashlib.sha256(rfc8785.dumps(judged)).hexdigest(),
        "at": annotation.made_at.isoformat(timespec="seconds"),
    }


class Listens:
    """The table `reads`. What a gag hides is in it and is listed once the gag is over. `clock` gives aware datetimes."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self.database = database
        self._clock = clock

    def add(self, *begun: Read) -> None:
        """Note reads that began. Raises StorageError."""
        with self.database.writing() as connection:
            connection.execute(sa.insert(reads), [_values(read) for read in begun])

    def close(self, *ended: Read) -> None:
        """Note how reads ended. Raises StorageError."""
        with self.database.writing() as connection:
            for read in ended:
                connection.execute(sa.update(reads).where(reads.c.read_id == read.read_id).values(_values(read)))

    def of_person(
        self, person_id: str, *, limit: int, since: datetime | None = None, turn_id: str | None = None, only_others: bool = False
    ) -> tuple[Read, ...]:
        """The reads of a person's recordings, newest first."""
        query = sa.select(reads).where(reads.c.person_id == person_id, self._is_shown())
        if since is not None:
            query = query.where(known_since > since.timestamp())
        if turn_id is not None:
            query = query.where(reads.c.turn_id == turn_id)
        if only_others:
            query = query.where(_BY_OTHERS)
        with self.database.reading() as connection:
            found = connection.execute(query.order_by(reads.c.opened_at.desc()).limit(limit)).all()
        return tuple(_read(row) for row in found)

    def count_by_others(self, person_id: str, *, since: datetime) -> int:
        """How often others opened a person's recordings after a moment."""
        others = (reads.c.person_id == person_id, _BY_OTHERS)
        where = (*others, known_since > since.timestamp(), self._is_shown())
        with self.database.reading() as connection:
            return connection.execute(sa.select(sa.func.count()).where(*where)).scalar_one()

    def by_others(self, *, since: datetime) -> tuple[Read, ...]:
        """Every read by somebody else than the person, of all people, that began after a moment; oldest first."""
        where = (_BY_OTHERS, known_since > since.timestamp(), self._is_shown())
        with self.database.reading() as connection:
            found = connection.execute(sa.select(reads).where(*where).order_by(reads.c.opened_at)).all()
        return tuple(_read(row) for row in found)

    def find(self, person_id: str, read_id: str) -> Read | None:
        """One read of that person's recordings."""
        query = sa.select(reads).where(reads.c.person_id == person_id, reads.c.read_id == read_id, self._is_shown())
        with self.database.reading() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _read(row)

    def unclosed(self, *, before: datetime) -> tuple[Read, ...]:
        """Reads of sound whose end is not in the ledger: those that began before a moment and never ended, since the server
        stopped in their midst, and those that ended while the ledger was away."""
        where = (
            reads.c.medium == Medium.AUDIO.value,
            reads.c.closed_position.is_(None),
            self._is_shown(),
            sa.or_(
                sa.and_(reads.c.result == ReadResult.OPEN.value, reads.c.opened_at < before.timestamp()),
                reads.c.closed_at.is_not(None),
            ),
        )
        with self.database.reading() as connection:
            return tuple(_read(row) for row in connection.execute(sa.select(reads).where(*where)).all())

    def remove(self, person_id: str) -> None:
        """Forget who opened a person's recordings, when the person leaves; the ledger's entries, which name nobody, stay."""
        with self.database.writing() as connection:
            connection.execute(sa.delete(reads).where(reads.c.person_id == person_id))

    def _is_shown(self) -> sa.ColumnElement[bool]:
        return sa.or_(reads.c.shown_from.is_(None), reads.c.shown_from <= self._clock().timestamp())


_BY_OTHERS: sa.ColumnElement[bool] = reads.c.actor_role.not_in((Role.SELF.value, Role.SYSTEM.value))
"""Of somebody else than the person; the house itself, which disguises a voice, hears nothing and is on the list all the same."""
known_since: sa.ColumnElement[float] = sa.func.coalesce(reads.c.shown_from, reads.c.opened_at)
"""Since when the person can know of a read."""


def _values(read: Read) -> dict[str, object]:
    return {
        "read_id": read.read_id,
        "person_id": read.person_id,
        "turn_id": read.turn_id,
        "actor_id": read.actor.actor_id,
        "actor_alias": read.actor.alias,
        "actor_role": read.actor.role.value,
        "purpose": read.purpose.value,
        "medium": read.medium.value,
        "recordings": read.recordings,
        "opened_at": read.opened_at.timestamp(),
        "opened_position": read.opened_position,
        "closed_at": None if read.closed_at is None else read.closed_at.timestamp(),
        "closed_position": read.closed_position,
        "seconds": read.seconds,
        "ranges": json.dumps(read.ranges),
        "result": read.result.value,
        "shown_from": None if read.shown_from is None else read.shown_from.timestamp(),
    }


def _read(row: Any) -> Read:
    return Read(
        read_id=row.read_id,
        person_id=row.person_id,
        turn_id=row.turn_id,
        actor=Actor(actor_id=row.actor_id, alias=row.actor_alias, role=Role(row.actor_role)),
        purpose=ReadPurpose(row.purpose),
        medium=Medium(row.medium),
        recordings=row.recordings,
        opened_at=moment(row.opened_at),
        opened_position=row.opened_position,
        closed_at=moment(row.closed_at),
        closed_position=row.closed_position,
        seconds=row.seconds,
        shown_from=moment(row.shown_from),
        ranges=tuple((first, last) for first, last in json.loads(row.ranges)),
        result=ReadResult(row.result),
    )
