"""The marks in the sound of leases: a random number for each lease, and the key that they are put in by.

Owns the tables `review_marks` and `review_watermark`. A mark says nothing of its lease to whoever lacks the table, and the desk
never knows it; the key is sealed in the vault and leaves this process for nobody. Calls block.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import sqlalchemy as sa

from earwitness.domain.errors import VaultError
from earwitness.review.watermark import MOST_LEASES
from earwitness.review.watermark_code import KEY_BYTES, LEASE_BITS
from earwitness.storage.database import Database
from earwitness.storage.moments import moment
from earwitness.storage.review import review_marks, review_watermark

DRAWER: Final = "review/watermark"
ROW: Final = "key"
LOCK: Final = 0x4D41524B


class Safe(Protocol):
    """What seals the key."""

    def seal(self, plain: bytes, *, drawer: str, row_id: str) -> bytes: ...

    def open(self, sealed: bytes, *, drawer: str, row_id: str) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A lease whose sound was marked: by whom it was held (an alias), and since when. `mark` has 64 bits."""

    mark: int
    lease_id: str
    reviewer: str
    made_at: datetime


class Marks:
    """The marks of one household. `clock` gives aware datetimes."""

    def __init__(self, database: Database, *, safe: Safe, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._safe = safe
        self._clock = clock

    def key(self) -> bytes:
        """The household's watermark key, made when it is first asked for. Raises VaultError, StorageError."""
        with self._database.writing(lock=LOCK) as connection:
            sealed = connection.execute(sa.select(review_watermark.c.sealed)).scalar()
            if sealed is None:
                sealed = self._safe.seal(secrets.token_bytes(KEY_BYTES), drawer=DRAWER, row_id=ROW)
                connection.execute(sa.insert(review_watermark).values(name=ROW, sealed=sealed))
        found = self._safe.open(sealed, drawer=DRAWER, row_id=ROW)
        if len(found) != KEY_BYTES:
            raise VaultError("The watermark's key is damaged.", code="vault.sealed_wrong")
        return found

    def of(self, lease_id: str, *, reviewer: str, item_id: str) -> int:
        """The mark of a lease, drawn when it is first asked for. Raises StorageError."""
        with self._database.writing(lock=LOCK) as connection:
            known = connection.execute(sa.select(review_marks.c.mark).where(review_marks.c.lease_id == lease_id)).scalar()
            if known is not None:
                return int(known, 16)
            mark = secrets.randbits(LEASE_BITS)
            row = {"lease_id": lease_id, "mark": f"{mark:016x}", "reviewer": reviewer, "item_id": item_id}
            connection.execute(sa.insert(review_marks).values(**row, made_at=self._clock().timestamp()))
        return mark

    def newest(self) -> dict[int, Marked]:
        """Every mark that can be told apart: the newest million, by mark."""
        query = sa.select(review_marks).order_by(review_marks.c.made_at.desc()).limit(MOST_LEASES)
        with self._database.reading() as connection:
            return {one.mark: one for one in map(_marked, connection.execute(query).all())}

    def running_items(self) -> frozenset[str]:
        """The items of which a reviewer was given sound that has not ended since."""
        query = sa.select(review_marks.c.item_id).where(review_marks.c.ended_at.is_(None), review_marks.c.item_id.is_not(None))
        with self._database.reading() as connection:
            return frozenset(connection.execute(query).scalars())

    def end(self, item_id: str) -> None:
        """Note that the sound of an item has ended; its marks stay, since a leak may come later."""
        where = (review_marks.c.item_id == item_id, review_marks.c.ended_at.is_(None))
        with self._database.writing() as connection:
            connection.execute(sa.update(review_marks).where(*where).values(ended_at=self._clock().timestamp()))


def _marked(row: Any) -> Marked:
    return Marked(mark=int(row.mark, 16), lease_id=row.lease_id, reviewer=row.reviewer, made_at=moment(row.made_at))
