"""Links that people configured, contacts, and what is confirmed before it is done."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "household_10"
down_revision = "household_9"
branch_labels = None
depends_on = None

ID: Final = sa.String(32)
TIME: Final[sa.types.TypeEngine[float]] = sa.Double().with_variant(sa.REAL(), "sqlite")
NAME: Final[sa.types.TypeEngine[str]] = sa.Text().with_variant(sa.Text(collation="NOCASE"), "sqlite")


def upgrade() -> None:
    op.create_table(
        "links",
        sa.Column("link_id", ID, primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", NAME, nullable=False, unique=True),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False, server_default="1"),
    )
    op.create_table(
        "link_secrets",
        sa.Column("link_id", ID, sa.ForeignKey("links.link_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("set_at", TIME, nullable=False),
    )
    op.create_table(
        "link_memory",
        sa.Column("link_id", ID, sa.ForeignKey("links.link_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "contacts",
        sa.Column("contact_id", ID, primary_key=True),
        sa.Column("owner_id", ID, sa.ForeignKey("people.person_id", ondelete="CASCADE"), index=True),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "confirmations",
        sa.Column("subject", sa.Text(), primary_key=True),
        sa.Column("speaker", sa.Text(), primary_key=True),
        sa.Column("confirmation", sa.Text(), nullable=False),
        sa.CheckConstraint("confirmation IN ('none', 'read_back', 'ask', 'refuse')", name="confirmations_confirmation"),
    )
