"""Words silenced in sound: from their times to samples that are nothing but zero. Pure.

It hides what it is told to hide and a margin on both sides; what else should be hidden is `deidentify`'s to say.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from earwitness.domain.audio import RATE_HZ

Samples = NDArray[np.int16]
Span = tuple[float, float]

MARGIN_BEFORE_SECONDS: Final = 0.15
MARGIN_AFTER_SECONDS: Final = 0.15
"""A word's times are those of the recogniser's attention and err by a tenth of a second; tried by `make bench-silencing`."""
FADE_SECONDS: Final = 0.01
"""Outside the silence, so that its edges do not click: nothing of what is hidden is left, however softly."""


def silence(samples: Samples, spans: Sequence[Span]) -> Samples:
    """The samples with zeros from a margin before each span of seconds to a margin after it; as long as before.

    int16 [samples], 16 kHz mono. Spans may overlap, come in any order and reach beyond the sound. Raises ValueError for one that
    ends before it begins or is no number: half of a thing to hide is no answer.
    """
    if any(not start <= end for start, end in spans):
        raise ValueError("a span to silence ends after it begins")
    loud = np.ones(len(samples), dtype=np.float32)
    for start, end in spans:
        _hide(loud, start=start - MARGIN_BEFORE_SECONDS, end=end + MARGIN_AFTER_SECONDS)
    return np.asarray(np.rint(samples * loud), dtype=np.int16)


def _hide(loud: NDArray[np.float32], *, start: float, end: float) -> None:
    """Zeros in the span, and a straight fade on both sides of it."""
    fade = round(FADE_SECONDS * RATE_HZ)
    places = np.clip([start * RATE_HZ, end * RATE_HZ], -fade, len(loud) + fade)
    first, last = int(np.floor(places[0])), int(np.ceil(places[1]))
    steps = np.arange(first - fade, last + fade)
    inside = (steps >= 0) & (steps < len(loud))
    gain = np.clip(np.maximum(first - steps, steps - last) / fade, 0, 1)
    loud[steps[inside]] = np.minimum(loud[steps[inside]], gain[inside])
