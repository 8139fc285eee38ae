"""Tasks, leases, annotations, reviewers and what they did."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "desk_1"
down_revision = None
branch_labels = None
depends_on = None

ID: Final = sa.String(32)
NUMBER: Final[sa.types.TypeEngine[int]] = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME: Final[sa.types.TypeEngine[float]] = sa.Double().with_variant(sa.REAL(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "tasks",
        sa.Column("task_id", ID, primary_key=True),
        sa.Column("pseudonym", sa.Text(), nullable=False, unique=True),
        sa.Column("week", sa.String(8), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'done', 'withdrawn')", name="tasks_state"),
    )
    op.create_index("tasks_by_state", "tasks", ["state"])
    op.create_table(
        "leases",
        sa.Column("lease_id", ID, primary_key=True),
        sa.Column("task_id", ID, sa.ForeignKey("tasks.task_id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("sign_in", ID, nullable=False),
        sa.Column("begun_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.Column("ended_at", TIME),
        sa.Column("how", sa.Text()),
        sa.Column("opened", sa.Integer(), nullable=False, server_default="0"),
    )
    op.create_index("leases_of_reviewer", "leases", ["reviewer", "begun_at"])
    op.create_table(
        "annotations",
        sa.Column("annotation_id", ID, primary_key=True),
        sa.Column("task_id", ID, sa.ForeignKey("tasks.task_id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_table(
        "reviewers",
        sa.Column("reviewer", sa.Text(), primary_key=True),
        sa.Column("passed_at", TIME),
        sa.Column("suspended_at", TIME),
        sa.Column("reason", sa.Text(), nullable=False, server_default=""),
    )
    op.create_table(
        "access",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("at", TIME, nullable=False),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("task_id", ID),
        sqlite_autoincrement=True,
    )
    op.create_index("access_of_reviewer", "access", ["reviewer", "number"])
