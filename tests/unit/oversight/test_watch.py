"""What oversight notices by itself: suspensions, how drawn items ended, the limit to keeping; what is shown of it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from earwitness.domain.errors import AccessError, LedgerError, OversightError
from earwitness.domain.oversight import Subject
from earwitness.domain.person import Person
from earwitness.domain.recording import Selection
from earwitness.jobs.watch_review import WatchReview
from earwitness.ledger.log import Ledger
from earwitness.ledger.proof import Proof
from earwitness.oversight.sealed_words import GONE
from earwitness.oversight.seen import Seen
from earwitness.review.conduct import Rule
from tests.overseen_kept import OverseenHouse


def test_a_suspension_is_told_at_once_acknowledged_once_and_its_end_is_noted(made: OverseenHouse) -> None:
    made.desk.suspend(made.rita.alias, reason=Rule.SCRAPING.value)
    (news,) = made.oversight.look()
    assert (news.person_id, made.rita.alias in news.sentence) == (None, False)
    assert made.oversight.look() == ()
    (one,) = made.oversight.suspensions(made.officer)
    assert (one.reviewer, one.reason, one.acknowledged_by) == (made.rita.alias, Rule.SCRAPING.value, "")
    for by in (made.owner, made.runner, made.lead, made.anna):
        with pytest.raises(AccessError):
            made.oversight.suspensions(by)
        with pytest.raises(AccessError):
            made.oversight.acknowledge(by, one.alert_id, note="Seen.")
    done = made.oversight.acknowledge(made.officer, one.alert_id, note="I talked to Rita.")
    assert (done.acknowledged_by, done.note) == (made.officer.alias, "I talked to Rita.")
    with pytest.raises(OversightError):
        made.oversight.acknowledge(made.officer, one.alert_id, note="Again.")
    made.desk.reviewers.restore(made.rita.alias, by=made.lead.alias, why="It was a mistake.")
    (one,) = made.oversight.suspensions(made.officer)
    assert one.restored_at is not None
    kinds = [(entry["kind"], entry.get("rule")) for entry in made.entries("conduct.")]
    assert kinds == [("conduct.suspended", "scraping"), ("conduct.acknowledged", None), ("conduct.restored", None)]


def test_what_the_page_notices_first_is_said_in_the_house_all_the_same(made: OverseenHouse) -> None:
    made.desk.suspend(made.rita.alias, reason=Rule.SCRAPING.value)
    assert len(made.oversight.suspensions(made.officer)) == 1
    assert len(made.oversight.look()) == 1
    assert made.oversight.look() == ()


def test_what_fails_keeps_nothing_else_from_being_told(made: OverseenHouse) -> None:
    glass = made.oversight.ask(made.officer, reason="Danger.", turn_id=None, name="Anna", lasts=timedelta(hours=1))
    for by in (made.owner, made.runner):
        made.oversight.answer(by, glass.glass_id, is_approved=True)
    made.house.clock.advance(hours=2)
    made.desk.suspend(made.rita.alias, reason=Rule.SCRAPING.value)
    with made.house.without_ledger():
        (news,) = made.oversight.look()
    assert news.person_id == made.anna.person_id
    assert [one.person_id for one in made.oversight.look()] == [None], "the suspension follows once the ledger is back"
    assert len(made.entries("glass.expired")) == 1


def test_words_whose_key_is_gone_take_nothing_else_with_them(made: OverseenHouse) -> None:
    made.oversight.ask(made.officer, reason="Danger.", turn_id=None, name="Anna", lasts=timedelta(hours=1))
    made.house.vault.safe.discard(f"oversight/{made.anna.person_id}")
    (one,) = made.oversight.glasses.all()
    assert (one.reason, one.by) == (GONE, made.officer.alias)


def drawn(made: OverseenHouse, count: int) -> str:
    made.review.epochs.open()
    for _ in range(count):
        made.review.say(made.anna)
    epoch = made.review.next_day()
    made.review.epochs.draw(epoch)
    return epoch


def test_how_drawn_items_ended_is_in_the_ledger_once_and_names_nobody(made: OverseenHouse) -> None:
    epoch = drawn(made, 3)
    items = made.review.items.of(made.anna.person_id)
    made.review.items.veto(made.anna.person_id, items[0].item_id)
    made.oversight.look()
    made.house.rights.erase_said(made.anna.person_id, Selection(turn_ids=(items[1].turn_id,)))
    made.house.review.settle()
    made.oversight.look()
    made.oversight.look()
    found = made.entries("draw.settled")
    assert sorted(entry["state"] for entry in found) == ["gone", "vetoed"]
    assert {entry["epoch"] for entry in found} == {epoch}
    assert not any(items[0].turn_id in str(entry) or made.anna.person_id in str(entry) for entry in found)
    (day,) = made.oversight.seen.days()
    assert (day.able, day.drawn, day.ended) == (3, 3, {"vetoed": 1, "gone": 1})


def test_the_audit_of_a_day_is_recomputed_and_a_changed_list_is_found(made: OverseenHouse) -> None:
    epoch = drawn(made, 2)
    assert made.oversight.seen.audit_known(epoch) is None
    assert made.oversight.seen.audited(epoch) == made.oversight.seen.audit_known(epoch) == ""
    other = drawn(made, 2)
    with made.house.database.writing() as connection:
        connection.exec_driver_sql("UPDATE review_epochs SET seed = zeroblob(32) WHERE epoch = ?", (other,))
    assert "not as it was committed" in made.oversight.seen.audited(other)


def test_who_listened_is_counted_out_of_the_ledger(made: OverseenHouse) -> None:
    turn_id = made.flag()
    made.house.rights.recording(made.anna.person_id, turn_id)
    (one,) = made.oversight.escalations.all()
    made.oversight.read_flagged(made.officer, one.escalation_id)
    counted = {(row.purpose, row.role, row.by): row.openings for row in made.oversight.seen.listens()}
    assert counted[("escalation", "overseer", made.officer.alias)] == 1
    assert not any(role == "self" for _, role, _ in counted)


class Tearing:
    """A ledger that goes away once, in the midst of reading."""

    def __init__(self, ledger: Ledger, *, after: int) -> None:
        self._ledger = ledger
        self._after: int | None = after
        self.verifier = ledger.verifier

    def leaves(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        for number, leaf in enumerate(self._ledger.leaves(start, end)):
            if number == self._after:
                self._after = None
                raise LedgerError("The ledger is away.")
            yield leaf

    def proof(self, position: int) -> Proof:
        return self._ledger.proof(position)


def test_what_breaks_off_is_not_counted_twice_nor_taken_for_a_wrong_draw(made: OverseenHouse) -> None:
    made.flag()
    (one,) = made.oversight.escalations.all()
    made.oversight.read_flagged(made.officer, one.escalation_id)
    whole = made.oversight.seen.listens()
    (day,) = made.oversight.seen.days()
    torn = Seen(made.review.epochs, ledger=Tearing(made.house.ledger, after=made.house.ledger.size() - 1))
    with pytest.raises(LedgerError):
        torn.listens()
    assert torn.listens() == whole
    torn = Seen(made.review.epochs, ledger=Tearing(made.house.ledger, after=0))
    with pytest.raises(LedgerError):
        torn.audited(day.epoch)
    assert torn.audited(day.epoch) == ""


def test_a_limit_to_keeping_shortens_what_is_kept_already(made: OverseenHouse) -> None:
    proposal = made.oversight.propose(made.officer, Subject.RETENTION, {"longest_days": 1}, reason="Less is enough.")
    turn_id = made.house.keep(made.anna)
    made.oversight.decide(made.runner, proposal.proposal_id, is_approved=True, reason="Yes.")
    made.oversight.look()
    assert made.house.rights.recording(made.anna.person_id, turn_id).expires_at > made.house.clock() + timedelta(days=2)
    made.house.clock.advance(hours=12, minutes=1)
    made.oversight.look()
    kept = made.house.rights.recording(made.anna.person_id, turn_id)
    assert kept.expires_at == kept.began_at + timedelta(days=1)


class Page:
    """Somebody's open page, as far as the job knows it."""

    def __init__(self, person: Person) -> None:
        self.person: Person | None = person
        self.noticed: list[str] = []

    def notice(self, text: str, *, is_aloud: bool) -> None:
        self.noticed.append(text)


async def test_the_job_tells_the_house_and_the_page_of_whom_it_is_about(made: OverseenHouse) -> None:
    glass = made.oversight.ask(made.officer, reason="Danger.", turn_id=None, name="Anna", lasts=timedelta(hours=1))
    for by in (made.owner, made.runner):
        made.oversight.answer(by, glass.glass_id, is_approved=True)
    said: list[str] = []
    pages = [Page(made.anna), Page(made.owner)]

    async def say(sentence: str) -> None:
        said.append(sentence)

    await WatchReview(made.oversight.look, say=say, sessions=lambda: pages).look()
    assert len(said) == 1
    assert "Anna" not in said[0]
    assert [page.noticed for page in pages] == [said, []]
