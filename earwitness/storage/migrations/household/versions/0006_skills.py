"""Skills of others that an owner enabled, and the little that skills keep."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "household_6"
down_revision = "household_5"
branch_labels = None
depends_on = None

TIME: Final[sa.types.TypeEngine[float]] = sa.Double().with_variant(sa.REAL(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "enabled_skills",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("enabled_at", TIME, nullable=False),
        sa.Column("enabled_by", sa.Text(), nullable=False),
    )
    op.create_table(
        "skill_memory",
        sa.Column("skill", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("skill", "name"),
    )
