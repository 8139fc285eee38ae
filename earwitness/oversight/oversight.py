"""Oversight, put together: who may do which of it. Who decides what with whom is in the files beside it. Calls block.

A privacy officer oversees; where a home has none, an owner proposes terms. Owners, administrators and privacy officers approve,
each what somebody else proposed. Leads and privacy officers decide about what was flagged.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from earwitness.domain.account import AccountRole, Permission
from earwitness.domain.errors import AccessError, OversightError, PersonError
from earwitness.domain.oversight import BreakGlass, Escalation, EscalationOutcome, Proposal, Subject, Suspension
from earwitness.domain.person import Person
from earwitness.oversight.escalations import Escalations
from earwitness.oversight.glass import Glasses
from earwitness.oversight.proposals import Proposals, TermsInForce
from earwitness.oversight.seen import Seen
from earwitness.oversight.watch import News, Watch
from earwitness.people.people import People
from earwitness.review.task_words import TaskWords


@dataclass(frozen=True, slots=True, kw_only=True)
class Oversight:
    """The parts of oversight, and what people do with them; each call raises AccessError for those who may not."""

    people: People
    proposals: Proposals
    in_force: TermsInForce
    escalations: Escalations
    glasses: Glasses
    watch: Watch
    seen: Seen
    clock: Callable[[], datetime]

    def look(self) -> tuple[News, ...]:
        """Note what happened by itself; gives what is to be said."""
        return self.watch.look()

    # Who

    def may_propose(self, by: Person) -> bool:
        """Whether that person proposes terms: a privacy officer, or an owner where there is none."""
        if by.may(Permission.OVERSEE):
            return True
        return by.role is AccountRole.OWNER and by.may(Permission.APPROVE) and not self._has_officer()

    def may_decide_flagged(self, by: Person) -> bool:
        """Whether that person decides about what was flagged."""
        return by.may(Permission.OVERSEE) or by.may(Permission.LEAD_REVIEW)

    def may_see_conduct(self, by: Person) -> bool:
        """Whether that person sees who listened and who was suspended."""
        return by.may(Permission.OVERSEE)

    # Terms

    def propose(self, by: Person, subject: Subject, values: Mapping[str, Any], *, reason: str) -> Proposal:
        """Propose terms. Raises OversightError, LedgerError."""
        _require(self.may_propose(by), "Where there is a privacy officer, they propose.")
        return self.proposals.propose(by, subject, values, reason=reason)

    def decide(self, by: Person, proposal_id: str, *, is_approved: bool, reason: str) -> Proposal:
        """Approve or refuse what somebody else proposed. Raises OversightError, LedgerError."""
        _require(by.may(Permission.APPROVE))
        return self.proposals.decide(by, proposal_id, is_approved=is_approved, reason=reason)

    # Emergencies

    def ask(self, by: Person, *, reason: str, turn_id: str | None, name: str | None, lasts: timedelta) -> BreakGlass:
        """Ask to open one recording, or those of the person of that name. Raises OversightError, LedgerError."""
        _require(by.may(Permission.OVERSEE), "A privacy officer alone asks for that.")
        try:
            person = None if name is None else self.people.named(name)
        except PersonError as error:
            raise OversightError("Nobody of that name is here.", code="oversight.unknown") from error
        return self.glasses.ask(by, reason=reason, turn_id=turn_id, person=person, lasts=lasts)

    def answer(self, by: Person, glass_id: str, *, is_approved: bool) -> BreakGlass:
        """Approve or refuse what somebody else asked for. Raises OversightError, LedgerError."""
        _require(by.may(Permission.APPROVE))
        return self.glasses.approve(by, glass_id) if is_approved else self.glasses.refuse(by, glass_id)

    # What was flagged

    def read_flagged(self, by: Person, escalation_id: str) -> TaskWords:
        """Read what was flagged, on record. Raises OversightError, AccessError, VaultError, LedgerError."""
        _require(self.may_decide_flagged(by))
        return self.escalations.words(by, escalation_id)

    def judge_flagged(self, by: Person, escalation_id: str, outcome: EscalationOutcome) -> Escalation:
        """Say what one would do. Raises OversightError, LedgerError."""
        _require(self.may_decide_flagged(by))
        return self.escalations.decide(by, escalation_id, outcome)

    # Conduct

    def suspensions(self, by: Person) -> tuple[Suspension, ...]:
        """Who was suspended. Raises EarwitnessError."""
        _require(self.may_see_conduct(by))
        return self.watch.suspensions()

    def acknowledge(self, by: Person, alert_id: str, *, note: str) -> Suspension:
        """Note that one has seen to a suspension. Raises OversightError, LedgerError."""
        _require(self.may_see_conduct(by))
        return self.watch.acknowledge(by, alert_id, note=note)

    def _has_officer(self) -> bool:
        return any(one.role is AccountRole.PRIVACY_OFFICER and one.suspended_at is None for one in self.people.all())


def _require(is_allowed: bool, sentence: str = "Your account does not do that.") -> None:
    if not is_allowed:
        raise AccessError(sentence, code="access.refused")
