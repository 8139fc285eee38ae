"""Learning from judgements: which turns were judged, data sets, models with their sealed files, what was measured of them."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "household_18"
down_revision = "household_17"
branch_labels = None
depends_on = None

ID: Final = sa.String(32)
DIGEST: Final = sa.String(64)
NUMBER: Final[sa.types.TypeEngine[int]] = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME: Final[sa.types.TypeEngine[float]] = sa.Double().with_variant(sa.REAL(), "sqlite")
STATES: Final = "'registered', 'learned', 'measured', 'refused', 'trial', 'in_use', 'replaced', 'taken_back', 'retired'"


def upgrade() -> None:
    op.add_column("turns", sa.Column("judged_at", TIME))
    op.execute(
        "UPDATE turns SET judged_at = (SELECT changed_at FROM review_items "
        "WHERE review_items.turn_id = turns.turn_id AND review_items.state = 'reviewed')"
    )
    op.create_table(
        "improve_sets",
        sa.Column("set_id", DIGEST, primary_key=True),
        sa.Column("number", sa.Integer(), nullable=False, unique=True),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("manifest", sa.LargeBinary(), nullable=False),
        sa.Column("position", NUMBER),
    )
    op.create_table(
        "improve_items",
        sa.Column("set_id", DIGEST, sa.ForeignKey("improve_sets.set_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("turn_id", ID, primary_key=True),
        sa.Column("person_id", ID, sa.ForeignKey("people.person_id", ondelete="SET NULL"), index=True),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("is_taught", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "improve_models",
        sa.Column("model_id", ID, primary_key=True),
        sa.Column("number", sa.Integer(), nullable=False, unique=True),
        sa.Column("set_id", DIGEST, sa.ForeignKey("improve_sets.set_id"), nullable=False, index=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("begun_at", TIME, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("registered_position", NUMBER),
        sa.Column("report", sa.Text()),
        sa.Column("share_thousandths", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("before_id", ID),
        sa.Column("reason", sa.Text(), nullable=False, server_default=""),
        sa.CheckConstraint(f"state IN ({STATES})", name="improve_models_state"),
    )
    of_model = ("model_id", ID)
    op.create_table(
        "improve_learned",
        sa.Column(*of_model, sa.ForeignKey("improve_models.model_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("adapter", sa.Text(), primary_key=True),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("sha256", DIGEST),
    )
    op.create_table(
        "improve_files",
        sa.Column(*of_model, sa.ForeignKey("improve_models.model_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("adapter", sa.Text(), primary_key=True),
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("part", sa.Integer(), primary_key=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "improve_results",
        sa.Column(*of_model, sa.ForeignKey("improve_models.model_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("arm", sa.Text(), primary_key=True),
        sa.Column("turn_id", ID, primary_key=True),
        sa.Column("measured", sa.Text(), nullable=False),
    )
    counts = ("turns", "repeats", "cancellations", "corrections")
    op.create_table(
        "improve_signals",
        sa.Column(*of_model, sa.ForeignKey("improve_models.model_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("has_model", sa.Boolean(), primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        *(sa.Column(count, sa.Integer(), nullable=False, server_default="0") for count in counts),
    )
