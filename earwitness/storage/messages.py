"""The tables of messages in the household's database. Schema only, a part of `storage.household`.

Texts, names and addresses are in `sealed`, which the vault's keys open; in plain are whose a message is, its way, its state and
times.
"""

from typing import Final

import sqlalchemy as sa

from earwitness.storage.household import ID, TIME
from earwitness.storage.household import metadata as _household

messages: Final = sa.Table(
    "messages",
    _household,
    sa.Column("message_id", ID, primary_key=True),
    sa.Column("person_id", ID, sa.ForeignKey("people.person_id", ondelete="CASCADE"), index=True),
    sa.Column("is_incoming", sa.Boolean, nullable=False),
    sa.Column("link_id", ID),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("created_at", TIME, nullable=False),
    sa.Column("changed_at", TIME, nullable=False),
    sa.Column("expires_at", TIME),
    sa.Column("has_text", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("revision", sa.Integer, nullable=False, server_default="0"),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.CheckConstraint(
        "state IN ('waiting', 'sending', 'sent', 'delivered', 'failed', 'unknown', 'withdrawn', 'new', 'read')",
        name="messages_state",
    ),
    sa.CheckConstraint("is_incoming = (state IN ('new', 'read'))", name="messages_way"),
    sa.Index("messages_by_state", "state", "link_id", "created_at"),
)
"""A message in the box of a person; of the household, without one. `expires_at` is when the whole row goes."""

seen_messages: Final = sa.Table(
    "seen_messages",
    _household,
    sa.Column("link_id", ID, primary_key=True),
    sa.Column("mark", sa.LargeBinary(16), primary_key=True),
    sa.Column("seen_at", TIME, nullable=False),
)
"""What came in already, also if it was erased since: a digest of what the link calls it."""

messages_aloud: Final = sa.Table(
    "messages_aloud",
    _household,
    sa.Column("person_id", ID, sa.ForeignKey("people.person_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("device_id", sa.Text, primary_key=True),
    sa.Column("aloud", sa.Text, nullable=False),
    sa.CheckConstraint("aloud IN ('nothing', 'that_there_is_one', 'reads')", name="messages_aloud_aloud"),
)
"""What a person chose for a satellite; for all others, where `device_id` is empty."""
