"""A routine can have a name."""

import sqlalchemy as sa
from alembic import op

revision = "household_13"
down_revision = "household_12"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("routines", sa.Column("name", sa.Text(), nullable=False, server_default=""))
