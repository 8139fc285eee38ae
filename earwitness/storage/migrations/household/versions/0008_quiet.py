"""Where nobody wants to be disturbed."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "household_8"
down_revision = "household_7"
branch_labels = None
depends_on = None

TIME: Final[sa.types.TypeEngine[float]] = sa.Double().with_variant(sa.REAL(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "quiet",
        sa.Column("area", sa.Text(), primary_key=True),
        sa.Column("device_id", sa.Text(), primary_key=True),
        sa.Column("until", TIME),
    )
