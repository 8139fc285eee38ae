"""Ways of disguising a voice that `bench.anonymise` tries and the product does not have: by WORLD's vocoder.

WORLD: Morise, Yokomori and Ozawa, "WORLD: a vocoder-based high-quality speech synthesis system" (2016), through `pyworld`.
"""

from typing import Final

import numpy as np
import pyworld
from numpy.typing import NDArray

from earwitness.domain.audio import RATE_HZ

Samples = NDArray[np.int16]
Wave = NDArray[np.float64]

_STEP_MS: Final = 10.0
_PITCH_HZ: Final = 160.0
_COEFFICIENTS: Final = 24
_NEAREST: Final = 3
_CONTEXT: Final = 2


class World:
    """Speech taken apart and put together with another voice's pitch and resonances, which `reference` shows (int16, 16 kHz)."""

    def __init__(self, reference: Samples) -> None:
        pitch, envelope, _ = _apart(reference)
        is_loud = _is_loud(envelope)
        cepstra = _cepstra(envelope)
        self._mean, self._spread = cepstra[is_loud].mean(axis=0), cepstra[is_loud].std(axis=0)
        self._seen = _with_context((cepstra - self._mean) / self._spread, pitch)[is_loud]
        self._cepstra = cepstra[is_loud]

    def normalised(self, samples: Samples) -> Samples:
        """One flat pitch; few coefficients of the envelope, each with the reference's mean and spread."""
        pitch, envelope, noise = _apart(samples)
        z, level = self._plain(envelope)
        return self._together(pitch, z * self._spread + self._mean, level, noise, envelope.shape[1])

    def borrowed(self, samples: Samples) -> Samples:
        """One flat pitch; every envelope made of the reference's own that are nearest to it: the coarsest quantisation."""
        pitch, envelope, noise = _apart(samples)
        z, level = self._plain(envelope)
        wanted = _with_context(z, pitch)
        near = (wanted**2).sum(1)[:, None] - 2 * wanted @ self._seen.T + (self._seen**2).sum(1)[None]
        chosen = np.argpartition(near, _NEAREST, axis=1)[:, :_NEAREST]
        return self._together(pitch, self._cepstra[chosen].mean(axis=1), level, noise, envelope.shape[1])

    def _plain(self, envelope: Wave) -> tuple[Wave, Wave]:
        cepstra, is_loud = _cepstra(envelope), _is_loud(envelope)
        mean, spread = cepstra[is_loud].mean(axis=0), cepstra[is_loud].std(axis=0) + 1e-6
        return np.clip((cepstra - mean) / spread, -4, 4), cepstra[:, 0]

    def _together(self, pitch: Wave, cepstra: Wave, level: Wave, noise: Wave, bins: int) -> Samples:
        shaped = cepstra.copy()
        shaped[:, 0] = level
        envelope = np.exp(shaped @ _basis(bins).T)
        flat = np.where(pitch > 0, _PITCH_HZ, 0.0)
        sound = pyworld.synthesize(flat, np.ascontiguousarray(envelope), np.ascontiguousarray(noise), RATE_HZ, _STEP_MS)
        return np.asarray(np.clip(np.rint(sound * 32767), -32768, 32767), dtype=np.int16)


def _apart(samples: Samples) -> tuple[Wave, Wave, Wave]:
    """Pitch [frames], power envelope [frames, bins], aperiodicity [frames, bins]."""
    sound = samples / 32768.0
    rough, moments = pyworld.dio(sound, RATE_HZ, frame_period=_STEP_MS)
    pitch = pyworld.stonemask(sound, rough, moments, RATE_HZ)
    envelope = pyworld.cheaptrick(sound, pitch, moments, RATE_HZ)
    return pitch, envelope + 1e-12, pyworld.d4c(sound, pitch, moments, RATE_HZ)


def _basis(bins: int) -> Wave:
    """[bins, coefficients]: cosines on a mel-like scale, so that low frequencies are drawn more finely."""
    hertz = np.linspace(0, RATE_HZ / 2, bins)
    warped = np.log1p(hertz / 700) / np.log1p(RATE_HZ / 2 / 700)
    return np.asarray(np.cos(np.pi * warped[:, None] * np.arange(_COEFFICIENTS)[None]))


def _cepstra(envelope: Wave) -> Wave:
    return np.asarray(np.log(envelope) @ np.linalg.pinv(_basis(envelope.shape[1])).T)


def _is_loud(envelope: Wave) -> NDArray[np.bool_]:
    level = np.log(envelope).mean(axis=1)
    return np.asarray(level > np.percentile(level, 95) - 6)


def _with_context(z: Wave, pitch: Wave) -> Wave:
    """What is compared: the frame, its neighbours, and whether it is voiced."""
    around = np.pad(z, ((_CONTEXT, _CONTEXT), (0, 0)), mode="edge")
    parts = [around[step : step + len(z)] * (1.0 if step == _CONTEXT else 0.5) for step in range(2 * _CONTEXT + 1)]
    return np.concatenate([*parts, 3.0 * (pitch > 0)[:, None]], axis=1)
