"""Oversight of review: what two people decide together, what is opened in an emergency, what was flagged, who was suspended."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Subject(StrEnum):
    """What a proposal is about."""

    DRAW = "draw"
    """How much is drawn, and of whom how often."""
    RETENTION = "retention"
    """The longest that anybody's words and sound may be kept."""
    WORK = "work"
    """When, from where and how long at a time reviewers work."""


class ProposalState(StrEnum):
    """What became of a proposal."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """New terms that somebody proposed. `by` and `decided_by` are aliases; they count from the day `from_epoch` (UTC) on."""

    proposal_id: str
    subject: Subject
    values: Mapping[str, Any]
    state: ProposalState
    by: str
    at: datetime
    reason: str
    decided_by: str = ""
    decided_at: datetime | None = None
    decision_reason: str = ""
    from_epoch: str | None = None
    position: int | None = None
    """Of the entry of its approval in the ledger."""


class GlassState(StrEnum):
    """Where breaking the glass stands."""

    ASKED = "asked"
    GRANTED = "granted"
    REFUSED = "refused"
    ENDED = "ended"
    EXPIRED = "expired"


class GlassOutcome(StrEnum):
    """What came of it."""

    NOTHING = "nothing"
    """Nothing was found or done."""
    MENDED = "mended"
    """A fault or a danger to the house's safety was found and mended."""
    HELPED = "helped"
    """The person was helped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlass:
    """Opening one recording, or one person's, in an emergency. `turn_id` is None where it is about all of a person's.

    `by` and `approved_by` are aliases. It opens until `until`, once two others approved.
    """

    glass_id: str
    state: GlassState
    person_id: str
    turn_id: str | None
    by: str
    by_id: str
    asked_at: datetime
    seconds: float
    reason: str
    approved_by: tuple[str, ...] = ()
    granted_at: datetime | None = None
    until: datetime | None = None
    ended_at: datetime | None = None
    outcome: GlassOutcome | None = None
    note: str = ""
    is_told: bool = False


class EscalationOutcome(StrEnum):
    """What two people decided about something that a reviewer flagged as disturbing. None of these sends anything anywhere."""

    NOTHING = "nothing"
    """It is not disturbing after all."""
    LABEL = "label"
    """It keeps its label, and nothing else is done."""
    DELETE_OFFERED = "delete_offered"
    """The person is told that it was flagged, and that they can delete it."""
    SUPPORT_OFFERED = "support_offered"
    """The person is told where support can be found."""
    GONE = "gone"
    """It was deleted, or the consent withdrawn, before two people had decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """One person's view: when they opened the words, and what they would do, None as long as they have not said."""

    by: str
    opened_at: datetime
    outcome: EscalationOutcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """Something that a reviewer flagged as disturbing, until two people have decided the same."""

    escalation_id: str
    turn_id: str
    person_id: str
    flagged_by: str
    opened_at: datetime
    due_at: datetime
    outcome: EscalationOutcome | None = None
    closed_at: datetime | None = None
    opinions: tuple[Opinion, ...] = ()

    def is_overdue(self, now: datetime) -> bool:
        """Whether it should have been decided by now."""
        return self.outcome is None and now >= self.due_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspension:
    """A reviewer whom the rules of conduct suspended, and who of those who oversee has seen it."""

    alert_id: str
    reviewer: str
    reason: str
    since: datetime
    restored_at: datetime | None = None
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None
    note: str = ""
