"""The ledger itself: entries, hash tiles and the signed head, changed in one transaction, durable before a position is given.

Safe beside other processes. Appends that come together are committed together. It answers for storage and order, not for what
entries say: its callers see to it that they hold no personal data.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from earwitness.domain.errors import EarwitnessError, LedgerError, ProofError, StorageError
from earwitness.ledger import tree
from earwitness.ledger.note import Checkpoint, Note, Verifier, parse_checkpoint, parse_note, sign, verify
from earwitness.ledger.proof import Proof, canonical
from earwitness.ledger.signing_key import signing_key
from earwitness.ledger.tiles import HEIGHT, LONGEST_ENTRY, WIDTH, Tile, bundle, combined, nodes_of, parse_path, tiles_of
from earwitness.storage.database import Database
from earwitness.storage.durable import write_whole
from earwitness.storage.ledger import cosignatures, entries, head, tiles

MOST_AT_ONCE: Final = 5000
"""Entries of waiting appends that go into one transaction."""
_LOCK: Final = 0x6C656467
Tell = Callable[[int, int], None]


@dataclass(slots=True)
class _Waiting:
    """An append that waits for its transaction."""

    leaves: list[bytes]
    done: threading.Event = field(default_factory=threading.Event)
    first: int = -1
    error: EarwitnessError | None = None


class Ledger:
    """One ledger. May be used from any thread."""

    def __init__(self, database: Database, *, key_file: Path) -> None:
        """Open it, making its key and signing its empty head at first. Raises LedgerError."""
        self.database = database
        self._key = signing_key(key_file)
        self._log = self._key.verifier()
        self.origin = self._key.name
        self.verifier = self._log.encoded()
        self._lock = threading.Lock()
        self._queue: list[_Waiting] = []
        self._queue_lock = threading.Lock()
        with _said(), database.writing(lock=_LOCK) as connection:
            if connection.execute(sa.select(head.c.size)).scalar() is None:
                note = self._signed(Checkpoint(origin=self.origin, size=0, root=tree.EMPTY_ROOT))
                connection.execute(sa.insert(head).values(only=1, size=0, note=note))

    def close(self) -> None:
        self.database.close()

    def append(self, facts: Sequence[Mapping[str, object]]) -> tuple[int, ...]:
        """Commit entries, in order and all or none, and give their positions: durable when this returns.

        Raises LedgerError if that is not possible, ProofError for an entry that JSON cannot say or that is over 64 KiB.
        """
        leaves = [canonical(one) for one in facts]
        if any(len(leaf) > LONGEST_ENTRY for leaf in leaves):
            raise ProofError("An entry of the ledger is at most 64 KiB long.", code="proof.unreadable")
        mine = _Waiting(leaves=leaves)
        with self._queue_lock:
            self._queue.append(mine)
        with self._lock:
            if not mine.done.is_set():
                self._commit_waiting()
        if mine.error is not None:
            raise mine.error
        return tuple(range(mine.first, mine.first + len(leaves)))

    def size(self) -> int:
        """How many entries there are. Raises LedgerError."""
        return self._head()[0]

    def leaf(self, position: int) -> bytes:
        """The canonical JSON of one entry. Raises ProofError if there is none, LedgerError."""
        with _said(), self.database.reading() as connection:
            found = connection.execute(sa.select(entries.c.leaf).where(entries.c.position == position)).scalar()
        if found is None:
            raise ProofError(f"The ledger has no entry {position}.", code="proof.not_found")
        return bytes(found)

    def proof(self, position: int) -> Proof:
        """The proof that an entry is under the latest checkpoint. Raises ProofError if there is none, LedgerError."""
        leaf = self.leaf(position)
        size, _ = self._head()
        hashes = tree.inclusion(position, size, nodes_of(self._reader()))
        return Proof(leaf=leaf, index=position, hashes=hashes, checkpoint=self.checkpoint(size))

    def consistency(self, old: int) -> tuple[bytes, ...]:
        """The proof that the first `old` entries are still what they were in the latest checkpoint. Raises ProofError."""
        return tree.consistency(old, self._head()[0], nodes_of(self._reader()))

    def checkpoint(self, size: int | None = None) -> str:
        """The latest signed note, with the signatures of witnesses that saw just this head. Raises LedgerError.

        With `size`, the head of that many entries, signed now.
        """
        latest, note = self._head()
        if size is not None and size != latest:
            root = tree.root(size, nodes_of(self._reader()))
            return self._signed(Checkpoint(origin=self.origin, size=size, root=root))
        found = parse_note(note)
        with _said(), self.database.reading() as connection:
            seen = connection.execute(sa.select(cosignatures.c.note).where(cosignatures.c.size == latest)).scalars().all()
        notes = [parse_note(one) for one in seen]
        more = [signature for one in notes if one.text == found.text for signature in one.signatures[1:]]
        return Note(text=found.text, signatures=(*found.signatures, *more)).encoded()

    def add_cosignature(self, note: str, *, witness: Verifier, seen_at: float) -> None:
        """Keep what a witness signed: a note of ours with its signature. Raises ProofError if it is not that."""
        found = parse_note(note)
        checkpoint = verify(found, log=self._log, witnesses=(witness,), is_strict=True)
        if len(found.signatures) != 2:
            raise ProofError("That witness did not sign the checkpoint.")
        row = {"witness": witness.name, "size": checkpoint.size, "note": note, "seen_at": seen_at}
        with _said(), self.database.writing(lock=_LOCK) as connection:
            connection.execute(sa.delete(cosignatures).where(cosignatures.c.witness == witness.name))
            connection.execute(sa.insert(cosignatures).values(row))

    def cosigned(self) -> dict[str, str]:
        """The latest note that each witness signed, by the witness's name."""
        with _said(), self.database.reading() as connection:
            return {row.witness: row.note for row in connection.execute(sa.select(cosignatures))}

    # Tiles

    def tile(self, path: str) -> bytes:
        """A resource of C2SP tlog-tiles by its path. Raises ProofError (proof.not_found), LedgerError."""
        if path == "checkpoint":
            return self.checkpoint().encode()
        tile = parse_path(path)
        if (tile.number * WIDTH + tile.width) << (HEIGHT * (tile.level or 0)) > self._head()[0]:
            raise ProofError("There is no such tile.", code="proof.not_found")
        return self._tile(tile)

    def publish(self, folder: Path, *, tell: Tell = lambda done, total: None) -> int:
        """Write the ledger as static files, only what is not there yet, the checkpoint last; gives its size.

        Raises LedgerError, StorageError.
        """
        note = self.checkpoint()
        size = parse_checkpoint(parse_note(note).text).size
        wanted = [tile for tile in tiles_of(size) if not (folder / tile.path()).exists()]
        for done, tile in enumerate(wanted):
            tell(done, len(wanted))
            write_whole(folder / tile.path(), [self._tile(tile)])
        write_whole(folder / "ledger.vkey", [self.verifier.encode() + b"\n"])
        write_whole(folder / "checkpoint", [note.encode()])
        self._tidy(folder, size)
        tell(len(wanted), len(wanted))
        return size

    def _tidy(self, folder: Path, size: int) -> None:
        """Remove partial tiles of smaller trees: what is published is exactly what the checkpoint covers."""
        current = {tile.path() for tile in tiles_of(size)}
        for path in list((folder / "tile").rglob("*.p/*")):
            if path.relative_to(folder).as_posix() not in current:
                path.unlink()
                with contextlib.suppress(OSError):
                    path.parent.rmdir()

    def _tile(self, tile: Tile) -> bytes:
        if tile.level is not None:
            return self._reader()(tile.level, tile.number)[: tile.width * tree.HASH_BYTES]
        first = tile.number * WIDTH
        where = (entries.c.position >= first, entries.c.position < first + tile.width)
        with _said(), self.database.reading() as connection:
            return bundle(
                connection.execute(sa.select(entries.c.leaf).where(*where).order_by(entries.c.position)).scalars().all()
            )

    def _reader(self) -> Callable[[int, int], bytes]:
        """Reads hash tiles, each once."""
        known: dict[tuple[int, int], bytes] = {}

        def read(level: int, number: int) -> bytes:
            if (level, number) not in known:
                where = (tiles.c.level == level, tiles.c.number == number)
                with _said(), self.database.reading() as connection:
                    known[level, number] = connection.execute(sa.select(tiles.c.hashes).where(*where)).scalar() or b""
            return known[level, number]

        return read

    # Appending

    def _commit_waiting(self) -> None:
        """Commit what waits, in as many transactions as it needs, and wake who waits. Called with the lock held."""
        while True:
            with self._queue_lock:
                batch: list[_Waiting] = []
                count = 0
                while self._queue and (not batch or count + len(self._queue[0].leaves) <= MOST_AT_ONCE):
                    batch.append(self._queue.pop(0))
                    count += len(batch[-1].leaves)
            if not batch:
                return
            try:
                first = self._commit([leaf for one in batch for leaf in one.leaves])
                for one in batch:
                    one.first = first
                    first += len(one.leaves)
            except EarwitnessError as error:
                for one in batch:
                    one.error = error
            finally:
                for one in batch:
                    one.done.set()

    def _commit(self, leaves: list[bytes]) -> int:
        with _said(), self.database.writing(lock=_LOCK) as connection:
            size = int(connection.execute(sa.select(head.c.size)).scalar_one())
            if not leaves:
                return size
            rows = [{"position": size + at, "leaf": leaf} for at, leaf in enumerate(leaves)]
            connection.execute(sa.insert(entries), rows)
            touched = _Edge(connection)
            touched.extend(0, size, [tree.leaf_hash(leaf) for leaf in leaves])
            grown = size + len(leaves)
            root = tree.root(grown, nodes_of(touched.read))
            touched.write()
            note = self._signed(Checkpoint(origin=self.origin, size=grown, root=root))
            connection.execute(sa.update(head).values(size=grown, note=note))
            return size

    def _head(self) -> tuple[int, str]:
        with _said(), self.database.reading() as connection:
            row = connection.execute(sa.select(head.c.size, head.c.note)).one()
        return row.size, row.note

    def _signed(self, checkpoint: Checkpoint) -> str:
        text = checkpoint.text()
        return Note(text=text, signatures=(sign(text, name=self.origin, key=self._key.key),)).encoded()


class _Edge:
    """The tiles at the right edge of the tree, read within a transaction, extended and written back."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._tiles: dict[tuple[int, int], bytearray] = {}
        self._new: set[tuple[int, int]] = set()

    def read(self, level: int, number: int) -> bytes:
        return bytes(self._tile(level, number))

    def extend(self, level: int, count: int, hashes: list[bytes]) -> None:
        """Add hashes to a level that has `count`; what becomes full adds one to the level above."""
        above: list[bytes] = []
        for at, one in enumerate(hashes, start=count):
            tile = self._tile(level, at // WIDTH)
            tile += one
            if len(tile) == WIDTH * tree.HASH_BYTES:
                above.append(combined([bytes(tile[start : start + 32]) for start in range(0, len(tile), 32)]))
        if above:
            self.extend(level + 1, count // WIDTH, above)

    def write(self) -> None:
        for (level, number), hashes in self._tiles.items():
            where = (tiles.c.level == level, tiles.c.number == number)
            if (level, number) in self._new:
                self._connection.execute(sa.insert(tiles).values(level=level, number=number, hashes=bytes(hashes)))
            else:
                self._connection.execute(sa.update(tiles).where(*where).values(hashes=bytes(hashes)))

    def _tile(self, level: int, number: int) -> bytearray:
        key = (level, number)
        if key not in self._tiles:
            where = (tiles.c.level == level, tiles.c.number == number)
            found = self._connection.execute(sa.select(tiles.c.hashes).where(*where)).scalar()
            if found is None:
                self._new.add(key)
            self._tiles[key] = bytearray(found or b"")
        return self._tiles[key]


@contextlib.contextmanager
def _said() -> Iterator[None]:
    """Whatever the database says, the ledger is then not there to commit to."""
    try:
        yield
    except StorageError as error:
        raise LedgerError(f"The ledger cannot be used, so nothing is opened and nothing is kept. {error.sentence}") from error
