"""The measures of recognition, understanding and wake words, and how sure each is. Pure, standard library only.

Rates are shares from 0 to 1; a rate over nothing is None, never 0 or 1. Nothing here reads files or runs models.
"""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from earwitness.improve.plain_text import as_number, plain_words

T = TypeVar("T")

CONTEXT_AREA = "<context area>"
"""A manifest's word for "the area in which it was said"."""
INTERVAL = 0.95
_MOST_DRAWS = 1000
_FEWEST_DRAWS = 200
_DRAWN_ITEMS = 2_000_000
_SEED = 20_190_710

SlotTruth = str | int | float | bool | Sequence[str | int | float | bool]
"""A slot's value in a manifest; a sequence holds alternatives, any of which is right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """`part` out of `whole`, for one item; sums of them make rates."""

    part: float
    whole: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotCounts:
    """Slots of one item: right, and how many were expected and found."""

    right: int
    expected: int
    found: int


def word_errors(reference: Sequence[str], heard: Sequence[str]) -> int:
    """The fewest insertions, deletions and substitutions that turn one into the other (Levenshtein 1966)."""
    row = list(range(len(heard) + 1))
    for index, word in enumerate(reference, 1):
        diagonal, row[0] = row[0], index
        for column, other in enumerate(heard, 1):
            cost = min(row[column] + 1, row[column - 1] + 1, diagonal + (word != other))
            diagonal, row[column] = row[column], cost
    return row[-1]


def word_error_share(reference: str, heard: str) -> Share:
    """Word errors over words of the reference, both in plain form."""
    words = plain_words(reference)
    return Share(part=word_errors(words, plain_words(heard)), whole=len(words))


def is_same_sentence(reference: str, heard: str) -> bool:
    """Whether both read the same in plain form."""
    return plain_words(reference) == plain_words(heard)


def has_phrase(phrase: str, *, transcript: str) -> bool:
    """Whether all words of `phrase` occur in the transcript in their order (others may stand between), in plain form."""
    remaining = iter(plain_words(transcript))
    return all(word in remaining for word in plain_words(phrase))


def is_same_value(expected: SlotTruth, found: object) -> bool:
    """Whether a slot's value is right: numbers by value, text in plain form, any one of several alternatives."""
    if isinstance(expected, Sequence) and not isinstance(expected, str):
        return any(is_same_value(one, found) for one in expected)
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found or str(expected).lower() == str(found).lower()
    numbers = as_number(expected), as_number(found)
    if None not in numbers:
        return numbers[0] == numbers[1]
    return plain_words(str(expected)) == plain_words(str(found))


def count_slots(expected: Mapping[str, SlotTruth], found: Mapping[str, object], *, area: str | None) -> SlotCounts:
    """Compare slots by name and value. A slot expected as "<context area>" may be absent or be `area`; it is not counted."""
    stated = {name: value for name, value in expected.items() if value != CONTEXT_AREA}
    implied = expected.keys() - stated.keys()
    ours = {name: value for name, value in found.items() if not (name in implied and _is_area(value, area))}
    right = sum(1 for name, value in stated.items() if name in ours and is_same_value(value, ours[name]))
    return SlotCounts(right=right, expected=len(stated), found=len(ours))


def _is_area(value: object, area: str | None) -> bool:
    return value == CONTEXT_AREA or (area is not None and is_same_value(area, value))


def is_command_right(counts: SlotCounts, *, is_intent_right: bool) -> bool:
    """Whether the home would do what was asked: the intent and every slot right, and no slot too many."""
    return is_intent_right and counts.right == counts.expected == counts.found


def ratio(part: float, whole: float) -> float | None:
    """`part / whole`, None when there is nothing to divide by."""
    return part / whole if whole else None


def rate(shares: Sequence[Share]) -> float | None:
    """The sum of parts over the sum of wholes."""
    return ratio(sum(share.part for share in shares), sum(share.whole for share in shares))


def rate_of(claims: Sequence[bool]) -> float | None:
    """The share of claims that hold."""
    return ratio(sum(claims), len(claims))


def precision(counts: Sequence[SlotCounts]) -> float | None:
    """Right slots over found slots, over all items."""
    return ratio(sum(count.right for count in counts), sum(count.found for count in counts))


def recall(counts: Sequence[SlotCounts]) -> float | None:
    """Right slots over expected slots, over all items."""
    return ratio(sum(count.right for count in counts), sum(count.expected for count in counts))


def f1(counts: Sequence[SlotCounts]) -> float | None:
    """The harmonic mean of precision and recall over all slots (micro average)."""
    right = sum(count.right for count in counts)
    return ratio(2 * right, sum(count.expected + count.found for count in counts))


def per_hour(events: int, *, seconds: float) -> float | None:
    """Events per hour of audio."""
    return ratio(events * 3600.0, seconds)


def percentile(values: Sequence[float], share: float) -> float | None:
    """The value below which `share` (0 to 1) of the values lie, interpolated linearly; None without values."""
    if not values:
        return None
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low, high = math.floor(place), math.ceil(place)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def interval(items: Sequence[T], measure: Callable[[Sequence[T]], float | None]) -> tuple[float, float] | None:
    """The 95 % percentile bootstrap interval of `measure` over items drawn with replacement (Efron 1979), with a fixed seed.

    None when there are fewer than two items, the measure has no value, or every draw gives the same: then drawing again tells
    nothing. 200 to 1000 draws, fewer for many items.
    """
    count = len(items)
    if count < 2 or measure(items) is None:
        return None
    dice = random.Random(_SEED)  # noqa: S311 - statistics, not secrets
    draws = max(_FEWEST_DRAWS, min(_MOST_DRAWS, _DRAWN_ITEMS // count))
    drawn = [measure(dice.choices(items, k=count)) for _ in range(draws)]
    values = [value for value in drawn if value is not None]
    tail = (1.0 - INTERVAL) / 2.0
    low, high = percentile(values, tail), percentile(values, 1.0 - tail)
    return None if low is None or high is None or low == high else (low, high)
