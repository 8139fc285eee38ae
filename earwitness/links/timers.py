"""Timers, kept in the database. Owns their rows and the rule that each becomes due exactly once; it does not wait or ring.

A running timer has the wall time at which it is due, so it survives a restart; a paused one has the seconds that remain.
Calls block on the disk.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from earwitness.storage.database import Database
from earwitness.storage.household import timers


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

    def seconds_left(self, now: datetime) -> float:
        """Seconds until it is due at `now`, never below zero."""
        if self.due_at is None:
            return self.remaining_seconds or 0.0
        return max(0.0, (self.due_at - now).total_seconds())


class Timers:
    """All timers of the home."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def all(self) -> tuple[Timer, ...]:
        """Every timer, oldest first. Raises StorageError."""
        with self.database.reading() as connection:
            rows = connection.execute(sa.select(timers).order_by(timers.c.created_at, timers.c.timer_id))
            return tuple(_timer(row) for row in rows)

    def add(self, timer: Timer) -> None:
        """Keep a new timer; it is on the disk when this returns. Raises StorageError."""
        row = {
            "timer_id": timer.timer_id,
            "name": timer.name,
            "area": timer.area,
            "device_id": timer.device_id,
            "created_at": timer.created_at.timestamp(),
        }
        with self.database.writing() as connection:
            connection.execute(timers.insert().values(**row, **_course(timer)))

    def change(self, before: Timer, *, after: Timer) -> bool:
        """Replace a timer's time and state, only if it still is as `before`; tells whether it was. Raises StorageError."""
        change = timers.update().where(
            timers.c.timer_id == before.timer_id,
            timers.c.state == before.state.value,
            timers.c.due_at.is_not_distinct_from(_stamp(before.due_at)),
            timers.c.remaining_seconds.is_not_distinct_from(before.remaining_seconds),
        )
        with self.database.writing() as connection:
            return connection.execute(change.values(**_course(after))).rowcount == 1

    def remove(self, timer_ids: Iterable[str]) -> int:
        """Forget timers, all or none of them; gives how many there were. Raises StorageError."""
        with self.database.writing() as connection:
            return connection.execute(timers.delete().where(timers.c.timer_id.in_(tuple(timer_ids)))).rowcount

    def claim_due(self, now: datetime) -> tuple[Timer, ...]:
        """Mark what is due as ringing and give it, earliest first. No timer is ever given twice. Raises StorageError."""
        is_due = sa.and_(timers.c.state == TimerState.RUNNING.value, timers.c.due_at <= now.timestamp())
        claim = timers.update().where(is_due).values(state=TimerState.RINGING.value).returning(timers)
        with self.database.writing() as connection:
            claimed = [_timer(row) for row in connection.execute(claim)]
        return tuple(sorted(claimed, key=lambda timer: (timer.due_at or now, timer.timer_id)))

    def next_due(self) -> datetime | None:
        """When the next running timer is due; None if none runs. Raises StorageError."""
        query = sa.select(sa.func.min(timers.c.due_at)).where(timers.c.state == TimerState.RUNNING.value)
        with self.database.reading() as connection:
            return _moment(connection.scalar(query))

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback`, in the thread that wrote, after each change of a timer; returns how to unsubscribe."""
        return self.database.subscribe(callback, tables=(timers,))


def _course(timer: Timer) -> dict[str, str | float | None]:
    """The columns that change while a timer lives."""
    return {
        "total_seconds": timer.total_seconds,
        "state": timer.state.value,
        "due_at": _stamp(timer.due_at),
        "remaining_seconds": timer.remaining_seconds,
    }


def _stamp(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _moment(stamp: float | None) -> datetime | None:
    return None if stamp is None else datetime.fromtimestamp(stamp, UTC)


def _timer(row: sa.Row[Any]) -> Timer:
    return Timer(
        timer_id=row.timer_id,
        name=row.name,
        area=row.area,
        device_id=row.device_id,
        total_seconds=row.total_seconds,
        state=TimerState(row.state),
        due_at=_moment(row.due_at),
        remaining_seconds=row.remaining_seconds,
        created_at=datetime.fromtimestamp(row.created_at, UTC),
    )
