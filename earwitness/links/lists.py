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
    """All lists. Which ones exist is the home's business: a list is made when something is put on it."""

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

    def add(self, list_name: str, *, texts: Iterable[str], now: datetime) -> None:
        """Put things on a list, all or none; they are on the disk when this returns. Raises StorageError."""
        with self.database.writing(lock=_LOCK) as connection:
            name = connection.scalar(sa.select(lists.c.name).where(self._is_named(lists.c.name, list_name)))
            if name is None:
                connection.execute(lists.insert().values(name=list_name))
            rows = [{"list_name": name or list_name, "text": text, "added_at": now.timestamp()} for text in texts]
            if rows:
                connection.execute(items.insert(), rows)

    def complete(self, item_ids: Iterable[int]) -> int:
        """Mark things as done; gives how many were not done before. Raises StorageError."""
        change = items.update().where(items.c.item_id.in_(tuple(item_ids)), items.c.is_complete == 0).values(is_complete=1)
        with self.database.writing() as connection:
            return connection.execute(change).rowcount

    def remove(self, item_ids: Iterable[int]) -> int:
        """Take things off; gives how many there were. Raises StorageError."""
        with self.database.writing() as connection:
            return connection.execute(items.delete().where(items.c.item_id.in_(tuple(item_ids)))).rowcount

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback`, in the thread that wrote, after each change of a list; returns how to unsubscribe."""
        return self.database.subscribe(callback, tables=(lists, items))

    def _is_named(self, column: sa.Column[str], name: str) -> sa.ColumnElement[bool]:
        """On SQLite the columns themselves compare without case, and an index then finds them."""
        return column == name if self.database.is_sqlite else sa.func.lower(column) == sa.func.lower(name)
