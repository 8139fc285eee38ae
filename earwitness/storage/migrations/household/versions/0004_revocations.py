"""What was revoked, so that a restore of an older backup does not let it in again."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "household_4"
down_revision = "household_3"
branch_labels = None
depends_on = None

TIME: Final[sa.types.TypeEngine[float]] = sa.Double().with_variant(sa.REAL(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "revocations",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("revoked_id", sa.Text(), nullable=False),
        sa.Column("revoked_at", TIME, nullable=False),
        sa.CheckConstraint("kind IN ('phone', 'token', 'passkey')", name="revocations_kind"),
        sa.PrimaryKeyConstraint("kind", "revoked_id"),
    )
