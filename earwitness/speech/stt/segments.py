"""How well words fit what was heard, many at once: an edit distance over sounds, weighted by what is easily taken for what.
Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from earwitness.speech.stt.sounds import Costs, Sounds, losing_costs, substitution_costs

FAR: Final = np.float32(1e6)

_SUBSTITUTE: Final = substitution_costs()
_LOSE: Final = losing_costs()


@dataclass(frozen=True, slots=True)
class Units:
    """Words or names, by number: their sounds, int64 [units, longest], and how many of those each has."""

    sounds: NDArray[np.int64]
    lengths: NDArray[np.int64]


def units_of(words: Sequence[Sounds]) -> Units:
    """These words, numbered in their order."""
    lengths = np.array([len(word) for word in words], dtype=np.int64)
    sounds = np.zeros((len(words), int(max(lengths, default=0))), dtype=np.int64)
    for index, word in enumerate(words):
        sounds[index, : len(word)] = word
    return Units(sounds, lengths)


class Heard:
    """A row of sounds, with `places` before, between and after them."""

    def __init__(self, sounds: Sounds) -> None:
        query = np.array(sounds, dtype=np.int64)
        self.places = len(sounds) + 1
        self._as_said = _SUBSTITUTE[:, query]
        self._extra = np.concatenate([[0.0], np.cumsum(_LOSE[query])]).astype(np.float32)

    def after(self, costs: Costs, units: Units, chosen: NDArray[np.int64]) -> Costs:
        """float32 [rows, places]: row by row, the least cost at each place once one more unit was said.

        `costs` are those before it, [rows, places]; `chosen` has the number of each row's unit.
        """
        order = np.argsort(-units.lengths[chosen], kind="stable")
        rows, said = self._with_extra(costs[order]), chosen[order]
        falling = -units.lengths[said]
        for at in range(int(-falling[0]) if len(falling) else 0):
            going = int(np.searchsorted(falling, -at, side="left"))
            rows[:going] = self._one_more(rows[:going], units.sounds[said[:going], at])
        back = np.empty_like(rows)
        back[order] = rows
        return back

    def _one_more(self, rows: Costs, sounds: NDArray[np.int64]) -> Costs:
        after = rows + _LOSE[sounds][:, None]
        np.minimum(after[:, 1:], rows[:, :-1] + self._as_said[sounds], out=after[:, 1:])
        return self._with_extra(after)

    def _with_extra(self, rows: Costs) -> Costs:
        """The same if more may have been heard than was said."""
        level = rows - self._extra
        np.minimum.accumulate(level, axis=1, out=level)
        level += self._extra
        return level
