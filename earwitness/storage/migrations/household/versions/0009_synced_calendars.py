"""What lives on a calendar server too: which calendars, and which thing there is which here."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "household_9"
down_revision = "household_8"
branch_labels = None
depends_on = None

TIME: Final[sa.types.TypeEngine[float]] = sa.Double().with_variant(sa.REAL(), "sqlite")
NAME: Final[sa.types.TypeEngine[str]] = sa.Text().with_variant(sa.Text(collation="NOCASE"), "sqlite")


def upgrade() -> None:
    op.create_table(
        "synced_calendars",
        sa.Column("path", sa.Text(), primary_key=True),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", NAME, nullable=False, server_default=""),
        sa.Column("is_ours", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("agreed_at", TIME),
        sa.CheckConstraint("kind IN ('list', 'lists', 'reminder', 'alarm')", name="synced_calendars_kind"),
    )
    op.create_table(
        "bonds",
        sa.Column("href", sa.Text(), primary_key=True),
        sa.Column("path", sa.Text(), sa.ForeignKey("synced_calendars.path", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("thing_id", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False, server_default=""),
        sa.Column("salt", sa.LargeBinary(16), nullable=False),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("noted_at", TIME),
        sa.UniqueConstraint("kind", "thing_id", name="bonds_thing"),
        sa.CheckConstraint("kind IN ('item', 'reminder', 'alarm')", name="bonds_kind"),
    )
