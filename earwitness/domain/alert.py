"""What rings: a timer, an alarm, a reminder, a routine at its time. One notion; `recurrence.py` says when, `links/alerts.py`
keeps them, `jobs/fire_alerts.py` rings them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias

from earwitness.domain.ring_sound import TONE

LATE_SECONDS: Final = 3600.0
"""What was due while nobody could ring it rings late up to here; beyond, it is told as missed."""
SNOOZE_SECONDS: Final = 540.0
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
GOOD_NIGHT: Final = "good_night"
"""The event of somebody saying good night."""


class AlertKind(StrEnum):
    TIMER = "timer"
    ALARM = "alarm"
    REMINDER = "reminder"
    ROUTINE = "routine"


class Place(StrEnum):
    """Where it rings. A room or device that is not there when it is due lets it ring in the whole house."""

    HOUSE = "house"
    ROOM = "room"
    DEVICE = "device"


@dataclass(frozen=True, slots=True, kw_only=True)
class AtMoment:
    """Once, at a moment (aware), whatever the clock on the wall shows then."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AtWallTime:
    """Once, when the clock on the wall shows `local` (naive). `zone` is an IANA name; empty: wherever the household is then."""

    local: datetime
    zone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurring:
    """Again and again: an RFC 5545 rule ("FREQ=WEEKLY;BYDAY=MO") from `start` (naive, on the wall) on. `zone` as in AtWallTime.

    Rules of days and longer run on the clock on the wall, rules of hours and minutes on elapsed time.
    """

    rule: str
    start: datetime
    zone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnEvent:
    """Not at a time but when something happens, such as GOOD_NIGHT: the next time, or each time."""

    event: str
    is_once: bool = True


Rule: TypeAlias = AtMoment | AtWallTime | Recurring | OnEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert. Moments are aware; what the last five fields say is kept by `links/alerts.py`, not chosen."""

    alert_id: str
    kind: AlertKind
    rule: Rule
    created_at: datetime
    name: str = ""
    text: str = ""
    """What a reminder says; the id of a routine."""
    person_id: str | None = None
    """Whom it is for; it goes when they are deleted."""
    area: str | None = None
    device_id: str | None = None
    """From where it was asked, and with `place`, where it rings."""
    place: Place = Place.HOUSE
    sound: str = TONE
    """With what it rings, as `ringing/shelf.py` finds it."""
    is_rising: bool = False
    """Whether it begins softly and grows louder."""
    must_acknowledge: bool = False
    """Whether it comes again, unanswered, until somebody stops it."""
    is_on: bool = True
    total_seconds: float | None = None
    """How long a timer runs in all."""
    remaining_seconds: float | None = None
    """What is left of a timer that is paused; None unless it is."""
    skipped_until: datetime | None = None
    """Occurrences up to here are passed over."""
    handled_until: datetime | None = None
    """Occurrences up to here have rung or were missed."""
    due_at: datetime | None = None
    """When it is due next; None while it is off, paused, waits for an event, or has nothing to come."""
    revision: int = 0


class RingState(StrEnum):
    RINGING = "ringing"
    """Claimed, on the disk, before it is heard; until somebody stops it or it has rung for long enough."""
    SNOOZED = "snoozed"
    MISSED = "missed"
    """It did not ring, and nobody has been told yet."""
    OVER = "over"


class Outcome(StrEnum):
    STOPPED = "stopped"
    UNANSWERED = "unanswered"
    TOLD = "told"
    """As missed."""
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """One occurrence of an alert that has become due. There is never a second one of the same alert and moment."""

    alert_id: str
    due_at: datetime
    state: RingState
    rings_at: datetime
    """When it rings: when it was due, or later if it was snoozed."""
    sounded_at: datetime | None = None
    """When it was first given to what sounds; None: nobody can have heard it yet."""
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    repeats: int = 0
    """How often it has come again for want of an answer."""
    times: int = 1
    """How many occurrences one that was missed stands for."""

    @property
    def ring_id(self) -> str:
        return ring_id(self.alert_id, self.due_at)


def ring_id(alert_id: str, due_at: datetime) -> str:
    """The name of one occurrence on the wire: server and satellites mean the same one by it."""
    return f"{alert_id}@{(due_at - _EPOCH) // timedelta(microseconds=1)}"


def occurrence_of(ring_id: str) -> tuple[str, datetime] | None:
    """The alert and the moment that `ring_id` names; None for what is no such name."""
    alert_id, _, microseconds = ring_id.rpartition("@")
    try:
        return (alert_id, _EPOCH + timedelta(microseconds=int(microseconds))) if alert_id else None
    except (ValueError, OverflowError):
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Foretold:
    """What a satellite rings itself if the server is away then."""

    ring_id: str
    text: str
    in_seconds: float
    area: str | None = None
    device_id: str | None = None
    """Where alone it rings; both None: everywhere."""
    sound: str = TONE
    is_rising: bool = False


class RungAway(StrEnum):
    """What became of an alarm that a satellite rang on its own."""

    RINGING = "ringing"
    STOPPED = "stopped"
    SNOOZED = "snoozed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AwayReport:
    """What a satellite says of one occurrence. `in_seconds` is how long a snoozed one still sleeps."""

    ring_id: str
    what: RungAway
    in_seconds: float = 0.0
