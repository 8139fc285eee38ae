"""Files of AAC and ALAC (.m4a) as PCM, by a process of its own (`aac_process.py`). Owns that process. Calls block."""

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from typing import BinaryIO, Final

from earwitness.domain.errors import AudioError

_MODULE: Final = "earwitness.speech.aac_process"
_PIECE_BYTES: Final = 1 << 16
PATIENCE_SECONDS: Final = 10.0
"""A decoder that gives nothing for so long is ended."""


def is_aac(file: BinaryIO) -> bool:
    """Whether a file begins as those of the MPEG-4 family do (ISO/IEC 14496-12, `ftyp`). It is at its beginning again after."""
    head = file.read(12)
    file.seek(0)
    return head[4:8] == b"ftyp"


def decoded(file: BinaryIO, *, rate_hz: int, start_seconds: float, stack: ExitStack) -> Iterator[bytes]:
    """Its samples from a second on, int16, mono; the process ends with `stack`. One that is cut short plays to where it ends.

    Raises AudioError (audio.unreadable) if nothing of it is such music.
    """
    arguments = [sys.executable, "-m", _MODULE, str(rate_hz), repr(start_seconds)]
    environment = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH") if name in os.environ}
    os.lseek(file.fileno(), 0, os.SEEK_SET)
    process = subprocess.Popen(  # noqa: S603 (fixed arguments, no shell)
        arguments, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, close_fds=True
    )
    stack.callback(_end, process)
    first = _piece(process)
    if not first:
        raise AudioError("That file is no music that can be read.")
    return _pieces(process, first)


def _pieces(process: subprocess.Popen[bytes], first: bytes) -> Iterator[bytes]:
    piece, odd = first, b""
    while piece:
        whole = odd + piece
        cut = len(whole) - len(whole) % 2
        odd = whole[cut:]
        yield whole[:cut]
        piece = _piece(process)


def _piece(process: subprocess.Popen[bytes]) -> bytes:
    """What comes next; nothing at the end and from one that hangs."""
    assert process.stdout is not None
    handle = process.stdout.fileno()
    ready, _, _ = select.select([handle], [], [], PATIENCE_SECONDS)
    return os.read(handle, _PIECE_BYTES) if ready else b""


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    if process.stdout is not None:
        process.stdout.close()
    process.wait()
