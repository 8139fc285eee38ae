"""Verification that trusts nobody: from published files, proofs and checkpoints, and a key that was kept elsewhere. No server.

Everything is recomputed. Each function returns what it established, or raises ProofError that says what is wrong.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from earwitness.domain.errors import ProofError
from earwitness.ledger import tree
from earwitness.ledger.note import Checkpoint, Verifier, parse_note, verify
from earwitness.ledger.proof import entry_of
from earwitness.ledger.tiles import HEIGHT, WIDTH, Tile, combined, nodes_of, tiles_of, unbundle

CHECKPOINT = "checkpoint"
VERIFIER = "ledger.vkey"
Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedLog:
    """A published ledger in which every byte was accounted for; `kinds` counts its entries by their kind."""

    checkpoint: Checkpoint
    kinds: dict[str, int]


def verify_log(
    folder: Path, *, log: Verifier, witnesses: Sequence[Verifier] = (), tell: Tell = lambda done, total: None
) -> VerifiedLog:
    """Recompute a published ledger from its entries: every tile, the root, the signatures, and that nothing else lies there."""
    checkpoint = verify(parse_note(_text(folder / CHECKPOINT)), log=log, witnesses=witnesses, is_strict=True)
    wanted = list(tiles_of(checkpoint.size))
    _check_files(folder, {tile.path() for tile in wanted})
    hashes: list[bytes] = []
    kinds: dict[str, int] = {}
    bundles = [tile for tile in wanted if tile.level is None]
    for done, tile in enumerate(bundles):
        tell(done, len(bundles))
        found = unbundle(_bytes(folder / tile.path()))
        if len(found) != tile.width:
            raise ProofError(f"{tile.path()} has {len(found)} entries where the checkpoint says {tile.width}.")
        for leaf in found:
            kind = str(entry_of(leaf).get("kind", "unknown"))
            kinds[kind] = kinds.get(kind, 0) + 1
            hashes.append(tree.leaf_hash(leaf))
    _check_tiles(folder, [tile for tile in wanted if tile.level is not None], hashes)
    if tree.root_of(hashes) != checkpoint.root:
        raise ProofError("The entries do not add up to the checkpoint: some were changed, removed, added or reordered.")
    tell(len(bundles), len(bundles))
    return VerifiedLog(checkpoint=checkpoint, kinds=kinds)


def verify_checkpoint(note: str, *, folder: Path, log: Verifier, witnesses: Sequence[Verifier] = ()) -> Checkpoint:
    """That a checkpoint from elsewhere is one of the published ledger: an earlier head of it, or its present one."""
    theirs = verify(parse_note(note), log=log, witnesses=witnesses)
    ours = verify(parse_note(_text(folder / CHECKPOINT)), log=log, witnesses=witnesses)
    if theirs.size > ours.size:
        raise ProofError(f"The checkpoint has {theirs.size} entries, the ledger only {ours.size}: the ledger was rolled back.")
    nodes = nodes_of(_reader(folder, ours.size))
    if tree.root(ours.size, nodes) != ours.root:
        raise ProofError("The tiles do not add up to the ledger's own checkpoint.")
    if tree.root(theirs.size, nodes) != theirs.root:
        raise ProofError(
            "The ledger does not contain that checkpoint: its past was changed, or somebody was shown another ledger."
        )
    return theirs


def verify_consistency(older: str, newer: str, *, folder: Path, log: Verifier) -> tuple[Checkpoint, Checkpoint]:
    """That the newer of two checkpoints contains the older, by a proof made from the published tiles."""
    first, second = verify(parse_note(older), log=log), verify(parse_note(newer), log=log)
    size = verify(parse_note(_text(folder / CHECKPOINT)), log=log).size
    if second.size > size:
        raise ProofError(f"The published ledger has only {size} entries, the newer checkpoint {second.size}.")
    path = tree.consistency(first.size, second.size, nodes_of(_reader(folder, size))) if first.size <= second.size else ()
    tree.check_consistency(old=first.size, old_root=first.root, size=second.size, root=second.root, path=path)
    return first, second


def _check_files(folder: Path, wanted: set[str]) -> None:
    """Nothing is missing, and nothing is there that no checkpoint covers."""
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    missing, more = wanted - found, found - wanted - {CHECKPOINT, VERIFIER}
    if missing:
        raise ProofError(f"{sorted(missing)[0]} is missing, and {len(missing) - 1} other tiles.")
    if more:
        raise ProofError(f"{sorted(more)[0]} does not belong to this ledger.")


def _check_tiles(folder: Path, tiles: Sequence[Tile], hashes: list[bytes]) -> None:
    rows = [hashes]
    for tile in tiles:
        assert tile.level is not None
        while len(rows) <= tile.level:
            below = rows[-1]
            full = len(below) // WIDTH
            rows.append([combined(below[at * WIDTH : (at + 1) * WIDTH]) for at in range(full)])
        first = tile.number * WIDTH
        if _bytes(folder / tile.path()) != b"".join(rows[tile.level][first : first + tile.width]):
            raise ProofError(f"{tile.path()} is not what the entries add up to.")


def _reader(folder: Path, size: int) -> Callable[[int, int], bytes]:
    def read(level: int, number: int) -> bytes:
        count = (size >> (HEIGHT * level)) - number * WIDTH
        return _bytes(folder / Tile(level=level, number=number, width=min(WIDTH, count)).path())

    return read


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ProofError(f"{path} cannot be read: {error.strerror}.", code="proof.unreadable") from error


def _text(path: Path) -> str:
    try:
        return _bytes(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ProofError(f"{path} is no text.", code="proof.unreadable") from error
