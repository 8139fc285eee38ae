"""Holding again, on what was restored, what is preserved for demands; and counting the demands whose steps were lost.

It works on the tables of another room, as `replay.py` does, and before anything expires.
"""

import json
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from earwitness.storage.database import Database
from earwitness.storage.demands import demand_entries, holds
from earwitness.storage.household import turns
from earwitness.storage.ledger import entries
from earwitness.vault.replay_list import HoldLine

_KEY = "demand.key"


def hold_again(household: Database, lines: Sequence[HoldLine], *, now: datetime) -> int:
    """Hold what is still there and whose time is not over; gives how many turns were not held. Raises StorageError."""
    added = set[str]()
    with household.writing() as connection:
        known = {tuple(row) for row in connection.execute(sa.select(holds.c.demand_id, holds.c.turn_id))}
        for line in lines:
            if (line.demand_id, line.turn_id) in known or line.until <= now.timestamp():
                continue
            if connection.execute(sa.select(turns.c.turn_id).where(turns.c.turn_id == line.turn_id)).scalar() is not None:
                connection.execute(sa.insert(holds).values(line.model_dump()))
                added.add(line.turn_id)
    return len(added)


def forget_positions(household: Database, size: int) -> None:
    """What the ledger does not have of demands is committed again. Raises StorageError."""
    with household.writing() as connection:
        for column in (demand_entries.c.position, demand_entries.c.opened_position):
            connection.execute(sa.update(demand_entries).where(column >= size).values({column: None}))


def lost_demands(household: Database, ledger: Database) -> int:
    """Of how many demands the ledger tells a step that is not here: they came in, or went on, after the backup was made."""
    with household.reading() as connection:
        known = set(connection.execute(sa.select(demand_entries.c.position)).scalars())
    lost = set[str]()
    with ledger.reading() as connection:
        for position, leaf in connection.execute(sa.select(entries.c.position, entries.c.leaf)):
            if b'"kind":"demand.' in leaf and position not in known:
                entry = json.loads(leaf)
                if entry["kind"] not in (_KEY, "demand.opened"):
                    lost.add(str(entry.get("demand")))
    return len(lost)
