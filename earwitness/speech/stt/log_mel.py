"""The log-mel spectrogram that Whisper models listen to. Pure arithmetic; knows no model and no file.

Source: Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision" (2022), section 2.2; mel scale of
Slaney's Auditory Toolbox (1998): linear to 1 kHz, then logarithmic.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from earwitness.domain.audio import RATE_HZ

WINDOW_SAMPLES = 400
HOP_SAMPLES = 160
BANDS = 80
_FLOOR = 1e-10
_RANGE = 8.0
"""Decades below the loudest point at which the spectrogram is cut off."""
_LINEAR_HZ = 200.0 / 3.0
_BREAK_HZ = 1_000.0
_LOG_STEP = np.log(6.4) / 27.0

Floats = NDArray[np.float32]


def log_mel(samples: Floats) -> Floats:
    """float32 [samples] in -1..1, 16 kHz mono, to float32 [80 bands, samples // 160 frames].

    Needs at least 201 samples, so that the half window before the first can be mirrored.
    """
    half = WINDOW_SAMPLES // 2
    mirrored = np.pad(samples, half, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(mirrored, WINDOW_SAMPLES)[::HOP_SAMPLES][: len(samples) // HOP_SAMPLES]
    spectrum = np.fft.rfft(frames * _window(), axis=1)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    levels = np.log10(np.maximum(_filters() @ power.T, _FLOOR))
    levels = np.maximum(levels, levels.max() - _RANGE)
    return np.ascontiguousarray((levels + 4.0) / 4.0, dtype=np.float32)


@cache
def _window() -> Floats:
    return np.hanning(WINDOW_SAMPLES + 1)[:-1].astype(np.float32)


@cache
def _filters() -> Floats:
    """Triangles of equal area, [80, 201]: band b rises from edge b to b + 1 and falls to b + 2."""
    bins_hz = np.fft.rfftfreq(WINDOW_SAMPLES, 1.0 / RATE_HZ)
    edges_hz = _hz(np.linspace(0.0, _mel(RATE_HZ / 2), BANDS + 2))
    low, middle, high = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    triangles = np.minimum((bins_hz - low) / (middle - low), (high - bins_hz) / (high - middle))
    filters: Floats = (np.maximum(triangles, 0.0) * 2.0 / (high - low)).astype(np.float32)
    return filters


def _mel(hz: float) -> float:
    return float(_BREAK_HZ / _LINEAR_HZ + np.log(hz / _BREAK_HZ) / _LOG_STEP) if hz > _BREAK_HZ else hz / _LINEAR_HZ


def _hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    bend = _BREAK_HZ / _LINEAR_HZ
    return np.where(mel < bend, mel * _LINEAR_HZ, _BREAK_HZ * np.exp((np.maximum(mel, bend) - bend) * _LOG_STEP))
