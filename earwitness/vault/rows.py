"""The rows of kept turns and of their search terms, still sealed: what SQL can select, count and remove. Calls block.

A row whose `kept_position` is NULL is being kept just now, or was when the power went: nobody sees it, and upkeep removes it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from earwitness.domain.recording import Kept, Selection
from earwitness.storage.database import Database
from earwitness.storage.household import reads, terms, turns
from earwitness.storage.moments import moment
from earwitness.storage.remnants import record
from earwitness.vault.envelope import nonce_of
from earwitness.vault.holds import is_held
from earwitness.vault.key_ring import in_batches

MOST_LOOKED_FOR: Final = 100_000
"""Traces of removed rows; with more of them the database's file is rather built anew than searched."""
COMMON_TERM: Final = 1000
"""A word found in this many turns counts as common: the rarer words of a search are looked at first."""


_FREE: Final = sa.not_(is_held(turns.c.turn_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One kept turn, sealed. `number` counts up as turns are kept."""

    number: int
    turn_id: str
    person_id: str
    began_at: datetime
    expires_at: datetime
    audio_seconds: float
    audio_bytes: int
    is_restricted: bool
    revision: int
    sealed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """A turn whose time is over."""

    turn_id: str
    person_id: str
    audio_seconds: float


def _nobody(person_id: str) -> str | None:
    return None


class Rows:
    """The tables `turns` and `terms`. `key_id_of` gives the id of the key under which a person's turns are kept now: only those
    are seen, so that whoever destroys that key hides them all at once."""

    def __init__(self, database: Database, *, key_id_of: Callable[[str], str | None] = _nobody) -> None:
        self.database = database
        self._key_id_of = key_id_of
        self._gone: set[bytes] = set()
        """What to look for of removed rows in the database's files."""

    # Keeping

    def begin(self, row: Row, *, person_key_id: str, found_by: Sequence[bytes]) -> None:
        """Write a row that nobody sees yet, with its search terms. Raises StorageError."""
        values = {
            "turn_id": row.turn_id,
            "person_id": row.person_id,
            "person_key_id": person_key_id,
            "began_at": row.began_at.timestamp(),
            "expires_at": row.expires_at.timestamp(),
            "audio_seconds": row.audio_seconds,
            "audio_bytes": row.audio_bytes,
            "is_restricted": row.is_restricted,
            "revision": row.revision,
            "sealed": row.sealed,
        }
        with self.database.writing() as connection:
            number = connection.execute(sa.insert(turns).values(values).returning(turns.c.number)).scalar_one()
            _add_terms(connection, number, found_by)

    def confirm(self, turn_id: str, *, position: int) -> bool:
        """Let a row be seen, now that its key, its sound and its ledger entry are there; False if it was erased meanwhile."""
        with self.database.writing() as connection:
            done = connection.execute(sa.update(turns).where(turns.c.turn_id == turn_id).values(kept_position=position))
            return done.rowcount == 1

    def unconfirmed(self, *, before: datetime) -> list[str]:
        """Ids of rows whose keeping was broken off before that moment."""
        query = sa.select(turns.c.turn_id).where(turns.c.kept_position.is_(None), turns.c.began_at < before.timestamp())
        return self._ids(query)

    # Finding

    def page(
        self, person_id: str, *, now: datetime, limit: int, before: int | None, sought: Sequence[bytes], selection: Selection
    ) -> list[Row]:
        """At most `limit` rows, newest first, older than row number `before`, that hold every sought term."""
        query = sa.select(turns).where(*self._visible(person_id, now=now), *_chosen(selection))
        with self.database.reading() as connection:
            if selection.since is not None or selection.until is not None:
                query = query.where(self._between(connection, person_id, selection))
            if sought:
                first, *rest = self._rarest_first(connection, sought)
                query = query.join(terms, terms.c.turn_number == turns.c.number).where(terms.c.term == first)
                for one in rest:
                    other = terms.alias()
                    holds = sa.select(1).where(other.c.term == one, other.c.turn_number == terms.c.turn_number)
                    query = query.where(sa.exists(holds))
                order = terms.c.turn_number
            else:
                order = turns.c.number
            if before is not None:
                query = query.where(order < before)
            found = connection.execute(query.order_by(order.desc()).limit(limit)).all()
        return [_row(one) for one in found]

    def find(self, turn_ids: Sequence[str], *, now: datetime, with_held: bool = False) -> list[Row]:
        """The rows of these turns that are there and have not expired, in no particular order; `with_held` also those that are
        only held by a demand any more."""
        found: list[Any] = []
        is_there = turns.c.expires_at > now.timestamp()
        if with_held:
            is_there = sa.or_(is_there, is_held(turns.c.turn_id))
        with self.database.reading() as connection:
            for some in in_batches(turn_ids):
                where = (turns.c.turn_id.in_(some), turns.c.kept_position.is_not(None), is_there)
                found += connection.execute(sa.select(turns).where(*where)).all()
        current = {person_id: self._key_id_of(person_id) for person_id in {one.person_id for one in found}}
        return [_row(one) for one in found if one.person_key_id == current[one.person_id]]

    def last_id(self, person_id: str, *, now: datetime) -> str | None:
        """The newest turn of a person."""
        query = sa.select(turns.c.turn_id).where(*self._visible(person_id, now=now)).order_by(turns.c.number.desc()).limit(1)
        with self.database.reading() as connection:
            found: str | None = connection.execute(query).scalar()
            return found

    def ids(self, person_id: str, selection: Selection) -> list[str]:
        """Ids of the selected turns of a person, also of such that are being kept just now."""
        return self._ids(sa.select(turns.c.turn_id).where(self._of(person_id), *_chosen(selection)))

    def count(self, person_id: str, selection: Selection, *, now: datetime) -> Kept:
        """How many turns are kept, with how much sound, since when, and when the next one expires."""
        columns = (
            sa.func.count(),
            sa.func.sum(turns.c.audio_seconds),
            sa.func.min(turns.c.began_at),
            sa.func.min(turns.c.expires_at),
        )
        query = sa.select(*columns).where(*self._visible(person_id, now=now), *_chosen(selection))
        with self.database.reading() as connection:
            count, seconds, oldest, expiry = connection.execute(query).one()
        return Kept(recordings=count, seconds=seconds or 0.0, oldest=moment(oldest), next_expiry=moment(expiry))

    def expired(self, *, now: datetime, limit: int) -> list[Expired]:
        """Kept turns whose time is over and that no demand holds, those first whose time was over first."""
        columns = (turns.c.turn_id, turns.c.person_id, turns.c.audio_seconds)
        query = sa.select(*columns).where(turns.c.expires_at <= now.timestamp(), turns.c.kept_position.is_not(None), _FREE)
        with self.database.reading() as connection:
            found = connection.execute(query.order_by(turns.c.expires_at).limit(limit)).all()
        return [Expired(turn_id=one.turn_id, person_id=one.person_id, audio_seconds=one.audio_seconds) for one in found]

    def next_expiry(self) -> datetime | None:
        """When the next kept turn expires that no demand holds; None if there is none."""
        query = sa.select(turns.c.expires_at).where(turns.c.kept_position.is_not(None), _FREE).order_by(turns.c.expires_at)
        with self.database.reading() as connection:
            return moment(connection.execute(query.limit(1)).scalar())

    def demanded(self, person_ids: Sequence[str], *, since: datetime | None, until: datetime | None, now: datetime) -> list[Row]:
        """The rows of these people that began in that time: those that are kept, and those that are only held any more."""
        selection = Selection(since=since, until=until, is_all=True)
        is_there = sa.or_(turns.c.expires_at > now.timestamp(), is_held(turns.c.turn_id))
        found: list[Any] = []
        with self.database.reading() as connection:
            for person_id in person_ids:
                where = (self._of(person_id), turns.c.kept_position.is_not(None), is_there, *_chosen(selection))
                found += connection.execute(sa.select(turns).where(*where).order_by(turns.c.number)).all()
        return [_row(one) for one in found]

    def seconds_of(self, turn_ids: Sequence[str]) -> float:
        """How much sound there is of these turns."""
        total = 0.0
        with self.database.reading() as connection:
            for some in in_batches(turn_ids):
                query = sa.select(sa.func.sum(turns.c.audio_seconds)).where(turns.c.turn_id.in_(some))
                total += connection.execute(query).scalar() or 0.0
        return total

    def heard_by_others(self, turn_ids: Sequence[str], *, now: datetime) -> dict[str, int]:
        """How often others than the person opened each of these turns; what a gag hides counts once it is over."""
        found: dict[str, int] = {}
        is_shown = sa.or_(reads.c.shown_from.is_(None), reads.c.shown_from <= now.timestamp())
        heard = (reads.c.actor_role.not_in(("self", "system")), reads.c.result != "refused", is_shown)
        query = sa.select(reads.c.turn_id, sa.func.count()).where(*heard)
        with self.database.reading() as connection:
            for some in in_batches(turn_ids):
                counted = connection.execute(query.where(reads.c.turn_id.in_(some)).group_by(reads.c.turn_id))
                found |= {str(turn_id): int(count) for turn_id, count in counted}
        return found

    # Changing

    def judged(self, person_id: str, *, now: datetime) -> list[str]:
        """Ids of a person's turns that somebody judged and whose use is not restricted, oldest first."""
        where = (*self._visible(person_id, now=now), turns.c.judged_at.is_not(None), turns.c.is_restricted.is_(False))
        return self._ids(sa.select(turns.c.turn_id).where(*where).order_by(turns.c.number))

    def reseal(
        self,
        row: Row,
        *,
        sealed: bytes,
        found_by: Sequence[bytes] | None = None,
        judged_at: datetime | None = None,
    ) -> bool:
        """Replace the sealed text of a row by its next revision, and its search terms unless they stay; False if it was changed
        or erased meanwhile. `judged_at` is when somebody judged it, if that is what changed."""
        with self.database.writing() as connection:
            where = (turns.c.number == row.number, turns.c.revision == row.revision)
            values: dict[str, object] = {"sealed": sealed, "revision": row.revision + 1}
            if judged_at is not None:
                values["judged_at"] = judged_at.timestamp()
            done = connection.execute(sa.update(turns).where(*where).values(values))
            if done.rowcount != 1:
                return False
            if found_by is not None:
                connection.execute(sa.delete(terms).where(terms.c.turn_number == row.number))
                _add_terms(connection, row.number, found_by)
        return True

    def restrict(self, person_id: str, selection: Selection, *, is_restricted: bool) -> int:
        """Restrict the use of turns, or allow it again; gives how many."""
        where = (self._of(person_id), *_chosen(selection))
        with self.database.writing() as connection:
            return connection.execute(sa.update(turns).where(*where).values(is_restricted=is_restricted)).rowcount

    def shorten(self, person_id: str, *, retention_seconds: float) -> int:
        """Let a person's turns expire no later than `retention_seconds` after they began; gives how many changed."""
        until = turns.c.began_at + retention_seconds
        where = (self._of(person_id), turns.c.expires_at > until)
        with self.database.writing() as connection:
            return connection.execute(sa.update(turns).where(*where).values(expires_at=until)).rowcount

    # Removing

    def let_go(self, turn_ids: Sequence[str], *, now: datetime) -> None:
        """Let turns that are held be seen by nobody from now on; they are destroyed when nothing holds them any more."""
        with self.database.writing() as connection:
            for some in in_batches(turn_ids):
                where = (turns.c.turn_id.in_(some), turns.c.expires_at > now.timestamp())
                connection.execute(sa.update(turns).where(*where).values(expires_at=now.timestamp()))

    def hide(self, turn_ids: Sequence[str]) -> None:
        """Let nobody see rows whose keys are gone, until they are removed."""
        with self.database.writing() as connection:
            for some in in_batches(turn_ids):
                connection.execute(sa.update(turns).where(turns.c.turn_id.in_(some)).values(kept_position=None))

    def of_key(self, person_key_id: str, *, limit: int) -> list[str]:
        """Ids of turns under one person's key."""
        return self._ids(sa.select(turns.c.turn_id).where(turns.c.person_key_id == person_key_id).limit(limit))

    def count_of_key(self, person_key_id: str) -> int:
        with self.database.reading() as connection:
            query = sa.select(sa.func.count()).where(turns.c.person_key_id == person_key_id)
            return connection.execute(query).scalar_one()

    def remove(self, turn_ids: Sequence[str]) -> None:
        """Remove rows with their terms. Raises StorageError."""
        with self.database.writing() as connection:
            for some in in_batches(turn_ids):
                removed = connection.execute(sa.select(turns.c.number, turns.c.sealed).where(turns.c.turn_id.in_(some))).all()
                numbers = [one.number for one in removed]
                found_by = connection.execute(sa.select(terms).where(terms.c.turn_number.in_(numbers))).all()
                connection.execute(sa.delete(terms).where(terms.c.turn_number.in_(numbers)))
                connection.execute(sa.delete(turns).where(turns.c.number.in_(numbers)))
                if len(self._gone) <= MOST_LOOKED_FOR:
                    self._gone.update(nonce_of(one.sealed) for one in removed)
                    self._gone.update(record(one.term, one.turn_number) for one in found_by)
                    self._gone.update(record(one.turn_number, one.term) for one in found_by)

    def scrub(self) -> None:
        """Leave nothing of removed rows in the files of the database. Raises StorageError."""
        gone = frozenset(self._gone)
        self.database.scrub(gone, is_thorough=len(gone) > MOST_LOOKED_FOR)
        self._gone -= gone

    def _ids(self, query: sa.Select[Any]) -> list[str]:
        with self.database.reading() as connection:
            return list(connection.execute(query).scalars())

    def _of(self, person_id: str) -> sa.ColumnElement[bool]:
        key_id = self._key_id_of(person_id)
        return sa.false() if key_id is None else turns.c.person_key_id == key_id

    def _visible(self, person_id: str, *, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
        return (self._of(person_id), turns.c.kept_position.is_not(None), turns.c.expires_at > now.timestamp())

    def _between(self, connection: sa.Connection, person_id: str, selection: Selection) -> sa.ColumnElement[bool]:
        """The numbers of what began in a time, so that a page of an old day need not pass all that came after it."""
        bounds = sa.select(sa.func.min(turns.c.number), sa.func.max(turns.c.number))
        first, last = connection.execute(bounds.where(self._of(person_id), *_chosen(selection))).one()
        return sa.false() if first is None else turns.c.number.between(first, last)

    def _rarest_first(self, connection: sa.Connection, sought: Sequence[bytes]) -> list[bytes]:
        if len(sought) == 1:
            return list(sought)

        def frequency(one: bytes) -> int:
            some = sa.select(1).where(terms.c.term == one).limit(COMMON_TERM).subquery()
            return connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()

        return sorted(sought, key=frequency)


def _chosen(selection: Selection) -> tuple[sa.ColumnElement[bool], ...]:
    conditions: list[sa.ColumnElement[bool]] = []
    if selection.turn_ids:
        conditions.append(turns.c.turn_id.in_(selection.turn_ids))
    if selection.since is not None:
        conditions.append(turns.c.began_at >= selection.since.timestamp())
    if selection.until is not None:
        conditions.append(turns.c.began_at < selection.until.timestamp())
    if not conditions and not selection.is_all:
        conditions.append(sa.false())  # an empty selection selects nothing
    return tuple(conditions)


def _add_terms(connection: sa.Connection, number: int, found_by: Sequence[bytes]) -> None:
    if found_by:
        connection.execute(sa.insert(terms), [{"term": term, "turn_number": number} for term in found_by])


def _row(found: Any) -> Row:
    return Row(
        number=found.number,
        turn_id=found.turn_id,
        person_id=found.person_id,
        began_at=moment(found.began_at),
        expires_at=moment(found.expires_at),
        audio_seconds=found.audio_seconds,
        audio_bytes=found.audio_bytes,
        is_restricted=found.is_restricted,
        revision=found.revision,
        sealed=found.sealed,
    )
