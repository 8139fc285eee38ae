"""What the house does by itself when a day has come: notices after gags, opened entries, the end of
preservation, what is overdue.

It may be done at any time and again; a day that passed while nothing ran is caught up with. Calls block.
"""

import contextlib
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from earwitness.demands.case import advance
from earwitness.demands.cases import Cases
from earwitness.demands.entries import Entries
from earwitness.demands.telling import Telling
from earwitness.domain.demand import Case, Office, State, Step, StepKind
from earwitness.domain.errors import DemandError, EarwitnessError


class Holds(Protocol):
    """What is preserved; the vault's. Each raises StorageError."""

    def tell(self, demand_id: str) -> None:
        """From now on people are told of what a demand holds."""
        ...

    def release(self, demand_id: str) -> int:
        """Let go what a demand held; gives how many turns."""
        ...

    def end(self, *, now: datetime) -> int:
        """Let go what is over its time; gives how many turns."""
        ...


class Settling:
    """Settles all cases of one household. `clock` gives aware datetimes."""

    def __init__(
        self,
        *,
        cases: Cases,
        entries: Entries,
        telling: Telling,
        holds: Holds,
        discard: Callable[[Case], int],
        clock: Callable[[], datetime],
    ) -> None:
        """`discard` removes the packages of a case, and gives how many there were."""
        self._cases = cases
        self._entries = entries
        self._telling = telling
        self._holds = holds
        self._discard = discard
        self._clock = clock

    def settle(self) -> int:
        """Do what has fallen due; gives how many changes. A case that cannot be settled keeps no other waiting.

        Raises the first EarwitnessError, once all was tried; what was not done is done the next time.
        """
        changed, now = self._entries.finish_all(), self._clock()
        failed: EarwitnessError | None = None
        for case in self._cases.all():
            try:
                changed += self._settle(case, now=now)
            except EarwitnessError as error:
                failed = failed or error
        for demand_id in self._entries.due():
            changed += self._entries.open(demand_id)
        changed += self._holds.end(now=now)
        if failed is not None:
            raise failed
        return changed

    def release(self, case: Case, step: Step) -> Case:
        """Let go what a case preserves, by that step. Raises DemandError, LedgerError, StorageError."""
        advance(case, step)
        self._holds.release(case.demand_id)
        return self._cases.take(case, step, facts={})

    def _settle(self, case: Case, *, now: datetime) -> int:
        changed = 0
        if case.told_from is not None and now >= case.told_from:
            self._holds.tell(case.demand_id)
            case = self._telling.tell(case, self._step(StepKind.TOLD))
            changed += 1
        if case.held_until is not None and now >= case.held_until:
            case = self.release(case, self._step(StepKind.RELEASED))
            changed += 1
        if case.review_due_at is not None and now >= case.review_due_at:
            with contextlib.suppress(DemandError):  # noted before
                self._cases.take(case, self._step(StepKind.OVERDUE), facts={})
                changed += 1
        return changed + (self._discard(case) if case.state is State.CLOSED else 0)

    def _step(self, kind: StepKind) -> Step:
        return Step(kind=kind, office=Office.HOUSE, by="earwitness", at=self._clock())
