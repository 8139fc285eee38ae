"""The file of the model: what is in it, and that nothing in it was changed. Knows nothing of training.

A JSON line that tells the shapes, then the arrays one after the other, deflated. Its SHA-256 is in `model.sha256` beside it.
"""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earwitness.domain.errors import ModelError
from earwitness.understand.learned.features import ROWS
from earwitness.understand.learned.network import Network
from earwitness.understand.learned.tagger import CELLS, Tagger

FORMAT = "earwitness understanding 1"
FILE, DIGEST = "model.bin", "model.sha256"
LARGEST_BYTES = 50_000_000
_CHANGED = "The model of understanding is not the one that belongs to this version; install Earwitness again."


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedModel:
    """All that was learned. `slots` has the slots of each intent in the order of training; `learned_from` tells of what."""

    network: Network
    tagger: Tagger
    slots: Mapping[str, tuple[str, ...]]
    learned_from: Mapping[str, Any]


def to_bytes(model: LearnedModel) -> bytes:
    """The file's contents: the same for the same model."""
    net = model.network
    used = np.flatnonzero(np.abs(net.rows).max(axis=1) * net.scales > 1e-6)
    arrays = {
        "used": used.astype("<i4"),
        "rows": net.rows[used],
        "scales": net.scales[used].astype("<f2"),
        "hidden_bias": net.hidden_bias.astype("<f4"),
        "out": net.out.astype("<f2"),
        "bias": net.bias.astype("<f4"),
        "tags": model.tagger.weights,
    }
    head = {
        "format": FORMAT,
        "classes": net.classes,
        "temperature": round(net.temperature, 4),
        "slots": model.slots,
        "learned_from": model.learned_from,
        "arrays": [[name, array.dtype.str, list(array.shape)] for name, array in arrays.items()],
    }
    body = b"".join(array.tobytes() for array in arrays.values())
    return json.dumps(head, sort_keys=True, ensure_ascii=False).encode() + b"\n" + zlib.compress(body, 9)


def from_bytes(data: bytes) -> LearnedModel:
    """The model in a file's contents. Raises ModelError for anything else."""
    line, _, packed = data.partition(b"\n")
    try:
        head = json.loads(line)
        if head["format"] != FORMAT:
            raise ValueError(head["format"])
        inflating = zlib.decompressobj()
        body = inflating.decompress(packed, LARGEST_BYTES)
        if not inflating.eof:
            raise ValueError("cut off, or too large")
        arrays, at = {}, 0
        for name, kind, shape in head["arrays"]:
            size = int(np.prod(shape)) * np.dtype(kind).itemsize
            arrays[name] = np.frombuffer(body[at : at + size], dtype=kind).reshape(shape)
            at += size
        return _model(head, arrays)
    except (ValueError, KeyError, TypeError, zlib.error, IndexError) as error:
        raise ModelError(_CHANGED) from error


def _model(head: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> LearnedModel:
    hidden = arrays["rows"].shape[1]
    rows = np.zeros((ROWS, hidden), dtype=np.int8)
    scales = np.zeros(ROWS, dtype=np.float32)
    rows[arrays["used"]], scales[arrays["used"]] = arrays["rows"], arrays["scales"]
    if arrays["tags"].shape != (CELLS,) or arrays["out"].shape != (hidden, len(head["classes"])):
        raise ValueError("shapes")
    return LearnedModel(
        network=Network(
            classes=tuple(head["classes"]),
            rows=rows,
            scales=scales,
            hidden_bias=arrays["hidden_bias"],
            out=arrays["out"].astype(np.float32),
            bias=arrays["bias"],
            temperature=float(head["temperature"]),
        ),
        tagger=Tagger(weights=arrays["tags"]),
        slots={name: tuple(slots) for name, slots in head["slots"].items()},
        learned_from=head["learned_from"],
    )


@lru_cache(maxsize=1)
def own_model() -> LearnedModel:
    """The model of this version. Raises ModelError when its file is not the one that it should be."""
    folder = resources.files("earwitness.understand.learned")
    data = folder.joinpath(FILE).read_bytes()
    if sha256(data).hexdigest() != folder.joinpath(DIGEST).read_text(encoding="utf-8").split()[0]:
        raise ModelError(_CHANGED)
    return from_bytes(data)
