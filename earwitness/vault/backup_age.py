"""age files (age-encryption.org/v1): who may open a backup, and the streams into and out of one. Holds no keys of its own.

age says that nothing was cut off or changed on the way; it does not say who wrote it: see `backup_format` for that.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

import pyrage

from earwitness.domain.errors import BackupError
from earwitness.storage.durable import whole_file, write_whole
from earwitness.vault.household_key import read_identity

Tell = Callable[[int, int], None]
"""Progress: how many bytes are done, of how many."""
_NOT_OURS: Final = "No matching keys found"


def silent(done: int, total: int) -> None:
    """Progress that nobody looks at."""


def make_identity(path: Path, *, now: datetime) -> str:
    """Make an age identity in a new file that only its owner may read; gives its recipient. Raises BackupError, StorageError."""
    if path.exists():
        raise BackupError(f"{path} exists already; an identity is never written over. Choose another name.", code="backup.exists")
    identity = pyrage.x25519.Identity.generate()
    recipient = str(identity.to_public())
    text = f"# created: {now.isoformat(timespec='seconds')}\n# public key: {recipient}\n{identity}\n"
    write_whole(path, [text.encode("ascii")], mode=0o600)
    return recipient


def recipient_of(path: Path) -> str:
    """The recipient of an identity's file: to it others may encrypt. Raises VaultError."""
    return str(read_identity(path).to_public())


def check_recipients(texts: Sequence[str]) -> None:
    """Raise BackupError unless these are age recipients, one at least."""
    _recipients(texts)


def write_sealed(path: Path, blocks: Iterable[bytes], *, recipients: Sequence[str]) -> int:
    """Write the blocks to an age file for these recipients, whole or not at all; gives its size in bytes.

    An error raised by `blocks` passes through. Raises BackupError for a recipient that is none, StorageError.
    """
    known = _recipients(recipients)
    with whole_file(path) as out:
        reader, writer = _Reader(blocks), _Writer(out.write)
        try:
            pyrage.encrypt_io(reader, writer, known)
        except (pyrage.EncryptError, OSError) as error:
            raise reader.error or writer.error or error from None
        return writer.done


def read_sealed(path: Path, identities: Sequence[Path], *, write: Callable[[bytes], object], tell: Tell = silent) -> None:
    """Decrypt an age file piece by piece; an error raised by `write` passes through.

    Raises BackupError: backup.wrong_identity, backup.damaged if it was cut or changed, backup.invalid if it is no age file;
    VaultError for an identity's file that is none.
    """
    known = [read_identity(one) for one in identities]
    writer = _Writer(write)
    with _opened(path) as source:
        reader = _Progress(source, size=path.stat().st_size, tell=tell)
        try:
            pyrage.decrypt_io(reader, writer, known)
        except (pyrage.DecryptError, OSError) as error:
            raise writer.error or reader.error or _refused(path, error) from None


def _refused(path: Path, error: Exception) -> BackupError:
    if isinstance(error, OSError):
        return BackupError(f"{path} was cut short or changed: use another copy of it.", code="backup.damaged")
    if _NOT_OURS in str(error):
        return BackupError(f"{path} is not encrypted to that identity: give the right one.", code="backup.wrong_identity")
    return BackupError(f"{path} is no backup, or it was cut short or changed.")


def _recipients(texts: Sequence[str]) -> list[pyrage.x25519.Recipient]:
    if not texts:
        raise BackupError("Say to whom the backup is encrypted: --recipient age1…; `earwitness keys make` makes one.")
    found = []
    for text in texts:
        try:
            found.append(pyrage.x25519.Recipient.from_str(text.strip()))
        except pyrage.RecipientError as error:
            raise BackupError(f"{text[:80]} is no age recipient; it begins with age1.") from error
    return found


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        source = path.open("rb")
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror}.") from error
    with source:
        yield source


class _Reader:
    """Blocks as a file; pyrage turns what is raised here into its own error, so it is kept."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self._rest = memoryview(b"")
        self.error: BaseException | None = None

    def read(self, size: int) -> bytes:
        try:
            while not self._rest:
                self._rest = memoryview(next(self._blocks))
        except StopIteration:
            return b""
        except BaseException as error:
            self.error = error
            raise
        piece, self._rest = self._rest[:size], self._rest[size:]
        return bytes(piece)


class _Writer:
    """A function as a file, as above."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self.done = 0
        self.error: BaseException | None = None

    def write(self, data: bytes) -> int:
        try:
            written = self._write(data)
        except BaseException as error:
            self.error = error
            raise
        count = written if isinstance(written, int) else len(data)
        self.done += count
        return count

    def flush(self) -> None:
        """Nothing waits here."""


class _Progress:
    """A file that tells how far it was read."""

    def __init__(self, source: BinaryIO, *, size: int, tell: Tell) -> None:
        self._source = source
        self._size = size
        self._tell = tell
        self._done = 0
        self.error: BaseException | None = None

    def read(self, size: int) -> bytes:
        try:
            data = self._source.read(size)
            self._done += len(data)
            self._tell(self._done, self._size)
        except BaseException as error:
            self.error = error
            raise
        return data
