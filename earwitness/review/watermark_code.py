"""The code of the watermark: which tiles carry which symbol, what each lease's symbols are, and how sure a find is. Pure.

Everything is drawn from the key by BLAKE2b and SHAKE-256, and by no library's generator of random numbers, whose numbers may
change between versions: a leak may be older than they are.
"""

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

SYMBOLS: Final = 256
"""Signs of a lease's codeword. More would let more leases be told apart, and be harder to hear the phase by."""
PERIOD: Final = 32
"""Columns of tiles after which the pattern repeats: about a second, so that any few seconds hold every symbol."""
BANDS: Final = 72
KEY_BYTES: Final = 32
LEASE_BITS: Final = 64
MOST_FALSE: Final = 1e-6
"""The greatest chance that anyone is named who had nothing to do with the sound."""
_CHUNK: Final = 1 << 14


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """Where symbols lie on the tiles of one period.

    symbols: int [PERIOD, BANDS], the symbol that a tile carries.
    signs: float32 [PERIOD, BANDS], what the symbol is multiplied with there.
    order: int [PERIOD * BANDS], the tiles sorted by symbol, PERIOD * BANDS / SYMBOLS of each.
    """

    symbols: NDArray[np.int64]
    signs: Floats
    order: NDArray[np.int64]


@lru_cache(maxsize=8)
def plan(key: bytes) -> Plan:
    """The plan that a key stands for. Raises ValueError for a key of another length."""
    if len(key) != KEY_BYTES:
        raise ValueError(f"the watermark's key has {KEY_BYTES} bytes")
    tiles = PERIOD * BANDS
    drawn = hashlib.shake_256(b"earwitness watermark plan" + key).digest(8 * tiles + tiles)
    order = np.argsort(np.frombuffer(drawn[: 8 * tiles], dtype="<u8"), kind="stable")
    symbols = np.empty(tiles, dtype=np.int64)
    symbols[order] = np.repeat(np.arange(SYMBOLS), tiles // SYMBOLS)
    signs = (np.frombuffer(drawn[8 * tiles :], dtype=np.uint8) & 1).astype(np.float32) * 2 - 1
    return Plan(symbols=symbols.reshape(PERIOD, BANDS), signs=signs.reshape(PERIOD, BANDS), order=order)


def codewords(leases: Sequence[int], *, key: bytes) -> Floats:
    """float32 [leases, SYMBOLS] of -1 and 1. Raises ValueError for an id that does not fit into 64 bits."""
    if any(not 0 <= lease < 1 << LEASE_BITS for lease in leases):
        raise ValueError("a lease's id is a whole number of 64 bits")
    drawn = b"".join(
        hashlib.blake2b(lease.to_bytes(8, "big"), digest_size=SYMBOLS // 8, key=key, person=b"watermark").digest()
        for lease in leases
    )
    bits = np.unpackbits(np.frombuffer(drawn, dtype=np.uint8)).reshape(len(leases), SYMBOLS)
    return bits.astype(np.float32) * 2 - 1


def phase(samples: bytes, *, key: bytes, lease: int) -> int:
    """At which column of the period a clip begins: each at another, so that clips of a lease cannot simply be averaged."""
    drawn = hashlib.blake2b(lease.to_bytes(8, "big") + samples, digest_size=8, key=key, person=b"phase").digest()
    return int.from_bytes(drawn, "big") % PERIOD


def best_scores(heard: Floats, leases: Sequence[int], *, key: bytes) -> Iterator[tuple[Sequence[int], Floats]]:
    """The leases piece by piece with each one's greatest score over the rows of `heard`, float32 [rows, SYMBOLS] of length 1."""
    for start in range(0, len(leases), _CHUNK):
        some = leases[start : start + _CHUNK]
        yield some, (heard @ codewords(some, key=key).T).max(axis=0)


def false_chance(score: float, *, tries: int) -> float:
    """The greatest chance that one of `tries` comparisons with codewords of strangers scores that much or more.

    For any fixed vector of length 1 and random signs: Hoeffding, "Probability inequalities for sums of bounded random variables"
    (1963), theorem 2. It holds whatever the sound is, marked for others, mixed or not marked at all, as long as the codeword had
    no part in it.
    """
    return min(1.0, tries * math.exp(-score * score / 2)) if score > 0 else 1.0
