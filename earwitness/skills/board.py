"""The board: home, timers and lists as a page shows them. Reads only; changes nothing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from earwitness.domain.board import Board, ListShown, TimerShown
from earwitness.domain.home import Device, Home
from earwitness.links.lists import Lists
from earwitness.links.timers import Timer, Timers, TimerState


class ShownHome(Protocol):
    """A home that can be looked at and tells of its changes."""

    def snapshot(self) -> Home: ...

    def subscribe(self, callback: Callable[[Device], None]) -> Callable[[], None]: ...

    def on_described(self, callback: Callable[[], None]) -> Callable[[], None]: ...


class HomeBoard:
    """Gathers the board. `clock` gives aware datetimes."""

    def __init__(self, home: ShownHome, *, timers: Timers, lists: Lists, clock: Callable[[], datetime]) -> None:
        self._home = home
        self._timers = timers
        self._lists = lists
        self._clock = clock

    def board(self) -> Board:
        """Everything as it is now. Reads two small tables."""
        home, now = self._home.snapshot(), self._clock()
        lists = tuple(
            ListShown(name=name, items=tuple(item.text for item in self._lists.items(name) if not item.is_complete))
            for name in self._lists.names(home.lists)
        )
        return Board(home=_as_reached(home), timers=tuple(_shown(timer, now) for timer in self._timers.all()), lists=lists)

    def subscribe(self, on_change: Callable[[], None]) -> Callable[[], None]:
        """Call `on_change` after each change of home, timers or lists, in whichever thread made it; returns how to stop."""
        stops = (
            self._home.subscribe(lambda _: on_change()),
            self._home.on_described(on_change),
            self._timers.subscribe(on_change),
            self._lists.subscribe(on_change),
        )

        def unsubscribe() -> None:
            for stop in stops:
                stop()

        return unsubscribe


def _as_reached(home: Home) -> Home:
    """The home with what cannot be reached shown as that, and not as it was last."""
    if all(device.is_reachable for device in home.devices):
        return home
    devices = (one if one.is_reachable else replace(one, state="unreachable", attributes={}) for one in home.devices)
    return replace(home, devices=tuple(devices))


def _shown(timer: Timer, now: datetime) -> TimerShown:
    return TimerShown(
        timer_id=timer.timer_id,
        name=timer.name,
        seconds_left=timer.seconds_left(now),
        seconds_total=max(timer.total_seconds, timer.seconds_left(now)),
        is_running=timer.state is TimerState.RUNNING,
        is_ringing=timer.state is TimerState.RINGING,
    )
