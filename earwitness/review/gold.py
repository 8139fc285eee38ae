"""Gold tasks: requests that a lead made up, with the known answer, mixed in among the others so that nobody can tell.

Owns the tables `golds` and `gold_answers` of the desk. Their words were never anybody's. A canary is one of which no word is ever
to be copied. Calls block.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from earwitness.domain.errors import ReviewError
from earwitness.domain.review import Annotation, Label, Settled
from earwitness.domain.turn import Outcome
from earwitness.review.agreement import compared
from earwitness.review.task_words import TaskWords
from earwitness.storage.database import Database
from earwitness.storage.desk import LOCK, gold_answers, golds, leases, tasks
from earwitness.storage.moments import moment

PARTS: Final = 4
"""What is looked at of an answer: words, intent, slots, labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gold:
    """A made-up task: what is shown of it, and what the right judgement is."""

    gold_id: str
    made_by: str
    made_at: datetime
    is_canary: bool
    shown: TaskWords
    answer: Annotation
    retired_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldTerms:
    """How many of the tasks are gold (`share`), and what sends somebody back to the test: less than `least_score` on average over
    the last `window` of them."""

    share: float = 0.05
    window: int = 10
    least_score: float = 0.75


class Golds:
    """The gold tasks of one desk. `clock` gives aware datetimes."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    # The lead's side

    def make(self, by: str, *, shown: TaskWords, answer: Mapping[str, Any], is_canary: bool = False) -> Gold:
        """Add a task; `answer` has transcript, intent, slots and labels. Raises StorageError."""
        row = {
            "gold_id": secrets.token_hex(16),
            "made_by": by,
            "made_at": self._clock().timestamp(),
            "is_canary": is_canary,
            "shown": json.dumps({"transcript": shown.transcript, "intent": shown.intent, "slots": dict(shown.slots)}),
            "answer": json.dumps({**answer, "labels": sorted(answer["labels"]), "outcome": shown.outcome}),
        }
        with self._database.writing(lock=LOCK) as connection:
            connection.execute(sa.insert(golds).values(row))
        return self.find(str(row["gold_id"]))

    def retire(self, gold_id: str) -> None:
        """Mix a task in no more; what was answered stays. Raises ReviewError (review.unknown)."""
        self.find(gold_id)
        with self._database.writing(lock=LOCK) as connection:
            where = (golds.c.gold_id == gold_id, golds.c.retired_at.is_(None))
            connection.execute(sa.update(golds).where(*where).values(retired_at=self._clock().timestamp()))

    def all(self) -> tuple[Gold, ...]:
        """Every gold task, the newest first."""
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(golds).order_by(golds.c.made_at.desc(), golds.c.gold_id)).all()
        return tuple(map(_gold, rows))

    def find(self, gold_id: str) -> Gold:
        """One of them. Raises ReviewError (review.unknown)."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(golds).where(golds.c.gold_id == gold_id)).one_or_none()
        if row is None:
            raise ReviewError("There is no such gold task.")
        return _gold(row)

    # The desk's side

    def next(self, connection: sa.Connection, reviewer: str) -> str | None:
        """A gold task that this reviewer never had, by chance; None if there is none."""
        had = sa.select(tasks.c.made_up).join(leases, leases.c.task_id == tasks.c.task_id)
        had = had.where(leases.c.reviewer == reviewer, tasks.c.made_up.is_not(None))
        fresh = sa.select(golds.c.gold_id).where(golds.c.retired_at.is_(None), golds.c.gold_id.not_in(had))
        found = connection.execute(fresh).scalars().all()
        return secrets.choice(found) if found else None

    def score(self, gold_id: str, lease_id: str, annotation: Annotation) -> None:
        """Note what a reviewer had right of it, once for a lease, whoever hands it in again. Raises StorageError."""
        found = compared(annotation, self.find(gold_id).answer)
        row = {
            "lease_id": lease_id,
            "gold_id": gold_id,
            "reviewer": annotation.by,
            "at": annotation.made_at.timestamp(),
            "has_words": found.word_errors == 0,
            "has_intent": found.is_same_intent,
            "has_slots": found.is_same_slots,
            "has_labels": found.is_same_labels,
        }
        with self._database.writing(lock=LOCK) as connection:
            known = sa.select(gold_answers.c.lease_id).where(gold_answers.c.lease_id == lease_id)
            if connection.execute(known).scalar() is None:
                connection.execute(sa.insert(gold_answers).values(row))

    def scores(self, reviewer: str, *, last: int, since: datetime | None = None) -> tuple[float, ...]:
        """The shares that somebody had right of their last so many gold tasks, the newest first; 1 for all of it."""
        query = sa.select(gold_answers).where(gold_answers.c.reviewer == reviewer)
        if since is not None:
            query = query.where(gold_answers.c.at > since.timestamp())
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(gold_answers.c.at.desc()).limit(last)).all()
        return tuple((row.has_words + row.has_intent + row.has_slots + row.has_labels) / PARTS for row in rows)

    def is_too_low(self, reviewer: str, *, terms: GoldTerms, since: datetime | None) -> bool:
        """Whether somebody has had too little right of the last gold tasks since they passed the test."""
        scores = self.scores(reviewer, last=terms.window, since=since)
        return len(scores) >= terms.window and sum(scores) / len(scores) < terms.least_score


def _gold(row: Any) -> Gold:
    shown, answer, made_at = json.loads(row.shown), json.loads(row.answer), moment(row.made_at)
    return Gold(
        gold_id=row.gold_id,
        made_by=row.made_by,
        made_at=made_at,
        is_canary=row.is_canary,
        shown=TaskWords(
            transcript=shown["transcript"],
            intent=shown["intent"],
            slots=tuple(sorted(shown["slots"].items())),
            outcome=Outcome(answer["outcome"]).value,
        ),
        answer=Annotation(
            annotation_id=row.gold_id,
            by=row.made_by,
            made_at=made_at,
            transcript=answer["transcript"],
            intent=answer["intent"],
            slots=tuple(sorted(answer["slots"].items())),
            labels=frozenset(Label(one) for one in answer["labels"]),
            settled=Settled.OPEN,
        ),
        retired_at=None if row.retired_at is None else moment(row.retired_at),
    )
