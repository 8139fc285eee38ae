"""The sounds of alarms that the server sent in advance, so that an alarm rings with its own sound when the server is gone.

Owns one file a sound, called by its digest and checked against it whenever it is read. They are music and made sounds, never
anything that a microphone heard.
"""

import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

from earwitness.domain.audio import Pcm
from earwitness.domain.errors import StorageError
from earwitness.domain.ring_sound import digest_of
from earwitness.storage.durable import write_whole

LONGEST_BYTES: Final = 1_500_000
"""30 seconds at 24 kHz, and a little."""
MOST_SOUNDS: Final = 8
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_MAGIC: Final = b"earwitness alarm sound 1 "


class AlarmSounds:
    """The sounds in `folder`. `find` looks in memory alone: no disk holds up a ring. `load` and what `end` gives block."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._coming: tuple[int, str, int, bytearray] | None = None
        self._kept: dict[str, Pcm] = {}

    @property
    def digests(self) -> tuple[str, ...]:
        """Those that are here whole."""
        return tuple(self._kept)

    def load(self) -> None:
        """Read what is on the disk; what is damaged is passed over."""
        for file in sorted(self._folder.glob("*.pcm"))[: 2 * MOST_SOUNDS]:
            pcm = _read(file)
            if pcm is not None and len(self._kept) < MOST_SOUNDS:
                self._kept.setdefault(file.stem, pcm)

    def find(self, digest: str | None) -> Pcm | None:
        """The sound, if it is here."""
        return None if digest is None else self._kept.get(digest)

    def begin(self, digest: str, speech_id: int, *, rate_hz: int) -> None:
        """The sound of this speech is that of an alarm."""
        self._coming = (speech_id, digest, rate_hz, bytearray()) if _DIGEST.fullmatch(digest) else None

    def is_coming(self, speech_id: int) -> bool:
        """Whether the sound of this speech belongs to an alarm."""
        return self._coming is not None and self._coming[0] == speech_id

    def feed(self, sound: bytes) -> None:
        """Add to what comes; one that becomes too long is dropped."""
        if self._coming is not None:
            self._coming[3].extend(sound)
            if len(self._coming[3]) > LONGEST_BYTES:
                self._coming = None

    def end(self, *, needed: Collection[str]) -> Callable[[], None] | None:
        """It is whole and can be found, unless it is not what its digest says; gives what writes it. One that is not `needed`
        makes way for it. Call that in a thread: it blocks until the sound is on the disk, and raises StorageError."""
        if self._coming is None:
            return None
        (_, digest, rate_hz, data), self._coming = self._coming, None
        if not data or len(data) % 2:
            return None
        pcm = Pcm(data=bytes(data), rate_hz=rate_hz)
        if digest_of(pcm) != digest or digest in self._kept:
            return None
        gone = self._make_room(needed)
        self._kept[digest] = pcm

        def keep() -> None:
            try:
                for each in gone:
                    (self._folder / f"{each}.pcm").unlink(missing_ok=True)
            except OSError as error:
                raise StorageError("A sound of an alarm cannot be removed: check the owner of the folder.") from error
            write_whole(self._folder / f"{digest}.pcm", [_MAGIC, f"{rate_hz}\n".encode(), pcm.data], mode=0o600)

        return keep

    def _make_room(self, needed: Collection[str]) -> list[str]:
        spare = [each for each in self._kept if each not in needed] + [each for each in self._kept if each in needed]
        gone = spare[: max(0, len(self._kept) + 1 - MOST_SOUNDS)]
        for each in gone:
            del self._kept[each]
        return gone


def _read(file: Path) -> Pcm | None:
    try:
        with file.open("rb") as opened:
            head, _, data = opened.read(LONGEST_BYTES + 64).partition(b"\n")
        found = Pcm(data=data, rate_hz=int(head.removeprefix(_MAGIC))) if head.startswith(_MAGIC) and data else None
    except (OSError, ValueError):
        return None
    return found if found is not None and digest_of(found) == file.stem else None
