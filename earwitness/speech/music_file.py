"""A file of music as a stream of PCM: decoded piece by piece as it is played, never held whole. Hostile until it is decoded.

What libsndfile reads: MP3, FLAC, Ogg (Vorbis, Opus), WAV and AIFF; and AAC and ALAC (.m4a) by `aac.py`. Calls block.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from earwitness.domain.audio import SAMPLE_BYTES
from earwitness.domain.errors import AudioError
from earwitness.speech.aac import decoded, is_aac
from earwitness.speech.audio_file import Nameless, check_header, int16_of, open_recording, resampled

ENDINGS: Final = frozenset({".aif", ".aiff", ".flac", ".m4a", ".mp3", ".oga", ".ogg", ".opus", ".wav"})
LONGEST_SECONDS: Final = 6 * 3600.0
"""More of one file is not played."""
_BLOCK_FRAMES: Final = 1 << 14


class MusicFile:
    """One file from `start_seconds` on, as int16 [samples], mono, at `rate_hz`; channels are averaged. Close it.

    Raises AudioError (audio.unreadable) if it is no music that can be read. One that is cut short plays to where it ends.
    """

    def __init__(self, path: Path, *, rate_hz: int, start_seconds: float = 0.0) -> None:
        self._stack = ExitStack()
        self._lock = threading.Lock()
        self._left = bytearray()
        self._most = int(LONGEST_SECONDS * rate_hz) * SAMPLE_BYTES
        try:
            file = self._stack.enter_context(open_recording(path))
            if is_aac(file):
                self._pieces = decoded(file, rate_hz=rate_hz, start_seconds=start_seconds, stack=self._stack)
            else:
                self._pieces = self._read_by_libsndfile(file, rate_hz=rate_hz, start_seconds=start_seconds)
        except (soundfile.SoundFileError, OSError, TypeError, ValueError, RuntimeError) as error:
            self._stack.close()
            raise AudioError("That file is no music that can be read.") from error
        except AudioError:
            self._stack.close()
            raise

    def _read_by_libsndfile(self, file: BinaryIO, *, rate_hz: int, start_seconds: float) -> Iterator[bytes]:
        sound = self._stack.enter_context(soundfile.SoundFile(Nameless(file)))
        check_header(sound, label="That file")
        if start_seconds > 0 and sound.seekable():
            sound.seek(min(int(start_seconds * sound.samplerate), max(0, sound.frames - 1)))
        return map(int16_of, resampled(_blocks(sound), rate_hz=sound.samplerate, to_hz=rate_hz))

    def read(self, size_bytes: int) -> bytes:
        """The next so many bytes, fewer at the end, none after it or once it is closed."""
        with self._lock:
            return self._read(size_bytes)

    def _read(self, size_bytes: int) -> bytes:
        while len(self._left) < size_bytes and self._most > 0:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._left += piece
        given = bytes(self._left[: min(size_bytes, self._most)])
        del self._left[: len(given)]
        self._most -= len(given)
        return given

    def close(self) -> None:
        """From any thread; waits for one that reads."""
        with self._lock:
            self._most = 0
            self._stack.close()


def _blocks(sound: soundfile.SoundFile) -> Iterator[NDArray[np.float32]]:
    while True:
        try:
            block = sound.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)
        except soundfile.SoundFileError:
            return
        if not len(block):
            return
        mono = np.nan_to_num(block, nan=0.0, posinf=1.0, neginf=-1.0).mean(axis=1, dtype=np.float32)
        yield np.clip(mono, -1.0, 1.0)
