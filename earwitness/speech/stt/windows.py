"""Cuts a long recording into windows that a recogniser can take in, each cut where it is quietest. Pure."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from earwitness.domain.audio import RATE_HZ, Pcm

Samples = NDArray[np.float32]

LONGEST_SECONDS = 24.0
_SEARCH_SECONDS = 6.0
_STEP_SAMPLES = RATE_HZ // 50


def samples_of(pcm: Pcm) -> Samples:
    """Float32 [samples] in -1..1. Raises ValueError unless the audio is at 16 kHz."""
    if pcm.rate_hz != RATE_HZ:
        raise ValueError("recognition needs 16 kHz audio")
    return np.frombuffer(pcm.data, dtype="<i2") * np.float32(1 / 32768)


def windows(samples: Samples) -> Iterator[Samples]:
    """The samples in pieces of at most 24 s; short recordings are one piece, an empty one is none."""
    most = int(LONGEST_SECONDS * RATE_HZ)
    while len(samples) > most:
        cut = _quietest(samples, start=most - int(_SEARCH_SECONDS * RATE_HZ), end=most)
        yield samples[:cut]
        samples = samples[cut:]
    if len(samples):
        yield samples


def _quietest(samples: Samples, *, start: int, end: int) -> int:
    """The middle of the quietest 100 ms between two places."""
    steps = samples[start:end].reshape(-1, _STEP_SAMPLES)
    energy = np.convolve((steps**2).sum(axis=1), np.ones(5), mode="valid")
    return start + (int(energy.argmin()) + 2) * _STEP_SAMPLES + _STEP_SAMPLES // 2
