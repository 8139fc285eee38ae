"""Review: epochs of drawing, what counted when a turn was kept, what was drawn, and what people wish."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "household_15"
down_revision = "household_14"
branch_labels = None
depends_on = None

ID: Final = sa.String(32)
NUMBER: Final[sa.types.TypeEngine[int]] = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME: Final[sa.types.TypeEngine[float]] = sa.Double().with_variant(sa.REAL(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "review_epochs",
        sa.Column("epoch", sa.String(10), primary_key=True),
        sa.Column("draw_id", ID, nullable=False, unique=True),
        sa.Column("seed", sa.LargeBinary(), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("opened_position", NUMBER),
        sa.Column("list_position", NUMBER),
        sa.Column("made_position", NUMBER),
        sa.Column("made_at", TIME),
        sa.Column("lots", sa.LargeBinary()),
    )
    op.create_table(
        "review_kept",
        sa.Column("turn_id", ID, primary_key=True),
        sa.Column("epoch", sa.String(10), sa.ForeignKey("review_epochs.epoch", ondelete="CASCADE"), nullable=False),
        sa.Column("person_id", ID, sa.ForeignKey("people.person_id", ondelete="SET NULL"), index=True),
        sa.Column("kept_at", TIME, nullable=False),
        sa.Column("is_woken", sa.Boolean(), nullable=False),
        sa.Column("is_child", sa.Boolean(), nullable=False),
        sa.Column("had_consent", sa.Boolean(), nullable=False),
        sa.Column("is_doubtful", sa.Boolean(), nullable=False),
    )
    op.create_index("review_kept_of_epoch", "review_kept", ["epoch"])
    op.create_table(
        "review_items",
        sa.Column("item_id", ID, primary_key=True),
        sa.Column("turn_id", ID, nullable=False, unique=True),
        sa.Column("person_id", ID, sa.ForeignKey("people.person_id", ondelete="CASCADE"), nullable=False),
        sa.Column("epoch", sa.String(10), nullable=False),
        sa.Column("drawn_at", TIME, nullable=False),
        sa.Column("ready_at", TIME),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("thanks", sa.Text(), nullable=False, server_default=""),
        sa.Column("sealed_task", sa.LargeBinary()),
        sa.CheckConstraint(
            "state IN ('waiting', 'offered', 'vetoed', 'withdrawn', 'gone', 'reviewed')", name="review_items_state"
        ),
    )
    op.create_index("review_items_of_person", "review_items", ["person_id", "drawn_at"])
    op.create_index("review_items_by_state", "review_items", ["state", "ready_at"])
    op.create_table(
        "review_wishes",
        sa.Column("person_id", ID, sa.ForeignKey("people.person_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("hears_first", sa.Boolean(), nullable=False),
    )
