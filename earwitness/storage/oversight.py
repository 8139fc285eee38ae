"""The tables of oversight in the household's database. Schema only, a part of `storage.household`.

They hold random ids, aliases, times, and values that are meant for the ledger anyway; reasons and notes are sealed.
"""

from typing import Final

import sqlalchemy as sa

from earwitness.storage.household import ID, NUMBER, TIME
from earwitness.storage.household import metadata as _household

proposals: Final = sa.Table(
    "oversight_proposals",
    _household,
    sa.Column("proposal_id", ID, primary_key=True),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("terms", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("by_id", ID, nullable=False),
    sa.Column("by_alias", sa.Text, nullable=False),
    sa.Column("proposed_at", TIME, nullable=False),
    sa.Column("sealed_reason", sa.LargeBinary, nullable=False),
    sa.Column("decided_by", sa.Text, nullable=False, server_default=""),
    sa.Column("decided_at", TIME),
    sa.Column("sealed_decision", sa.LargeBinary),
    sa.Column("from_epoch", sa.String(10)),
    sa.Column("position", NUMBER),
    sa.CheckConstraint("state IN ('proposed', 'approved', 'refused', 'withdrawn')", name="oversight_proposals_state"),
)
"""What was proposed and approved; `terms` are the values as JSON, `position` is that of the approval in the ledger."""

break_glass: Final = sa.Table(
    "oversight_break_glass",
    _household,
    sa.Column("glass_id", ID, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("person_id", ID, sa.ForeignKey("people.person_id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("turn_id", ID),
    sa.Column("by_id", ID, nullable=False),
    sa.Column("by_alias", sa.Text, nullable=False),
    sa.Column("asked_at", TIME, nullable=False),
    sa.Column("seconds", TIME, nullable=False),
    sa.Column("sealed_reason", sa.LargeBinary, nullable=False),
    sa.Column("granted_at", TIME),
    sa.Column("until", TIME),
    sa.Column("ended_at", TIME),
    sa.Column("outcome", sa.Text),
    sa.Column("sealed_note", sa.LargeBinary),
    sa.Column("is_told", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.CheckConstraint("state IN ('asked', 'granted', 'refused', 'ended', 'expired')", name="oversight_break_glass_state"),
)
"""Who asked to open what in an emergency, and until when they may."""

glass_approvals: Final = sa.Table(
    "oversight_glass_approvals",
    _household,
    sa.Column("glass_id", ID, sa.ForeignKey("oversight_break_glass.glass_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("by_id", ID, primary_key=True),
    sa.Column("by_alias", sa.Text, nullable=False),
    sa.Column("at", TIME, nullable=False),
)
"""Who approved that, each another person."""

escalations: Final = sa.Table(
    "oversight_escalations",
    _household,
    sa.Column("escalation_id", ID, primary_key=True),
    sa.Column("turn_id", ID, nullable=False, unique=True),
    sa.Column("person_id", ID, sa.ForeignKey("people.person_id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("flagged_by", sa.Text, nullable=False),
    sa.Column("opened_at", TIME, nullable=False),
    sa.Column("due_at", TIME, nullable=False),
    sa.Column("outcome", sa.Text),
    sa.Column("closed_at", TIME),
    sa.Column("is_overdue_told", sa.Boolean, nullable=False, server_default=sa.false()),
)
"""What reviewers flagged as disturbing."""

opinions: Final = sa.Table(
    "oversight_opinions",
    _household,
    sa.Column("escalation_id", ID, sa.ForeignKey("oversight_escalations.escalation_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("by_id", ID, primary_key=True),
    sa.Column("by_alias", sa.Text, nullable=False),
    sa.Column("opened_at", TIME, nullable=False),
    sa.Column("outcome", sa.Text),
)
"""Who opened it, and what they would do."""

suspensions: Final = sa.Table(
    "oversight_suspensions",
    _household,
    sa.Column("alert_id", ID, primary_key=True),
    sa.Column("reviewer", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("since", TIME, nullable=False),
    sa.Column("restored_at", TIME),
    sa.Column("acknowledged_by", sa.Text, nullable=False, server_default=""),
    sa.Column("acknowledged_at", TIME),
    sa.Column("sealed_note", sa.LargeBinary),
)
"""Reviewers who were suspended, as those who oversee are told."""
