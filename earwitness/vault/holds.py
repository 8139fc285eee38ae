"""What a demand to preserve holds: exactly these turns stay, whatever time or their speaker would do, until they are let go.

Owns the table `holds`. A turn that is held and deleted is hidden from everybody at once and destroyed when the last hold on it
ends. Calls block.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from earwitness.storage.database import Database
from earwitness.storage.demands import holds
from earwitness.storage.moments import moment

_AT_ONCE: Final = 500
_LOCK: Final = 0x484F4C44


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Until when a turn is held, by the longest demand; `is_told` if every demand that holds it may be told of."""

    until: datetime
    is_told: bool


class Holds:
    """The holds of one household. `alive` gives those of some turns that a key can still open."""

    def __init__(self, database: Database, *, alive: Callable[[Sequence[str]], set[str]]) -> None:
        self._database = database
        self._alive = alive

    @contextlib.contextmanager
    def standing_still(self) -> Iterator[None]:
        """While this lasts no hold comes or goes, here or in another process: what is not held may be destroyed. Nothing may be
        written to the household's database meanwhile. Raises StorageError."""
        with self._database.writing(lock=_LOCK):
            yield

    def add(self, demand_id: str, turns: Mapping[str, str], *, until: datetime, is_told: bool) -> tuple[str, ...]:
        """Hold turns (the person's id by the turn's) for a demand, in place of what it held before; gives those that are held
        now: what was destroyed just before is not. Raises StorageError."""
        rows = [
            {"demand_id": demand_id, "turn_id": turn_id, "person_id": person_id, "until": until.timestamp(), "is_told": is_told}
            for turn_id, person_id in turns.items()
        ]
        with self._database.writing(lock=_LOCK) as connection:
            connection.execute(sa.delete(holds).where(holds.c.demand_id == demand_id))
            if rows:
                connection.execute(sa.insert(holds), rows)
        alive = self._alive(list(turns))  # asked only now: from here on nothing of it is destroyed
        gone = [one for one in turns if one not in alive]
        with self._database.writing(lock=_LOCK) as connection:
            for start in range(0, len(gone), _AT_ONCE):
                mine = (holds.c.demand_id == demand_id, holds.c.turn_id.in_(gone[start : start + _AT_ONCE]))
                connection.execute(sa.delete(holds).where(*mine))
        return tuple(one for one in turns if one in alive)

    def tell(self, demand_id: str) -> None:
        """From now on people are told of what a demand holds: its gag is over. Raises StorageError."""
        with self._database.writing() as connection:
            connection.execute(sa.update(holds).where(holds.c.demand_id == demand_id).values(is_told=True))

    def release(self, demand_id: str) -> int:
        """Let go what a demand held; gives how many turns. Raises StorageError."""
        with self._database.writing(lock=_LOCK) as connection:
            return connection.execute(sa.delete(holds).where(holds.c.demand_id == demand_id)).rowcount

    def end(self, *, now: datetime) -> int:
        """Let go what a crash left held without a step that says so, once its time is over; gives how many turns."""
        with self._database.writing(lock=_LOCK) as connection:
            return connection.execute(sa.delete(holds).where(holds.c.until <= now.timestamp())).rowcount

    def of(self, turn_ids: Sequence[str]) -> dict[str, Hold]:
        """Those of these turns that are held."""
        found: dict[str, Hold] = {}
        for start in range(0, len(turn_ids), _AT_ONCE):
            found |= self._find(holds.c.turn_id.in_(turn_ids[start : start + _AT_ONCE]))
        return found

    def of_person(self, person_id: str) -> dict[str, Hold]:
        """The turns of a person that are held."""
        return self._find(holds.c.person_id == person_id)

    def of_demand(self, demand_id: str) -> dict[str, Hold]:
        """The turns that a demand holds."""
        return self._find(holds.c.demand_id == demand_id)

    def people(self) -> set[str]:
        """The ids of people of whom something is held."""
        with self._database.reading() as connection:
            return set(connection.execute(sa.select(holds.c.person_id).distinct()).scalars())

    def _find(self, where: sa.ColumnElement[bool]) -> dict[str, Hold]:
        until, told = sa.func.max(holds.c.until), sa.func.min(sa.cast(holds.c.is_told, sa.Integer))
        query: sa.Select[Any] = sa.select(holds.c.turn_id, until, told).where(where).group_by(holds.c.turn_id)
        with self._database.reading() as connection:
            found = connection.execute(query).all()
        return {turn_id: Hold(until=moment(last), is_told=bool(is_told)) for turn_id, last, is_told in found}


def is_held(turn_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """In a query: whether the turn is held."""
    return sa.exists(sa.select(1).where(holds.c.turn_id == turn_id))
