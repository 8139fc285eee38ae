"""Sentences that the server spoke once and the device keeps, to be said when the server is away.

Owns one file a phrase. They are synthesised speech, never anything that a microphone heard.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from earwitness.domain.audio import Pcm
from earwitness.storage.durable import write_whole

LONGEST_BYTES: Final = 2 * 1024 * 1024
_NAME: Final = re.compile(r"[a-z_]{1,32}")
_MAGIC: Final = b"earwitness phrase 1 "


class Phrases:
    """The phrases in a folder; each is collected in parts, and kept once it is whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._coming: dict[int, tuple[str, int, bytearray]] = {}
        self._kept: dict[str, Pcm] = {}

    def begin(self, name: str, speech_id: int, *, rate_hz: int) -> None:
        """The sound of this speech is the phrase `name`; a name that is none is passed over."""
        if _NAME.fullmatch(name):
            self._coming = {speech_id: (name, rate_hz, bytearray())}

    def is_coming(self, speech_id: int) -> bool:
        """Whether the sound of this speech belongs to a phrase."""
        return speech_id in self._coming

    def feed(self, speech_id: int, sound: bytes) -> None:
        """Add to it; one that becomes too long is dropped."""
        parts = self._coming[speech_id][2]
        parts += sound
        if len(parts) > LONGEST_BYTES:
            del self._coming[speech_id]

    def end(self, speech_id: int) -> Callable[[], None] | None:
        """It is whole and can be found; what writes it, if it is another than before: call that in a thread, as it blocks until
        the phrase is on the disk, and raises StorageError."""
        name, rate_hz, parts = self._coming.pop(speech_id)
        if not parts:
            return None
        pcm = Pcm(data=bytes(parts), rate_hz=rate_hz)
        if self.find(name) == pcm:
            return None
        self._kept[name] = pcm
        file, written = self._folder / f"{name}.pcm", [_MAGIC, f"{rate_hz}\n".encode(), pcm.data]
        return lambda: write_whole(file, written, mode=0o600)

    def find(self, name: str) -> Pcm | None:
        """The phrase, if it is kept and whole."""
        if name in self._kept:
            return self._kept[name]
        try:
            head, _, data = (self._folder / f"{name}.pcm").read_bytes().partition(b"\n")
            found = Pcm(data=data, rate_hz=int(head.removeprefix(_MAGIC))) if head.startswith(_MAGIC) and data else None
        except (OSError, ValueError):
            return None
        if found is not None:
            self._kept[name] = found
        return found
