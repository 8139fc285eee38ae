"""The classifier: which kind of request words are, with probabilities. Numpy only.

A bag of hashed features through one hidden layer: rows of the features that a text has are added, what is negative is dropped,
and a softmax over the classes follows, at a temperature that was fitted on sentences it was not trained on. The layer may be
that of several networks side by side (improve/understanding/training.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

QUESTION: Final = '["AskQuestion",{},""]'
"""The class of questions to look up."""
ELSEWHERE: Final = "elsewhere:"
"""How classes begin that no skill here does."""
NONSENSE: Final = "nonsense"
"""The class of words that are no request."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Weights. `rows` is int8 [features, hidden], each row times its `scales` [features]; `out` [hidden, classes], `bias`
    [classes].
    """

    classes: tuple[str, ...]
    rows: NDArray[np.int8]
    scales: Floats
    hidden_bias: Floats
    out: Floats
    bias: Floats
    temperature: float

    def probabilities(self, features: Sequence[int]) -> Floats:
        """float32 [classes], together 1. `features` are row numbers, at least one."""
        chosen = np.asarray(features)
        summed = self.scales[chosen] @ self.rows[chosen].astype(np.float32) / np.sqrt(np.float32(len(chosen)))
        hidden = np.maximum(summed + self.hidden_bias, 0.0)
        logits = (hidden @ self.out + self.bias) / np.float32(self.temperature)
        logits -= logits.max()
        powers = np.exp(logits)
        return np.asarray(powers / powers.sum(), dtype=np.float32)
