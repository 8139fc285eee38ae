"""What was asked: an intent with its slots, and how sure and how complete the understanding is.

Intent and slot names are Home Assistant's where they exist (HassTurnOn, name, area, brightness, ...).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Understanding:
    """What a sentence means here. `intent` is None when it is not understood; `reason` says why in plain words."""

    text: str
    intent: Intent | None
    completeness: Completeness
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a sentence may lean on: the room it was said in (an area's name), the device it came from, and what was asked last."""

    area: str | None = None
    device_id: str | None = None
    expects: str | None = None
    """Name of the slot that the assistant has just asked for, if any."""
    pending: Intent | None = None
    """The intent that waits for that slot."""
    person_id: str | None = None
    """Who speaks or types, if that is known; None for guests and unknown speakers, who have consented to nothing."""
