"""Review: which kept turns may be drawn by lot, what was drawn, and what people judged of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

DAY_SECONDS: Final = 86_400
MILLION: Final = 1_000_000
THOUSAND: Final = 1_000
HIGHEST_RATE_MILLIONTHS: Final = 2_000
"""0.2 %: what people are told when they consent; no setting goes beyond it."""
HIGHEST_PER_MONTH: Final = 5
"""Of one person in a month: likewise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawTerms:
    """By what an epoch draws, committed to the ledger with the seed's digest before anything of it is kept.

    Of all that may be drawn at most `rate_millionths` are; `doubtful_thousandths` of those places go to what was hard to
    understand, beside its equal chance; of one person at most `most_per_month` are drawn in a calendar month (UTC).
    """

    rate_millionths: int = HIGHEST_RATE_MILLIONTHS
    doubtful_thousandths: int = 500
    most_per_month: int = HIGHEST_PER_MONTH

    def as_json(self) -> dict[str, object]:
        return {
            "rate_millionths": self.rate_millionths,
            "doubtful_thousandths": self.doubtful_thousandths,
            "most_per_month": self.most_per_month,
        }


class Excluded(StrEnum):
    """Why a kept turn cannot be drawn."""

    NOT_WOKEN = "not_woken"
    """It did not begin with the wake word: typed, begun by a button, or the answer to a question."""
    CHILD = "child"
    GUEST = "guest"
    """Not of the household, whatever they consented to."""
    NO_CONSENT_THEN = "no_consent_then"
    """The person had not consented to review when it was kept."""
    NO_CONSENT_NOW = "no_consent_now"
    """The consent was withdrawn since, even if it was given again."""
    RESTRICTED = "restricted"
    GONE = "gone"
    """Deleted, or its time is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptThen:
    """What counted when a turn was kept: whether the wake word began it, who spoke, and whether they allowed review."""

    is_woken: bool
    is_child: bool
    is_guest: bool
    had_consent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StandsNow:
    """What counts when an epoch draws. `has_consent` says that the consent stands without a break since the turn was kept."""

    is_child: bool
    is_guest: bool
    has_consent: bool
    is_restricted: bool
    is_gone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """One kept turn of an epoch as its list says it. `speaker` stands for one person in this epoch alone; `room` is how many
    more of theirs may be drawn this month."""

    recording: str
    speaker: str
    room: int
    is_doubtful: bool
    excluded: Excluded | None = None


class ItemState(StrEnum):
    """What became of a drawn item."""

    WAITING = "waiting"
    """The person may still hear it first, delay it or veto."""
    OFFERED = "offered"
    """A reviewer may open it."""
    VETOED = "vetoed"
    WITHDRAWN = "withdrawn"
    """The consent was withdrawn, or the use restricted."""
    GONE = "gone"
    """Deleted or expired before the review was over."""
    REVIEWED = "reviewed"


OPEN_STATES: Final = frozenset({ItemState.WAITING, ItemState.OFFERED})


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnItem:
    """A kept turn that was drawn; `ready_at` is when a reviewer may open it, None while the person has to let it go first."""

    item_id: str
    turn_id: str
    person_id: str
    epoch: str
    drawn_at: datetime
    ready_at: datetime | None
    state: ItemState
    changed_at: datetime
    thanks: str = ""


class Label(StrEnum):
    """What a reviewer or the person says of an utterance besides its words."""

    FALSE_WAKE = "false_wake"
    SEVERAL_SPEAKERS = "several_speakers"
    CHILD = "child"
    BACKGROUND = "background"
    UNCLEAR = "unclear"
    PERSONAL_DATA = "personal_data"
    """Something personal was left in it."""
    DISTURBING = "disturbing"


class Settled(StrEnum):
    """Whether a judgement counts as the result of the review, and how it came to."""

    OPEN = "open"
    """One of several of the same task that do not agree, or whose others are not there yet: it does not count by itself."""
    ALONE = "alone"
    """The only one that the task was to have."""
    AGREED = "agreed"
    """The last of several of the same task, made without knowing of each other, that all agree."""
    ADJUDICATED = "adjudicated"
    """The lead's decision, where others disagreed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """One judgement of an utterance: its words, what was meant, and labels. `by` is an alias; "self" is the person themself.

    `guidelines` is the version of the guidelines by which a reviewer judged. What counts is told by `is_final`; what more than
    one looked at by `is_confirmed`.
    """

    annotation_id: str
    by: str
    made_at: datetime
    transcript: str
    intent: str | None
    slots: tuple[tuple[str, str], ...] = ()
    labels: frozenset[Label] = frozenset()
    settled: Settled = Settled.ALONE
    guidelines: int | None = None

    @property
    def is_final(self) -> bool:
        """Whether it counts as the result of the review."""
        return self.settled is not Settled.OPEN

    @property
    def is_confirmed(self) -> bool:
        """Whether it counts, and more than one person looked at it: all agreed, or the lead decided."""
        return self.settled in (Settled.AGREED, Settled.ADJUDICATED)

    def as_json(self) -> dict[str, Any]:
        return {
            "annotation_id": self.annotation_id,
            "by": self.by,
            "made_at": self.made_at.isoformat(timespec="seconds"),
            "transcript": self.transcript,
            "intent": self.intent,
            "slots": dict(self.slots),
            "labels": sorted(self.labels),
            "settled": self.settled.value,
            "guidelines": self.guidelines,
        }


def annotation_of(found: Mapping[str, Any]) -> Annotation:
    """An annotation out of its JSON."""
    return Annotation(
        annotation_id=found["annotation_id"],
        by=found["by"],
        made_at=datetime.fromisoformat(found["made_at"]),
        transcript=found["transcript"],
        intent=found["intent"],
        slots=tuple(found["slots"].items()),
        labels=frozenset(Label(label) for label in found["labels"]),
        settled=Settled(found.get("settled", Settled.ALONE)),
        guidelines=found.get("guidelines"),
    )


def counting(annotations: Sequence[Annotation]) -> Annotation | None:
    """Of all judgements of one utterance the last that counts; None if none does yet."""
    return next((one for one in reversed(annotations) if one.is_final), None)
