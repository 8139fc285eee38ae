"""Setting right, on what was restored, what oversight says: no emergency goes on, and terms that the ledger does not have do not
count.

It works on the tables of another room, as `replay.py` does.
"""

from datetime import datetime

import sqlalchemy as sa

from earwitness.storage.database import Database
from earwitness.storage.oversight import break_glass, proposals
from earwitness.storage.review import review_items


def settle_oversight(household: Database, size: int, *, now: datetime) -> None:
    """End emergencies that stood when the backup was made: that they were ended since is not known here. Approvals beyond the
    `size` entries of the ledger are taken back, to be proposed anew; ends of drawn items beyond it are committed again. Raises
    StorageError."""
    running = (break_glass.c.state == "granted", break_glass.c.until > now.timestamp())
    unknown = (proposals.c.state == "approved", proposals.c.position >= size)
    with household.writing() as connection:
        connection.execute(sa.update(break_glass).where(*running).values(until=now.timestamp()))
        connection.execute(sa.update(proposals).where(*unknown).values(state="withdrawn", from_epoch=None, position=None))
        settled = review_items.c.settled_position
        connection.execute(sa.update(review_items).where(settled >= size).values({settled: None}))
