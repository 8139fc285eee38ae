"""The marks in the sound of reviewers' leases, and the sealed key that they are put in by."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "household_19"
down_revision = "household_18"
branch_labels = None
depends_on = None

ID: Final = sa.String(32)
TIME: Final[sa.types.TypeEngine[float]] = sa.Double().with_variant(sa.REAL(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "review_watermark",
        sa.Column("name", sa.String(8), primary_key=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "review_marks",
        sa.Column("lease_id", ID, primary_key=True),
        sa.Column("mark", sa.String(16), nullable=False, unique=True),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("item_id", ID, sa.ForeignKey("review_items.item_id", ondelete="SET NULL"), index=True),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("ended_at", TIME),
    )
