"""The disguise of a voice, and whether a disguised voice may be served at all.

The rule is arithmetic over published figures: sound is served by default only if an attacker who was retrained on disguised
speech is wrong as often as `LEAST_EER`, and a recogniser loses at most `MOST_COST_POINTS`. The figures are data, written by
`make bench-anonymise` into anonymise.json. Without a way that keeps the rule, reviewers see text alone, and sound needs
the person's own consent to being heard with a voice that may be recognised.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from earwitness.review.voice_mcadams import move_resonances

Samples = NDArray[np.int16]

LEAST_EER: Final = 0.30
"""Equal error rate of the retrained attacker; 0.5 is guessing. The lower end of its interval counts."""
MOST_COST_POINTS: Final = 5.0
"""Points of word error rate that the disguise may cost the recogniser that it costs more."""
FIGURES_FILE: Final = Path(__file__).with_name("anonymise.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was measured of one way; equal error rates from 0 to 0.5."""

    ignorant_eer: float
    lazy_eer: float
    retrained_eer: float
    retrained_eer_low: float
    wer_cost_points: float

    @property
    def keeps_the_rule(self) -> bool:
        """Whether sound disguised this way may be served by default."""
        return self.retrained_eer_low >= LEAST_EER and self.wer_cost_points <= MOST_COST_POINTS


def read_figures(text: str) -> dict[str, Figures]:
    """The measured ways by name. Raises ValueError or TypeError for a file of another form."""
    return {name: Figures(**row) for name, row in json.loads(text).items()}


def best_way(figures: Mapping[str, Figures], *, ways: Mapping[str, object]) -> str:
    """The way to use: of those that keep the rule the cheapest to listen to, else the one that hides the most."""
    kept = [name for name in ways if figures[name].keeps_the_rule]
    if kept:
        return min(kept, key=lambda name: figures[name].wer_cost_points)
    return max(ways, key=lambda name: figures[name].retrained_eer_low)


WAYS: Final[Mapping[str, Callable[[Samples], Samples]]] = {
    "mcadams-0.8": lambda samples: move_resonances(samples, coefficient=0.8),
}
"""The ways that the product has."""
FIGURES: Final = read_figures(FIGURES_FILE.read_text(encoding="utf-8"))
WAY: Final = best_way(FIGURES, ways=WAYS)
MAY_SERVE: Final = FIGURES[WAY].keeps_the_rule
"""Whether disguised sound may be served without a consent of its own."""


def anonymise(samples: Samples, *, seed: int = 0) -> Samples:
    """The samples in another voice, int16 [samples], 16 kHz mono; as long as before. Raises ValueError for a negative seed.

    `seed` is for ways that draw something for each clip; the present one draws nothing.
    """
    if seed < 0:
        raise ValueError("a seed is not negative")
    return WAYS[WAY](samples)
