"""How much better, and how sure: paired bootstrap over speakers, and the difference of two shares. Pure.

Everything here is given numbers; seeds are fixed, so that the same numbers give the same intervals.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from earwitness.improve.metrics import Share

DRAWS: Final = 2_000
SEED: Final = 20_260_301
TAIL_PERCENT: Final = 2.5
_Z_95: Final = 1.959963984540054


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The same item before and after; `cluster` is whose it is: those of one speaker are drawn together."""

    cluster: str
    before: Share
    after: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """Two rates of loss over the same items; `gain` is before less after, so more is better. `low` and `high` are its 95 %
    interval, None where there are fewer than two clusters to draw from."""

    before: float
    after: float
    items: int
    clusters: int
    low: float | None
    high: float | None

    @property
    def gain(self) -> float:
        return self.before - self.after

    @property
    def is_sure(self) -> bool:
        """Whether the whole interval is a gain."""
        return self.low is not None and self.low > 0.0

    def as_json(self) -> dict[str, object]:
        return {
            "before": round(self.before, 6),
            "after": round(self.after, 6),
            "gain": round(round(self.before, 6) - round(self.after, 6), 6),
            "items": self.items,
            "clusters": self.clusters,
            "low": None if self.low is None else round(self.low, 6),
            "high": None if self.high is None else round(self.high, 6),
        }


def gain_of(found: Mapping[str, object]) -> Gain:
    """A gain out of its JSON."""
    numbers = {name: found[name] for name in ("before", "after", "items", "clusters", "low", "high")}
    return Gain(**numbers)  # type: ignore[arg-type]


def paired_gain(pairs: Sequence[Pair]) -> Gain | None:
    """The gain over all pairs, with the percentile interval of a bootstrap that draws whole clusters with replacement
    (Efron 1979; Field and Welsh 2007 on clusters). None if there is nothing to divide by."""
    names = sorted({pair.cluster for pair in pairs})
    index = {name: at for at, name in enumerate(names)}
    sums = np.zeros((len(names), 4))
    for pair in pairs:
        sums[index[pair.cluster]] += (pair.before.part, pair.before.whole, pair.after.part, pair.after.whole)
    total = sums.sum(axis=0)
    if not pairs or not total[1] or not total[3]:
        return None
    low, high = _interval(sums) if len(names) > 1 else (None, None)
    return Gain(
        before=float(total[0] / total[1]),
        after=float(total[2] / total[3]),
        items=len(pairs),
        clusters=len(names),
        low=low,
        high=high,
    )


def _interval(sums: np.ndarray) -> tuple[float | None, float | None]:
    dice, count = np.random.default_rng(SEED), len(sums)
    drawn = dice.multinomial(count, np.full(count, 1.0 / count), size=DRAWS) @ sums
    whole = (drawn[:, 1] > 0) & (drawn[:, 3] > 0)
    if not whole.any():
        return None, None
    drawn = drawn[whole]
    gains = drawn[:, 0] / drawn[:, 1] - drawn[:, 2] / drawn[:, 3]
    low, high = np.percentile(gains, [TAIL_PERCENT, 100.0 - TAIL_PERCENT])
    return float(low), float(high)


def difference_interval(first: tuple[int, int], second: tuple[int, int]) -> tuple[float, float]:
    """The 95 % interval of the share of `first` (how many, of how many) less that of `second` (Newcombe 1998, method 10).

    Raises ValueError where either is of nothing.
    """
    (low_1, share_1, high_1), (low_2, share_2, high_2) = _wilson(*first), _wilson(*second)
    difference = share_1 - share_2
    low = difference - math.hypot(share_1 - low_1, high_2 - share_2)
    high = difference + math.hypot(high_1 - share_1, share_2 - low_2)
    return low, high


def _wilson(part: int, whole: int) -> tuple[float, float, float]:
    """Wilson's 95 % interval around a share (Wilson 1927): low, the share, high."""
    if whole <= 0 or not 0 <= part <= whole:
        raise ValueError(f"{part} of {whole} is no share")
    share, squared = part / whole, _Z_95 * _Z_95
    middle = (share + squared / (2 * whole)) / (1 + squared / whole)
    half = _Z_95 / (1 + squared / whole) * math.sqrt(share * (1 - share) / whole + squared / (4 * whole * whole))
    return middle - half, share, middle + half
