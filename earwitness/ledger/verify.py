"""Verification that trusts nobody: from published files, proofs and checkpoints, and a key that was kept elsewhere. No server.

Everything is recomputed. Each function returns what it established, or raises ProofError that says what is wrong.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from earwitness.domain.errors import ProofError
from earwitness.ledger import tree
from earwitness.ledger.edge import Edge, Grown
from earwitness.ledger.note import MOST_BYTES, Checkpoint, Note, Verifier, parse_note, seen_at, verify
from earwitness.ledger.proof import entry_of
from earwitness.ledger.publishing import CHECKPOINT, VERIFIER, Tell
from earwitness.ledger.tiles import HEIGHT, LONGEST_ENTRY, WIDTH, Tile, nodes_of, tiles_of, unbundle

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
    folder: Path,
    *,
    log: Verifier,
    witnesses: Sequence[Verifier] = (),
    tell: Tell = lambda done, total: None,
    read: Callable[[dict[str, Any]], object] = lambda entry: None,
) -> VerifiedLog:
    """Recompute a published ledger from its entries: every tile, the root, the signatures, and that nothing else lies there.

    `read` is given each entry in order, once all of them are known to be what was signed.
    """
    text = _text(folder / CHECKPOINT)
    note = parse_note(text)
    checkpoint = verify(note, log=log, witnesses=witnesses)
    wanted = _tiles(folder, checkpoint.size)
    if _text(folder / VERIFIER) != f"{log.encoded()}\n":
        raise ProofError(f"{folder / VERIFIER} is not the key that this ledger is verified with.")
    bundles = [tile for tile in wanted if tile.level is None]
    digests = _recompute(folder, bundles, checkpoint, lambda done: tell(done, 2 * len(bundles)))
    kinds = _kinds(folder, bundles, digests, lambda done: tell(len(bundles) + done, 2 * len(bundles)), read)
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


def cosigned_at(note: str, witnesses: Sequence[Verifier]) -> dict[str, int]:
    """When each witness signed a verified checkpoint, in seconds since 1970, by name. Raises ProofError if one did not."""
    found, moments = parse_note(note), dict[str, int]()
    for witness in witnesses:
        moment = seen_at(found, witness)
        if moment is None:
            raise ProofError(f"The witness {witness.name} did not sign that checkpoint.")
        moments[witness.name] = moment
    return moments


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


def _recompute(folder: Path, bundles: Sequence[Tile], head: Checkpoint, tell: Callable[[int], None]) -> list[bytes]:
    """Compute the whole tree from its entries, and compare every tile and the root; gives the digests of the bundles."""
    edge, digests = Edge(), []
    for done, tile in enumerate(bundles):
        tell(done)
        data = _bytes(folder / tile.path(), _LONGEST_BUNDLE)
        entries = _unbundled(data, tile)
        edge, grown = edge.extended(map(tree.leaf_hash, entries))
        _check_tiles(folder, grown, size=head.size)
        digests.append(hashlib.sha256(data).digest())
    if edge.root() != head.root:
        raise ProofError("The entries do not add up to the checkpoint: some were changed, removed, added or reordered.")
    return digests


def _kinds(
    folder: Path,
    bundles: Sequence[Tile],
    digests: Sequence[bytes],
    tell: Callable[[int], None],
    read: Callable[[dict[str, Any]], object],
) -> dict[str, int]:
    """How many entries there are of each kind. What entries say is read only now that all of them are what was signed."""
    found: dict[str, int] = {}
    for done, (tile, digest) in enumerate(zip(bundles, digests, strict=True)):
        tell(done)
        data = _bytes(folder / tile.path(), _LONGEST_BUNDLE)
        if hashlib.sha256(data).digest() != digest:
            raise ProofError(f"{tile.path()} was changed while it was verified.")
        for entry in _unbundled(data, tile):
            facts = entry_of(entry)
            read(facts)
            kind = str(facts.get("kind", "unknown"))
            found[kind] = found.get(kind, 0) + 1
    tell(len(bundles))
    return found


def _unbundled(data: bytes, tile: Tile) -> list[bytes]:
    try:
        entries = unbundle(data)
    except ProofError as error:
        raise ProofError(f"{tile.path()} is damaged. {error.sentence}") from error
    if len(entries) != tile.width:
        raise ProofError(f"{tile.path()} has {len(entries)} entries where the checkpoint says {tile.width}.")
    return entries


def _check_tiles(folder: Path, grown: Sequence[Grown], *, size: int) -> None:
    """Compare the tiles that the entries so far make, where nothing more comes to them."""
    for one in grown:
        tile = _tile(one.level, one.number, size)
        if len(one.hashes) != tile.width * tree.HASH_BYTES:
            continue
        if _bytes(folder / tile.path(), len(one.hashes)) != one.hashes:
            raise ProofError(f"{tile.path()} is not what the entries add up to.")


def _tile(level: int, number: int, size: int) -> Tile:
    """A hash tile as a ledger of that size has it."""
    return Tile(level=level, number=number, width=min(WIDTH, (size >> HEIGHT * level) - number * WIDTH))


def _reader(folder: Path, size: int) -> Callable[[int, int], bytes]:
    return lambda level, number: _bytes(folder / _tile(level, number, size).path(), WIDTH * tree.HASH_BYTES)


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
