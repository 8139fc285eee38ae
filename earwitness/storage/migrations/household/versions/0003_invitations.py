"""Invitations: who may make an account of their own, in which role, until when."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "household_3"
down_revision = "household_2"
branch_labels = None
depends_on = None

ID = sa.String(length=32)
TIME: Final[sa.types.TypeEngine[float]] = sa.Double().with_variant(sa.REAL(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "invitations",
        sa.Column("invitation_id", ID, nullable=False),
        sa.Column("code_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("made_by", ID, sa.ForeignKey("people.person_id", ondelete="CASCADE"), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("guardian_id", ID, nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("invitation_id"),
        sa.UniqueConstraint("code_digest"),
    )
    op.create_index("ix_invitations_made_by", "invitations", ["made_by"], unique=False)
