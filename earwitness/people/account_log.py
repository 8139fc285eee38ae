"""The log of every account: who signed in or tried to, and what changed. Owns the table `account_log`; no secrets in it. Each
person reads their own. An entry is kept for a year, and at most a thousand of each person. Calls block.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from earwitness.domain.account import HERE, AccountEvent, Origin
from earwitness.storage.database import Database
from earwitness.storage.household import account_log, people
from earwitness.storage.moments import moment

KEPT_FOR: Final = timedelta(days=365)
MOST_ENTRIES: Final = 1000
LONGEST: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEntry:
    """One thing that happened to an account. `detail` is a name or a word, never a secret; the time is aware."""

    number: int
    at: datetime
    what: AccountEvent
    detail: str
    address: str
    program: str


class AccountLog:
    """The logs of all accounts. `clock` gives aware datetimes."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def note(self, person_id: str, what: AccountEvent, *, origin: Origin = HERE, detail: str = "") -> None:
        """Add an entry, and drop what is too old or too much; somebody who is gone has no log. Raises StorageError."""
        with self._database.writing() as connection:
            self.note_in(connection, person_id, what=what, origin=origin, detail=detail)

    def note_in(
        self, connection: sa.Connection, person_id: str, *, what: AccountEvent, origin: Origin = HERE, detail: str = ""
    ) -> None:
        """The same, as a part of the change that it tells of."""
        now = self._clock()
        if connection.execute(sa.select(people.c.person_id).where(people.c.person_id == person_id)).scalar() is None:
            return
        row = {
            "person_id": person_id,
            "at": now.timestamp(),
            "what": what.value,
            "detail": detail[:LONGEST],
            "address": origin.address[:LONGEST],
            "program": origin.program[:LONGEST],
        }
        connection.execute(sa.insert(account_log).values(row))
        mine = account_log.c.person_id == person_id
        last = sa.select(account_log.c.number).where(mine).order_by(account_log.c.number.desc()).offset(MOST_ENTRIES).limit(1)
        surplus = connection.execute(last).scalar()
        old = account_log.c.at <= (now - KEPT_FOR).timestamp()
        connection.execute(sa.delete(account_log).where(mine, sa.or_(old, account_log.c.number <= (surplus or 0))))

    def forget_name(self, connection: sa.Connection, name: str) -> None:
        """Take somebody's name out of what others' logs say of their coming, as a part of their leaving."""
        where = (account_log.c.what == AccountEvent.INVITATION_USED.value, account_log.c.detail == name)
        connection.execute(sa.update(account_log).where(*where).values(detail=""))

    def of(self, person_id: str, *, limit: int = MOST_ENTRIES, before: int | None = None) -> tuple[AccountEntry, ...]:
        """A person's entries, newest first; those before an entry's number."""
        since = (self._clock() - KEPT_FOR).timestamp()
        query = sa.select(account_log).where(account_log.c.person_id == person_id, account_log.c.at > since)
        if before is not None:
            query = query.where(account_log.c.number < before)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(account_log.c.number.desc()).limit(limit)).all()
        return tuple(
            AccountEntry(
                number=row.number,
                at=moment(row.at),
                what=AccountEvent(row.what),
                detail=row.detail,
                address=row.address,
                program=row.program,
            )
            for row in rows
        )
