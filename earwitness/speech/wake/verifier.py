"""A second look at a wake word that was found: was it said, or something that sounds like it? A small classifier over the wake
word models' own front end, trained on what a home judged (improve/adapters/wake.py).

Looks only after the first stage found its word, takes about a millisecond, keeps no sound but the last second.
"""

import json
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from pymicro_wakeword import MicroWakeWordFeatures

from earwitness.domain.audio import RATE_HZ, SAMPLE_BYTES, Pcm
from earwitness.domain.errors import ModelError

Floats = NDArray[np.float64]

WINDOW_SECONDS: Final = 1.0
"""Of the sound up to where the word was found, so much is looked at."""
SPOTTED_WITHIN_SECONDS: Final = 3.0
"""A wake word later in a recording did not begin it."""
_CHUNK_BYTES: Final = RATE_HZ // 100 * SAMPLE_BYTES
_FRAMES, _BANDS = 100, 40
_TIMES, _PITCHES = 20, 20
SIZE: Final = _TIMES * _PITCHES
FORMAT: Final = 2
MOST_WORDS: Final = 2
LONGEST_WORD: Final = 64
MOST_BYTES: Final = 15_000
"""Of a file: one frame to a satellite takes it. 1200 numbers of at most eleven characters are 13,200 bytes."""
_WINDOW_BYTES: Final = int(WINDOW_SECONDS * RATE_HZ) * SAMPLE_BYTES
_LEAD_SECONDS: Final = 0.5
"""The front end is given so much more before the window, for its estimate of the noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundWake:
    """A wake word that the first stage found: the sound (16 kHz mono) ends where it did."""

    word: str
    sound: Pcm


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """Logistic regression: float64 [400] each; one of `words` is taken as said from `threshold` on (log odds), and any other
    word always: nothing was learned of it."""

    words: tuple[str, ...]
    mean: Floats
    scale: Floats
    weights: Floats
    bias: float
    threshold: float

    def score(self, features: Floats) -> float:
        """The log odds that the word was said."""
        return float((features - self.mean) / self.scale @ self.weights + self.bias)

    def is_wake(self, found: FoundWake) -> bool:
        """Whether the word that was found was said."""
        return found.word not in self.words or self.score(features_of(found.sound)) >= self.threshold


def features_of(pcm: Pcm) -> Floats:
    """float64 [400]: the last second in twenty times and twenty bands, without its loudness."""
    wanted = int((WINDOW_SECONDS + _LEAD_SECONDS) * RATE_HZ)
    samples = np.frombuffer(pcm.data, dtype="<i2")[-wanted:]
    samples = np.concatenate([np.zeros(wanted - len(samples), dtype="<i2"), samples])
    frames = [np.asarray(one, dtype=np.float64).ravel() for one in MicroWakeWordFeatures().process_streaming(samples.tobytes())]
    rows = np.stack(frames[-_FRAMES:])
    rows = np.concatenate([np.zeros((_FRAMES - len(rows), _BANDS)), rows])
    pooled = rows.reshape(_TIMES, _FRAMES // _TIMES, _PITCHES, _BANDS // _PITCHES).mean(axis=(1, 3))
    return np.asarray((pooled - pooled.mean()) / (pooled.std() + 1e-6)).ravel()


class FirstStage(Protocol):
    """Finds wake words in a stream."""

    score: float

    def detect(self, chunk: bytes) -> str | None: ...

    def reset(self) -> None: ...


class VerifiedWakeWord:
    """A first stage whose findings are looked at again. Not safe to share between streams or threads."""

    def __init__(self, first: FirstStage, is_wake: Callable[[FoundWake], bool]) -> None:
        self._first = first
        self._is_wake = is_wake
        self._kept: deque[bytes] = deque()
        self._kept_bytes = 0
        self.score = 0.0
        """How sure the first stage was of the last word it found."""

    def detect(self, chunk: bytes) -> str | None:
        """The wake word that ended in this chunk (int16, 16 kHz mono) and is one at a second look, else None.

        Before a whole window was heard the first stage decides alone: what was not heard would be taken for silence."""
        self._kept.append(chunk)
        self._kept_bytes += len(chunk)
        most = int((WINDOW_SECONDS + _LEAD_SECONDS) * RATE_HZ) * 2
        while self._kept_bytes - len(self._kept[0]) >= most:
            self._kept_bytes -= len(self._kept.popleft())
        word = self._first.detect(chunk)
        self.score = self._first.score
        if word is None or self._kept_bytes < _WINDOW_BYTES:
            return word
        return word if self._is_wake(FoundWake(word=word, sound=Pcm(data=b"".join(self._kept)[-most:]))) else None

    def reset(self) -> None:
        """Forget the stream."""
        self._first.reset()
        self._kept.clear()
        self._kept_bytes = 0


def spotted(first: FirstStage, pcm: Pcm) -> FoundWake | None:
    """The wake word that `first` finds in a recording, as the second look is given it at run-time; None where it finds none soon,
    or where less is before it than is looked at: sound that was not kept would be taken for silence."""
    first.reset()
    end = min(len(pcm.data), int(SPOTTED_WITHIN_SECONDS * RATE_HZ) * SAMPLE_BYTES)
    for start in range(0, end, _CHUNK_BYTES):
        word = first.detect(pcm.data[start : start + _CHUNK_BYTES])
        if word is not None:
            heard = Pcm(data=pcm.data[: start + _CHUNK_BYTES])
            return FoundWake(word=word, sound=heard) if heard.seconds >= WINDOW_SECONDS else None
    return None


def verifier_bytes(verifier: Verifier) -> bytes:
    """The file of a verifier."""
    arrays = {name: [round(float(one), 6) for one in getattr(verifier, name)] for name in ("mean", "scale", "weights")}
    tree = {
        "format": FORMAT,
        "words": list(verifier.words),
        **arrays,
        "bias": round(verifier.bias, 6),
        "threshold": round(verifier.threshold, 6),
    }
    return json.dumps(tree, separators=(",", ":")).encode()


def read_verifier(data: bytes) -> Verifier:
    """Read it back, whoever wrote it. Raises ModelError for anything that is not the file of a verifier."""
    try:
        if len(data) > MOST_BYTES:
            raise ValueError("size")
        tree = json.loads(data)
        if tree["format"] != FORMAT:
            raise ValueError("format")
        mean, scale, weights = (np.asarray(tree[name], dtype=np.float64) for name in ("mean", "scale", "weights"))
        if any(one.shape != (SIZE,) or not np.isfinite(one).all() for one in (mean, scale, weights)) or not (scale > 0).all():
            raise ValueError("shapes")
        bias, threshold = float(tree["bias"]), float(tree["threshold"])
        if not (math.isfinite(bias) and math.isfinite(threshold)):
            raise ValueError("threshold")
        words = _words(tree["words"])
        return Verifier(words=words, mean=mean, scale=scale, weights=weights, bias=bias, threshold=threshold)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ModelError("The second look at wake words is damaged: roll back to the version before it.") from error


def _words(listed: object) -> tuple[str, ...]:
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST_WORDS:
        raise ValueError("words")
    if not all(isinstance(one, str) and 0 < len(one) <= LONGEST_WORD for one in listed):
        raise ValueError("words")
    return tuple(listed)
