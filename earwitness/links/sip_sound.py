"""Sound between a call and the house: rates and channels are made one another's, and what waits stays short.

Owns no connection. Sound of a call is never kept: what does not fit is dropped, the oldest or the newest as is said.
"""

from typing import Final, Protocol

import numpy as np
import soxr
from numpy.typing import NDArray

from earwitness.domain.audio import RATE_HZ

MOST_WAITING_SECONDS: Final = 0.24
"""What waits to be sent is never more: a chunk beyond that is dropped, so that a slow clock on one side costs no delay."""
CUSHION_SECONDS: Final = 0.06
"""Silence before the first chunk after a pause, so that a chunk that comes a little late tears no hole."""
_SAMPLE_BYTES: Final = 2


class Streams(Protocol):
    """The sound of one call at the telephone side (baresip.audio.CallAudio); int16, interleaved. Never blocks."""

    def write(self, pcm: bytes) -> int: ...

    def read(self, max_bytes: int) -> bytes: ...


class _Filter:
    """Samples through a FIR filter, piece by piece, a millisecond and a half late.

    soxr gives 8 kHz in pieces of 60 to 110 ms, which would be heard as delay; between 8 and 16 kHz a short filter is enough.
    """

    _TAPS: Final = 47

    def __init__(self, *, gain: float) -> None:
        at = np.arange(self._TAPS) - self._TAPS // 2
        taps = 0.5 * np.sinc(0.5 * at) * np.kaiser(self._TAPS, 6.0)  # a low pass at a quarter of the rate
        self._taps = gain * taps / taps.sum()
        self._before = np.zeros(self._TAPS - 1)

    def pass_on(self, samples: NDArray[np.float64]) -> NDArray[np.float64]:
        """As many samples as are given."""
        data = np.concatenate((self._before, samples))
        self._before = data[len(data) - (self._TAPS - 1) :]
        return np.convolve(data, self._taps, mode="valid")


class Halving:
    """16 kHz to 8 kHz."""

    def __init__(self) -> None:
        self._filter = _Filter(gain=1.0)
        self._is_odd = False

    def resample_chunk(self, samples: NDArray[np.int16]) -> NDArray[np.int16]:
        smooth = self._filter.pass_on(samples.astype(np.float64))[int(self._is_odd) :: 2]
        self._is_odd ^= len(samples) % 2 == 1
        return _whole(smooth)


class Doubling:
    """8 kHz to 16 kHz."""

    def __init__(self) -> None:
        self._filter = _Filter(gain=2.0)

    def resample_chunk(self, samples: NDArray[np.int16]) -> NDArray[np.int16]:
        apart = np.zeros(2 * len(samples))
        apart[::2] = samples
        return _whole(self._filter.pass_on(apart))


def _whole(samples: NDArray[np.float64]) -> NDArray[np.int16]:
    return np.clip(np.rint(samples), -32_768, 32_767).astype(np.int16)


class Direction:
    """Turns sound of one rate and number of channels into another, piece by piece: int16, interleaved."""

    def __init__(self, *, from_rate_hz: int, to_rate_hz: int, from_channels: int = 1, to_channels: int = 1) -> None:
        self._from_channels = from_channels
        self._to_channels = to_channels
        self._resampler: Halving | Doubling | soxr.ResampleStream | None = None
        if from_rate_hz == 2 * to_rate_hz:
            self._resampler = Halving()
        elif 2 * from_rate_hz == to_rate_hz:
            self._resampler = Doubling()
        elif from_rate_hz != to_rate_hz:
            self._resampler = soxr.ResampleStream(from_rate_hz, to_rate_hz, 1, dtype="int16", quality="LQ")

    def turn(self, data: bytes) -> bytes:
        """The same sound, as the other side wants it; the end of it may come with the next piece."""
        samples: NDArray[np.int16] = np.frombuffer(data[: len(data) - len(data) % (2 * self._from_channels)], dtype=np.int16)
        if self._from_channels > 1:
            samples = samples.reshape(-1, self._from_channels).mean(axis=1).astype(np.int16)
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(samples)
        if self._to_channels > 1:
            samples = np.repeat(samples, self._to_channels)
        return samples.tobytes()


class Outgoing:
    """What the house says, on its way into a call of that rate and number of channels."""

    def __init__(self, *, rate_hz: int, channels: int) -> None:
        self.format = (rate_hz, channels)
        self._direction = Direction(from_rate_hz=RATE_HZ, to_rate_hz=rate_hz, to_channels=channels)
        self._bytes_per_second = rate_hz * channels * _SAMPLE_BYTES
        self._frame = channels * _SAMPLE_BYTES
        self.dropped = 0
        """Chunks that did not fit."""

    def pass_on(self, chunk: bytes, *, into: Streams, waiting: int) -> None:
        """Queue one chunk; `waiting` is how many bytes the call has not sent yet."""
        if waiting > MOST_WAITING_SECONDS * self._bytes_per_second:
            self.dropped += 1
            return
        pcm = self._direction.turn(chunk)
        if waiting == 0:
            cushion = int(CUSHION_SECONDS * self._bytes_per_second)
            pcm = bytes(cushion - cushion % self._frame) + pcm
        into.write(pcm)


class Incoming:
    """What is said in a call, on its way into the house."""

    def __init__(self, *, rate_hz: int, channels: int) -> None:
        self._direction = Direction(from_rate_hz=rate_hz, to_rate_hz=RATE_HZ, from_channels=channels)

    def take(self, streams: Streams, *, most_bytes: int = 65_536) -> bytes:
        """What has come since: int16 [samples], 16 kHz mono; may be empty."""
        data = streams.read(most_bytes)
        return self._direction.turn(data) if data else b""
