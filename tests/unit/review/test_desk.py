"""The desk and the porter on a real house: what a reviewer gets, on record, once, blanked out; and what ends it at once."""

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from earwitness.domain.consent import Purpose
from earwitness.domain.errors import AccessError, LedgerError, ReviewError
from earwitness.domain.person import Person
from earwitness.domain.recording import Actor, Role, Selection
from earwitness.domain.review import Annotation, ItemState, Label
from earwitness.review.desk import MOST_A_DAY, MOST_LEASES, Desk, Lease, annotation_id_of
from earwitness.review.porter import week_of
from earwitness.storage import database
from tests.houses_kept import NOON, KeptHouse, kept_house
from tests.reviewed_kept import ReviewedHouse, reviewed

RITA = Actor(actor_id="rita", alias="calm-otter-2222", role=Role.REVIEWER)
ROB = Actor(actor_id="rob", alias="keen-heron-3333", role=Role.REVIEWER)
HERE, ELSEWHERE = "1" * 32, "2" * 32
SAID = "call Marguerite and turn on the lamp"
JUDGED: dict[str, Any] = {
    "transcript": "turn on the lamp",
    "intent": "HassTurnOn",
    "slots": {"name": "lamp"},
    "labels": ["unclear"],
}


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeptHouse]:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    with kept_house(tmp_path) as made:
        yield made


@pytest.fixture
def review(house: KeptHouse) -> ReviewedHouse:
    made = reviewed(house)
    for reviewer in (RITA, ROB):
        house.review.desk.passed(reviewer.alias)
    return made


@pytest.fixture
def anna(review: ReviewedHouse) -> Person:
    return review.reviewable()


@pytest.fixture
def desk(house: KeptHouse) -> Desk:
    return house.review.desk


def offer(review: ReviewedHouse, person: Person, *texts: str) -> list[str]:
    """The ids of turns that were drawn and lie on the desk."""
    review.epochs.open()
    turn_ids = [review.say(person, text) for text in texts or (SAID,)]
    review.epochs.draw(review.next_day())
    review.house.clock.advance(days=1, minutes=1)
    review.house.review.settle()
    return turn_ids


def leased(desk: Desk, reviewer: Actor = RITA) -> Lease:
    found = desk.begin(reviewer, sign_in_id=HERE)
    assert found is not None
    return found


def test_a_reviewer_reads_blanked_out_words_and_the_person_sees_that(review: ReviewedHouse, anna: Person, desk: Desk) -> None:
    (turn_id,) = offer(review, anna)
    lease = leased(desk)
    _, words = desk.open(RITA, lease.lease_id, sign_in_id=HERE)
    assert words.transcript == "call ▇▇▇ and turn on the lamp"
    assert (words.intent, words.slots) == ("HassTurnOn", (("name", "Lamp"),))
    (read,) = review.house.rights.listens(anna.person_id)
    assert (read.turn_id, read.actor.alias, read.purpose.value, read.medium.value) == (turn_id, RITA.alias, "review", "text")
    (entry,) = review.house.entries("read.opened")
    assert (entry["recording"], entry["by"]) == (turn_id, RITA.alias)


def test_a_task_says_no_more_of_when_than_the_week_and_links_to_no_other(review: ReviewedHouse, anna: Person, desk: Desk) -> None:
    offer(review, anna, SAID, SAID)
    first = leased(desk)
    desk.hand_back(RITA, first.lease_id, sign_in_id=HERE)
    second = leased(desk)
    assert first.week == week_of(NOON + timedelta(days=1)) == "2026-W10"
    assert first.pseudonym != second.pseudonym
    told = repr((first, second))
    known = (anna.person_id, anna.alias, "Anna", *(item.item_id for item in review.items.of(anna.person_id)))
    assert not any(one in told for one in known)


def test_nothing_is_decrypted_if_the_ledger_cannot_take_it(review: ReviewedHouse, anna: Person, desk: Desk) -> None:
    offer(review, anna)
    lease = leased(desk)
    with review.house.without_ledger(), pytest.raises(LedgerError):
        desk.open(RITA, lease.lease_id, sign_in_id=HERE)
    assert review.house.rights.listens(anna.person_id) == ()


def test_a_judgement_lies_with_what_was_judged_and_goes_with_it(review: ReviewedHouse, anna: Person, desk: Desk) -> None:
    (turn_id,) = offer(review, anna)
    desk.judge(RITA, leased(desk).lease_id, sign_in_id=HERE, body=JUDGED)
    (item,) = review.items.of(anna.person_id)
    assert (item.state, bool(item.thanks)) == (ItemState.REVIEWED, True)
    recording = review.house.rights.recording(anna.person_id, turn_id)
    (judged,) = recording.annotations
    assert (judged.by, judged.transcript, judged.labels) == (RITA.alias, "turn on the lamp", frozenset({Label.UNCLEAR}))
    assert recording.turn.transcript == SAID, "the person's own words stay"
    (entry,) = review.house.entries("annotated")
    assert (entry["recording"], entry["by"], entry["labels"]) == (turn_id, RITA.alias, ["unclear"])
    assert desk.begin(ROB, sign_in_id=HERE) is None, "it is done"
    review.house.rights.erase_said(anna.person_id, Selection(turn_ids=(turn_id,)))
    review.house.vault.eraser.sweep()
    desk_file = sqlite3.connect(review.house.folder / "desk" / "desk.db")
    assert desk_file.execute("SELECT count(*) FROM annotations").fetchone() == (0,)
    desk_file.close()


def veto(review: ReviewedHouse, person: Person) -> None:
    review.items.veto(person.person_id, review.items.of(person.person_id)[0].item_id)


ENDS: dict[str, Callable[[ReviewedHouse, Person], object]] = {
    "veto": veto,
    "withdrawal": lambda review, person: review.house.consent(person, Purpose.REVIEW, is_given=False),
    "deletion": lambda review, person: review.house.rights.erase_said(person.person_id, Selection(is_all=True)),
    "restriction": lambda review, person: review.house.rights.restrict(person.person_id),
    "leaving": lambda review, person: review.house.rights.erase_person(person.person_id),
}


@pytest.mark.parametrize("how", sorted(ENDS))
def test_what_the_person_decides_ends_an_open_lease_at_once(how: str, review: ReviewedHouse, anna: Person, desk: Desk) -> None:
    offer(review, anna)
    lease = leased(desk)
    desk.open(RITA, lease.lease_id, sign_in_id=HERE)
    ENDS[how](review, anna)
    with pytest.raises(ReviewError, match="over"):
        desk.open(RITA, lease.lease_id, sign_in_id=HERE)
    with pytest.raises(ReviewError, match="over"):
        desk.judge(RITA, lease.lease_id, sign_in_id=HERE, body=JUDGED)
    review.house.review.settle()
    assert desk.begin(RITA, sign_in_id=HERE) is None
    assert desk.open_tasks() == frozenset()


def test_a_lease_is_one_reviewers_in_one_sign_in_and_for_a_while(review: ReviewedHouse, anna: Person, desk: Desk) -> None:
    offer(review, anna)
    lease = leased(desk)
    assert leased(desk) == lease, "the one that is there already"
    assert desk.begin(ROB, sign_in_id=HERE) is None
    for actor, sign_in in ((ROB, HERE), (RITA, ELSEWHERE)):
        with pytest.raises(ReviewError):
            desk.open(actor, lease.lease_id, sign_in_id=sign_in)
    review.house.clock.advance(minutes=61)
    with pytest.raises(ReviewError):
        desk.open(RITA, lease.lease_id, sign_in_id=HERE)
    assert desk.begin(ROB, sign_in_id=HERE) is not None, "somebody else gets it"


def test_no_lease_lasts_longer_than_eight_hours(review: ReviewedHouse, anna: Person, house: KeptHouse) -> None:
    offer(review, anna)
    greedy = Desk(house.review.desk._database, porter=house.review.porter, clock=house.clock, lease_seconds=lambda: 10**6)
    assert leased(greedy).ends_at == house.clock() + timedelta(hours=8)


def test_the_same_judgement_handed_in_again_counts_once_and_another_does_not(
    review: ReviewedHouse, anna: Person, desk: Desk
) -> None:
    """As after a crash on the way: whoever was told nothing hands in again."""
    (turn_id,) = offer(review, anna)
    lease = leased(desk)
    (item,) = review.house.review.items.offered()
    once = Annotation(
        annotation_id=annotation_id_of(lease.lease_id, JUDGED),
        by=RITA.alias,
        made_at=review.house.clock(),
        transcript="turn on the lamp",
        intent="HassTurnOn",
    )
    review.house.vault.door.annotate(RITA, turn_id, once)
    desk.judge(RITA, lease.lease_id, sign_in_id=HERE, body=JUDGED)
    assert len(review.house.rights.recording(anna.person_id, turn_id).annotations) == 1
    assert len(review.house.entries("annotated")) == 1
    assert review.items.one(anna.person_id, item.item_id).state is ItemState.REVIEWED
    assert annotation_id_of(lease.lease_id, {**JUDGED, "intent": None}) != once.annotation_id


def test_what_was_handed_back_comes_to_somebody_else(review: ReviewedHouse, anna: Person, desk: Desk) -> None:
    offer(review, anna)
    desk.hand_back(RITA, leased(desk).lease_id, sign_in_id=HERE)
    assert desk.begin(RITA, sign_in_id=HERE) is None
    assert desk.begin(ROB, sign_in_id=HERE) is not None


def test_what_is_delayed_while_it_lies_on_the_desk_comes_back(review: ReviewedHouse, anna: Person, desk: Desk) -> None:
    offer(review, anna)
    (item,) = review.items.of(anna.person_id)
    review.items.delay(anna.person_id, item.item_id, until=review.house.clock() + timedelta(days=3))
    review.house.review.settle()
    assert desk.open_tasks() == frozenset()
    review.house.clock.advance(days=3)
    review.house.review.settle()
    assert desk.open(RITA, leased(desk).lease_id, sign_in_id=HERE)[1].intent == "HassTurnOn"


def test_what_was_judged_does_not_come_back(review: ReviewedHouse, anna: Person, desk: Desk) -> None:
    offer(review, anna)
    lease = leased(desk)
    desk.judge(RITA, lease.lease_id, sign_in_id=HERE, body=JUDGED)
    desk.add(lease.task_id, week=lease.week)
    assert desk.open_tasks() == frozenset()


def test_what_is_withdrawn_while_a_judgement_comes_in_keeps_no_word_of_it(
    review: ReviewedHouse, anna: Person, house: KeptHouse
) -> None:
    """The withdrawal lands between the look at the lease and the writing, which is when a clock is asked for the time of it."""
    offer(review, anna)
    lease, moments = leased(house.review.desk), 0

    def clock() -> datetime:
        nonlocal moments
        moments += 1
        if moments == 2:
            house.review.desk.withdraw(lease.task_id)
        return house.clock()

    late = Desk(house.review.desk._database, porter=house.review.porter, clock=clock)
    with pytest.raises(ReviewError, match="over"):
        late.judge(RITA, lease.lease_id, sign_in_id=HERE, body=JUDGED)
    assert moments >= 2
    desk_file = sqlite3.connect(house.folder / "desk" / "desk.db")
    assert desk_file.execute("SELECT count(*) FROM annotations").fetchone() == (0,)
    desk_file.close()


def test_no_number_of_sign_ins_gets_more_than_three_tasks_at_a_time(review: ReviewedHouse, anna: Person, desk: Desk) -> None:
    offer(review, anna, *[SAID] * (MOST_LEASES + 1))
    begun = [desk.begin(RITA, sign_in_id=str(number) * 32) for number in range(MOST_LEASES)]
    first = begun[0]
    assert first is not None
    with pytest.raises(AccessError, match="enough"):
        desk.begin(RITA, sign_in_id="9" * 32)
    assert desk.begin(ROB, sign_in_id=HERE) is not None, "others still get theirs"
    desk.judge(RITA, first.lease_id, sign_in_id="0" * 32, body=JUDGED)
    assert desk.begin(RITA, sign_in_id="9" * 32) is None, "allowed again; none is left"


def test_who_did_not_pass_the_test_gets_nothing(review: ReviewedHouse, anna: Person, desk: Desk) -> None:
    offer(review, anna)
    with pytest.raises(AccessError, match="test"):
        desk.begin(Actor(actor_id="new", alias="new-newt-4444", role=Role.REVIEWER), sign_in_id=HERE)


def test_a_day_has_an_end(review: ReviewedHouse, anna: Person, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_A_DAY == 150
    monkeypatch.setattr("earwitness.review.desk.MOST_A_DAY", 2)
    offer(review, anna, SAID, SAID, SAID)
    for _ in range(2):
        desk.judge(RITA, leased(desk).lease_id, sign_in_id=HERE, body=JUDGED)
    with pytest.raises(AccessError, match="enough"):
        desk.begin(RITA, sign_in_id=HERE)
    assert desk.progress(RITA.alias).judged == 2


def test_opening_one_task_again_and_again_suspends_at_once(
    house: KeptHouse, review: ReviewedHouse, anna: Person, desk: Desk
) -> None:
    offer(review, anna, SAID, SAID)
    lease = leased(desk)
    for _ in range(8):
        desk.open(RITA, lease.lease_id, sign_in_id=HERE)
    with pytest.raises(AccessError, match="suspended"):
        desk.open(RITA, lease.lease_id, sign_in_id=HERE)
    ((who, why, _),) = desk.suspended()
    assert (who, why) == (RITA.alias, "opened one task again and again")
    assert len(review.house.rights.listens(anna.person_id)) == 8
    desk.reviewers.restore(RITA.alias, by="lead", why="a page that was loaded again and again")
    assert desk.suspended() == ()
    (told,) = desk.reviewers.suspensions()
    assert (told.reason, told.ended_by, told.ended_why) == (why, "lead", "a page that was loaded again and again")
    assert desk.open(RITA, leased(desk).lease_id, sign_in_id=HERE), "what was pardoned counts no more"
    log = sqlite3.connect(house.folder / "desk" / "desk.db")
    assert log.execute("SELECT count(*) FROM access WHERE what = 'opened'").fetchone() == (10,), "and is still there"
    log.close()


def test_a_stolen_desk_says_nothing_of_anybody(review: ReviewedHouse, anna: Person, desk: Desk) -> None:
    """Its whole folder, while leases and judgements are under way: no name, no id of a person or recording, no word, no key."""
    turn_ids = offer(review, anna, SAID, "tell Konstantin that I am at home")
    lease = leased(desk)
    desk.open(RITA, lease.lease_id, sign_in_id=HERE)
    with review.house.without_ledger(), pytest.raises(LedgerError):
        desk.judge(RITA, lease.lease_id, sign_in_id=HERE, body=JUDGED)
    stolen = b"".join(path.read_bytes() for path in (review.house.folder / "desk").iterdir())
    items = review.items.of(anna.person_id)
    secret = [
        *turn_ids,
        anna.person_id,
        anna.alias,
        "Anna",
        "Marguerite",
        "Konstantin",
        "turn on the lamp",
        *(item.item_id for item in items),
    ]
    assert not [
        one for one in secret if one.encode() in stolen or (re.fullmatch("[0-9a-f]{32}", one) and bytes.fromhex(one) in stolen)
    ]
    found = sqlite3.connect(review.house.folder / "desk" / "desk.db")
    columns = {row[1] for table in _tables(found) for row in found.execute(f"PRAGMA table_info({table})")}
    found.close()
    assert not columns & {"person_id", "turn_id", "item_id", "name", "device_id", "area", "key", "wrapped", "seed", "epoch"}
    household = (review.house.folder / "household.db").read_bytes() + (review.house.folder / "household.db-wal").read_bytes()
    assert lease.task_id.encode() not in household
    assert bytes.fromhex(lease.task_id) not in household, "nor do both databases together say which is which, without the keys"


def _tables(found: sqlite3.Connection) -> list[str]:
    return [row[0] for row in found.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")]


def test_the_words_of_a_task_are_json_of_allowed_fields_alone(review: ReviewedHouse, anna: Person, desk: Desk) -> None:
    offer(review, anna)
    _, words = desk.open(RITA, leased(desk).lease_id, sign_in_id=HERE)
    assert set(words.__slots__) == {"transcript", "intent", "slots", "outcome"}
    json.dumps([words.transcript, words.intent, dict(words.slots), words.outcome])
