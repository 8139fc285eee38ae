"""What was asked: an intent with its slots, and how sure and how complete the understanding is.

Intent and slot names are Home Assistant's where they exist (HassTurnOn, name, area, brightness, ...).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeAlias

from earwitness.domain.account import Scope

SlotValue: TypeAlias = str | int | float | bool


class Completeness(StrEnum):
    """Whether a speaker who paused here is likely done; decides how long the endpoint waits."""

    COMPLETE = "complete"
    """A whole command that hardly goes on: the wait ends early."""
    OPEN = "open"
    """A whole command that often goes on ("add apples", "set a timer for five minutes")."""
    INCOMPLETE = "incomplete"
    """Plainly cut off ("set a timer for"): the wait is longer."""
    ABSENT = "absent"
    """Nothing was said yet but the wake word or a filler: waits as for the first word."""
    UNKNOWN = "unknown"
    """No known sentence: the usual wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """One request: a name and its parameters."""

    name: str
    slots: Mapping[str, SlotValue] = field(default_factory=dict)
    response: str = ""
    """Which kind of answer a question wants, in the words of Home Assistant's templates: one, one_yesno, any, all, which,
    how_many (HassGetState), hello, listening, ... (HassRespond). Empty when the sentence did not say."""
    then: "tuple[Intent, ...]" = ()
    """What was asked for in the same breath, to be done after this one, in order; those have nothing after them themselves."""

    def each(self) -> "tuple[Intent, ...]":
        """The single requests, in order."""
        return (replace(self, then=()), *self.then) if self.then else (self,)

    @classmethod
    def together(cls, requests: "Sequence[Intent]") -> "Intent":
        """Several requests as one. Raises ValueError for none."""
        first, *rest = (single for request in requests for single in request.each())
        return replace(first, then=tuple(rest))


@dataclass(frozen=True, slots=True, kw_only=True)
class Understanding:
    """What a sentence means here. `intent` is None when it is not understood; `reason` says why in plain words."""

    text: str
    intent: Intent | None
    completeness: Completeness
    reason: str
    certainty: float | None = None
    """How sure a guess is, from 0 to 1; None for what is no guess but a sentence of the house."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What a request at this device came to: for "say that again", "why?" and what leans on it. Only in memory, for minutes."""

    transcript: str
    reply: str
    outcome: str
    """A value of domain.turn.Outcome."""
    reason: str
    intent: Intent | None = None
    why: str = ""
    """What there is to add to why it was done so."""
    more: str = ""
    """What is left to tell, if anything."""
    undo: Intent | None = None
    """The request that takes it back, if one does."""
    person_id: str | None = None
    """Who asked, if that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a sentence may lean on: the room it was said in (an area's name), the device it came from, and what was asked last."""

    area: str | None = None
    device_id: str | None = None
    page_id: str | None = None
    """Of a page that calls can reach: what it is there."""
    expects: str | None = None
    """Name of the slot that the assistant has just asked for, if any."""
    pending: Intent | None = None
    """The intent that waits for that slot."""
    before: Before | None = None
    earlier: tuple[Before, ...] = ()
    """What was asked before `before` by the same person, the latest first."""
    is_ringing: bool = False
    """Whether an alert or a call rings there: then "cancel that" means what rings."""
    person_id: str | None = None
    """Who speaks or types, if that is known; None for guests and unknown speakers, who have consented to nothing."""
    is_typed: bool = False
    """Whether somebody typed it, and so means the assistant in just these words; not where a recogniser may have written it."""
    scopes: frozenset[Scope] | None = None
    """Of a program that asks in that person's name with a token: what the token may; None for the person."""

    @property
    def call_end(self) -> str | None:
        """Where calls reach whoever speaks: a satellite or a page; None for neither."""
        return self.device_id or self.page_id

    def may(self, scope: Scope) -> bool:
        """Whether whoever asks may what needs that scope, as far as a token bounds them."""
        return self.scopes is None or scope in self.scopes
