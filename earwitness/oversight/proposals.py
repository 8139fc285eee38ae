"""Terms of review by two people: proposed by one, approved by another, in the ledger both, in force from the next day on.

Owns the table `oversight_proposals`. Until something was approved the settings hold. It opens no recording. Calls block.
"""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

import sqlalchemy as sa

from earwitness.domain.errors import OversightError
from earwitness.domain.oversight import Proposal, ProposalState, Subject
from earwitness.domain.person import Person
from earwitness.domain.review import DrawTerms
from earwitness.oversight import terms
from earwitness.oversight.sealed_words import SealedWords
from earwitness.oversight.terms import WorkTerms
from earwitness.storage.database import Database
from earwitness.storage.moments import moment
from earwitness.storage.oversight import proposals

LOCK: Final = 0x4F564552


class Ledger(Protocol):
    """Where decisions are committed."""

    def append(self, facts: Sequence[Mapping[str, object]]) -> tuple[int, ...]:
        """Commit entries, durably, and give their positions. Raises LedgerError."""
        ...


class TermsInForce:
    """The terms that two people agreed on, read afresh; None where nobody ever did."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def draw(self, epoch: str) -> DrawTerms | None:
        """By what that day (UTC) draws. Raises StorageError."""
        found = self.values(Subject.DRAW, epoch)
        return None if found is None else terms.draw_terms(found)

    def longest_seconds(self) -> float | None:
        """How long anything is kept at most, today. Raises StorageError."""
        found = self.values(Subject.RETENTION, self._today())
        return None if found is None else terms.longest_seconds(found)

    def work(self) -> WorkTerms | None:
        """How reviewers work, today. Raises StorageError."""
        found = self.values(Subject.WORK, self._today())
        return None if found is None else terms.work_terms(found)

    def values(self, subject: Subject, epoch: str) -> dict[str, Any] | None:
        """What was approved last of what counts on that day."""
        where = (
            proposals.c.subject == subject.value,
            proposals.c.state == ProposalState.APPROVED.value,
            proposals.c.from_epoch <= epoch,
        )
        newest = sa.select(proposals.c.terms).where(*where).order_by(proposals.c.position.desc()).limit(1)
        with self._database.reading() as connection:
            found = connection.execute(newest).scalar()
        return None if found is None else dict(json.loads(found))

    def _today(self) -> str:
        return self._clock().astimezone(UTC).date().isoformat()


class Proposals:
    """What was proposed in one household. `clock` gives aware datetimes."""

    def __init__(self, database: Database, *, ledger: Ledger, words: SealedWords, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._ledger = ledger
        self._words = words
        self._clock = clock

    def all(self) -> tuple[Proposal, ...]:
        """Every proposal there ever was, newest first."""
        query = sa.select(proposals).order_by(proposals.c.proposed_at.desc(), proposals.c.proposal_id)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return tuple(map(self._proposal, rows))

    def find(self, proposal_id: str) -> Proposal:
        """One of them. Raises OversightError (oversight.unknown)."""
        with self._database.reading() as connection:
            return self._proposal(_row(connection, proposal_id))

    def propose(self, by: Person, subject: Subject, values: Mapping[str, Any], *, reason: str) -> Proposal:
        """Propose new terms; nothing changes by that. Raises OversightError (oversight.invalid), LedgerError."""
        told, proposal_id, now = terms.check(subject, values), secrets.token_hex(16), self._clock()
        sealed, digest = self._words.seal(reason, row_id=f"{proposal_id}/reason")
        row = {
            "proposal_id": proposal_id,
            "subject": subject.value,
            "terms": json.dumps(told),
            "state": ProposalState.PROPOSED.value,
            "by_id": by.person_id,
            "by_alias": by.alias,
            "proposed_at": now.timestamp(),
            "sealed_reason": sealed,
        }
        self._ledger.append([self._entry("proposed", proposal_id, by, subject, values=told, reason_sha256=digest)])
        with self._database.writing(lock=LOCK) as connection:
            connection.execute(sa.insert(proposals).values(row))
        return self.find(proposal_id)

    def decide(self, by: Person, proposal_id: str, *, is_approved: bool, reason: str) -> Proposal:
        """Approve or refuse what somebody else proposed; approved terms count from tomorrow (UTC) on.

        Raises OversightError (oversight.second_person for who proposed it, oversight.over once it was decided), LedgerError.
        """
        sealed, digest = self._words.seal(reason, row_id=f"{proposal_id}/decision")
        with self._database.writing(lock=LOCK) as connection:
            row = _row(connection, proposal_id)
            if row.by_id == by.person_id:
                raise OversightError("You proposed this: somebody else decides.", code="oversight.second_person")
            self._check_open(row)
            subject, values, now = Subject(row.subject), terms.check(Subject(row.subject), json.loads(row.terms)), self._clock()
            from_epoch = (now.astimezone(UTC) + timedelta(days=1)).date().isoformat()
            more: dict[str, object] = {"values": values, "from": from_epoch} if is_approved else {}
            state = ProposalState.APPROVED if is_approved else ProposalState.REFUSED
            entry = self._entry(state.value, proposal_id, by, subject, reason_sha256=digest, **more)
            (position,) = self._ledger.append([entry])
            changed = {
                "state": state.value,
                "decided_by": by.alias,
                "decided_at": now.timestamp(),
                "sealed_decision": sealed,
                "from_epoch": from_epoch if is_approved else None,
                "position": position,
            }
            connection.execute(sa.update(proposals).where(proposals.c.proposal_id == proposal_id).values(changed))
        return self.find(proposal_id)

    def withdraw(self, by: Person, proposal_id: str) -> Proposal:
        """Take back what one proposed and nobody decided. Raises OversightError (oversight.unknown for others), LedgerError."""
        with self._database.writing(lock=LOCK) as connection:
            row = _row(connection, proposal_id)
            if row.by_id != by.person_id:
                raise _unknown()
            self._check_open(row)
            (position,) = self._ledger.append([self._entry("withdrawn", proposal_id, by, Subject(row.subject))])
            changed = {"state": ProposalState.WITHDRAWN.value, "decided_at": self._clock().timestamp(), "position": position}
            connection.execute(sa.update(proposals).where(proposals.c.proposal_id == proposal_id).values(changed))
        return self.find(proposal_id)

    def _check_open(self, row: Any) -> None:
        if row.state != ProposalState.PROPOSED.value:
            raise OversightError(f"This was {row.state} already.", code="oversight.over")

    def _entry(self, what: str, proposal_id: str, by: Person, subject: Subject, **facts: object) -> dict[str, object]:
        at = self._clock().isoformat(timespec="seconds")
        named = {"proposal": proposal_id, "by": by.alias, "subject": subject.value}
        return {"v": 1, "kind": f"terms.{what}", **named, **facts, "at": at}

    def _proposal(self, row: Any) -> Proposal:
        return Proposal(
            proposal_id=row.proposal_id,
            subject=Subject(row.subject),
            values=json.loads(row.terms),
            state=ProposalState(row.state),
            by=row.by_alias,
            at=moment(row.proposed_at),
            reason=self._words.open(row.sealed_reason, row_id=f"{row.proposal_id}/reason"),
            decided_by=row.decided_by,
            decided_at=moment(row.decided_at),
            decision_reason=self._words.open(row.sealed_decision, row_id=f"{row.proposal_id}/decision"),
            from_epoch=row.from_epoch,
            position=row.position,
        )


def _row(connection: sa.Connection, proposal_id: str) -> Any:
    row = connection.execute(sa.select(proposals).where(proposals.c.proposal_id == proposal_id)).one_or_none()
    if row is None:
        raise _unknown()
    return row


def _unknown() -> OversightError:
    return OversightError("There is no such proposal of yours to decide on.", code="oversight.unknown")
