"""What skills need of a calendar. The Protocol belongs to the skills; links satisfy it."""

from datetime import datetime
from typing import Protocol

from earwitness.domain.calendar import Event, EventChange, Task, When


class Calendar(Protocol):
    """Events and to-dos, on a server or in a file. Used from one event loop; every call ends within seconds.

    Each call raises LinkError, and a call that changes something returns only when whoever keeps it has confirmed it. After an
    error nobody can know whether it was kept; adding again with the same id then keeps it once.
    """

    @property
    def outgoing(self) -> tuple[str, ...]:
        """Hosts beyond this machine that learn what is asked; empty when nothing leaves it."""
        ...

    async def calendars(self) -> tuple[str, ...]:
        """Names of the calendars; the first takes what is added."""
        ...

    async def events(self, start: datetime, end: datetime) -> tuple[Event, ...]:
        """Every event, and every occurrence of those that repeat, that overlaps `start` to `end`; earliest first."""
        ...

    async def add_event(self, event: Event) -> Event:
        """Keep a new event (its `calendar` is not looked at); gives it as it was kept."""
        ...

    async def change_event(
        self, event_id: str, change: EventChange, *, occurrence: When | None = None, is_series: bool = False
    ) -> None:
        """Change an event; of one that repeats, the time that is `occurrence`, or with `is_series` all of them.

        Raises LinkError: link.not_found, link.repeats for what a series cannot be changed to.
        """
        ...

    async def remove_event(self, event_id: str, *, occurrence: When | None = None) -> None:
        """Forget an event with all its occurrences, or only that one. Raises LinkError, link.not_found."""
        ...

    async def tasks(self, *, with_complete: bool = False) -> tuple[Task, ...]:
        """What is to be done: what is due first, then what is due never."""
        ...

    async def add_task(self, task: Task) -> Task:
        """Keep a new task (its `calendar` is not looked at), with an alarm if it has `remind_at`; gives it as it was kept."""
        ...

    async def complete_task(self, task_id: str) -> Task:
        """Mark a task as done; gives it as it was kept. Raises LinkError: link.not_found, link.repeats."""
        ...

    async def remove_task(self, task_id: str) -> None:
        """Forget a task. Raises LinkError, link.not_found."""
        ...

    async def close(self) -> None:
        """Let go of connections and threads."""
        ...
