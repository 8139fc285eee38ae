"""Music of the household's own files, in one folder: which there is, and the beginning of each as a sound for alarms.

Owns the bounds: how many files are looked at, which count, and that none outside the folder is opened. Calls block.
"""

import os
from pathlib import Path
from typing import Final

import numpy as np

from earwitness.domain.audio import Pcm
from earwitness.domain.errors import AlertError, AudioError
from earwitness.domain.ring_sound import LONGEST_REFERENCE, LONGEST_SECONDS, MUSIC, RATE_HZ
from earwitness.speech.audio_file import read_beginning

ENDINGS: Final = frozenset({".flac", ".mp3", ".oga", ".ogg", ".wav"})
MOST_FILES: Final = 2000
MOST_LOOKED_AT: Final = 20_000
PEAK: Final = 0.7
"""Loudest sample of a piece, of full scale: what was recorded softly wakes too."""
SOFTEST: Final = 0.02
"""A beginning whose loudest sample is below this wakes nobody."""
FADE_SECONDS: Final = 1.0
"""Before it begins again."""


class MusicFolder:
    """The music in `folder` and its folders; none without one."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def files(self) -> tuple[str, ...]:
        """The references of what is there, sorted; nothing if the folder cannot be read."""
        if self._folder is None:
            return ()
        found: list[str] = []
        looked_at = 0
        for place, folders, names in os.walk(self._folder):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                looked_at += 1
                if looked_at > MOST_LOOKED_AT or len(found) >= MOST_FILES:
                    return tuple(sorted(found))
                reference = MUSIC + (Path(place) / name).relative_to(self._folder).as_posix()
                if Path(name).suffix.lower() in ENDINGS and _is_plain(reference):
                    found.append(reference)
        return tuple(sorted(found))

    def stamp(self, reference: str) -> tuple[int, int]:
        """What changes when the file does. Raises AlertError (alert.no_sound)."""
        try:
            status = self._path(reference).stat()
        except OSError as error:
            raise _gone(reference) from error
        return status.st_mtime_ns, status.st_size

    def sound(self, reference: str) -> Pcm:
        """Its beginning: at most LONGEST_SECONDS, int16 [samples], 24 kHz mono. Raises AlertError (alert.no_sound)."""
        try:
            return _wakeful(read_beginning(self._path(reference), seconds=LONGEST_SECONDS, rate_hz=RATE_HZ), reference)
        except AudioError as error:
            raise AlertError(f"The music {title_of(reference)} cannot be played.", code="alert.no_sound") from error

    def _path(self, reference: str) -> Path:
        if self._folder is None or not reference.startswith(MUSIC):
            raise _gone(reference)
        try:
            folder = self._folder.resolve()
            path = (folder / reference.removeprefix(MUSIC)).resolve()
        except (OSError, ValueError, RuntimeError) as error:
            raise _gone(reference) from error
        if not path.is_relative_to(folder):
            raise _gone(reference)
        return path


def title_of(reference: str) -> str:
    """What a piece is called: its file's name without the ending, as words."""
    return " ".join(Path(reference.removeprefix(MUSIC)).stem.replace("_", " ").split())


def _is_plain(reference: str) -> bool:
    """Whether a name can be kept and shown."""
    return len(reference) <= LONGEST_REFERENCE and reference.isprintable() and bool(title_of(reference))


def _wakeful(pcm: Pcm, reference: str) -> Pcm:
    """As loud as PEAK, with its end faded out."""
    samples = np.frombuffer(pcm.data, "<i2").astype(np.float64)
    loudest = np.max(np.abs(samples)) / 32768.0
    if loudest < SOFTEST:
        raise AlertError(f"The music {title_of(reference)} begins too softly to wake anybody.", code="alert.no_sound")
    fade = min(len(samples), round(FADE_SECONDS * RATE_HZ))
    samples[len(samples) - fade :] *= np.linspace(1.0, 0.0, fade)
    return Pcm(data=np.rint(samples * PEAK / loudest).astype("<i2").tobytes(), rate_hz=RATE_HZ)


def _gone(reference: str) -> AlertError:
    return AlertError(f"The music {title_of(reference)} is not there any more.", code="alert.no_sound")
