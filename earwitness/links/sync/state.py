"""How what lives on both sides stands, as it is told. Values only."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncState:
    """How it stands. `worked_at` is when both sides were last the same, `error` what stands in the way now."""

    host: str
    what: tuple[str, ...]
    """lists, reminders, alarms."""
    behind: int
    """How many things here are not yet so on the server."""
    worked_at: datetime | None = None
    error: str = ""
    notes: tuple[str, ...] = ()
    """What is on the server and was not taken over, and why."""
