"""Legal demands of one household, put together: what counsel, a privacy officer, an owner and the person concerned can do.

Every call blocks. Who acts is checked here again, whatever the page allowed; what may follow on what is `case.py`'s.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from earwitness.demands import rules as ruling
from earwitness.demands.answering import Answering, Package, Prover
from earwitness.demands.case import advance, possible, scope_digest
from earwitness.demands.cases import Cases, new_salt
from earwitness.demands.entries import Entries, Ledger
from earwitness.demands.holdings import Held, Holdings
from earwitness.demands.intake import Intake, extent, read_off
from earwitness.demands.key_holders import ApprovingKey, KeyHolders, check_holders
from earwitness.demands.notices import Notices
from earwitness.demands.rules import BLOCKING, FOR_COUNSEL, SENTENCES, Rules
from earwitness.demands.settling import Settling
from earwitness.demands.telling import Telling, said
from earwitness.domain.account import AccountRole, Permission
from earwitness.domain.demand import (
    Assessment,
    Case,
    Demand,
    DemandKind,
    Finding,
    Notice,
    Office,
    Reach,
    Scope,
    State,
    Step,
    StepKind,
)
from earwitness.domain.errors import AccessError, DemandError, EarwitnessError
from earwitness.domain.person import Person
from earwitness.people.people import People
from earwitness.vault.vault import Vault

LONGEST_REASON: Final = 2_000
_OFFICES: Final = {
    AccountRole.COUNSEL: Office.COUNSEL,
    AccountRole.PRIVACY_OFFICER: Office.PRIVACY_OFFICER,
    AccountRole.OWNER: Office.OWNER,
}
_ENDED: Final = frozenset({State.DISCLOSED, State.REFUSED, State.CLOSED})


class Demands:
    """All of them. `clock` gives aware datetimes; packages and answers are written to `folder`."""

    def __init__(
        self,
        people: People,
        vault: Vault,
        *,
        ledger: Ledger,
        prover: Prover,
        rules: Rules,
        folder: Path,
        clock: Callable[[], datetime],
    ) -> None:
        database = people.database
        self.rules = rules
        self._people = people
        self._vault = vault
        self._clock = clock
        self._entries = Entries(database, ledger=ledger, clock=clock)
        self._cases = Cases(database, safe=vault.safe, entries=self._entries)
        self._notices = Notices(database, safe=vault.safe)
        self._held = Held(people, vault, clock=clock)
        self._telling = Telling(cases=self._cases, notices=self._notices, held=self._held, rules=rules)
        self._holders = KeyHolders(database, safe=vault.safe)
        self._answering = Answering(
            database,
            cases=self._cases,
            entries=self._entries,
            held=self._held,
            vault=vault,
            prover=prover,
            rules=rules,
            folder=folder,
            clock=clock,
        )
        self._settling = Settling(
            cases=self._cases,
            entries=self._entries,
            telling=self._telling,
            holds=vault.holds,
            discard=self._answering.discard,
            clock=clock,
        )

    # Who

    def office_of(self, by: Person) -> Office:
        """In what capacity somebody acts. An owner does where nobody is counsel or privacy officer. Raises AccessError."""
        office = _OFFICES.get(by.role)
        if office is None or not by.may(Permission.DEMANDS) or (office is Office.OWNER and not self._is_home()):
            raise AccessError("Legal demands are for counsel and the privacy officer.", code="access.refused")
        return office

    def _is_home(self) -> bool:
        lawyers = (AccountRole.COUNSEL, AccountRole.PRIVACY_OFFICER)
        return not any(one.role in lawyers and one.suspended_at is None for one in self._people.all())

    # Looking

    def all(self, by: Person) -> tuple[Case, ...]:
        """Every case, newest first."""
        self.office_of(by)
        return self._cases.all()

    def find(self, by: Person, demand_id: str) -> Case:
        """One case; its steps are the timeline. Raises DemandError."""
        self.office_of(by)
        return self._cases.find(demand_id)

    def document(self, by: Person, demand_id: str) -> bytes:
        """The paper, as it came in."""
        self.office_of(by)
        return self._cases.document(demand_id)

    def possible(self, by: Person, demand_id: str) -> tuple[StepKind, ...]:
        """The steps that somebody may try now."""
        office = self.office_of(by)
        return possible(self._cases.find(demand_id), office)

    def persons(self, by: Person, demand_id: str) -> dict[str, str]:
        """The names, by id, of those of the people asked for who are still here."""
        self.office_of(by)
        found = self._held.persons(self._cases.find(demand_id).demand.scope)
        return {person_id: one.name for person_id, one in found.items()}

    def assess(self, by: Person, demand_id: str) -> Assessment:
        """What the rules make of the case's present scope, with the counts of what was asked for and of what they propose."""
        self.office_of(by)
        return self._assessed(self._cases.find(demand_id))

    def sentences(self, found: Assessment) -> tuple[str, ...]:
        """The findings in plain words."""
        return tuple(SENTENCES[one] for one in found.findings)

    def holdings(self) -> Holdings:
        """What is held here, and what each kind of demand could reach."""
        return self._held.all(self.rules)

    def answer(self, by: Person, demand_id: str) -> dict[str, object]:
        """The last answer, with its proof, as it is handed out."""
        self.office_of(by)
        return self._answering.answer(self._cases.find(demand_id))

    # Steps

    def receive(self, by: Person, intake: Intake, *, document: bytes, reason: str = "") -> Case:
        """Take a demand in, with its paper. Raises DemandError (demand.invalid), AccessError, LedgerError."""
        office, now = self.office_of(by), self._clock()
        demand = read_off(intake, document, held=self._held, now=now, is_home=office is Office.OWNER)
        found = self._findings(demand, demand.scope, others=self._open_cases())
        step = self._step(
            StepKind.RECEIVED,
            by,
            office,
            reason=reason,
            due_at=now + timedelta(days=self.rules.validate_within_days),
            told_from=self.rules.honoured_gag(demand),
        )
        facts = {
            "demand_kind": demand.kind.value,
            "authority": demand.authority.kind.value,
            "jurisdiction": demand.authority.jurisdiction,
            "document": demand.document_sha256,
            "gag": "none" if demand.gag is None else "dated" if demand.gag.until else "endless",
            "findings": [one.value for one in found],
            "rules": self.rules.sha256,
            **extent(demand.scope),
        }
        # At home nobody is counsel: the owner does what the rules would leave to counsel, and hands out nothing.
        needs_counsel = bool(set(found) & FOR_COUNSEL) and office is not Office.OWNER
        return self._cases.add(demand, step, document=document, needs_counsel=needs_counsel, facts=facts)

    def validate(self, by: Person, demand_id: str, *, document_sha256: str, reason: str) -> Case:
        """Say that the paper is genuine: that whoever issued it confirms this digest. Raises DemandError (demand.altered)."""
        case, office = self._case(by, demand_id)
        paper = hashlib.sha256(self._cases.document(demand_id)).hexdigest()
        if not paper == case.demand.document_sha256 == document_sha256.strip().lower():
            sentence = "The paper that came in is not the one that was issued: object, or refuse it."
            raise DemandError(sentence, code="demand.altered")
        return self._take(case, self._step(StepKind.VALIDATED, by, office, reason=reason, due_at=self._answer_due()))

    def object(self, by: Person, demand_id: str, *, reason: str) -> Case:
        """Object to a demand; what was approved of it falls."""
        case, office = self._case(by, demand_id)
        told = [one.value for one in self._assessed(case).findings]
        step = self._step(StepKind.OBJECTED, by, office, reason=reason, due_at=self._answer_due())
        return self._take(case, step, findings=told)

    def narrow(self, by: Person, demand_id: str, *, reason: str, scope: Scope | None = None) -> Case:
        """Narrow the scope, as the rules propose or further. Raises DemandError (demand.wider)."""
        case, office = self._case(by, demand_id)
        chosen = scope or self._assessed(case).proposal
        if chosen is None:
            raise DemandError("Nothing of this demand is lawful by the rules: refuse it.", code="demand.overbroad")
        step = self._step(StepKind.NARROWED, by, office, reason=reason, due_at=self._answer_due())
        return self._take(case, replace(step, scope=chosen), **extent(chosen), scope=scope_digest(chosen))

    def approve(self, by: Person, demand_id: str, *, reason: str) -> Case:
        """Approve that just the present scope is disclosed; another person in the other office does too."""
        case, office = self._case(by, demand_id)
        blocking = set(self._assessed(case).findings) & BLOCKING
        if blocking - {Finding.EXPIRED}:
            first = min(blocking - {Finding.EXPIRED}, key=lambda one: one.value)
            raise DemandError(f"This cannot be approved as it is. {SENTENCES[first]}", code="demand.overbroad")
        digest = scope_digest(case.scope)
        step = self._step(StepKind.APPROVAL, by, office, reason=reason, due_at=self._answer_due())
        return self._take(case, replace(step, scope_sha256=digest), scope=digest, round=case.round)

    def notify(self, by: Person, demand_id: str, *, reason: str) -> Case:
        """Tell the people concerned, who may then object; while a dated gag stands, put that off until its end."""
        case, office = self._case(by, demand_id)
        step = self._step(StepKind.NOTIFIED, by, office, reason=reason)
        if case.told_from is not None:
            late = replace(step, told_from=case.told_from, due_at=case.told_from)
            return self._take(case, late, people=0, put_off_until=said(case.told_from))
        return self._telling.tell(case, step)

    def preserve(self, by: Person, demand_id: str, *, reason: str, until: datetime | None = None) -> Case:
        """Hold exactly the scope against time and deletion, at most as long as the rules allow."""
        case, office = self._case(by, demand_id)
        now, most = self._clock(), self.rules.kinds[DemandKind.PRESERVATION].longest_hold_days
        end = min(until or now + timedelta(days=most), now + timedelta(days=most))
        step = replace(self._step(StepKind.PRESERVED, by, office, reason=reason), held_until=end)
        advance(case, step)
        found = {one.turn_id: one.person_id for one in self._held.turns(case.scope)}
        is_told = case.told_from is None
        held = self._vault.holds.add(demand_id, found, until=end, is_told=is_told)
        try:
            kept = self._take(case, step, recordings=len(held), until=said(end))
        except EarwitnessError:
            self._vault.holds.release(demand_id)
            raise
        if is_told:
            self._telling.tell_held(case, end, now=now)
        return kept

    def release(self, by: Person, demand_id: str, *, reason: str) -> Case:
        """Let go what is preserved, before its time is over."""
        case, office = self._case(by, demand_id)
        return self._settling.release(case, self._step(StepKind.RELEASED, by, office, reason=reason))

    def disclose(self, by: Person, demand_id: str, *, shares: Sequence[str], recipient: str, reason: str) -> Package:
        """Answer: what is in scope is packed and encrypted to the recipient (age1…), or it is stated that there is nothing.

        `shares` are two of the key that approves; none are asked for where there is nothing, or an answer that was broken off
        goes on. Raises DemandError, AccessError, LedgerError, StorageError.
        """
        office = self.office_of(by)
        done = self._answering.disclose(demand_id, by, office, shares=shares, recipient=recipient, reason=_reason(reason))
        self._notices.disclosed(demand_id, at=self._clock())
        return done

    def review(self, by: Person, demand_id: str, *, reason: str) -> Case:
        """Look again at an emergency that somebody else answered."""
        case, office = self._case(by, demand_id)
        return self._take(case, self._step(StepKind.REVIEWED, by, office, reason=reason))

    def refuse(self, by: Person, demand_id: str, *, reason: str) -> Case:
        """Refuse a demand."""
        case, office = self._case(by, demand_id)
        return self._take(case, self._step(StepKind.REFUSED, by, office, reason=reason))

    def close(self, by: Person, demand_id: str, *, reason: str) -> Case:
        """Close a case that was answered, refused or withdrawn. What was packed for it is removed from here."""
        case, office = self._case(by, demand_id)
        closed = self._take(case, self._step(StepKind.CLOSED, by, office, reason=reason))
        self._answering.discard(closed)
        return closed

    def make_key(self, by: Person, *, holders: Sequence[str] = ()) -> tuple[str, tuple[str, ...]]:
        """Make the key that approves disclosures, in place of any before; gives its public side and its three shares, which are
        shown this once. The ledger notes the public side; who is to hold each share is sealed.

        Raises AccessError, DemandError (demand.invalid), LedgerError.
        """
        self.office_of(by)
        checked = check_holders(holders)
        verifier, shares = self._vault.disclosure_key.make(now=self._clock())
        self._holders.note(verifier, checked)
        return verifier, shares

    def key(self, by: Person) -> ApprovingKey | None:
        """The key that approves disclosures, and who holds its shares; None before one was made. Raises AccessError."""
        self.office_of(by)
        verifier = self._vault.disclosure_key.verifier()
        if verifier is None:
            return None
        return ApprovingKey(verifier=verifier.encoded(), holders=self._holders.of(verifier.encoded()))

    # The person

    def notices(self, person_id: str) -> tuple[Notice, ...]:
        """What somebody was told of demands about them and their wards, newest first."""
        return self._notices.of(person_id)

    def object_to(self, person_id: str, notice_id: str, *, reason: str) -> Notice:
        """Object to a demand that somebody was told of: nothing is disclosed until counsel has looked at it again."""
        notice = self._notices.find(person_id, notice_id)
        case, person = self._cases.find(notice.demand_id), self._people.find(person_id)
        self._take(case, self._step(StepKind.PERSON_OBJECTED, person, Office.PERSON, reason=reason, due_at=self._answer_due()))
        self._notices.note(notice_id, objected_at=self._clock())
        return self._notices.find(person_id, notice_id)

    # What the house does by itself

    def settle(self) -> int:
        """Send notices and open entries whose gag is over, end preservation, note what is overdue; gives how many changes.

        Raises EarwitnessError; what was not done is done the next time.
        """
        return self._settling.settle()

    # Inside

    def _case(self, by: Person, demand_id: str) -> tuple[Case, Office]:
        office = self.office_of(by)
        return self._cases.find(demand_id), office

    def _take(self, case: Case, step: Step, **facts: Any) -> Case:
        return self._cases.take(case, step, facts=facts)

    def _step(
        self,
        kind: StepKind,
        by: Person,
        office: Office,
        *,
        reason: str,
        due_at: datetime | None = None,
        told_from: datetime | None = None,
    ) -> Step:
        told = reason.strip() if kind is StepKind.RECEIVED else _reason(reason)
        return Step(
            kind=kind,
            office=office,
            by=by.alias,
            at=self._clock(),
            reason=told,
            due_at=due_at,
            told_from=told_from,
            facts={"salt": new_salt()},
        )

    def _answer_due(self) -> datetime:
        return self._clock() + timedelta(days=self.rules.answer_within_days)

    def _open_cases(self) -> dict[str, Case]:
        return {case.demand_id: case for case in self._cases.all() if case.state not in _ENDED}

    def _findings(self, demand: Demand, scope: Scope, *, others: dict[str, Case]) -> tuple[Finding, ...]:
        has_conflict = any(one != demand.demand_id and other.scope.overlaps(scope) for one, other in others.items())
        return ruling.findings(
            demand,
            scope,
            rules=self.rules,
            now=self._clock(),
            children=self._held.children(scope),
            has_conflict=has_conflict,
        )

    def _assessed(self, case: Case) -> Assessment:
        found = self._findings(case.demand, case.scope, others=self._open_cases())
        proposed = ruling.proposal(case.demand, case.scope, rules=self.rules)
        return Assessment(
            findings=found,
            needs_counsel=case.needs_counsel,
            proposal=proposed,
            asked=self._held.asked(case.demand.scope),
            proposed=Reach(counts={}) if proposed is None else self._held.reach(proposed),
        )


def _reason(reason: str) -> str:
    told = reason.strip()
    if not 1 <= len(told) <= LONGEST_REASON:
        raise DemandError(f"Say why, in at most {LONGEST_REASON} characters.", code="demand.invalid")
    return told
