"""The household's side of the desk: which recording a task stands for, its words blanked out, and what was judged of it.

Every opening goes through the vault's door as that reviewer, for review: consent is looked at again and the ledger has the entry
before a word is decrypted. The desk is told random task ids alone. Calls block.
"""

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Protocol

import sqlalchemy as sa

from earwitness.domain.errors import ReviewError, VaultError
from earwitness.domain.recording import Actor, ReadPurpose, Recording
from earwitness.domain.review import Annotation, DrawnItem, ItemState, Label, Settled
from earwitness.review.agreement import Compared, Delivered, settle
from earwitness.review.deidentify import deidentify
from earwitness.review.items import Items
from earwitness.review.sounds import Sounds
from earwitness.review.task_words import TaskWords
from earwitness.storage.database import Database
from earwitness.storage.review import review_items

DRAWER: Final = "review/tasks"
RESTS_FOR: Final = timedelta(seconds=40)
"""How long a task whose leases must end is withheld from a desk that asks every ten seconds."""
Settle = Callable[[Annotation, Sequence[Annotation]], Annotation]
"""Says whether a judgement counts, beside those before it."""


class Door(Protocol):
    """The vault's door as far as review goes through it."""

    def recording(self, actor: Actor, turn_id: str, *, purpose: ReadPurpose) -> Recording: ...

    def annotate(self, actor: Actor, turn_id: str, annotation: Annotation, *, settle: Settle | None = None) -> Annotation: ...


class Safe(Protocol):
    """What seals which task an item is."""

    def seal(self, plain: bytes, *, drawer: str, row_id: str) -> bytes: ...

    def open(self, sealed: bytes, *, drawer: str, row_id: str) -> bytes: ...


class Desk(Protocol):
    """The reviewers' desk, told of tasks."""

    def add(self, task_id: str, *, week: str) -> None: ...

    def withdraw(self, task_id: str) -> None: ...

    def open_tasks(self) -> frozenset[str]: ...


class Porter:
    """`names` gives the names of the household and its contacts; `known` the words of the house that name nobody."""

    def __init__(
        self,
        database: Database,
        *,
        items: Items,
        door: Door,
        safe: Safe,
        names: Callable[[], Collection[str]],
        known: Callable[[], Collection[str]],
        clock: Callable[[], datetime],
        sounds: Sounds | None = None,
        flagged: Callable[[str, str, Annotation], None] = lambda turn_id, person_id, annotation: None,
    ) -> None:
        """Without `sounds` there is text alone. `flagged` is told of each judgement, with whose turn it is of, before it is kept;
        what it raises stops that."""
        self._database = database
        self._sounds = sounds
        self._items = items
        self._door = door
        self._safe = safe
        self._names = names
        self._known = known
        self._clock = clock
        self._flagged = flagged
        self._item_ids: dict[str, str] = {}
        """Which item each task is, of those that were offered when it was last looked: opened once, in this process alone."""
        self._resting: dict[str, datetime] = {}
        """Until when a task is withheld: replaced as a whole by `settle_afar` alone, while others ask."""

    def settle(self, desk: Desk) -> int:
        """Move items on, give new ones to the desk, and take back those that may not be reviewed; gives how many items moved."""
        moved = self._items.settle()
        take_up(self.offered(), desk)
        for task_id in self._heard_no_more():
            desk.withdraw(task_id)  # its leases end, and it comes back as text
        return moved

    def offered(self) -> dict[str, str]:
        """The tasks that may be judged, each with its week. Raises StorageError."""
        now, resting = self._clock(), self._resting
        by_task = self._tasks(self._items.offered())
        rests = {task_id for task_id, until in resting.items() if until > now}
        return {task_id: week_of(item.drawn_at) for task_id, item in by_task.items() if task_id not in rests}

    def settle_afar(self) -> int:
        """Move items on for a desk that asks for its tasks itself, by `offered`; gives how many items moved."""
        moved = self._items.settle()
        now, over = self._clock(), self._heard_no_more()
        resting = {task_id: until for task_id, until in self._resting.items() if until > now}
        self._resting = resting | dict.fromkeys(over, now + RESTS_FOR)
        return moved

    def _heard_no_more(self) -> list[str]:
        """Tasks of which sound was given and may be given no more."""
        if self._sounds is None:
            return []
        by_task = self._tasks(self._items.offered())
        over = {item.item_id for item in self._sounds.to_end(tuple(by_task.values()))}
        return [task_id for task_id, item in by_task.items() if item.item_id in over]

    def check(self, task_id: str) -> None:
        """Raises ReviewError (review.over) unless a task may be judged now."""
        self._item(task_id)

    def words(self, actor: Actor, task_id: str) -> TaskWords:
        """What a reviewer is shown of a task: opened on record, in the reviewer's name. Raises ReviewError (review.over),
        AccessError, VaultError, LedgerError."""
        item = self._item(task_id)
        return self.shown(self._door.recording(actor, item.turn_id, purpose=ReadPurpose.REVIEW))

    def deliver(self, actor: Actor, task_id: str, annotation: Annotation, *, of: int = 1) -> Delivered:
        """Keep a judgement with what was judged, under the same key; the item is reviewed once a judgement of it counts.

        `of` is how many judgements the task is to have. Where there were others, they are compared here, where the words are,
        and only counts go back. When it was made, this clock says. Raises as `words`.
        """
        item, annotation = self._item(task_id), replace(annotation, made_at=self._clock())
        beside: tuple[Compared, ...] = ()

        def settled(given: Annotation, before: Sequence[Annotation]) -> Annotation:
            nonlocal beside
            kept, beside = settle(given, before, of=of)
            return kept

        self._flagged(item.turn_id, item.person_id, annotation)
        kept = self._door.annotate(actor, item.turn_id, annotation, settle=settled)
        if kept.is_final:
            self._items.reviewed(item.turn_id, thanks=thanks_for(kept))
        return Delivered(settled=kept.settled, compared=beside)

    def sound_length(self, actor: Actor, task_id: str, *, lease_id: str) -> int | None:
        """How many bytes of disguised PCM that lease may hear of a task; None for text alone. Raises as `words`."""
        item = self._item(task_id)
        return None if self._sounds is None else self._sounds.length(actor, item, lease_id=lease_id)

    def sound_part(self, actor: Actor, task_id: str, *, lease_id: str, start: int, end: int) -> bytes:
        """A part of it, with an entry of its own. Raises as `words`; ReviewError (review.text_only)."""
        item = self._item(task_id)
        if self._sounds is None:
            raise ReviewError("Of this task there is no sound to hear, only the words.", code="review.text_only")
        return self._sounds.part(actor, item, lease_id=lease_id, start=start, end=end)

    def disputed(self, actor: Actor, task_id: str) -> tuple[TaskWords, tuple[Annotation, ...]]:
        """The words of a task and the judgements of it that do not count by themselves, for whoever decides between them: one
        reading, on record, in their name. Of each alias the last one. Raises as `words`."""
        recording = self._door.recording(actor, self._item(task_id).turn_id, purpose=ReadPurpose.REVIEW)
        latest = {one.by: one for one in recording.annotations if one.settled is Settled.OPEN}
        return self.shown(recording), tuple(latest.values())

    def shown(self, recording: Recording) -> TaskWords:
        """What a reviewer is shown of a recording: this and nothing else."""
        names, known = self._names(), self._known()
        turn = recording.turn

        def blanked(text: str) -> str:
            return deidentify(text, names=names, also_known=known).text

        slots = dict(turn.intent.slots) if turn.intent else {}
        return TaskWords(
            transcript=blanked(recording.heard),
            intent=turn.intent.name if turn.intent else None,
            slots=tuple(sorted((name, blanked(str(value))) for name, value in slots.items())),
            outcome=turn.outcome.value,
        )

    def _item(self, task_id: str) -> DrawnItem:
        if task_id not in self._item_ids:
            self._tasks(self._items.offered())
        item_id = self._item_ids.get(task_id)
        found = None if item_id is None else self._items.settled(item_id)
        if found is None or found.state is not ItemState.OFFERED:
            raise ReviewError("This task is over: it was taken back, or judged.", code="review.over")
        return found

    def _tasks(self, items: Collection[DrawnItem]) -> dict[str, DrawnItem]:
        """Items by their tasks, which are made as they are first needed."""
        wanted = {item.item_id: item for item in items}
        query = sa.select(review_items.c.item_id, review_items.c.sealed_task).where(review_items.c.item_id.in_(wanted))
        with self._database.reading() as connection:
            sealed = {row.item_id: row.sealed_task for row in connection.execute(query).all()}
        known = {item_id: task_id for task_id, item_id in self._item_ids.items()}
        by_task = {known.get(item_id) or self._task(item_id, sealed.get(item_id)): item for item_id, item in wanted.items()}
        self._item_ids = {task_id: item.item_id for task_id, item in by_task.items()}
        return by_task

    def _task(self, item_id: str, sealed: bytes | None) -> str:
        if sealed is not None:
            return self._safe.open(sealed, drawer=DRAWER, row_id=item_id).hex()
        made = self._safe.seal(secrets.token_bytes(16), drawer=DRAWER, row_id=item_id)
        with self._database.writing() as connection:
            where = (review_items.c.item_id == item_id, review_items.c.sealed_task.is_(None))
            connection.execute(sa.update(review_items).where(*where).values(sealed_task=made))
            stored = connection.execute(sa.select(review_items.c.sealed_task).where(review_items.c.item_id == item_id)).scalar()
        if stored is None:
            raise VaultError("This item is gone.")
        return self._safe.open(stored, drawer=DRAWER, row_id=item_id).hex()


def take_up(offered: Mapping[str, str], desk: Desk) -> None:
    """Let the desk have exactly these tasks, each with its week: others withdrawn. Raises StorageError."""
    known = desk.open_tasks()
    for task_id in offered.keys() - known:
        desk.add(task_id, week=offered[task_id])
    for task_id in known - offered.keys():
        desk.withdraw(task_id)


def week_of(moment: datetime) -> str:
    """The week of a moment, such as "2026-W10": no task says more of when."""
    year, week, _ = moment.isocalendar()
    return f"{year}-W{week:02}"


def thanks_for(annotation: Annotation) -> str:
    """What a judgement was good for, in a sentence for whose words it was about."""
    if Label.FALSE_WAKE in annotation.labels:
        return "Thank you: it was marked as something that should not have woken the assistant."
    if Label.UNCLEAR in annotation.labels:
        return "Thank you: it was too unclear to judge, and nothing more is done with it."
    return "Thank you: it now counts as an example of what was said and what was meant."
