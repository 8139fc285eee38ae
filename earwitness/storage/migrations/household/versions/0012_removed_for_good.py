"""What was deleted besides recordings is noted as what was revoked is: links, contacts, messages."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "household_12"
down_revision = "household_11"
branch_labels = None
depends_on = None

TIME: Final[sa.types.TypeEngine[float]] = sa.Double().with_variant(sa.REAL(), "sqlite")
KINDS: Final = "kind IN ('phone', 'token', 'passkey', 'link', 'contact', 'message')"


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint("revocations_kind", "revocations")
        op.create_check_constraint("revocations_kind", "revocations", KINDS)
        return
    op.create_table(
        "revocations_wider",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("revoked_id", sa.Text(), nullable=False),
        sa.Column("revoked_at", TIME, nullable=False),
        sa.CheckConstraint(KINDS, name="revocations_kind"),
        sa.PrimaryKeyConstraint("kind", "revoked_id"),
    )
    op.execute("INSERT INTO revocations_wider SELECT kind, revoked_id, revoked_at FROM revocations")
    op.drop_table("revocations")
    op.rename_table("revocations_wider", "revocations")
