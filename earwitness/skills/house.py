"""What is shown of the home: its devices, timers and lists as one board, and word of each change."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from earwitness.domain.board import Board, ListShown, TimerShown
from earwitness.domain.home import Device
from earwitness.links.lists import Lists
from earwitness.links.timers import Timer, Timers, TimerState
from earwitness.skills.ports import HomeLink


class House:
    """The home with its timers and lists, as they are now."""

    def __init__(self, *, link: HomeLink, timers: Timers, lists: Lists, clock: Callable[[], datetime]) -> None:
        self._link = link
        self._timers = timers
        self._lists = lists
        self._clock = clock

    def board(self) -> Board:
        """Everything as it is now; reads the database without waiting for writes. Raises StorageError."""
        home, now = self._link.snapshot(), self._clock()
        return Board(
            home=home,
            timers=tuple(_shown(timer, now=now) for timer in self._timers.all()),
            lists=tuple(ListShown(name=name, items=self._open(name)) for name in home.lists),
        )

    def subscribe(self, on_change: Callable[[], None]) -> Callable[[], None]:
        """Call `on_change` on the running event loop after each change; returns how to unsubscribe."""
        loop = asyncio.get_running_loop()

        def written() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(on_change)

        def changed(device: Device) -> None:
            on_change()

        forget_link, forget_database = self._link.subscribe(changed), self._timers.database.subscribe(written)
        forget_lists = None if self._lists.database is self._timers.database else self._lists.database.subscribe(written)

        def unsubscribe() -> None:
            forget_link()
            forget_database()
            if forget_lists is not None:
                forget_lists()

        return unsubscribe

    def _open(self, name: str) -> tuple[str, ...]:
        return tuple(item.text for item in self._lists.items(name) if not item.is_complete)


def _shown(timer: Timer, *, now: datetime) -> TimerShown:
    left = timer.seconds_left(now)
    return TimerShown(
        timer_id=timer.timer_id,
        name=timer.name,
        seconds_left=left,
        seconds_total=max(timer.total_seconds, left),
        is_running=timer.state is TimerState.RUNNING,
        is_ringing=timer.state is TimerState.RINGING,
    )
