"""The JSON of oversight as types: terms, emergencies, what was flagged, conduct, who listened. Shapes only."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from earwitness.domain.oversight import EscalationOutcome, GlassOutcome, GlassState, ProposalState, Subject

Reason = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]
RecordingId = Annotated[str, StringConstraints(pattern="^[0-9a-f]{32}$")]
Given = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Value = int | list[Annotated[str, StringConstraints(max_length=100)]]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class ProposalShape(_Shape):
    """Terms that somebody proposed, and what became of them. Who is told by alias."""

    proposal_id: str
    subject: Subject
    values: dict[str, Value]
    state: ProposalState
    by: str
    at: AwareDatetime
    reason: str
    decided_by: str
    decided_at: AwareDatetime | None
    decision_reason: str
    from_epoch: str | None
    """The day (UTC) from which they count."""
    position: int | None
    may_decide: bool
    """Whether you may approve or refuse it: never one of your own."""
    is_mine: bool


class TermsShape(_Shape):
    """The terms of review in force, what was proposed, and whether you may propose."""

    in_force: dict[Subject, dict[str, Value] | None]
    """What two people agreed on, null where the settings hold."""
    proposals: list[ProposalShape]
    may_propose: bool
    may_approve: bool


class GlassShape(_Shape):
    """An emergency: who may open what until when, who approved, and what came of it."""

    glass_id: str
    state: GlassState
    about: Literal["recording", "person"]
    recording: str | None
    by: str
    asked_at: AwareDatetime
    seconds: float
    reason: str
    approved_by: list[str]
    granted_at: AwareDatetime | None
    until: AwareDatetime | None
    ended_at: AwareDatetime | None
    outcome: GlassOutcome | None
    note: str
    may_decide: bool
    is_mine: bool


class AboutMeShape(_Shape):
    """Every emergency in which your recordings could be opened, newest first."""

    emergencies: list[GlassShape]


class KeptShape(_Shape):
    """A recording that you may open."""

    turn_id: str
    began_at: AwareDatetime
    seconds: float


class OpenedShape(_Shape):
    """The words of a recording that was opened in an emergency."""

    transcript: str
    began_at: AwareDatetime
    intent: str | None
    reply: str


class OpinionShape(_Shape):
    """What one of two people would do."""

    by: str
    outcome: EscalationOutcome | None


class EscalationShape(_Shape):
    """Something that a reviewer flagged as disturbing."""

    escalation_id: str
    opened_at: AwareDatetime
    due_at: AwareDatetime
    is_overdue: bool
    flagged_by: str
    outcome: EscalationOutcome | None
    closed_at: AwareDatetime | None
    opinions: list[OpinionShape]
    has_read: bool
    """Whether you opened its words."""


class SuspensionShape(_Shape):
    """A reviewer whom the rules of conduct suspended."""

    alert_id: str
    reviewer: str
    reason: str
    since: AwareDatetime
    restored_at: AwareDatetime | None
    acknowledged_by: str
    acknowledged_at: AwareDatetime | None
    note: str


class ListensRow(_Shape):
    """What one alias opened on one day for one purpose."""

    day: str
    purpose: str
    role: str
    by: str
    openings: int
    recordings: int
    seconds: float
    refused: int


class DayShape(_Shape):
    """One day's draw."""

    epoch: str
    rate_percent: float
    able: int | None
    drawn: int | None
    ended: dict[str, int]
    audit: str | None
    """What recomputing it found: empty if it is as committed; null if it was not recomputed since the start."""


class OversightShape(_Shape):
    """What you may see of oversight; null is what is not yours."""

    terms: TermsShape | None
    emergencies: list[GlassShape] | None
    may_ask: bool
    flagged: list[EscalationShape] | None
    suspensions: list[SuspensionShape] | None
    listens: list[ListensRow] | None
    days: list[DayShape] | None


class Proposing(_Shape):
    """New terms, and why."""

    subject: Subject
    values: dict[str, Value] = Field(max_length=10)
    reason: Reason


class Deciding(_Shape):
    """Whether you approve, and why."""

    approves: bool
    reason: Reason


class Asking(_Shape):
    """What you need to open in an emergency, for how long, and why: one recording by its id, or one person by name."""

    recording: RecordingId | None = None
    person: Given | None = None
    hours: float = Field(default=1.0, gt=0, le=24)
    reason: Reason


class Answering(_Shape):
    approves: bool


class Ending(_Shape):
    """What came of it. The person reads both."""

    outcome: GlassOutcome
    note: Reason


class OpinionGiven(_Shape):
    outcome: Literal[
        EscalationOutcome.NOTHING, EscalationOutcome.LABEL, EscalationOutcome.DELETE_OFFERED, EscalationOutcome.SUPPORT_OFFERED
    ]


class Note(_Shape):
    note: Reason


class AuditShape(_Shape):
    """What recomputing a day found: empty if it is as it was committed."""

    epoch: str
    audit: str
