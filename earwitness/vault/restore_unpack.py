"""Taking a backup apart: of data into a folder, of keys into memory only. What it gave is checked when `unpack` returns."""

import contextlib
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from earwitness.domain.errors import BackupError, StorageError
from earwitness.ledger.note import Verifier
from earwitness.storage.durable import disk_error
from earwitness.vault.backup_age import Tell, read_sealed, silent
from earwitness.vault.backup_format import About, Kind, Sink, Unpacker

MOST_KEYS_BYTES: Final = 4 << 30
"""What of a backup of keys is taken into memory; a million recordings have 250 MB of keys."""
SPARE_BYTES: Final = 64 << 20
"""What must stay free on the disk beside what is unpacked."""


class MemorySink:
    """Keeps the members as bytes."""

    def __init__(self) -> None:
        self.members: dict[str, bytes] = {}
        self._name = ""
        self._data = bytearray()

    def accept(self, about: About) -> None:
        if about.total_bytes > MOST_KEYS_BYTES:
            raise BackupError("That backup of keys is too long to be one.")

    def begin(self, name: str, size: int) -> Callable[[bytes], object]:
        self._name, self._data = name, bytearray()
        return self._data.extend

    def end(self) -> None:
        self.members[self._name], self._data = bytes(self._data), bytearray()


class FolderSink:
    """Writes the members into a folder. Sound of length zero stands for sound that was deleted while the backup was made."""

    def __init__(self, folder: Path) -> None:
        self.deleted: list[str] = []
        self._folder = folder
        self._out: BinaryIO | None = None
        self._path = folder

    def accept(self, about: About) -> None:
        free = shutil.disk_usage(self._folder).free
        if about.total_bytes + SPARE_BYTES > free:
            raise StorageError(
                f"There is no room for the backup: it takes {about.total_bytes >> 20} MiB, {free >> 20} MiB are free.",
                code="storage.full",
            )

    def begin(self, name: str, size: int) -> Callable[[bytes], object]:
        if not size and name.startswith("recordings/"):
            self.deleted.append(name.removeprefix("recordings/").replace("/", ""))
            return len
        self._path = self._folder / name
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise disk_error(self._path, error) from error
        self._out = os.fdopen(handle, "wb")
        return self._write

    def end(self) -> None:
        if self._out is not None:
            try:
                self._out.flush()
            except OSError as error:
                raise disk_error(self._path, error) from error
            self.close()

    def close(self) -> None:
        """Close what is open, after an error too; the error says what went wrong."""
        if self._out is not None:
            with contextlib.suppress(OSError):
                self._out.close()
            self._out = None

    def _write(self, data: bytes) -> None:
        assert self._out is not None
        try:
            self._out.write(data)
        except OSError as error:
            raise disk_error(self._path, error) from error


class CountingSink:
    """Keeps nothing: to see whether a backup is whole."""

    def __init__(self) -> None:
        self.members = 0

    def accept(self, about: About) -> None:
        """Anything may come."""

    def begin(self, name: str, size: int) -> Callable[[bytes], object]:
        return len

    def end(self) -> None:
        self.members += 1


def unpack(
    path: Path,
    kind: Kind,
    sink: Sink,
    *,
    identities: Sequence[Path],
    verifier: Verifier | None = None,
    tell: Tell = silent,
) -> About:
    """Decrypt a backup and give its members to the sink; with a verifier also check who made it.

    Raises BackupError for whatever is not a whole backup of that kind, VaultError for an identity that is none, StorageError.
    """
    try:
        unpacker = Unpacker(kind, sink, most_bytes=path.stat().st_size)
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror}.") from error
    read_sealed(path, identities, write=unpacker.write, tell=tell)
    about = unpacker.finish()
    if verifier is not None:
        unpacker.check_author(verifier)
    return about
