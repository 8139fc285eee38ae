"""Reviewers at a review service of its own: their visits, and how many tasks they opened."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "household_20"
down_revision = "household_19"
branch_labels = None
depends_on = None

ID: Final = sa.String(32)
TIME: Final[sa.types.TypeEngine[float]] = sa.Double().with_variant(sa.REAL(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "review_visits",
        sa.Column("visit_id", ID, primary_key=True),
        sa.Column("sign_in_id", ID, sa.ForeignKey("sign_ins.sign_in_id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("secret_digest", sa.LargeBinary(32), nullable=False, unique=True),
        sa.Column("is_entered", sa.Boolean(), nullable=False),
        sa.Column("begun_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.Column("held_digest", sa.LargeBinary(32)),
        sa.Column("held_until", TIME),
        sa.Column("judged_digest", sa.LargeBinary(32)),
    )
    op.create_table(
        "review_openings",
        sa.Column("digest", sa.LargeBinary(32), primary_key=True),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("begun_at", TIME, nullable=False),
    )
    op.create_index("review_openings_of_reviewer", "review_openings", ["reviewer", "begun_at"])
