"""Oversight of review: approvals by two, break-glass, escalations, suspensions; which drawn items' ends are in the ledger."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "household_17"
down_revision = "household_16"
branch_labels = None
depends_on = None

ID: Final = sa.String(32)
NUMBER: Final[sa.types.TypeEngine[int]] = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME: Final[sa.types.TypeEngine[float]] = sa.Double().with_variant(sa.REAL(), "sqlite")


def upgrade() -> None:
    op.add_column("review_items", sa.Column("settled_position", NUMBER))
    op.create_table(
        "oversight_proposals",
        sa.Column("proposal_id", ID, primary_key=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("by_alias", sa.Text(), nullable=False),
        sa.Column("proposed_at", TIME, nullable=False),
        sa.Column("sealed_reason", sa.LargeBinary(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False, server_default=""),
        sa.Column("decided_at", TIME),
        sa.Column("sealed_decision", sa.LargeBinary()),
        sa.Column("from_epoch", sa.String(10)),
        sa.Column("position", NUMBER),
        sa.CheckConstraint("state IN ('proposed', 'approved', 'refused', 'withdrawn')", name="oversight_proposals_state"),
    )
    op.create_table(
        "oversight_break_glass",
        sa.Column("glass_id", ID, primary_key=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("person_id", ID, sa.ForeignKey("people.person_id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("turn_id", ID),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("by_alias", sa.Text(), nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("seconds", TIME, nullable=False),
        sa.Column("sealed_reason", sa.LargeBinary(), nullable=False),
        sa.Column("granted_at", TIME),
        sa.Column("until", TIME),
        sa.Column("ended_at", TIME),
        sa.Column("outcome", sa.Text()),
        sa.Column("sealed_note", sa.LargeBinary()),
        sa.Column("is_told", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.CheckConstraint("state IN ('asked', 'granted', 'refused', 'ended', 'expired')", name="oversight_break_glass_state"),
    )
    op.create_table(
        "oversight_glass_approvals",
        sa.Column("glass_id", ID, sa.ForeignKey("oversight_break_glass.glass_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("by_id", ID, primary_key=True),
        sa.Column("by_alias", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
    )
    op.create_table(
        "oversight_escalations",
        sa.Column("escalation_id", ID, primary_key=True),
        sa.Column("turn_id", ID, nullable=False, unique=True),
        sa.Column("person_id", ID, sa.ForeignKey("people.person_id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("flagged_by", sa.Text(), nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("outcome", sa.Text()),
        sa.Column("closed_at", TIME),
        sa.Column("is_overdue_told", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.create_table(
        "oversight_opinions",
        sa.Column(
            "escalation_id", ID, sa.ForeignKey("oversight_escalations.escalation_id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("by_id", ID, primary_key=True),
        sa.Column("by_alias", sa.Text(), nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("outcome", sa.Text()),
    )
    op.create_table(
        "oversight_suspensions",
        sa.Column("alert_id", ID, primary_key=True),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("restored_at", TIME),
        sa.Column("acknowledged_by", sa.Text(), nullable=False, server_default=""),
        sa.Column("acknowledged_at", TIME),
        sa.Column("sealed_note", sa.LargeBinary()),
    )
