"""Lists of the household (shopping, to-do) and what is on them, kept in the database. Calls block on the disk.

The names of lists compare without case.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from earwitness.storage.database import Database
from earwitness.storage.household import items, lists

_LOCK: Final = 0x6C697374
"""Two writers that first use the same list do not both make it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing on a list."""

    item_id: int
    list_name: str
    text: str
    is_complete: bool


class Lists:
    """All lists. The home names some that are always there (`fixed`); people make others. One is made, too, when something is
    put on it."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def items(self, list_name: str) -> tuple[Item, ...]:
        """What is on a list, oldest first, also what is done. Raises StorageError."""
        query = sa.select(items).where(self._is_named(items.c.list_name, list_name)).order_by(items.c.item_id)
        with self.database.reading() as connection:
            return tuple(
                Item(item_id=row.item_id, list_name=row.list_name, text=row.text, is_complete=bool(row.is_complete))
                for row in connection.execute(query)
            )

    def names(self, fixed: Iterable[str] = ()) -> tuple[str, ...]:
        """Names of all lists: those that the home names, then the others by name. Raises StorageError."""
        found = {name.casefold(): name for name in fixed}
        with self.database.reading() as connection:
            for name in connection.scalars(sa.select(lists.c.name).order_by(sa.func.lower(lists.c.name))):
                found.setdefault(name.casefold(), name)
        return tuple(found.values())

    def make(self, list_name: str) -> bool:
        """Make a list with nothing on it; False if there is one. Raises StorageError."""
        with self.database.writing(lock=_LOCK) as connection:
            return self._make(connection, list_name)

    def rename(self, list_name: str, *, to: str) -> bool:
        """Call a list otherwise; False if it is not there, or another is called so. Raises StorageError."""
        with self.database.writing(lock=_LOCK) as connection:
            before = connection.scalar(sa.select(lists.c.name).where(self._is_named(lists.c.name, list_name)))
            if before is None or not self._make(connection, to):
                return False
            connection.execute(items.update().where(self._is_named(items.c.list_name, before)).values(list_name=to))
            connection.execute(lists.delete().where(lists.c.name == before))
            return True

    def forget(self, list_name: str) -> bool:
        """Take a list away with all that is on it; False if it is not there. Raises StorageError."""
        with self.database.writing(lock=_LOCK) as connection:
            connection.execute(items.delete().where(self._is_named(items.c.list_name, list_name)))
            return connection.execute(lists.delete().where(self._is_named(lists.c.name, list_name))).rowcount > 0

    def add(self, list_name: str, *, texts: Iterable[str], now: datetime) -> None:
        """Put things on a list, all or none; they are on the disk when this returns. Raises StorageError."""
        with self.database.writing(lock=_LOCK) as connection:
            name = self._made(connection, list_name)
            rows = [{"list_name": name, "text": text, "added_at": now.timestamp()} for text in texts]
            if rows:
                connection.execute(items.insert(), rows)

    def complete(self, item_ids: Iterable[int]) -> int:
        """Mark things as done; gives how many were not done before. Raises StorageError."""
        change = items.update().where(items.c.item_id.in_(tuple(item_ids)), items.c.is_complete == 0).values(is_complete=1)
        with self.database.writing() as connection:
            return connection.execute(change).rowcount

    def reopen(self, item_ids: Iterable[int]) -> int:
        """Mark things as not done after all; gives how many were done. Raises StorageError."""
        change = items.update().where(items.c.item_id.in_(tuple(item_ids)), items.c.is_complete == 1).values(is_complete=0)
        with self.database.writing() as connection:
            return connection.execute(change).rowcount

    def reword(self, item_id: int, *, text: str) -> bool:
        """Write a thing otherwise; False if it is not there. Raises StorageError."""
        with self.database.writing() as connection:
            return connection.execute(items.update().where(items.c.item_id == item_id).values(text=text)).rowcount == 1

    def remove(self, item_ids: Iterable[int]) -> int:
        """Take things off; gives how many there were. Raises StorageError."""
        with self.database.writing() as connection:
            return connection.execute(items.delete().where(items.c.item_id.in_(tuple(item_ids)))).rowcount

    def count(self, connection: sa.Connection, list_name: str) -> int:
        """How much is on a list and not done, in a transaction of the caller's."""
        query = sa.select(sa.func.count()).where(self._is_named(items.c.list_name, list_name), items.c.is_complete == 0)
        return int(connection.scalar(query) or 0)

    def insert(self, connection: sa.Connection, list_name: str, *, text: str, now: datetime) -> int:
        """Put a thing on a list, which is made if it is not there, in a transaction of the caller's; gives its id."""
        row = {"list_name": self._made(connection, list_name), "text": text, "added_at": now.timestamp()}
        return int(connection.execute(items.insert().returning(items.c.item_id), row).scalar_one())

    def swap(self, connection: sa.Connection, before: Item, *, after: Item | None) -> bool:
        """Change a thing, or take it off, only if it is as it was; in a transaction of the caller's."""
        is_same = sa.and_(
            items.c.item_id == before.item_id,
            items.c.text == before.text,
            items.c.is_complete == int(before.is_complete),
            items.c.list_name == before.list_name,
        )
        if after is None:
            return connection.execute(items.delete().where(is_same)).rowcount == 1
        values = {
            "text": after.text,
            "is_complete": int(after.is_complete),
            "list_name": self._made(connection, after.list_name),
        }
        return connection.execute(items.update().where(is_same).values(**values)).rowcount == 1

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback`, in the thread that wrote, after each change of a list; returns how to unsubscribe."""
        return self.database.subscribe(callback, tables=(lists, items))

    def _made(self, connection: sa.Connection, list_name: str) -> str:
        """The name of a list as it is written, which is there from now on."""
        name = connection.scalar(sa.select(lists.c.name).where(self._is_named(lists.c.name, list_name)))
        if name is None:
            connection.execute(lists.insert().values(name=list_name))
        return name or list_name

    def _make(self, connection: sa.Connection, name: str) -> bool:
        if connection.scalar(sa.select(lists.c.name).where(self._is_named(lists.c.name, name))) is not None:
            return False
        connection.execute(lists.insert().values(name=name))
        return True

    def _is_named(self, column: sa.Column[str], name: str) -> sa.ColumnElement[bool]:
        """On SQLite the columns themselves compare without case, and an index then finds them."""
        return column == name if self.database.is_sqlite else sa.func.lower(column) == sa.func.lower(name)
