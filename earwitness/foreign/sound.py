"""Sound of foreign peers: any rate, width and channels that they may use become 16 kHz mono 16-bit, as it streams in; how loud
it is.

Pure but for soxr's own state. It trusts no number of a peer; nothing here is kept.
"""

import io
import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from earwitness.domain.audio import RATE_HZ, Pcm
from earwitness.domain.errors import WireError

RATES_HZ: Final = range(8_000, 96_001)
WIDTHS: Final = (1, 2, 3, 4)
"""Bytes of a sample: unsigned for 1, signed little-endian for the others, as in WAV files."""
MOST_CHANNELS: Final = 8
LOWEST_DBFS: Final = -120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How a peer's sound is written."""

    rate_hz: int = RATE_HZ
    width: int = 2
    channels: int = 1


def read_form(fields: Mapping[str, object]) -> Form:
    """The form that `audio-start` and `audio-chunk` name: rate, width, channels. Raises WireError."""
    return Form(
        rate_hz=_number(fields, "rate", allowed=RATES_HZ),
        width=_number(fields, "width", allowed=WIDTHS),
        channels=_number(fields, "channels", allowed=range(1, MOST_CHANNELS + 1)),
    )


class Converter:
    """One stream of a peer's sound, chunk by chunk."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self._stream = None if form.rate_hz == RATE_HZ else soxr.ResampleStream(form.rate_hz, RATE_HZ, 1, dtype="float32")

    def convert(self, data: bytes) -> bytes:
        """16 kHz mono int16 [samples] of one chunk, as far as it is ready. Raises WireError for a chunk of broken samples."""
        if len(data) % (self.form.width * self.form.channels):
            raise WireError("A chunk of sound holds whole samples of every channel.")
        if self.form == Form():
            return data
        return self._resampled(_mono(data, self.form), is_last=False)

    def finish(self) -> bytes:
        """What the resampler still holds."""
        return self._resampled(np.zeros(0, dtype=np.float32), is_last=True) if self._stream is not None else b""

    def _resampled(self, mono: NDArray[np.float32], *, is_last: bool) -> bytes:
        return _int16(mono if self._stream is None else self._stream.resample_chunk(mono, last=is_last))


class Loudness:
    """How loud the last `seconds` of a stream were. It keeps numbers, no sound."""

    def __init__(self, seconds: float) -> None:
        self._most = round(seconds * RATE_HZ)
        self._parts: deque[tuple[int, float]] = deque()
        self._samples = 0

    def hear(self, sound: bytes) -> None:
        """Take 16 kHz mono int16."""
        samples = np.frombuffer(sound, dtype="<i2").astype(np.float64)
        if not len(samples):
            return
        self._parts.append((len(samples), float(np.sum(samples * samples))))
        self._samples += len(samples)
        while self._samples - self._parts[0][0] >= self._most:
            self._samples -= self._parts.popleft()[0]

    @property
    def is_full(self) -> bool:
        """Whether all of the seconds have been heard."""
        return self._samples >= self._most

    @property
    def dbfs(self) -> float:
        """Root mean square in dB of full scale; LOWEST_DBFS for silence, and for nothing."""
        power = sum(part[1] for part in self._parts) / max(1, self._samples)
        return max(LOWEST_DBFS, 10.0 * math.log10(power / 32_768.0**2)) if power > 0 else LOWEST_DBFS

    def clear(self) -> None:
        """Forget what was heard."""
        self._parts.clear()
        self._samples = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayForm:
    """How a player wants what it fetches: a codec ("flac", "wav"), a rate if it names one, and 1 or 2 channels."""

    codec: str = "wav"
    rate_hz: int | None = None
    channels: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """The bytes of an audio file, with the ending of its name and its media type."""

    data: bytes
    ending: str
    media_type: str


def encode(pcm: Pcm, form: PlayForm) -> Encoded:
    """A 16-bit audio file of the sound; WAV where the form asks for a codec that is not written here."""
    pcm = at_rate(pcm, form.rate_hz or pcm.rate_hz)
    samples = np.repeat(np.frombuffer(pcm.data, dtype="<i2").reshape(-1, 1), form.channels, axis=1)
    codec = "flac" if form.codec == "flac" else "wav"
    file = io.BytesIO()
    soundfile.write(file, samples, pcm.rate_hz, format=codec.upper(), subtype="PCM_16")
    return Encoded(data=file.getvalue(), ending=codec, media_type=f"audio/{codec}")


def at_rate(pcm: Pcm, rate_hz: int) -> Pcm:
    """The same sound at another rate."""
    if pcm.rate_hz == rate_hz:
        return pcm
    samples = np.frombuffer(pcm.data, dtype="<i2").astype(np.float32) / 32768.0
    return Pcm(data=_int16(soxr.resample(samples, pcm.rate_hz, rate_hz)), rate_hz=rate_hz)


def _number(fields: Mapping[str, object], name: str, *, allowed: range | tuple[int, ...]) -> int:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value not in allowed:
        raise WireError(f"The field {name} of sound is a whole number from {allowed[0]} to {allowed[-1]}.")
    return value


def _mono(data: bytes, form: Form) -> NDArray[np.float32]:
    match form.width:
        case 1:
            samples = (np.frombuffer(data, dtype=np.uint8).astype(np.float32) - 128.0) / 128.0
        case 2:
            samples = np.frombuffer(data, dtype="<i2").astype(np.float32) / 32768.0
        case 3:
            parts = np.frombuffer(data, dtype=np.uint8).reshape(-1, 3).astype(np.int32)
            whole = (parts[:, 0] << 8 | parts[:, 1] << 16 | parts[:, 2] << 24).astype(np.int32)
            samples = whole.astype(np.float32) / 2147483648.0
        case _:
            samples = np.frombuffer(data, dtype="<i4").astype(np.float32) / 2147483648.0
    mono: NDArray[np.float32] = samples.reshape(-1, form.channels).mean(axis=1, dtype=np.float32)
    return mono


def _int16(samples: NDArray[np.float32]) -> bytes:
    whole: NDArray[np.int16] = np.clip(np.rint(samples * 32768.0), -32768, 32767).astype("<i2")
    return whole.tobytes()
