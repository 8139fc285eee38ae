"""Breaking the glass: in an emergency one person opens one recording, or one person's, for a short time, as two others allow.

Owns the tables `oversight_break_glass` and `oversight_glass_approvals`. Every step is in the ledger before it counts, and the
person whose recordings they are sees each, with the reason and what came of it. What children said is never opened so, and legal
demands have a flow of their own. It decrypts nothing: the vault's door looks at what stands here each time. Calls block.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import sqlalchemy as sa

from earwitness.domain.account import AccountRole
from earwitness.domain.errors import OversightError
from earwitness.domain.oversight import BreakGlass, GlassOutcome, GlassState
from earwitness.domain.person import Person
from earwitness.domain.recording import Actor, ReadPurpose, Recording, Role, Selection
from earwitness.oversight.proposals import Ledger
from earwitness.oversight.sealed_words import Safe, SealedWords
from earwitness.storage.database import Database
from earwitness.storage.moments import moment
from earwitness.storage.oversight import break_glass, glass_approvals
from earwitness.vault.audio_read import AudioRead

LOCK: Final = 0x474C4153
APPROVERS: Final = 2
USUAL: Final = timedelta(hours=1)
LONGEST: Final = timedelta(hours=24)
MOST_LISTED: Final = 200
_OVER: Final = (GlassState.ENDED, GlassState.EXPIRED)


class Door(Protocol):
    """The vault's door as far as this goes through it."""

    def recording(self, actor: Actor, turn_id: str, *, purpose: ReadPurpose) -> Recording: ...

    def audio(self, actor: Actor, turn_id: str, *, purpose: ReadPurpose) -> AudioRead: ...


class Row(Protocol):
    """What the open columns say of one kept turn."""

    @property
    def turn_id(self) -> str: ...

    @property
    def person_id(self) -> str: ...

    @property
    def began_at(self) -> datetime: ...

    @property
    def audio_seconds(self) -> float: ...

    @property
    def is_restricted(self) -> bool: ...


class Rows(Protocol):
    """What is kept, sealed."""

    def find(self, turn_ids: Sequence[str], *, now: datetime) -> Sequence[Row]: ...

    def page(
        self, person_id: str, *, now: datetime, limit: int, before: int | None, sought: Sequence[bytes], selection: Selection
    ) -> Sequence[Row]: ...


class People(Protocol):
    """Who is here; raises PersonError for whoever is not."""

    def find(self, person_id: object) -> Person: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One recording that a grant covers: which, since when, how long its sound is. Nothing is opened to list it."""

    turn_id: str
    began_at: datetime
    seconds: float


class Glasses:
    """All emergencies of one household. `clock` gives aware datetimes."""

    def __init__(
        self,
        database: Database,
        *,
        people: People,
        ledger: Ledger,
        safe: Safe,
        door: Door,
        rows: Rows,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._people = people
        self._ledger = ledger
        self._safe = safe
        self._door = door
        self._rows = rows
        self._clock = clock

    def all(self) -> tuple[BreakGlass, ...]:
        """Every one, newest first, those whose time is over as expired."""
        return self._where()

    def of(self, person_id: str) -> tuple[BreakGlass, ...]:
        """Those about one person that were granted, newest first: what that person is shown."""
        return self._where(break_glass.c.person_id == person_id, break_glass.c.granted_at.is_not(None))

    def find(self, glass_id: str) -> BreakGlass:
        """One of them. Raises OversightError (oversight.unknown)."""
        found = self._where(break_glass.c.glass_id == glass_id)
        if not found:
            raise OversightError("There is no such emergency.", code="oversight.unknown")
        return found[0]

    def ask(
        self, by: Person, *, reason: str, turn_id: str | None = None, person: Person | None = None, lasts: timedelta = USUAL
    ) -> BreakGlass:
        """Ask to open one recording or one person's; two others decide. Raises OversightError, LedgerError."""
        if not timedelta(minutes=1) <= lasts <= LONGEST:
            raise OversightError("An emergency lasts from a minute to a day.", code="oversight.invalid")
        whose = self._whose(turn_id, person)
        glass_id = secrets.token_hex(16)
        sealed, digest = self._words(whose.person_id).seal(reason, row_id=f"{glass_id}/reason")
        about = {"recording": turn_id} if turn_id else {"about": "person"}
        facts = {**about, "seconds": round(lasts.total_seconds()), "reason_sha256": digest}
        row = {
            "glass_id": glass_id,
            "state": GlassState.ASKED.value,
            "person_id": whose.person_id,
            "turn_id": turn_id,
            "by_id": by.person_id,
            "by_alias": by.alias,
            "asked_at": self._clock().timestamp(),
            "seconds": lasts.total_seconds(),
            "sealed_reason": sealed,
        }
        self._ledger.append([self._entry("asked", glass_id, by, **facts)])
        with self._database.writing(lock=LOCK) as connection:
            connection.execute(sa.insert(break_glass).values(row))
        return self.find(glass_id)

    def approve(self, by: Person, glass_id: str) -> BreakGlass:
        """Approve; with the second approval its time begins. Raises OversightError (oversight.second_person for who asked, who
        approved before, and whose recordings they are; oversight.over), LedgerError."""
        with self._database.writing(lock=LOCK) as connection:
            glass = self._asked(connection, glass_id)
            others = {glass.by_id, glass.person_id}
            given = sa.select(glass_approvals.c.by_id).where(glass_approvals.c.glass_id == glass_id)
            others |= set(connection.execute(given).scalars())
            if by.person_id in others:
                raise OversightError(
                    "Two others approve: neither who asked, nor whose recordings they are, nor one person twice.",
                    code="oversight.second_person",
                )
            self._check_grown(self._people.find(glass.person_id))
            now, is_last = self._clock(), len(others) == APPROVERS + 1
            until = now + timedelta(seconds=glass.seconds)
            facts: dict[str, object] = {"until": until.isoformat(timespec="seconds")} if is_last else {}
            self._ledger.append([self._entry("granted" if is_last else "approved", glass_id, by, **facts)])
            row = {"glass_id": glass_id, "by_id": by.person_id, "by_alias": by.alias, "at": now.timestamp()}
            connection.execute(sa.insert(glass_approvals).values(row))
            if is_last:
                values = {"state": "granted", "granted_at": now.timestamp(), "until": until.timestamp()}
                connection.execute(sa.update(break_glass).where(break_glass.c.glass_id == glass_id).values(values))
        return self.find(glass_id)

    def refuse(self, by: Person, glass_id: str) -> BreakGlass:
        """Refuse, or take back what one asked for oneself: nobody opens anything. Raises OversightError, LedgerError."""
        with self._database.writing(lock=LOCK) as connection:
            self._asked(connection, glass_id)
            self._ledger.append([self._entry("refused", glass_id, by)])
            values = {"state": GlassState.REFUSED.value, "ended_at": self._clock().timestamp()}
            connection.execute(sa.update(break_glass).where(break_glass.c.glass_id == glass_id).values(values))
        return self.find(glass_id)

    # Opening

    def covered(self, by: Person, glass_id: str) -> tuple[Kept, ...]:
        """What one may open now, newest first. Raises OversightError (oversight.over)."""
        glass = self._running(by, glass_id)
        if glass.turn_id is None:
            rows = self._rows.page(
                glass.person_id, now=self._clock(), limit=MOST_LISTED, before=None, sought=(), selection=Selection(is_all=True)
            )
        else:
            rows = self._rows.find([glass.turn_id], now=self._clock())
        return tuple(
            Kept(turn_id=row.turn_id, began_at=row.began_at, seconds=row.audio_seconds) for row in rows if not row.is_restricted
        )

    def words(self, by: Person, glass_id: str, turn_id: str) -> Recording:
        """Open the words of one recording, on record. Raises OversightError, AccessError, VaultError, LedgerError."""
        self._check_covers(self._running(by, glass_id), turn_id)
        return self._door.recording(_overseer(by), turn_id, purpose=ReadPurpose.BREAK_GLASS)

    def sound(self, by: Person, glass_id: str, turn_id: str) -> AudioRead:
        """Open the sound of one recording, on record; close what is given. Raises as `words`."""
        self._check_covers(self._running(by, glass_id), turn_id)
        return self._door.audio(_overseer(by), turn_id, purpose=ReadPurpose.BREAK_GLASS)

    # Ending

    def end(self, by: Person, glass_id: str, *, outcome: GlassOutcome, note: str) -> BreakGlass:
        """Say what came of it, also after its time is over; it opens nothing from then on, and the person reads both.

        Raises OversightError (oversight.over once that was said), LedgerError.
        """
        glass = self._mine(by, glass_id)
        sealed, digest = self._words(glass.person_id).seal(note, row_id=f"{glass_id}/note")
        open_still = (break_glass.c.glass_id == glass_id, break_glass.c.granted_at.is_not(None), break_glass.c.outcome.is_(None))
        with self._database.writing(lock=LOCK) as connection:
            if connection.execute(sa.select(break_glass.c.glass_id).where(*open_still)).scalar() is None:
                raise OversightError("There is nothing to say an outcome of.", code="oversight.over")
            self._ledger.append([self._entry("ended", glass_id, by, outcome=outcome.value, note_sha256=digest)])
            values: dict[str, object] = {"outcome": outcome.value, "sealed_note": sealed}
            if glass.state is GlassState.GRANTED:
                values |= {"state": GlassState.ENDED.value, "ended_at": self._clock().timestamp()}
            connection.execute(sa.update(break_glass).where(break_glass.c.glass_id == glass_id).values(values))
        return self.find(glass_id)

    def expire(self) -> int:
        """Commit to the ledger that the time of some is over, which it was already; gives of how many. Raises LedgerError."""
        where = (break_glass.c.state == GlassState.GRANTED.value, break_glass.c.until <= self._clock().timestamp())
        with self._database.writing(lock=LOCK) as connection:
            over = connection.execute(sa.select(break_glass).where(*where)).all()
            for row in over:
                at = self._clock().isoformat(timespec="seconds")
                self._ledger.append([{"v": 1, "kind": "glass.expired", "glass": row.glass_id, "at": at}])
                values = {"state": GlassState.EXPIRED.value, "ended_at": row.until}
                connection.execute(sa.update(break_glass).where(break_glass.c.glass_id == row.glass_id).values(values))
        return len(over)

    def untold(self) -> tuple[BreakGlass, ...]:
        """Those granted whose person has not been told yet."""
        return self._where(break_glass.c.granted_at.is_not(None), break_glass.c.is_told.is_(False))

    def told(self, glass_id: str) -> None:
        """Note that the person was told. Raises StorageError."""
        with self._database.writing(lock=LOCK) as connection:
            connection.execute(sa.update(break_glass).where(break_glass.c.glass_id == glass_id).values(is_told=True))

    # Inside

    def _whose(self, turn_id: str | None, person: Person | None) -> Person:
        if (turn_id is None) == (person is None):
            raise OversightError("Name one recording or one person.", code="oversight.invalid")
        if turn_id is not None:
            found = self._rows.find([turn_id], now=self._clock())
            if not found:
                raise OversightError("No such recording is kept.", code="oversight.unknown")
            person = self._people.find(found[0].person_id)
        assert person is not None
        self._check_grown(person)
        return person

    def _check_grown(self, person: Person) -> None:
        if person.role is AccountRole.CHILD:
            raise OversightError("What children said is not opened so.", code="oversight.invalid")

    def _asked(self, connection: sa.Connection, glass_id: str) -> Any:
        row = connection.execute(sa.select(break_glass).where(break_glass.c.glass_id == glass_id)).one_or_none()
        if row is None:
            raise OversightError("There is no such emergency.", code="oversight.unknown")
        if row.state != GlassState.ASKED.value:
            raise OversightError("This was decided already.", code="oversight.over")
        return row

    def _mine(self, by: Person, glass_id: str) -> BreakGlass:
        glass = self.find(glass_id)
        if glass.by_id != by.person_id:
            raise OversightError("This is somebody else's.", code="oversight.unknown")
        return glass

    def _running(self, by: Person, glass_id: str) -> BreakGlass:
        glass = self._mine(by, glass_id)
        if glass.state is not GlassState.GRANTED:
            raise OversightError("This opens nothing now: it was not approved, or its time is over.", code="oversight.over")
        self._check_grown(self._people.find(glass.person_id))
        return glass

    def _check_covers(self, glass: BreakGlass, turn_id: str) -> None:
        covered = glass.turn_id in (None, turn_id)
        found = self._rows.find([turn_id], now=self._clock()) if covered else []
        if not found or found[0].person_id != glass.person_id:
            raise OversightError("This recording is none that was approved.", code="oversight.unknown")

    def _words(self, person_id: str) -> SealedWords:
        return SealedWords(self._safe, drawer=f"oversight/{person_id}")

    def _entry(self, what: str, glass_id: str, by: Person, **facts: object) -> dict[str, object]:
        at = self._clock().isoformat(timespec="seconds")
        return {"v": 1, "kind": f"glass.{what}", "glass": glass_id, "by": by.alias, **facts, "at": at}

    def _where(self, *which: sa.ColumnElement[bool]) -> tuple[BreakGlass, ...]:
        query = sa.select(break_glass).where(*which).order_by(break_glass.c.asked_at.desc(), break_glass.c.glass_id)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
            given = connection.execute(sa.select(glass_approvals).order_by(glass_approvals.c.at)).all()
        return tuple(self._glass(row, [one.by_alias for one in given if one.glass_id == row.glass_id]) for row in rows)

    def _glass(self, row: Any, approved_by: Sequence[str]) -> BreakGlass:
        words, state, until = self._words(row.person_id), GlassState(row.state), moment(row.until)
        if state is GlassState.GRANTED and until is not None and until <= self._clock():
            state = GlassState.EXPIRED
        return BreakGlass(
            glass_id=row.glass_id,
            state=state,
            person_id=row.person_id,
            turn_id=row.turn_id,
            by=row.by_alias,
            by_id=row.by_id,
            asked_at=moment(row.asked_at),
            seconds=row.seconds,
            reason=words.open(row.sealed_reason, row_id=f"{row.glass_id}/reason"),
            approved_by=tuple(approved_by),
            granted_at=moment(row.granted_at),
            until=until,
            ended_at=moment(row.ended_at) or (until if state is GlassState.EXPIRED else None),
            outcome=None if row.outcome is None else GlassOutcome(row.outcome),
            note=words.open(row.sealed_note, row_id=f"{row.glass_id}/note"),
            is_told=row.is_told,
        )


def _overseer(by: Person) -> Actor:
    return Actor(actor_id=by.person_id, alias=by.alias, role=Role.OVERSEER)
