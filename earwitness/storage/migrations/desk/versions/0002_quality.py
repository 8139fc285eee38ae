"""Double annotation, gold tasks, versions of the guidelines, tests, suspensions and what is known of agreement."""

import secrets
from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "desk_2"
down_revision = "desk_1"
branch_labels = None
depends_on = None

ID: Final = sa.String(32)
NUMBER: Final[sa.types.TypeEngine[int]] = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME: Final[sa.types.TypeEngine[float]] = sa.Double().with_variant(sa.REAL(), "sqlite")


def upgrade() -> None:
    op.add_column("tasks", sa.Column("wanted", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("tasks", sa.Column("place", NUMBER, nullable=False, server_default="0"))
    op.add_column("tasks", sa.Column("disputed_at", TIME))
    op.add_column("tasks", sa.Column("is_disturbing", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("tasks", sa.Column("made_up", ID))
    op.create_index("tasks_by_place", "tasks", ["state", "place"])
    _scatter()
    op.add_column("reviewers", sa.Column("read_version", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("reviewers", sa.Column("is_sheltered", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("reviewers", sa.Column("pardoned_up_to", NUMBER, nullable=False, server_default="0"))
    op.execute("UPDATE reviewers SET read_version = 1 WHERE passed_at IS NOT NULL")
    _add_conduct()
    _add_quality()


def _scatter() -> None:
    """Give the tasks that are there their random places."""
    tasks = sa.table("tasks", sa.column("task_id", ID), sa.column("place", NUMBER))
    connection = op.get_bind()
    for task_id in connection.execute(sa.select(tasks.c.task_id)).scalars().all():
        connection.execute(sa.update(tasks).where(tasks.c.task_id == task_id).values(place=secrets.randbits(62)))


def _add_conduct() -> None:
    op.create_table(
        "suspensions",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("reviewer", sa.Text(), nullable=False, index=True),
        sa.Column("at", TIME, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("up_to", NUMBER, nullable=False),
        sa.Column("ended_at", TIME),
        sa.Column("ended_by", sa.Text()),
        sa.Column("ended_why", sa.Text()),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "guidelines",
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_table(
        "papers",
        sa.Column("paper_id", ID, primary_key=True),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("begun_at", TIME, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("handed_in_at", TIME),
        sa.Column("is_passed", sa.Boolean()),
    )
    op.create_index("papers_of_reviewer", "papers", ["reviewer", "begun_at"])


def _add_quality() -> None:
    op.create_table(
        "golds",
        sa.Column("gold_id", ID, primary_key=True),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("is_canary", sa.Boolean(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("retired_at", TIME),
    )
    op.create_table(
        "gold_answers",
        sa.Column("lease_id", ID, primary_key=True),
        sa.Column("gold_id", ID, nullable=False, index=True),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("has_words", sa.Boolean(), nullable=False),
        sa.Column("has_intent", sa.Boolean(), nullable=False),
        sa.Column("has_slots", sa.Boolean(), nullable=False),
        sa.Column("has_labels", sa.Boolean(), nullable=False),
    )
    op.create_index("gold_answers_of_reviewer", "gold_answers", ["reviewer", "at"])
    op.create_table(
        "judgements",
        sa.Column("annotation_id", ID, primary_key=True),
        sa.Column("task_id", ID, sa.ForeignKey("tasks.task_id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("intent", sa.Text()),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("settled", sa.Text(), nullable=False),
    )
    op.create_index("judgements_of_reviewer", "judgements", ["reviewer", "at"])
    op.create_index("judgements_by_time", "judgements", ["at"])
    op.create_table(
        "comparisons",
        sa.Column("annotation_id", ID, primary_key=True),
        sa.Column("other_id", ID, primary_key=True),
        sa.Column("task_id", ID, sa.ForeignKey("tasks.task_id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("at", TIME, nullable=False),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("other", sa.Text(), nullable=False),
        sa.Column("is_lead", sa.Boolean(), nullable=False),
        sa.Column("word_errors", sa.Integer(), nullable=False),
        sa.Column("words", TIME, nullable=False),
        sa.Column("is_same_intent", sa.Boolean(), nullable=False),
        sa.Column("is_same_slots", sa.Boolean(), nullable=False),
        sa.Column("is_same_labels", sa.Boolean(), nullable=False),
    )
    op.create_index("comparisons_by_time", "comparisons", ["at"])
    op.create_table(
        "canaries",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("made_at", TIME, nullable=False),
    )
