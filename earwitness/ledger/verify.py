"""Verification that trusts nobody: from published files, proofs and checkpoints, and a key that was kept elsewhere. No server.

Everything is recomputed. Each function returns what it established, or raises ProofError that says what is wrong.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from earwitness.domain.errors import ProofError
from earwitness.ledger import tree
from earwitness.ledger.note import MOST_BYTES, Checkpoint, Note, Verifier, parse_note, verify
from earwitness.ledger.proof import entry_of
from earwitness.ledger.publishing import CHECKPOINT, VERIFIER, Tell
from earwitness.ledger.tiles import HEIGHT, LONGEST_ENTRY, WIDTH, Tile, combined, nodes_of, tiles_of, unbundle

_LONGEST_BUNDLE: Final = WIDTH * (2 + LONGEST_ENTRY)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedLog:
    """A published ledger in which every byte was accounted for; `kinds` counts its entries by their kind.

    `note` is its checkpoint as published. `unchecked` names who else signed that, with a key that was not given: such a
    signature proves nothing.
    """

    checkpoint: Checkpoint
    kinds: dict[str, int]
    note: str
    unchecked: tuple[str, ...]


def verify_log(
    folder: Path, *, log: Verifier, witnesses: Sequence[Verifier] = (), tell: Tell = lambda done, total: None
) -> VerifiedLog:
    """Recompute a published ledger from its entries: every tile, the root, the signatures, and that nothing else lies there."""
    text = _text(folder / CHECKPOINT)
    note = parse_note(text)
    checkpoint = verify(note, log=log, witnesses=witnesses)
    wanted = _tiles(folder, checkpoint.size)
    if _text(folder / VERIFIER) != f"{log.encoded()}\n":
        raise ProofError(f"{folder / VERIFIER} is not the key that this ledger is verified with.")
    hashes: list[bytes] = []
    kinds: dict[str, int] = {}
    bundles = [tile for tile in wanted if tile.level is None]
    for done, tile in enumerate(bundles):
        tell(done, len(bundles))
        for leaf in _entries(folder, tile):
            kind = str(entry_of(leaf).get("kind", "unknown"))
            kinds[kind] = kinds.get(kind, 0) + 1
            hashes.append(tree.leaf_hash(leaf))
    _check_tiles(folder, [tile for tile in wanted if tile.level is not None], hashes)
    if tree.root_of(hashes) != checkpoint.root:
        raise ProofError("The entries do not add up to the checkpoint: some were changed, removed, added or reordered.")
    tell(len(bundles), len(bundles))
    unchecked = _unchecked(note, (log, *witnesses))
    return VerifiedLog(checkpoint=checkpoint, kinds=kinds, note=text, unchecked=unchecked)


def verify_checkpoint(note: str, *, folder: Path, log: Verifier, witnesses: Sequence[Verifier] = ()) -> Checkpoint:
    """That a checkpoint from elsewhere is one of the published ledger: an earlier head of it, or its present one."""
    theirs = verify(parse_note(note), log=log, witnesses=witnesses)
    ours, nodes = _published(folder, log)
    if theirs.size > ours.size:
        raise ProofError(f"The checkpoint has {theirs.size} entries, the ledger only {ours.size}: the ledger was rolled back.")
    if tree.root(theirs.size, nodes) != theirs.root:
        raise ProofError(
            "The ledger does not contain that checkpoint: its past was changed, or somebody was shown another ledger."
        )
    return theirs


def verify_consistency(
    older: str, newer: str, *, folder: Path, log: Verifier, witnesses: Sequence[Verifier] = ()
) -> tuple[Checkpoint, Checkpoint]:
    """That the newer of two checkpoints contains the older, by a proof made from the published tiles."""
    first = verify(parse_note(older), log=log, witnesses=witnesses)
    second = verify(parse_note(newer), log=log, witnesses=witnesses)
    ours, nodes = _published(folder, log)
    if second.size > ours.size:
        raise ProofError(
            f"The newer checkpoint has {second.size} entries, the published ledger only {ours.size}: "
            "it was rolled back, or published before."
        )
    path = tree.consistency(first.size, second.size, nodes) if first.size <= second.size else ()
    tree.check_consistency(old=first.size, old_root=first.root, size=second.size, root=second.root, path=path)
    return first, second


def _published(folder: Path, log: Verifier) -> tuple[Checkpoint, tree.Nodes]:
    """The head of a published ledger, and its tiles as far as they lead to that."""
    head = verify(parse_note(_text(folder / CHECKPOINT)), log=log)
    nodes = nodes_of(_reader(folder, head.size))
    if tree.root(head.size, nodes) != head.root:
        raise ProofError("The tiles do not add up to the ledger's own checkpoint.")
    return head, nodes


def _unchecked(note: Note, keys: Sequence[Verifier]) -> tuple[str, ...]:
    known = {(key.name, key.key_id) for key in keys}
    return tuple(one.name for one in note.signatures if (one.name, one.key_id) not in known)


def _entries(folder: Path, tile: Tile) -> list[bytes]:
    found = unbundle(_bytes(folder / tile.path(), _LONGEST_BUNDLE))
    if len(found) != tile.width:
        raise ProofError(f"{tile.path()} has {len(found)} entries where the checkpoint says {tile.width}.")
    return found


def _tiles(folder: Path, size: int) -> list[Tile]:
    """The tiles of a ledger of that size, once it is sure that no file is missing and none is there besides."""
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()}
    if size // WIDTH > len(found):
        raise ProofError(f"{len(found)} files do not hold the {size} entries that the checkpoint says.")
    tiles = list(tiles_of(size))
    wanted = {CHECKPOINT, VERIFIER, *(tile.path() for tile in tiles)}
    missing, more = wanted - found, found - wanted
    if missing:
        others = f", and {len(missing) - 1} other files" if len(missing) > 1 else ""
        raise ProofError(f"{min(missing)} is missing{others}.")
    if more:
        raise ProofError(f"{min(more)} does not belong to this ledger.")
    return tiles


def _check_tiles(folder: Path, tiles: Sequence[Tile], hashes: list[bytes]) -> None:
    rows = [hashes]
    for tile in tiles:
        assert tile.level is not None
        while len(rows) <= tile.level:
            below = rows[-1]
            full = len(below) // WIDTH
            rows.append([combined(below[at * WIDTH : (at + 1) * WIDTH]) for at in range(full)])
        first = tile.number * WIDTH
        if _bytes(folder / tile.path(), WIDTH * tree.HASH_BYTES) != b"".join(rows[tile.level][first : first + tile.width]):
            raise ProofError(f"{tile.path()} is not what the entries add up to.")


def _reader(folder: Path, size: int) -> Callable[[int, int], bytes]:
    def read(level: int, number: int) -> bytes:
        count = (size >> (HEIGHT * level)) - number * WIDTH
        return _bytes(folder / Tile(level=level, number=number, width=min(WIDTH, count)).path(), WIDTH * tree.HASH_BYTES)

    return read


def _bytes(path: Path, most: int) -> bytes:
    """A file of the ledger, which is not longer than what it holds can be."""
    try:
        if not path.is_file():
            raise ProofError(f"{path} is missing, or no file.", code="proof.unreadable")
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise ProofError(f"{path} cannot be read: {error.strerror}.", code="proof.unreadable") from error
    if len(data) > most:
        raise ProofError(f"{path} is too long.")
    return data


def _text(path: Path) -> str:
    try:
        return _bytes(path, MOST_BYTES).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ProofError(f"{path} is no text.", code="proof.unreadable") from error
