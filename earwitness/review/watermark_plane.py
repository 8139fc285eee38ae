"""The plane of time and frequency that the watermark lies in: tiles of 32 ms by 94 Hz, made a little louder or softer. Pure.

Owns how a tile is changed and how the change is seen again; knows no lease and no key beyond the pattern that it is given.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from earwitness.review.watermark_code import BANDS, PERIOD, SYMBOLS, Floats, Plan

Wave = NDArray[np.float64]
Spectrum = NDArray[np.complex128]

STRENGTH_DB: Final = 2.5
"""How much louder or softer a tile is made. Chosen by `make bench-watermark`: the loudest that stays clear of a PESQ of 4.0."""
WINDOW: Final = 512
_HOP: Final = WINDOW // 2
_FRAMES: Final = 2
_BINS: Final = 3
_LOWEST_BIN: Final = 6
TILE_SAMPLES: Final = _HOP * _FRAMES
OFFSETS: Final = 8
"""Places within a tile at which its beginning is looked for: a codec or a cut leaves it anywhere."""
PLACES: Final = OFFSETS * PERIOD
_FLOOR: Final = 1e-6
"""Below this share of the mean power a tile is taken for silence: what is there after a codec is the codec's."""
_NOISE_PERCENTILE: Final = 10
"""A band's level at its quietest: noise that was added to the mark."""
_QUIET: Final = 3.0
"""How far above the noise, in power, a tile is half trusted."""
_MOST_RESIDUAL: Final = 1.5
"""Nepers: a greater step between a tile and its neighbours is the beginning or end of a sound, and says nothing."""


def raise_tiles(samples: Wave, pattern: NDArray[np.float64], *, begin: int) -> Wave:
    """The samples, each tile louder where the pattern [PERIOD, BANDS] says 1 and softer where it says -1; as long as before."""
    padded = np.pad(samples, (WINDOW, 2 * WINDOW))
    spectrum = _spectrum(padded)
    columns = (np.arange(len(spectrum)) // _FRAMES + begin) % PERIOD
    change = np.zeros(spectrum.shape)
    change[:, _LOWEST_BIN : _LOWEST_BIN + BANDS * _BINS] = np.repeat(pattern[columns], _BINS, axis=1)
    raised = _overlapped(spectrum * 10 ** (STRENGTH_DB / 20 * change))
    return raised[WINDOW : WINDOW + len(samples)]


def hear_symbols(samples: Wave, plan: Plan) -> Floats:
    """float32 [PLACES, SYMBOLS]: what each symbol looks like, for every place at which the period may begin.

    Each is a sum with a variance of 1 where no mark is. Too short a clip (under a fifth of a second) and silence give no row.
    """
    floor = float(np.mean(samples**2)) * WINDOW / 2 * _FLOOR if len(samples) else 0.0
    rows = [
        _symbols(_residual(samples[start:], floor=floor), plan)
        for start in range(0, TILE_SAMPLES, TILE_SAMPLES // OFFSETS)
        if floor and len(samples) - start >= WINDOW + 6 * TILE_SAMPLES
    ]
    return np.concatenate(rows) if rows else np.zeros((0, SYMBOLS), dtype=np.float32)


def _symbols(residual: NDArray[np.float64], plan: Plan) -> Floats:
    columns = -(-len(residual) // PERIOD) * PERIOD
    folded = np.pad(residual, ((0, columns - len(residual)), (0, 0))).reshape(-1, PERIOD, BANDS)
    sums, powers = folded.sum(axis=0), (folded * folded).sum(axis=0)
    turned = (np.arange(PERIOD)[None, :] - np.arange(PERIOD)[:, None]) % PERIOD
    each = len(plan.order) // SYMBOLS
    signed = (sums[turned].reshape(PERIOD, -1)[:, plan.order] * plan.signs.reshape(-1)[plan.order]).reshape(PERIOD, -1, each)
    power = powers[turned].reshape(PERIOD, -1)[:, plan.order].reshape(PERIOD, -1, each)
    return np.asarray(signed.sum(axis=2) / np.sqrt(power.sum(axis=2) + 1e-12), dtype=np.float32)


def _residual(samples: Wave, *, floor: float) -> NDArray[np.float64]:
    """[columns, BANDS]: how far each tile's level is from its four neighbours', nepers of power; less where it is quiet."""
    power = np.abs(_spectrum(samples)) ** 2
    frames = len(power) // _FRAMES * _FRAMES
    tiles = power[:frames, _LOWEST_BIN : _LOWEST_BIN + BANDS * _BINS].reshape(-1, _FRAMES, BANDS, _BINS)
    means = tiles.mean(axis=(1, 3))
    noise = np.maximum(np.percentile(means, _NOISE_PERCENTILE, axis=0), floor)
    levels = np.log(tiles + noise[:, None]).mean(axis=(1, 3))
    around = np.pad(levels, 1, mode="edge")
    neighbours = (around[:-2, 1:-1] + around[2:, 1:-1] + around[1:-1, :-2] + around[1:-1, 2:]) / 4
    step = levels - neighbours
    step -= step.mean(axis=1, keepdims=True)
    trust = 1 / (1 + _QUIET * noise / np.maximum(means, floor))
    return np.asarray(np.clip(step, -_MOST_RESIDUAL, _MOST_RESIDUAL) * trust)


def _window() -> Wave:
    return np.sqrt(np.hanning(WINDOW + 1)[:-1])


def _spectrum(samples: Wave) -> Spectrum:
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::_HOP]
    return np.fft.rfft(frames * _window(), axis=1)


def _overlapped(spectrum: Spectrum) -> Wave:
    """The inverse of `_spectrum` where two windows overlap: the squared window and its neighbour add up to 1."""
    frames = np.fft.irfft(spectrum, WINDOW, axis=1) * _window()
    whole = np.zeros((len(frames) + 1) * _HOP)
    for half in range(2):
        part = frames[:, half * _HOP : (half + 1) * _HOP].reshape(-1)
        whole[half * _HOP : half * _HOP + len(part)] += part
    return whole
