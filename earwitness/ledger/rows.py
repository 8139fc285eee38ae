"""The ledger's rows: one moment's view of head, entries and tiles, and their growth. Only `log.py` uses it.

What rows say is not trusted: `log.py` checks that it adds up to the signed head.
"""

import json
from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from earwitness.domain.errors import LedgerError, ProofError
from earwitness.ledger.edge import Grown
from earwitness.ledger.note import Note, parse_note
from earwitness.ledger.tiles import HEIGHT, WIDTH, Tile, bundle
from earwitness.ledger.tree import HASH_BYTES
from earwitness.storage.ledger import cosignatures, entries, head, tiles

LOCK: Final = 0x6C656467
"""The number under which PostgreSQL lets one transaction after the other grow the ledger."""


def damaged(what: str) -> LedgerError:
    """The error for rows that do not add up."""
    return LedgerError(
        f"The ledger's database is damaged ({what}); nothing is signed over it. Restore it from a backup.", code="ledger.damaged"
    )


class View:
    """The ledger as it is at one moment, on one connection. Tiles are read once. Raises LedgerError if there is no head."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._tiles: dict[tuple[int, int], bytes] = {}
        row = connection.execute(sa.select(head.c.size, head.c.note)).one_or_none()
        if row is None or not isinstance(row.size, int) or not isinstance(row.note, str):
            raise damaged("its head")
        self.size: int = row.size
        self.note: str = row.note

    def leaf(self, position: int) -> bytes:
        """The canonical JSON of one entry. Raises ProofError if there is none."""
        if not 0 <= position < self.size:
            raise ProofError(f"The ledger has no entry {position}.", code="proof.not_found")
        found = self._connection.execute(sa.select(entries.c.leaf).where(entries.c.position == position)).scalar()
        if found is None:
            raise damaged(f"entry {position}")
        return bytes(found)

    def leaves(self, start: int, end: int) -> list[bytes]:
        """The canonical JSON of the entries from a position up to another. Raises ProofError if there are fewer."""
        if end > self.size:
            raise ProofError(f"The ledger has no entry {end - 1}.", code="proof.not_found")
        where = (entries.c.position >= start, entries.c.position < end)
        query = sa.select(entries.c.leaf).where(*where).order_by(entries.c.position)
        found = [bytes(one) for one in self._connection.execute(query).scalars()]
        if len(found) != max(0, end - start):
            raise damaged(f"entries {start} to {end}")
        return found

    def newest(self, kind: str, *, since: int) -> int | None:
        """The position of the newest entry of a kind that this view's head covers, from a position on."""
        where = (entries.c.position >= since, entries.c.position < self.size)
        query = sa.select(entries.c.position, entries.c.leaf).where(*where).order_by(entries.c.position.desc())
        wanted = f'"kind":"{kind}"'.encode()
        for position, leaf in self._connection.execute(query.execution_options(yield_per=1000)):
            if wanted in leaf and json.loads(leaf).get("kind") == kind:
                return int(position)
        return None

    def hashes(self, level: int, number: int) -> bytes:
        """The hashes that a tile has, possibly more than this view's head covers; none if there is no such tile."""
        if (level, number) not in self._tiles:
            where = (tiles.c.level == level, tiles.c.number == number)
            found = self._connection.execute(sa.select(tiles.c.hashes).where(*where)).scalar()
            self._tiles[level, number] = bytes(found or b"")
        return self._tiles[level, number]

    def has(self, tile: Tile) -> bool:
        """Whether the head covers a tile."""
        return tile.number * WIDTH + tile.width <= self.size >> (HEIGHT * (tile.level or 0))

    def resource(self, tile: Tile) -> bytes:
        """A tile or bundle that the head covers, in the bytes of C2SP tlog-tiles."""
        if tile.level is not None:
            found = self.hashes(tile.level, tile.number)[: tile.width * HASH_BYTES]
            if len(found) != tile.width * HASH_BYTES:
                raise damaged(tile.path())
            return found
        first = tile.number * WIDTH
        where = (entries.c.position >= first, entries.c.position < first + tile.width)
        leaves = self._connection.execute(sa.select(entries.c.leaf).where(*where).order_by(entries.c.position)).scalars().all()
        if len(leaves) != tile.width:
            raise damaged(tile.path())
        return bundle(leaves)

    def cosigned(self) -> Note:
        """The head's note with the signatures of the witnesses that saw just this head."""
        found = parse_note(self.note)
        seen = self._connection.execute(sa.select(cosignatures.c.note).where(cosignatures.c.size == self.size)).scalars().all()
        notes = [parse_note(one) for one in seen]
        more = [signature for one in notes if one.text == found.text for signature in one.signatures[1:]]
        return Note(text=found.text, signatures=(*found.signatures, *more))


def has_begun(connection: sa.Connection) -> bool:
    """Whether there is a ledger in this database; one that lost its head is there all the same."""
    return any(connection.execute(sa.select(sa.exists().select_from(table))).scalar_one() for table in (head, entries, tiles))


def begin(connection: sa.Connection, *, note: str) -> None:
    """Put the head of an empty ledger."""
    connection.execute(sa.insert(head).values(only=1, size=0, note=note))


def grow(connection: sa.Connection, *, first: int, leaves: Sequence[bytes], grown: Sequence[Grown], note: str) -> None:
    """Add entries from position `first`, the tiles that they make new or longer, and the new head."""
    connection.execute(sa.insert(entries), [{"position": first + at, "leaf": leaf} for at, leaf in enumerate(leaves)])
    fresh = [{"level": one.level, "number": one.number, "hashes": one.hashes} for one in grown if one.is_new]
    if fresh:
        connection.execute(sa.insert(tiles), fresh)
    for one in grown:
        if not one.is_new:
            where = (tiles.c.level == one.level, tiles.c.number == one.number)
            connection.execute(sa.update(tiles).where(*where).values(hashes=one.hashes))
    connection.execute(sa.update(head).values(size=first + len(leaves), note=note))


def keep_cosignature(connection: sa.Connection, *, witness: str, size: int, note: str, seen_at: float) -> None:
    """Keep the latest note that a witness signed; one of a smaller ledger than it signed before changes nothing."""
    where = cosignatures.c.witness == witness
    known = connection.execute(sa.select(cosignatures.c.size).where(where)).scalar()
    if known is not None and known > size:
        return
    connection.execute(sa.delete(cosignatures).where(where))
    connection.execute(sa.insert(cosignatures).values(witness=witness, size=size, note=note, seen_at=seen_at))


def cosigned_notes(connection: sa.Connection) -> dict[str, str]:
    """The latest note that each witness signed, by the witness's name."""
    return {row.witness: row.note for row in connection.execute(sa.select(cosignatures.c.witness, cosignatures.c.note))}
