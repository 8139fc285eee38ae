"""Routines."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "household_7"
down_revision = "household_6"
branch_labels = None
depends_on = None

ID = sa.String(length=32)
TIME: Final[sa.types.TypeEngine[float]] = sa.Double().with_variant(sa.REAL(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "routines",
        sa.Column("routine_id", ID, primary_key=True),
        sa.Column("trigger_kind", sa.Text(), nullable=False),
        sa.Column("trigger_fields", sa.Text(), nullable=False),
        sa.Column("steps", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("person_id", ID, sa.ForeignKey("people.person_id", ondelete="CASCADE"), index=True),
        sa.Column("area", sa.Text()),
        sa.Column("device_id", sa.Text()),
        sa.Column("is_once", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_on", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.CheckConstraint("trigger_kind IN ('phrase', 'time', 'state')", name="routines_trigger_kind"),
    )
