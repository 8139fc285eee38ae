"""A recording's sound on its way out: what of it went, and that this is on record when it is over. Opens nothing itself."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from types import TracebackType
from typing import Self

from earwitness.domain.audio import RATE_HZ, SAMPLE_BYTES
from earwitness.domain.recording import Read, ReadResult


class AudioRead:
    """One opened recording's sound: iterate for the bytes; close it (or use it as a context), so that what went out is on record.

    `data_bytes` is the length of the whole recording as 16 kHz mono int16; what is given is the part from `start` up to `end`.
    """

    def __init__(
        self, read: Read, chunks: Iterator[bytes], *, data_bytes: int, part: tuple[int, int], done: Callable[[Read], None]
    ) -> None:
        self.read = read
        self.data_bytes = data_bytes
        self.start, self.end = part
        self._chunks = chunks
        self._done = done
        self._served = 0
        self._is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            if self._is_closed:
                return
            self._served += len(chunk)
            yield chunk

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Commit what went out. Raises LedgerError or StorageError; the opening is on record in any case, and upkeep commits the
        closing that the ledger could not take. Nothing is given afterwards."""
        if self._is_closed:
            return
        self._is_closed = True
        self._done(ended(self.read, self._served, part=(self.start, self.end)))


def asked(read: Read, part: tuple[int, int]) -> Read:
    """The read with the part of the sound that it is about, in bytes of PCM: more cannot go out."""
    start, end = part
    return replace(read, ranges=((start, end),) if end > start else (), seconds=(end - start) / SAMPLE_BYTES / RATE_HZ)


def ended(read: Read, served: int, *, part: tuple[int, int]) -> Read:
    """The read with what went out of that part: so many bytes from its start."""
    start, end = part
    short = ReadResult.BROKEN_OFF if served else ReadResult.FAILED
    result = ReadResult.SERVED if served == end - start else short
    return asked(replace(read, result=result), (start, start + served))
