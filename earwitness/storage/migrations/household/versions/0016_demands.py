"""Legal demands: what came in, what was done, what people were told, what is preserved; reads that a gag hides for a time."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "household_16"
down_revision = "household_15"
branch_labels = None
depends_on = None

ID: Final = sa.String(32)
NUMBER: Final[sa.types.TypeEngine[int]] = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME: Final[sa.types.TypeEngine[float]] = sa.Double().with_variant(sa.REAL(), "sqlite")


def upgrade() -> None:
    op.add_column("reads", sa.Column("shown_from", TIME))
    op.create_table(
        "demands",
        sa.Column("demand_id", ID, primary_key=True),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_document", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "demand_steps",
        sa.Column("demand_id", ID, sa.ForeignKey("demands.demand_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("entry_number", NUMBER, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "demand_entries",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("demand_id", ID, nullable=False, index=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary()),
        sa.Column("opens_at", TIME),
        sa.Column("position", NUMBER),
        sa.Column("opened_position", NUMBER),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "demand_notices",
        sa.Column("notice_id", ID, primary_key=True),
        sa.Column("demand_id", ID, nullable=False, index=True),
        sa.Column("person_id", ID, sa.ForeignKey("people.person_id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("told_at", TIME, nullable=False),
        sa.Column("object_until", TIME),
        sa.Column("is_for_ward", sa.Boolean(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("objected_at", TIME),
        sa.Column("disclosed_at", TIME),
    )
    op.create_table(
        "demand_packages",
        sa.Column("demand_id", ID, primary_key=True),
        sa.Column("round", sa.Integer(), primary_key=True),
        sa.Column("approval", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("begun_at", TIME, nullable=False),
    )
    op.create_table(
        "demand_keys",
        sa.Column("verifier", sa.Text(), primary_key=True),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("position", NUMBER),
    )
    op.create_table(
        "holds",
        sa.Column("demand_id", ID, primary_key=True),
        sa.Column("turn_id", ID, primary_key=True),
        sa.Column("person_id", ID, nullable=False, index=True),
        sa.Column("until", TIME, nullable=False),
        sa.Column("is_told", sa.Boolean(), nullable=False),
    )
    op.create_index("holds_of_turn", "holds", ["turn_id"])
