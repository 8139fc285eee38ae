"""A legal demand for data: who asks for what, about whom, since when; the steps that were taken, and where the case stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final


class DemandKind(StrEnum):
    SUBPOENA = "subpoena"
    """Signed by a party or a prosecutor; no judge has looked at it."""
    ORDER = "order"
    """Of a court."""
    WARRANT = "warrant"
    """Of a judge, for good cause, that names what is searched."""
    PRESERVATION = "preservation"
    """To keep something as it is; nothing is disclosed by it."""
    EMERGENCY = "emergency"
    """A life is said to be in danger, and there is no time for a court."""


class AuthorityKind(StrEnum):
    COURT = "court"
    PROSECUTOR = "prosecutor"
    POLICE = "police"
    REGULATOR = "regulator"
    PRIVATE = "private"
    """A party to a lawsuit, or their lawyer."""


class Category(StrEnum):
    """What can be held about a person, from what says least to what says most."""

    DEVICES = "devices"
    """Which satellites the home has, in which rooms, since when."""
    ACCOUNT = "account"
    """Name, role, since when; no passphrase, no key."""
    TURNS = "turns"
    """When the person spoke and for how long; not a word of it."""
    WORDS = "words"
    """What was heard and answered."""
    SOUND = "sound"
    NOTES = "notes"
    """What reviewers wrote while they judged."""


CONTENT: Final = frozenset({Category.WORDS, Category.SOUND})
"""What somebody said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Who demands. `name` is never in the ledger; `jurisdiction` is a code such as "de" or "us-ca"."""

    name: str
    kind: AuthorityKind
    jurisdiction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is asked for: whose (ids of people here), of which devices (ids; none for any), from when up to when (aware, `until`
    not included), in which categories. Of people who are asked for by name and are not known here there is only the number."""

    persons: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    categories: frozenset[Category] = frozenset()
    unknown_persons: int = 0
    is_all_data: bool = False
    """It asks for "all data", "any and all records" or the like."""
    has_unnamed_others: bool = False
    """It asks for people whom it does not name: whoever spoke to them, whoever was there."""

    def is_within(self, other: "Scope") -> bool:
        """Whether this asks for nothing that the other does not ask for."""
        return (
            set(self.persons) <= set(other.persons)
            and self.unknown_persons <= other.unknown_persons
            and (not other.devices or (bool(self.devices) and set(self.devices) <= set(other.devices)))
            and (other.since is None or (self.since is not None and self.since >= other.since))
            and (other.until is None or (self.until is not None and self.until <= other.until))
            and (other.is_all_data or self.categories <= other.categories)
            and (other.is_all_data or not self.is_all_data)
            and (other.has_unnamed_others or not self.has_unnamed_others)
        )

    def overlaps(self, other: "Scope") -> bool:
        """Whether something may be asked for by both."""
        is_before = self.until is not None and other.since is not None and self.until <= other.since
        is_after = other.until is not None and self.since is not None and other.until <= self.since
        return bool(set(self.persons) & set(other.persons)) and not is_before and not is_after

    @property
    def span(self) -> timedelta | None:
        """How long a time it is about; None if it has no beginning or no end."""
        return None if self.since is None or self.until is None else self.until - self.since

    def as_json(self) -> dict[str, Any]:
        """The scope as JSON and, in RFC 8785 form, what its digest is made of."""
        return {
            "persons": sorted(self.persons),
            "devices": sorted(self.devices),
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
            "categories": sorted(one.value for one in self.categories),
            "unknown_persons": self.unknown_persons,
            "all_data": self.is_all_data,
            "unnamed_others": self.has_unnamed_others,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Gag:
    """An order not to tell. Without an end it is not honoured."""

    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """A demand as it came in. `document_sha256` is of the paper's file; after `expires_at` nothing may be disclosed by it."""

    demand_id: str
    kind: DemandKind
    authority: Authority
    document_sha256: str
    scope: Scope
    received_at: datetime
    issued_at: datetime | None = None
    expires_at: datetime | None = None
    gag: Gag | None = None
    is_home: bool = False
    """Nobody here was counsel or privacy officer when it came in: an owner answers for a home."""


class Office(StrEnum):
    """In what capacity a step is taken."""

    COUNSEL = "counsel"
    PRIVACY_OFFICER = "privacy_officer"
    OWNER = "owner"
    """Of a home, where there is no counsel."""
    PERSON = "person"
    """Whom the demand is about."""
    HOUSE = "house"
    """The house itself, when a time is over."""


class State(StrEnum):
    RECEIVED = "received"
    VALIDATED = "validated"
    """It is what it says it is: the paper was compared, the authority asked."""
    OBJECTED = "objected"
    NARROWED = "narrowed"
    APPROVED = "approved"
    NOTIFIED = "notified"
    """The person was told, or a dated gag puts that off."""
    DISCLOSED = "disclosed"
    REFUSED = "refused"
    CLOSED = "closed"


class StepKind(StrEnum):
    """What can be done to a case; in the ledger it is `demand.` and this."""

    RECEIVED = "received"
    VALIDATED = "validated"
    OBJECTED = "objected"
    PERSON_OBJECTED = "person_objected"
    NARROWED = "narrowed"
    APPROVAL = "approval"
    """One of the two; the second lets the case be approved."""
    NOTIFIED = "notified"
    TOLD = "told"
    """The person, after a gag that had put it off."""
    PRESERVED = "preserved"
    RELEASED = "released"
    """What was preserved is let go."""
    DISCLOSED = "disclosed"
    REVIEWED = "reviewed"
    """An emergency that was answered was looked at again by somebody else."""
    OVERDUE = "overdue"
    """That was not done in time."""
    REFUSED = "refused"
    CLOSED = "closed"


class Outcome(StrEnum):
    """What a disclosure came to."""

    WHOLE = "whole"
    """All that was asked for at first and is held."""
    PART = "part"
    NOTHING = "nothing"
    """There was nothing responsive; a signed statement says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step. `by` is the alias of who took it; `reason` is their words and never in the ledger; `due_at` is by when the next
    step is due. The rest is set by the steps that it belongs to."""

    kind: StepKind
    office: Office
    by: str
    at: datetime
    reason: str = ""
    due_at: datetime | None = None
    scope: Scope | None = None
    """Of `narrowed`: what remains."""
    scope_sha256: str = ""
    """Of `approval`: what was approved."""
    object_until: datetime | None = None
    """Of `notified`: until when the person may object; None while a gag stands."""
    told_from: datetime | None = None
    """Of `notified`: when the gag ends that puts the notice off."""
    held_until: datetime | None = None
    """Of `preserved`."""
    outcome: Outcome | None = None
    facts: Mapping[str, object] = field(default_factory=dict)
    """What the ledger's entry says besides: counts, categories, digests; nothing about a person."""
    position: int | None = None
    """Where its entry is in the ledger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Where a demand stands, as its steps left it. `demands/case.py` alone makes new ones."""

    demand: Demand
    state: State
    scope: Scope
    steps: tuple[Step, ...] = ()
    approvals: tuple[Step, ...] = ()
    """Of the present scope; they fall when it changes or somebody objects."""
    round: int = 1
    """Counts up when what was disclosed is approved to be disclosed again."""
    needs_counsel: bool = True
    """Counsel must validate it: the rules do not know what to make of it."""
    object_until: datetime | None = None
    told_from: datetime | None = None
    """Until when a gag puts the notice off; None once the person was told."""
    held_until: datetime | None = None
    review_due_at: datetime | None = None
    """Of an emergency that was answered, until somebody else looked at it again."""
    due_at: datetime | None = None

    @property
    def demand_id(self) -> str:
        return self.demand.demand_id


class Finding(StrEnum):
    """What the rules find wrong or doubtful in a demand."""

    NO_DATES = "no_dates"
    TOO_LONG = "too_long"
    FUTURE = "future"
    """It asks for what was not said yet."""
    ALL_DATA = "all_data"
    NO_CATEGORIES = "no_categories"
    UNNAMED_OTHERS = "unnamed_others"
    NOBODY_NAMED = "nobody_named"
    NOT_REACHED = "not_reached"
    """This kind of demand does not reach a category that it asks for: content needs a warrant."""
    REVIEWERS_NOTES = "reviewers_notes"
    BY_DEVICE = "by_device"
    """It asks for what was said by device, which is not held so."""
    WRONG_AUTHORITY = "wrong_authority"
    """Such an authority cannot issue such a demand."""
    UNKNOWN_JURISDICTION = "unknown_jurisdiction"
    GAG_WITHOUT_END = "gag_without_end"
    GAG_TOO_LONG = "gag_too_long"
    EXPIRED = "expired"
    CHILD = "child"
    CONFLICT = "conflict"
    """Another open demand is about the same person and time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How much a scope would disclose: how many of each category, and how many seconds of sound. Nobody's content."""

    counts: Mapping[Category, int]
    seconds: float = 0.0

    @property
    def is_nothing(self) -> bool:
        return not any(self.counts.values())

    def as_json(self) -> dict[str, object]:
        return {"counts": {one.value: count for one, count in sorted(self.counts.items())}, "seconds": round(self.seconds, 3)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What the rules make of a demand: what they find, what remains of its scope (None where nothing lawful does), and what the
    two would disclose. `asked` counts what is held of the people named, whatever the kind of demand reaches."""

    findings: tuple[Finding, ...]
    needs_counsel: bool
    proposal: Scope | None
    asked: Reach
    proposed: Reach


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a person is told of a demand about them, and what they said to it."""

    notice_id: str
    demand_id: str
    person_id: str
    told_at: datetime
    object_until: datetime | None
    """None where it was disclosed already, while a gag stood."""
    is_for_ward: bool = False
    """The reader is the guardian of the person whom it is about."""
    about: str = ""
    """In plain words: who demanded what."""
    objected_at: datetime | None = None
    disclosed_at: datetime | None = None
