"""Whose voice it sounds like, as a vector: the d-vector of `resemblyzer` (Apache-2.0), run in NumPy from its package's weights.

The package itself would bring torch, several gigabytes for a network of three small layers. Source: Wan, Wang, Papir and Lopez
Moreno, "Generalized end-to-end loss for speaker verification" (2018).
"""

import io
import pickle
import struct
from importlib.metadata import distribution
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from earwitness.domain.audio import RATE_HZ
from earwitness.speech.stt.log_mel import HOP_SAMPLES, WINDOW_SAMPLES

Floats = NDArray[np.float32]

BANDS: Final = 40
FRAMES: Final = 160
SIZE: Final = 256
_STEP: Final = 80
_LOUDNESS_DB: Final = -30.0
_MAGIC: Final = 0x1950A86A20F9469CFC6C


class Voices:
    """Speaker embeddings. Raises PackageNotFoundError without the package, ValueError for weights of another form."""

    def __init__(self) -> None:
        weights = _weights(distribution("resemblyzer").locate_file("resemblyzer/pretrained.pt").read_bytes())  # type: ignore[attr-defined]
        self._layers = [tuple(weights[f"lstm.{part}_l{layer}"] for part in _PARTS) for layer in range(3)]
        self._last = weights["linear.weight"], weights["linear.bias"]
        self._filters = _mel_filters()

    def embed(self, samples: NDArray[np.int16]) -> Floats:
        """float32 [256] of length 1 for int16 [samples], 16 kHz mono; half a second or more."""
        sound = samples / 32768.0
        level = 10 * np.log10(np.mean(sound**2) + 1e-12)
        mel = self._mel(sound * 10 ** (max(0.0, _LOUDNESS_DB - level) / 20))
        mel = np.pad(mel, ((0, max(0, FRAMES - len(mel))), (0, 0)))
        parts = np.stack([mel[start : start + FRAMES] for start in range(0, len(mel) - FRAMES + 1, _STEP)])
        mean = self._network(parts).mean(axis=0)
        return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)

    def _mel(self, sound: NDArray[np.float64]) -> Floats:
        padded = np.pad(sound, WINDOW_SAMPLES // 2)
        frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_SAMPLES)[::HOP_SAMPLES]
        power = np.abs(np.fft.rfft(frames * np.hanning(WINDOW_SAMPLES + 1)[:-1], axis=1)) ** 2
        return np.asarray(power @ self._filters.T, dtype=np.float32)

    def _network(self, parts: Floats) -> Floats:
        """float32 [parts, FRAMES, BANDS] to [parts, SIZE]."""
        rows = parts
        for into, again, bias, more in self._layers:
            given = rows @ into.T + (bias + more)
            state = memory = np.zeros((len(parts), SIZE), dtype=np.float32)
            kept = np.empty((len(parts), FRAMES, SIZE), dtype=np.float32)
            for step in range(FRAMES):
                let_in, forget, new, out = np.split(given[:, step] + state @ again.T, 4, axis=1)
                memory = _sigmoid(forget) * memory + _sigmoid(let_in) * np.tanh(new)
                state = _sigmoid(out) * np.tanh(memory)
                kept[:, step] = state
            rows = kept
        found = np.maximum(rows[:, -1] @ self._last[0].T + self._last[1], 0)
        return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9), dtype=np.float32)


_PARTS: Final = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -40, 40))), dtype=np.float32)


def _mel_filters() -> Floats:
    """[40, 201]: triangles of equal area on Slaney's scale."""

    def hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((np.maximum(mel, 15) - 15) * np.log(6.4) / 27))

    top = 15 + 27 * np.log(RATE_HZ / 2 / 1000) / np.log(6.4)
    edges, bins = hz(np.linspace(0, top, BANDS + 2)), np.fft.rfftfreq(WINDOW_SAMPLES, 1 / RATE_HZ)
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles = np.minimum((bins - low) / (middle - low), (high - bins) / (high - middle))
    return np.asarray(np.maximum(triangles, 0) * 2 / (high - low), dtype=np.float32)


class _Stored:
    """A tensor as the file tells of it: which storage, from where, how large."""

    def __init__(self, storage: str, offset: int, size: tuple[int, ...]) -> None:
        self.storage, self.offset, self.size = storage, offset, size


class _Names(dict[str, Any]):
    """An ordered dictionary with an attribute or two."""


class _Reader(pickle.Unpickler):
    """Reads the file's pickles; makes nothing but numbers, texts and `_Stored`."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, size, *_: _Stored(storage, offset, size)
        if (module, name) == ("collections", "OrderedDict"):
            return _Names
        return name

    def persistent_load(self, pid: Any) -> str:
        return str(pid[2])


def _weights(data: bytes) -> dict[str, Floats]:
    """The tensors of a checkpoint in the form that torch wrote before 1.6: four pickles, the storages' names, the storages."""
    file = io.BytesIO(data)
    magic, _, _ = (_Reader(file).load() for _ in range(3))
    if magic != _MAGIC:
        raise ValueError("no checkpoint of torch's older form")
    model, names = _Reader(file).load()["model_state"], _Reader(file).load()
    storages: dict[str, Floats] = {}
    for name in names:
        (count,) = struct.unpack("<q", file.read(8))
        storages[name] = np.frombuffer(file.read(4 * count), dtype="<f4")
    return {
        name: storages[one.storage][one.offset : one.offset + int(np.prod(one.size))].reshape(one.size)
        for name, one in model.items()
        if name.startswith(("lstm.", "linear."))
    }
