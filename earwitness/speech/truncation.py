"""Whether a WAV, AIFF or OGG file ends before its own structure does, which the decoder would pass over in silence.

Reads headers only. Other formats are left to the decoder, which tells.
"""

import os
from typing import BinaryIO

_OPEN_ENDED = 0x7FFF_0000
"""From this size on, recorders that stream mean "length unknown" (0x7FFFFFFF, 0x80000000 and 0xFFFFFFFF are in use)."""
_MOST_CHUNKS = 1_000
_PAGE_HEAD_BYTES = 27
_PAGE_MOST = _PAGE_HEAD_BYTES + 255 + 255 * 255
"""Length of the longest OGG page in bytes (RFC 3533, section 6)."""


def is_cut_short(file: BinaryIO, *, size: int) -> bool:
    """Whether a file of `size` bytes is a WAV, AIFF or OGG whose data goes on past its end."""
    file.seek(0)
    head = file.read(12)
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return _is_wave_cut(file, size=size)
    if head[:4] == b"FORM":
        return int.from_bytes(head[4:8], "big") + 8 > size
    if head[:4] == b"OggS":
        return _is_ogg_cut(file, size=size)
    return False


def _is_wave_cut(file: BinaryIO, *, size: int) -> bool:
    place = 12
    for _ in range(_MOST_CHUNKS):
        file.seek(place)
        head = file.read(8)
        if len(head) < 8:
            return False
        length = int.from_bytes(head[4:], "little")
        place += 8 + length
        if head[:4] == b"data":
            return length < _OPEN_ENDED and place > size
        place += length % 2
    return False


def _is_ogg_cut(file: BinaryIO, *, size: int) -> bool:
    start = max(0, size - _PAGE_MOST)
    file.seek(start, os.SEEK_SET)
    tail = file.read(_PAGE_MOST)
    last = tail.rfind(b"OggS")
    page = tail[last:]
    if last < 0 or len(page) < _PAGE_HEAD_BYTES:
        return last >= 0
    segments = page[_PAGE_HEAD_BYTES - 1]
    table = page[_PAGE_HEAD_BYTES : _PAGE_HEAD_BYTES + segments]
    return len(table) < segments or _PAGE_HEAD_BYTES + segments + sum(table) > len(page)
