"""Who may use a state folder at a time: everybody who serves or changes what it holds shares it, a restore has it alone.

A lock goes with its process, however that ends. Whoever takes it first finishes, or clears away, what a killed process left.
"""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

from earwitness.domain.errors import StorageError
from earwitness.storage import swap

_LOCK: Final = ".lock"
_WORK: Final = ".work"
_WORK_LOCK: Final = ".work.lock"


class StateLock:
    """A context: the folder, made if need be, is ours to use, or ours alone."""

    def __init__(self, folder: Path, *, is_exclusive: bool = False) -> None:
        self._folder = folder
        self._is_exclusive = is_exclusive
        self.handle = -1
        """The file descriptor while it is held."""

    def __enter__(self) -> Self:
        """Take the lock without waiting. Raises StorageError (storage.in_use) if another process has it."""
        self.handle = _opened(self._folder, _LOCK)
        try:
            self._take(fcntl.LOCK_EX if self._is_exclusive else fcntl.LOCK_SH)
            if swap.is_unfinished(self._folder):
                self._take(fcntl.LOCK_EX)
                swap.finish(self._folder)
                if not self._is_exclusive:
                    self._take(fcntl.LOCK_SH)
            _clear_work(self._folder)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.handle)
        self.handle = -1

    def _take(self, kind: int) -> None:
        try:
            fcntl.flock(self.handle, kind | fcntl.LOCK_NB)
        except OSError as error:
            sentence = (
                f"{self._folder} is in use: stop the server and every other Earwitness command, then try again."
                if self._is_exclusive
                else f"A backup is being restored into {self._folder}: wait until it is done, then try again."
            )
            raise StorageError(sentence, code="storage.in_use") from error


@contextlib.contextmanager
def work_folder(folder: Path) -> Iterator[Path]:
    """An empty private folder inside a state folder, for one process at a time; gone when the block ends, and after a kill when
    the state folder is opened next. Raises StorageError (storage.in_use)."""
    handle = _opened(folder, _WORK_LOCK)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StorageError(f"Another backup of {folder} is being made; wait for it.", code="storage.in_use") from error
        work = folder / _WORK
        shutil.rmtree(work, ignore_errors=True)
        try:
            _made(work)
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)
    finally:
        os.close(handle)


def _clear_work(folder: Path) -> None:
    """Remove the work folder if nobody works in it."""
    if not (folder / _WORK).exists():
        return
    handle = _opened(folder, _WORK_LOCK)
    try:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder / _WORK, ignore_errors=True)
    finally:
        os.close(handle)


def _opened(folder: Path, name: str) -> int:
    _made(folder)
    try:
        return os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unusable(folder, error) from error


def _made(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise _unusable(folder, error) from error


def _unusable(folder: Path, error: OSError) -> StorageError:
    return StorageError(f"{folder} cannot be used: {error.strerror}.")
