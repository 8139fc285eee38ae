"""Entries of legal demands are found by their place in the ledger."""

from alembic import op

revision = "household_21"
down_revision = "household_20"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("demand_entries_position", "demand_entries", ["position"])
