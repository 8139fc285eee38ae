"""How far those who judge the same concur: two judgements side by side, and Krippendorff's alpha over many. Pure.

Words are compared without case and punctuation; what comes out are counts and yes or no, never a word.
"""

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Final

from rapidfuzz.distance import Levenshtein

from earwitness.domain.review import Annotation, Settled

_WORD: Final = re.compile(r"[\w▇']+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A judgement beside another one of the same task, which is `annotation_id` by the alias `by`.

    `word_errors` of `words` is the pairwise word error rate: errors over the words of both halved, so that it is the same from
    either side.
    """

    annotation_id: str
    by: str
    word_errors: int
    words: float
    is_same_intent: bool
    is_same_slots: bool
    is_same_labels: bool

    @property
    def is_agreed(self) -> bool:
        """Whether they say the same of everything."""
        return self.is_same_intent and self.is_same_slots and self.is_same_labels and self.word_errors == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What became of a judgement that was handed over: whether it counts, and how it stands to the others of its task."""

    settled: Settled
    compared: tuple[Compared, ...] = ()


def plain(text: str) -> tuple[str, ...]:
    """The words of a text as they are compared."""
    return tuple(_WORD.findall(text.casefold()))


def compared(given: Annotation, other: Annotation) -> Compared:
    """Two judgements of one task side by side."""
    words, others = plain(given.transcript), plain(other.transcript)
    return Compared(
        annotation_id=other.annotation_id,
        by=other.by,
        word_errors=Levenshtein.distance(words, others),
        words=(len(words) + len(others)) / 2,
        is_same_intent=given.intent == other.intent,
        is_same_slots=_slots(given) == _slots(other),
        is_same_labels=given.labels == other.labels,
    )


def settle(given: Annotation, before: Sequence[Annotation], *, of: int) -> tuple[Annotation, tuple[Compared, ...]]:
    """A judgement with whether it counts, and how it stands to those before it; of each other alias the last open one is taken.

    `of` is how many judgements the task was to have. The lead's decision stays one. A task whose judgements all agree is closed
    by the last of them; if they do not, all stay open and the lead decides.
    """
    latest = {one.by: one for one in before if one.settled is Settled.OPEN and one.by != given.by}
    beside = tuple(compared(given, one) for one in latest.values())
    if given.settled is Settled.ADJUDICATED:
        return given, beside
    if of <= 1:
        return replace(given, settled=Settled.ALONE), ()
    is_last = len(latest) + 1 >= of
    is_agreed = is_last and all(one.is_agreed for one in beside)
    return replace(given, settled=Settled.AGREED if is_agreed else Settled.OPEN), beside


def nominal_alpha(units: Iterable[Sequence[Hashable]]) -> float | None:
    """Krippendorff's alpha of nominal data: 1 for perfect agreement, 0 for what chance would give, below it for less.

    A unit is the values that those who judged it gave, in any order; units with fewer than two count for nothing. None if
    nothing can be said: no pair at all, or one value everywhere. (K. Krippendorff, Computing Krippendorff's
    Alpha-Reliability, 2011, section C.)
    """
    coincidences: defaultdict[tuple[Hashable, Hashable], float] = defaultdict(float)
    for unit in units:
        for pair in permutations(unit, 2):
            coincidences[pair] += 1 / (len(unit) - 1)
    totals: defaultdict[Hashable, float] = defaultdict(float)
    for (value, _), count in coincidences.items():
        totals[value] += count
    whole = sum(totals.values())
    expected = whole**2 - sum(count**2 for count in totals.values())
    if expected == 0:
        return None
    observed = sum(count for (one, other), count in coincidences.items() if one != other)
    return 1 - (whole - 1) * observed / expected


def _slots(annotation: Annotation) -> Mapping[str, tuple[str, ...]]:
    return {name: plain(value) for name, value in annotation.slots}
