"""The reviewers' desk: tasks, short leases and annotations. Owns the desk's database, which knows nobody.

It never sees a recording: words come from the `Porter`, on the household's side, each time they are opened. Who works here is in
`reviewers`, which task is next in `task_rows`, gold tasks in `gold`, what the lead decides in `adjudication`. Calls block.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import sqlalchemy as sa

from earwitness.domain.errors import AccessError, ReviewError
from earwitness.domain.recording import Actor
from earwitness.domain.review import Annotation, Label, Settled
from earwitness.review.agreement import Delivered
from earwitness.review.conduct import Act, Rule
from earwitness.review.entry_test import EntryTest
from earwitness.review.exposure import Spell, Stints, rest_until
from earwitness.review.gold import Golds, GoldTerms
from earwitness.review.guidelines import Guidelines
from earwitness.review.quality import Quality
from earwitness.review.reviewers import Reviewers, Standing
from earwitness.review.task_rows import close, end_leases, lease_row, new_row, next_task, note_judgement, running
from earwitness.review.task_words import TaskWords
from earwitness.storage.database import Database
from earwitness.storage.desk import LOCK, leases, tasks
from earwitness.storage.moments import moment

LONGEST_LEASE: Final = timedelta(hours=8)
MOST_LEASES: Final = 3
"""Tasks that one reviewer may have at a time."""
MOST_A_DAY: Final = 150
"""Tasks that one reviewer may begin within 24 hours: what is read all day wears people out."""
SECOND: Final = 2
"""How many judge a task that is to be judged twice."""


class Porter(Protocol):
    """Fetches the words of a task from the household, on record, and hands judgements over to it."""

    def words(self, actor: Actor, task_id: str) -> TaskWords:
        """Open a task's words. Raises ReviewError (review.over), AccessError, LedgerError, VaultError."""
        ...

    def deliver(self, actor: Actor, task_id: str, annotation: Annotation, *, of: int = 1) -> Delivered:
        """Hand a judgement over, so that it is kept as long as what was judged; of so many that are to be made. Raises as
        `words`."""
        ...

    def disputed(self, actor: Actor, task_id: str) -> tuple[TaskWords, tuple[Annotation, ...]]:
        """Open a task's words with the judgements of it that do not count by themselves. Raises as `words`."""
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
class DeskTerms:
    """How the desk works: which share of tasks two people judge, gold tasks, and rests."""

    double_share: float = 0.0
    gold: GoldTerms = field(default_factory=GoldTerms)
    stints: Stints = field(default_factory=Stints)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How a reviewer stands: tasks judged in the last day, still allowed in it, and whether another one waits for them. How many
    wait is not told: whoever counts along would learn which task is gold, or judged twice."""

    judged: int
    left: int
    has_more: bool
    has_passed: bool
    has_read: bool
    """Whether they read the version of the guidelines that is in force."""
    is_sheltered: bool
    rests_until: datetime | None


class Desk:
    """The desk. `clock` gives aware datetimes; a lease lasts as `lease_seconds` says, eight hours at most; `intents` gives the
    intents that are known here."""

    def __init__(
        self,
        database: Database,
        *,
        porter: Porter,
        clock: Callable[[], datetime],
        lease_seconds: Callable[[], float] = lambda: 3_600.0,
        terms: DeskTerms | None = None,
        intents: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self._database = database
        self._porter = porter
        self._clock = clock
        self._lease_seconds = lease_seconds
        self._terms = terms or DeskTerms()
        self._intents = intents
        self.reviewers = Reviewers(database, clock=clock)
        self.guidelines = Guidelines(database, clock=clock)
        self.test = EntryTest(database, guidelines=self.guidelines, reviewers=self.reviewers, clock=clock)
        self.golds = Golds(database, clock=clock)
        self.quality = Quality(database, golds=self.golds, reviewers=self.reviewers, clock=clock)

    # From the household

    def add(self, task_id: str, *, week: str) -> None:
        """Take a task, which nobody can tell from another, or take one again that was withdrawn. Raises StorageError."""
        is_double = _happens(self._terms.double_share) and self.reviewers.working() >= SECOND
        with self._database.writing(lock=LOCK) as connection:
            known = connection.execute(sa.select(tasks.c.task_id).where(tasks.c.task_id == task_id)).scalar()
            if known is None:
                row = new_row(task_id, week=week, wanted=SECOND if is_double else 1)
                connection.execute(sa.insert(tasks).values(row))
            else:
                withdrawn = (tasks.c.task_id == task_id, tasks.c.state == "withdrawn")
                connection.execute(sa.update(tasks).where(*withdrawn).values(state="open"))

    def withdraw(self, task_id: str) -> None:
        """End a task: its leases end now, and what was judged of it is forgotten. Raises StorageError."""
        with self._database.writing(lock=LOCK) as connection:
            close(connection, task_id, state="withdrawn", how="withdrawn", now=self._clock())

    def open_tasks(self) -> frozenset[str]:
        """The tasks of recordings that may still be judged."""
        query = sa.select(tasks.c.task_id).where(tasks.c.state == "open", tasks.c.made_up.is_(None))
        with self._database.reading() as connection:
            return frozenset(connection.execute(query).scalars())

    # Reviewers

    def progress(self, reviewer: str) -> Progress:
        """How a reviewer stands. Raises StorageError."""
        now, standing = self._clock(), self.reviewers.standing(reviewer)
        since = (now - timedelta(days=1)).timestamp()
        query = sa.select(leases).where(leases.c.reviewer == reviewer, leases.c.begun_at > since).order_by(leases.c.begun_at)
        with self._database.reading() as connection:
            mine = connection.execute(query).all()
            task = next_task(connection, reviewer, now=now, is_sheltered=standing.is_sheltered)
        spells = [Spell(begun_at=moment(one.begun_at), ended_at=_moment(one.ended_at)) for one in mine]
        rests = rest_until(spells, now=now, stints=self._terms.stints)
        return Progress(
            judged=sum(one.how == "judged" for one in mine),
            left=max(0, MOST_A_DAY - len(mine)),
            has_more=task is not None,
            has_passed=standing.has_passed,
            has_read=standing.read_version >= self.guidelines.number(),
            is_sheltered=standing.is_sheltered,
            rests_until=rests if rests is not None and rests > now else None,
        )

    def passed(self, reviewer: str) -> None:
        """Note that a reviewer passed the test. Raises StorageError."""
        self.reviewers.passed(reviewer, version=self.guidelines.number())

    def suspend(self, reviewer: str, *, reason: str) -> None:
        """Let a reviewer do nothing more here; their leases end. Raises StorageError."""
        self.reviewers.suspend(reviewer, reason=reason)

    def suspended(self) -> tuple[tuple[str, str, datetime], ...]:
        """Who is suspended, why and since when."""
        return self.reviewers.suspended()

    # Leases

    def begin(self, actor: Actor, *, sign_in_id: str) -> Lease | None:
        """A lease of a task that nobody else has, or the one that the reviewer has already in this sign-in; None if none waits.

        Raises AccessError: review.suspended, review.untested, review.unread, review.rest, review.enough (for today, or at a
        time).
        """
        reviewer = actor.alias
        standing = self._check_may_work(reviewer)
        mine = self._open_leases(reviewer, sign_in_id)
        if mine:
            return mine[0]
        now, progress = self._clock(), self.progress(reviewer)
        if progress.left <= 0:
            raise AccessError(f"{MOST_A_DAY} tasks are enough for a day; go on tomorrow.", code="review.enough")
        if progress.rests_until is not None:
            minutes = max(1, round((progress.rests_until - now).total_seconds() / 60))
            raise AccessError(f"Take a break; go on in {minutes} min. It costs you nothing.", code="review.rest")
        lasts = min(timedelta(seconds=self._lease_seconds()), LONGEST_LEASE)
        self.reviewers.lay_bait(lasts=lasts)
        with self._database.writing(lock=LOCK) as connection:
            if len(connection.execute(running(leases.c.reviewer == reviewer, now=now)).all()) >= MOST_LEASES:
                raise AccessError("You have enough tasks; finish one where you began it.", code="review.enough")
            task = next_task(connection, reviewer, now=now, is_sheltered=standing.is_sheltered)
            if task is None:
                return None
            task_id = self._gold_task(connection, reviewer, week=task.week) or task.task_id
            row = lease_row(task_id, reviewer=reviewer, sign_in_id=sign_in_id, now=now, lasts=lasts)
            connection.execute(sa.insert(leases).values(row))
        self.reviewers.note(reviewer, Act.LEASED, task_id=task_id)
        return self._mine(reviewer, str(row["lease_id"]), sign_in_id)

    def is_running(self, actor: Actor, lease_id: str, *, sign_in_id: str) -> bool:
        """Whether a lease of that reviewer still stands; to ask opens nothing and is no misuse. Raises StorageError."""
        return any(one.lease_id == lease_id for one in self._open_leases(actor.alias, sign_in_id))

    def held(self, actor: Actor, lease_id: str, *, sign_in_id: str) -> Lease:
        """The lease, if it stands and is that reviewer's in that sign-in. Raises AccessError, ReviewError; both are on record."""
        self._check_may_work(actor.alias)
        return self._mine(actor.alias, lease_id, sign_in_id)

    def is_made_up(self, task_id: str) -> bool:
        """Whether a task is gold: there are words of it, and never a sound."""
        return self._kind(task_id)[1] is not None

    def note(self, actor: Actor, what: Act, *, task_id: str | None = None) -> None:
        """Note what a reviewer did elsewhere with a task; a rule that it breaks suspends them. Raises StorageError."""
        self.reviewers.note(actor.alias, what, task_id=task_id)

    def open(self, actor: Actor, lease_id: str, *, sign_in_id: str) -> tuple[Lease, TaskWords]:
        """Fetch the words of a leased task: on record each time. Raises AccessError, ReviewError, LedgerError, VaultError."""
        self._check_may_work(actor.alias)
        lease = self._mine(actor.alias, lease_id, sign_in_id)
        with self._database.writing(lock=LOCK) as connection:
            where = leases.c.lease_id == lease_id
            connection.execute(sa.update(leases).where(where).values(opened=leases.c.opened + 1))
        self.reviewers.note(actor.alias, Act.OPENED, task_id=lease.task_id)
        self._check_may_work(actor.alias)
        _, made_up = self._kind(lease.task_id)
        return lease, self._porter.words(actor, lease.task_id) if made_up is None else self.golds.find(made_up).shown

    def judge(self, actor: Actor, lease_id: str, *, sign_in_id: str, body: Mapping[str, Any]) -> Annotation:
        """Take a judgement and hand it over; the task is done, unless a second one is to come. `body` has transcript, intent,
        slots and labels.

        No word of it is kept here. Whoever does not learn how it went hands in the same again: it has the same id, and counts
        once. Raises AccessError, ReviewError, LedgerError, VaultError.
        """
        self._check_may_work(actor.alias)
        lease = self._mine(actor.alias, lease_id, sign_in_id)
        version = self.guidelines.number()
        annotation = annotation_out_of(body, given_by=lease_id, by=actor.alias, made_at=self._clock(), guidelines=version)
        wanted, made_up = self._kind(lease.task_id)
        if made_up is not None:
            self._judge_gold(made_up, lease, annotation)
            return annotation
        with self._database.reading() as connection:
            if not connection.execute(running(leases.c.lease_id == lease_id, now=self._clock())).all():
                raise ReviewError("This lease is over.", code="review.over")  # since `_mine`: no judgement outlives its task
        intents = self._intents()  # before the judgement is handed over, and while nobody waits for the database
        delivered = self._porter.deliver(actor, lease.task_id, annotation, of=wanted)
        self._settle(lease, annotation, delivered=delivered, wanted=wanted, intents=intents)
        self.reviewers.note(actor.alias, Act.JUDGED, task_id=lease.task_id)
        return annotation

    def hand_back(self, actor: Actor, lease_id: str, *, sign_in_id: str, is_disturbing: bool = False) -> None:
        """Give a task back, without a reason and without any cost: somebody else gets it; nobody who wants nothing disturbing,
        if it `is_disturbing`. Raises ReviewError."""
        lease = self._mine(actor.alias, lease_id, sign_in_id)
        _, made_up = self._kind(lease.task_id)
        with self._database.writing(lock=LOCK) as connection:
            end_leases(connection, leases.c.lease_id == lease_id, how="handed_back", now=self._clock())
            if made_up is not None:
                close(connection, lease.task_id, state="withdrawn", how="handed_back", now=self._clock())
            if is_disturbing:
                _flag(connection, lease.task_id)
        self.reviewers.note(actor.alias, Act.HANDED_BACK, task_id=lease.task_id)

    def copied(self, actor: Actor, lease_id: str, *, sign_in_id: str) -> None:
        """Note that the words of a task were copied out of the page; of a canary that suspends at once. Raises ReviewError."""
        lease = self._mine(actor.alias, lease_id, sign_in_id)
        self.reviewers.note(actor.alias, Act.COPIED, task_id=lease.task_id)
        _, made_up = self._kind(lease.task_id)
        if made_up is not None and self.golds.find(made_up).is_canary:
            self.reviewers.suspend(actor.alias, reason=Rule.CANARY.value)

    def _check_may_work(self, reviewer: str) -> Standing:
        return self.reviewers.check_may_work(reviewer, version=self.guidelines.number())

    def _kind(self, task_id: str) -> tuple[int, str | None]:
        """How many are to judge a task, and which gold task it is, if it is one."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(tasks.c.wanted, tasks.c.made_up).where(tasks.c.task_id == task_id)).one()
        return row.wanted, row.made_up

    def _settle(
        self, lease: Lease, annotation: Annotation, *, delivered: Delivered, wanted: int, intents: Collection[str]
    ) -> None:
        """Note what became of a judgement: the task is done, waits for a second one, or waits for the lead."""
        now = self._clock()
        with self._database.writing(lock=LOCK) as connection:
            state = connection.execute(sa.select(tasks.c.state).where(tasks.c.task_id == lease.task_id)).scalar()
            if state == "open":
                note_judgement(connection, lease.task_id, annotation, delivered=delivered, intents=intents)
            if delivered.settled is not Settled.OPEN:
                close(connection, lease.task_id, state="done", how="judged", now=now)
                return
            end_leases(connection, leases.c.lease_id == lease.lease_id, how="judged", now=now)
            if Label.DISTURBING in annotation.labels:
                _flag(connection, lease.task_id)
            if len(delivered.compared) + 1 >= wanted:
                disputed = sa.update(tasks).where(tasks.c.task_id == lease.task_id, tasks.c.state == "open")
                connection.execute(disputed.values(disputed_at=now.timestamp()))

    # Gold tasks

    def _gold_task(self, connection: sa.Connection, reviewer: str, *, week: str) -> str | None:
        """The id of a task of the same week that stands for a gold task, now and then; None otherwise."""
        if not _happens(self._terms.gold.share):
            return None
        gold_id = self.golds.next(connection, reviewer)
        if gold_id is None:
            return None
        row = new_row(secrets.token_hex(16), week=week, made_up=gold_id)
        connection.execute(sa.insert(tasks).values(row))
        return str(row["task_id"])

    def _judge_gold(self, gold_id: str, lease: Lease, annotation: Annotation) -> None:
        """Score a judgement of a gold task; who had too little right passes the test again first."""
        self.golds.score(gold_id, lease.lease_id, annotation)
        with self._database.writing(lock=LOCK) as connection:
            close(connection, lease.task_id, state="done", how="judged", now=self._clock())
        self.reviewers.note(annotation.by, Act.JUDGED, task_id=lease.task_id)
        since = self.reviewers.standing(annotation.by).passed_at
        if self.golds.is_too_low(annotation.by, terms=self._terms.gold, since=since):
            self.reviewers.to_the_test(annotation.by)

    def _mine(self, reviewer: str, lease_id: str, sign_in_id: str) -> Lease:
        """A lease that stands, of that reviewer in that sign-in. Raises ReviewError (review.over); that is on record too."""
        found = next((one for one in self._open_leases(reviewer, sign_in_id) if one.lease_id == lease_id), None)
        if found is None:
            self.reviewers.refuse(reviewer, lease_id)
            raise ReviewError("This lease is over, or was never yours.", code="review.over")
        return found

    def _open_leases(self, reviewer: str, sign_in_id: str) -> list[Lease]:
        mine = running(leases.c.reviewer == reviewer, leases.c.sign_in == sign_in_id, now=self._clock())
        with self._database.reading() as connection:
            return [_lease_of(row) for row in connection.execute(mine.order_by(leases.c.begun_at)).all()]


def annotation_out_of(body: Mapping[str, Any], *, given_by: str, by: str, made_at: datetime, guidelines: int) -> Annotation:
    """A judgement out of what was handed in: transcript, intent, slots and labels; `given_by` is the lease, or what else stands
    for the right to judge."""
    return Annotation(
        annotation_id=annotation_id_of(given_by, body),
        by=by,
        made_at=made_at,
        transcript=body["transcript"],
        intent=body["intent"],
        slots=tuple(sorted((str(name), str(value)) for name, value in body["slots"].items())),
        labels=frozenset(Label(label) for label in body["labels"]),
        guidelines=guidelines,
    )


def annotation_id_of(lease_id: str, body: Mapping[str, Any]) -> str:
    """The id of a judgement: the same for the same one of the same lease, which nobody else can guess."""
    said = json.dumps({**body, "labels": sorted(body["labels"])}, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(f"{lease_id}\n{said}".encode()).hexdigest()[:32]


def _flag(connection: sa.Connection, task_id: str) -> None:
    """Note that somebody found a task disturbing."""
    connection.execute(sa.update(tasks).where(tasks.c.task_id == task_id).values(is_disturbing=True))


def _happens(share: float) -> bool:
    """True in that share of cases; nobody can foresee in which."""
    return secrets.SystemRandom().random() < share


def _moment(stamp: float | None) -> datetime | None:
    return None if stamp is None else moment(stamp)


def _lease_of(row: Any) -> Lease:
    return Lease(lease_id=row.lease_id, task_id=row.task_id, pseudonym=row.pseudonym, week=row.week, ends_at=moment(row.ends_at))
