"""Audio files: any that libsndfile reads become 16 kHz mono PCM, and PCM becomes a WAV file.

A file is hostile until it is decoded: its header is never trusted for length, and no more of it is held in memory than
the caller allows. Never plays or records sound.
"""

import os
import stat
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from earwitness.domain.audio import RATE_HZ, SAMPLE_BYTES, Pcm
from earwitness.domain.errors import AudioError
from earwitness.speech.truncation import is_cut_short
from earwitness.storage.durable import write_whole

RATES_HZ = range(1_000, 768_001)
"""Sample rates that a recording may claim."""
MOST_CHANNELS = 32
FORMATS = frozenset({"WAV", "WAVEX", "AIFF", "FLAC", "OGG", "MP3"})
"""What is accepted of what libsndfile reads: the formats in which a file that was cut short can be told."""
_BLOCK_SAMPLES = 1 << 16
_UNKNOWN_FRAMES = 1 << 62
_MP3_SLACK_FRAMES = 1152
"""An MP3 without a length tag may hold a coded frame less than its size suggests."""

Samples = NDArray[np.float32]


def read_audio(source: Path | str | BinaryIO, *, longest_seconds: float) -> Pcm:
    """Decode a recording to int16 [samples], 16 kHz mono; channels are averaged.

    `source` is a path, or a seekable binary file. Raises AudioError: audio.unreadable (no such file, not a recording, or
    values that are no sound), audio.empty, audio.truncated, audio.too_long (more than `longest_seconds` of sound).
    """
    if isinstance(source, str | Path):
        with open_recording(Path(source)) as file:
            return _decode(file, label=f"The file {source}", longest_seconds=longest_seconds)
    return _decode(source, label="The recording", longest_seconds=longest_seconds)


def read_beginning(path: Path, *, seconds: float, rate_hz: int) -> Pcm:
    """Decode the first `seconds` of a recording, or all of a shorter one, to int16 [samples], mono, at `rate_hz`.

    Raises AudioError: audio.unreadable, audio.empty, audio.truncated. No more of the file is decoded than is asked for.
    """
    label, most = f"The file {path}", int(seconds * rate_hz) * SAMPLE_BYTES

    def read(sound: soundfile.SoundFile) -> Pcm:
        data = bytearray()
        for block in resampled(_mono_blocks(sound, label=label), rate_hz=sound.samplerate, to_hz=rate_hz):
            data += int16_of(block)
            if len(data) >= most:
                break
        return Pcm(data=bytes(data[:most]), rate_hz=rate_hz)

    with open_recording(path) as file:
        return _decoded(file, label=label, read=read)


def write_wav(path: Path, pcm: Pcm) -> None:
    """Write a 16-bit mono WAV file, whole or not at all. Raises StorageError: storage.full, storage.failed."""
    write_whole(path, (wav_header(len(pcm.data), rate_hz=pcm.rate_hz), pcm.data))


def wav_header(data_bytes: int, *, rate_hz: int) -> bytes:
    """The 44 bytes before `data_bytes` of 16-bit mono samples (RIFF WAVE, format tag 1)."""
    form = struct.pack("<HHIIHH", 1, 1, rate_hz, rate_hz * SAMPLE_BYTES, SAMPLE_BYTES, 8 * SAMPLE_BYTES)
    head = struct.pack("<4sI4s4sI", b"RIFF", 36 + data_bytes, b"WAVE", b"fmt ", len(form))
    return head + form + struct.pack("<4sI", b"data", data_bytes)


@contextmanager
def open_recording(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file; a pipe or a device is refused without waiting for it."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise AudioError(f"There is no file {path}.") from error
    except PermissionError as error:
        raise AudioError(f"The file {path} may not be read: check its rights.") from error
    except (OSError, ValueError) as error:
        raise AudioError("That is not the path of a file that can be opened.") from error
    with os.fdopen(handle, "rb", closefd=True) if _is_regular(handle) else _refused(handle, path) as file:
        yield file


def _is_regular(handle: int) -> bool:
    return stat.S_ISREG(os.fstat(handle).st_mode)


def _refused(handle: int, path: Path) -> BinaryIO:
    os.close(handle)
    raise AudioError(f"{path} is a folder or a device, not a recording.")


class Nameless:
    """A binary file without its name, so that the content alone decides the format."""

    def __init__(self, file: BinaryIO) -> None:
        self.read = file.read
        self.seek = file.seek
        self.tell = file.tell


def _decode(file: BinaryIO, *, label: str, longest_seconds: float) -> Pcm:
    return _decoded(file, label=label, read=lambda sound: _read(sound, label=label, longest_seconds=longest_seconds))


def _decoded(file: BinaryIO, *, label: str, read: Callable[[soundfile.SoundFile], Pcm]) -> Pcm:
    """What `read` makes of a recording whose header can be believed."""
    try:
        size = file.seek(0, os.SEEK_END)
        if size == 0:
            raise AudioError(f"{label} is empty.", code="audio.empty")
        if is_cut_short(file, size=size):
            raise AudioError(f"{label} is cut short: its header promises more sound than there is.", code="audio.truncated")
        file.seek(0)
        with soundfile.SoundFile(Nameless(file)) as sound:
            check_header(sound, label=label)
            pcm = read(sound)
    except (soundfile.SoundFileError, OSError, TypeError, ValueError, RuntimeError) as error:
        raise AudioError(f"{label} is not a recording that can be read; WAV, FLAC, OGG and MP3 can.") from error
    if not pcm.data:
        raise AudioError(f"{label} holds no sound.", code="audio.empty")
    return pcm


def check_header(sound: soundfile.SoundFile, *, label: str) -> None:
    if sound.format not in FORMATS:
        raise AudioError(f"{label} is not a recording that can be read; WAV, FLAC, OGG and MP3 can.")
    if sound.samplerate not in RATES_HZ:
        raise AudioError(f"{label} claims a sample rate of {sound.samplerate} Hz, which no recording has.")
    if not 1 <= sound.channels <= MOST_CHANNELS:
        raise AudioError(f"{label} claims {sound.channels} channels; at most {MOST_CHANNELS} can be read.")


def _read(sound: soundfile.SoundFile, *, label: str, longest_seconds: float) -> Pcm:
    most = int(longest_seconds * RATE_HZ)
    data = bytearray()
    for block in resampled(_mono_blocks(sound, label=label), rate_hz=sound.samplerate):
        data += int16_of(block)
        if len(data) > most * SAMPLE_BYTES:
            raise AudioError(f"{label} is longer than {longest_seconds:g} seconds.", code="audio.too_long")
    return Pcm(data=bytes(data))


def int16_of(block: Samples) -> bytes:
    samples: NDArray[np.int16] = np.clip(np.rint(block * 32768.0), -32768, 32767).astype("<i2")
    return samples.tobytes()


def resampled(blocks: Iterator[Samples], *, rate_hz: int, to_hz: int = RATE_HZ) -> Iterator[Samples]:
    if rate_hz == to_hz:
        yield from blocks
        return
    stream = soxr.ResampleStream(rate_hz, to_hz, 1, dtype="float32")
    for block in blocks:
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.zeros(0, dtype=np.float32), last=True)


def _mono_blocks(sound: soundfile.SoundFile, *, label: str) -> Iterator[Samples]:
    frames = max(1, _BLOCK_SAMPLES // sound.channels)
    done = 0
    while True:
        try:
            block = sound.read(frames, dtype="float32", always_2d=True)
        except soundfile.SoundFileError as error:
            raise _cut_short(sound, done=done, label=label) from error
        if not len(block):
            break
        done += len(block)
        if not np.isfinite(block).all():
            raise AudioError(f"{label} holds values that are not numbers.")
        yield np.clip(block, -1.0, 1.0).mean(axis=1, dtype=np.float32)
    promised = sound.frames - (_MP3_SLACK_FRAMES if sound.format == "MP3" else 0)
    if done < promised < _UNKNOWN_FRAMES:
        raise _cut_short(sound, done=done, label=label)


def _cut_short(sound: soundfile.SoundFile, *, done: int, label: str) -> AudioError:
    seconds = done / sound.samplerate
    return AudioError(f"{label} is damaged or cut short after {seconds:.1f} seconds.", code="audio.truncated")
