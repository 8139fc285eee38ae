"""Deleting: keys first, in one transaction; then a receipt in the ledger; then the blobs and rows, which nothing opens any more.

It survives a power cut at any point: what is not finished is found in the keys' database and finished by `upkeep`. Calls block.
"""

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

import rfc8785

from earwitness.domain.errors import LedgerError, VaultError
from earwitness.domain.recording import Actor, Erasure, Kept, ReadResult, Role, Selection
from earwitness.vault.blobs import Blobs
from earwitness.vault.holds import Hold, Holds
from earwitness.vault.keeping import Keeper
from earwitness.vault.key_ring import KeyRing, in_batches
from earwitness.vault.listens import Listens, entry_of_closing
from earwitness.vault.ports import Ledger
from earwitness.vault.rows import Expired, Rows
from earwitness.vault.safe import drawers_of, key_id_of

SWEPT_AT_ONCE: Final = 500
EXPIRED_AT_ONCE: Final = 1000
BROKEN_OFF_AFTER: Final = timedelta(hours=1)
MOST_NAMED: Final = 1000
"""Recordings that a receipt names one by one; of more it gives the digest of the sorted names."""
SYSTEM: Final = Actor(actor_id="earwitness", alias="earwitness", role=Role.SYSTEM)

Tell = Callable[[int, int], None]
"""Progress: how many are done, of how many."""


def _silent(done: int, total: int) -> None:
    pass


class Eraser:
    """Deletes turns, people and what has expired. `clock` gives aware datetimes."""

    def __init__(
        self,
        *,
        rows: Rows,
        ring: KeyRing,
        blobs: Blobs,
        ledger: Ledger,
        listens: Listens,
        keeper: Keeper,
        holds: Holds,
        clock: Callable[[], datetime],
    ) -> None:
        self._rows = rows
        self._ring = ring
        self._blobs = blobs
        self._ledger = ledger
        self._listens = listens
        self._keeper = keeper
        self._holds = holds
        self._clock = clock

    # What people ask for

    def erase(self, actor: Actor, person_id: str, selection: Selection) -> Erasure:
        """Delete the selected turns of a person: nothing can open them any more when this returns, and the receipt is in the
        ledger if that could take it (else it follows). The sweep of blobs and rows is left to `sweep`. Raises StorageError,
        VaultError (vault.nothing) if nothing is selected.
        """
        kept = self._rows.count(person_id, selection, now=self._clock())
        if selection.is_all:
            key_id = self._ring.person_key_id(person_id)
            if key_id is None or not self._rows.of_key(key_id, limit=1):
                raise _nothing()
            done = self._destroy_unheld(actor, person_id, kind="history", kept=kept, key_ids=[key_id])
            if done is not None:
                return done
        found = self._rows.ids(person_id, selection)
        gone = self._ring.destroyed_of(found)
        ids = [turn_id for turn_id in found if turn_id not in gone]
        if not ids:
            raise _nothing()
        return self._destroy_free(actor, person_id, kept=kept, turn_ids=ids)

    def erase_person(self, actor: Actor, person_id: str) -> Erasure:
        """Delete everything that a person said, and what is sealed in drawers of theirs; also if nothing is kept: the receipt
        then says so. Raises StorageError."""
        kept = self._rows.count(person_id, Selection(is_all=True), now=self._clock())
        key_id = self._ring.person_key_id(person_id)
        drawers = [one for one in map(key_id_of, drawers_of(person_id)) if self._ring.find_root_key(one) is not None]
        key_ids = [*([] if key_id is None else [key_id]), *drawers]
        done = self._destroy_unheld(actor, person_id, kind="person", kept=kept, key_ids=key_ids)
        if done is not None:
            return done
        ids = self._rows.ids(person_id, Selection(is_all=True))
        gone = self._ring.destroyed_of(ids)
        self._destroy_free(actor, person_id, kept=kept, turn_ids=[one for one in ids if one not in gone])
        nothing = Kept(recordings=0, seconds=0.0, oldest=None, next_expiry=None)
        # Their own key goes with the last hold: `Rights.upkeep` erases then who left.
        return self._destroy(actor, person_id, kind="person", kept=nothing, turn_ids=(), key_ids=drawers)

    def expire(self, *, most: int = EXPIRED_AT_ONCE) -> int:
        """Delete what has expired by now, at most so many; gives how many. Raises StorageError."""
        expired = self._rows.expired(now=self._clock(), limit=most)
        alive = self._ring.alive([one.turn_id for one in expired])
        by_person: dict[str, list[Expired]] = {}
        for one in expired:
            if one.turn_id in alive:
                by_person.setdefault(one.person_id, []).append(one)
        for person_id, turns in by_person.items():
            self._expire(person_id, turns)
        self._keeper.drop([one.turn_id for one in expired if one.turn_id not in alive])
        return len(expired)

    def next_expiry(self) -> datetime | None:
        """When the next turn expires."""
        return self._rows.next_expiry()

    # What follows

    def sweep(self, tell: Tell = _silent) -> int:
        """Remove the blobs and rows of all that was erased, and scrub the databases; gives how many. Raises StorageError.

        An erasure counts as swept only when nothing of it is left in any file of the house.
        """
        waiting = self._ring.unfinished()
        removed = 0
        for erasure in waiting:
            if erasure.position is None:
                self._commit(erasure)
            if not erasure.is_swept:
                removed += self._sweep(erasure, tell)
        unswept = [erasure for erasure in waiting if not erasure.is_swept]
        if unswept:
            self._rows.scrub()
            self._ring.scrub(unswept)
            for erasure in unswept:
                self._ring.note(erasure.erasure_id, is_swept=True)
        return removed

    def upkeep(self) -> None:
        """After a start and from time to time: finish what a power cut left behind. Raises StorageError."""
        self._keeper.drop_abandoned()
        self.sweep()
        self._close_broken_reads()

    def held(self) -> set[str]:
        """The ids of people of whom a demand holds something."""
        return self._holds.people()

    def left(self) -> set[str]:
        """The ids of people of whom everything was deleted since they left."""
        return self._ring.people_who_left()

    def heard(self) -> set[str]:
        """The ids of people of whom something is, or may be, kept."""
        return self._ring.people()

    def receipts(self, person_id: str) -> tuple[Erasure, ...]:
        """The erasures of what a person said, newest first."""
        return self._ring.erasures_of(person_id)

    def receipt(self, erasure_id: str) -> Erasure:
        """One of them. Raises VaultError."""
        return self._ring.erasure(erasure_id)

    def _expire(self, person_id: str, turns: Sequence[Expired]) -> None:
        """Destroy those of a person's expired turns that nothing came to hold since they were found."""
        with self._holds.standing_still():
            held = self._holds.of([one.turn_id for one in turns])
            free = [one for one in turns if one.turn_id not in held]
            if not free:
                return
            seconds, ids = sum(one.audio_seconds for one in free), [one.turn_id for one in free]
            kept = Kept(recordings=len(free), seconds=seconds, oldest=None, next_expiry=None)
            erasure = self._end_keys(SYSTEM, person_id, kind="expired", kept=kept, turn_ids=ids, key_ids=ids)
        self._rows.hide(ids)
        self._commit(erasure)

    def _destroy_unheld(self, actor: Actor, person_id: str, *, kind: str, kept: Kept, key_ids: Sequence[str]) -> Erasure | None:
        """Destroy keys on which all that a person said hangs; None, and nothing is done, if a demand holds some of it."""
        with self._holds.standing_still():
            if self._holds.of_person(person_id):
                return None
            erasure = self._end_keys(actor, person_id, kind=kind, kept=kept, turn_ids=(), key_ids=key_ids)
        return self._commit(erasure)

    def _destroy_free(self, actor: Actor, person_id: str, *, kept: Kept, turn_ids: Sequence[str]) -> Erasure:
        """Destroy those of the turns that nothing holds; the others are hidden from everybody, and the receipt says so."""
        self._rows.let_go(list(self._holds.of(turn_ids)), now=self._clock())  # before, lest a power cut leave them to be seen
        with self._holds.standing_still():
            held = self._holds.of(turn_ids)
            free = [one for one in turn_ids if one not in held]
            if held:
                kept = replace(kept, recordings=len(free), seconds=self._rows.seconds_of(free))
            erasure = self._end_keys(actor, person_id, kind="turns", kept=kept, turn_ids=free, key_ids=free, hidden=held)
        self._rows.let_go(list(held), now=self._clock())
        self._rows.hide(free)
        return self._commit(erasure)

    def _destroy(
        self, actor: Actor, person_id: str, *, kind: str, kept: Kept, turn_ids: Sequence[str], key_ids: Sequence[str]
    ) -> Erasure:
        erasure = self._end_keys(actor, person_id, kind=kind, kept=kept, turn_ids=turn_ids, key_ids=key_ids)
        self._rows.hide(turn_ids)
        return self._commit(erasure)

    def _end_keys(
        self,
        actor: Actor,
        person_id: str,
        *,
        kind: str,
        kept: Kept,
        turn_ids: Sequence[str],
        key_ids: Sequence[str],
        hidden: Mapping[str, Hold] = MappingProxyType({}),
    ) -> Erasure:
        """Destroy keys; the household's database is not written to. What follows is `hide` and `_commit`."""
        erasure_id, now = secrets.token_hex(16), self._clock()
        statement: dict[str, Any] = {
            "v": 1,
            "erasure": erasure_id,
            "kind": kind,
            "at": now.isoformat(timespec="seconds"),
            "recordings": kept.recordings,
            "milliseconds": round(kept.seconds * 1000),
            "keys_destroyed": len(key_ids),
            "by": "you" if actor.role is Role.SELF else actor.alias,
        }
        if hidden:
            statement["held"] = len(hidden)
            if all(one.is_told for one in hidden.values()):  # of a hold under a gag only that there is one
                statement["held_until"] = max(one.until for one in hidden.values()).isoformat(timespec="seconds")
        if 0 < len(turn_ids) <= MOST_NAMED:
            statement["recording_ids"] = sorted(turn_ids)
        elif turn_ids:
            statement["recording_ids_sha256"] = hashlib.sha256("\n".join(sorted(turn_ids)).encode()).hexdigest()
        erasure = Erasure(
            erasure_id=erasure_id,
            kind=kind,
            erased_at=now,
            recordings=kept.recordings,
            seconds=kept.seconds,
            is_swept=False,
            position=None,
            body=rfc8785.dumps(statement).decode(),
        )
        self._ring.destroy(erasure, actor_alias=actor.alias, person_id=person_id, key_ids=key_ids)
        return erasure

    def _commit(self, erasure: Erasure) -> Erasure:
        """Commit the receipt; where the ledger cannot, the next sweep does."""
        entry = {
            "v": 1,
            "kind": "erased",
            "erasure": erasure.erasure_id,
            "scope": erasure.kind,
            "recordings": erasure.recordings,
            "receipt": hashlib.sha256(erasure.body.encode()).hexdigest(),
            "at": erasure.erased_at.isoformat(timespec="seconds"),
        }
        try:
            (position,) = self._ledger.append([entry])
        except LedgerError:
            return erasure
        self._ring.note(erasure.erasure_id, position=position)
        return self._ring.erasure(erasure.erasure_id)

    def _sweep(self, erasure: Erasure, tell: Tell) -> int:
        destroyed, removed = self._ring.destroyed_by(erasure.erasure_id), 0
        if erasure.kind not in ("history", "person"):
            for some in in_batches(destroyed, SWEPT_AT_ONCE):
                self._remove(some)
                removed += len(some)
                tell(removed, len(destroyed))
            return removed
        for person_key_id in destroyed:
            total = self._rows.count_of_key(person_key_id)
            while some := self._rows.of_key(person_key_id, limit=SWEPT_AT_ONCE):
                self._remove(some)
                removed += len(some)
                tell(removed, total)
        return removed

    def _remove(self, turn_ids: Sequence[str]) -> None:
        """The rows go last: they say which blobs there are."""
        self._ring.forget(turn_ids)
        self._blobs.remove_all(list(turn_ids))
        self._rows.remove(turn_ids)

    def _close_broken_reads(self) -> None:
        now = self._clock()
        for read in self._listens.unclosed(before=now - BROKEN_OFF_AFTER):
            is_exact = read.closed_at is not None
            closed = read if is_exact else replace(read, result=ReadResult.BROKEN_OFF, closed_at=now)
            (position,) = self._ledger.append([entry_of_closing(closed, is_exact=is_exact)])
            self._listens.close(replace(closed, closed_position=position))


def _nothing() -> VaultError:
    return VaultError("There is nothing to delete.", code="vault.nothing")
