"""A voice disguised by moving its resonances: McAdams' coefficient. Pure arithmetic.

Source: Patino, Tomashenko, Todisco, Nautsch and Evans, "Speaker anonymisation using the McAdams coefficient" (Interspeech 2021):
the angle of every complex pole of a frame's linear prediction is raised to a power. Here the frame's spectrum is freed of the old
resonances and given the new ones, so that no filter runs from frame to frame.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]
Wave = NDArray[np.float64]

_ORDER: Final = 20
_WINDOW: Final = 512
_HOP: Final = 256
_SPECTRUM: Final = 1024
_MOST_RADIUS: Final = 0.995
"""Poles nearer to the circle than that ring on longer than a frame."""


def move_resonances(samples: Samples, *, coefficient: float) -> Samples:
    """int16 [samples], 16 kHz mono, every resonance at its angle to the power of `coefficient` (1 changes nothing); as long."""
    padded = np.pad(samples.astype(np.float64), (_WINDOW, 2 * _WINDOW))
    window = np.sqrt(np.hanning(_WINDOW + 1)[:-1])
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP] * window
    moved = np.zeros(len(padded) + _WINDOW)
    for number, frame in enumerate(frames):
        if frame.any():
            changed = _moved(frame, coefficient=coefficient)
            moved[number * _HOP : number * _HOP + _WINDOW] += changed * window
    return np.asarray(np.clip(np.rint(moved[_WINDOW : _WINDOW + len(samples)]), -32768, 32767), dtype=np.int16)


def _moved(frame: Wave, *, coefficient: float) -> Wave:
    old = _prediction(frame)
    poles = np.roots(old)
    is_complex = np.abs(poles.imag) > 1e-9
    angles = np.where(is_complex, np.sign(poles.imag) * np.abs(np.angle(poles)) ** coefficient, np.angle(poles))
    turned = np.minimum(np.abs(poles), _MOST_RADIUS) * np.exp(1j * np.clip(angles, -np.pi, np.pi))
    new = np.real(np.poly(turned))
    spectrum = np.fft.rfft(frame, _SPECTRUM) * np.fft.rfft(old, _SPECTRUM) / np.fft.rfft(new, _SPECTRUM)
    changed = np.fft.irfft(spectrum, _SPECTRUM)[:_WINDOW]
    loudness = np.sqrt(np.sum(frame**2) / max(float(np.sum(changed**2)), 1e-9))
    return np.asarray(changed * min(loudness, 4.0))


def _prediction(frame: Wave) -> Wave:
    """The polynomial of linear prediction by autocorrelation, [order + 1], first 1 (Makhoul 1975)."""
    power = np.fft.irfft(np.abs(np.fft.rfft(frame, 2 * _WINDOW)) ** 2)[: _ORDER + 1]
    lags = np.abs(np.arange(_ORDER)[:, None] - np.arange(_ORDER)[None, :])
    matrix = power[lags] + np.eye(_ORDER) * (power[0] * 1e-4 + 1e-6)
    return np.concatenate([[1.0], -np.linalg.solve(matrix, power[1:])])
