"""The little that skills keep between turns, in the household's database: JSON values by name, each skill its own."""

import asyncio
import json
from typing import Final

import sqlalchemy as sa

from earwitness.domain.errors import StorageError
from earwitness.storage.database import Database
from earwitness.storage.household import skill_memory as rows

LONGEST_VALUE: Final = 64 * 1024
LONGEST_NAME: Final = 100
MOST_NAMES: Final = 100


class SkillMemory:
    """What one skill keeps."""

    def __init__(self, database: Database, *, skill: str) -> None:
        self._database = database
        self._skill = skill

    async def get(self, name: str) -> object:
        """What is kept under `name`; None for nothing. Raises StorageError."""
        return await asyncio.to_thread(self._get, name)

    async def keep(self, name: str, value: object) -> None:
        """Keep a JSON value; None forgets it. On the disk when this returns. Raises StorageError (storage.full for too much)."""
        await asyncio.to_thread(self._keep, name, value)

    async def forget(self) -> None:
        """Forget everything. Raises StorageError."""
        await asyncio.to_thread(self._forget)

    def all(self) -> dict[str, object]:
        """Everything that is kept, by name. Blocks. Raises StorageError."""
        query = sa.select(rows.c.name, rows.c.value).where(rows.c.skill == self._skill).order_by(rows.c.name)
        with self._database.reading() as connection:
            return {row.name: json.loads(row.value) for row in connection.execute(query)}

    def erase(self, name: str | None = None) -> int:
        """Forget what is kept under `name`, or everything; tells how many things that was. Blocks. Raises StorageError."""
        named = sa.true() if name is None else rows.c.name == name
        with self._database.writing() as connection:
            return connection.execute(rows.delete().where(rows.c.skill == self._skill, named)).rowcount

    def _get(self, name: str) -> object:
        query = sa.select(rows.c.value).where(rows.c.skill == self._skill, rows.c.name == name)
        with self._database.reading() as connection:
            found = connection.scalar(query)
        return None if found is None else json.loads(found)

    def _keep(self, name: str, value: object) -> None:
        try:
            written = json.dumps(value, allow_nan=False, separators=(",", ":"))
        except (TypeError, ValueError) as error:
            raise StorageError("A skill wants to keep what JSON has no form for.") from error
        if len(written.encode()) > LONGEST_VALUE or not 0 < len(name) <= LONGEST_NAME:
            raise StorageError(f"A skill may keep {LONGEST_VALUE} bytes under a name.", code="storage.full")
        mine = rows.c.skill == self._skill
        with self._database.writing() as connection:
            connection.execute(rows.delete().where(mine, rows.c.name == name))
            if value is None:
                return
            count = connection.scalar(sa.select(sa.func.count()).select_from(rows).where(mine)) or 0
            if count >= MOST_NAMES:
                raise StorageError(f"A skill may keep {MOST_NAMES} things.", code="storage.full")
            connection.execute(rows.insert().values(skill=self._skill, name=name, value=written))

    def _forget(self) -> None:
        with self._database.writing() as connection:
            connection.execute(rows.delete().where(rows.c.skill == self._skill))
