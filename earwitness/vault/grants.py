"""Which emergency grants stand: what the door asks before it opens anything by break-glass. It decides nothing. Calls block.

Grants are made and ended in `oversight`, by two people who approve; here it is read afresh at each opening whether one covers
just this, so that one that is over opens nothing, whatever was running when its time came.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

import sqlalchemy as sa

from earwitness.storage.database import Database
from earwitness.storage.oversight import break_glass


class Grants:
    """The grants of one household. `clock` gives aware datetimes."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def cover(self, actor_id: str, person_id: str, *, turn_ids: Sequence[str]) -> bool:
        """Whether that actor may open all of these turns of that person now. Raises StorageError."""
        stands = (
            break_glass.c.state == "granted",
            break_glass.c.until > self._clock().timestamp(),
            break_glass.c.by_id == actor_id,
            break_glass.c.person_id == person_id,
        )
        with self._database.reading() as connection:
            found = list(connection.execute(sa.select(break_glass.c.turn_id).where(*stands)).scalars())
        return bool(turn_ids) and (None in found or set(turn_ids) <= set(found))
