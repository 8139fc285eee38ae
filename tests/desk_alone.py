"""A desk by itself: its database, and a porter that keeps judgements in memory as the household does in its vault."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from earwitness.domain.errors import ReviewError
from earwitness.domain.recording import Actor, Role
from earwitness.domain.review import Annotation, Settled
from earwitness.review.adjudication import Adjudication
from earwitness.review.agreement import Delivered, settle
from earwitness.review.desk import Desk, DeskTerms, Lease
from earwitness.review.task_words import TaskWords
from earwitness.storage.database import Database

HERE = "1" * 32
NOON = datetime(2026, 3, 2, 12, 0, 0, tzinfo=UTC)
WEEK = "2026-W10"
WORDS = TaskWords(transcript="turn on the lamp", intent="HassTurnOn", slots=(("name", "lamp"),), outcome="done")
RIGHT: dict[str, Any] = {"transcript": "turn on the lamp", "intent": "HassTurnOn", "slots": {"name": "lamp"}, "labels": []}


def reviewer(alias: str) -> Actor:
    return Actor(actor_id=alias, alias=alias, role=Role.REVIEWER)


ANN, BEN, LEAD = reviewer("calm-otter-2222"), reviewer("keen-heron-3333"), reviewer("wise-lynx-4444")


@dataclass
class MemoryPorter:
    """The household's side, without a vault: the same rules of what counts."""

    kept: dict[str, list[Annotation]] = field(default_factory=dict)
    opened: list[tuple[str, str]] = field(default_factory=list)

    def words(self, actor: Actor, task_id: str) -> TaskWords:
        self.opened.append((actor.alias, task_id))
        return WORDS

    def deliver(self, actor: Actor, task_id: str, annotation: Annotation, *, of: int = 1) -> Delivered:
        there = self.kept.setdefault(task_id, [])
        if any(one.is_final for one in there):
            raise ReviewError("This task is over: it was taken back, or judged.", code="review.over")
        kept, compared = settle(annotation, there, of=of)
        there.append(kept)
        return Delivered(settled=kept.settled, compared=compared)

    def disputed(self, actor: Actor, task_id: str) -> tuple[TaskWords, tuple[Annotation, ...]]:
        self.opened.append((actor.alias, task_id))
        latest = {one.by: one for one in self.kept[task_id] if one.settled is Settled.OPEN}
        return WORDS, tuple(latest.values())


@dataclass
class AloneDesk:
    """A desk with two reviewers who passed the test, its clock and its porter."""

    database: Database
    desk: Desk
    porter: MemoryPorter
    adjudication: Adjudication
    now: datetime = NOON

    def pass_time(self, **span: float) -> None:
        self.now += timedelta(**span)

    def tasks(self, count: int) -> list[str]:
        """Tasks that lie on the desk."""
        made = [f"{number:032x}" for number in range(count)]
        for task_id in made:
            self.desk.add(task_id, week=WEEK)
        return made

    def take(self, who: Actor = ANN) -> Lease:
        found = self.desk.begin(who, sign_in_id=HERE)
        assert found is not None, "nothing waits"
        return found

    def judge(self, who: Actor = ANN, **changes: Any) -> str:
        """The task that somebody took and judged."""
        lease = self.take(who)
        self.desk.judge(who, lease.lease_id, sign_in_id=HERE, body={**RIGHT, **changes})
        self.pass_time(seconds=20)
        return lease.task_id


def alone_desk(folder: Path, *, terms: DeskTerms | None = None) -> AloneDesk:
    """A desk in a folder; close its database."""
    database, porter = Database(folder / "desk.db", chain="desk"), MemoryPorter()
    held: list[AloneDesk] = []
    clock: Callable[[], datetime] = lambda: held[0].now  # noqa: E731
    intents = lambda: {"HassTurnOn", "HassTurnOff"}  # noqa: E731
    desk = Desk(database, porter=porter, clock=clock, terms=terms, intents=intents)
    adjudication = Adjudication(database, desk=desk, porter=porter, clock=clock, intents=intents)
    held.append(AloneDesk(database=database, desk=desk, porter=porter, adjudication=adjudication))
    for who in (ANN, BEN):
        desk.passed(who.alias)
    return held[0]
