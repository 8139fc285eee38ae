"""Cases as they are kept: the demand and each step, sealed, in the order in which they were taken. Calls block.

Owns the tables `demands` and `demand_steps`. A case is always made anew from its steps, so that none can be there that `case.py`
would not allow. It decides nothing.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

import sqlalchemy as sa

from earwitness.demands.case import advance, begin
from earwitness.demands.entries import Entries
from earwitness.demands.written import demand_json, demand_of, step_json, step_of
from earwitness.domain.demand import Case, Demand, Step
from earwitness.domain.errors import DemandError, LedgerError
from earwitness.storage.database import Database
from earwitness.storage.demands import demand_entries, demand_steps, demands

LOCK: Final = 0x44454D44


class Safe(Protocol):
    """What seals demands and reasons."""

    def seal(self, plain: bytes, *, drawer: str, row_id: str, revision: int = 0) -> bytes: ...

    def open(self, sealed: bytes, *, drawer: str, row_id: str, revision: int = 0) -> bytes: ...


def drawer_of(demand_id: str) -> str:
    """The drawer in the vault's safe of one demand."""
    return f"demand/{demand_id}"


class _StepRow(NamedTuple):
    number: int
    sealed: bytes
    position: int | None


class Cases:
    """All cases of one household."""

    def __init__(self, database: Database, *, safe: Safe, entries: Entries) -> None:
        self._database = database
        self._safe = safe
        self._entries = entries
        self._known: dict[str, tuple[tuple[bytes, tuple[_StepRow, ...]], Case]] = {}

    def add(self, demand: Demand, step: Step, *, document: bytes, needs_counsel: bool, facts: Mapping[str, object]) -> Case:
        """Keep a demand that came in, with its paper; its entry is in the ledger when this returns. Raises as `take`."""
        case = begin(demand, step, needs_counsel=needs_counsel)
        demand_id = demand.demand_id
        told = demand_json(demand) | {"needs_counsel": needs_counsel}
        row = {
            "demand_id": demand_id,
            "received_at": demand.received_at.timestamp(),
            "sealed": self._seal(told, demand_id=demand_id, row_id=demand_id),
            "sealed_document": self._safe.seal(document, drawer=drawer_of(demand_id), row_id=f"{demand_id}/document"),
        }
        return self._keep(case, step, facts=facts, opens_at=case.told_from, row=row)

    def take(self, case: Case, step: Step, *, facts: Mapping[str, object]) -> Case:
        """Take one more step; its entry is in the ledger when this returns.

        Raises DemandError, LedgerError, StorageError; then the step was not taken.
        """
        moved = advance(case, step)
        return self._keep(moved, step, facts=facts, opens_at=moved.told_from, row=None)

    def find(self, demand_id: str) -> Case:
        """One case. Raises DemandError (demand.unknown)."""
        found = self._read(demands.c.demand_id == demand_id)
        if not found:
            raise DemandError("There is no such demand.", code="demand.unknown")
        return found[0]

    def all(self) -> tuple[Case, ...]:
        """Every case, newest first."""
        return tuple(self._read(sa.true()))

    def _read(self, where: sa.ColumnElement[bool]) -> list[Case]:
        """Cases made anew of what the tables say. What says just what it said before is not opened again."""
        columns = (demand_steps.c.demand_id, demand_steps.c.number, demand_steps.c.sealed, demand_entries.c.position)
        query = sa.select(*columns).join(demand_entries, demand_entries.c.number == demand_steps.c.entry_number)
        mine = query.join(demands, demands.c.demand_id == demand_steps.c.demand_id).where(where)
        newest = sa.select(demands.c.demand_id, demands.c.sealed).where(where)
        with self._database.reading() as connection:
            rows = connection.execute(newest.order_by(demands.c.received_at.desc(), demands.c.demand_id)).all()
            steps = connection.execute(mine.order_by(demand_steps.c.number)).all()
        taken: dict[str, list[_StepRow]] = {}
        for demand_id, *told in steps:
            taken.setdefault(demand_id, []).append(_StepRow(*told))
        return [self._case(row.demand_id, row.sealed, tuple(taken[row.demand_id])) for row in rows if row.demand_id in taken]

    def _case(self, demand_id: str, sealed: bytes, steps: tuple[_StepRow, ...]) -> Case:
        known = self._known.get(demand_id)
        if known is not None and known[0] == (sealed, steps):
            return known[1]
        told = self._open(sealed, demand_id=demand_id, row_id=demand_id)
        taken = [
            step_of(self._open(one.sealed, demand_id=demand_id, row_id=f"{demand_id}/{one.number}"), position=one.position)
            for one in steps
        ]
        case = begin(demand_of(told), taken[0], needs_counsel=told["needs_counsel"])
        for step in taken[1:]:
            case = advance(case, step)
        self._known[demand_id] = ((sealed, steps), case)
        return case

    def document(self, demand_id: str) -> bytes:
        """The paper, as it came in. Raises DemandError."""
        with self._database.reading() as connection:
            sealed = connection.execute(sa.select(demands.c.sealed_document).where(demands.c.demand_id == demand_id)).scalar()
        if sealed is None:
            raise DemandError("There is no such demand.", code="demand.unknown")
        return self._safe.open(sealed, drawer=drawer_of(demand_id), row_id=f"{demand_id}/document")

    def _keep(
        self, case: Case, step: Step, *, facts: Mapping[str, object], opens_at: datetime | None, row: Mapping[str, Any] | None
    ) -> Case:
        demand_id, number = case.demand_id, len(case.steps) - 1
        sealed = self._seal(step_json(step), demand_id=demand_id, row_id=f"{demand_id}/{number}")
        with self._database.writing(lock=LOCK) as connection:
            if row is not None:
                connection.execute(sa.insert(demands).values(dict(row)))
            count = sa.select(sa.func.count()).select_from(demand_steps).where(demand_steps.c.demand_id == demand_id)
            if connection.execute(count).scalar_one() != number:
                raise DemandError("Somebody else took a step just now; look at the case again.")
            entry = _entry(case, step, facts)
            entry_number = self._entries.begin(connection, demand_id, entry, opens_at=opens_at)
            values = {"demand_id": demand_id, "number": number, "entry_number": entry_number, "sealed": sealed}
            connection.execute(sa.insert(demand_steps).values(values))
        try:
            self._entries.finish(entry_number)
        except LedgerError:
            self._undo(demand_id, number, entry_number=entry_number)
            raise
        return self.find(demand_id)

    def _undo(self, demand_id: str, number: int, *, entry_number: int) -> None:
        with self._database.writing(lock=LOCK) as connection:
            mine = (demand_steps.c.demand_id == demand_id, demand_steps.c.number == number)
            connection.execute(sa.delete(demand_steps).where(*mine))
            connection.execute(sa.delete(demand_entries).where(demand_entries.c.number == entry_number))
            if number == 0:
                connection.execute(sa.delete(demands).where(demands.c.demand_id == demand_id))

    def _seal(self, told: Mapping[str, Any], *, demand_id: str, row_id: str) -> bytes:
        return self._safe.seal(json.dumps(told).encode(), drawer=drawer_of(demand_id), row_id=row_id)

    def _open(self, sealed: bytes, *, demand_id: str, row_id: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._safe.open(sealed, drawer=drawer_of(demand_id), row_id=row_id))
        return found


def _entry(case: Case, step: Step, facts: Mapping[str, object]) -> dict[str, object]:
    """The ledger's entry of a step: no name, and of the reason a salted digest, so that it cannot be changed afterwards."""
    entry: dict[str, object] = {
        "v": 1,
        "kind": f"demand.{step.kind.value}",
        "demand": case.demand_id,
        "step": len(case.steps) - 1,
        "by": step.office.value,
        "state": case.state.value,
        "at": step.at.isoformat(timespec="seconds"),
        **facts,
    }
    if step.due_at is not None:
        entry["due"] = step.due_at.isoformat(timespec="seconds")
    if step.reason:
        entry["reason_sha256"] = hashlib.sha256(f"{step.facts.get('salt', '')}{step.reason}".encode()).hexdigest()
    return entry


def new_salt() -> str:
    """What goes before a reason in its digest, so that it cannot be guessed."""
    return secrets.token_hex(16)
