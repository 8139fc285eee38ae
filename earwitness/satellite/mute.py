"""Whether the microphone may run: a wish that is kept on the disk, and a switch of the hardware if there is one.

A file that cannot be read, is damaged or has gone means muted; so does a switch that cannot be read. Owns the file; it stops no
microphone itself. Nothing that the network says comes here but the wish to mute.
"""

import contextlib
from pathlib import Path
from typing import Final

from earwitness.domain.errors import StorageError
from earwitness.storage.durable import write_whole

POLL_SECONDS: Final = 0.1
"""How often the hardware switch is looked at."""
_ON: Final = b"muted\n"
_OFF: Final = b"not muted\n"


class Mute:
    """Mute as it is kept in `file`; `switch` is the file of a hardware switch (`1` is muted)."""

    def __init__(self, file: Path, *, switch: Path | None = None) -> None:
        self._file = file
        self._switch = switch
        self._is_wished = self._read()

    @property
    def is_wished(self) -> bool:
        """Whether a key, the page or a voice asked for it."""
        return self._is_wished

    @property
    def is_switched(self) -> bool:
        """Whether the hardware switch says so."""
        if self._switch is None:
            return False
        try:
            return self._switch.read_bytes()[:16].strip() != b"0"
        except OSError:
            return True

    @property
    def is_on(self) -> bool:
        """Whether the microphone may not run."""
        return self._is_wished or self.is_switched

    def begin(self) -> None:
        """Write the file of a device that is new, not muted; a file that is there stays. Raises StorageError."""
        if not self._file.exists():
            self._write(False)

    def mute(self) -> None:
        """Mute now; also if the disk refuses, then until the next start, which is muted if the file can be removed."""
        self.wish()
        self.keep_muted()

    def unmute(self) -> None:
        """Take the wish back; only what stands at the device may ask. Raises StorageError, and then it stays muted."""
        self.keep_unmuted()
        self.unwish()

    def wish(self) -> None:
        """Mute from now on, until the next start; `keep_muted` makes it last."""
        self._is_wished = True

    def unwish(self) -> None:
        """Mute no more; only after `keep_unmuted`."""
        self._is_wished = False

    def keep_muted(self) -> None:
        """Have the next start muted; on the disk when this returns. May be called in another thread. Raises StorageError."""
        try:
            self._write(True)
        except StorageError:
            with contextlib.suppress(OSError):
                self._file.unlink()
            raise

    def keep_unmuted(self) -> None:
        """Have the next start hear; as `keep_muted`."""
        self._write(False)

    def _read(self) -> bool:
        try:
            return self._file.read_bytes() != _OFF
        except OSError:
            return True

    def _write(self, is_on: bool) -> None:
        write_whole(self._file, [_ON if is_on else _OFF], mode=0o600)
