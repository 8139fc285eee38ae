"""Chooses which of a home's names are worth telling a recogniser: those that look like something it already heard. Pure."""

from collections.abc import Sequence
from difflib import SequenceMatcher

MOST_HINTS = 12


def nearest(hints: Sequence[str], *, text: str) -> tuple[str, ...]:
    """At most twelve of the hints, those most like a run of words in the text first; their order settles a draw."""
    words = text.lower().split()
    ranked = sorted(hints, key=lambda hint: -_likeness(hint.lower(), words=words))
    return tuple(ranked[:MOST_HINTS])


def _likeness(hint: str, *, words: Sequence[str]) -> float:
    length = len(hint.split())
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(hint)
    best = 0.0
    for start in range(max(1, len(words) - length + 1)):
        matcher.set_seq1(" ".join(words[start : start + length]))
        best = max(best, matcher.ratio())
    return best
