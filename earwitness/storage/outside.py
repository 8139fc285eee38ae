"""The tables of the household's database that are about the world outside: links, contacts, and what is confirmed first.

Schema only, a part of `storage.household`. What is `sealed` is opened by the vault's keys alone: secrets of links, what links
keep for themselves, everything about contacts. The options of a link (its address, the account) are in plain.
"""

from typing import Final

import sqlalchemy as sa

from earwitness.storage.household import ID, NAME, TIME
from earwitness.storage.household import metadata as _household

links: Final = sa.Table(
    "links",
    _household,
    sa.Column("link_id", ID, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", NAME, nullable=False, unique=True),
    sa.Column("options", sa.Text, nullable=False),
    sa.Column("is_on", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("created_at", TIME, nullable=False),
    sa.Column("changed_at", TIME, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
)

link_secrets: Final = sa.Table(
    "link_secrets",
    _household,
    sa.Column("link_id", ID, sa.ForeignKey("links.link_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("set_at", TIME, nullable=False),
)
"""A password or token of a link. Bound to the link and the name that it has there."""

link_memory: Final = sa.Table(
    "link_memory",
    _household,
    sa.Column("link_id", ID, sa.ForeignKey("links.link_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)
"""What a link keeps for itself from one start to the next."""

contacts: Final = sa.Table(
    "contacts",
    _household,
    sa.Column("contact_id", ID, primary_key=True),
    sa.Column("owner_id", ID, sa.ForeignKey("people.person_id", ondelete="CASCADE"), index=True),
    sa.Column("changed_at", TIME, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)
"""A contact of the person who is its owner; of the whole household, without one."""

confirmations: Final = sa.Table(
    "confirmations",
    _household,
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("speaker", sa.Text, primary_key=True),
    sa.Column("confirmation", sa.Text, nullable=False),
    sa.CheckConstraint("confirmation IN ('none', 'read_back', 'ask', 'refuse')", name="confirmations_confirmation"),
)
"""What an owner chose: `subject` is "act:" and an act, "device:" and a device's id, or "device/" and an act, ":" and the id;
`speaker` is empty for everybody."""

personal_confirmations: Final = sa.Table(
    "personal_confirmations",
    _household,
    sa.Column("person_id", ID, sa.ForeignKey("people.person_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("confirmation", sa.Text, nullable=False),
    sa.CheckConstraint("confirmation IN ('none', 'read_back', 'ask', 'refuse')", name="personal_confirmations_confirmation"),
)
"""What an owner chose for one person; `subject` is as above."""
