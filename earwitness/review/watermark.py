"""The watermark: every lease's sound carries the lease's random id, and a leaked clip names the lease.

Owns embedding and tracing. It never decides who held a lease, and it keeps no key: whoever holds the key can trace, and could
forge. The code and its bound are in `watermark_code`, the plane in `watermark_plane`; ADR 26 says what it cannot do.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

from earwitness.domain.audio import RATE_HZ
from earwitness.review.watermark_code import MOST_FALSE, Floats, Plan, best_scores, codewords, false_chance, phase, plan
from earwitness.review.watermark_plane import PLACES, Wave, hear_symbols, raise_tiles

Samples = NDArray[np.int16]

MOST_LEASES: Final = 1_000_000
_SPEEDS: Final = tuple(1 + step * 0.004 for step in range(-5, 6) if step)
"""Other speeds that are tried: 2 % either way. Closer than 0.2 % needs no trying."""
_PIECE_SECONDS: Final = 8.0
_MOST_PRODUCTS: Final = 1 << 28
_FEWEST_PLACES, _MOST_PLACES = 256, 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A lease whose mark is in the sound.

    score: standard deviations. false_chance: the greatest chance that so much would be seen of any of the leases if none of them
    was in the sound. also: other leases that are in it, when copies of several were mixed.
    """

    lease: int
    score: float
    false_chance: float
    also: tuple[int, ...] = ()


def embed(samples: Samples, *, key: bytes, lease: int) -> Samples:
    """int16 [samples], 16 kHz mono, with the lease's mark in it; as long as before.

    `key` has 32 bytes, `lease` 64 bits. Raises ValueError for others.
    """
    codeword = codewords([lease], key=key)[0].astype(np.float64)
    laid = plan(key)
    begin = phase(np.ascontiguousarray(samples, dtype="<i2").tobytes(), key=key, lease=lease)
    marked = raise_tiles(samples.astype(np.float64), codeword[laid.symbols] * laid.signs, begin=begin)
    return np.clip(np.rint(marked), -32768, 32767).astype(np.int16)


def trace(samples: NDArray[np.generic], *, key: bytes, leases: Sequence[int]) -> Found | None:
    """The lease whose mark is in the sound, [samples] at 16 kHz mono; None if there is none of which we may be sure.

    `leases` are all that come into question, at most 1,000,000; fewer are found in worse sound. It takes seconds.
    The chance of naming any when none of them is in the sound is at most 1e-6 in all, whatever the sound is.
    Raises ValueError for too many leases and for a key or id of a wrong size.
    """
    if len(leases) > MOST_LEASES:
        raise ValueError(f"at most {MOST_LEASES:,} leases can be told apart")
    sound, tries = samples.astype(np.float64), 0
    for look in (_as_it_is, _otherwise):
        rows = look(sound, plan(key), most=_affordable(len(leases)))
        tries += len(rows) * len(leases)
        found = _named(rows, leases, key=key, tries=tries) if len(rows) and leases else None
        if found is not None:
            return found
    return None


def _named(rows: Floats, leases: Sequence[int], *, key: bytes, tries: int) -> Found | None:
    """Those of the leases that score more than chance allows; each of the two looks may err by half of what is allowed."""
    sure: list[tuple[float, int]] = []
    for some, scores in best_scores(rows, leases, key=key):
        sure += [
            (float(scores[one]), some[int(one)])
            for one in np.flatnonzero(scores > 0)
            if false_chance(float(scores[one]), tries=tries) <= MOST_FALSE / 2
        ]
    if not sure:
        return None
    (score, lease), *others = sorted(sure, reverse=True)
    also = tuple(one for _, one in others if one != lease)
    return Found(lease=lease, score=score, false_chance=false_chance(score, tries=tries), also=also)


def _as_it_is(sound: Wave, laid: Plan, *, most: int) -> Floats:
    """Rows of symbols, [places, SYMBOLS] of length 1, of the whole sound at its own speed."""
    return _of_length_1(hear_symbols(sound, laid)[: max(most, PLACES)])


def _otherwise(sound: Wave, laid: Plan, *, most: int) -> Floats:
    """The same in pieces of a longer sound and at other speeds: at most so many rows, those that look the most like any mark.

    Which rows are kept depends on no codeword, so that the bound on naming a stranger holds for what is kept.
    """
    rows = np.concatenate([hear_symbols(part, laid) for part in _parts(sound)])
    likeliest = np.argsort(-np.einsum("ij,ij->i", rows, rows), kind="stable")[:most]
    return _of_length_1(rows[likeliest])


def _of_length_1(rows: Floats) -> Floats:
    lengths: Floats = np.linalg.norm(rows, axis=1, keepdims=True).astype(np.float32)
    return np.asarray(rows / np.maximum(lengths, 1e-12), dtype=np.float32)


def _parts(sound: Wave) -> Iterator[Wave]:
    step = int(_PIECE_SECONDS * RATE_HZ)
    if len(sound) > step * 3 // 2:
        for start in range(0, len(sound) - step // 2, step // 2):
            yield sound[start : start + step]
    for speed in _SPEEDS:
        yield soxr.resample(sound, RATE_HZ, RATE_HZ * speed)


def _affordable(leases: int) -> int:
    return min(_MOST_PLACES, max(_FEWEST_PLACES, _MOST_PRODUCTS // max(1, leases)))
