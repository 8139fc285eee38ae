"""Answers: what is in scope is opened by approval, packed and encrypted; or it is stated that there is nothing. Calls block.

Owns the table `demand_packages`. What was begun and broken off, by a crash between approval and export, goes on as it was
approved, without another approval; what was finished is done again by new approvals only.
"""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa

from earwitness.demands.case import advance, scope_digest
from earwitness.demands.cases import Cases, new_salt
from earwitness.demands.entries import CoveredLedger, Entries
from earwitness.demands.holdings import Held
from earwitness.demands.package import check_recipient, write_package
from earwitness.demands.rules import Rules
from earwitness.demands.statement import NOTHING, digest_of
from earwitness.domain.demand import Case, Category, DemandKind, Office, Outcome, Reach, Scope, Step, StepKind
from earwitness.domain.errors import DemandError, StorageError
from earwitness.domain.person import Person
from earwitness.domain.recording import Actor, Medium, Role
from earwitness.ledger.proof import Proof
from earwitness.storage.database import Database
from earwitness.storage.demands import demand_packages as packages
from earwitness.storage.durable import write_whole
from earwitness.vault.demanded import ids_digest
from earwitness.vault.disclosure_key import Approval
from earwitness.vault.vault import Vault

_MEDIA = {Category.WORDS: Medium.TEXT, Category.SOUND: Medium.AUDIO}


class Prover(Protocol):
    """Gives proofs of entries."""

    def proof(self, position: int) -> Proof: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """What a disclosure came to. `path` is the encrypted file, None where there was nothing; `answer` is what proves it."""

    path: Path | None
    answer: Path
    sha256: str | None
    outcome: Outcome
    statement: Mapping[str, Any]
    case: Case


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    approval: Approval
    turn_ids: tuple[str, ...]
    recipient: str


class Answering:
    """Discloses for one household, to `folder`. `clock` gives aware datetimes."""

    def __init__(
        self,
        database: Database,
        *,
        cases: Cases,
        entries: Entries,
        held: Held,
        vault: Vault,
        prover: Prover,
        rules: Rules,
        folder: Path,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._cases = cases
        self._entries = entries
        self._held = held
        self._vault = vault
        self._prover = prover
        self._rules = rules
        self._folder = folder
        self._clock = clock
        self._one_at_a_time = threading.Lock()

    def disclose(
        self, demand_id: str, by: Person, office: Office, *, shares: Sequence[str], recipient: str, reason: str
    ) -> Package:
        """Answer a case. Raises DemandError before anything is opened if it may not be; LedgerError, StorageError."""
        with self._one_at_a_time:  # else a second one would pack over the package that the first one's answer names
            case = self._cases.find(demand_id)
            return self._disclose(case, by, office, shares=shares, recipient=recipient, reason=reason)

    def _disclose(self, case: Case, by: Person, office: Office, *, shares: Sequence[str], recipient: str, reason: str) -> Package:
        reach = self._held.reach(case.scope)
        outcome = self._outcome(case, reach)
        step = self._step(case, by, office, outcome=outcome, reason=reason)
        advance(case, step)
        if outcome is Outcome.NOTHING:
            return self._finish(case, step, reach=reach, sha256=None, recordings=0, begun=None)
        check_recipient(recipient)
        begun = self._begun(case, shares=shares, recipient=recipient)
        if begun.recipient != recipient:
            raise DemandError("This disclosure was begun for another recipient; go on with that one.", code="demand.invalid")
        sha256, recordings = self._pack(case, by, begun)
        return self._finish(case, step, reach=reach, sha256=sha256, recordings=recordings, begun=begun)

    def path(self, case: Case, *, ending: str) -> Path:
        """Where the package ("age") or the answer ("json") of this round lies."""
        return self._folder / f"{case.demand_id}-{case.round}.{ending}"

    def discard(self, case: Case) -> int:
        """Remove the packages of a case from here; gives how many. What proves its answers stays. Raises StorageError."""
        try:
            found = list(self._folder.glob(f"{case.demand_id}-*.age"))
            for path in found:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(f"A package in {self._folder} cannot be removed: {error.strerror}.") from error
        return len(found)

    def answer(self, case: Case) -> dict[str, Any]:
        """The last answer of a case, with its proof. Raises DemandError if there is none."""
        step = next((one for one in reversed(case.steps) if one.kind is StepKind.DISCLOSED), None)
        if step is None or step.position is None:
            raise DemandError("This demand was not answered yet.", code="demand.unknown")
        return {"statement": step.facts["statement"], **self._proof(step.position)}

    def _outcome(self, case: Case, reach: Reach) -> Outcome:
        if reach.is_nothing:
            return Outcome.NOTHING
        return Outcome.PART if self._withheld(case, reach) else Outcome.WHOLE

    def _step(self, case: Case, by: Person, office: Office, *, outcome: Outcome, reason: str) -> Step:
        now = self._clock()
        is_urgent = case.demand.kind is DemandKind.EMERGENCY and outcome is not Outcome.NOTHING
        review = now + timedelta(hours=self._rules.kinds[DemandKind.EMERGENCY].review_hours) if is_urgent else None
        return Step(kind=StepKind.DISCLOSED, office=office, by=by.alias, at=now, reason=reason, due_at=review, outcome=outcome)

    def _begun(self, case: Case, *, shares: Sequence[str], recipient: str) -> _Begun:
        """The disclosure of this round, begun now with two shares, or before a crash."""
        where = (packages.c.demand_id == case.demand_id, packages.c.round == case.round)
        with self._database.reading() as connection:
            row = connection.execute(sa.select(packages).where(*where)).one_or_none()
        if row is not None:
            told = json.loads(row.approval)
            approval = Approval(note=told["note"])
            if self._vault.disclosure_key.facts(approval).get("scope") == scope_digest(case.scope):
                return _Begun(approval=approval, turn_ids=tuple(told["turn_ids"]), recipient=row.recipient)
        media = sorted(medium.value for category, medium in _MEDIA.items() if category in case.scope.categories)
        turn_ids = tuple(one.turn_id for one in self._held.turns(case.scope)) if media else ()
        facts = {
            "v": 1,
            "demand": case.demand_id,
            "round": case.round,
            "scope": scope_digest(case.scope),
            "media": media,
            "recordings": len(turn_ids),
            "recordings_sha256": ids_digest(turn_ids),
            "recipient": recipient,
            "at": self._clock().isoformat(timespec="seconds"),
        }
        approval = self._vault.disclosure_key.approve(facts, shares=shares)
        values = {
            "demand_id": case.demand_id,
            "round": case.round,
            "approval": json.dumps({"note": approval.note, "turn_ids": turn_ids}),
            "recipient": recipient,
            "begun_at": self._clock().timestamp(),
        }
        with self._database.writing() as connection:
            connection.execute(sa.delete(packages).where(*where))
            connection.execute(sa.insert(packages).values(values))
        return _Begun(approval=approval, turn_ids=turn_ids, recipient=recipient)

    def _pack(self, case: Case, by: Person, begun: _Begun) -> tuple[str, int]:
        until = case.told_from
        opened = self._vault.door.demanded(
            Actor(actor_id=by.person_id, alias=by.alias, role=Role.COUNSEL),
            begun.approval,
            begun.turn_ids,
            ledger=None if until is None else CoveredLedger(self._entries, case.demand_id, opens_at=until),
            shown_from=until,
        )
        scope = case.scope
        facts = {
            "format": "earwitness-disclosure/1",
            "demand": case.demand_id,
            "round": case.round,
            "document_sha256": case.demand.document_sha256,
            "scope": scope.as_json(),
            "withheld": self._withheld(case, self._held.reach(scope)),
            "approval": begun.approval.note,
        }
        path = self.path(case, ending="age")
        return write_package(
            path, facts=facts, plain=self._plain(scope), opened=opened, proof=self._proof, recipient=begun.recipient
        )

    def _plain(self, scope: Scope) -> dict[str, object]:
        """What is in scope and not sealed, by the name of its file."""
        found: dict[str, object] = {}
        if Category.ACCOUNT in scope.categories:
            known = self._held.persons(scope).values()
            found["account.json"] = [
                {"person": one.person_id, "name": one.name, "role": one.role.value, "since": one.created_at.isoformat()}
                for one in known
            ]
        if Category.DEVICES in scope.categories:
            found["devices.json"] = [
                {"device": one.device_id, "name": one.name, "room": one.area, "since": one.paired_at.isoformat()}
                for one in self._held.devices(scope)
            ]
        if Category.TURNS in scope.categories:
            found["turns.json"] = [
                {
                    "recording": one.turn_id,
                    "person": one.person_id,
                    "began_at": one.began_at.isoformat(),
                    "seconds": round(one.seconds, 3),
                }
                for one in self._held.turns(scope)
            ]
        return found

    def _finish(
        self, case: Case, step: Step, *, reach: Reach, sha256: str | None, recordings: int, begun: _Begun | None
    ) -> Package:
        withheld = self._withheld(case, reach)
        verifier = self._vault.disclosure_key.verifier()
        statement: dict[str, Any] = {
            "v": 1,
            "demand": case.demand_id,
            "round": case.round,
            "document_sha256": case.demand.document_sha256,
            "outcome": step.outcome.value if step.outcome else None,
            "says": NOTHING if begun is None else "Just what is in the approved scope was disclosed.",
            "since": case.scope.since.isoformat() if case.scope.since else None,
            "until": case.scope.until.isoformat() if case.scope.until else None,
            "categories": sorted(one.value for one in case.scope.categories),
            "recordings": recordings,
            "withheld": withheld,
            "package_sha256": sha256,
            "approval": None if begun is None else begun.approval.note,
            "disclosure_key": None if begun is None or verifier is None else verifier.encoded(),
            "at": step.at.isoformat(timespec="seconds"),
        }
        facts: dict[str, object] = {
            "outcome": statement["outcome"],
            "people": len(case.scope.persons),
            "recordings": recordings,
            "withheld": withheld,
            "package": sha256,
            "statement": digest_of(statement),
            "round": case.round,
        }
        done = self._cases.take(case, replace(step, facts={"salt": new_salt(), "statement": statement}), facts=facts)
        where = self.path(case, ending="json")
        where.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(where, [json.dumps(self.answer(done), indent=1).encode()], mode=0o600)
        path = None if begun is None else self.path(case, ending="age")
        assert step.outcome is not None
        return Package(path=path, answer=where, sha256=sha256, outcome=step.outcome, statement=statement, case=done)

    def _withheld(self, case: Case, reach: Reach) -> dict[str, int]:
        """Of each category how many are held of what was asked for at first, and were not disclosed."""
        asked = self._held.asked(case.demand.scope)
        rest = {one.value: count - reach.counts.get(one, 0) for one, count in asked.counts.items()}
        return {name: count for name, count in sorted(rest.items()) if count > 0}

    def _proof(self, position: int) -> dict[str, Any]:
        """What proves an entry, and opens it where the ledger holds a commitment."""
        found = self._entries.at(position)
        is_sealed = found is not None and found.salt is not None
        opening = {"salt": found.salt.hex(), "entry": json.loads(found.body)} if is_sealed and found and found.salt else None
        return {"proof": self._prover.proof(position).as_json(), "sealed": opening}
