"""Timers, kept in the database. Owns their rows and the rule that each becomes due exactly once; it does not wait or ring.

A running timer has the wall time at which it is due, so it survives a restart; a paused one has the seconds that remain.
Calls block on the disk.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from earwitness.links.database import Database


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
        return tuple(_timer(row) for row in self.database.read("SELECT * FROM timers ORDER BY created_at, rowid"))

    def add(self, timer: Timer) -> None:
        """Keep a new timer; it is on the disk when this returns. Raises StorageError."""
        with self.database.writing() as connection:
            connection.execute(
                "INSERT INTO timers (timer_id, name, area, device_id, total_seconds, state, due_at,"
                " remaining_seconds, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    timer.timer_id,
                    timer.name,
                    timer.area,
                    timer.device_id,
                    timer.total_seconds,
                    timer.state,
                    _stamp(timer.due_at),
                    timer.remaining_seconds,
                    timer.created_at.timestamp(),
                ),
            )

    def change(self, before: Timer, *, after: Timer) -> bool:
        """Replace a timer's time and state, only if it still is as `before`; tells whether it was. Raises StorageError."""
        with self.database.writing() as connection:
            done = connection.execute(
                "UPDATE timers SET total_seconds = ?, state = ?, due_at = ?, remaining_seconds = ?"
                " WHERE timer_id = ? AND state = ? AND due_at IS ? AND remaining_seconds IS ?",
                (
                    after.total_seconds,
                    after.state,
                    _stamp(after.due_at),
                    after.remaining_seconds,
                    before.timer_id,
                    before.state,
                    _stamp(before.due_at),
                    before.remaining_seconds,
                ),
            )
            return done.rowcount == 1

    def remove(self, timer_ids: Iterable[str]) -> int:
        """Forget timers, all or none of them; gives how many there were. Raises StorageError."""
        with self.database.writing() as connection:
            return sum(connection.execute("DELETE FROM timers WHERE timer_id = ?", (each,)).rowcount for each in timer_ids)

    def claim_due(self, now: datetime) -> tuple[Timer, ...]:
        """Mark what is due as ringing and give it, earliest first. No timer is ever given twice. Raises StorageError."""
        with self.database.writing() as connection:
            rows = connection.execute(
                "UPDATE timers SET state = 'ringing' WHERE state = 'running' AND due_at <= ? RETURNING *", (now.timestamp(),)
            ).fetchall()
        return tuple(sorted((_timer(row) for row in rows), key=lambda timer: (timer.due_at or now, timer.timer_id)))

    def next_due(self) -> datetime | None:
        """When the next running timer is due; None if none runs. Raises StorageError."""
        (row,) = self.database.read("SELECT min(due_at) AS due_at FROM timers WHERE state = 'running'")
        return _moment(row["due_at"])


def _stamp(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _moment(stamp: float | None) -> datetime | None:
    return None if stamp is None else datetime.fromtimestamp(stamp, UTC)


def _timer(row: sqlite3.Row) -> Timer:
    return Timer(
        timer_id=row["timer_id"],
        name=row["name"],
        area=row["area"],
        device_id=row["device_id"],
        total_seconds=row["total_seconds"],
        state=TimerState(row["state"]),
        due_at=_moment(row["due_at"]),
        remaining_seconds=row["remaining_seconds"],
        created_at=datetime.fromtimestamp(row["created_at"], UTC),
    )
