"""Which of several texts for the same sound is taken: the one heard first, or a sentence of this home that is hardly less
likely. Pure.

Owns the thresholds; `make bench-recognition` prints what they come to.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

MOST_LOSS: Final = 0.9
"""How much less likely than the heard text a sentence of this home may be and still be taken: nats for each of its tokens."""
MOST_LOSS_IN_ALL: Final = 5.0
"""And in all: a long sentence has room for one word that was misheard, not for one in each place."""
LEAST_LIKELY: Final = -2.0
"""What is taken is likely by itself, in nats for each token: beside nonsense that was heard, anything would be."""
OPEN_LOSS: Final = 2.0
"""Nats that a word nobody can foresee costs, beside one that the home knows: of two sentences that fit, the known one is
likelier."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A text with the natural logarithm of its probability given the sound, over so many tokens, its end included."""

    text: str
    log_probability: float
    tokens: int
    open_words: int = 0
    """Words of it that the home did not know beforehand."""


def chosen(
    heard: Choice, others: Sequence[Choice], *, may_be_taken: Callable[[str], bool], is_sentence: bool = False
) -> Choice | None:
    """The best of the others that may be taken in place of what was heard, if there is one; `is_sentence` tells that `heard` is
    one of this home too, so that another has to be likelier than it and not just near."""
    ranked = sorted(others, key=lambda one: -_worth(one))
    for one in ranked:
        if is_sentence and _worth(one) <= _worth(heard):
            return None
        if is_near(one, heard) and may_be_taken(one.text):
            return one
    return None


def is_near(one: Choice, heard: Choice) -> bool:
    """Whether a text is likely enough beside the one that was heard."""
    loss = heard.log_probability - one.log_probability
    if one.log_probability < LEAST_LIKELY * (one.tokens + 1):
        return False
    return loss <= min(MOST_LOSS * (one.tokens + 1), MOST_LOSS_IN_ALL)


def _worth(one: Choice) -> float:
    return one.log_probability - OPEN_LOSS * one.open_words
