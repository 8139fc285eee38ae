"""The ledger's entries about demands: in the open, or under a gag as commitments that are opened when it ends.

Owns the table `demand_entries`. An entry is written there before it is committed, so that after a crash the same one is committed
again, and no salt is chosen twice. Calls block.
"""

import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import rfc8785
import sqlalchemy as sa

from earwitness.domain.errors import LedgerError
from earwitness.storage.database import Database
from earwitness.storage.demands import demand_entries as entries
from earwitness.storage.moments import moment

SALT_BYTES: Final = 32
OPENED_AT_ONCE: Final = 50
"""An entry of the ledger is at most 64 KiB long; ours are below one."""


class Ledger(Protocol):
    """Where entries are committed."""

    def append(self, facts: Sequence[Mapping[str, object]]) -> tuple[int, ...]:
        """Commit entries, durably, and give their positions. Raises LedgerError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What opens a commitment: the entry's canonical JSON, and the salt; None for an entry that was committed in the open."""

    body: str
    salt: bytes | None
    position: int | None


def commitment(salt: bytes, body: bytes) -> str:
    """What the ledger holds of a sealed entry: the SHA-256 of the salt and the entry's canonical JSON."""
    return hashlib.sha256(salt + body).hexdigest()


class Entries:
    """The entries about all demands. `clock` gives aware datetimes."""

    def __init__(self, database: Database, *, ledger: Ledger, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock
        self._finishing = threading.Lock()

    def begin(self, connection: sa.Connection, demand_id: str, facts: Mapping[str, object], *, opens_at: datetime | None) -> int:
        """Write an entry that is to be committed, sealed until `opens_at` if there is such a time; gives its number."""
        values = {
            "demand_id": demand_id,
            "body": rfc8785.dumps(dict(facts)).decode(),  # type: ignore[arg-type]
            "salt": None if opens_at is None else secrets.token_bytes(SALT_BYTES),
            "opens_at": None if opens_at is None else opens_at.timestamp(),
        }
        return int(connection.execute(sa.insert(entries).values(values).returning(entries.c.number)).scalar_one())

    def finish(self, number: int) -> int:
        """Commit an entry that was begun; gives its position. Raises LedgerError; it can be tried again."""
        with self._finishing:  # else whoever settles commits once more what somebody else is just committing
            return self._finish(number)

    def _finish(self, number: int) -> int:
        with self._database.reading() as connection:
            row = connection.execute(sa.select(entries).where(entries.c.number == number)).one()
        if row.position is not None:
            return int(row.position)
        (position,) = self._ledger.append([self._committed(row)])
        with self._database.writing() as connection:
            connection.execute(sa.update(entries).where(entries.c.number == number).values(position=position))
        return position

    def finish_all(self) -> int:
        """Commit what a crash left begun; gives how many. Raises LedgerError."""
        query = sa.select(entries.c.number).where(entries.c.position.is_(None)).order_by(entries.c.number)
        with self._database.reading() as connection:
            waiting = list(connection.execute(query).scalars())
        for number in waiting:
            self.finish(number)
        return len(waiting)

    def append(self, demand_id: str, facts: Sequence[Mapping[str, object]], *, opens_at: datetime | None) -> tuple[int, ...]:
        """Commit entries about a demand; gives their positions. Raises LedgerError; then none of them will be."""
        with self._database.writing() as connection:
            numbers = [self.begin(connection, demand_id, one, opens_at=opens_at) for one in facts]
        try:
            return tuple(self.finish(number) for number in numbers)
        except LedgerError:
            with self._database.writing() as connection:
                waiting = (entries.c.number.in_(numbers), entries.c.position.is_(None))
                connection.execute(sa.delete(entries).where(*waiting))
            raise

    def at(self, position: int) -> Sealed | None:
        """The entry at that position of the ledger; None if it is none about a demand."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(entries).where(entries.c.position == position)).one_or_none()
        return None if row is None else Sealed(body=row.body, salt=row.salt, position=row.position)

    def due(self) -> list[str]:
        """The ids of demands with sealed entries whose time has come."""
        where = (entries.c.opens_at <= self._clock().timestamp(), entries.c.position.is_not(None))
        query = sa.select(entries.c.demand_id).where(*where, entries.c.opened_position.is_(None)).distinct()
        with self._database.reading() as connection:
            return sorted(connection.execute(query).scalars())

    def open(self, demand_id: str) -> int:
        """Open the sealed entries of a demand; gives how many. Raises LedgerError. After a crash it may open some twice."""
        where = (entries.c.demand_id == demand_id, entries.c.salt.is_not(None), entries.c.position.is_not(None))
        query = sa.select(entries).where(*where, entries.c.opened_position.is_(None)).order_by(entries.c.position)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        for start in range(0, len(rows), OPENED_AT_ONCE):
            some = rows[start : start + OPENED_AT_ONCE]
            told = [{"position": row.position, "salt": row.salt.hex(), "entry": json.loads(row.body)} for row in some]
            entry = {"v": 1, "kind": "demand.opened", "demand": demand_id, "entries": told, "at": self._now()}
            (position,) = self._ledger.append([entry])
            with self._database.writing() as connection:
                numbers = entries.c.number.in_([row.number for row in some])
                connection.execute(sa.update(entries).where(numbers).values(opened_position=position))
        return len(rows)

    def _committed(self, row: Any) -> dict[str, object]:
        if row.salt is None:
            found: dict[str, object] = json.loads(row.body)
            return found
        return {
            "v": 1,
            "kind": "demand.sealed",
            "demand": row.demand_id,
            "commitment": commitment(row.salt, row.body.encode()),
            "opens": moment(row.opens_at).isoformat(timespec="seconds"),
            "at": self._now(),
        }

    def _now(self) -> str:
        return self._clock().isoformat(timespec="seconds")


class CoveredLedger:
    """A ledger for the door to write to while a gag stands: what it appends are commitments."""

    def __init__(self, entries: Entries, demand_id: str, *, opens_at: datetime) -> None:
        self._entries = entries
        self._demand_id = demand_id
        self._opens_at = opens_at

    def append(self, facts: Sequence[Mapping[str, object]]) -> tuple[int, ...]:
        """Commit to entries, and give the positions of the commitments. Raises LedgerError."""
        return self._entries.append(self._demand_id, facts, opens_at=self._opens_at)
