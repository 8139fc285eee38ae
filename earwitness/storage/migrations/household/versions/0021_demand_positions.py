"""Entries of legal demands are found by their place in the ledger; who holds the shares of the key that approves disclosures."""

import sqlalchemy as sa
from alembic import op

revision = "household_21"
down_revision = "household_20"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("demand_entries_position", "demand_entries", ["position"])
    op.create_table(
        "demand_key_holders",
        sa.Column("verifier", sa.Text(), primary_key=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
    )
