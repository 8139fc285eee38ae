"""The tables of legal demands in the household's database. Schema only, a part of `storage.household`.

Who demands what about whom is sealed; in plain are random ids, kinds of steps, times, and what is meant for the ledger anyway.
"""

from typing import Final

import sqlalchemy as sa

from earwitness.storage.household import ID, NUMBER, TIME
from earwitness.storage.household import metadata as _household

demands: Final = sa.Table(
    "demands",
    _household,
    sa.Column("demand_id", ID, primary_key=True),
    sa.Column("received_at", TIME, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("sealed_document", sa.LargeBinary, nullable=False),
)
"""A demand as it came in, and the paper."""

demand_steps: Final = sa.Table(
    "demand_steps",
    _household,
    sa.Column("demand_id", ID, sa.ForeignKey("demands.demand_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("entry_number", NUMBER, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)
"""What was done, in order; `entry_number` is that of its entry in `demand_entries`."""

demand_entries: Final = sa.Table(
    "demand_entries",
    _household,
    sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
    sa.Column("demand_id", ID, nullable=False, index=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("salt", sa.LargeBinary),
    sa.Column("opens_at", TIME),
    sa.Column("position", NUMBER),
    sa.Column("opened_position", NUMBER),
    sa.Index("demand_entries_position", "position"),
    sqlite_autoincrement=True,
)
"""Entries of the ledger about demands: written here first, so that none is lost and none is chosen twice. With a salt, the ledger
holds only a commitment to the body until it is opened."""

demand_notices: Final = sa.Table(
    "demand_notices",
    _household,
    sa.Column("notice_id", ID, primary_key=True),
    sa.Column("demand_id", ID, nullable=False, index=True),
    sa.Column("person_id", ID, sa.ForeignKey("people.person_id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("told_at", TIME, nullable=False),
    sa.Column("object_until", TIME),
    sa.Column("is_for_ward", sa.Boolean, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("objected_at", TIME),
    sa.Column("disclosed_at", TIME),
)
"""What people were told of demands about them."""

demand_packages: Final = sa.Table(
    "demand_packages",
    _household,
    sa.Column("demand_id", ID, primary_key=True),
    sa.Column("round", sa.Integer, primary_key=True),
    sa.Column("approval", sa.Text, nullable=False),
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("begun_at", TIME, nullable=False),
)
"""Disclosures that were begun: by whose approval and to whom, so that one that was broken off goes on as it was."""

demand_keys: Final = sa.Table(
    "demand_keys",
    _household,
    sa.Column("verifier", sa.Text, primary_key=True),
    sa.Column("made_at", TIME, nullable=False),
    sa.Column("position", NUMBER),
)
"""The public sides of the keys that approve disclosures, and where the ledger names them; the ledger alone is trusted."""

demand_key_holders: Final = sa.Table(
    "demand_key_holders",
    _household,
    sa.Column("verifier", sa.Text, primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)
"""Who is to hold the shares of each key."""

holds: Final = sa.Table(
    "holds",
    _household,
    sa.Column("demand_id", ID, primary_key=True),
    sa.Column("turn_id", ID, primary_key=True),
    sa.Column("person_id", ID, nullable=False, index=True),
    sa.Column("until", TIME, nullable=False),
    sa.Column("is_told", sa.Boolean, nullable=False),
    sa.Index("holds_of_turn", "turn_id"),
)
"""Turns that are preserved: neither time nor a deletion destroys their keys until they are let go."""
