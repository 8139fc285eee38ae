"""Where sealed audio lies: a local folder by default, an S3 bucket by URL. Holds ciphertext only and knows no keys.

A blob is on the disk, or acknowledged by the bucket, when `put` returns. Every call blocks.
"""

import contextlib
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from earwitness.domain.errors import StorageError, VaultError
from earwitness.storage.durable import sync_folder

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

_LISTED: Final = 1000
_HERE: Final = ("127.0.0.1", "::1", "localhost")
_RETRIES: Final["RetryConfig"] = {"max_retries": 3, "retry_timeout": timedelta(seconds=10)}
_BEGUN: Final = "#1"
"""The library appends this to the name of a file that it is still writing; a power cut can leave one behind."""


class Blobs:
    """Blobs by name: 32 hexadecimal digits, spread over 256 folders."""

    def __init__(self, place: Path | str) -> None:
        """`place` is a folder, made if it is not there, or a URL such as s3://bucket/prefix (keys and endpoint come from the
        environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL, AWS_REGION). Raises StorageError."""
        self._folder = place if isinstance(place, Path) else None
        self.name = str(place)
        with self._said():
            if isinstance(place, Path):
                place.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._store: ObjectStore = LocalStore(place)
            else:
                is_here = urlsplit(os.environ.get("AWS_ENDPOINT_URL", "")).hostname in _HERE
                options: ClientConfig = {"allow_http": is_here, "connect_timeout": "5s", "timeout": "30s"}
                self._store = from_url(place, client_options=options, retry_config=_RETRIES)

    def put(self, name: str, data: bytes) -> None:
        """Keep a blob; it is there, whole, when this returns. Raises StorageError."""
        path = _path(name)
        with self._said():
            is_new = self._folder is not None and not (self._folder / path).parent.exists()
            self._store.put(path, data)
            if self._folder is not None:
                self._sync(self._folder / path)
                if is_new:
                    sync_folder(self._folder)

    def read(self, name: str, start: int, end: int) -> bytes:
        """The bytes from `start` up to `end`, fewer where the blob ends before. Raises VaultError if there is no such blob."""
        path = _path(name)
        with self._said():
            try:
                return bytes(self._store.get_range(path, start=start, end=end))
            except (BaseError, OSError, ValueError):
                return self._part(path, start, end)

    def remove(self, name: str) -> None:
        """Remove a blob; one that is not there is fine. Raises StorageError."""
        path = _path(name)
        with self._said(), contextlib.suppress(FileNotFoundError):
            self._store.delete(path)
        if self._folder is not None:
            with self._said():
                (self._folder / f"{path}{_BEGUN}").unlink(missing_ok=True)

    def remove_all(self, names: list[str]) -> None:
        """Remove many; those that are not there are fine. Raises StorageError."""
        if self._folder is not None:
            for name in names:
                self.remove(name)
            return
        with self._said():
            for start in range(0, len(names), _LISTED):
                with contextlib.suppress(FileNotFoundError):
                    self._store.delete([_path(name) for name in names[start : start + _LISTED]])

    def names(self) -> Iterator[str]:
        """The names of all blobs, in no particular order. Raises StorageError."""
        with self._said():
            for batch in self._store.list(chunk_size=_LISTED):
                for found in batch:
                    yield str(found["path"]).replace("/", "")

    def _part(self, path: str, start: int, end: int) -> bytes:
        """The same by reading the whole blob, for what a range cannot say: that it is missing, or ends before `start`."""
        try:
            return bytes(self._store.get(path).bytes())[start:end]
        except FileNotFoundError as error:
            raise VaultError("The sound of this recording is not there any more.") from error

    def _sync(self, path: Path) -> None:
        """The library writes a file whole but leaves it to the system when; we wait for the disk."""
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        sync_folder(path.parent)

    @contextlib.contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except (BaseError, OSError) as error:
            if "No space left" in str(error):
                raise StorageError(
                    f"There is no space left for {self.name}; free some, then ask again.", code="storage.full"
                ) from error
            raise StorageError(f"The recordings at {self.name} cannot be reached ({type(error).__name__}).") from error


def check_name(name: str) -> None:
    """Raise VaultError unless that can be the name of a blob: 32 hexadecimal digits, small letters."""
    if len(name) != 32 or not set(name) <= set("0123456789abcdef"):
        raise VaultError("That is not the name of a recording.")


def _path(name: str) -> str:
    check_name(name)
    return f"{name[:2]}/{name[2:]}"
