"""The process that decodes a file of AAC or ALAC (.m4a): the file is its standard input, PCM goes to its standard output.

It is a process of its own because the wheel of PyAV carries codecs under the GPL, and because such a file is hostile until it is
decoded: here it meets no key, no database, and bounds of memory. Nothing but `speech/aac.py` starts it, and nothing imports it.
"""

import os
import resource
import sys
from collections.abc import Iterator
from typing import Final

MOST_BYTES: Final = 768 << 20
"""Of address space: PyAV's libraries take most of it."""
UNREADABLE: Final = 3
"""The exit code for what is no such music."""
_CODECS: Final = frozenset(("aac", "alac"))


def main() -> int:
    """Decode standard input from a second on to int16, mono, at a rate: both are arguments. Gives the exit code."""
    rate_hz, start_seconds = int(sys.argv[1]), float(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    try:
        for piece in _decoded(rate_hz, start_seconds=start_seconds):
            view = memoryview(piece)
            while view:
                view = view[os.write(1, view) :]
    except BrokenPipeError:
        return 0
    except (OSError, ValueError, MemoryError, IndexError, OverflowError):
        return UNREADABLE
    return 0


def _decoded(rate_hz: int, *, start_seconds: float) -> Iterator[bytes]:
    """The samples, piece by piece. Raises ValueError, OSError (which PyAV's errors are) for what is no such music."""
    import av

    with open(0, "rb", closefd=False) as file, av.open(file, mode="r", format="mov") as container:
        stream = container.streams.audio[0]
        if stream.codec_context.name not in _CODECS:
            raise ValueError("neither AAC nor ALAC")
        if start_seconds > 0:
            container.seek(int(start_seconds * av.time_base))
        resampler = av.AudioResampler(format="s16", layout="mono", rate=rate_hz)
        skip: int | None = None
        for frame in container.decode(stream):
            if skip is None:
                skip = max(0, round((start_seconds - (frame.time or 0.0)) * rate_hz)) if start_seconds > 0 else 0
            for made in resampler.resample(frame):
                samples = made.to_ndarray()[0]
                yield samples[skip:].tobytes()
                skip = max(0, skip - len(samples))
        for made in resampler.resample(None):
            yield made.to_ndarray()[0].tobytes()


if __name__ == "__main__":
    sys.exit(main())
