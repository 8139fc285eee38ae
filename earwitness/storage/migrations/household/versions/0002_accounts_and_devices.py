"""Roles, ways to sign in, an account's own log, tokens, what the owner chose, devices and remotes.

Whoever enrolled first becomes the owner, everybody else an adult; everybody signs in anew.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "household_2"
down_revision = "household_1"
branch_labels = None
depends_on = None

ID = sa.String(length=32)
NUMBER: Final[sa.types.TypeEngine[int]] = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME: Final[sa.types.TypeEngine[float]] = sa.Double().with_variant(sa.REAL(), "sqlite")


def upgrade() -> None:
    _extend_people()
    _create_sign_ins()
    _create_credentials()
    _create_devices()


def _extend_people() -> None:
    op.add_column("people", sa.Column("role", sa.Text(), server_default="adult", nullable=False))
    op.add_column("people", sa.Column("guardian_id", ID, nullable=True))
    op.add_column("people", sa.Column("suspended_at", TIME, nullable=True))
    op.add_column("people", sa.Column("totp_secret", sa.Text(), nullable=True))
    op.add_column("people", sa.Column("totp_confirmed_at", TIME, nullable=True))
    op.add_column("people", sa.Column("totp_step", NUMBER, server_default="0", nullable=False))
    first = "SELECT person_id FROM people ORDER BY created_at, person_id LIMIT 1"
    op.execute(f"UPDATE people SET role = 'owner' WHERE person_id = ({first})")  # noqa: S608  (no outside value)


def _person() -> sa.Column[str]:
    return sa.Column("person_id", ID, sa.ForeignKey("people.person_id", ondelete="CASCADE"), nullable=False)


def _create_sign_ins() -> None:
    op.drop_table("sign_ins")
    op.create_table(
        "sign_ins",
        sa.Column("token_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sign_in_id", ID, nullable=False),
        _person(),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("confirmed_at", TIME, nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("program", sa.Text(), server_default="", nullable=False),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("token_digest"),
        sa.UniqueConstraint("sign_in_id"),
    )
    op.create_index("ix_sign_ins_person_id", "sign_ins", ["person_id"], unique=False)


def _create_credentials() -> None:
    op.create_table(
        "passkeys",
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        _person(),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("uses", NUMBER, server_default="0", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("used_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("credential_id"),
    )
    op.create_index("ix_passkeys_person_id", "passkeys", ["person_id"], unique=False)
    op.create_table(
        "recovery_codes",
        sa.Column("code_digest", sa.LargeBinary(length=32), nullable=False),
        _person(),
        sa.PrimaryKeyConstraint("code_digest"),
    )
    op.create_index("ix_recovery_codes_person_id", "recovery_codes", ["person_id"], unique=False)
    op.create_table(
        "account_log",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        _person(),
        sa.Column("at", TIME, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("program", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sqlite_autoincrement=True,
    )
    op.create_index("account_log_of_person", "account_log", ["person_id", "number"], unique=False)
    op.create_table(
        "tokens",
        sa.Column("token_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("token_id", ID, nullable=False),
        _person(),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("used_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("token_digest"),
        sa.UniqueConstraint("token_id"),
    )
    op.create_index("ix_tokens_person_id", "tokens", ["person_id"], unique=False)


def _create_devices() -> None:
    op.create_table(
        "household",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "device_log",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("device_id", ID, nullable=True),
        sa.Column("at", TIME, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sqlite_autoincrement=True,
    )
    op.create_index("device_log_of_device", "device_log", ["device_id", "number"], unique=False)
    op.create_table(
        "devices",
        sa.Column("device_id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=True),
        sa.Column("voice", sa.Text(), nullable=True),
        sa.Column("key_digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("certificate_ends_at", TIME, nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("paired_at", TIME, nullable=False),
        sa.Column("paired_by", ID, nullable=True),
        sa.Column("seen_at", TIME, nullable=True),
        sa.Column("is_muted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_mute_wished", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("revoked_at", TIME, nullable=True),
        sa.CheckConstraint("kind IN ('satellite', 'wyoming', 'esphome')", name="devices_kind"),
        sa.PrimaryKeyConstraint("device_id"),
        sa.UniqueConstraint("key_digest"),
        sa.UniqueConstraint("name_key"),
    )
    op.create_table(
        "remotes",
        sa.Column("remote_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("remote_id"),
        sa.UniqueConstraint("address"),
        sa.UniqueConstraint("name"),
        sa.UniqueConstraint("public_key"),
    )
