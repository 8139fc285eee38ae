"""How likely Whisper finds given texts for a sound: its decoder, run over all of them at once.

CTranslate2 says how likely the texts are that it finds itself, not how likely others would have been (`align` does, text by text,
and works out alignments with it). So the decoder's own weights are run here in NumPy, over a tree: texts that begin alike share
those tokens, and what comes from the sound is computed once. Owns arithmetic; chooses no text and no candidate.

Source: Vaswani et al., "Attention is all you need" (2017); layers as in Radford et al., "Robust Speech Recognition via
Large-Scale Weak Supervision" (2022): normalised before each sub-layer, exact GELU, output weights tied to the embedding."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earwitness.speech.stt.weights import Stored, read_weights

Floats = NDArray[np.float32]

_HEADS = 8
_EPSILON = 1e-5
_HIDDEN = np.float32(-1e9)
_FREQUENT_TOKENS = 14_000
"""Tokens are numbered by how early they were merged, so the frequent ones come first. What is more likely than all of these
together is hardly ever an English word; leaving the rest out of the sum makes every text likelier by the same little."""


@dataclass(frozen=True, slots=True)
class _Linear:
    weight: Floats
    bias: Floats

    def __call__(self, rows: Floats) -> Floats:
        result: Floats = rows @ self.weight + self.bias
        return result


@dataclass(frozen=True, slots=True)
class _Norm:
    gain: Floats
    shift: Floats

    def __call__(self, rows: Floats) -> Floats:
        centred = rows - rows.mean(axis=1, keepdims=True)
        scale = np.sqrt((centred * centred).mean(axis=1, keepdims=True) + np.float32(_EPSILON))
        result: Floats = centred / scale * self.gain + self.shift
        return result


@dataclass(frozen=True, slots=True)
class _Layer:
    self_norm: _Norm
    self_in: _Linear
    self_out: _Linear
    cross_norm: _Norm
    cross_query: _Linear
    cross_memory: _Linear
    cross_out: _Linear
    wide_norm: _Norm
    wide_in: _Linear
    wide_out: _Linear


@dataclass(frozen=True, slots=True)
class Sound:
    """What the decoder keeps of one encoded sound: per layer, keys [heads, size, frames] and values [heads, frames, size]."""

    memory: tuple[tuple[Floats, Floats], ...]


@dataclass(frozen=True, slots=True)
class _Tree:
    """Token sequences with their common beginnings shared; node 0 is the first token of all."""

    tokens: NDArray[np.int64]
    depths: NDArray[np.int64]
    sees: NDArray[np.bool_]
    """[nodes, nodes]: whether a node comes after (or is) another."""
    paths: tuple[tuple[int, ...], ...]
    """Per sequence, its nodes from the first token on."""


class Decoder:
    """Whisper's decoder with float32 weights. Keeps no state between calls."""

    def __init__(self, model: Path, *, closing: Sequence[int]) -> None:
        """Load the weights of `model` (model.bin); `closing` are the tokens any of which may end a text.

        Raises EngineError if the file is damaged.
        """
        stored = read_weights(model, part="decoder")
        self._embedding = stored["embeddings/weight"]
        self._positions = _floats(stored["position_encodings/encodings"])
        count = sum(1 for name in stored if name.endswith("/ffn/linear_0/weight"))
        self._layers = tuple(_layer(stored, number) for number in range(count))
        self._last = _norm(stored, "layer_norm")
        frequent = np.arange(_FREQUENT_TOKENS)
        self._closing = np.array(sorted(set(closing)), dtype=np.int64)
        rare = self._closing[self._closing >= _FREQUENT_TOKENS]
        self._kept = np.concatenate([frequent, rare])
        self._column = {int(token): column for column, token in enumerate(self._kept)}
        self._output = np.ascontiguousarray(_floats(self._embedding[self._kept]).T)

    def listen(self, encoded: Floats) -> Sound:
        """Take in an encoded sound, float32 [frames, width]."""
        memory = []
        for layer in self._layers:
            both = layer.cross_memory(encoded)
            keys, values = np.split(both, 2, axis=1)
            memory.append((np.ascontiguousarray(_by_head(keys).transpose(0, 2, 1)), np.ascontiguousarray(_by_head(values))))
        return Sound(tuple(memory))

    def score(self, sound: Sound, start: Sequence[int], texts: Sequence[Sequence[int]]) -> list[float]:
        """The log probability of each text (its tokens) after the tokens of `start`, and of any end right after it.

        Natural logarithm, summed over the tokens of the text and its end. Every text has a token or more.
        """
        tree = _tree(start, texts)
        rows = self._run(sound, tree)
        kept, logits = self._logits(rows, tree)
        level = logits.max(axis=1)
        total = level + np.log(np.exp(logits - level[:, None]).sum(axis=1))
        closing = logits[:, [kept[int(token)] for token in self._closing]]
        ends = np.log(np.exp(closing - level[:, None]).sum(axis=1)) + level - total
        sums = []
        for path in tree.paths:
            steps = zip(path[len(start) - 1 :], path[len(start) :], strict=False)
            said = sum(float(logits[node, kept[int(tree.tokens[after])]] - total[node]) for node, after in steps)
            sums.append(said + float(ends[path[-1]]))
        return sums

    def _logits(self, rows: Floats, tree: _Tree) -> tuple[dict[int, int], Floats]:
        """Per node, the logits of the tokens that are kept and of all that any text has; and their columns."""
        rare = sorted({int(token) for token in tree.tokens} - self._column.keys())
        logits = rows @ self._output
        if rare:
            logits = np.concatenate([logits, rows @ _floats(self._embedding[rare]).T], axis=1)
        columns = self._column | {token: len(self._column) + place for place, token in enumerate(rare)}
        return columns, logits

    def _run(self, sound: Sound, tree: _Tree) -> Floats:
        rows = self._embedding[tree.tokens].astype(np.float32) + self._positions[tree.depths]
        hides = np.where(tree.sees, np.float32(0), _HIDDEN)
        for layer, (keys, values) in zip(self._layers, sound.memory, strict=True):
            query, key, value = np.split(layer.self_in(layer.self_norm(rows)), 3, axis=1)
            rows = rows + layer.self_out(_attend(query, _by_head(key).transpose(0, 2, 1), _by_head(value), hides=hides))
            query = layer.cross_query(layer.cross_norm(rows))
            rows = rows + layer.cross_out(_attend(query, keys, values))
            rows = rows + layer.wide_out(_gelu(layer.wide_in(layer.wide_norm(rows))))
        return self._last(rows)


def _tree(start: Sequence[int], texts: Sequence[Sequence[int]]) -> _Tree:
    tokens: list[int] = []
    parents: list[int] = []
    children: dict[tuple[int, int], int] = {}
    paths = []
    for text in texts:
        node, path = -1, []
        for token in (*start, *text):
            following = children.setdefault((node, token), len(tokens))
            if following == len(tokens):
                tokens.append(token)
                parents.append(node)
            node = following
            path.append(node)
        paths.append(tuple(path))
    sees = np.zeros((len(tokens), len(tokens)), dtype=np.bool_)
    depths = np.zeros(len(tokens), dtype=np.int64)
    for node, parent in enumerate(parents):
        if parent >= 0:
            sees[node] = sees[parent]
            depths[node] = depths[parent] + 1
        sees[node, node] = True
    return _Tree(np.array(tokens, dtype=np.int64), depths, sees, tuple(paths))


def _attend(query: Floats, keys: Floats, values: Floats, *, hides: Floats | None = None) -> Floats:
    """Attention of all heads: query [rows, width], keys [heads, size, places], values [heads, places, size]."""
    heads = _by_head(query)
    weights = heads @ keys * np.float32(1.0 / np.sqrt(heads.shape[2]))
    if hides is not None:
        weights = weights + hides
    weights = np.exp(weights - weights.max(axis=2, keepdims=True))
    weights /= weights.sum(axis=2, keepdims=True)
    result: Floats = (weights @ values).transpose(1, 0, 2).reshape(len(query), -1)
    return result


def _by_head(rows: Floats) -> Floats:
    """[rows, width] to [heads, rows, size]."""
    return rows.reshape(len(rows), _HEADS, -1).transpose(1, 0, 2)


def _gelu(rows: Floats) -> Floats:
    """x times the normal distribution up to x; error function after Abramowitz and Stegun 7.1.26, within 1.5e-7."""
    size = np.abs(rows) * np.float32(np.sqrt(0.5))
    step = np.float32(1.0) / (np.float32(1.0) + np.float32(0.3275911) * size)
    series = np.float32(1.061405429) * step - np.float32(1.453152027)
    for factor in (1.421413741, -0.284496736, 0.254829592):
        series = series * step + np.float32(factor)
    tail = series * step * np.exp(-size * size)
    result: Floats = rows * np.where(rows >= 0, np.float32(1.0) - np.float32(0.5) * tail, np.float32(0.5) * tail)
    return result


def _layer(stored: dict[str, Stored], number: int) -> _Layer:
    at = f"layer_{number}"
    return _Layer(
        self_norm=_norm(stored, f"{at}/self_attention/layer_norm"),
        self_in=_linear(stored, f"{at}/self_attention/linear_0"),
        self_out=_linear(stored, f"{at}/self_attention/linear_1"),
        cross_norm=_norm(stored, f"{at}/attention/layer_norm"),
        cross_query=_linear(stored, f"{at}/attention/linear_0"),
        cross_memory=_linear(stored, f"{at}/attention/linear_1"),
        cross_out=_linear(stored, f"{at}/attention/linear_2"),
        wide_norm=_norm(stored, f"{at}/ffn/layer_norm"),
        wide_in=_linear(stored, f"{at}/ffn/linear_0"),
        wide_out=_linear(stored, f"{at}/ffn/linear_1"),
    )


def _linear(stored: dict[str, Stored], name: str) -> _Linear:
    return _Linear(np.ascontiguousarray(_floats(stored[f"{name}/weight"]).T), _floats(stored[f"{name}/bias"]))


def _norm(stored: dict[str, Stored], name: str) -> _Norm:
    return _Norm(_floats(stored[f"{name}/gamma"]), _floats(stored[f"{name}/beta"]))


def _floats(array: Stored) -> Floats:
    return array.astype(np.float32)
