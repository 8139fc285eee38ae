"""The first schema: timers and lists as earlier versions made them, people, consents, turns, who read them."""

import sqlalchemy as sa
from alembic import op

revision = "household_1"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lists",
        sa.Column("name", sa.Text().with_variant(sa.Text(collation="NOCASE"), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        if_not_exists=True,
    )
    op.create_table(
        "people",
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("passphrase_hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double().with_variant(sa.REAL(), "sqlite"), nullable=False),
        sa.Column("restricted_at", sa.Double().with_variant(sa.REAL(), "sqlite"), nullable=True),
        sa.Column("saw_listens_at", sa.Double().with_variant(sa.REAL(), "sqlite"), server_default="0", nullable=False),
        sa.Column("is_told_aloud", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("person_id"),
        sa.UniqueConstraint("alias"),
        sa.UniqueConstraint("name_key"),
    )
    op.create_table(
        "reads",
        sa.Column("read_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("turn_id", sa.String(length=32), nullable=True),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("actor_alias", sa.Text(), nullable=False),
        sa.Column("actor_role", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("medium", sa.Text(), nullable=False),
        sa.Column("recordings", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.Double().with_variant(sa.REAL(), "sqlite"), nullable=False),
        sa.Column("opened_position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("closed_at", sa.Double().with_variant(sa.REAL(), "sqlite"), nullable=True),
        sa.Column("closed_position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("seconds", sa.Double().with_variant(sa.REAL(), "sqlite"), server_default="0", nullable=False),
        sa.Column("ranges", sa.Text(), server_default="[]", nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("read_id"),
    )
    op.create_index("reads_by_time", "reads", ["opened_at"], unique=False)
    op.create_index("reads_of_person", "reads", ["person_id", "opened_at"], unique=False)
    op.create_index("reads_of_turn", "reads", ["turn_id"], unique=False)
    unclosed = sa.text("closed_position IS NULL AND medium = 'audio'")
    op.create_index("reads_unclosed", "reads", ["opened_at"], unique=False, sqlite_where=unclosed, postgresql_where=unclosed)
    op.create_table(
        "timers",
        sa.Column("timer_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=True),
        sa.Column("device_id", sa.Text(), nullable=True),
        sa.Column("total_seconds", sa.Double().with_variant(sa.REAL(), "sqlite"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", sa.Double().with_variant(sa.REAL(), "sqlite"), nullable=True),
        sa.Column("remaining_seconds", sa.Double().with_variant(sa.REAL(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.Double().with_variant(sa.REAL(), "sqlite"), nullable=False),
        sa.CheckConstraint("(due_at IS NULL) = (state = 'paused')", name="timers_due_unless_paused"),
        sa.CheckConstraint("(remaining_seconds IS NULL) = (state != 'paused')", name="timers_remaining_if_paused"),
        sa.CheckConstraint("state IN ('running', 'paused', 'ringing')", name="timers_state"),
        sa.CheckConstraint("total_seconds > 0", name="timers_last"),
        sa.PrimaryKeyConstraint("timer_id"),
        if_not_exists=True,
    )
    op.create_index("timers_due", "timers", ["state", "due_at"], unique=False, if_not_exists=True)
    op.create_table(
        "turns",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("turn_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("person_key_id", sa.String(length=32), nullable=False),
        sa.Column("began_at", sa.Double().with_variant(sa.REAL(), "sqlite"), nullable=False),
        sa.Column("expires_at", sa.Double().with_variant(sa.REAL(), "sqlite"), nullable=False),
        sa.Column("audio_seconds", sa.Double().with_variant(sa.REAL(), "sqlite"), server_default="0", nullable=False),
        sa.Column("audio_bytes", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="0", nullable=False),
        sa.Column("is_restricted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("kept_position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("turn_id"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_turns_expires_at"), "turns", ["expires_at"], unique=False)
    op.create_index("turns_of_key", "turns", ["person_key_id", "number"], unique=False)
    op.create_index("turns_of_key_by_time", "turns", ["person_key_id", "began_at"], unique=False)
    unconfirmed = sa.text("kept_position IS NULL")
    op.create_index(
        "turns_unconfirmed", "turns", ["began_at"], unique=False, sqlite_where=unconfirmed, postgresql_where=unconfirmed
    )
    op.create_table(
        "consents",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("decision_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("is_given", sa.Boolean(), nullable=False),
        sa.Column("is_objection", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("retention_seconds", sa.Double().with_variant(sa.REAL(), "sqlite"), nullable=True),
        sa.Column("keeps", sa.Text(), nullable=True),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("text_version", sa.Integer(), nullable=False),
        sa.Column("text_digest", sa.String(length=64), nullable=False),
        sa.Column("decided_at", sa.Double().with_variant(sa.REAL(), "sqlite"), nullable=False),
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.person_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("decision_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("consents_of_person", "consents", ["person_id", "purpose", "number"], unique=False)
    op.create_table(
        "items",
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("list_name", sa.Text().with_variant(sa.Text(collation="NOCASE"), "sqlite"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("is_complete", sa.Integer(), server_default="0", nullable=False),
        sa.Column("added_at", sa.Double().with_variant(sa.REAL(), "sqlite"), nullable=False),
        sa.CheckConstraint("text != ''", name="items_text"),
        sa.CheckConstraint("is_complete IN (0, 1)", name="items_is_complete"),
        sa.ForeignKeyConstraint(["list_name"], ["lists.name"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("item_id"),
        sqlite_autoincrement=True,
        if_not_exists=True,
    )
    op.create_index("items_of_list", "items", ["list_name", "item_id"], unique=False, if_not_exists=True)
    op.create_table(
        "sign_ins",
        sa.Column("token_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.Double().with_variant(sa.REAL(), "sqlite"), nullable=False),
        sa.Column("expires_at", sa.Double().with_variant(sa.REAL(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.person_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_digest"),
    )
    op.create_index(op.f("ix_sign_ins_person_id"), "sign_ins", ["person_id"], unique=False)
    op.create_table(
        "terms",
        sa.Column("term", sa.LargeBinary(length=8), nullable=False),
        sa.Column("turn_number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["turn_number"], ["turns.number"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("term", "turn_number"),
        sqlite_with_rowid=False,
    )
    op.create_index("terms_of_turn", "terms", ["turn_number"], unique=False)
