"""A recording: a kept turn in the vault, with who may open it, who did, and until when it is there."""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from earwitness.domain.review import Annotation
from earwitness.domain.turn import Turn


class Role(StrEnum):
    """In what capacity somebody opens a recording."""

    SELF = "self"
    """The person who spoke."""
    MEMBER = "member"
    """Another person of the household."""
    REVIEWER = "reviewer"
    COUNSEL = "counsel"
    """Who answers a legal demand."""
    OVERSEER = "overseer"
    """Who oversees review, where two people said so or something was flagged."""
    TRAINER = "trainer"
    """The job that builds data sets."""
    SYSTEM = "system"
    """The house itself, for upkeep; it hears nothing."""


class ReadPurpose(StrEnum):
    """Why a recording is opened."""

    PLAYBACK = "playback"
    HISTORY = "history"
    """Reading the words, not the sound."""
    CORRECTION = "correction"
    EXPORT = "export"
    REVIEW = "review"
    DISGUISE = "disguise"
    """The house itself makes of the sound what a reviewer may hear; nobody hears what is opened."""
    TRAINING = "training"
    DEMAND = "demand"
    """A legal demand that was approved."""
    ESCALATION = "escalation"
    """To decide about what a reviewer flagged as disturbing."""
    BREAK_GLASS = "break_glass"
    """An emergency, for which two people let somebody open it for a short time."""


class Medium(StrEnum):
    AUDIO = "audio"
    TEXT = "text"


class ReadResult(StrEnum):
    """How a read ended."""

    OPEN = "open"
    """Begun; its end is not on record yet."""
    SERVED = "served"
    BROKEN_OFF = "broken_off"
    """Some bytes went out before it ended: the far end left, or the server stopped."""
    FAILED = "failed"
    """Nothing went out: it could not be decrypted, or the far end left at once."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts. `alias` is stable and says no name; it is what a recorded person and the ledger see."""

    actor_id: str
    alias: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One kept turn with its words. `audio_seconds` is 0 when only the text was kept."""

    turn: Turn
    person_id: str
    began_at: datetime
    expires_at: datetime
    audio_seconds: float
    heard: str
    """What the recogniser heard, before any correction."""
    corrected_at: datetime | None = None
    is_restricted: bool = False
    area: str | None = None
    engine: str = ""
    listens: int = 0
    """How often others than the person opened it."""
    annotations: tuple[Annotation, ...] = ()
    """What reviewers judged of it."""

    def as_json(self) -> dict[str, object]:
        """The recording in the shape of the history's JSON; times are ISO 8601 in UTC."""
        return {
            "turn_id": self.turn.turn_id,
            "began_at": self.began_at.isoformat(),
            "expires_at": self.expires_at.isoformat(),
            "audio_seconds": round(self.audio_seconds, 3),
            "heard": self.heard,
            "corrected_at": self.corrected_at.isoformat() if self.corrected_at else None,
            "restricted": self.is_restricted,
            "area": self.area,
            "engine": self.engine,
            "listens": self.listens,
            **self.turn.as_json(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One time somebody opened recordings of a person: the line on the page "who listened".

    `opened_position` and `closed_position` are places in the ledger; `ranges` are the bytes of PCM served, from and up to: those
    asked for, as long as the read is open, and `seconds` is their length.
    """

    read_id: str
    person_id: str
    turn_id: str | None
    actor: Actor
    purpose: ReadPurpose
    medium: Medium
    recordings: int
    opened_at: datetime
    opened_position: int
    result: ReadResult
    closed_at: datetime | None = None
    closed_position: int | None = None
    seconds: float = 0.0
    ranges: tuple[tuple[int, int], ...] = ()
    shown_from: datetime | None = None
    """Until then a gag keeps it from the person's list."""

    def as_json(self) -> dict[str, object]:
        return {
            "read_id": self.read_id,
            "turn_id": self.turn_id,
            "who": self.actor.alias,
            "role": self.actor.role.value,
            "why": self.purpose.value,
            "what": self.medium.value,
            "recordings": self.recordings,
            "when": self.opened_at.isoformat(),
            "seconds": round(self.seconds, 3),
            "result": self.result.value,
            "position": self.opened_position,
            "closed_position": self.closed_position,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """A deletion that took effect: its keys are gone. `body` is the receipt's statement, whose digest the ledger holds."""

    erasure_id: str
    kind: str
    erased_at: datetime
    recordings: int
    seconds: float
    is_swept: bool
    position: int | None
    body: str

    @property
    def held(self) -> int:
        """How many turns were hidden but not destroyed, since a legal demand holds them."""
        return int(json.loads(self.body).get("held", 0))

    @property
    def held_until(self) -> str | None:
        """Until when, if that may be said: an ISO 8601 time."""
        found = json.loads(self.body).get("held_until")
        return None if found is None else str(found)

    def as_json(self) -> dict[str, object]:
        return {
            "held": self.held,
            "held_until": self.held_until,
            "erasure_id": self.erasure_id,
            "kind": self.kind,
            "erased_at": self.erased_at.isoformat(),
            "recordings": self.recordings,
            "seconds": round(self.seconds, 3),
            "swept": self.is_swept,
            "position": self.position,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which of a person's recordings: by ids, or by when they began (from, until; aware, until not included), or all of them."""

    turn_ids: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    is_all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How much there is of a selection: seconds of sound, when the oldest of it began and when the next of it expires (aware)."""

    recordings: int
    seconds: float
    oldest: datetime | None
    next_expiry: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What the turn hands over to be kept: the turn, who spoke, where and when, and what recognised the words.

    `is_off_record` when it may not be kept, whatever was consented to; `is_woken` when the wake word began it.
    """

    turn: Turn
    person_id: str
    began_at: datetime
    area: str | None = None
    engine: str = ""
    is_off_record: bool = False
    is_woken: bool = False
