"""What is confirmed before it is done can be chosen for one person."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "household_14"
down_revision = "household_13"
branch_labels = None
depends_on = None

ID: Final = sa.String(32)


def upgrade() -> None:
    op.create_table(
        "personal_confirmations",
        sa.Column("person_id", ID, sa.ForeignKey("people.person_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("subject", sa.Text(), primary_key=True),
        sa.Column("confirmation", sa.Text(), nullable=False),
        sa.CheckConstraint("confirmation IN ('none', 'read_back', 'ask', 'refuse')", name="personal_confirmations_confirmation"),
    )
