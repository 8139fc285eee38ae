"""The second look at wake words, learned from false wakes and true ones.

The threshold is chosen on people whom the classifier that judges them was not trained on, so that hardly a true wake is lost.
Applied by speech/wake/verifier.py, after the first stage alone.
"""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.optimize import minimize

from earwitness.domain.errors import ModelError
from earwitness.improve.adapting import Chain, Example, Learned, Metric, Progress, Sound, Spot
from earwitness.speech.wake.verifier import Floats, FoundWake, Verifier, features_of, read_verifier, verifier_bytes

FILE: Final = "verifier.json"
FEWEST_OF_EACH: Final = 12
"""True and false wakes."""
FOLDS: Final = 5
LOST_AT_MOST: Final = 0.01
"""Share of the true wakes, rounded to whole ones, that are below the threshold when others' judge them: one odd recording among
many must not decide it."""
HELD_BACK: Final = 10.0
"""Strength of the penalty on large weights: there are more weights than wakes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wakes:
    """Sounds up to where one of `words` was found: float64 [wakes, 400], whether it was said, and whose voice it is."""

    features: Floats
    is_true: Floats
    speakers: tuple[str, ...]
    words: tuple[str, ...]


class WakeAdapter:
    """Learns a `Verifier`."""

    name = "wake"
    metrics = frozenset({Metric.FALSE_ACCEPTS, Metric.FALSE_REJECTS})

    def __init__(self, spot: Spot) -> None:
        """`spot` finds the wake word in a recording."""
        self._spot = spot

    def learn(self, examples: Sequence[Example], *, base: Chain, sound: Sound, progress: Progress, seed: int) -> Learned | None:
        """Fit it; a few milliseconds for each wake. Only words of which there are enough true wakes are learned."""
        del base
        woken = [one for one in examples if one.is_woken and one.audio_seconds]
        heard: list[tuple[Example, FoundWake]] = []
        for done, one in enumerate(woken, 1):
            progress(done, len(woken))
            pcm = sound(one.recording_id)
            found = self._spot(pcm) if pcm is not None else None
            if found is not None:
                heard.append((one, found))
        said = Counter(found.word for one, found in heard if not one.is_false_wake)
        words = tuple(sorted(word for word, count in said.items() if count >= FEWEST_OF_EACH))
        heard = [(one, found) for one, found in heard if found.word in words]
        false = sum(one.is_false_wake for one, _ in heard)
        if not words or false < FEWEST_OF_EACH:
            return None
        wakes = Wakes(
            features=np.stack([features_of(found.sound) for _, found in heard]),
            is_true=np.asarray([0.0 if one.is_false_wake else 1.0 for one, _ in heard]),
            speakers=tuple(one.speaker_key for one, _ in heard),
            words=words,
        )
        verifier, scores = verified(wakes, seed=seed)
        refused = scores < verifier.threshold
        facts = {
            "true_wakes": len(heard) - false,
            "false_wakes": false,
            "false_wakes_refused": int((refused & (wakes.is_true == 0)).sum()),
            "true_wakes_refused": int((refused & (wakes.is_true == 1)).sum()),
            "threshold": round(verifier.threshold, 3),
        }
        return Learned(files={FILE: verifier_bytes(verifier)}, facts=facts)

    def put_in(self, chain: Chain, files: Mapping[str, bytes]) -> Chain:
        """The chain with the second look. Raises ModelError."""
        if files.keys() != {FILE}:
            raise ModelError("These are not the files of the second look at wake words.")
        return replace(chain, second_look=read_verifier(files[FILE]))


def verified(wakes: Wakes, *, seed: int) -> tuple[Verifier, Floats]:
    """A verifier of all wakes, and the score that each has from others'."""
    speakers = sorted(set(wakes.speakers))
    random.Random(seed).shuffle(speakers)  # noqa: S311 - to draw the same again
    fold_of = {speaker: place % FOLDS for place, speaker in enumerate(speakers)}
    folds = np.asarray([fold_of[speaker] for speaker in wakes.speakers])
    scores = np.zeros(len(folds))
    for fold in range(FOLDS):
        apart = folds == fold
        if apart.any() and not apart.all():
            judge = fitted(wakes.features[~apart], wakes.is_true[~apart], words=wakes.words)
            scores[apart] = [judge.score(row) for row in wakes.features[apart]]
    true = np.sort(scores[wakes.is_true == 1])
    threshold = float(true[round(LOST_AT_MOST * len(true))]) - _MARGIN
    return replace(fitted(wakes.features, wakes.is_true, words=wakes.words), threshold=threshold), scores


_MARGIN: Final = 1.0
"""Log odds below the least sure true wake: the next one may be less sure."""


def fitted(features: Floats, is_true: Floats, *, words: tuple[str, ...]) -> Verifier:
    """Logistic regression with a penalty on the squares of the weights; true and false wakes weigh the same together."""
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-3
    rows = (features - mean) / scale
    signs = 2 * is_true - 1
    share = np.where(is_true == 1, 0.5 / max(is_true.sum(), 1), 0.5 / max((1 - is_true).sum(), 1)) * len(is_true)

    def loss(found: Floats) -> tuple[float, Floats]:
        margins = signs * (rows @ found[:-1] + found[-1])
        value = float((share * np.logaddexp(0, -margins)).sum() + HELD_BACK / 2 * (found[:-1] ** 2).sum())
        back = -share * signs / (1 + np.exp(np.clip(margins, -50, 50)))
        return value, np.append(rows.T @ back + HELD_BACK * found[:-1], back.sum())

    best = minimize(loss, np.zeros(features.shape[1] + 1), jac=True, method="L-BFGS-B").x
    return Verifier(words=words, mean=mean, scale=scale, weights=np.asarray(best[:-1]), bias=float(best[-1]), threshold=0.0)
