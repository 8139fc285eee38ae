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
    """Where something was said: `confirmed` by the satellites that began to play it, `unconfirmed` by those that did not; to
    those in `quiet` it was not sent, because nobody there wants to be disturbed."""

    confirmed: tuple[Station, ...] = ()
    unconfirmed: tuple[Station, ...] = ()
    quiet: tuple[Station, ...] = ()


class CallAnswer(StrEnum):
    """What became of the wish to call a room, to answer or to hang up."""

    RINGING = "ringing"
    RINGING_MUTED = "ringing_muted"
    """It rings, but every satellite that it rings at is muted: one must be unmuted there before somebody can answer."""
    OPEN = "open"
    ENDED = "ended"
    NO_SATELLITE = "no_satellite"
    """None that can be called stands there."""
    OFFLINE = "offline"
    """One stands there, and is not connected."""
    NO_INTERCOM_THERE = "no_intercom_there"
    """The satellites there are of other makes, which take no calls."""
    NO_INTERCOM_HERE = "no_intercom_here"
    """The satellite that asks is of another make."""
    BUSY = "busy"
    """The satellite that asks is in a call already."""
    ENGAGED = "engaged"
    """Those that are called are in other calls."""
    QUIET = "quiet"
    """Nobody there wants to be disturbed."""
    MUTED = "muted"
    NO_CALL = "no_call"
