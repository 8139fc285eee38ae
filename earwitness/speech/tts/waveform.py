"""Owns the last step of every voice: float samples from a model to PCM that can be played piece after piece.

Knows no model and no text.
"""

import numpy as np
from numpy.typing import NDArray

from earwitness.domain.audio import Pcm

Samples = NDArray[np.float32]

LOUDEST = 0.97
"""Samples are scaled down to stay below this share of full scale; nothing is ever clipped."""
_FRAME_SECONDS = 0.005
_BEFORE_SECONDS = 0.020
_AFTER_SECONDS = 0.060
_FADE_SECONDS = 0.004


def finish(wave: Samples, *, rate_hz: int, gain: float = 1.0, pause_seconds: float = 0.0) -> Pcm:
    """`wave` (float32 [samples], about -1 to 1) as PCM: silence around the speech trimmed, scaled, edges faded, a pause appended.

    Models pad speech with 0.3 to 0.4 s of silence in front, which a listener would wait for. Silence alone gives no samples.
    """
    wave = _trim(np.nan_to_num(wave), rate_hz=rate_hz)
    if wave.size == 0:
        return Pcm(data=b"", rate_hz=rate_hz)
    peak = float(np.abs(wave).max())
    wave = _fade(wave * min(gain, LOUDEST / peak), rate_hz=rate_hz)
    samples = np.rint(wave * 32_767).astype("<i2")
    return Pcm(data=samples.tobytes() + bytes(2 * round(pause_seconds * rate_hz)), rate_hz=rate_hz)


def _trim(wave: Samples, *, rate_hz: int) -> Samples:
    frame = round(_FRAME_SECONDS * rate_hz)
    count = len(wave) // frame
    if count == 0:
        return wave[:0]
    loudness = np.sqrt(np.mean(np.square(wave[: count * frame].reshape(count, frame)), axis=1))
    sounding = np.flatnonzero(loudness > max(1e-3, 0.012 * float(loudness.max())))
    if sounding.size == 0:
        return wave[:0]
    first = max(0, int(sounding[0]) * frame - round(_BEFORE_SECONDS * rate_hz))
    last = (int(sounding[-1]) + 1) * frame + round(_AFTER_SECONDS * rate_hz)
    return wave[first:last]


def _fade(wave: Samples, *, rate_hz: int) -> Samples:
    count = min(round(_FADE_SECONDS * rate_hz), len(wave) // 2)
    ramp = np.linspace(0, 1, count, dtype=np.float32)
    wave = wave.copy()
    wave[:count] *= ramp
    wave[len(wave) - count :] *= ramp[::-1]
    return wave
