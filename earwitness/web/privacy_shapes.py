"""The JSON of people, consents, history, listens and receipts as types, so that OpenAPI describes it. Shapes only."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from earwitness.domain.account import AccountRole, Permission
from earwitness.domain.intent import SlotValue

TurnId = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
Purposes = Literal["keep", "review", "hear", "train", "identify"]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class PersonShape(_Shape):
    id: str
    name: str
    role: AccountRole
    alias: str
    """Stands for the person where no name may be."""
    enrolled_at: str
    restricted_at: str | None
    told_aloud: bool


class ConsentTextShape(_Shape):
    purpose: Purposes
    version: int
    title: str
    text: str
    spoken: str
    """What is said instead when it is decided by voice."""
    digest: str


class DecisionShape(_Shape):
    decision_id: str
    purpose: Purposes
    given: bool
    objection: bool
    decided_at: str
    way: str
    text_version: int
    text_sha256: str
    retention_seconds: float | None
    keeps: Literal["audio", "text"] | None
    position: int | None
    """Its place in the ledger; null while it waits for the ledger."""


class ShownDecisionShape(DecisionShape):
    text: ConsentTextShape
    """What was shown when the decision was made."""


class KeepingShape(_Shape):
    keeps: Literal["audio", "text"]
    retention_seconds: float
    said: str
    """Such as "a week"."""


class KeptShape(_Shape):
    recordings: int
    seconds: float
    oldest: str | None
    next_expiry: str | None


class MeShape(_Shape):
    """Where the signed-in person stands."""

    person: PersonShape
    consents: dict[Purposes, DecisionShape | None]
    texts: list[ConsentTextShape]
    keeping: KeepingShape | None
    kept: KeptShape
    new_listens: int
    permissions: list[Permission]
    """What the person may do here."""


class Wish(_Shape):
    """A consent given or withdrawn."""

    given: bool
    retention: Annotated[str, Field(max_length=64)] | Annotated[float, Field(gt=0)] | None = None
    """With keep: "none", "day", "week", "month", "three months", "10 days", or seconds."""
    keeps: Literal["audio", "text"] | None = None
    lifts_objection: bool = False
    deletes_kept: bool = False
    """When keep is withdrawn: also delete what is kept now."""


class Restriction(_Shape):
    restricted: bool


class Notices(_Shape):
    aloud: bool


class Correction(_Shape):
    transcript: Annotated[str, Field(min_length=1, max_length=2000)]


class OwnJudgement(_Shape):
    """What one's own turn was. Without an intent, it is what the words mean in this home."""

    transcript: Annotated[str, Field(max_length=1000)] = ""
    intent: Annotated[str | None, Field(max_length=100)] = None
    slots: Annotated[
        dict[Annotated[str, Field(max_length=100)], Annotated[str, Field(max_length=1000)]], Field(max_length=20)
    ] = {}
    false_wake: bool = False
    """Nobody had called the assistant."""


class RecordingShape(_Shape):
    """One kept turn."""

    turn_id: str
    began_at: str
    expires_at: str
    audio_seconds: float
    heard: str
    corrected_at: str | None
    restricted: bool
    area: str | None
    engine: str
    listens: int
    """How often others opened it."""
    transcript: str
    intent: str | None
    slots: dict[str, SlotValue]
    outcome: str
    reply: str
    timings_ms: dict[str, float]
    error: str | None
    reason: str


class HistoryShape(_Shape):
    turns: list[RecordingShape]
    next_before: int | None
    """Ask with `before` for the page after this one; null when this is the last."""


class ReadShape(_Shape):
    """One time somebody opened recordings."""

    read_id: str
    turn_id: str | None
    who: str
    role: str
    why: str
    what: str
    recordings: int
    when: str
    seconds: float
    result: str
    position: int
    closed_position: int | None


class ListensShape(_Shape):
    listens: list[ReadShape]


class ErasureShape(_Shape):
    """A deletion that took effect."""

    erasure_id: str
    kind: str
    erased_at: str
    recordings: int
    seconds: float
    swept: bool
    position: int | None
    held: int
    """How many were hidden but not destroyed yet, since a legal demand holds them."""
    held_until: str | None
    """Until when, if that may be said."""


class ErasuresShape(_Shape):
    receipts: list[ErasureShape]


class ProofShape(_Shape):
    """What `earwitness verify proof` checks."""

    entry: dict[str, Any]
    index: int
    hashes: list[str]
    checkpoint: str


class ReceiptShape(_Shape):
    """What `earwitness verify receipt` checks."""

    receipt: dict[str, Any]
    proof: ProofShape


class LeavingShape(ErasureShape):
    """The deletion of a person."""

    receipt: ReceiptShape | None
    """What `earwitness verify receipt` checks, to be kept by whoever left; null if the ledger could not take it just then."""
