"""The Merkle tree of RFC 6962 (section 2.1): hashes, roots, inclusion and consistency proofs, and their verification. Pure.

A `Nodes` gives the hash of a complete subtree: of 2**height leaves, the `index`-th of that height from the left.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from earwitness.domain.errors import ProofError

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
MOST_HASHES: Final = 64
"""No tree with positions of 63 bits has a longer path."""
Nodes: TypeAlias = Callable[[int, int], bytes]


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256 of 0x00 and the leaf."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 of 0x01 and both children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over leaf hashes that are all there."""
    if not hashes:
        return EMPTY_ROOT
    if len(hashes) == 1:
        return hashes[0]
    split = _split(len(hashes))
    return node_hash(root_of(hashes[:split]), root_of(hashes[split:]))


def root(size: int, nodes: Nodes) -> bytes:
    """The root of the tree of the first `size` leaves."""
    return EMPTY_ROOT if size == 0 else subtree(0, size, nodes)


def subtree(start: int, end: int, nodes: Nodes) -> bytes:
    """The root over the leaves from `start` up to `end`, where `start` is a multiple of the largest power of two that fits."""
    count = end - start
    if count & (count - 1) == 0:
        height = count.bit_length() - 1
        return nodes(height, start >> height)
    split = _split(count)
    return node_hash(subtree(start, start + split, nodes), subtree(start + split, end, nodes))


def inclusion(position: int, size: int, nodes: Nodes) -> tuple[bytes, ...]:
    """The audit path of the leaf at `position` in the tree of the first `size` leaves (RFC 6962, 2.1.1)."""
    if not 0 <= position < size:
        raise ProofError(f"There is no entry {position} in a ledger of {size} entries.", code="proof.not_found")
    return tuple(_path(position, 0, size, nodes))


def consistency(old: int, size: int, nodes: Nodes) -> tuple[bytes, ...]:
    """The proof that the tree of the first `old` leaves is a prefix of that of the first `size` (RFC 6962, 2.1.2)."""
    if not 0 <= old <= size:
        raise ProofError(f"A ledger of {size} entries does not contain one of {old}.", code="proof.not_found")
    return () if old in (0, size) else tuple(_subproof(old, 0, size, nodes, is_whole=True))


def check_inclusion(hashed: bytes, *, position: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Raise ProofError unless `path` shows the leaf hash at `position` under `root` (RFC 9162, 2.1.3.2)."""
    if not 0 <= position < size:
        raise ProofError(f"The proof is of entry {position}, but its checkpoint has only {size} entries.")
    number, last, computed = position, size - 1, hashed
    for sibling in path:
        if last == 0:
            raise ProofError("The proof has more hashes than its place in the ledger allows.")
        if number & 1 or number == last:
            computed = node_hash(sibling, computed)
            while number and not number & 1:
                number, last = number >> 1, last >> 1
        else:
            computed = node_hash(computed, sibling)
        number, last = number >> 1, last >> 1
    if last:
        raise ProofError("The proof has fewer hashes than its place in the ledger needs.")
    if computed != root:
        raise ProofError("The proof does not lead to the checkpoint: the entry, a hash or the checkpoint is another.")


def check_consistency(*, old: int, old_root: bytes, size: int, root: bytes, path: Sequence[bytes]) -> None:
    """Raise ProofError unless `path` shows that the tree of `old` leaves is a prefix of that of `size` (RFC 9162, 2.1.4.2)."""
    if old > size:
        raise ProofError(f"The newer checkpoint has fewer entries ({size}) than the older ({old}): the ledger was rolled back.")
    if old in (0, size):
        if path:
            raise ProofError("The proof has hashes where none are needed.")
        if old == size and old_root != root:
            raise ProofError("Two checkpoints of the same size differ: somebody was shown another ledger.")
        if old == 0 and old_root != EMPTY_ROOT:
            raise ProofError("A checkpoint of no entries has the wrong root.")
        return
    _walk_consistency(old, old_root, size=size, root=root, path=list(path))


def _walk_consistency(old: int, old_root: bytes, *, size: int, root: bytes, path: list[bytes]) -> None:
    if old & (old - 1) == 0:
        path = [old_root, *path]
    number, last = old - 1, size - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    if not path:
        raise ProofError("The proof of consistency is empty.")
    before = after = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofError("The proof of consistency has too many hashes.")
        if number & 1 or number == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while number and not number & 1:
                number, last = number >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        number, last = number >> 1, last >> 1
    if last:
        raise ProofError("The proof of consistency has too few hashes.")
    if before != old_root or after != root:
        raise ProofError("The newer checkpoint does not contain the older: entries were changed, removed or reordered.")


def _path(position: int, start: int, end: int, nodes: Nodes) -> list[bytes]:
    if end - start == 1:
        return []
    middle = start + _split(end - start)
    if position < middle:
        return [*_path(position, start, middle, nodes), subtree(middle, end, nodes)]
    return [*_path(position, middle, end, nodes), subtree(start, middle, nodes)]


def _subproof(old: int, start: int, end: int, nodes: Nodes, *, is_whole: bool) -> list[bytes]:
    if old == end:
        return [] if is_whole else [subtree(start, end, nodes)]
    middle = start + _split(end - start)
    if old <= middle:
        return [*_subproof(old, start, middle, nodes, is_whole=is_whole), subtree(middle, end, nodes)]
    return [*_subproof(old, middle, end, nodes, is_whole=False), subtree(start, middle, nodes)]


def _split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << ((count - 1).bit_length() - 1)
