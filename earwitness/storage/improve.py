"""The tables of learning from judgements, in the household's database. Schema only, a part of `storage.household`.

Sets and models are ids, times and figures. What a model learned is in `improve_files`, sealed by the vault, a key per model.
"""

from typing import Final

import sqlalchemy as sa

from earwitness.storage.household import ID, NUMBER, TIME
from earwitness.storage.household import metadata as _household

DIGEST: Final = sa.String(64)
"""A SHA-256 in hexadecimal."""

improve_sets: Final = sa.Table(
    "improve_sets",
    _household,
    sa.Column("set_id", DIGEST, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False, unique=True),
    sa.Column("made_at", TIME, nullable=False),
    sa.Column("manifest", sa.LargeBinary, nullable=False),
    sa.Column("position", NUMBER),
)
"""Data sets. `manifest` is canonical JSON, compressed; `set_id` is its SHA-256."""

improve_items: Final = sa.Table(
    "improve_items",
    _household,
    sa.Column("set_id", DIGEST, sa.ForeignKey("improve_sets.set_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("turn_id", ID, primary_key=True),
    sa.Column("person_id", ID, sa.ForeignKey("people.person_id", ondelete="SET NULL"), index=True),
    sa.Column("expires_at", TIME, nullable=False),
    sa.Column("is_taught", sa.Boolean, nullable=False),
)
"""Whose turns are in which set, and until when they were to be kept; a person who left is nobody's row."""

improve_models: Final = sa.Table(
    "improve_models",
    _household,
    sa.Column("model_id", ID, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False, unique=True),
    sa.Column("set_id", DIGEST, sa.ForeignKey("improve_sets.set_id"), nullable=False, index=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("plan", sa.Text, nullable=False),
    sa.Column("begun_at", TIME, nullable=False),
    sa.Column("changed_at", TIME, nullable=False),
    sa.Column("registered_position", NUMBER),
    sa.Column("report", sa.Text),
    sa.Column("share_thousandths", sa.Integer, nullable=False, server_default="0"),
    sa.Column("before_id", ID),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.CheckConstraint(
        "state IN ('registered', 'learned', 'measured', 'refused', 'trial', 'in_use', 'replaced', 'taken_back', 'retired')",
        name="improve_models_state",
    ),
)
"""What was learned from which set. `report` has figures alone; `before_id` is what was in use when it was begun."""

improve_learned: Final = sa.Table(
    "improve_learned",
    _household,
    sa.Column("model_id", ID, sa.ForeignKey("improve_models.model_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("adapter", sa.Text, primary_key=True),
    sa.Column("facts", sa.Text, nullable=False),
    sa.Column("sha256", DIGEST),
)
"""Which adapters of a model are done; without a digest there was too little to learn from."""

improve_files: Final = sa.Table(
    "improve_files",
    _household,
    sa.Column("model_id", ID, sa.ForeignKey("improve_models.model_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("adapter", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("part", sa.Integer, primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)
"""Files of what was learned, in sealed parts."""

improve_results: Final = sa.Table(
    "improve_results",
    _household,
    sa.Column("model_id", ID, sa.ForeignKey("improve_models.model_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("arm", sa.Text, primary_key=True),
    sa.Column("turn_id", ID, primary_key=True),
    sa.Column("measured", sa.Text, nullable=False),
)
"""What was measured of each item so far, as JSON of figures: measuring goes on where it was broken off."""

improve_signals: Final = sa.Table(
    "improve_signals",
    _household,
    sa.Column("model_id", ID, sa.ForeignKey("improve_models.model_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("has_model", sa.Boolean, primary_key=True),
    sa.Column("day", sa.String(10), primary_key=True),
    sa.Column("turns", sa.Integer, nullable=False, server_default="0"),
    sa.Column("repeats", sa.Integer, nullable=False, server_default="0"),
    sa.Column("cancellations", sa.Integer, nullable=False, server_default="0"),
    sa.Column("corrections", sa.Integer, nullable=False, server_default="0"),
)
"""Counts of turns with a model on trial and without it in the same days. No word and no name."""
