"""Whether an utterance was whispered: by how much of it the vocal folds are heard. Pure.

Whispering has no voice: nothing in it repeats with the period of the folds. So the normalised autocorrelation of each frame that
is loud enough to be speech is looked at for a peak at such a period (Boersma 1993, without his correction of the window), and
the share of frames that have one decides. Where the sound hardly stands out of its own background nothing can be said, and it
counts as spoken aloud.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from earwitness.domain.audio import Pcm

FRAME_SECONDS: Final = 0.04
STEP_SECONDS: Final = 0.02
LOWEST_HERTZ: Final = 70.0
HIGHEST_HERTZ: Final = 300.0
"""Voices lie between these, or repeat with a multiple of their period that does; above, resonances of the mouth would count."""
VOICED: Final = 0.6
"""A frame whose autocorrelation peaks above this has a voice."""
BELOW_LOUDEST_DB: Final = 20.0
"""Frames so much softer than the loudest are not looked at."""
LEAST_CONTRAST_DB: Final = 12.0
"""By so much the loud frames stand out of the softest, or nothing is said."""
LEAST_SECONDS: Final = 0.3
"""Of frames that are looked at."""
MOST_VOICED_SHARE: Final = 0.15
"""Of a whispered utterance. It and VOICED were chosen on every other recording of those that `bench/whispering.py` names."""
_SILENT_DB: Final = -120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Voicing:
    """How much voice was heard. `contrast_db` is how far loud frames stand out of the softest."""

    voiced_share: float
    contrast_db: float
    seconds: float
    """Of what was loud enough to be looked at."""

    @property
    def is_whispered(self) -> bool:
        """Whether that is whispering, as far as it can be told."""
        can_tell = self.seconds >= LEAST_SECONDS and self.contrast_db >= LEAST_CONTRAST_DB
        return can_tell and self.voiced_share <= MOST_VOICED_SHARE


def voicing(pcm: Pcm) -> Voicing:
    """How much voice is in int16 [samples], mono."""
    samples = np.frombuffer(pcm.data, "<i2").astype(np.float64) / 32768.0
    frames = _frames(samples, rate_hz=pcm.rate_hz)
    if not len(frames):
        return Voicing(voiced_share=0.0, contrast_db=0.0, seconds=0.0)
    levels = 10.0 * np.log10(np.maximum(np.mean(frames**2, axis=1), 10.0 ** (_SILENT_DB / 10.0)))
    loud = levels >= levels.max() - BELOW_LOUDEST_DB
    share = float(np.mean(_periodicity(frames[loud], rate_hz=pcm.rate_hz) > VOICED))
    contrast = float(np.median(levels[loud]) - np.percentile(levels, 5))
    return Voicing(voiced_share=share, contrast_db=contrast, seconds=float(np.count_nonzero(loud)) * STEP_SECONDS)


def _frames(samples: NDArray[np.float64], *, rate_hz: int) -> NDArray[np.float64]:
    """Frames [count, samples], each without its mean."""
    size, step = round(FRAME_SECONDS * rate_hz), round(STEP_SECONDS * rate_hz)
    if len(samples) < size:
        return np.empty((0, size))
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[::step]
    level: NDArray[np.float64] = frames - frames.mean(axis=1, keepdims=True)
    return level


def _periodicity(frames: NDArray[np.float64], *, rate_hz: int) -> NDArray[np.float64]:
    """The highest normalised autocorrelation of each frame at a period of the vocal folds, from -1 to 1."""
    size = frames.shape[1]
    spectrum = np.fft.rfft(frames, n=2 * size, axis=1)
    products = np.fft.irfft(np.abs(spectrum) ** 2, axis=1)[:, :size]
    squares = np.cumsum(frames**2, axis=1)
    first, last = round(rate_hz / HIGHEST_HERTZ), min(size - 1, round(rate_hz / LOWEST_HERTZ))
    lags = np.arange(first, last + 1)
    heads = squares[:, size - 1 - lags]
    tails = squares[:, -1:] - squares[:, lags - 1]
    correlation = products[:, lags] / np.sqrt(np.maximum(heads * tails, 1e-18))
    found: NDArray[np.float64] = correlation.max(axis=1)
    return found
