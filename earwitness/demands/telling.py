"""Telling the people concerned: the step of the notice together with the notices themselves, both or neither. Calls block."""

from dataclasses import replace
from datetime import datetime, timedelta

from earwitness.demands.case import advance
from earwitness.demands.cases import Cases
from earwitness.demands.holdings import Held
from earwitness.demands.notices import Notices
from earwitness.demands.rules import Rules
from earwitness.domain.account import AccountRole
from earwitness.domain.demand import Case, State, Step, StepKind
from earwitness.domain.errors import EarwitnessError


class Telling:
    """Tells whom a demand is about, and the guardians of children."""

    def __init__(self, *, cases: Cases, notices: Notices, held: Held, rules: Rules) -> None:
        self._cases = cases
        self._notices = notices
        self._held = held
        self._rules = rules

    def tell(self, case: Case, step: Step) -> Case:
        """Tell the people concerned and take that step; nobody stays told of a step that could not be taken.

        Raises DemandError, LedgerError, StorageError.
        """
        readers, now = self._readers(case), step.at
        waits = step.kind is StepKind.NOTIFIED or case.state is State.NOTIFIED
        delay = timedelta(days=self._rules.kinds[case.demand.kind].notice_days) if readers and waits else timedelta()
        step = replace(step, object_until=now + delay, due_at=now + delay if waits else None)
        until = step.object_until if waits else None
        moved = advance(case, step)
        told = self._notices.tell(case, readers, about=_about(moved), now=now, object_until=until)
        facts: dict[str, object] = {"people": len(case.scope.persons)}
        if until is not None:
            facts = {"people": len(self._held.persons(case.scope)), "object_until": said(until)}
        try:
            return self._cases.take(case, step, facts=facts)
        except EarwitnessError:
            self._notices.take_back(told)
            raise

    def tell_held(self, case: Case, until: datetime, *, now: datetime) -> None:
        """Tell the people concerned that something is preserved. Raises StorageError."""
        about = (
            f"{_about(case)} Until then it is held and not deleted: {until:%Y-%m-%d %H:%M} UTC. Nothing is handed out by that."
        )
        self._notices.tell(case, self._readers(case), about=about, now=now, object_until=None)

    def _readers(self, case: Case) -> list[tuple[str, bool]]:
        """Who is told, and whether as a guardian: the people of the first scope who are here, and the guardians of children."""
        found: list[tuple[str, bool]] = []
        for one in self._held.persons(case.demand.scope).values():
            found.append((one.person_id, False))
            if one.role is AccountRole.CHILD and one.guardian_id is not None:
                found.append((one.guardian_id, True))
        return list(dict.fromkeys(found))


def said(at: datetime) -> str:
    """A moment as the ledger says it."""
    return at.isoformat(timespec="seconds")


def _about(case: Case) -> str:
    """What the person is told: who demands what, of which time."""
    scope, authority = case.scope, case.demand.authority
    what = ", ".join(sorted(one.value for one in scope.categories)) or "all data"
    when = f" from {scope.since:%Y-%m-%d %H:%M} to {scope.until:%Y-%m-%d %H:%M} UTC" if scope.since and scope.until else ""
    outcome = {State.DISCLOSED: " It was answered while a court forbade telling you.", State.REFUSED: " It was refused."}
    return f"{authority.name} demands by {case.demand.kind.value}: {what}{when}.{outcome.get(case.state, '')}"
