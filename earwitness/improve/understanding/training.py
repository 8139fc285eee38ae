"""Trains the classifier by gradient descent, the same weights from the same lessons. Uses one thread; needs scipy."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from earwitness.improve.understanding.corpus import Lesson
from earwitness.understand.learned.features import ROWS
from earwitness.understand.learned.network import Network

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How long and how hard it learns."""

    hidden: int = 64
    epochs: int = 8
    batch: int = 64
    rate: float = 0.08
    keep_features: float = 0.7
    keep_hidden: float = 0.8
    decay: float = 1e-6
    seed: int = 1
    trust: float = 0.1
    """How firmly weights that were learned before are held to, when training goes on from them: the squares of gradients that
    they count as having seen."""


_SEEN_AT_START = 1e-3


class Trainer:
    """Weights while they are learned (Adagrad). `features[i]` are the rows of `lessons[i]`."""

    def __init__(
        self,
        lessons: Sequence[Lesson],
        features: Sequence[Sequence[int]],
        *,
        classes: Sequence[str],
        plan: Schedule,
        start: Network | None = None,
    ) -> None:
        """Begin at random, or with the weights of `start`, whose classes these have to be."""
        self._plan = plan
        self._luck = np.random.default_rng(plan.seed)
        self._features = [np.asarray(one, dtype=np.int32) for one in features]
        index = {name: at for at, name in enumerate(classes)}
        self._classes = tuple(classes)
        self._allowed = [np.asarray(sorted(index[name] for name in lesson.classes)) for lesson in lessons]
        self._weights = np.asarray([lesson.weight for lesson in lessons], dtype=np.float32)
        count = len(classes)
        self._rows: Floats = self._luck.normal(0, 0.1, (ROWS, plan.hidden)).astype(np.float32)
        self._hidden_bias = np.zeros(plan.hidden, dtype=np.float32)
        self._out: Floats = self._luck.normal(0, 1 / np.sqrt(plan.hidden), (plan.hidden, count)).astype(np.float32)
        self._bias = np.zeros(count, dtype=np.float32)
        if start is not None:
            self._rows = start.rows.astype(np.float32) * start.scales[:, None]
            self._hidden_bias, self._out, self._bias = start.hidden_bias.copy(), start.out.copy(), start.bias.copy()
        seen = _SEEN_AT_START if start is None else plan.trust
        self._seen = [
            np.full(one.shape, seen, dtype=np.float32) for one in (self._rows[:, :1], self._hidden_bias, self._out, self._bias)
        ]

    def train(self) -> None:
        """All epochs."""
        for epoch in range(self._plan.epochs):
            rate = self._plan.rate * (1 - epoch / self._plan.epochs)
            order = self._luck.permutation(len(self._features))
            for start in range(0, len(order), self._plan.batch):
                self._step(order[start : start + self._plan.batch], rate)

    def _step(self, chosen: NDArray[np.int64], rate: float) -> None:
        plan = self._plan
        rows = [one[self._luck.random(len(one)) < plan.keep_features] for one in (self._features[at] for at in chosen)]
        lengths = np.asarray([len(one) for one in rows])
        used, inverse = np.unique(np.concatenate(rows), return_inverse=True)
        values = np.repeat(1 / np.sqrt(np.maximum(lengths, 1)), lengths).astype(np.float32)
        bag = csr_matrix((values, inverse, np.concatenate(([0], np.cumsum(lengths)))), shape=(len(rows), len(used)))
        before = bag @ self._rows[used] + self._hidden_bias
        mask = (self._luck.random(before.shape) < plan.keep_hidden).astype(np.float32) / np.float32(plan.keep_hidden)
        hidden = np.maximum(before, 0) * mask
        error = self._error(hidden @ self._out + self._bias, chosen) * self._weights[chosen][:, None]
        back = (error @ self._out.T) * mask * (before > 0)
        self._descend_rows(used, bag.T @ back, rate)
        self._descend(1, self._hidden_bias, back.sum(axis=0), rate)
        self._descend(2, self._out, hidden.T @ error + plan.decay * self._out, rate)
        self._descend(3, self._bias, error.sum(axis=0), rate)

    def _error(self, logits: Floats, chosen: NDArray[np.int64]) -> Floats:
        """Probabilities less what they should be: of the classes that are allowed, each as likely as it is thought among them."""
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        error = powers / powers.sum(axis=1, keepdims=True)
        for row, at in enumerate(chosen):
            allowed = self._allowed[at]
            share = error[row, allowed]
            error[row, allowed] -= share / max(float(share.sum()), 1e-9)
        return np.asarray(error, dtype=np.float32)

    def _descend(self, which: int, weights: Floats, gradient: Any, rate: float) -> None:
        self._seen[which] += gradient * gradient
        weights -= rate * gradient / np.sqrt(self._seen[which])

    def _descend_rows(self, used: NDArray[np.int64], gradient: Any, rate: float) -> None:
        seen = self._seen[0]
        seen[used] += (gradient * gradient).mean(axis=1, keepdims=True)
        self._rows[used] -= rate * gradient / np.sqrt(seen[used])

    def network(self, *, temperature: float = 1.0) -> Network:
        """The weights as they are used: rows in eight bits."""
        rows, scales = _in_eight_bits(self._rows)
        return Network(
            classes=self._classes,
            rows=rows,
            scales=scales,
            hidden_bias=self._hidden_bias,
            out=self._out,
            bias=self._bias,
            temperature=temperature,
        )


def side_by_side(networks: Sequence[Network], *, temperature: float = 1.0) -> Network:
    """Several networks of the same classes as a wider one, whose logits are the means of theirs at temperature 1.

    Both layers take the square root of a network's share each, so that training that goes on from it moves as far as from one.
    """
    share = np.float32(1 / len(networks))
    root = np.sqrt(share)
    rows, scales = _in_eight_bits(np.concatenate([one.rows * (one.scales * root)[:, None] for one in networks], axis=1))
    return Network(
        classes=networks[0].classes,
        rows=rows,
        scales=scales,
        hidden_bias=np.concatenate([one.hidden_bias for one in networks]) * root,
        out=np.concatenate([one.out for one in networks]) * root,
        bias=np.asarray(sum(one.bias for one in networks) * share, dtype=np.float32),
        temperature=temperature,
    )


def _in_eight_bits(rows: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Each row in whole numbers, and what a whole of it is worth."""
    scales = np.maximum(np.abs(rows).max(axis=1), 1e-9) / 127.0
    return np.rint(rows / scales[:, None]).astype(np.int8), scales.astype(np.float32)
