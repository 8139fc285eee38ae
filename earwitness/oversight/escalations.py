"""What reviewers flagged as disturbing: two people read it on record and decide the same, from a fixed list, by a deadline.

Owns the tables `oversight_escalations` and `oversight_opinions`. There is no chat, and no outcome sends anything anywhere: what
the law wants to know it asks for by a legal demand. Words come blanked out, through the vault's door. Calls block.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import sqlalchemy as sa

from earwitness.domain.errors import OversightError
from earwitness.domain.oversight import Escalation, EscalationOutcome, Opinion
from earwitness.domain.person import Person
from earwitness.domain.recording import Actor, ReadPurpose, Recording, Role
from earwitness.domain.review import Annotation, Label
from earwitness.oversight.proposals import Ledger
from earwitness.review.task_words import TaskWords
from earwitness.storage.database import Database
from earwitness.storage.moments import moment
from earwitness.storage.oversight import escalations, opinions

LOCK: Final = 0x45534341
DECIDERS: Final = 2
_FLAGGED: Final = "A reviewer flagged it as disturbing, and two people read it."
TOLD: Final[Mapping[EscalationOutcome, str]] = {
    EscalationOutcome.NOTHING: f"{_FLAGGED} They found that it is not.",
    EscalationOutcome.LABEL: f"{_FLAGGED} It keeps that label, and nothing else was done.",
    EscalationOutcome.DELETE_OFFERED: f"{_FLAGGED} You can delete it for good, on the page History.",
    EscalationOutcome.SUPPORT_OFFERED: f"{_FLAGGED} If you would like to talk to somebody: your doctor, or a helpline of your "
    "country (findahelpline.com lists them). Nobody was told of it.",
}
"""What the person reads on the page Drawn."""


class Door(Protocol):
    """The vault's door as far as this goes through it."""

    def recording(self, actor: Actor, turn_id: str, *, purpose: ReadPurpose) -> Recording: ...

    def standing(self, turn_ids: Sequence[str]) -> dict[str, bool]: ...


class Escalations:
    """All of one household. `shown` blanks a recording's words out; `tell` gives the person of a turn a sentence, in
    the transaction that it is given; `is_allowed`
    says whether somebody's consents stand still; `clock` gives aware datetimes."""

    def __init__(
        self,
        database: Database,
        *,
        ledger: Ledger,
        door: Door,
        shown: Callable[[Recording], TaskWords],
        tell: Callable[[sa.Connection, str, str], None],
        is_allowed: Callable[[str], bool],
        clock: Callable[[], datetime],
        lasts: timedelta,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._door = door
        self._shown = shown
        self._tell = tell
        self._is_allowed = is_allowed
        self._clock = clock
        self._lasts = lasts

    def flagged(self, turn_id: str, person_id: str, annotation: Annotation) -> None:
        """Take a judgement in; one that flags something as disturbing opens an escalation, once. Raises LedgerError."""
        if Label.DISTURBING not in annotation.labels:
            return
        now, escalation_id = self._clock(), secrets.token_hex(16)
        with self._database.writing(lock=LOCK) as connection:
            known = sa.select(escalations.c.escalation_id).where(escalations.c.turn_id == turn_id)
            if connection.execute(known).scalar() is not None:
                return
            due = (now + self._lasts).isoformat(timespec="seconds")
            self._ledger.append([self._entry("opened", escalation_id, recording=turn_id, by=annotation.by, due=due)])
            row = {
                "escalation_id": escalation_id,
                "turn_id": turn_id,
                "person_id": person_id,
                "flagged_by": annotation.by,
                "opened_at": now.timestamp(),
                "due_at": (now + self._lasts).timestamp(),
            }
            connection.execute(sa.insert(escalations).values(row))

    def all(self) -> tuple[Escalation, ...]:
        """Every one: open ones first, the most urgent before, then the newest."""
        order = (escalations.c.closed_at.is_not(None), escalations.c.due_at)
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(escalations).order_by(*order)).all()
            said = connection.execute(sa.select(opinions).order_by(opinions.c.opened_at)).all()
        return tuple(_escalation(row, [one for one in said if one.escalation_id == row.escalation_id]) for row in rows)

    def find(self, escalation_id: str) -> Escalation:
        """One of them. Raises OversightError (oversight.unknown)."""
        found = next((one for one in self.all() if one.escalation_id == escalation_id), None)
        if found is None:
            raise OversightError("There is no such escalation.", code="oversight.unknown")
        return found

    def words(self, by: Person, escalation_id: str) -> TaskWords:
        """Open the words, blanked out, on record. Raises OversightError (oversight.over, oversight.second_person for who flagged
        it), AccessError, VaultError, LedgerError."""
        found = self._open_one(by, escalation_id)
        actor = Actor(actor_id=by.person_id, alias=by.alias, role=Role.OVERSEER)
        words = self._shown(self._door.recording(actor, found.turn_id, purpose=ReadPurpose.ESCALATION))
        mine = (opinions.c.escalation_id == escalation_id, opinions.c.by_id == by.person_id)
        with self._database.writing(lock=LOCK) as connection:
            if connection.execute(sa.select(opinions.c.by_id).where(*mine)).scalar() is None:
                row = {"escalation_id": escalation_id, "by_id": by.person_id, "by_alias": by.alias}
                connection.execute(sa.insert(opinions).values(row | {"opened_at": self._clock().timestamp()}))
        return words

    def decide(self, by: Person, escalation_id: str, outcome: EscalationOutcome) -> Escalation:
        """Say what one would do, which can be changed until two people say the same: then that is done, and it is closed.

        Raises OversightError (oversight.unread for who has not read the words; oversight.over), LedgerError.
        """
        if outcome is EscalationOutcome.GONE:
            raise OversightError("That is not for people to say.", code="oversight.invalid")
        found = self._open_one(by, escalation_id)
        mine = (opinions.c.escalation_id == escalation_id, opinions.c.by_id == by.person_id)
        with self._database.writing(lock=LOCK) as connection:
            if not _is_open(connection, escalation_id):
                raise _over()
            if connection.execute(sa.select(opinions.c.opened_at).where(*mine)).scalar() is None:
                raise OversightError("Read the words first.", code="oversight.unread")
            entries = [self._entry("decided", escalation_id, by=by.alias, outcome=outcome.value)]
            same = (opinions.c.escalation_id == escalation_id, opinions.c.outcome == outcome.value)
            others = connection.execute(sa.select(opinions.c.by_id).where(*same, opinions.c.by_id != by.person_id)).all()
            is_closed = len(others) + 1 >= DECIDERS
            if is_closed:
                entries.append(self._entry("closed", escalation_id, outcome=outcome.value))
            self._ledger.append(entries)
            connection.execute(sa.update(opinions).where(*mine).values(outcome=outcome.value))
            if is_closed:
                self._close(connection, escalation_id, outcome)
                self._tell(connection, found.turn_id, TOLD[outcome])
        return self.find(escalation_id)

    def settle(self) -> int:
        """Close what is gone; gives how many. Raises LedgerError."""
        waiting = self._waiting()
        standing = self._door.standing([one.turn_id for one in waiting])
        gone = [one for one in waiting if standing.get(one.turn_id) is not False or not self._is_allowed(one.person_id)]
        for one in gone:
            with self._database.writing(lock=LOCK) as connection:
                if _is_open(connection, one.escalation_id):
                    self._ledger.append([self._entry("closed", one.escalation_id, outcome=EscalationOutcome.GONE.value)])
                    self._close(connection, one.escalation_id, EscalationOutcome.GONE)
        return len(gone)

    def newly_overdue(self) -> tuple[Escalation, ...]:
        """Those whose deadline passed since this was last asked; each is given once, and is in the ledger. Raises LedgerError."""
        now = self._clock()
        where = (escalations.c.outcome.is_(None), escalations.c.due_at <= now.timestamp())
        with self._database.writing(lock=LOCK) as connection:
            query = sa.select(escalations.c.escalation_id).where(*where, escalations.c.is_overdue_told.is_(False))
            found = list(connection.execute(query).scalars())
            if found:
                self._ledger.append([self._entry("overdue", one) for one in found])
                these = escalations.c.escalation_id.in_(found)
                connection.execute(sa.update(escalations).where(these).values(is_overdue_told=True))
        return tuple(one for one in self.all() if one.escalation_id in found)

    def _waiting(self) -> tuple[Escalation, ...]:
        """Those that are not closed, without what was said of them."""
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(escalations).where(escalations.c.outcome.is_(None))).all()
        return tuple(_escalation(row, ()) for row in rows)

    def _close(self, connection: sa.Connection, escalation_id: str, outcome: EscalationOutcome) -> None:
        values = {"outcome": outcome.value, "closed_at": self._clock().timestamp()}
        connection.execute(sa.update(escalations).where(escalations.c.escalation_id == escalation_id).values(values))

    def _open_one(self, by: Person, escalation_id: str) -> Escalation:
        found = self.find(escalation_id)
        if found.outcome is not None:
            raise _over()
        if found.flagged_by == by.alias:
            raise OversightError("You flagged it: two others decide.", code="oversight.second_person")
        return found

    def _entry(self, what: str, escalation_id: str, **facts: object) -> dict[str, object]:
        at = self._clock().isoformat(timespec="seconds")
        return {"v": 1, "kind": f"escalation.{what}", "escalation": escalation_id, **facts, "at": at}


def _is_open(connection: sa.Connection, escalation_id: str) -> bool:
    where = (escalations.c.escalation_id == escalation_id, escalations.c.outcome.is_(None))
    return connection.execute(sa.select(escalations.c.escalation_id).where(*where)).scalar() is not None


def _over() -> OversightError:
    return OversightError("This was decided already.", code="oversight.over")


def _escalation(row: Any, said: Sequence[Any]) -> Escalation:
    views = tuple(
        Opinion(
            by=one.by_alias,
            opened_at=moment(one.opened_at),
            outcome=None if one.outcome is None else EscalationOutcome(one.outcome),
        )
        for one in said
    )
    return Escalation(
        escalation_id=row.escalation_id,
        turn_id=row.turn_id,
        person_id=row.person_id,
        flagged_by=row.flagged_by,
        opened_at=moment(row.opened_at),
        due_at=moment(row.due_at),
        outcome=None if row.outcome is None else EscalationOutcome(row.outcome),
        closed_at=moment(row.closed_at),
        opinions=views,
    )
