"""The tables of reviewers who are at a review service of its own, in the household's database. Schema only.

They hold digests of secrets, aliases and times: neither they nor the service's own database say which recording a task is.
"""

from typing import Final

import sqlalchemy as sa

from earwitness.storage.household import ID, TIME
from earwitness.storage.household import metadata as _household

review_visits: Final = sa.Table(
    "review_visits",
    _household,
    sa.Column("visit_id", ID, primary_key=True),
    sa.Column("sign_in_id", ID, sa.ForeignKey("sign_ins.sign_in_id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("secret_digest", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("is_entered", sa.Boolean, nullable=False),
    sa.Column("begun_at", TIME, nullable=False),
    sa.Column("ends_at", TIME, nullable=False),
    sa.Column("held_digest", sa.LargeBinary(32)),
    sa.Column("held_until", TIME),
    sa.Column("judged_digest", sa.LargeBinary(32)),
)
"""A ticket that was given to somebody who is signed in here, and the visit that it became; it goes with the sign-in.

`held_digest` is of the secret and the one task that the visit may open now, `judged_digest` of the secret and the last judgement
that it handed over: without the secret, which only the reviewer's browser has, they say nothing."""

review_openings: Final = sa.Table(
    "review_openings",
    _household,
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("reviewer", sa.Text, nullable=False),
    sa.Column("begun_at", TIME, nullable=False),
    sa.Index("review_openings_of_reviewer", "reviewer", "begun_at"),
)
"""Which tasks visits opened, for the count of a day: the digests of `held_digest`, with the reviewer's alias."""
