"""Who is served next: each owner has a short queue of its own, and those who wait take turns. Pure; it runs nothing.

However much one owner asks for, each of the others waits for at most one thing of everybody else before its own.
"""

from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class FairQueue(Generic[T]):
    """Things that wait, by owner; an owner may have at most `most_each` of them waiting."""

    def __init__(self, *, most_each: int) -> None:
        self._most_each = most_each
        self._waiting: dict[str, deque[T]] = {}
        """In the order of their turns."""
        self._last: str | None = None

    def put(self, owner: str, item: T) -> bool:
        """Let it wait behind what its owner has waiting; False if that is too much already."""
        queue = self._waiting.setdefault(owner, deque())
        if len(queue) >= self._most_each:
            return False
        queue.append(item)
        return True

    def take(self) -> T | None:
        """What is next; None if nothing waits. Whoever was served last comes after all others."""
        if not self._waiting:
            return None
        owner = next((other for other in self._waiting if other != self._last), self._last)
        assert owner is not None
        queue = self._waiting.pop(owner)
        item = queue.popleft()
        if queue:
            self._waiting[owner] = queue
        self._last = owner
        return item

    def remove(self, owner: str, item: T) -> None:
        """It waits no more; one that does not is fine."""
        queue = self._waiting.get(owner)
        if queue is None:
            return
        kept = deque(each for each in queue if each is not item)
        if kept:
            self._waiting[owner] = kept
        else:
            del self._waiting[owner]

    def clear(self) -> tuple[T, ...]:
        """Everything that waited; nothing does any more."""
        found = tuple(item for queue in self._waiting.values() for item in queue)
        self._waiting.clear()
        return found
