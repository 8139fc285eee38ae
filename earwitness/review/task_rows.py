"""Rows of tasks and leases: which task is next, which leases stand, how a task ends, and what stays of a judgement. SQL only."""

import json
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from earwitness.domain.review import Annotation, Settled
from earwitness.review.agreement import Delivered
from earwitness.storage.desk import annotations, comparisons, judgements, leases, tasks

PLACE_BITS: Final = 62
OTHER: Final = "other"
"""Noted in place of an intent that is none of those known here, since it may be words."""


def new_row(task_id: str, *, week: str, wanted: int = 1, made_up: str | None = None) -> dict[str, object]:
    """A task that is open, under a pseudonym of its own and at a random place."""
    return {
        "task_id": task_id,
        "pseudonym": f"speaker {secrets.token_hex(5)}",
        "week": week,
        "state": "open",
        "wanted": wanted,
        "place": secrets.randbits(PLACE_BITS),
        "made_up": made_up,
    }


def lease_row(task_id: str, *, reviewer: str, sign_in_id: str, now: datetime, lasts: timedelta) -> dict[str, object]:
    """A lease that begins now."""
    return {
        "lease_id": secrets.token_hex(16),
        "task_id": task_id,
        "reviewer": reviewer,
        "sign_in": sign_in_id,
        "begun_at": now.timestamp(),
        "ends_at": (now + lasts).timestamp(),
    }


def next_task(connection: sa.Connection, reviewer: str, *, now: datetime, is_sheltered: bool) -> Any:
    """An open task (its id and week) that nobody has now and that this reviewer never had; None if there is none.

    Which one cannot be told before: the first whose random place is at or after a random point, else the first of all. So it
    is found by an index, however many are open.
    """
    taken = sa.select(leases.c.lease_id).where(
        leases.c.task_id == tasks.c.task_id,
        sa.or_(
            sa.and_(leases.c.ended_at.is_(None), leases.c.ends_at > now.timestamp()),
            leases.c.reviewer == reviewer,
        ),
    )
    free = [tasks.c.state == "open", tasks.c.disputed_at.is_(None), tasks.c.made_up.is_(None), ~taken.exists()]
    if is_sheltered:
        free.append(tasks.c.is_disturbing.is_(sa.false()))
    query = sa.select(tasks.c.task_id, tasks.c.week).order_by(tasks.c.place).limit(1)
    point = secrets.randbits(PLACE_BITS)
    found = connection.execute(query.where(*free, tasks.c.place >= point)).one_or_none()
    return found or connection.execute(query.where(*free, tasks.c.place < point)).one_or_none()


def running(*which: sa.ColumnElement[bool], now: datetime) -> sa.Select[Any]:
    """Leases that stand, of tasks that may still be judged."""
    joined = sa.select(leases, tasks.c.pseudonym, tasks.c.week, tasks.c.wanted, tasks.c.made_up)
    joined = joined.join(tasks, tasks.c.task_id == leases.c.task_id)
    return joined.where(*which, leases.c.ended_at.is_(None), leases.c.ends_at > now.timestamp(), tasks.c.state == "open")


def end_leases(connection: sa.Connection, *which: sa.ColumnElement[bool], how: str, now: datetime) -> None:
    """End those of some leases that are not over."""
    ended = {"ended_at": now.timestamp(), "how": how}
    connection.execute(sa.update(leases).where(*which, leases.c.ended_at.is_(None)).values(ended))


def close(connection: sa.Connection, task_id: str, *, state: str, how: str, now: datetime) -> None:
    """End a task and its leases; no word of a judgement stays, and of one that was withdrawn nothing at all."""
    connection.execute(sa.update(tasks).where(tasks.c.task_id == task_id).values(state=state, disputed_at=None))
    end_leases(connection, leases.c.task_id == task_id, how=how, now=now)
    connection.execute(sa.delete(annotations).where(annotations.c.task_id == task_id))
    if state == "withdrawn":
        connection.execute(sa.delete(judgements).where(judgements.c.task_id == task_id))
        connection.execute(sa.delete(comparisons).where(comparisons.c.task_id == task_id))


def note_judgement(
    connection: sa.Connection, task_id: str, annotation: Annotation, *, delivered: Delivered, intents: Collection[str]
) -> None:
    """Keep of a judgement what is out of fixed lists, and how it stands to the others of its task, in counts."""
    intent = annotation.intent if annotation.intent is None or annotation.intent in intents else OTHER
    row = {
        "annotation_id": annotation.annotation_id,
        "task_id": task_id,
        "reviewer": annotation.by,
        "at": annotation.made_at.timestamp(),
        "version": annotation.guidelines or 0,
        "intent": intent,
        "labels": json.dumps(sorted(annotation.labels)),
        "settled": delivered.settled.value,
    }
    for table in (comparisons, judgements):  # as it may be handed in again
        connection.execute(sa.delete(table).where(table.c.annotation_id == annotation.annotation_id))
    connection.execute(sa.insert(judgements).values(row))
    for one in delivered.compared:
        pair = {
            "annotation_id": annotation.annotation_id,
            "other_id": one.annotation_id,
            "task_id": task_id,
            "at": annotation.made_at.timestamp(),
            "reviewer": annotation.by,
            "other": one.by,
            "is_lead": delivered.settled is Settled.ADJUDICATED,
            "word_errors": one.word_errors,
            "words": one.words,
            "is_same_intent": one.is_same_intent,
            "is_same_slots": one.is_same_slots,
            "is_same_labels": one.is_same_labels,
        }
        connection.execute(sa.insert(comparisons).values(pair))
