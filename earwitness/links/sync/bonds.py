"""Which calendars of the server are ours too and which thing there is which here, kept in the database. Calls block on the disk.

Whoever changes a thing here changes its bond in the same transaction: `put`, `replace` and `forget` take its connection.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sa

from earwitness.links.sync.merge import Bond
from earwitness.storage.database import Database
from earwitness.storage.household import bonds, synced_calendars

LOCK: Final = 0x53796E63
"""Whoever changes both a thing and its bond takes this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncedCalendar:
    """One calendar of the server. `kind`: list, lists (all of them in one), reminder or alarm. `name` is that of a list."""

    path: str
    kind: str
    name: str = ""
    is_ours: bool = False
    """Whether we made it."""
    agreed_at: datetime | None = None
    """When both sides were last found, or made, the same."""


class Bonds:
    """The calendars and bonds of one account, of which `account` is a name; those of any other are forgotten by `begin`."""

    def __init__(self, database: Database, *, account: str) -> None:
        self.database = database
        self.account = account

    def begin(self) -> None:
        """Forget what was with another account: nothing there tells what is to be here. Raises StorageError."""
        with self.database.writing(lock=LOCK) as connection:
            others = sa.select(synced_calendars.c.path).where(synced_calendars.c.account != self.account)
            if connection.execute(others).first() is not None:
                connection.execute(bonds.delete().where(bonds.c.path.in_(others)))
                connection.execute(synced_calendars.delete().where(synced_calendars.c.account != self.account))

    def calendars(self) -> tuple[SyncedCalendar, ...]:
        """Every calendar, by name. Raises StorageError."""
        query = sa.select(synced_calendars).where(synced_calendars.c.account == self.account).order_by(synced_calendars.c.name)
        with self.database.reading() as connection:
            return tuple(
                SyncedCalendar(path=row.path, kind=row.kind, name=row.name, is_ours=row.is_ours, agreed_at=_moment(row.agreed_at))
                for row in connection.execute(query)
            )

    def know(self, calendar: SyncedCalendar) -> None:
        """Note a calendar, or its new name. Raises StorageError."""
        values = {"kind": calendar.kind, "name": calendar.name, "is_ours": calendar.is_ours}
        with self.database.writing(lock=LOCK) as connection:
            is_here = synced_calendars.c.path == calendar.path
            if connection.execute(synced_calendars.update().where(is_here).values(**values)).rowcount == 0:
                connection.execute(synced_calendars.insert().values(path=calendar.path, account=self.account, **values))

    def forget_calendar(self, path: str) -> None:
        """Forget a calendar with all its bonds; what was in it stays here. Raises StorageError."""
        with self.database.writing(lock=LOCK) as connection:
            connection.execute(bonds.delete().where(bonds.c.path == path))
            connection.execute(synced_calendars.delete().where(synced_calendars.c.path == path))

    def agree(self, path: str, *, now: datetime) -> None:
        """Note that both sides are the same. Raises StorageError."""
        with self.database.writing(lock=LOCK) as connection:
            is_here = synced_calendars.c.path == path
            connection.execute(synced_calendars.update().where(is_here).values(agreed_at=now.timestamp()))

    def of(self, path: str) -> tuple[Bond, ...]:
        """The bonds of one calendar. Raises StorageError."""
        with self.database.reading() as connection:
            return tuple(_bond(row) for row in connection.execute(sa.select(bonds).where(bonds.c.path == path)))

    def elsewhere(self, path: str, kind: str) -> frozenset[str]:
        """The things of a kind that are bound in other calendars than this. Raises StorageError."""
        query = sa.select(bonds.c.thing_id).where(bonds.c.path != path, bonds.c.kind == kind)
        with self.database.reading() as connection:
            return frozenset(connection.scalars(query))

    def note(self, changed: Iterable[Bond]) -> None:
        """Keep these bonds with what was noted. Raises StorageError."""
        found = list(changed)
        if found:
            with self.database.writing(lock=LOCK) as connection:
                for bond in found:
                    self.replace(connection, bond, bond)

    def put(self, connection: sa.Connection, bond: Bond, *, path: str, kind: str) -> None:
        """Keep a new bond."""
        connection.execute(bonds.insert().values(path=path, kind=kind, **_row(bond)))

    def replace(self, connection: sa.Connection, before: Bond, after: Bond) -> None:
        """Keep a bond as it is now."""
        connection.execute(bonds.update().where(bonds.c.href == before.href).values(**_row(after)))

    def forget(self, connection: sa.Connection, bond: Bond) -> None:
        """Forget a bond."""
        connection.execute(bonds.delete().where(bonds.c.href == bond.href))


def _row(bond: Bond) -> dict[str, object]:
    return {
        "href": bond.href,
        "uid": bond.uid,
        "thing_id": bond.thing_id,
        "etag": bond.etag,
        "salt": bond.salt,
        "base": json.dumps({"base": dict(bond.base), "tried": dict(bond.tried), "noted": bond.noted}),
        "noted_at": None if bond.noted_at is None else bond.noted_at.timestamp(),
    }


def _bond(row: sa.Row[tuple[object, ...]]) -> Bond:
    kept = json.loads(row.base)
    return Bond(
        href=row.href,
        uid=row.uid,
        thing_id=row.thing_id,
        etag=row.etag,
        salt=bytes(row.salt),
        base=kept["base"],
        tried=kept["tried"],
        noted=kept["noted"],
        noted_at=_moment(row.noted_at),
    )


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
