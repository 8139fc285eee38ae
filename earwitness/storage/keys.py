"""The tables of the keys' database, which lives and is backed up apart from the data. Schema only; the vault alone uses them.

Destroying a row of `keys` destroys what it opens. `destroyed` remembers the ids of destroyed keys, so that a restored backup can
destroy them again. Times are seconds since 1970 in UTC.
"""

from typing import Final

import sqlalchemy as sa

from earwitness.storage.household import ID, NUMBER, TIME

metadata: Final = sa.MetaData()

keys: Final = sa.Table(
    "keys",
    metadata,
    sa.Column("key_id", ID, primary_key=True),
    sa.Column("parent_id", ID),
    sa.Column("wrapped", sa.LargeBinary, nullable=False),
    sa.Column("created_at", TIME, nullable=False),
    sa.Index("keys_of_parent", "parent_id"),
    sqlite_with_rowid=False,
)
"""A data key's id is its turn's id and its parent a person key; a person key's parent is NULL: the household key wraps it."""

person_keys: Final = sa.Table(
    "person_keys",
    metadata,
    sa.Column("person_id", ID, primary_key=True),
    sa.Column("key_id", ID, nullable=False, unique=True),
)
"""The key that wraps what a person says from now on."""

erasures: Final = sa.Table(
    "erasures",
    metadata,
    sa.Column("erasure_id", ID, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("person_id", ID),
    sa.Column("actor_alias", sa.Text, nullable=False),
    sa.Column("erased_at", TIME, nullable=False, index=True),
    sa.Column("recordings", NUMBER, nullable=False),
    sa.Column("seconds", TIME, nullable=False),
    sa.Column("is_swept", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("position", NUMBER),
    sa.Column("body", sa.Text, nullable=False),
)
"""One erasure: its keys are gone when its row is there. `body` is the receipt's signed statement as canonical JSON."""

destroyed: Final = sa.Table(
    "destroyed",
    metadata,
    sa.Column("key_id", ID, primary_key=True),
    sa.Column("erasure_id", ID, sa.ForeignKey("erasures.erasure_id", ondelete="CASCADE"), nullable=False, index=True),
    sqlite_with_rowid=False,
)
