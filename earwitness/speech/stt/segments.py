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
    """A row of sounds, with `places` before, between and after them.

    Costs are kept less what it costs to have heard the sounds up to their place for nothing: to have heard more than was said is
    then the least cost of any place before.
    """

    def __init__(self, sounds: Sounds) -> None:
        query = np.array(sounds, dtype=np.int64)
        self.places = len(sounds) + 1
        self._extra = np.concatenate([[0.0], np.cumsum(_LOSE[query])]).astype(np.float32)
        self._as_said = np.ascontiguousarray((_SUBSTITUTE[:, query] - _LOSE[query]).T)
        """[sounds heard, sounds there are]"""

    def after(self, costs: Costs, units: Units, chosen: NDArray[np.int64]) -> Costs:
        """float32 [rows, places]: row by row, the least cost at each place once one more unit was said.

        `costs` are those before it, [rows, places]; `chosen` has the number of each row's unit.
        """
        order = np.argsort(-units.lengths[chosen], kind="stable")
        said = chosen[order]
        levels = np.ascontiguousarray(costs[order].T) - self._extra[:, None]
        _least_before(levels)
        falling = -units.lengths[said]
        for at in range(int(-falling[0]) if len(falling) else 0):
            going = int(np.searchsorted(falling, -at, side="left"))
            self._say(levels[:, :going], units.sounds[said[:going], at])
        back = np.empty((len(order), self.places), dtype=np.float32)
        back[order] = (levels + self._extra[:, None]).T
        return back

    def _say(self, levels: NDArray[np.float32], sounds: NDArray[np.int64]) -> None:
        """Have one more sound said in each column; changes `levels`, [places, columns]."""
        taken = self._as_said.take(sounds, axis=1)
        taken += levels[:-1]
        levels += _LOSE[sounds]
        np.minimum(levels[1:], taken, out=levels[1:])
        _least_before(levels)


def _least_before(levels: NDArray[np.float32]) -> None:
    """Give each place the least cost up to it. By hand: `accumulate` takes one number at a time."""
    for place in range(1, len(levels)):
        np.minimum(levels[place], levels[place - 1], out=levels[place])
