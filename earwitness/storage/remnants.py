"""What SQLite leaves behind of deleted rows in spite of its `secure_delete`. Pure.

When a page of a table or an index fills up or empties, SQLite builds it anew in place, and what lay before in the part that is
now unallocated stays there until it is written over: about once in ten thousand deletions, a copy of the deleted row. The layout
of a page is that of https://www.sqlite.org/fileformat2.html, section 1.6.
"""

import struct
from collections.abc import Iterable
from typing import Final

FILE_HEADER_BYTES: Final = 100
_HEADER_BYTES: Final = {0x02: 12, 0x05: 12, 0x0A: 8, 0x0D: 8}
"""By the first byte of a page: interior and leaf pages of indexes and tables. Other pages are overwritten when they are freed."""
_FEW: Final = 150
"""Up to so many byte strings it is quicker to search for each of them than to look at each place."""
_KEY_BYTES: Final = 8
_INTEGERS: Final = ((1, 1), (2, 2), (3, 3), (4, 4), (5, 6), (6, 8))
"""Serial types of integers, each with the bytes it takes."""


def page_bytes(header: bytes) -> int:
    """The size of a page by the header of the file."""
    (size,) = struct.unpack(">H", header[16:18])
    return 65_536 if size == 1 else int(size)


def unallocated(page: bytes, *, is_first: bool) -> bytes:
    """What lies in the unallocated part of a page, without zeros around it."""
    base = FILE_HEADER_BYTES if is_first else 0
    header_bytes = _HEADER_BYTES.get(page[base])
    if header_bytes is None:
        return b""
    cells, content = struct.unpack(">HH", page[base + 3 : base + 7])
    return page[base + header_bytes + 2 * cells : content or 65_536].strip(b"\0")


def record(*values: bytes | int) -> bytes:
    """A short row as SQLite writes it (section 2.1 of the file format): to be looked for. Integers are not negative."""
    kinds, body = bytearray(), bytearray()
    for value in values:
        if isinstance(value, bytes):
            kinds.append(12 + 2 * len(value))
            body += value
        elif value in (0, 1):
            kinds.append(8 + value)
        else:
            kind, length = next((kind, length) for kind, length in _INTEGERS if value < 1 << (8 * length - 1))
            kinds.append(kind)
            body += value.to_bytes(length, "big")
    return bytes([1 + len(kinds), *kinds]) + bytes(body)


def holds_any(left: bytes, wanted: Iterable[bytes]) -> bool:
    """Whether one of the byte strings, each of at least eight bytes, is in `left`."""
    sought = tuple(wanted)
    if len(sought) <= _FEW:
        return any(one in left for one in sought)
    by_key: dict[bytes, list[bytes]] = {}
    for one in sought:
        by_key.setdefault(one[:_KEY_BYTES], []).append(one)
    return any(
        left.startswith(one, at) for at in range(len(left) - _KEY_BYTES + 1) for one in by_key.get(left[at : at + _KEY_BYTES], ())
    )
