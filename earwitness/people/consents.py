"""Consents: every decision of a person, dated, with the version of the text that was shown; the latest one is in force.

Owns the table `consents`. Decisions are added, never changed. To give a consent needs the ledger; to withdraw one never waits
for it. Calls block.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa

from earwitness.domain.account import LIVES_HERE, AccountRole
from earwitness.domain.consent import (
    LONGEST_SECONDS,
    PERIODS,
    SHORTEST_SECONDS,
    USUAL_PERIOD,
    Decision,
    Keeping,
    Keeps,
    Purpose,
    Way,
)
from earwitness.domain.errors import AccessError, LedgerError, PersonError
from earwitness.people.consent_texts import current_text
from earwitness.storage.database import Database
from earwitness.storage.household import consents, people
from earwitness.storage.moments import moment


class Ledger(Protocol):
    """Where every decision is committed, without the name of who made it."""

    def append(self, entries: Sequence[Mapping[str, object]]) -> tuple[int, ...]:
        """Commit entries, durably, and give their positions. Raises LedgerError."""
        ...


class Consents:
    """The decisions of all people. `clock` gives aware datetimes; `longest_seconds` says how long those who run this house let
    anything be kept at most, None where they set no limit."""

    def __init__(
        self,
        database: Database,
        *,
        ledger: Ledger,
        clock: Callable[[], datetime],
        longest_seconds: Callable[[], float | None] = lambda: None,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock
        self._longest_seconds = longest_seconds

    def in_force(self, person_id: str) -> dict[Purpose, Decision]:
        """The latest decision of a person for each purpose that they ever decided on."""
        latest = sa.select(sa.func.max(consents.c.number)).where(consents.c.person_id == person_id).group_by(consents.c.purpose)
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(consents).where(consents.c.number.in_(latest))).all()
        return {decision.purpose: decision for decision in map(_decision, rows)}

    def has_consent(self, person_id: str, purpose: Purpose) -> bool:
        """Whether a consent is in force now."""
        found = self.in_force(person_id).get(purpose)
        return found is not None and found.is_given and self._may_be_kept(person_id)

    def is_restricted(self, person_id: str) -> bool:
        """Whether the person restricted the use of all that they said."""
        with self._database.reading() as connection:
            query = sa.select(people.c.restricted_at).where(people.c.person_id == person_id)
            return connection.execute(query).scalar() is not None

    def keeping(self, person_id: str) -> Keeping | None:
        """What may be kept of what the person says from now on; None for nothing."""
        found = self.in_force(person_id).get(Purpose.KEEP)
        if found is None or not found.is_given or found.keeps is None or not found.retention_seconds:
            return None
        if not self._may_be_kept(person_id):
            return None
        longest = self._longest_seconds() or found.retention_seconds
        return Keeping(keeps=found.keeps, retention_seconds=min(found.retention_seconds, longest))

    def _may_be_kept(self, person_id: str) -> bool:
        """Whether the person lives here: of guests and of an operator's staff nothing is kept, whatever was decided before."""
        with self._database.reading() as connection:
            role = connection.execute(sa.select(people.c.role).where(people.c.person_id == person_id)).scalar()
        return role is not None and AccountRole(role) in LIVES_HERE

    def decisions(self, person_id: str) -> tuple[Decision, ...]:
        """Every decision of a person, newest first."""
        query = sa.select(consents).where(consents.c.person_id == person_id).order_by(consents.c.number.desc())
        with self._database.reading() as connection:
            return tuple(_decision(row) for row in connection.execute(query).all())

    def decide(
        self,
        person_id: str,
        purpose: Purpose,
        *,
        is_given: bool,
        way: Way,
        retention_seconds: float | None = None,
        keeps: Keeps | None = None,
        is_objection: bool = False,
        lifts_objection: bool = False,
    ) -> Decision:
        """Note a decision. To keep needs a retention between a minute and ten years; a week and the sound without one.

        An objection stands until a decision says that it lifts it: against a consent, and beyond a withdrawal. Raises PersonError
        (consent.invalid), AccessError (consent.objected; consent.changed where another decision was made while this consent was
        committed: then that one stands), LedgerError (only for a consent that is given), StorageError.
        """
        with self._database.reading() as connection:
            _check_known(connection, person_id)
        before = self.in_force(person_id).get(purpose)
        stands = before is not None and before.is_objection and not lifts_objection
        if is_given and stands:
            raise AccessError("You objected to that. Lift the objection on the page first.", code="consent.objected")
        longest = self._longest_seconds() if retention_seconds is not None and is_given else None
        if longest is not None and retention_seconds is not None and retention_seconds > longest:
            raise PersonError(f"Here nothing is kept for more than {longest / 86_400:g} days.", code="consent.invalid")
        retention, kept = _terms(purpose, is_given, retention_seconds=retention_seconds, keeps=keeps, before=before)
        text = current_text(purpose)
        decision = Decision(
            decision_id=secrets.token_hex(16),
            person_id=person_id,
            purpose=purpose,
            is_given=is_given,
            decided_at=self._clock(),
            way=way,
            text_version=text.version,
            text_digest=text.digest,
            is_objection=is_objection or stands,
            retention_seconds=retention,
            keeps=kept,
        )
        return self._commit_first(decision, after=before) if is_given else self._commit_after(decision)

    def commit_waiting(self) -> int:
        """Commit the withdrawals that could not wait for the ledger; gives how many. Raises LedgerError, StorageError."""
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(consents).where(consents.c.position.is_(None))).all()
        for row in rows:
            self._note(_decision(row), position=self._append(_decision(row)))
        return len(rows)

    def _commit_first(self, decision: Decision, *, after: Decision | None) -> Decision:
        position = self._append(decision)

        def check_unchanged(connection: sa.Connection) -> None:
            newest = sa.select(consents.c.decision_id).order_by(consents.c.number.desc()).limit(1)
            mine = (consents.c.person_id == decision.person_id, consents.c.purpose == decision.purpose.value)
            if connection.execute(newest.where(*mine)).scalar() != (after.decision_id if after else None):
                raise AccessError("You decided on that elsewhere just now; look at it again.", code="consent.changed")

        return self._add(decision, position=position, check=check_unchanged)

    def _commit_after(self, decision: Decision) -> Decision:
        added = self._add(decision, position=None)
        try:
            return self._note(added, position=self._append(added))
        except LedgerError:
            return added

    def _append(self, decision: Decision) -> int:
        entry: dict[str, object] = {
            "v": 1,
            "kind": "consent",
            "decision": decision.decision_id,
            "purpose": decision.purpose.value,
            "given": decision.is_given,
            "objection": decision.is_objection,
            "text_version": decision.text_version,
            "text_sha256": decision.text_digest,
            "at": decision.decided_at.isoformat(timespec="seconds"),
        }
        (position,) = self._ledger.append([entry])
        return position

    def _add(
        self, decision: Decision, *, position: int | None, check: Callable[[sa.Connection], None] = lambda connection: None
    ) -> Decision:
        row = {
            "decision_id": decision.decision_id,
            "person_id": decision.person_id,
            "purpose": decision.purpose.value,
            "is_given": decision.is_given,
            "is_objection": decision.is_objection,
            "retention_seconds": decision.retention_seconds,
            "keeps": decision.keeps.value if decision.keeps else None,
            "way": decision.way.value,
            "text_version": decision.text_version,
            "text_digest": decision.text_digest,
            "decided_at": decision.decided_at.timestamp(),
            "position": position,
        }
        with self._database.writing() as connection:
            _check_known(connection, decision.person_id)
            check(connection)
            connection.execute(sa.insert(consents).values(row))
        return self._find(decision.decision_id)

    def _note(self, decision: Decision, *, position: int) -> Decision:
        with self._database.writing() as connection:
            where = consents.c.decision_id == decision.decision_id
            connection.execute(sa.update(consents).where(where).values(position=position))
        return self._find(decision.decision_id)

    def _find(self, decision_id: str) -> Decision:
        with self._database.reading() as connection:
            return _decision(connection.execute(sa.select(consents).where(consents.c.decision_id == decision_id)).one())


def _check_known(connection: sa.Connection, person_id: str) -> None:
    if connection.execute(sa.select(people.c.person_id).where(people.c.person_id == person_id)).scalar() is None:
        raise PersonError("There is no such person here.")


def _terms(
    purpose: Purpose, is_given: bool, *, retention_seconds: float | None, keeps: Keeps | None, before: Decision | None
) -> tuple[float | None, Keeps | None]:
    """For how long and what: as asked, else as decided before, else the usual."""
    if purpose is not Purpose.KEEP or not is_given:
        return None, None
    last = before if before is not None and before.is_given else None
    retention = retention_seconds if retention_seconds is not None else last.retention_seconds if last else None
    if retention is None:
        retention = PERIODS[USUAL_PERIOD]
    if not SHORTEST_SECONDS <= retention <= LONGEST_SECONDS:
        raise PersonError("Recordings can be kept for a minute up to ten years.", code="consent.invalid")
    return retention, keeps or (last.keeps if last else None) or Keeps.AUDIO


def _decision(row: Any) -> Decision:
    return Decision(
        decision_id=row.decision_id,
        person_id=row.person_id,
        purpose=Purpose(row.purpose),
        is_given=row.is_given,
        decided_at=moment(row.decided_at),
        way=Way(row.way),
        text_version=row.text_version,
        text_digest=row.text_digest,
        is_objection=row.is_objection,
        retention_seconds=row.retention_seconds,
        keeps=Keeps(row.keeps) if row.keeps else None,
        position=row.position,
    )
