"""What the lead decides: tasks whose judgements do not agree, or whose second one never came, side by side and blind to names.

The words and the judgements come through the porter, on record, each time; nothing of them stays at the desk. Calls block.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from earwitness.domain.errors import ReviewError
from earwitness.domain.recording import Actor
from earwitness.domain.review import Annotation, Settled
from earwitness.review.conduct import Act
from earwitness.review.desk import Desk, Porter, annotation_out_of
from earwitness.review.task_rows import close, note_judgement
from earwitness.review.task_words import TaskWords
from earwitness.storage.database import Database
from earwitness.storage.desk import LOCK, judgements, leases, tasks
from earwitness.storage.moments import moment

LONGEST_WAIT: Final = timedelta(days=3)
"""For a second judgement; after that the lead may decide alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A task that waits for the lead. `judgements` is how many there are: one, where the second never came."""

    task_id: str
    pseudonym: str
    week: str
    since: datetime
    judgements: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """A task and its judgements, in an order that says neither who made them nor which came first."""

    words: TaskWords
    sides: tuple[Annotation, ...]


class Adjudication:
    """What waits for the leads of one desk. `clock` gives aware datetimes; `intents` the intents that are known here."""

    def __init__(
        self,
        database: Database,
        *,
        desk: Desk,
        porter: Porter,
        clock: Callable[[], datetime],
        intents: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self._database = database
        self._desk = desk
        self._porter = porter
        self._clock = clock
        self._intents = intents

    def waiting(self, lead: str) -> tuple[Dispute, ...]:
        """What a lead may decide, the longest waiting first: nothing that they judged or hold themselves."""
        now = self._clock()
        counted = sa.select(judgements.c.task_id, sa.func.count().label("made"), sa.func.max(judgements.c.at).label("last"))
        judged = counted.where(judgements.c.settled == Settled.OPEN.value).group_by(judgements.c.task_id).subquery()
        own = sa.select(judgements.c.annotation_id).where(judgements.c.task_id == tasks.c.task_id, judgements.c.reviewer == lead)
        held = sa.select(leases.c.lease_id).where(
            leases.c.task_id == tasks.c.task_id, leases.c.ended_at.is_(None), leases.c.ends_at > now.timestamp()
        )
        is_late = judged.c.last < (now - LONGEST_WAIT).timestamp()
        query = (
            sa.select(tasks, judged.c.made, judged.c.last)
            .join(judged, judged.c.task_id == tasks.c.task_id)
            .where(tasks.c.state == "open", sa.or_(tasks.c.disputed_at.is_not(None), is_late), ~own.exists(), ~held.exists())
        )
        if self._desk.reviewers.standing(lead).is_sheltered:
            query = query.where(tasks.c.is_disturbing.is_(sa.false()))
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(judged.c.last, tasks.c.task_id)).all()
        return tuple(
            Dispute(task_id=row.task_id, pseudonym=row.pseudonym, week=row.week, since=moment(row.last), judgements=row.made)
            for row in rows
        )

    def open(self, actor: Actor, task_id: str) -> Sides:
        """A task with its judgements side by side: on record each time. Raises AccessError, ReviewError, LedgerError,
        VaultError."""
        self._check(actor, task_id)
        self._desk.reviewers.note(actor.alias, Act.OPENED, task_id=task_id)
        self._desk.reviewers.check_not_suspended(actor.alias)
        words, sides = self._porter.disputed(actor, task_id)
        return Sides(words=words, sides=tuple(sorted(sides, key=_shuffled)))

    def decide(self, actor: Actor, task_id: str, body: Mapping[str, Any]) -> Annotation:
        """Take the lead's decision, which counts from now on; the task is done. Raises as `open`."""
        self._check(actor, task_id)
        version = self._desk.guidelines.number()
        given_by = f"{task_id} {actor.alias}"
        made = annotation_out_of(body, given_by=given_by, by=actor.alias, made_at=self._clock(), guidelines=version)
        annotation = replace(made, settled=Settled.ADJUDICATED)
        intents = self._intents()  # before the decision is handed over, and while nobody waits for the database
        delivered = self._porter.deliver(actor, task_id, annotation)
        with self._database.writing(lock=LOCK) as connection:
            note_judgement(connection, task_id, annotation, delivered=delivered, intents=intents)
            close(connection, task_id, state="done", how="adjudicated", now=self._clock())
        self._desk.reviewers.note(actor.alias, Act.JUDGED, task_id=task_id)
        return annotation

    def _check(self, actor: Actor, task_id: str) -> None:
        self._desk.reviewers.check_not_suspended(actor.alias)
        if all(one.task_id != task_id for one in self.waiting(actor.alias)):
            self._desk.reviewers.note(actor.alias, Act.REFUSED)
            raise ReviewError("That does not wait for you, or is settled already.", code="review.over")


def _shuffled(annotation: Annotation) -> bytes:
    """By what the sides are put in order: the same each time one looks, and nothing else."""
    return hashlib.sha256(annotation.annotation_id.encode()).digest()
