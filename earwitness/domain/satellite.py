"""A satellite as the rest of the house sees it: where it stands, and what became of what it was asked to say."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """One satellite: its name, its room if it has one, and the voice that it speaks with if that is not the home's."""

    device_id: str
    name: str
    area: str | None = None
    voice: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """Where something was said: `confirmed` by the satellites that began to play it, `unconfirmed` by the others."""

    confirmed: tuple[Station, ...] = ()
    unconfirmed: tuple[Station, ...] = ()


class CallAnswer(StrEnum):
    """What became of the wish to call a room, to answer or to hang up."""

    RINGING = "ringing"
    OPEN = "open"
    ENDED = "ended"
    NO_SATELLITE = "no_satellite"
    """Nobody can be called there: none is connected."""
    BUSY = "busy"
    MUTED = "muted"
    NO_CALL = "no_call"
