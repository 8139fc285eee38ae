"""The tables of the ledger's database. Schema only; the ledger room alone uses them, and changes them in one transaction."""

from typing import Final

import sqlalchemy as sa

from earwitness.storage.household import NUMBER, TIME

metadata: Final = sa.MetaData()

entries: Final = sa.Table(
    "entries",
    metadata,
    sa.Column("position", NUMBER, primary_key=True, autoincrement=False),
    sa.Column("leaf", sa.LargeBinary, nullable=False),
)

tiles: Final = sa.Table(
    "tiles",
    metadata,
    sa.Column("level", sa.Integer, primary_key=True),
    sa.Column("number", NUMBER, primary_key=True),
    sa.Column("hashes", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

head: Final = sa.Table(
    "head",
    metadata,
    sa.Column("only", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("size", NUMBER, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.CheckConstraint('"only" = 1', name="head_is_one"),
)

cosignatures: Final = sa.Table(
    "cosignatures",
    metadata,
    sa.Column("witness", sa.Text, primary_key=True),
    sa.Column("size", NUMBER, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("seen_at", TIME, nullable=False),
)
"""The latest checkpoint that each witness signed: the whole note, with the log's signature and the witness's."""
