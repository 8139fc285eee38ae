"""Epochs on a real house: the seed is committed before anything, the list before the seed is shown, and all of it recomputes."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from earwitness.domain.account import AccountRole
from earwitness.domain.consent import Purpose, Way
from earwitness.domain.errors import LedgerError, ReviewError
from earwitness.domain.recording import Selection
from earwitness.domain.review import DrawTerms, Excluded, Lot
from earwitness.ledger.note import parse_verifier
from earwitness.review import audit, sample
from earwitness.review.audit import Evidence
from earwitness.review.evidence import entries_of, evidence
from earwitness.storage import database
from earwitness.storage.household import consents
from earwitness.storage.review import review_epochs, review_kept
from tests.houses_kept import NOON, PASSPHRASE, KeptHouse, kept_house
from tests.reviewed_kept import ReviewedHouse, reviewed


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeptHouse]:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    with kept_house(tmp_path) as made:
        yield made


@pytest.fixture
def review(house: KeptHouse) -> ReviewedHouse:
    return reviewed(house)


def reasons(review: ReviewedHouse, epoch: str) -> dict[str, Excluded | None]:
    found = review.epochs.find(epoch)
    assert found is not None
    assert found.lots is not None
    return {lot.recording: lot.excluded for lot in found.lots}


def test_the_seed_is_committed_before_and_shown_after(review: ReviewedHouse) -> None:
    anna = review.reviewable()
    review.epochs.open()
    (opened,) = review.house.entries("draw.opened")
    assert "seed" not in opened
    turn_id = review.say(anna)
    assert review.epochs.draw(review.next_day()) == (turn_id,)
    kinds = [entry["kind"] for entry in review.house.entries() if entry["kind"].startswith(("draw", "kept"))]
    assert kinds == ["draw.opened", "kept", "draw.list", "draw.made"]
    (made,) = review.house.entries("draw.made")
    assert sample.seed_digest(bytes.fromhex(made["seed"])) == opened["seed_sha256"]
    assert [item.turn_id for item in review.items.of(anna.person_id)] == [turn_id]


def test_the_seed_lies_sealed_until_the_draw(review: ReviewedHouse) -> None:
    review.epochs.open()
    with review.house.database.reading() as connection:
        stored = connection.execute(sa.select(review_epochs.c.seed)).scalar_one()
    epoch = review.next_day()
    review.epochs.draw(epoch)
    found = review.epochs.find(epoch)
    assert found is not None
    assert found.seed is not None
    assert found.seed not in stored


def test_what_was_kept_before_the_seed_was_committed_cannot_be_drawn(review: ReviewedHouse) -> None:
    anna = review.reviewable()
    review.say(anna)
    review.epochs.open()
    later = review.say(anna)
    assert review.epochs.draw(review.next_day()) == (later,)


def test_who_did_not_consent_was_not_woken_or_is_a_child_cannot_be_drawn(review: ReviewedHouse) -> None:
    house, anna = review.house, review.reviewable()
    ben = house.enrolled("Ben")
    child = house.people.add("Cleo", passphrase=PASSPHRASE, role=AccountRole.CHILD, guardian_id=anna.person_id)
    for purpose in (Purpose.KEEP, Purpose.REVIEW):
        house.rights.decide(child.person_id, purpose, is_given=True, way=Way.PAGE, by=anna.person_id)
    review.epochs.open()
    expected: dict[str, Excluded | None] = {
        review.say(anna): None,
        review.say(anna, is_woken=False): Excluded.NOT_WOKEN,
        review.say(ben): Excluded.NO_CONSENT_THEN,
        review.say(child): Excluded.CHILD,
    }
    epoch = review.next_day()
    drawn = review.epochs.draw(epoch)
    assert reasons(review, epoch) == expected
    assert [expected[one] for one in drawn] == [None]


def test_of_who_agreed_to_a_text_of_one_reader_alone_nothing_is_drawn_until_they_agree_anew(review: ReviewedHouse) -> None:
    anna = review.reviewable()
    with review.house.database.writing() as connection:
        connection.execute(sa.update(consents).where(consents.c.purpose == Purpose.REVIEW.value).values(text_version=3))
    review.epochs.open()
    before = review.say(anna)
    review.house.consent(anna, Purpose.REVIEW)
    after = review.say(anna)
    assert review.epochs.draw(review.next_day()) == (after,)
    assert reasons(review, sample.epoch_of(NOON))[before] is Excluded.NO_CONSENT_THEN


def test_a_consent_that_was_withdrawn_in_between_does_not_count_even_if_given_again(review: ReviewedHouse) -> None:
    anna = review.reviewable()
    review.epochs.open()
    turn_id = review.say(anna)
    review.house.clock.advance(minutes=1)
    review.house.consent(anna, Purpose.REVIEW, is_given=False)
    review.house.clock.advance(minutes=1)
    review.house.consent(anna, Purpose.REVIEW)
    epoch = review.next_day()
    assert review.epochs.draw(epoch) == ()
    assert reasons(review, epoch) == {turn_id: Excluded.NO_CONSENT_NOW}


def test_what_was_deleted_or_restricted_in_between_is_not_drawn(review: ReviewedHouse) -> None:
    anna, house = review.reviewable(), review.house
    review.epochs.open()
    deleted, restricted = review.say(anna), review.say(anna)
    house.rights.erase_said(anna.person_id, Selection(turn_ids=(deleted,)))
    house.rights.restrict(anna.person_id, turn_id=restricted)
    epoch = review.next_day()
    assert review.epochs.draw(epoch) == ()
    assert reasons(review, epoch) == {deleted: Excluded.GONE, restricted: Excluded.RESTRICTED}


def test_of_a_history_that_was_deleted_nothing_is_drawn_also_before_the_sweep(review: ReviewedHouse) -> None:
    anna = review.reviewable()
    review.epochs.open()
    turn_id = review.say(anna)
    review.house.rights.erase_said(anna.person_id, Selection(is_all=True))
    epoch = review.next_day()
    assert review.epochs.draw(epoch) == ()
    assert reasons(review, epoch) == {turn_id: Excluded.GONE}


def test_of_somebody_who_left_nothing_is_drawn_and_nothing_says_who(review: ReviewedHouse) -> None:
    anna, house = review.reviewable(), review.house
    ben = review.reviewable("Ben")
    review.epochs.open()
    turn_id = review.say(ben)
    house.rights.erase_person(ben.person_id)
    with house.database.reading() as connection:
        assert connection.execute(sa.select(review_kept.c.person_id)).scalars().all() == [None]
    epoch = review.next_day()
    assert review.epochs.draw(epoch) == ()
    assert reasons(review, epoch) == {turn_id: Excluded.GONE}
    assert review.items.of(anna.person_id) == ()


def test_a_persons_share_of_a_month_is_kept_across_its_days(house: KeptHouse) -> None:
    review = reviewed(house, terms=DrawTerms(rate_millionths=1_000_000, doubtful_thousandths=0, most_per_month=3))
    anna, counts = review.reviewable(), []
    for _ in range(3):
        review.epochs.open()
        review.say(anna)
        review.say(anna)
        counts.append(len(review.epochs.draw(review.next_day())))
    assert counts == [2, 1, 0]
    house.clock.advance(days=30)
    review.epochs.open()
    review.say(anna)
    assert len(review.epochs.draw(review.next_day())) == 1, "another month"


def test_a_day_draws_once_and_not_before_it_is_over(review: ReviewedHouse) -> None:
    epoch = review.epochs.open().epoch
    with pytest.raises(ReviewError):
        review.epochs.draw(epoch)
    assert review.epochs.due() == []
    review.next_day()
    assert review.epochs.due() == [epoch]
    review.epochs.draw(epoch)
    assert review.epochs.due() == []
    with pytest.raises(ReviewError):
        review.epochs.draw(epoch)


def test_without_the_ledger_no_day_begins_and_none_draws(review: ReviewedHouse) -> None:
    anna = review.reviewable()
    with review.house.without_ledger(), pytest.raises(LedgerError):
        review.epochs.open()
    review.say(anna)
    review.epochs.open()
    turn_id = review.say(anna)
    epoch = review.next_day()
    with review.house.without_ledger(), pytest.raises(LedgerError):
        review.epochs.draw(epoch)
    assert review.items.of(anna.person_id) == ()
    assert review.epochs.draw(epoch) == (turn_id,)
    assert len({entry["seed_sha256"] for entry in review.house.entries("draw.opened")}) == 1
    assert len({entry["root"] for entry in review.house.entries("draw.list")}) == 1


def test_two_processes_open_one_day_with_one_seed(review: ReviewedHouse) -> None:
    other = reviewed(review.house)
    assert review.epochs.open() == other.epochs.open()
    assert len(review.house.entries("draw.opened")) == 1


# The audit


def made(review: ReviewedHouse) -> Evidence:
    anna, ben = review.reviewable(), review.house.enrolled("Ben")
    review.epochs.open()
    for person in (anna, anna, ben):
        review.say(person)
    epoch = review.next_day()
    review.epochs.draw(epoch)
    return evidence(review.epochs, epoch, ledger=review.house.ledger)


def test_an_audit_finds_what_could_and_what_could_not_be_drawn(review: ReviewedHouse) -> None:
    found = audit.read_evidence(json.dumps(made(review).as_json()).encode())
    verifier = parse_verifier(review.house.ledger.verifier)
    told = audit.recompute(found, log=verifier)
    assert (told.kept, told.able, len(told.drawn), dict(told.excluded)) == (3, 2, 2, {Excluded.NO_CONSENT_THEN: 1})
    assert audit.check_against_ledger(found, entries_of(review.house.ledger, until=found.proofs[1].index)) == 0


def test_an_audit_finds_every_kind_of_cheating(review: ReviewedHouse) -> None:
    honest, verifier = made(review), parse_verifier(review.house.ledger.verifier)
    opened, listed, done = honest.proofs
    first = honest.lots[0]
    cheats = [
        replace(honest, seed=bytes(32)),
        replace(honest, lots=honest.lots[1:]),
        replace(honest, lots=(*honest.lots, replace(first, recording="0" * 32))),
        replace(honest, lots=(replace(first, room=first.room + 1), *honest.lots[1:])),
        replace(honest, lots=(*honest.lots[1:], replace(first, excluded=Excluded.CHILD if first.excluded is None else None))),
        replace(honest, proofs=(listed, opened, done)),
        replace(honest, proofs=(opened, listed)),
        replace(honest, epoch="2026-03-09"),
    ]
    for cheat in cheats:
        with pytest.raises(ReviewError, match="not as it was committed"):
            audit.recompute(cheat, log=verifier)


def test_an_audit_finds_a_second_seed_and_a_recording_that_never_was(review: ReviewedHouse) -> None:
    found = made(review)
    entries = list(entries_of(review.house.ledger, until=found.proofs[1].index))
    second = {"kind": "draw.opened", "epoch": found.epoch, "seed_sha256": sample.seed_digest(bytes(32))}
    with pytest.raises(ReviewError, match="second seed"):
        audit.check_against_ledger(found, [(0, second), *entries])
    invented = Lot(recording="0" * 32, speaker="0" * 16, room=1, is_doubtful=False)
    with pytest.raises(ReviewError, match="not kept between"):
        audit.check_against_ledger(replace(found, lots=(*found.lots, invented)), entries)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"epoch":"x","seed":"zz","lots":[],"proofs":[]}', b'{"lots":3}', b"\xff"])
def test_what_is_no_evidence_is_refused(data: bytes) -> None:
    with pytest.raises(ReviewError):
        audit.read_evidence(data)


def test_what_is_kept_around_midnight_belongs_to_the_day_in_which_it_was_noted(review: ReviewedHouse) -> None:
    anna = review.reviewable()
    review.epochs.open()
    review.house.clock.advance(hours=11, minutes=59)
    late = review.say(anna)
    review.house.clock.advance(minutes=2)
    assert review.epochs.due() == [], "two minutes of grace"
    review.house.clock.advance(minutes=2)
    (epoch,) = review.epochs.due()
    assert review.epochs.draw(epoch) == (late,)
