"""Annotators that err, and who settles what they do not agree on: for trials with references in place of people. A simulation,
and named so wherever its figures are shown. Pure.

An annotator sees what was heard, knows from the reference which phrases were said, and corrects the words that stand for them.
One word in twenty of what is written then is wrong: another word of the same orders, a letter left out, or the word left out. Two
work on each order; where they differ a third decides word by word, and takes the right one nineteen times out of twenty.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from earwitness.improve.plain_text import plain_text, plain_words
from earwitness.speech.stt.habits import words_of

WRONG_WORDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What is judged to have been said: the words, and the phrases that fill slots."""

    transcript: str
    slots: tuple[tuple[str, str], ...]


def corrected(heard: str, phrases: Sequence[str]) -> str:
    """What was heard with each phrase that was said in place of the words most like it; a phrase like none is put at the end."""
    words = list(words_of(heard))
    taken = [False] * len(words)
    for phrase in sorted(phrases, key=lambda one: -len(one)):
        said = phrase.lower().split()
        spans = [
            (_unlike(" ".join(words[first:end]), phrase), first, end)
            for first in range(len(words))
            for end in range(first + 1, min(first + len(said) + 2, len(words)) + 1)
            if not any(taken[first:end])
        ]
        cost, first, end = min(spans, default=(1.0, len(words), len(words)))
        if cost > 0.75:
            first = end = len(words)
        words[first:end], taken[first:end] = said, [True] * len(said)
    return " ".join(words)


def judged(heard: str, slots: Sequence[tuple[str, str]], *, vocabulary: Sequence[str], luck: random.Random) -> Judged:
    """What two annotators and, where they differ, a third one make of an order."""
    right = corrected(heard, [value for _, value in slots])
    first, second = (_written(right, vocabulary, luck) for _ in range(2))
    transcript = " ".join(_settled(first, second, right.split(), luck))
    values = [_written(value, vocabulary, luck) for _, value in slots]
    others = [_written(value, vocabulary, luck) for _, value in slots]
    settled = [
        " ".join(_settled(one, other, value.split(), luck)) for one, other, (_, value) in zip(values, others, slots, strict=True)
    ]
    return Judged(
        transcript=transcript,
        slots=tuple((name, value) for (name, _), value in zip(slots, settled, strict=True) if value),
    )


def _written(text: str, vocabulary: Sequence[str], luck: random.Random) -> list[str | None]:
    """Word by word what an annotator writes; None for a word left out."""
    return [_erring(word, vocabulary, luck) if luck.random() < WRONG_WORDS else word for word in text.split()]


def _erring(word: str, vocabulary: Sequence[str], luck: random.Random) -> str | None:
    match luck.randrange(3):
        case 0:
            return luck.choice(vocabulary)
        case 1 if len(word) > 2:
            at = luck.randrange(len(word))
            return word[:at] + word[at + 1 :]
        case _:
            return None


def _settled(one: Sequence[str | None], other: Sequence[str | None], right: Sequence[str], luck: random.Random) -> list[str]:
    """What both wrote, and where they differ what the third takes."""
    taken = []
    for mine, yours, true in zip(one, other, right, strict=True):
        wrong = next((each for each in (mine, yours) if each != true), true)
        taken.append(mine if mine == yours else true if luck.random() >= WRONG_WORDS else wrong)
    return [word for word in taken if word]


def _unlike(heard: str, phrase: str) -> float:
    ours, theirs = plain_text(heard), plain_text(phrase)
    return 0.0 if plain_words(ours) == plain_words(theirs) else Levenshtein.normalized_distance(ours, theirs)
