"""The reviewers' desk: tasks, short leases, annotations, and who may work. Owns the desk's database, which knows nobody.

It never sees a recording: words come from the `Porter`, on the household's side, each time they are opened. Calls block.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import sqlalchemy as sa

from earwitness.domain.errors import AccessError, ReviewError
from earwitness.domain.recording import Actor
from earwitness.domain.review import Annotation, Label
from earwitness.review import conduct
from earwitness.review.agreement import Delivered
from earwitness.review.conduct import Act, Done
from earwitness.storage.database import Database
from earwitness.storage.desk import access, annotations, leases, reviewers, tasks
from earwitness.storage.moments import moment

LONGEST_LEASE: Final = timedelta(hours=8)
MOST_LEASES: Final = 3
"""Tasks that one reviewer may have at a time."""
MOST_A_DAY: Final = 150
"""Tasks that one reviewer may begin within 24 hours: what is read all day wears people out."""
LOCK: Final = 0x4445534B
MOST_LOOKED_AT: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskWords:
    """What a reviewer is shown of a task: blanked-out words, and what was understood. Nothing else ever goes to them."""

    transcript: str
    intent: str | None
    slots: tuple[tuple[str, str], ...]
    outcome: str


class Porter(Protocol):
    """Fetches the words of a task from the household, on record, and hands judgements over to it."""

    def words(self, actor: Actor, task_id: str) -> TaskWords:
        """Open a task's words. Raises ReviewError (review.over), AccessError, LedgerError, VaultError."""
        ...

    def deliver(self, actor: Actor, task_id: str, annotation: Annotation, *, of: int = 1) -> Delivered:
        """Hand a judgement over, so that it is kept as long as what was judged; of so many that are to be made. Raises as
        `words`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A reviewer's right to one task until a moment."""

    lease_id: str
    task_id: str
    pseudonym: str
    week: str
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How a reviewer stands: tasks judged in the last day, still allowed in it, and waiting for anybody."""

    judged: int
    left: int
    waiting: int
    has_passed: bool


class Desk:
    """The desk. `clock` gives aware datetimes; a lease lasts as `lease_seconds` says, eight hours at most."""

    def __init__(
        self,
        database: Database,
        *,
        porter: Porter,
        clock: Callable[[], datetime],
        lease_seconds: Callable[[], float] = lambda: 3_600.0,
    ) -> None:
        self._database = database
        self._porter = porter
        self._clock = clock
        self._lease_seconds = lease_seconds

    # From the household

    def add(self, task_id: str, *, week: str) -> None:
        """Take a task, which nobody can tell from another, or take one again that was withdrawn. Raises StorageError."""
        with self._database.writing(lock=LOCK) as connection:
            known = connection.execute(sa.select(tasks.c.task_id).where(tasks.c.task_id == task_id)).scalar()
            if known is None:
                row = {"task_id": task_id, "pseudonym": f"speaker {secrets.token_hex(3)}", "week": week, "state": "open"}
                connection.execute(sa.insert(tasks).values(row))
            else:
                withdrawn = (tasks.c.task_id == task_id, tasks.c.state == "withdrawn")
                connection.execute(sa.update(tasks).where(*withdrawn).values(state="open"))

    def withdraw(self, task_id: str) -> None:
        """End a task: its leases end now, and what was judged of it is forgotten. Raises StorageError."""
        self._close(task_id, state="withdrawn", how="withdrawn")

    def _close(self, task_id: str, *, state: str, how: str) -> None:
        ended = {"ended_at": self._clock().timestamp(), "how": how}
        with self._database.writing(lock=LOCK) as connection:
            connection.execute(sa.update(tasks).where(tasks.c.task_id == task_id).values(state=state))
            open_ones = (leases.c.task_id == task_id, leases.c.ended_at.is_(None))
            connection.execute(sa.update(leases).where(*open_ones).values(ended))
            connection.execute(sa.delete(annotations).where(annotations.c.task_id == task_id))

    def open_tasks(self) -> frozenset[str]:
        """The tasks that may still be judged."""
        with self._database.reading() as connection:
            return frozenset(connection.execute(sa.select(tasks.c.task_id).where(tasks.c.state == "open")).scalars())

    # Reviewers

    def progress(self, reviewer: str) -> Progress:
        """How a reviewer stands. Raises StorageError."""
        since = (self._clock() - timedelta(days=1)).timestamp()
        mine = (leases.c.reviewer == reviewer, leases.c.begun_at > since)
        with self._database.reading() as connection:
            begun = connection.execute(sa.select(sa.func.count()).select_from(leases).where(*mine)).scalar_one()
            judged = connection.execute(
                sa.select(sa.func.count()).select_from(leases).where(*mine, leases.c.how == "judged")
            ).scalar_one()
            waiting = connection.execute(
                sa.select(sa.func.count()).select_from(tasks).where(tasks.c.state == "open")
            ).scalar_one()
            row = connection.execute(sa.select(reviewers).where(reviewers.c.reviewer == reviewer)).one_or_none()
        has_passed = row is not None and row.passed_at is not None
        return Progress(judged=judged, left=max(0, MOST_A_DAY - begun), waiting=waiting, has_passed=has_passed)

    def passed(self, reviewer: str) -> None:
        """Note that a reviewer passed the test. Raises StorageError."""
        self._note_reviewer(reviewer, passed_at=self._clock().timestamp())

    def suspend(self, reviewer: str, *, reason: str) -> None:
        """Let a reviewer do nothing more here; their leases end. Raises StorageError."""
        now = self._clock().timestamp()
        self._note_reviewer(reviewer, suspended_at=now, reason=reason)
        with self._database.writing(lock=LOCK) as connection:
            mine = (leases.c.reviewer == reviewer, leases.c.ended_at.is_(None))
            connection.execute(sa.update(leases).where(*mine).values(ended_at=now, how="suspended"))

    def restore(self, reviewer: str) -> None:
        """Let a suspended reviewer work again; what they did before counts no more against them. Raises StorageError."""
        self._note_reviewer(reviewer, suspended_at=None, reason="")
        with self._database.writing(lock=LOCK) as connection:
            connection.execute(sa.delete(access).where(access.c.reviewer == reviewer))

    def suspended(self) -> tuple[tuple[str, str, datetime], ...]:
        """Who is suspended, why and since when."""
        query = sa.select(reviewers).where(reviewers.c.suspended_at.is_not(None)).order_by(reviewers.c.suspended_at)
        with self._database.reading() as connection:
            return tuple((row.reviewer, row.reason, moment(row.suspended_at)) for row in connection.execute(query).all())

    def _note_reviewer(self, reviewer: str, **values: object) -> None:
        with self._database.writing(lock=LOCK) as connection:
            where = reviewers.c.reviewer == reviewer
            if connection.execute(sa.select(reviewers.c.reviewer).where(where)).scalar() is None:
                connection.execute(sa.insert(reviewers).values(reviewer=reviewer, **values))
            else:
                connection.execute(sa.update(reviewers).where(where).values(**values))

    # Leases

    def begin(self, actor: Actor, *, sign_in_id: str) -> Lease | None:
        """A lease of a task that nobody else has, or the one that the reviewer has already in this sign-in; None if none waits.

        Raises AccessError: review.suspended, review.untested, review.enough (for today, or at a time).
        """
        reviewer = actor.alias
        self._check_may_work(reviewer)
        mine = self._open_leases(reviewer, sign_in_id)
        if mine:
            return mine[0]
        now = self._clock()
        if self.progress(reviewer).left <= 0:
            raise AccessError(f"{MOST_A_DAY} tasks are enough for a day; go on tomorrow.", code="review.enough")
        with self._database.writing(lock=LOCK) as connection:
            if len(connection.execute(_running(leases.c.reviewer == reviewer, now=now)).all()) >= MOST_LEASES:
                raise AccessError("You have enough tasks; finish one where you began it.", code="review.enough")
            task = connection.execute(_free_tasks(reviewer, now=now).limit(1)).one_or_none()
            if task is None:
                return None
            row = {
                "lease_id": secrets.token_hex(16),
                "task_id": task.task_id,
                "reviewer": reviewer,
                "sign_in": sign_in_id,
                "begun_at": now.timestamp(),
                "ends_at": (now + min(timedelta(seconds=self._lease_seconds()), LONGEST_LEASE)).timestamp(),
            }
            connection.execute(sa.insert(leases).values(row))
        self._log(reviewer, Act.LEASED, task_id=task.task_id)
        return self._mine(reviewer, str(row["lease_id"]), sign_in_id)

    def is_running(self, actor: Actor, lease_id: str, *, sign_in_id: str) -> bool:
        """Whether a lease of that reviewer still stands; to ask opens nothing and is no misuse. Raises StorageError."""
        return any(one.lease_id == lease_id for one in self._open_leases(actor.alias, sign_in_id))

    def held(self, actor: Actor, lease_id: str, *, sign_in_id: str) -> Lease:
        """The lease, if it stands and is that reviewer's in that sign-in. Raises AccessError, ReviewError; both are on record."""
        self._check_may_work(actor.alias)
        return self._mine(actor.alias, lease_id, sign_in_id)

    def note(self, actor: Actor, what: Act, *, task_id: str | None = None) -> None:
        """Note what a reviewer did elsewhere with a task; a rule that it breaks suspends them. Raises StorageError."""
        self._log(actor.alias, what, task_id=task_id)

    def open(self, actor: Actor, lease_id: str, *, sign_in_id: str) -> tuple[Lease, TaskWords]:
        """Fetch the words of a leased task: on record each time. Raises AccessError, ReviewError, LedgerError, VaultError."""
        self._check_may_work(actor.alias)
        lease = self._mine(actor.alias, lease_id, sign_in_id)
        with self._database.writing(lock=LOCK) as connection:
            where = leases.c.lease_id == lease_id
            connection.execute(sa.update(leases).where(where).values(opened=leases.c.opened + 1))
        self._log(actor.alias, Act.OPENED, task_id=lease.task_id)
        self._check_may_work(actor.alias)
        return lease, self._porter.words(actor, lease.task_id)

    def judge(self, actor: Actor, lease_id: str, *, sign_in_id: str, body: Mapping[str, Any]) -> Annotation:
        """Take a judgement and hand it over; the task is done. `body` has transcript, intent, slots and labels.

        Nothing of it is kept here. Whoever does not learn how it went hands in the same again: it has the same id, and counts
        once. Raises AccessError, ReviewError, LedgerError, VaultError.
        """
        self._check_may_work(actor.alias)
        lease = self._mine(actor.alias, lease_id, sign_in_id)
        annotation = Annotation(
            annotation_id=annotation_id_of(lease_id, body),
            by=actor.alias,
            made_at=self._clock(),
            transcript=body["transcript"],
            intent=body["intent"],
            slots=tuple(sorted((str(name), str(value)) for name, value in body["slots"].items())),
            labels=frozenset(Label(label) for label in body["labels"]),
        )
        with self._database.reading() as connection:
            if not connection.execute(_running(leases.c.lease_id == lease_id, now=self._clock())).all():
                raise ReviewError("This lease is over.", code="review.over")  # since `_mine`: no judgement outlives its task
        self._porter.deliver(actor, lease.task_id, annotation)
        self._close(lease.task_id, state="done", how="judged")
        self._log(actor.alias, Act.JUDGED, task_id=lease.task_id)
        return annotation

    def hand_back(self, actor: Actor, lease_id: str, *, sign_in_id: str) -> None:
        """Give a task back, without a reason and without any cost: somebody else gets it. Raises ReviewError."""
        lease = self._mine(actor.alias, lease_id, sign_in_id)
        with self._database.writing(lock=LOCK) as connection:
            ended = {"ended_at": self._clock().timestamp(), "how": "handed_back"}
            connection.execute(sa.update(leases).where(leases.c.lease_id == lease_id).values(ended))
        self._log(actor.alias, Act.HANDED_BACK, task_id=lease.task_id)

    def _check_may_work(self, reviewer: str) -> None:
        with self._database.reading() as connection:
            row = connection.execute(sa.select(reviewers).where(reviewers.c.reviewer == reviewer)).one_or_none()
        if row is not None and row.suspended_at is not None:
            raise AccessError(f"You are suspended: {row.reason}. Talk to whoever oversees review.", code="review.suspended")
        if row is None or row.passed_at is None:
            raise AccessError("Read the guidelines and pass the short test first.", code="review.untested")

    def _mine(self, reviewer: str, lease_id: str, sign_in_id: str) -> Lease:
        """A lease that stands, of that reviewer in that sign-in. Raises ReviewError (review.over); that is on record too."""
        found = next((one for one in self._open_leases(reviewer, sign_in_id) if one.lease_id == lease_id), None)
        if found is None:
            self._log(reviewer, Act.REFUSED)
            raise ReviewError("This lease is over, or was never yours.", code="review.over")
        return found

    def _open_leases(self, reviewer: str, sign_in_id: str) -> list[Lease]:
        mine = _running(leases.c.reviewer == reviewer, leases.c.sign_in == sign_in_id, now=self._clock())
        with self._database.reading() as connection:
            return [_lease(row) for row in connection.execute(mine.order_by(leases.c.begun_at)).all()]

    def _log(self, reviewer: str, what: Act, *, task_id: str | None = None) -> None:
        """Note what was done, and suspend at once if that breaks a rule."""
        now = self._clock()
        mine = access.c.reviewer == reviewer
        with self._database.writing(lock=LOCK) as connection:
            connection.execute(sa.insert(access).values(at=now.timestamp(), reviewer=reviewer, what=what.value, task_id=task_id))
            query = sa.select(access).where(mine).order_by(access.c.number.desc()).limit(MOST_LOOKED_AT)
            rows = connection.execute(query).all()
        log = [Done(at=moment(row.at), what=Act(row.what), task_id=row.task_id) for row in reversed(rows)]
        if (rule := conduct.broken(log, now=now)) is not None:
            self.suspend(reviewer, reason=rule.value)


def annotation_id_of(lease_id: str, body: Mapping[str, Any]) -> str:
    """The id of a judgement: the same for the same one of the same lease, which nobody else can guess."""
    said = json.dumps({**body, "labels": sorted(body["labels"])}, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(f"{lease_id}\n{said}".encode()).hexdigest()[:32]


def _running(*which: sa.ColumnElement[bool], now: datetime) -> sa.Select[Any]:
    """Leases that stand, of tasks that may still be judged."""
    joined = sa.select(leases, tasks.c.pseudonym, tasks.c.week).join(tasks, tasks.c.task_id == leases.c.task_id)
    return joined.where(*which, leases.c.ended_at.is_(None), leases.c.ends_at > now.timestamp(), tasks.c.state == "open")


def _free_tasks(reviewer: str, *, now: datetime) -> sa.Select[Any]:
    """Open tasks that nobody has now and that this reviewer never had, in a random order."""
    taken = sa.select(leases.c.task_id).where(
        sa.or_(
            sa.and_(leases.c.ended_at.is_(None), leases.c.ends_at > now.timestamp()),
            leases.c.reviewer == reviewer,
        )
    )
    return sa.select(tasks.c.task_id).where(tasks.c.state == "open", tasks.c.task_id.not_in(taken)).order_by(sa.func.random())


def _lease(row: Any) -> Lease:
    return Lease(lease_id=row.lease_id, task_id=row.task_id, pseudonym=row.pseudonym, week=row.week, ends_at=moment(row.ends_at))
