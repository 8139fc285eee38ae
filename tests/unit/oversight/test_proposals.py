"""Terms by two people: who may decide, from when they count, what the ledger says; and no agreement goes beyond the limits."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from earwitness.domain.account import AccountRole
from earwitness.domain.consent import Purpose, Way
from earwitness.domain.errors import LedgerError, OversightError, PersonError, ReviewError
from earwitness.domain.oversight import ProposalState, Subject
from earwitness.domain.person import Person
from earwitness.domain.review import DrawTerms
from earwitness.ledger.note import parse_verifier
from earwitness.oversight.proposals import Proposals, TermsInForce
from earwitness.oversight.sealed_words import SealedWords
from earwitness.people.consents import Consents
from earwitness.review.audit import check_against_ledger, recompute
from earwitness.review.evidence import entries_of, evidence
from earwitness.storage import database
from tests.houses_kept import PASSPHRASE, KeptHouse, kept_house
from tests.reviewed_kept import ReviewedHouse, reviewed

NEW = {"rate_millionths": 1_000, "doubtful_thousandths": 250, "most_per_month": 2}
WHY = "Fewer are enough, says Marguerite."


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeptHouse]:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    with kept_house(tmp_path) as made:
        yield made


@pytest.fixture
def proposals(house: KeptHouse) -> Proposals:
    return Proposals(house.database, ledger=house.ledger, words=SealedWords(house.vault.safe), clock=house.clock)


@pytest.fixture
def officer(house: KeptHouse) -> Person:
    house.enrolled("Otto", keeps=None)
    return house.people.add("Ottilie", passphrase=PASSPHRASE, role=AccountRole.PRIVACY_OFFICER)


@pytest.fixture
def runner(house: KeptHouse, officer: Person) -> Person:
    return house.people.add("Adam", passphrase=PASSPHRASE, role=AccountRole.ADMINISTRATOR)


@pytest.fixture
def in_force(house: KeptHouse) -> TermsInForce:
    return TermsInForce(house.database, clock=house.clock)


def approved(proposals: Proposals, by: Person, other: Person, subject: Subject, values: dict[str, Any]) -> None:
    made = proposals.propose(by, subject, values, reason=WHY)
    proposals.decide(other, made.proposal_id, is_approved=True, reason="Right.")


def test_what_one_proposed_counts_from_the_day_after_another_approved(
    house: KeptHouse, proposals: Proposals, officer: Person, runner: Person, in_force: TermsInForce
) -> None:
    made = proposals.propose(officer, Subject.DRAW, NEW, reason=WHY)
    today, tomorrow = "2026-03-02", "2026-03-03"
    assert in_force.draw(tomorrow) is None
    with pytest.raises(OversightError, match="somebody else"):
        proposals.decide(officer, made.proposal_id, is_approved=True, reason="I think so.")
    done = proposals.decide(runner, made.proposal_id, is_approved=True, reason="Right.")
    assert (done.state, done.by, done.decided_by, done.from_epoch) == (
        ProposalState.APPROVED,
        officer.alias,
        runner.alias,
        tomorrow,
    )
    assert in_force.draw(today) is None
    assert in_force.draw(tomorrow) == DrawTerms(**NEW)
    with pytest.raises(OversightError, match="approved already"):
        proposals.decide(runner, made.proposal_id, is_approved=False, reason="No, wait.")
    assert [one["kind"] for one in house.entries()] == ["terms.proposed", "terms.approved"]
    (entry,) = house.entries("terms.approved")
    assert (entry["by"], entry["values"], entry["from"], len(entry["reason_sha256"])) == (runner.alias, NEW, tomorrow, 64)
    assert (done.reason, done.decision_reason) == (WHY, "Right.")
    assert "Marguerite" not in json.dumps(house.entries()), "reasons are sealed"
    files = [path.read_bytes() for path in house.folder.rglob("*") if path.is_file()]
    assert not any(b"Marguerite" in data for data in files)


@pytest.mark.parametrize("how", ["refuse", "withdraw"])
def test_what_was_refused_or_taken_back_never_counts(
    how: str, proposals: Proposals, officer: Person, runner: Person, in_force: TermsInForce
) -> None:
    made = proposals.propose(officer, Subject.DRAW, NEW, reason=WHY)
    if how == "refuse":
        proposals.decide(runner, made.proposal_id, is_approved=False, reason="Too few.")
    else:
        with pytest.raises(OversightError):
            proposals.withdraw(runner, made.proposal_id)
        proposals.withdraw(officer, made.proposal_id)
    assert in_force.draw("2027-01-01") is None
    with pytest.raises(OversightError, match="already"):
        proposals.decide(runner, made.proposal_id, is_approved=True, reason="Now then.")


@pytest.mark.parametrize(
    ("subject", "values"),
    [
        (Subject.DRAW, NEW | {"rate_millionths": 2_001}),
        (Subject.DRAW, NEW | {"rate_millionths": -1}),
        (Subject.DRAW, NEW | {"rate_millionths": True}),
        (Subject.DRAW, NEW | {"rate_millionths": 0.5}),
        (Subject.DRAW, NEW | {"most_per_month": 6}),
        (Subject.DRAW, NEW | {"more": 1}),
        (Subject.DRAW, {"rate_millionths": 1}),
        (Subject.RETENTION, {"longest_days": 0}),
        (Subject.RETENTION, {"longest_days": 3_661}),
        (Subject.WORK, {"lease_minutes": 481, "from_hour": 8, "until_hour": 18, "networks": []}),
        (Subject.WORK, {"lease_minutes": 60, "from_hour": 24, "until_hour": 18, "networks": []}),
        (Subject.WORK, {"lease_minutes": 60, "from_hour": 8, "until_hour": 18, "networks": ["here"]}),
        (Subject.WORK, {"lease_minutes": 60, "from_hour": 8, "until_hour": 18, "networks": "10.0.0.0/8"}),
    ],
)
def test_no_agreement_goes_beyond_the_limits(
    house: KeptHouse, proposals: Proposals, officer: Person, subject: Subject, values: dict[str, Any]
) -> None:
    with pytest.raises(OversightError):
        proposals.propose(officer, subject, values, reason=WHY)
    assert (proposals.all(), house.entries()) == ((), [])


def test_nothing_is_approved_without_the_ledger(
    house: KeptHouse, proposals: Proposals, officer: Person, runner: Person, in_force: TermsInForce
) -> None:
    made = proposals.propose(officer, Subject.DRAW, NEW, reason=WHY)
    with house.without_ledger(), pytest.raises(LedgerError):
        proposals.decide(runner, made.proposal_id, is_approved=True, reason="Right.")
    assert proposals.find(made.proposal_id).state is ProposalState.PROPOSED
    assert in_force.draw("2027-01-01") is None


def test_a_limit_to_keeping_holds_for_what_people_chose_before_and_after(
    house: KeptHouse, proposals: Proposals, officer: Person, runner: Person, in_force: TermsInForce
) -> None:
    anna = house.enrolled("Anna", retention_seconds=30 * 86_400.0)
    consents = Consents(house.database, ledger=house.ledger, clock=house.clock, longest_seconds=in_force.longest_seconds)
    approved(proposals, officer, runner, Subject.RETENTION, {"longest_days": 3})
    before = consents.keeping(anna.person_id)
    house.clock.advance(days=1)
    after = consents.keeping(anna.person_id)
    assert before is not None
    assert after is not None
    assert (before.retention_seconds, after.retention_seconds) == (30 * 86_400.0, 3 * 86_400.0)
    with pytest.raises(PersonError, match="more than 3 days"):
        consents.decide(anna.person_id, Purpose.KEEP, is_given=True, way=Way.PAGE, retention_seconds=4 * 86_400.0)


def drawn_by(review: ReviewedHouse, person: Person, terms: DrawTerms) -> str:
    """The epoch of a day that drew by those terms."""
    review.epochs._agreed = lambda epoch: terms
    opened = review.epochs.open()
    review.say(person)
    review.epochs.draw(review.next_day())
    return opened.epoch


def test_the_audit_finds_a_day_that_drew_by_other_terms_than_were_agreed_on(
    house: KeptHouse, proposals: Proposals, officer: Person, runner: Person, in_force: TermsInForce
) -> None:
    review = reviewed(house)
    anna = review.reviewable()
    approved(proposals, officer, runner, Subject.DRAW, NEW)
    house.clock.advance(days=1)
    key = parse_verifier(house.ledger.verifier)
    agreed = in_force.draw("2026-03-03")
    assert agreed is not None
    for terms, is_found in ((agreed, False), (DrawTerms(), True)):
        house.clock.advance(minutes=5)
        found = evidence(review.epochs, drawn_by(review, anna, terms), ledger=house.ledger)
        assert recompute(found, log=key).terms == terms, "by itself the draw is as its terms say"
        entries = list(entries_of(house.ledger, until=found.proofs[1].index))
        if is_found:
            with pytest.raises(ReviewError, match="other terms"):
                check_against_ledger(found, entries)
        else:
            check_against_ledger(found, entries)
            alone = [
                (at, {**entry, "by": officer.alias} if entry["kind"] == "terms.approved" else entry) for at, entry in entries
            ]
            with pytest.raises(ReviewError, match="second person"):
                check_against_ledger(found, alone)


def test_terms_stay_in_force_for_days_to_come_until_newer_ones(
    house: KeptHouse, proposals: Proposals, officer: Person, runner: Person, in_force: TermsInForce
) -> None:
    approved(proposals, officer, runner, Subject.DRAW, NEW)
    house.clock.advance(days=10)
    approved(proposals, officer, runner, Subject.DRAW, NEW | {"rate_millionths": 0})
    day = (house.clock() + timedelta(days=1)).date().isoformat()
    older, newer = in_force.draw("2026-03-10"), in_force.draw(day)
    assert older is not None
    assert newer is not None
    assert (older.rate_millionths, newer.rate_millionths) == (1_000, 0)
