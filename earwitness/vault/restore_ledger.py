"""Which ledger a restored house goes on with: never one that has less than another that is known of, unless that is said aloud.

Every entry is hashed again, so that a ledger that was changed is not taken for one that was only copied.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from earwitness.domain.errors import BackupError, ProofError
from earwitness.ledger.note import Checkpoint, Verifier, parse_note, verify
from earwitness.ledger.tree import EMPTY_ROOT, leaf_hash, node_hash
from earwitness.vault.backup_parts import opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """`is_present`: the ledger that is here already, not that of the backup; `missing` are entries known to be lost."""

    is_present: bool
    size: int
    missing: int
    is_older: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A ledger whose entries add up to its signed head; `roots` are those asked for, by size."""

    head: Checkpoint
    roots: dict[int, bytes]


def choose(backed_up: Path, present: Path | None, *, verifier: Verifier, evidence: Sequence[str], accepts_older: bool) -> Choice:
    """Choose between the ledger of the backup and the one that is here, if one is.

    `evidence` are checkpoints known from elsewhere. Raises BackupError: backup.other_ledger if one of them contradicts, as an
    edited or forked ledger does; backup.older_ledger if what is left is known to be older and that is not accepted.
    """
    try:
        seen = [verify(parse_note(note), log=verifier) for note in evidence]
        chosen = theirs = _read(backed_up, seen, verifier=verifier)
    except ProofError as error:
        raise BackupError(f"The ledger in the backup is not right. {error.sentence}", code="backup.other_ledger") from error
    is_damaged = False
    if present is not None:
        try:
            ours = _read(present, [*seen, theirs.head], verifier=verifier)
            theirs = _read(backed_up, [*seen, ours.head], verifier=verifier)
        except ProofError:
            is_damaged = True
        else:
            shorter, chosen = sorted((theirs, ours), key=lambda one: one.head.size)
            chosen = ours if ours.head.size == theirs.head.size else chosen
            _check(chosen, shorter.head)
    for checkpoint in seen:
        _check(chosen, checkpoint)
    missing = max((checkpoint.size - chosen.head.size for checkpoint in seen), default=0)
    is_older = missing > 0 or is_damaged
    if is_older and not accepts_older:
        raise _older(missing, is_damaged=is_damaged)
    return Choice(is_present=chosen is not theirs, size=chosen.head.size, missing=max(0, missing), is_older=is_older)


def _read(path: Path, also: Sequence[Checkpoint], *, verifier: Verifier) -> _Read:
    """Read a ledger's database as it is. Raises ProofError if it cannot be read or does not add up."""
    try:
        with opened(path, is_still=True) as connection:
            size, note = connection.execute("SELECT size, note FROM head").fetchone()
            head = verify(parse_note(note), log=verifier)
            leaves = connection.execute("SELECT position, leaf FROM entries ORDER BY position")
            roots = _roots(leaves, {head.size, *(one.size for one in also)})
    except (sqlite3.Error, TypeError, AttributeError) as error:
        raise ProofError("It cannot be read.", code="proof.unreadable") from error
    if size != head.size or roots.get(head.size) != head.root:
        raise ProofError("Its entries do not add up to its signed head.")
    return _Read(head=head, roots=roots)


def _roots(leaves: Iterable[tuple[int, bytes]], sizes: set[int]) -> dict[int, bytes]:
    """The roots of the trees of these sizes, as far as there are so many entries (RFC 6962, section 2.1)."""
    roots = {0: EMPTY_ROOT}
    complete: list[tuple[int, bytes]] = []
    for count, (position, leaf) in enumerate(leaves, start=1):
        if position != count - 1:
            raise ProofError(f"It has no entry {count - 1}.")
        height, right = 0, leaf_hash(leaf)
        while complete and complete[-1][0] == height:
            right, height = node_hash(complete.pop()[1], right), height + 1
        complete.append((height, right))
        if count in sizes:
            root = complete[-1][1]
            for _, left in reversed(complete[:-1]):
                root = node_hash(left, root)
            roots[count] = root
    return roots


def _check(longer: _Read, shorter: Checkpoint) -> None:
    """That a checkpoint is an earlier head of a ledger, as far as it reaches."""
    if shorter.size <= longer.head.size and longer.roots[shorter.size] != shorter.root:
        raise BackupError(
            "Two states of the ledger are known and neither continues the other: one was changed, or this household went on "
            "twice from one point. Find out which is right before you restore; `earwitness verify` tells more.",
            code="backup.other_ledger",
        )


def _older(missing: int, *, is_damaged: bool) -> BackupError:
    lost = "the one here is damaged" if is_damaged else f"{missing} entries that came after it are lost"
    return BackupError(
        f"The ledger in the backup is an older one: {lost}, and whoever witnessed them will report that the ledger was rolled "
        "back. If nothing newer is left, say --accept-older-ledger.",
        code="backup.older_ledger",
    )
