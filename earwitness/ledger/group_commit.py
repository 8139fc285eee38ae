"""Commits together what comes together: while one transaction is on its way to the disk, the next one gathers.

The first who comes leads: it commits everything that waits by then, wakes those who waited, and hands the lead to the first of
those who came meanwhile. Nobody waits for a transaction that is not theirs. It knows nothing of what is committed.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from earwitness.domain.errors import EarwitnessError, LedgerError

MOST_AT_ONCE: Final = 5000
"""Leaves that go into one transaction, unless one append alone has more."""


@dataclass(slots=True, eq=False)
class _Append:
    """One caller's leaves. It is done when it has a first position or an error; until then it waits, or leads."""

    leaves: list[bytes]
    woken: threading.Event = field(default_factory=threading.Event)
    first: int | None = None
    error: EarwitnessError | None = None


class GroupCommit:
    """`commit` makes leaves durable, all or none, and gives the position of the first. It is called by one thread at a time."""

    def __init__(self, commit: Callable[[list[bytes]], int]) -> None:
        self._commit = commit
        self._lock = threading.Lock()
        self._queue: list[_Append] = []
        self._has_leader = False

    @property
    def waiting(self) -> int:
        """How many appends wait for their transaction to begin."""
        return len(self._queue)

    def append(self, leaves: list[bytes]) -> int:
        """The position of the first leaf, once all are durable. Raises what `commit` raises, LedgerError for those who waited."""
        mine = _Append(leaves=leaves)
        with self._lock:
            self._queue.append(mine)
            leads, self._has_leader = not self._has_leader, True
        if not leads:
            self._wait(mine)
        if mine.first is None and mine.error is None:
            self._lead()
        if mine.first is None:
            assert mine.error is not None
            raise LedgerError(mine.error.sentence, code=mine.error.code) from mine.error
        return mine.first

    def _wait(self, mine: _Append) -> None:
        try:
            mine.woken.wait()
        except BaseException:
            self._leave(mine)
            raise

    def _leave(self, mine: _Append) -> None:
        """Somebody was interrupted while waiting: what is not on its way yet is not committed, and another leads."""
        with self._lock:
            if mine in self._queue:
                self._queue.remove(mine)
                if mine.woken.is_set():
                    self._hand_over()

    def _lead(self) -> None:
        """Commit what waits; the caller's own append is the first of it."""
        with self._lock:
            batch = [self._queue.pop(0)]
            room = MOST_AT_ONCE - len(batch[0].leaves)
            while self._queue and len(self._queue[0].leaves) <= room:
                batch.append(self._queue.pop(0))
                room -= len(batch[-1].leaves)
        try:
            first = self._commit([leaf for one in batch for leaf in one.leaves])
            for one in batch:
                one.first = first
                first += len(one.leaves)
        except EarwitnessError as error:
            for one in batch:
                one.error = error
        finally:
            self._end(batch)

    def _end(self, batch: list[_Append]) -> None:
        with self._lock:
            self._hand_over()
        for one in batch:
            if one.first is None and one.error is None:
                one.error = LedgerError("The ledger was interrupted, and nothing was committed; try again.")
            one.woken.set()

    def _hand_over(self) -> None:
        """Let the first who waits lead, if anybody does. Called with the lock held."""
        self._has_leader = bool(self._queue)
        if self._queue:
            self._queue[0].woken.set()
