"""The tables of review in the household's database. Schema only, a part of `storage.household`.

They hold random ids, times and states; what was said is in none of them. What reviewers use is elsewhere (`storage.desk`).
"""

from typing import Final

import sqlalchemy as sa

from earwitness.storage.household import ID, NUMBER, TIME
from earwitness.storage.household import metadata as _household

review_epochs: Final = sa.Table(
    "review_epochs",
    _household,
    sa.Column("epoch", sa.String(10), primary_key=True),
    sa.Column("draw_id", ID, nullable=False, unique=True),
    sa.Column("seed", sa.LargeBinary, nullable=False),
    sa.Column("terms", sa.Text, nullable=False),
    sa.Column("opened_position", NUMBER),
    sa.Column("list_position", NUMBER),
    sa.Column("made_position", NUMBER),
    sa.Column("made_at", TIME),
    sa.Column("lots", sa.LargeBinary),
)
"""A day of drawing. `seed` is sealed until the draw is made, then plain; `lots` is the list that was committed, compressed."""

review_kept: Final = sa.Table(
    "review_kept",
    _household,
    sa.Column("turn_id", ID, primary_key=True),
    sa.Column("epoch", sa.String(10), sa.ForeignKey("review_epochs.epoch", ondelete="CASCADE"), nullable=False),
    sa.Column("person_id", ID, sa.ForeignKey("people.person_id", ondelete="SET NULL"), index=True),
    sa.Column("kept_at", TIME, nullable=False),
    sa.Column("is_woken", sa.Boolean, nullable=False),
    sa.Column("is_child", sa.Boolean, nullable=False),
    sa.Column("had_consent", sa.Boolean, nullable=False),
    sa.Column("is_doubtful", sa.Boolean, nullable=False),
    sa.Index("review_kept_of_epoch", "epoch"),
)
"""What counted when a turn of an open epoch was kept. Rows go once their epoch has drawn."""

review_items: Final = sa.Table(
    "review_items",
    _household,
    sa.Column("item_id", ID, primary_key=True),
    sa.Column("turn_id", ID, nullable=False, unique=True),
    sa.Column("person_id", ID, sa.ForeignKey("people.person_id", ondelete="CASCADE"), nullable=False),
    sa.Column("epoch", sa.String(10), nullable=False),
    sa.Column("drawn_at", TIME, nullable=False),
    sa.Column("ready_at", TIME),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("changed_at", TIME, nullable=False),
    sa.Column("thanks", sa.Text, nullable=False, server_default=""),
    sa.Column("sealed_task", sa.LargeBinary),
    sa.Column("settled_position", NUMBER),
    sa.CheckConstraint("state IN ('waiting', 'offered', 'vetoed', 'withdrawn', 'gone', 'reviewed')", name="review_items_state"),
    sa.Index("review_items_of_person", "person_id", "drawn_at"),
    sa.Index("review_items_by_state", "state", "ready_at"),
)
"""What was drawn, and what became of it. `sealed_task` is the desk's id of it, under a key of the vault; `settled_position` is
where the ledger says how it ended."""

review_watermark: Final = sa.Table(
    "review_watermark",
    _household,
    sa.Column("name", sa.String(8), primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)
"""The key by which the sound of leases is marked, under a key of the vault."""

review_marks: Final = sa.Table(
    "review_marks",
    _household,
    sa.Column("lease_id", ID, primary_key=True),
    sa.Column("mark", sa.String(16), nullable=False, unique=True),
    sa.Column("reviewer", sa.Text, nullable=False),
    sa.Column("item_id", ID, sa.ForeignKey("review_items.item_id", ondelete="SET NULL"), index=True),
    sa.Column("made_at", TIME, nullable=False),
    sa.Column("ended_at", TIME),
)
"""Which random mark the sound of a lease carried, in hexadecimal, and whose it was; it outlives the item, since a leak may."""

review_wishes: Final = sa.Table(
    "review_wishes",
    _household,
    sa.Column("person_id", ID, sa.ForeignKey("people.person_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("hears_first", sa.Boolean, nullable=False),
)
"""Who wants to let each drawn item go before a reviewer may open it; whoever has no row has a day to veto."""
