"""Who is at the review service, as the household knows it: tickets, visits, and the one task that a visit may open.

Owns the tables `review_visits` and `review_openings`. Nobody at the service is trusted with any of it: a visit stands only as
long as the sign-in here that it came from, and what was opened is counted here once more. Calls block.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from earwitness.domain.account import SignInWay
from earwitness.domain.errors import AccessError
from earwitness.domain.person import Person
from earwitness.people.rows import digest_of, person_of_row
from earwitness.review.desk import MOST_A_DAY, MOST_LEASES
from earwitness.storage.database import Database
from earwitness.storage.household import people, sign_ins
from earwitness.storage.visits import review_openings, review_visits

TICKET_LASTS: Final = timedelta(seconds=60)
VISIT_LASTS: Final = timedelta(hours=10)
"""A shift: then one comes again from the household's page."""
_DAY: Final = timedelta(days=1)
LOCK: Final = 0x56495354


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A reviewer at the service: who that is, and how they signed in here."""

    visit_id: str
    sign_in_id: str
    person: Person
    way: SignInWay


class Visits:
    """All visits. `clock` gives aware datetimes; `lease_seconds` says how long a task may be open at the longest."""

    def __init__(
        self, database: Database, *, clock: Callable[[], datetime], lease_seconds: Callable[[], float] = lambda: 3_600.0
    ) -> None:
        self._database = database
        self._clock = clock
        self._lease_seconds = lease_seconds

    def ticket(self, sign_in_id: str) -> str:
        """A secret that lets whoever is signed in there enter the service once, within a minute. Raises AccessError."""
        made, now = secrets.token_urlsafe(32), self._clock()
        row = {
            "visit_id": secrets.token_hex(16),
            "sign_in_id": sign_in_id,
            "secret_digest": digest_of(made),
            "is_entered": False,
            "begun_at": now.timestamp(),
            "ends_at": (now + TICKET_LASTS).timestamp(),
        }
        with self._database.writing(lock=LOCK) as connection:
            connection.execute(sa.delete(review_visits).where(review_visits.c.ends_at <= now.timestamp()))
            stands = sa.select(sign_ins.c.sign_in_id).where(sign_ins.c.sign_in_id == sign_in_id)
            if connection.execute(stands).scalar() is None:
                raise _gone()
            connection.execute(sa.insert(review_visits).values(row))
        return made

    def enter(self, ticket: str) -> str:
        """The secret of a new visit, for a ticket that nobody used before; of one reviewer only the newest three visits stay.

        Raises AccessError (review.ticket)."""
        made, now = secrets.token_urlsafe(32), self._clock()
        unused = (
            review_visits.c.secret_digest == digest_of(ticket),
            review_visits.c.is_entered.is_(False),
            review_visits.c.ends_at > now.timestamp(),
        )
        with self._database.reading() as connection:  # strangers, who bring none, keep nobody waiting who writes
            if connection.execute(sa.select(review_visits.c.visit_id).where(*unused)).scalar() is None:
                raise _used()
        entered = {"secret_digest": digest_of(made), "is_entered": True, "begun_at": now.timestamp()}
        with self._database.writing(lock=LOCK) as connection:
            ends_at = (now + VISIT_LASTS).timestamp()
            if connection.execute(sa.update(review_visits).where(*unused).values(**entered, ends_at=ends_at)).rowcount != 1:
                raise _used()
            whose = connection.execute(_joined(review_visits.c.secret_digest == digest_of(made))).one()
            mine = (sign_ins.c.person_id == whose.person_id, review_visits.c.is_entered)
            newest = _joined(*mine).order_by(review_visits.c.begun_at.desc(), review_visits.c.visit_id)
            older = [row.visit_id for row in connection.execute(newest).all()][MOST_LEASES:]
            connection.execute(sa.delete(review_visits).where(review_visits.c.visit_id.in_(older)))
        return made

    def find(self, secret: str) -> Visit | None:
        """The visit of a secret; None for one that is unknown or over. Ask too whether its sign-in stands."""
        where = (
            review_visits.c.secret_digest == digest_of(secret),
            review_visits.c.is_entered,
            review_visits.c.ends_at > self._clock().timestamp(),
            people.c.suspended_at.is_(None),
        )
        with self._database.reading() as connection:
            row = connection.execute(_joined(*where)).one_or_none()
        if row is None:
            return None
        return Visit(
            visit_id=row.visit_id, sign_in_id=row.sign_in_id, person=person_of_row(row), way=SignInWay(row.signed_in_way)
        )

    def leave(self, secret: str) -> None:
        """End a visit."""
        with self._database.writing(lock=LOCK) as connection:
            connection.execute(sa.delete(review_visits).where(review_visits.c.secret_digest == digest_of(secret)))

    def hold(self, secret: str, task_id: str, *, reviewer: str) -> None:
        """Note that a visit opens a task: the one that it may judge from now on. The same one again counts once.

        Raises AccessError (review.enough) for one more than a reviewer may open within 24 hours.
        """
        now, digest = self._clock(), _digest(secret, task_id)
        until = now + timedelta(seconds=self._lease_seconds())
        with self._database.writing(lock=LOCK) as connection:
            connection.execute(sa.delete(review_openings).where(review_openings.c.begun_at <= (now - _DAY).timestamp()))
            known = sa.select(review_openings.c.digest).where(review_openings.c.digest == digest)
            if connection.execute(known).scalar() is None:
                mine = sa.select(sa.func.count()).where(review_openings.c.reviewer == reviewer)
                if connection.execute(mine).scalar_one() >= MOST_A_DAY:
                    raise AccessError(f"{MOST_A_DAY} tasks are enough for a day; go on tomorrow.", code="review.enough")
                row = {"digest": digest, "reviewer": reviewer, "begun_at": now.timestamp()}
                connection.execute(sa.insert(review_openings).values(row))
            is_held = (review_visits.c.held_digest == digest, review_visits.c.held_until > now.timestamp())
            visit = review_visits.c.secret_digest == digest_of(secret)
            if connection.execute(sa.select(review_visits.c.visit_id).where(visit, *is_held)).scalar() is None:
                held_now = {"held_digest": digest, "held_until": until.timestamp()}
                connection.execute(sa.update(review_visits).where(visit).values(held_now))

    def holds(self, secret: str, task_id: str) -> bool:
        """Whether a visit has opened that task, as the last one, and its time is not over."""
        return self._has(
            secret,
            review_visits.c.held_digest == _digest(secret, task_id),
            review_visits.c.held_until > self._clock().timestamp(),
        )

    def note_judged(self, secret: str, annotation_id: str) -> None:
        """Note that a judgement was taken, so that whoever did not learn it may hand it in again."""
        with self._database.writing(lock=LOCK) as connection:
            mine = sa.update(review_visits).where(review_visits.c.secret_digest == digest_of(secret))
            connection.execute(mine.values(judged_digest=_digest(secret, annotation_id)))

    def has_judged(self, secret: str, annotation_id: str) -> bool:
        """Whether that was the last judgement that was taken from this visit."""
        return self._has(secret, review_visits.c.judged_digest == _digest(secret, annotation_id))

    def _has(self, secret: str, *which: sa.ColumnElement[bool]) -> bool:
        query = sa.select(review_visits.c.visit_id).where(review_visits.c.secret_digest == digest_of(secret), *which)
        with self._database.reading() as connection:
            return connection.execute(query).scalar() is not None


def _joined(*which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Visits with the sign-in that they came from, and whose it is."""
    visit = (review_visits.c.visit_id, review_visits.c.sign_in_id, sign_ins.c.way.label("signed_in_way"))
    joined = review_visits.join(sign_ins, sign_ins.c.sign_in_id == review_visits.c.sign_in_id)
    return sa.select(people, *visit).select_from(joined.join(people, people.c.person_id == sign_ins.c.person_id)).where(*which)


def _digest(secret: str, what: str) -> bytes:
    return hashlib.sha256(f"{secret}\n{what}".encode()).digest()


def lease_of(secret: str, task_id: str) -> str:
    """The household's own id of a visit's lease of a task: nobody can tell it from the service's database."""
    return _digest(secret, task_id).hex()[:32]


def _used() -> AccessError:
    return AccessError("This ticket was used, or is too old; come again from your own page.", code="review.ticket")


def _gone() -> AccessError:
    return AccessError("Sign in first, at /sign-in.", code="access.not_signed_in")
