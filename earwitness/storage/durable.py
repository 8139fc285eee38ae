"""Writing a file so that it is either whole and on the disk, or not there at all.

Owns the temporary file, the syncs and the translation of disk errors; knows nothing of what is written.
"""

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from earwitness.domain.errors import StorageError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def write_whole(path: Path, blocks: Iterable[bytes], *, mode: int = 0o666) -> None:
    """Write the blocks to `path` and return once they are on the disk; the old file stays until then.

    Missing parent folders are made. A device or pipe is written to directly. An error raised by `blocks` passes through
    and leaves nothing. `mode` is that of a new file, before the user's mask. Raises StorageError: storage.full, or
    storage.failed when the place cannot be written.
    """
    try:
        if _is_special(path):
            _write_through(path, blocks)
        else:
            _write_beside(Path(os.path.realpath(path)), blocks, mode=mode)
    except (OSError, ValueError) as error:
        raise disk_error(path, error) from error


@contextlib.contextmanager
def whole_file(path: Path, *, mode: int = 0o600) -> Iterator[BinaryIO]:
    """A file to write to: what was written is at `path`, and on the disk, when the block ends; nothing is, if it raises.

    For what is too long to be tried again in another place: what a killed writer left beside it goes when the next one begins,
    so there is one writer of a path at a time. Raises StorageError, as `write_whole`, also for a device or pipe.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.part")
    try:
        if _is_special(target):
            raise OSError(errno.EINVAL, "not a file")
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            with os.fdopen(handle, "wb", buffering=0) as out:
                yield out
                os.fsync(handle)
            temporary.replace(target)
            sync_folder(target.parent)
        finally:
            temporary.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        raise disk_error(path, error) from error


def _is_special(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _write_through(path: Path, blocks: Iterable[bytes]) -> None:
    with path.open("wb", buffering=0) as out:
        for block in blocks:
            _write_all(out.fileno(), block)


def _write_beside(target: Path, blocks: Iterable[bytes], *, mode: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.parent / f".{secrets.token_hex(8)}.part"
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        try:
            for block in blocks:
                _write_all(handle, block)
            os.fsync(handle)
        finally:
            os.close(handle)
        temporary.replace(target)
        sync_folder(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _write_all(handle: int, block: bytes) -> None:
    rest = memoryview(block)
    while rest:
        rest = rest[os.write(handle, rest) :]


def sync_folder(folder: Path) -> None:
    """Bring to the disk which files a folder has. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def disk_error(path: Path, error: OSError | ValueError) -> StorageError:
    """What the disk said about a file that was to be written, as an error to raise."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return StorageError(f"The disk has no room for {path}: free some space and try again.", code="storage.full")
    return StorageError(f"{path} cannot be written: check that the folder exists and that you may write there.")
