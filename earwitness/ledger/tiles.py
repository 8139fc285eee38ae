"""Tiles (C2SP tlog-tiles): the tree cut into files of up to 256 hashes, and the entries in bundles beside them. Pure."""

import re
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from earwitness.domain.errors import ProofError
from earwitness.ledger.tree import HASH_BYTES, Nodes, node_hash

HEIGHT: Final = 8
WIDTH: Final = 256
LONGEST_ENTRY: Final = 65_535
"""An entry's length is written in 16 bits."""
LONGEST_PATH: Final = 64
"""Longer ones would name tiles beyond any tree."""
_PATH: Final = re.compile(r"tile/(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One tile: `level` None for a bundle of entries; `width` below 256 for the right edge of a tree that is not done there."""

    level: int | None
    number: int
    width: int

    def path(self) -> str:
        """Its path below the log's address."""
        parts = [f"{self.number % 1000:03d}"]
        rest = self.number // 1000
        while rest:
            parts.insert(0, f"x{rest % 1000:03d}")
            rest //= 1000
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{'entries' if self.level is None else self.level}/{'/'.join(parts)}{partial}"


def parse_path(path: str) -> Tile:
    """The tile of a path. Raises ProofError (proof.not_found) for what is no path of one."""
    match = _PATH.fullmatch(path)
    if match is None or len(path) > LONGEST_PATH:
        raise ProofError("There is no such tile.", code="proof.not_found")
    number = int("".join(part.lstrip("x") for part in match[2].split("/")))
    width = int(match[3]) if match[3] else WIDTH
    tile = Tile(level=None if match[1] == "entries" else int(match[1]), number=number, width=width)
    if tile.path() != path or width > WIDTH:
        raise ProofError("There is no such tile.", code="proof.not_found")
    return tile


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile of a tree of that size: full ones, and the partial one at the edge of each level; entries too."""
    for level in (None, *range(8)):
        count = size >> (HEIGHT * (level or 0))
        if level is not None and level > 0 and count == 0:
            return
        for number in range(count // WIDTH):
            yield Tile(level=level, number=number, width=WIDTH)
        if count % WIDTH:
            yield Tile(level=level, number=count // WIDTH, width=count % WIDTH)


def nodes_of(read: Callable[[int, int], bytes]) -> Nodes:
    """Subtree hashes from hash tiles; `read(level, number)` gives the hashes that a tile has."""

    def node(height: int, index: int) -> bytes:
        level, within = divmod(height, HEIGHT)
        first = index << within
        number, offset = divmod(first, WIDTH)
        count = 1 << within
        data = read(level, number)[offset * HASH_BYTES : (offset + count) * HASH_BYTES]
        if len(data) != count * HASH_BYTES:
            raise ProofError(f"Tile {number} of level {level} is too short.")
        return combined([data[start : start + HASH_BYTES] for start in range(0, len(data), HASH_BYTES)])

    return node


def combined(hashes: Sequence[bytes]) -> bytes:
    """The root over hashes whose count is a power of two."""
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]


def bundle(entries: Sequence[bytes]) -> bytes:
    """Entries as a bundle: each with its length in two big-endian bytes before it."""
    return b"".join(struct.pack(">H", len(entry)) + entry for entry in entries)


def unbundle(data: bytes) -> list[bytes]:
    """The entries of a bundle. Raises ProofError if it is cut or has more than 256."""
    entries, at = [], 0
    while at < len(data):
        if at + 2 > len(data):
            raise ProofError("A bundle of entries is cut short.")
        (length,) = struct.unpack_from(">H", data, at)
        entry = data[at + 2 : at + 2 + length]
        if len(entry) != length:
            raise ProofError("A bundle of entries is cut short.")
        entries.append(entry)
        at += 2 + length
    if len(entries) > WIDTH:
        raise ProofError("A bundle has more than 256 entries.")
    return entries
