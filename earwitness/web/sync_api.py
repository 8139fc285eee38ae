"""The API of what lives on the calendar server too: what that is, how far behind the server is, when both were last the same.

It translates; `jobs/sync_calendar.py` does it.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from earwitness.domain.times import Moment
from earwitness.links.sync.state import SyncState
from earwitness.skills.when import frame_at
from earwitness.understand.times import words_of
from earwitness.web.errors_told import told


class SyncShape(BaseModel):
    """Of a house whose settings synchronise nothing, `what` is empty."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    what: list[str]
    """lists, reminders, alarms: what is the same here and there, both ways."""
    host: str
    behind: int
    """How many things are not yet on the server as they are here. They are kept here all the same."""
    worked_at: str | None
    """When both sides were last the same, in ISO 8601."""
    worked_in_words: str
    error: str
    """What stands in the way now, as a sentence; empty if nothing does."""
    notes: list[str]
    """What is on the server and was not taken over, and why."""


class Sync(Protocol):
    """Keeps both sides the same."""

    def state(self) -> SyncState:
        """How it stands. Blocks on the disk. Raises StorageError."""
        ...

    async def sync(self) -> bool:
        """Make both sides the same now; tells whether they are."""
        ...


def sync_router(sync: Sync | None, *, clock: Callable[[], datetime]) -> APIRouter:
    """The routes under /api/v1/calendar-sync. `clock` gives the time in the household's zone."""
    router = APIRouter(prefix="/api/v1/calendar-sync", responses=told())

    @router.get("")
    async def state() -> SyncShape:
        """How it stands."""
        return await asyncio.to_thread(_shape, sync, clock())

    @router.post("")
    async def now() -> SyncShape:
        """Make both sides the same now, and tell how it stands then."""
        if sync is not None:
            await sync.sync()
        return await asyncio.to_thread(_shape, sync, clock())

    return router


def _shape(sync: Sync | None, now: datetime) -> SyncShape:
    if sync is None:
        return SyncShape(what=[], host="", behind=0, worked_at=None, worked_in_words="", error="", notes=[])
    state, frame = sync.state(), frame_at(now)
    at = state.worked_at
    return SyncShape(
        what=list(state.what),
        host=state.host,
        behind=state.behind,
        worked_at=None if at is None else at.astimezone(frame.zone).isoformat(),
        worked_in_words="" if at is None else words_of(Moment(at=at), frame=frame),
        error=state.error,
        notes=list(state.notes),
    )
