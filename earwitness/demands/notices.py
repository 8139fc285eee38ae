"""Notices: what people are told of demands about them, and whether they object. Owns the table `demand_notices`. Calls block."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from earwitness.demands.cases import Safe, drawer_of
from earwitness.domain.demand import Case, Notice
from earwitness.domain.errors import DemandError
from earwitness.storage.database import Database
from earwitness.storage.demands import demand_notices as notices
from earwitness.storage.moments import moment


class Notices:
    """The notices of one household."""

    def __init__(self, database: Database, *, safe: Safe) -> None:
        self._database = database
        self._safe = safe

    def tell(
        self, case: Case, readers: Sequence[tuple[str, bool]], *, about: str, now: datetime, object_until: datetime | None
    ) -> tuple[str, ...]:
        """Tell people (their ids, and whether as guardians), each once for one step; gives the ids of the notices.

        After a crash it tells nobody twice. Raises StorageError.
        """
        made = tuple(_notice_id(case, person_id, is_for_ward) for person_id, is_for_ward in readers)
        with self._database.writing() as connection:
            known = set(connection.execute(sa.select(notices.c.notice_id).where(notices.c.notice_id.in_(made))).scalars())
            for notice_id, (person_id, is_for_ward) in zip(made, readers, strict=True):
                if notice_id in known:
                    continue
                sealed = self._safe.seal(about.encode(), drawer=drawer_of(case.demand_id), row_id=notice_id)
                values = {
                    "notice_id": notice_id,
                    "demand_id": case.demand_id,
                    "person_id": person_id,
                    "told_at": now.timestamp(),
                    "object_until": None if object_until is None else object_until.timestamp(),
                    "is_for_ward": is_for_ward,
                    "sealed": sealed,
                }
                connection.execute(sa.insert(notices).values(values))
        return made

    def take_back(self, notice_ids: Sequence[str]) -> None:
        """Take notices back whose step was not taken after all. Raises StorageError."""
        with self._database.writing() as connection:
            connection.execute(sa.delete(notices).where(notices.c.notice_id.in_(notice_ids)))

    def of(self, person_id: str) -> tuple[Notice, ...]:
        """What somebody was told, newest first."""
        query = sa.select(notices).where(notices.c.person_id == person_id).order_by(notices.c.told_at.desc())
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return tuple(self._notice(row) for row in rows)

    def find(self, person_id: str, notice_id: str) -> Notice:
        """One of them. Raises DemandError (demand.unknown)."""
        for notice in self.of(person_id):
            if notice.notice_id == notice_id:
                return notice
        raise DemandError("There is no such notice.", code="demand.unknown")

    def note(self, notice_id: str, *, objected_at: datetime) -> None:
        """Note that the reader objected. Raises StorageError."""
        with self._database.writing() as connection:
            values = {"objected_at": objected_at.timestamp()}
            connection.execute(sa.update(notices).where(notices.c.notice_id == notice_id).values(values))

    def disclosed(self, demand_id: str, *, at: datetime) -> None:
        """Note that something was disclosed of what the notices of a demand are about. Raises StorageError."""
        with self._database.writing() as connection:
            connection.execute(sa.update(notices).where(notices.c.demand_id == demand_id).values(disclosed_at=at.timestamp()))

    def _notice(self, row: Any) -> Notice:
        about = self._safe.open(row.sealed, drawer=drawer_of(row.demand_id), row_id=row.notice_id)
        return Notice(
            notice_id=row.notice_id,
            demand_id=row.demand_id,
            person_id=row.person_id,
            told_at=moment(row.told_at),
            object_until=moment(row.object_until),
            is_for_ward=row.is_for_ward,
            about=about.decode(),
            objected_at=moment(row.objected_at),
            disclosed_at=moment(row.disclosed_at),
        )


def _notice_id(case: Case, person_id: str, is_for_ward: bool) -> str:
    """The same each time, for one reader and one step of a case."""
    text = f"earwitness/v1/notice/{case.demand_id}/{len(case.steps)}/{person_id}/{is_for_ward}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]
