"""Timers: alerts that are due once, so many seconds after they were set, and that can be paused. A view of `alerts.py`.

A running timer has the wall time at which it is due, so it survives a restart; a paused one has the seconds that remain.
Calls block on the disk.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from earwitness.domain.alert import Alert, AlertKind, AtMoment, Place, Ring, RingState
from earwitness.domain.errors import StorageError
from earwitness.links.alerts import Alerts


class TimerState(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    RINGING = "ringing"
    """Due, and marked so on the disk before it is heard; gone once someone has stopped it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """One timer. `due_at` (aware) is None exactly while paused; `remaining_seconds` is None unless paused."""

    timer_id: str
    total_seconds: float
    created_at: datetime
    state: TimerState = TimerState.RUNNING
    due_at: datetime | None = None
    remaining_seconds: float | None = None
    name: str = ""
    area: str | None = None
    device_id: str | None = None
    """From where it was set, and with `place`, where it rings."""
    place: Place = Place.HOUSE
    revision: int = field(default=0, compare=False)

    def seconds_left(self, now: datetime) -> float:
        """Seconds until it is due at `now`, never below zero."""
        if self.due_at is None:
            return self.remaining_seconds or 0.0
        return max(0.0, (self.due_at - now).total_seconds())


class Timers:
    """All timers of the home."""

    def __init__(self, alerts: Alerts) -> None:
        self.alerts = alerts

    def all(self) -> tuple[Timer, ...]:
        """Every timer, oldest first. Raises StorageError."""
        alerts, rings = self.alerts.snapshot()
        open_rings = {ring.alert_id: ring for ring in rings}
        return tuple(_timer(alert, open_rings.get(alert.alert_id)) for alert in alerts if alert.kind is AlertKind.TIMER)

    def add(self, timer: Timer) -> None:
        """Keep a new timer; it is on the disk when this returns. Raises StorageError."""
        self.alerts.add(_alert(timer))

    def change(self, before: Timer, *, after: Timer) -> bool:
        """Replace a timer's time and state, only if it still is as `before`; tells whether it was. Raises StorageError."""
        kept = replace(_alert(before), revision=before.revision)
        return self.alerts.change(kept, after=_alert(after)) is not None

    def remove(self, timer_ids: Iterable[str]) -> int:
        """Forget timers, all or none of them; gives how many there were. Raises StorageError."""
        return self.alerts.remove(timer_ids)

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback`, in the thread that wrote, after each change of any alert; returns how to unsubscribe."""
        return self.alerts.subscribe(callback)


def _timer(alert: Alert, ring: Ring | None) -> Timer:
    is_paused = alert.remaining_seconds is not None
    is_running = not is_paused and (alert.due_at is not None or (ring is not None and ring.state is RingState.SNOOZED))
    due_at = ring.rings_at if ring is not None else alert.due_at or alert.handled_until
    return Timer(
        timer_id=alert.alert_id,
        name=alert.name,
        area=alert.area,
        device_id=alert.device_id,
        place=alert.place,
        total_seconds=alert.total_seconds or 0.0,
        state=TimerState.PAUSED if is_paused else TimerState.RUNNING if is_running else TimerState.RINGING,
        due_at=None if is_paused else due_at,
        remaining_seconds=alert.remaining_seconds,
        created_at=alert.created_at,
        revision=alert.revision,
    )


def _alert(timer: Timer) -> Alert:
    is_paused = timer.state is TimerState.PAUSED
    if is_paused == (timer.due_at is not None) or is_paused == (timer.remaining_seconds is None):
        raise StorageError("A timer that runs has a moment, one that is paused has seconds left; nothing was written.")
    return Alert(
        alert_id=timer.timer_id,
        kind=AlertKind.TIMER,
        rule=AtMoment(at=timer.due_at or timer.created_at),
        name=timer.name,
        area=timer.area,
        device_id=timer.device_id,
        place=timer.place,
        total_seconds=timer.total_seconds,
        remaining_seconds=timer.remaining_seconds,
        created_at=timer.created_at,
    )
