"""Sign-ins: who is signed in where, since when, and until when. Owns the table `sign_ins`; whether somebody may sign in is for
`accounts.py`. Tokens are kept as digests. Calls block.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from earwitness.domain.account import HERE, Origin, SignInWay
from earwitness.domain.errors import PersonError
from earwitness.domain.person import Person
from earwitness.people.rows import digest_of, person_of_row
from earwitness.storage.database import Database
from earwitness.storage.household import people, sign_ins
from earwitness.storage.moments import moment

IDLE_LIMIT: Final = timedelta(days=30)
SIGN_IN_LASTS: Final = timedelta(days=90)
SEEN_EVERY: Final = timedelta(minutes=1)
LONGEST_PROGRAM: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """One place where somebody is signed in. Times are aware."""

    sign_in_id: str
    person_id: str
    created_at: datetime
    seen_at: datetime
    confirmed_at: datetime
    """When the person last showed who they are."""
    expires_at: datetime
    way: SignInWay
    program: str
    address: str


class SignIns:
    """All sign-ins. One ends after 30 days without use and after 90 days in any case. `clock` gives aware datetimes."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def begin(self, person_id: str, *, way: SignInWay = SignInWay.PASSPHRASE, origin: Origin = HERE) -> str:
        """A token for later requests of somebody who has shown who they are. Raises PersonError if they are gone or suspended."""
        token, now = secrets.token_urlsafe(32), self._clock().timestamp()
        row = {
            "token_digest": digest_of(token),
            "sign_in_id": secrets.token_hex(16),
            "person_id": person_id,
            "created_at": now,
            "seen_at": now,
            "confirmed_at": now,
            "expires_at": now + SIGN_IN_LASTS.total_seconds(),
            "way": way.value,
            "program": origin.program[:LONGEST_PROGRAM],
            "address": origin.address[:LONGEST_PROGRAM],
        }
        with self._database.writing() as connection:
            connection.execute(sa.delete(sign_ins).where(sa.not_(self._lasts())))
            alive = sa.select(people.c.person_id).where(people.c.person_id == person_id, people.c.suspended_at.is_(None))
            if connection.execute(alive).scalar() is None:
                raise PersonError("That account is gone or suspended.")
            connection.execute(sa.insert(sign_ins).values(row))
        return token

    def find(self, token: str | None) -> tuple[Person, SignIn] | None:
        """Who a token stands for; None for one that is unknown, ended or idle too long, or whose person is suspended.

        Notes, once a minute at most, that it was used.
        """
        if not token:
            return None
        joined = sa.select(people, *_COLUMNS).join(sign_ins, sign_ins.c.person_id == people.c.person_id)
        where = (sign_ins.c.token_digest == digest_of(token), self._lasts(), people.c.suspended_at.is_(None))
        with self._database.reading() as connection:
            row = connection.execute(joined.where(*where)).one_or_none()
        if row is None:
            return None
        now = self._clock()
        if now - moment(row.s_seen_at) >= SEEN_EVERY:
            with self._database.writing() as connection:
                mine = sign_ins.c.sign_in_id == row.s_sign_in_id
                connection.execute(sa.update(sign_ins).where(mine).values(seen_at=now.timestamp()))
        return person_of_row(row), _sign_in(row)

    def stands(self, sign_in_id: str) -> bool:
        """Whether a sign-in has not ended, and its person is not suspended."""
        joined = sa.select(sign_ins.c.sign_in_id).join(people, people.c.person_id == sign_ins.c.person_id)
        where = (sign_ins.c.sign_in_id == sign_in_id, self._lasts(), people.c.suspended_at.is_(None))
        with self._database.reading() as connection:
            return connection.execute(joined.where(*where)).scalar() is not None

    def of(self, person_id: str) -> tuple[SignIn, ...]:
        """Where a person is signed in, last used first."""
        query = sa.select(*_COLUMNS).where(sign_ins.c.person_id == person_id, self._lasts())
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(sign_ins.c.seen_at.desc(), sign_ins.c.sign_in_id)).all()
        return tuple(_sign_in(row) for row in rows)

    def confirm(self, token: str) -> str:
        """Note that the person has shown again who they are: gives a new token, and the old one is worth nothing any more.

        Raises PersonError if the sign-in has ended.
        """
        fresh = secrets.token_urlsafe(32)
        values = {"token_digest": digest_of(fresh), "confirmed_at": self._clock().timestamp()}
        with self._database.writing() as connection:
            where = (sign_ins.c.token_digest == digest_of(token), self._lasts())
            if not connection.execute(sa.update(sign_ins).where(*where).values(values)).rowcount:
                raise PersonError("That sign-in has ended; sign in again.")
        return fresh

    def end(self, token: str) -> str | None:
        """Forget a token; gives whose it was."""
        with self._database.writing() as connection:
            where = sign_ins.c.token_digest == digest_of(token)
            whose: str | None = connection.execute(sa.select(sign_ins.c.person_id).where(where)).scalar()
            connection.execute(sa.delete(sign_ins).where(where))
        return whose

    def end_one(self, person_id: str, sign_in_id: str) -> bool:
        """End one of a person's sign-ins; whether there was one."""
        with self._database.writing() as connection:
            where = (sign_ins.c.person_id == person_id, sign_ins.c.sign_in_id == sign_in_id)
            return bool(connection.execute(sa.delete(sign_ins).where(*where)).rowcount)

    def end_all(self, person_id: str, *, but: str | None = None) -> int:
        """End all of a person's sign-ins, but the one of that id; gives how many."""
        with self._database.writing() as connection:
            gone = sa.delete(sign_ins).where(sign_ins.c.person_id == person_id)
            return connection.execute(gone if but is None else gone.where(sign_ins.c.sign_in_id != but)).rowcount

    def is_known(self, person_id: str, address: str) -> bool:
        """Whether the person is signed in from that address already: then guesses from elsewhere do not keep them out."""
        query = sa.select(sign_ins.c.sign_in_id).where(
            sign_ins.c.person_id == person_id, sign_ins.c.address == address, self._lasts()
        )
        with self._database.reading() as connection:
            return connection.execute(query.limit(1)).scalar() is not None

    def _lasts(self) -> sa.ColumnElement[bool]:
        now = self._clock().timestamp()
        return sa.and_(sign_ins.c.expires_at > now, sign_ins.c.seen_at > now - IDLE_LIMIT.total_seconds())


_COLUMNS: Final = tuple(column.label(f"s_{column.name}") for column in sign_ins.columns)


def _sign_in(row: Any) -> SignIn:
    return SignIn(
        sign_in_id=row.s_sign_in_id,
        person_id=row.s_person_id,
        created_at=moment(row.s_created_at),
        seen_at=moment(row.s_seen_at),
        confirmed_at=moment(row.s_confirmed_at),
        expires_at=moment(row.s_expires_at),
        way=SignInWay(row.s_way),
        program=row.s_program,
        address=row.s_address,
    )
