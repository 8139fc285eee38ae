"""The ledger itself: entries, hash tiles and the signed head, changed in one transaction, durable before a position is given.

Safe beside other processes. Appends that come together are committed together. Nothing is signed over rows that do not add up to
the last signed head. It answers for storage and order, not for what entries say: its callers see to it that they hold no
personal data.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from earwitness.domain.errors import LedgerError, ProofError, StorageError
from earwitness.ledger import rows, tree
from earwitness.ledger.edge import Edge, edge_of
from earwitness.ledger.group_commit import GroupCommit
from earwitness.ledger.note import Checkpoint, Note, Verifier, parse_note, sign, verify
from earwitness.ledger.proof import Continuation, Proof, canonical
from earwitness.ledger.publishing import Tell, published_checkpoint, write_folder
from earwitness.ledger.signing_key import signing_key
from earwitness.ledger.tiles import LONGEST_ENTRY, nodes_of, parse_path
from earwitness.storage.database import Database

READ_AT_ONCE: Final = 1000


@dataclass(slots=True)
class _Known:
    """The edge of the tree under a head that was checked; another head in the database means that another process grew it."""

    note: str = ""
    edge: Edge = field(default_factory=Edge)


class Ledger:
    """One ledger. May be used from any thread."""

    def __init__(self, database: Database, *, key_file: Path) -> None:
        """Open it, making its key and signing its empty head at first. Raises LedgerError: unavailable, key or damaged."""
        self.database = database
        with _said(), database.reading() as connection:
            has_begun = rows.has_begun(connection)
        self._key = signing_key(key_file, may_make=not has_begun)
        self._log = self._key.verifier()
        self.origin = self._key.name
        self.verifier = self._log.encoded()
        self._commits = GroupCommit(self._commit)
        self._known = _Known()
        with _said(), database.writing(lock=rows.LOCK) as connection:
            if not rows.has_begun(connection):
                rows.begin(connection, note=self._signed(0, tree.EMPTY_ROOT))
            self._edge(rows.View(connection))

    def close(self) -> None:
        self.database.close()

    def append(self, facts: Sequence[Mapping[str, object]]) -> tuple[int, ...]:
        """Commit entries, in order and all or none, and give their positions: durable when this returns.

        Raises LedgerError if that is not possible, ProofError for an entry that JSON cannot say or that is over 64 KiB.
        """
        leaves = [canonical(one) for one in facts]
        if any(len(leaf) > LONGEST_ENTRY for leaf in leaves):
            raise ProofError("An entry of the ledger is at most 64 KiB long.", code="proof.unreadable")
        if not leaves:
            return ()
        first = self._commits.append(leaves)
        return tuple(range(first, first + len(leaves)))

    def size(self) -> int:
        """How many entries there are. Raises LedgerError."""
        with self._view() as view:
            return view.size

    def leaf(self, position: int) -> bytes:
        """The canonical JSON of one entry. Raises ProofError if there is none, LedgerError."""
        with self._view() as view:
            return view.leaf(position)

    def leaves(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The canonical JSON of the entries from a position on, up to another or the last one there is now, in their order.

        They are read by the thousand: nothing is held open while somebody works with them. Raises LedgerError.
        """
        end = self.size() if end is None else end
        for first in range(start, end, READ_AT_ONCE):
            with self._view() as view:
                found = view.leaves(first, min(first + READ_AT_ONCE, end))
            yield from found

    def newest(self, kind: str, *, since: int = 0) -> int | None:
        """Where the newest entry of a kind is, from a position on; None if there is none. Raises LedgerError."""
        with self._view() as view:
            return view.newest(kind, since=since)

    def proof(self, position: int) -> Proof:
        """The proof that an entry is under the latest checkpoint. Raises ProofError if there is none, LedgerError."""
        with self._view() as view:
            hashes = tree.inclusion(position, view.size, nodes_of(view.hashes))
            found = Proof(leaf=view.leaf(position), index=position, hashes=hashes, checkpoint=view.cosigned().encoded())
            found.check(self._log)
            return found

    def consistency(self, old: int) -> tuple[bytes, ...]:
        """The proof that the first `old` entries are still what they were in the latest checkpoint. Raises ProofError."""
        return self.continuation(old).hashes

    def continuation(self, old: int) -> Continuation:
        """The same proof with the checkpoint that it leads to. Raises ProofError for more entries than there are, LedgerError."""
        with self._view() as view:
            nodes = nodes_of(view.hashes)
            found = Continuation(old=old, hashes=tree.consistency(old, view.size, nodes), checkpoint=view.cosigned().encoded())
            found.check(self._log, old_root=tree.root(old, nodes))
            return found

    def checkpoint(self, size: int | None = None) -> str:
        """The latest signed note, with the signatures of witnesses that saw just this head. Raises LedgerError.

        With `size`, the head of that many entries, signed now; ProofError if there are fewer.
        """
        with self._view() as view:
            if size is None or size == view.size:
                return view.cosigned().encoded()
            path = tree.consistency(size, view.size, nodes_of(view.hashes))
            root, head = tree.root(size, nodes_of(view.hashes)), verify(parse_note(view.note), log=self._log)
            tree.check_consistency(old=size, old_root=root, size=head.size, root=head.root, path=path)
            return self._signed(size, root)

    def add_cosignature(self, note: str, *, witness: Verifier, seen_at: float) -> None:
        """Keep what a witness signed: a note of ours with its signature. Raises ProofError if it is not that, LedgerError."""
        found = parse_note(note)
        checkpoint = verify(found, log=self._log, witnesses=(witness,), is_strict=True)
        if len(found.signatures) != 2:
            raise ProofError("That witness did not sign the checkpoint.")
        if self.checkpoint(checkpoint.size).partition("\n\n")[0] != note.partition("\n\n")[0]:
            raise ProofError("That checkpoint is not one of this ledger's.")
        with _said(), self.database.writing(lock=rows.LOCK) as connection:
            rows.keep_cosignature(connection, witness=witness.name, size=checkpoint.size, note=note, seen_at=seen_at)

    def cosigned(self) -> dict[str, str]:
        """The latest note that each witness signed, by the witness's name. Raises LedgerError."""
        with _said(), self.database.reading() as connection:
            return rows.cosigned_notes(connection)

    def tile(self, path: str) -> bytes:
        """A resource of C2SP tlog-tiles by its path. Raises ProofError (proof.not_found), LedgerError."""
        if path == "checkpoint":
            return self.checkpoint().encode()
        tile = parse_path(path)
        with self._view() as view:
            if not view.has(tile):
                raise ProofError("There is no such tile.", code="proof.not_found")
            return view.resource(tile)

    def publish(self, folder: Path, *, tell: Tell = lambda done, total: None) -> int:
        """Write the ledger as static files, only what is not there yet, the checkpoint last; gives its size.

        `tell` is told how many of how many tiles are written. Raises LedgerError, StorageError, and ProofError for a folder that
        holds another ledger.
        """
        there = published_checkpoint(folder)
        if there is not None and not self._continues(there):
            raise ProofError(f"{folder} holds another ledger or a later one; name an empty folder.")
        checkpoint = self.checkpoint()
        return write_folder(
            folder, checkpoint=checkpoint, verifier=self.verifier, fetch=lambda tile: self.tile(tile.path()), tell=tell
        )

    # Appending

    def _commit(self, leaves: list[bytes]) -> int:
        with _said(), self.database.writing(lock=rows.LOCK) as connection:
            view = rows.View(connection)
            edge, grown = self._edge(view).extended(map(tree.leaf_hash, leaves))
            note = self._signed(edge.size, edge.root())
            rows.grow(connection, first=view.size, leaves=leaves, grown=grown, note=note)
        self._known = _Known(note=note, edge=edge)
        return view.size

    def _edge(self, view: rows.View) -> Edge:
        """The edge of the tree as it is stored, once it is known to lead to the head that this key signed."""
        if view.note != self._known.note:
            note = parse_note(view.note)
            try:
                head = verify(note, log=self._log)
            except ProofError as error:
                raise LedgerError(
                    f"The ledger's head is not signed by the key of {self.origin}: bring back the key file that belongs to it.",
                    code="ledger.key",
                ) from error
            edge = edge_of(head.size, view.hashes)
            if head.size != view.size or edge.root() != head.root:
                raise rows.damaged("its tiles do not lead to its head")
            self._known = _Known(note=view.note, edge=edge)
        return self._known.edge

    # Reading

    @contextlib.contextmanager
    def _view(self) -> Iterator[rows.View]:
        with _said(), self.database.reading() as connection:
            yield rows.View(connection)

    def _continues(self, earlier: Checkpoint) -> bool:
        with self._view() as view:
            if earlier.origin != self.origin or earlier.size > view.size:
                return False
            return tree.root(earlier.size, nodes_of(view.hashes)) == earlier.root

    def _signed(self, size: int, root: bytes) -> str:
        text = Checkpoint(origin=self.origin, size=size, root=root).text()
        return Note(text=text, signatures=(sign(text, name=self.origin, key=self._key.key),)).encoded()


@contextlib.contextmanager
def _said() -> Iterator[None]:
    """Whatever the database says, the ledger is then not there to commit to. What it holds is not trusted to be well formed."""
    try:
        yield
    except StorageError as error:
        raise LedgerError(f"The ledger cannot be used, so nothing is opened and nothing is kept. {error.sentence}") from error
    except ProofError as error:
        if error.code == "proof.not_found":
            raise
        raise rows.damaged("it does not lead to its signed head") from error
    except (TypeError, ValueError, OverflowError, MemoryError, sa.exc.SQLAlchemyError) as error:
        raise rows.damaged("rows of the wrong kind") from error
