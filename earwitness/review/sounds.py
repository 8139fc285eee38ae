"""The household's side of sound in review: made from a recording on record, marked for one lease, handed out in parts on record.

What was made lies in this process's memory alone, for as long as it is asked for. It decides with the vault's door who may hear:
consent is looked at again for every part. Calls block; the model that times words is loaded by the first.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

import numpy as np

from earwitness.domain.errors import AccessError, EngineError, ModelError, ReviewError
from earwitness.domain.recording import Actor, ReadPurpose, Recording
from earwitness.domain.review import DrawnItem
from earwitness.review.disguise import Samples, Timer, disguised, said_in
from earwitness.review.items import Items
from earwitness.review.marks import Marks
from earwitness.review.watermark import embed
from earwitness.vault.audio_read import AudioRead
from earwitness.vault.erasing import SYSTEM

MOST_IN_MEMORY: Final = 12
"""Sounds, of 24 seconds at most each."""
IN_MEMORY: Final = timedelta(minutes=20)
"""Since it was asked for last; then it is made anew, which takes a few seconds."""


class Door(Protocol):
    """The vault's door as far as the sound of review goes through it."""

    def recording(self, actor: Actor, turn_id: str, *, purpose: ReadPurpose) -> Recording: ...

    def audio(self, actor: Actor, turn_id: str, *, purpose: ReadPurpose) -> AudioRead: ...

    def hand_out(self, actor: Actor, turn_id: str, sound: bytes, *, purpose: ReadPurpose, start: int, end: int) -> AudioRead: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """What was made for one lease: marked PCM; empty where there is only text. `used_at` is when it was asked for last."""

    item_id: str
    reviewer: str
    pcm: bytes
    used_at: datetime


class Sounds:
    """The sounds of one household's review. Without a `timer` there is none."""

    def __init__(
        self,
        *,
        items: Items,
        door: Door,
        marks: Marks,
        timer: Timer | None,
        names: Callable[[], Collection[str]],
        known: Callable[[], Collection[str]],
        clock: Callable[[], datetime],
    ) -> None:
        self.marks = marks
        self._items = items
        self._door = door
        self._timer = timer
        self._names = names
        self._known = known
        self._clock = clock
        self._lock = threading.Lock()
        self._made: OrderedDict[str, _Made] = OrderedDict()

    def length(self, actor: Actor, item: DrawnItem, *, lease_id: str) -> int | None:
        """How many bytes of PCM that lease may hear of an item; None for text alone. Raises as `part`."""
        found = self._of_lease(actor, item, lease_id=lease_id)
        return len(found) or None

    def part(self, actor: Actor, item: DrawnItem, *, lease_id: str, start: int, end: int) -> bytes:
        """Bytes `start` up to `end` of it; the entry is in the ledger before they are given.

        Raises ReviewError (review.text_only), AccessError, VaultError, LedgerError, StorageError.
        """
        pcm = self._of_lease(actor, item, lease_id=lease_id)
        if not pcm:
            raise _text_only()
        with self._door.hand_out(actor, item.turn_id, pcm, purpose=ReadPurpose.REVIEW, start=start, end=end) as read:
            return b"".join(read)

    def preview(self, recording: Recording, pcm: bytes) -> bytes:
        """What a reviewer would hear of a recording, without a mark, for the person whose it is. Raises ReviewError
        (review.text_only)."""
        made = self._disguised(recording, np.frombuffer(pcm, dtype="<i2"))
        if made is None:
            raise _text_only()
        return made.astype("<i2").tobytes()

    def to_end(self, items: Collection[DrawnItem]) -> tuple[DrawnItem, ...]:
        """Those of the open items of which sound was given and may be given no more: their leases must end. Each is told once."""
        running = self.marks.running_items()
        over = tuple(one for one in items if one.item_id in running and not self._items.may_be_heard(one))
        for item_id in (running - {one.item_id for one in items}) | {one.item_id for one in over}:
            self.marks.end(item_id)
        self._forget({item.item_id for item in items} - {item.item_id for item in over})
        return over

    def _of_lease(self, actor: Actor, item: DrawnItem, *, lease_id: str) -> bytes:
        """The marked PCM of a lease, out of the memory or made; empty for text alone."""
        if self._timer is None or not self._items.may_be_heard(item):
            return b""
        with self._lock:
            found = self._made.get(lease_id)
            if found is None:
                found = self._make(actor, item, lease_id=lease_id)
            if (found.item_id, found.reviewer) != (item.item_id, actor.alias):
                raise AccessError("That is another lease's.", code="access.refused")
            self._made[lease_id] = _Made(item_id=item.item_id, reviewer=actor.alias, pcm=found.pcm, used_at=self._clock())
            self._made.move_to_end(lease_id)
            while len(self._made) > MOST_IN_MEMORY:
                self._made.popitem(last=False)
        return found.pcm

    def _make(self, actor: Actor, item: DrawnItem, *, lease_id: str) -> _Made:
        """Open a recording in the house's own name, which hears nothing, and make of it what that lease may hear."""
        recording = self._door.recording(SYSTEM, item.turn_id, purpose=ReadPurpose.DISGUISE)
        made: Samples | None = None
        if recording.audio_seconds:
            with self._door.audio(SYSTEM, item.turn_id, purpose=ReadPurpose.DISGUISE) as read:
                made = self._disguised(recording, np.frombuffer(b"".join(read), dtype="<i2"))
        pcm = b""
        if made is not None:
            mark = self.marks.of(lease_id, reviewer=actor.alias, item_id=item.item_id)
            pcm = embed(made, key=self.marks.key(), lease=mark).astype("<i2").tobytes()
        return _Made(item_id=item.item_id, reviewer=actor.alias, pcm=pcm, used_at=self._clock())

    def _disguised(self, recording: Recording, samples: Samples) -> Samples | None:
        """The disguise; None for text alone, also where the model that times words is not there or fails."""
        if self._timer is None:
            return None
        try:
            return disguised(samples, said_in(recording), timer=self._timer, names=self._names(), known=self._known())
        except (ModelError, EngineError):
            return None

    def _forget(self, standing: Collection[str]) -> None:
        """Drop what belongs to no standing item any more, and what nobody asked for lately."""
        oldest = self._clock() - IN_MEMORY
        with self._lock:
            kept = {key: one for key, one in self._made.items() if one.item_id in standing and one.used_at > oldest}
            self._made = OrderedDict(kept)


def _text_only() -> ReviewError:
    return ReviewError("Of this there is no sound to hear, only the words.", code="review.text_only")
