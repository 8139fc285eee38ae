"""Messages: what goes out, what came in, what was seen already, and where it is read aloud."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "household_11"
down_revision = "household_10"
branch_labels = None
depends_on = None

ID: Final = sa.String(32)
TIME: Final[sa.types.TypeEngine[float]] = sa.Double().with_variant(sa.REAL(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "messages",
        sa.Column("message_id", ID, primary_key=True),
        sa.Column("person_id", ID, sa.ForeignKey("people.person_id", ondelete="CASCADE"), index=True),
        sa.Column("is_incoming", sa.Boolean(), nullable=False),
        sa.Column("link_id", ID),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("expires_at", TIME),
        sa.Column("has_text", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("revision", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'sending', 'sent', 'delivered', 'failed', 'unknown', 'withdrawn', 'new', 'read')",
            name="messages_state",
        ),
        sa.CheckConstraint("is_incoming = (state IN ('new', 'read'))", name="messages_way"),
    )
    op.create_index("messages_by_state", "messages", ["state", "link_id", "created_at"])
    op.create_table(
        "seen_messages",
        sa.Column("link_id", ID, primary_key=True),
        sa.Column("mark", sa.LargeBinary(16), primary_key=True),
        sa.Column("seen_at", TIME, nullable=False),
    )
    op.create_table(
        "messages_aloud",
        sa.Column("person_id", ID, sa.ForeignKey("people.person_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("device_id", sa.Text(), primary_key=True),
        sa.Column("aloud", sa.Text(), nullable=False),
        sa.CheckConstraint("aloud IN ('nothing', 'that_there_is_one', 'reads')", name="messages_aloud_aloud"),
    )
