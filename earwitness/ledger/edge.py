"""The growing right edge of the tree: takes leaf hashes and says which tiles became new or longer. Pure.

Holds what the next leaf needs and no more: the roots of the complete subtrees, and the unfinished tile of every level. One hash
is computed per inner node, however long the tree.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from earwitness.ledger.tiles import HEIGHT, WIDTH, nodes_of
from earwitness.ledger.tree import EMPTY_ROOT, HASH_BYTES, node_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """A hash tile as it is to be stored now; `is_new` says that nothing of it was stored before."""

    level: int
    number: int
    hashes: bytes
    is_new: bool


@dataclass(slots=True)
class Edge:
    """The right edge of a tree of `size` leaves."""

    size: int = 0
    _roots: list[bytes] = field(default_factory=list)
    _partial: dict[int, bytearray] = field(default_factory=dict)

    def root(self) -> bytes:
        """The root of the tree."""
        root: bytes | None = None
        for one in reversed(self._roots):
            root = one if root is None else node_hash(one, root)
        return EMPTY_ROOT if root is None else root

    def extended(self, leaf_hashes: Iterable[bytes]) -> tuple["Edge", list[Grown]]:
        """The edge after more leaves, and the tiles to store; this edge stays as it is."""
        after = Edge(self.size, list(self._roots), {level: bytearray(hashes) for level, hashes in self._partial.items()})
        touched: dict[tuple[int, int], bytes] = {}
        for one in leaf_hashes:
            after._push(one, touched)
        for level, partial in after._partial.items():
            if partial:
                touched[level, after._number(level)] = bytes(partial)
        grown: list[Grown] = []
        for (level, number), hashes in sorted(touched.items()):
            stored = self._partial.get(level, b"") if number == self._number(level) else b""
            if hashes != stored:
                grown.append(Grown(level=level, number=number, hashes=hashes, is_new=not stored))
        return after, grown

    def _number(self, level: int) -> int:
        """The tile of a level that the next hash goes to."""
        return (self.size >> HEIGHT * level) // WIDTH

    def _push(self, node: bytes, full: dict[tuple[int, int], bytes]) -> None:
        height = 0
        self._add(0, node, full)
        while (self.size >> height) & 1:
            node = node_hash(self._roots.pop(), node)
            height += 1
            if height % HEIGHT == 0:
                self._add(height // HEIGHT, node, full)
        self._roots.append(node)
        self.size += 1

    def _add(self, level: int, node: bytes, full: dict[tuple[int, int], bytes]) -> None:
        tile = self._partial.setdefault(level, bytearray())
        tile += node
        if len(tile) == WIDTH * HASH_BYTES:
            full[level, self._number(level)] = bytes(tile)
            tile.clear()


def edge_of(size: int, read: Callable[[int, int], bytes]) -> Edge:
    """The edge of a stored tree; `read(level, number)` gives the hashes that a tile has.

    Raises ProofError if a tile is too short. Whoever reads from an untrusted place compares the root.
    """
    partial: dict[int, bytearray] = {}
    level = 0
    while count := size >> (HEIGHT * level):
        number, width = divmod(count, WIDTH)
        partial[level] = bytearray(read(level, number)[: width * HASH_BYTES]) if width else bytearray()
        level += 1
    node = nodes_of(lambda level, _: bytes(partial[level]))
    return Edge(size, [node(height, index) for height, index in _complete(size)], partial)


def _complete(size: int) -> list[tuple[int, int]]:
    """The complete subtrees that a tree is made of, largest first: height and index."""
    found, begin = [], 0
    while begin < size:
        height = (size - begin).bit_length() - 1
        found.append((height, begin >> height))
        begin += 1 << height
    return found
