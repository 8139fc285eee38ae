"""Which words of a request fill which slots, given what kind of request it is. Numpy only.

A linear chain: each word gets the tag "begins SLOT", "goes on SLOT" or none, so that the sum of weights of words with tags and
of neighbouring tags is largest (Viterbi). Weights are hashed into one array; only tags of the frame's own slots are looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from earwitness.understand.learned.features import shape
from earwitness.understand.learned.words import Mark, Word

CELL_BITS: Final = 18
CELLS: Final = 1 << CELL_BITS
NONE: Final = "-"
_UNLIKELY: Final = np.float32(-1e9)

Cells = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tagged:
    """The words `first` up to, not including, `last` fill `slot`."""

    slot: str
    first: int
    last: int


def tags_of(slots: Sequence[str]) -> tuple[str, ...]:
    """The tags of some slots: none, then for each slot its beginning and its going on."""
    return (NONE, *(f"{kind} {slot}" for slot in slots for kind in "BI"))


def tag_salts(tags: Sequence[str]) -> Cells:
    """A number for each tag, int64 [tags], that is mixed with those of the features."""
    return np.asarray([crc32(tag.encode()) for tag in tags], dtype=np.int64)


def word_salts(words: Sequence[Word], marks: Sequence[Mark], *, intent: str) -> Cells:
    """What is looked at for each word: int64 [words, features], the same number for every word."""
    kinds = [""] * len(words)
    for mark in marks:
        for at in range(mark.first, mark.last):
            kinds[at] = f"{mark.kind}{'B' if at == mark.first else 'I'}"
    texts = ["^^", "^", *(word.text for word in words), "$", "$$"]
    shapes = ["^^", "^", *(shape(word.text) for word in words), "$", "$$"]
    rows = []
    for at in range(len(words)):
        here = at + 2
        before, one, after = shapes[here - 1], shapes[here], shapes[here + 1]
        rows.append(
            (
                "0",
                f"0{intent}",
                f"1{one}",
                f"1{intent} {one}",
                f"2{before}",
                f"2{intent} {before}",
                f"3{after}",
                f"3{intent} {after}",
                f"4{before} {one}",
                f"5{one} {after}",
                f"6{shapes[here - 2]} {before}",
                f"7{after} {shapes[here + 2]}",
                f"8{kinds[at]}",
                f"8{kinds[at]} {before}",
                f"9{texts[here][-3:]}",
                f"A{intent} {at if at < 3 else '-'}",
            )
        )
    return np.asarray([[crc32(one.encode()) for one in row] for row in rows], dtype=np.int64)


def cells(salts: Cells, tags: Cells) -> Cells:
    """Where the weights of (word feature, tag) stand: int64 [words, tags, features]."""
    return ((salts[:, None, :] * 31 + tags[None, :, None] * 0x9E3779B1) >> 7) & (CELLS - 1)


def step_cells(tags: Cells) -> Cells:
    """Where the weights of (tag, next tag) stand: int64 [tags, tags]."""
    return ((tags[:, None] * 17 + tags[None, :] * 0x85EBCA6B) >> 5) & (CELLS - 1)


def forbidden(tags: Sequence[str]) -> NDArray[np.float32]:
    """float32 [tags + 1, tags]: what may not follow (a slot going on that did not begin); the last row is the start."""
    banned = np.zeros((len(tags) + 1, len(tags)), dtype=np.float32)
    for to, tag in enumerate(tags):
        if tag.startswith("I "):
            banned[:, to] = _UNLIKELY
            banned[tags.index(f"B {tag[2:]}"), to] = 0.0
            banned[to, to] = 0.0
    return banned


def best_path(scores: NDArray[np.float32], steps: NDArray[np.float32], banned: NDArray[np.float32]) -> list[int]:
    """The best tag of each word. `scores` [words, tags], `steps` [tags, tags]."""
    best = scores[0] + banned[-1]
    come: list[NDArray[np.int64]] = []
    for row in scores[1:]:
        ways = best[:, None] + steps + banned[:-1]
        come.append(ways.argmax(axis=0))
        best = ways.max(axis=0) + row
    path = [int(best.argmax())]
    for one in reversed(come):
        path.append(int(one[path[-1]]))
    return path[::-1]


def spans_of(path: Sequence[int], tags: Sequence[str]) -> tuple[Tagged, ...]:
    """The slots that a path of tags marks."""
    found: list[Tagged] = []
    for at, which in enumerate(path):
        tag = tags[which]
        if tag.startswith("B "):
            found.append(Tagged(slot=tag[2:], first=at, last=at + 1))
        elif tag != NONE and found:
            found[-1] = Tagged(slot=found[-1].slot, first=found[-1].first, last=at + 1)
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tagger:
    """Weights: int8 [2^18]."""

    weights: NDArray[np.int8]

    def tag(self, words: Sequence[Word], marks: Sequence[Mark], *, intent: str, slots: Sequence[str]) -> tuple[Tagged, ...]:
        """The slots among `slots` that the words fill, from left to right."""
        if not words or not slots:
            return ()
        tags = tags_of(slots)
        numbers = tag_salts(tags)
        scores = self.weights[cells(word_salts(words, marks, intent=intent), numbers)].sum(axis=2, dtype=np.float32)
        steps = self.weights[step_cells(numbers)].astype(np.float32)
        return spans_of(best_path(scores, steps, forbidden(tags)), tags)
