"""Second looks at wake words that tests know the answers of; each is a real verifier."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from earwitness.domain.audio import RATE_HZ, Pcm
from earwitness.improve.adapters.wake import fitted
from earwitness.speech.wake.verifier import SIZE, FoundWake, Verifier, features_of

WORDS: Final = ("okay nabu", "alexa")


def whistle() -> Pcm:
    """A second and a half of one pitch."""
    wave = np.sin(2 * np.pi * 1_000.0 * np.arange(1.5 * RATE_HZ) / RATE_HZ) * 6_000
    return Pcm(data=wave.astype("<i2").tobytes())


def wake(sound: Pcm, word: str = "okay nabu") -> FoundWake:
    """A wake word that was found at the end of a sound."""
    return FoundWake(word=word, sound=sound)


def deaf() -> Verifier:
    """Takes nothing for a wake word."""
    row = np.ones(SIZE)
    return Verifier(words=WORDS, mean=row, scale=row, weights=0 * row, bias=0.0, threshold=1.0)


def only(pcm: Pcm) -> Verifier:
    """Takes this sound for a wake word, and what is unlike it not."""
    features = features_of(pcm)
    row = np.ones(SIZE)
    return Verifier(words=WORDS, mean=0 * row, scale=row, weights=features / SIZE, bias=0.0, threshold=0.9)


def taught(true: Sequence[Pcm], false: Sequence[Pcm]) -> Verifier:
    """What the adapter makes of a few wakes, with the threshold between the two kinds."""
    rows = np.stack([features_of(one) for one in (*true, *false)])
    is_true = np.array([1.0] * len(true) + [0.0] * len(false))
    made = fitted(rows, is_true, words=WORDS)
    scores = np.array([made.score(row) for row in rows])
    return replace(made, threshold=float(scores[is_true == 1].min() + scores[is_true == 0].max()) / 2)
