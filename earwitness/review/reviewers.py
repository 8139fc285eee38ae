"""Who works at the desk, by alias: who passed the test and read the guidelines, who is suspended and why, and what each did.

Owns the tables `reviewers`, `access`, `suspensions` and `canaries` of the desk. Nothing that somebody did is ever deleted from
`access`: who restores somebody pardons it up to a number. Calls block.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from earwitness.domain.errors import AccessError
from earwitness.people.aliases import new_alias
from earwitness.review import conduct
from earwitness.review.conduct import Act, Done, Rule
from earwitness.review.task_rows import lease_row, new_row
from earwitness.storage.database import Database
from earwitness.storage.desk import LOCK, access, canaries, leases, reviewers, suspensions, tasks
from earwitness.storage.moments import moment

MOST_LOOKED_AT: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How somebody stands at the desk; `read_version` is the version of the guidelines that they read last, 0 for none."""

    has_passed: bool = False
    passed_at: datetime | None = None
    read_version: int = 0
    is_sheltered: bool = False
    """Whether nothing comes to them that somebody flagged as disturbing."""
    suspended_for: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspension:
    """One suspension, and how it ended; `ended_by` is an alias."""

    reviewer: str
    at: datetime
    reason: str
    ended_at: datetime | None
    ended_by: str | None
    ended_why: str | None


class Reviewers:
    """The reviewers of one desk. `clock` gives aware datetimes."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def standing(self, reviewer: str) -> Standing:
        """How somebody stands; nobody known stands as somebody new. Raises StorageError."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(reviewers).where(reviewers.c.reviewer == reviewer)).one_or_none()
        if row is None:
            return Standing()
        return Standing(
            has_passed=row.passed_at is not None,
            passed_at=None if row.passed_at is None else moment(row.passed_at),
            read_version=row.read_version,
            is_sheltered=row.is_sheltered,
            suspended_for=None if row.suspended_at is None else row.reason,
        )

    def known(self) -> tuple[str, ...]:
        """The aliases of all who ever passed the test or were suspended, sorted."""
        with self._database.reading() as connection:
            return tuple(connection.execute(sa.select(reviewers.c.reviewer).order_by(reviewers.c.reviewer)).scalars().all())

    def working(self) -> int:
        """How many may work."""
        where = (reviewers.c.passed_at.is_not(None), reviewers.c.suspended_at.is_(None))
        with self._database.reading() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(reviewers).where(*where)).scalar_one()

    def check_not_suspended(self, reviewer: str) -> Standing:
        """How somebody stands. Raises AccessError (review.suspended)."""
        found = self.standing(reviewer)
        if found.suspended_for is not None:
            raise AccessError(
                f"You are suspended: {found.suspended_for}. Talk to whoever oversees review.", code="review.suspended"
            )
        return found

    def check_may_work(self, reviewer: str, *, version: int) -> Standing:
        """How somebody stands who may work by that version of the guidelines. Raises AccessError: review.suspended,
        review.untested, review.unread."""
        found = self.check_not_suspended(reviewer)
        if not found.has_passed:
            raise AccessError("Read the guidelines and pass the short test first.", code="review.untested")
        if found.read_version < version:
            raise AccessError("The guidelines were changed; read them, and say that you have.", code="review.unread")
        return found

    # What is noted of them

    def passed(self, reviewer: str, *, version: int) -> None:
        """Note that somebody passed the test by that version of the guidelines. Raises StorageError."""
        self._put(reviewer, passed_at=self._clock().timestamp(), read_version=version)

    def read(self, reviewer: str, *, version: int) -> None:
        """Note that somebody read that version of the guidelines. Raises StorageError."""
        self._put(reviewer, read_version=version)

    def to_the_test(self, reviewer: str) -> None:
        """Let somebody pass the test again before they go on. Raises StorageError."""
        self._put(reviewer, passed_at=None)

    def shelter(self, reviewer: str, *, is_on: bool) -> None:
        """Keep from somebody what was flagged as disturbing, or do so no more. Raises StorageError."""
        self._put(reviewer, is_sheltered=is_on)

    def suspend(self, reviewer: str, *, reason: str) -> None:
        """Let somebody do nothing more here; their leases end. Raises StorageError."""
        now = self._clock().timestamp()
        mine = reviewers.c.reviewer == reviewer
        with self._database.writing(lock=LOCK) as connection:
            stands = connection.execute(sa.select(reviewers.c.reviewer, reviewers.c.suspended_at).where(mine)).one_or_none()
            if stands is None:
                connection.execute(sa.insert(reviewers).values(reviewer=reviewer))
            if stands is None or stands.suspended_at is None:
                connection.execute(sa.update(reviewers).where(mine).values(suspended_at=now, reason=reason))
                last = sa.select(sa.func.coalesce(sa.func.max(access.c.number), 0)).where(access.c.reviewer == reviewer)
                row = {"reviewer": reviewer, "at": now, "reason": reason, "up_to": connection.execute(last).scalar_one()}
                connection.execute(sa.insert(suspensions).values(row))
            held = (leases.c.reviewer == reviewer, leases.c.ended_at.is_(None))
            connection.execute(sa.update(leases).where(*held).values(ended_at=now, how="suspended"))

    def restore(self, reviewer: str, *, by: str, why: str) -> None:
        """Let somebody who is suspended work again. What they did before stays, and counts no more against them."""
        with self._database.writing(lock=LOCK) as connection:
            last = sa.select(sa.func.coalesce(sa.func.max(access.c.number), 0)).where(access.c.reviewer == reviewer)
            pardoned = {"suspended_at": None, "reason": "", "pardoned_up_to": connection.execute(last).scalar_one()}
            connection.execute(sa.update(reviewers).where(reviewers.c.reviewer == reviewer).values(pardoned))
            open_ones = (suspensions.c.reviewer == reviewer, suspensions.c.ended_at.is_(None))
            ended = {"ended_at": self._clock().timestamp(), "ended_by": by, "ended_why": why}
            connection.execute(sa.update(suspensions).where(*open_ones).values(ended))

    def suspended(self) -> tuple[tuple[str, str, datetime], ...]:
        """Who is suspended, why and since when."""
        query = sa.select(reviewers).where(reviewers.c.suspended_at.is_not(None)).order_by(reviewers.c.suspended_at)
        with self._database.reading() as connection:
            return tuple((row.reviewer, row.reason, moment(row.suspended_at)) for row in connection.execute(query).all())

    def suspensions(self) -> tuple[Suspension, ...]:
        """Every suspension, the newest first."""
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(suspensions).order_by(suspensions.c.number.desc())).all()
        return tuple(
            Suspension(
                reviewer=row.reviewer,
                at=moment(row.at),
                reason=row.reason,
                ended_at=None if row.ended_at is None else moment(row.ended_at),
                ended_by=row.ended_by,
                ended_why=row.ended_why,
            )
            for row in rows
        )

    # What they do

    def note(self, reviewer: str, what: Act, *, task_id: str | None = None) -> None:
        """Note what was done, and suspend at once if that breaks a rule."""
        now = self._clock()
        with self._database.writing(lock=LOCK) as connection:
            connection.execute(sa.insert(access).values(at=now.timestamp(), reviewer=reviewer, what=what.value, task_id=task_id))
            pardoned = sa.select(reviewers.c.pardoned_up_to).where(reviewers.c.reviewer == reviewer).scalar_subquery()
            counting = (access.c.reviewer == reviewer, access.c.number > sa.func.coalesce(pardoned, 0))
            query = sa.select(access).where(*counting).order_by(access.c.number.desc()).limit(MOST_LOOKED_AT)
            rows = connection.execute(query).all()
        log = [Done(at=moment(row.at), what=Act(row.what), task_id=row.task_id) for row in reversed(rows)]
        if (rule := conduct.broken(log, now=now)) is not None:
            self.suspend(reviewer, reason=rule.value)

    def lay_bait(self, *, lasts: timedelta) -> None:
        """See to it that a lease stands which nobody was ever given, of somebody who does not exist: whoever asks for it has its
        id from this database. Raises StorageError."""
        now = self._clock()
        with self._database.reading() as connection:
            fresh = canaries.c.made_at > (now - lasts).timestamp()
            if connection.execute(sa.select(canaries.c.digest).where(fresh)).first() is not None:
                return
        with self._database.writing(lock=LOCK) as connection:
            week = connection.execute(sa.select(tasks.c.week).where(tasks.c.state == "open").limit(1)).scalar()
            if week is None:
                return
            task = new_row(secrets.token_hex(16), week=week, made_up=secrets.token_hex(16))
            connection.execute(sa.insert(tasks).values(task))
            sign_in_id = secrets.token_hex(16)
            lease = lease_row(str(task["task_id"]), reviewer=new_alias(), sign_in_id=sign_in_id, now=now, lasts=lasts)
            connection.execute(sa.insert(leases).values(lease))
            bait = {"digest": _digest(str(lease["lease_id"])), "made_at": now.timestamp()}
            connection.execute(sa.insert(canaries).values(bait))

    def refuse(self, reviewer: str, lease_id: str) -> None:
        """Note that somebody asked for a lease that is not theirs; whoever asks for bait is suspended at once."""
        self.note(reviewer, Act.REFUSED)
        with self._database.reading() as connection:
            is_bait = connection.execute(sa.select(canaries).where(canaries.c.digest == _digest(lease_id))).first() is not None
        if is_bait:
            self.suspend(reviewer, reason=Rule.CANARY.value)

    def _put(self, reviewer: str, **values: object) -> None:
        with self._database.writing(lock=LOCK) as connection:
            where = reviewers.c.reviewer == reviewer
            if connection.execute(sa.select(reviewers.c.reviewer).where(where)).scalar() is None:
                connection.execute(sa.insert(reviewers).values(reviewer=reviewer, **values))
            else:
                connection.execute(sa.update(reviewers).where(where).values(**values))


def _digest(lease_id: str) -> str:
    return hashlib.sha256(lease_id.encode()).hexdigest()
