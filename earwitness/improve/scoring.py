"""Scores single items and sums them up: what evaluating recordings and evaluating sentences share. Pure.

An intent is scored when the manifest uses this assistant's names (`Hass...`); items of other schemes are counted, not guessed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from earwitness.domain.intent import Context, Understanding
from earwitness.improve.manifest import Item
from earwitness.improve.metrics import (
    SlotCounts,
    count_slots,
    f1,
    has_phrase,
    interval,
    is_command_right,
    precision,
    rate_of,
    recall,
)

OUR_PREFIX = "Hass"
"""How the names of intents begin that this assistant shares with Home Assistant."""

Measure = tuple[Sequence[Any], Callable[[Sequence[Any]], float | None]]
"""The items of a measure, and what makes one number of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentScore:
    """One request: whether the intent is right, its slots, and whether the whole command is."""

    is_intent_right: bool
    slots: SlotCounts
    is_command_right: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Measures by name, and the intervals of those that have one."""

    values: Mapping[str, float | None]
    intervals: Mapping[str, tuple[float, float]]


def context_of(item: Item, context: Context) -> Context:
    """The context in which the item was said: its own room if it names one."""
    return context if item.area is None else Context(area=item.area, device_id=context.device_id)


def is_scored(item: Item) -> bool:
    """Whether the item's intent is named as this assistant names it."""
    return item.intent is not None and item.intent.startswith(OUR_PREFIX)


def is_out_of_scope(item: Item) -> bool:
    """Whether the manifest says that this is no request."""
    return item.has_intent and item.intent is None


def score_intent(item: Item, understanding: Understanding, *, context: Context) -> IntentScore:
    """Compare what was understood with what the item asks for. A wrong intent has no slots right."""
    intent = understanding.intent
    is_right = intent is not None and intent.name == item.intent
    counts = count_slots(item.slots, intent.slots if intent else {}, area=context_of(item, context).area)
    if not is_right:
        counts = SlotCounts(right=0, expected=counts.expected, found=counts.found)
    return IntentScore(
        is_intent_right=is_right, slots=counts, is_command_right=is_command_right(counts, is_intent_right=is_right)
    )


def phrases_heard(item: Item, transcript: str) -> list[bool]:
    """For each slot of the item: whether its phrase was heard, in the words of the manifest."""
    return [has_phrase(str(value), transcript=transcript) for value in item.slots.values() if not isinstance(value, list)]


def understood_as(understanding: Understanding) -> dict[str, object]:
    """What was understood, for the list of items."""
    intent = understanding.intent
    return {"intent": intent.name if intent else None, "slots": dict(intent.slots) if intent else {}}


def intent_measures(scores: Sequence[IntentScore]) -> dict[str, Measure]:
    """The measures of understanding over scored items."""
    slots = [score.slots for score in scores]
    return {
        "intent_accuracy": ([score.is_intent_right for score in scores], rate_of),
        "slot_precision": (slots, precision),
        "slot_recall": (slots, recall),
        "slot_f1": (slots, f1),
        "command_success": ([score.is_command_right for score in scores], rate_of),
    }


def summarise(measures: Mapping[str, Measure]) -> Summary:
    """Every measure and its interval."""
    intervals = {name: interval(items, measure) for name, (items, measure) in measures.items()}
    return Summary(
        values={name: measure(items) for name, (items, measure) in measures.items()},
        intervals={name: found for name, found in intervals.items() if found is not None},
    )


def unscored_note(items: Sequence[Item]) -> tuple[str, ...]:
    """A sentence about items whose intents are named by another scheme, if there are any."""
    count = sum(1 for item in items if item.intent is not None and not is_scored(item))
    if not count:
        return ()
    return (f"{count} of {len(items)} items name intents that this assistant does not have; their intents are not scored.",)
