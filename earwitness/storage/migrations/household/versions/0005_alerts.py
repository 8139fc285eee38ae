"""Alerts and their occurrences; timers become alerts."""

import json
from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "household_5"
down_revision = "household_4"
branch_labels = None
depends_on = None

ID = sa.String(length=32)
TIME: Final[sa.types.TypeEngine[float]] = sa.Double().with_variant(sa.REAL(), "sqlite")


def upgrade() -> None:
    _create_alerts()
    _create_rings()
    _move_timers()
    op.drop_table("timers")


def _create_alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("person_id", ID, sa.ForeignKey("people.person_id", ondelete="CASCADE"), nullable=True),
        sa.Column("area", sa.Text(), nullable=True),
        sa.Column("device_id", sa.Text(), nullable=True),
        sa.Column("place", sa.Text(), server_default="house", nullable=False),
        sa.Column("sound", sa.Text(), server_default="tone", nullable=False),
        sa.Column("is_rising", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("must_acknowledge", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_on", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("total_seconds", TIME, nullable=True),
        sa.Column("remaining_seconds", TIME, nullable=True),
        sa.Column("skipped_until", TIME, nullable=True),
        sa.Column("handled_until", TIME, nullable=True),
        sa.Column("due_at", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("revision", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("kind IN ('timer', 'alarm', 'reminder', 'routine')", name="alerts_kind"),
        sa.CheckConstraint("place IN ('house', 'room', 'device')", name="alerts_place"),
        sa.CheckConstraint("due_at IS NULL OR remaining_seconds IS NULL", name="alerts_due_unless_paused"),
        sa.CheckConstraint("(kind = 'timer') = (total_seconds IS NOT NULL)", name="alerts_timers_last"),
        sa.CheckConstraint("total_seconds > 0", name="alerts_last"),
        sa.PrimaryKeyConstraint("alert_id"),
    )
    op.create_index("alerts_due", "alerts", ["due_at"], unique=False)
    op.create_index("ix_alerts_person_id", "alerts", ["person_id"], unique=False)


def _create_rings() -> None:
    op.create_table(
        "rings",
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("rings_at", TIME, nullable=False),
        sa.Column("sounded_at", TIME, nullable=True),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("repeats", sa.Integer(), server_default="0", nullable=False),
        sa.Column("times", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("state IN ('ringing', 'snoozed', 'missed', 'over')", name="rings_state"),
        sa.CheckConstraint("(state = 'over') = (ended_at IS NOT NULL)", name="rings_end_once_over"),
        sa.PrimaryKeyConstraint("alert_id", "due_at"),
    )
    op.create_index("rings_open", "rings", ["state", "rings_at"], unique=False)


def _move_timers() -> None:
    connection = op.get_bind()
    for row in connection.execute(sa.text("SELECT * FROM timers")).mappings().all():
        due = row["due_at"] if row["state"] == "running" else None
        moment = row["created_at"] + row["total_seconds"] if row["due_at"] is None else row["due_at"]
        values = {
            "alert_id": row["timer_id"],
            "rule": json.dumps({"moment": moment}),
            "due_at": due,
            "handled_until": row["due_at"] if row["state"] == "ringing" else None,
            **{name: row[name] for name in ("name", "area", "device_id", "total_seconds", "remaining_seconds", "created_at")},
        }
        columns = ", ".join(("kind", *values))
        marks = ", ".join(f":{name}" for name in values)
        connection.execute(sa.text(f"INSERT INTO alerts ({columns}) VALUES ('timer', {marks})"), values)  # noqa: S608
        if row["state"] == "ringing":
            ring = "INSERT INTO rings (alert_id, due_at, state, rings_at, sounded_at) VALUES (:id, :due, 'ringing', :due, :due)"
            connection.execute(sa.text(ring), {"id": row["timer_id"], "due": row["due_at"]})
