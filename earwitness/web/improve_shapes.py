"""The JSON of learning as types: sets, versions and their figures, and what learned from oneself. Shapes only."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from earwitness.improve.models import State


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class SetShape(_Shape):
    """A data set: how much of it teaches and measures; it holds ids alone."""

    set: str
    number: int
    made_at: str
    split: str
    """What is never on both sides: speakers, or in a small home recordings."""
    teaches: int
    measures: int
    speakers_teach: int
    speakers_measure: int
    left_out: dict[str, int]
    position: int | None


class GainShape(_Shape):
    """A rate of loss before and now, with the 95 % interval of the gain."""

    before: float
    after: float
    gain: float
    items: int
    clusters: int
    low: float | None
    high: float | None


class ChangedShape(_Shape):
    """A recording that gained or lost, by its id."""

    recording: str
    before: float
    after: float


class ReportShape(_Shape):
    """What was measured of a version, on what it did not learn from."""

    split: str
    items: int
    speakers: int
    gains: dict[str, GainShape]
    against_plain: dict[str, GainShape]
    """Against the assistant without anything learned."""
    groups: dict[str, dict[str, GainShape]]
    alone: dict[str, dict[str, GainShape]]
    """What each adapter gains alone."""
    median_ms: dict[str, float | None]
    right: dict[str, int]
    wins: list[ChangedShape]
    losses: list[ChangedShape]
    may_be_used: bool
    reasons: list[str]
    sentence: str


class SignalsShape(_Shape):
    """What people did after turns in the days of a trial, counted."""

    turns: int
    repeats: int
    cancellations: int
    corrections: int


class VersionShape(_Shape):
    """One version of what was learned."""

    model: str
    number: int
    set: str
    state: State
    begun_at: str
    changed_at: str
    registered_position: int | None
    primary: str
    minimum_gain: float
    share: float
    """Of the hours that it is tried in."""
    reason: str
    report: ReportShape | None
    with_it: SignalsShape | None
    """During a trial, of turns with it; and `without`, of the others."""
    without: SignalsShape | None


class ImproveShape(_Shape):
    """Everything that was learned, newest first."""

    sets: list[SetShape]
    versions: list[VersionShape]


class Promotion(_Shape):
    """How much a version is used: for this share of the hours; 1 is always."""

    share: Annotated[float, Field(gt=0.0, le=1.0)] = 0.2


class Rollback(_Shape):
    """Why, for the ledger."""

    why: Annotated[str, StringConstraints(min_length=1, max_length=200)] = "Somebody took it back."


class LearnedShape(_Shape):
    """A version that learned from oneself."""

    model: str
    number: int
    state: State
    recordings: int
    """How many of one's own it learned from."""
    registered_position: int | None


class LearnedFromShape(_Shape):
    """Which versions learned from oneself; none that was retired."""

    versions: list[LearnedShape]
