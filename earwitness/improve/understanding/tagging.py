"""Trains the tagger: an averaged perceptron over whole sentences (Collins 2002). Whole numbers only, so the same everywhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earwitness.improve.understanding.sampling import Sample
from earwitness.understand.learned.tagger import (
    CELLS,
    NONE,
    Cells,
    Tagger,
    best_path,
    cells,
    forbidden,
    step_cells,
    tag_salts,
    tags_of,
    word_salts,
)
from earwitness.understand.learned.words import KnownNames, words_in


@dataclass(frozen=True, slots=True, kw_only=True)
class _Example:
    cells: Cells
    steps: Cells
    banned: NDArray[np.float32]
    gold: NDArray[np.int64]


_LARGEST = 40.0
"""Weights beyond are cut off; those up to it fill the eight bits."""
_FINE = 8
"""Weights are counted in so many parts of one, so that those that were learned before are hardly rounded."""


def train_tagger(
    samples: Sequence[tuple[str, Sample]],
    *,
    slots_of: Mapping[str, Sequence[str]],
    known: KnownNames,
    epochs: int,
    seed: int,
    start: Tagger | None = None,
) -> Tagger:
    """Learn from (intent, sentence with its slots), from nothing or on from `start`. `slots_of` has the slots of each intent."""
    examples = [one for intent, sample in samples if (one := _example(intent, sample, slots_of[intent], known)) is not None]
    weights, total = np.zeros(CELLS, dtype=np.int64), np.zeros(CELLS, dtype=np.int64)
    if start is not None:
        weights += np.rint(start.weights * (_FINE * _LARGEST / 127.0)).astype(np.int64)
    luck, step = np.random.default_rng(seed), 1
    for _ in range(epochs):
        for at in luck.permutation(len(examples)):
            _learn(examples[at], weights, total, step)
            step += 1
    mean = (weights - total / step) / _FINE
    largest = float(np.abs(mean).max()) or 1.0
    return Tagger(weights=np.rint(np.clip(mean * (127.0 / min(largest, _LARGEST)), -127, 127)).astype(np.int8))


def _example(intent: str, sample: Sample, slots: Sequence[str], known: KnownNames) -> _Example | None:
    words = words_in(sample.text)
    if not words or not slots:
        return None
    tags = tags_of(slots)
    gold = []
    for word in words:
        span = next((one for one in sample.spans if one.start <= word.start and word.end <= one.end), None)
        is_first = span is not None and not any(span.start <= other.start < word.start for other in words)
        gold.append(tags.index(NONE if span is None else f"{'B' if is_first else 'I'} {span.slot}"))
    numbers = tag_salts(tags)
    return _Example(
        cells=cells(word_salts(words, known.marks(words), intent=intent), numbers),
        steps=step_cells(numbers),
        banned=forbidden(tags),
        gold=np.asarray(gold),
    )


def _learn(one: _Example, weights: NDArray[np.int64], total: NDArray[np.int64], step: int) -> None:
    scores = weights[one.cells].sum(axis=2).astype(np.float32)
    guess = np.asarray(best_path(scores, weights[one.steps].astype(np.float32), one.banned))
    wrong = np.flatnonzero(guess != one.gold)
    if not wrong.size:
        return
    for path, sign in ((one.gold, _FINE), (guess, -_FINE)):
        touched = one.cells[wrong, path[wrong]].ravel()
        between = one.steps[path[:-1], path[1:]]
        for where in (touched, between):
            np.add.at(weights, where, sign)
            np.add.at(total, where, sign * step)
