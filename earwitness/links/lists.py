"""Lists of the household (shopping, to-do) and what is on them, kept in the database. Calls block on the disk."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from earwitness.links.database import Database


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
        rows = self.database.read("SELECT * FROM items WHERE list_name = ? ORDER BY item_id", (list_name,))
        return tuple(
            Item(item_id=row["item_id"], list_name=row["list_name"], text=row["text"], is_complete=bool(row["is_complete"]))
            for row in rows
        )

    def add(self, list_name: str, *, texts: Iterable[str], now: datetime) -> None:
        """Put things on a list, all or none; they are on the disk when this returns. Raises StorageError."""
        with self.database.writing() as connection:
            connection.execute("INSERT OR IGNORE INTO lists (name) VALUES (?)", (list_name,))
            connection.executemany(
                "INSERT INTO items (list_name, text, added_at) VALUES (?, ?, ?)",
                [(list_name, text, now.timestamp()) for text in texts],
            )

    def complete(self, item_ids: Iterable[int]) -> int:
        """Mark things as done; gives how many were not done before. Raises StorageError."""
        with self.database.writing() as connection:
            sql = "UPDATE items SET is_complete = 1 WHERE item_id = ? AND is_complete = 0"
            return sum(connection.execute(sql, (each,)).rowcount for each in item_ids)

    def remove(self, item_ids: Iterable[int]) -> int:
        """Take things off; gives how many there were. Raises StorageError."""
        with self.database.writing() as connection:
            return sum(connection.execute("DELETE FROM items WHERE item_id = ?", (each,)).rowcount for each in item_ids)
