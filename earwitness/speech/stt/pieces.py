"""The vocabulary file of Moonshine: its word pieces in order of their numbers. Pure.

Each piece is its length in bytes, then its UTF-8 bytes; a length of 128 or more takes two bytes, low seven bits first
and marked by the top bit. "▁" stands for a space, "<0xE2>"-like pieces do not occur: raw bytes are pieces of their own.
"""

from collections.abc import Iterable

from earwitness.domain.errors import EngineError

_SPECIAL_PIECES = 3
"""Unknown, start and end come first."""


class Pieces:
    """Word pieces, found by number."""

    def __init__(self, data: bytes) -> None:
        """Read the vocabulary file. Raises EngineError if it ends inside a piece."""
        self._pieces: list[bytes] = []
        at = 0
        while at < len(data):
            length, at = _length(data, at=at)
            if at + length > len(data):
                raise EngineError("The Moonshine vocabulary is damaged: install the package moonshine-voice again.")
            self._pieces.append(data[at : at + length])
            at += length

    def __len__(self) -> int:
        return len(self._pieces)

    def text(self, numbers: Iterable[int]) -> str:
        """The text that these pieces spell; special pieces are left out."""
        spelled = b"".join(self._pieces[number] for number in numbers if number >= _SPECIAL_PIECES)
        return spelled.decode("utf-8", errors="replace").replace("▁", " ").strip()


def _length(data: bytes, *, at: int) -> tuple[int, int]:
    first = data[at]
    if first < 0x80 or at + 1 >= len(data):
        return first, at + 1
    return (first & 0x7F) | data[at + 1] << 7, at + 2
