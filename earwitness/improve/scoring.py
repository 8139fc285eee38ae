"""Scores single items and sums them up: what evaluating recordings and evaluating sentences share. Pure.

An intent is scored when the manifest uses this assistant's names (`Hass...`), and by crowd_intents.yaml when it uses those of a
public collection: there any of the intents that it may mean is right, and slots are not compared. Other names are counted, not
guessed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from earwitness.domain.intent import Context, SlotValue, Understanding
from earwitness.improve.crowd_schemes import Place, meaning
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
from earwitness.understand.learned.risk import GUESSED

OUR_PREFIX = "Hass"
"""How the names of intents begin that this assistant shares with Home Assistant."""

QUESTION = "AskQuestion"
"""The intent that the grammar gives to a question that no sentence fits."""

Measure = tuple[Sequence[Any], Callable[[Sequence[Any]], float | None]]
"""The items of a measure, and what makes one number of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentScore:
    """One request: whether the intent is right, its slots, and whether the whole command is."""

    is_intent_right: bool
    slots: SlotCounts | None
    """None when the item's slots are named by another scheme."""
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


def accepted(item: Item) -> frozenset[str]:
    """Our intents that the item's intent, of a public collection, may mean; empty for other intents and for what no skill
    does.
    """
    found = None if item.intent is None or is_scored(item) else meaning(item.intent)
    return frozenset() if found is None else found.ours


def is_elsewhere(item: Item) -> bool:
    """Whether the item asks, by a public collection's intent, for what no skill here does."""
    found = None if item.intent is None or is_scored(item) else meaning(item.intent)
    return found is not None and found.place is Place.ELSEWHERE


def is_out_of_scope(item: Item) -> bool:
    """Whether the manifest says that this is no request."""
    return item.has_intent and item.intent is None


def is_command(understanding: Understanding) -> bool:
    """Whether it was taken for a request. A question that no sentence fits is none: it is looked up, or said to be unknown."""
    return understanding.intent is not None and understanding.intent.name != QUESTION


def score_intent(item: Item, understanding: Understanding, *, context: Context) -> IntentScore:
    """Compare what was understood with what the item asks for. A wrong intent has no slots right."""
    intent = understanding.intent
    if ours := accepted(item):
        is_right = intent is not None and intent.name in ours
        return IntentScore(is_intent_right=is_right, slots=None, is_command_right=False)
    is_right = intent is not None and intent.name == item.intent
    found = {name: value for name, value in intent.slots.items() if name != GUESSED} if intent else dict[str, SlotValue]()
    counts = count_slots(item.slots, found, area=context_of(item, context).area)
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
    slots = [score.slots for score in scores if score.slots is not None]
    return {
        "intent_accuracy": ([score.is_intent_right for score in scores], rate_of),
        "slot_precision": (slots, precision),
        "slot_recall": (slots, recall),
        "slot_f1": (slots, f1),
        "command_success": ([score.is_command_right for score in scores if score.slots is not None], rate_of),
    }


def summarise(measures: Mapping[str, Measure]) -> Summary:
    """Every measure and its interval."""
    intervals = {name: interval(items, measure) for name, (items, measure) in measures.items()}
    return Summary(
        values={name: measure(items) for name, (items, measure) in measures.items()},
        intervals={name: found for name, found in intervals.items() if found is not None},
    )


def unscored_note(items: Sequence[Item]) -> tuple[str, ...]:
    """Sentences about items whose intents are named by another scheme, if there are any."""
    mapped = sum(1 for item in items if accepted(item))
    unknown = [item for item in items if item.intent is not None and not is_scored(item) and not accepted(item)]
    count = sum(1 for item in unknown if not is_elsewhere(item))
    notes = []
    if mapped:
        notes.append(
            f"{mapped} of {len(items)} items name intents of a public collection: right are those of ours in crowd_intents.yaml."
        )
    if count:
        notes.append(
            f"{count} of {len(items)} items name intents that this assistant does not have; their intents are not scored."
        )
    return tuple(notes)
