"""News that waits to be said, sealed in a file, so that a restart does not lose it: it may name who called. Calls block."""

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from earwitness.domain.errors import StorageError, VaultError
from earwitness.storage.durable import write_whole

MOST_SENTENCES: Final = 20
LONGEST_SENTENCE: Final = 1000
_MOST_BYTES: Final = 256 * 1024
_DRAWER: Final = "news/household"
_ROW: Final = "waiting"


class Safe(Protocol):
    """The vault's drawers."""

    def seal(self, plain: bytes, *, drawer: str, row_id: str) -> bytes: ...

    def open(self, sealed: bytes, *, drawer: str, row_id: str) -> bytes: ...


class WaitingNews:
    """The sentences in `file`, at most MOST_SENTENCES."""

    def __init__(self, file: Path, *, safe: Callable[[], Safe]) -> None:
        self._file = file
        self._safe = safe

    def read(self) -> tuple[str, ...]:
        """What waited, the oldest first; nothing if the file is not there or not whole. One that no key opens is removed."""
        try:
            with self._file.open("rb") as opened:
                sealed = opened.read(_MOST_BYTES)
            found = json.loads(self._safe().open(sealed, drawer=_DRAWER, row_id=_ROW))
        except VaultError:
            with contextlib.suppress(OSError):
                self._file.unlink()
            return ()
        except (OSError, StorageError, ValueError, RecursionError):
            return ()
        is_list = isinstance(found, list) and all(isinstance(one, str) for one in found)
        return tuple(one[:LONGEST_SENTENCE] for one in found[-MOST_SENTENCES:]) if is_list else ()

    def write(self, sentences: tuple[str, ...]) -> None:
        """Keep these instead of those before; they are on the disk when this returns. Raises StorageError, VaultError."""
        kept = [one[:LONGEST_SENTENCE] for one in sentences[-MOST_SENTENCES:]]
        sealed = self._safe().seal(json.dumps(kept).encode(), drawer=_DRAWER, row_id=_ROW)
        write_whole(self._file, [sealed], mode=0o600)
