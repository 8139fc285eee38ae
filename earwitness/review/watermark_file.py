"""A leaked file, whatever made it, as sound in which a mark can be looked for.

A leak is taken as it is: cut short, recompressed, the sound of a film. FFmpeg's decoders (PyAV) read it, and the file is hostile:
this is called by the command line alone, in a process that serves nobody.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from earwitness.domain.audio import RATE_HZ
from earwitness.domain.errors import AudioError
from earwitness.review.watermark import Found, trace

LONGEST_SECONDS: Final = 600


def trace_file(path: Path, *, key: bytes, leases: Sequence[int]) -> Found | None:
    """The lease whose mark is in the first ten minutes of a file's sound; None if there is none of which we may be sure.

    Raises AudioError (audio.unreadable, audio.empty), and ValueError as `trace` does.
    """
    return trace(read_leak(path), key=key, leases=leases)


def read_leak(path: Path) -> NDArray[np.float32]:
    """float32 [samples], 16 kHz mono, of the first sound in a file, as far as it can be decoded, at most ten minutes.

    Raises AudioError: audio.unreadable, audio.empty.
    """
    parts: list[NDArray[np.float32]] = []
    most = LONGEST_SECONDS * RATE_HZ
    try:
        with av.open(str(path), mode="r") as container:
            for part in _decoded(container):
                parts.append(part)
                most -= len(part)
                if most <= 0:
                    break
    except (av.FFmpegError, OSError, ValueError, IndexError) as error:
        if not parts:
            raise AudioError(f"The file {path} has no sound that can be read.", code="audio.unreadable") from error
    if not parts:
        raise AudioError(f"The file {path} has no sound in it.", code="audio.empty")
    return np.concatenate(parts)[: LONGEST_SECONDS * RATE_HZ]


def _decoded(container: av.container.InputContainer) -> Iterator[NDArray[np.float32]]:
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
    for frame in container.decode(container.streams.audio[0]):
        for piece in resampler.resample(frame):
            yield piece.to_ndarray()[0].astype(np.float32)
    for piece in resampler.resample(None):
        yield piece.to_ndarray()[0].astype(np.float32)
