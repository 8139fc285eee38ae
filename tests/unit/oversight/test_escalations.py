"""What was flagged as disturbing: two people read it on record and decide the same, by a deadline; nothing is sent."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from earwitness.domain.account import AccountRole
from earwitness.domain.consent import Purpose
from earwitness.domain.errors import EarwitnessError, OversightError
from earwitness.domain.oversight import Escalation, EscalationOutcome
from earwitness.domain.recording import ReadPurpose, Selection
from earwitness.domain.review import ItemState
from earwitness.storage.review import review_items
from tests.houses_kept import PASSPHRASE
from tests.overseen_kept import OverseenHouse

DELETE, LABEL = EscalationOutcome.DELETE_OFFERED, EscalationOutcome.LABEL


def opened(made: OverseenHouse) -> Escalation:
    made.flag()
    (found,) = made.oversight.escalations.all()
    return found


def test_two_people_read_it_blanked_out_and_decide_and_its_person_is_told(made: OverseenHouse) -> None:
    turn_id = made.flag()
    (one,) = made.oversight.escalations.all()
    assert (one.turn_id, one.flagged_by, one.due_at - one.opened_at) == (turn_id, made.rita.alias, timedelta(hours=72))
    words = made.oversight.read_flagged(made.officer, one.escalation_id)
    assert words.transcript == "call ▇▇▇ and turn on the lamp"
    read = made.house.rights.listens(made.anna.person_id)[0]
    assert (read.actor.alias, read.purpose) == (made.officer.alias, ReadPurpose.ESCALATION)
    made.oversight.judge_flagged(made.officer, one.escalation_id, DELETE)
    assert made.oversight.escalations.find(one.escalation_id).outcome is None, "one alone decides nothing"
    made.oversight.judge_flagged(made.officer, one.escalation_id, DELETE)
    assert made.oversight.escalations.find(one.escalation_id).outcome is None, "nor one twice"
    made.oversight.read_flagged(made.lead, one.escalation_id)
    done = made.oversight.judge_flagged(made.lead, one.escalation_id, DELETE)
    assert done.outcome is DELETE
    (item,) = made.review.items.of(made.anna.person_id)
    assert "You can delete it" in item.thanks
    kinds = [one["kind"] for one in made.entries("escalation.")]
    assert kinds == ["escalation.opened", *["escalation.decided"] * 3, "escalation.closed"]
    with pytest.raises(OversightError, match="already"):
        made.oversight.judge_flagged(made.lead, one.escalation_id, LABEL)
    with pytest.raises(OversightError, match="already"):
        made.oversight.read_flagged(made.lead, one.escalation_id)


def test_who_did_not_read_it_or_flagged_it_or_works_elsewhere_decides_nothing(made: OverseenHouse) -> None:
    one = opened(made)
    for by in (made.officer, made.lead):
        with pytest.raises(OversightError, match="Read the words"):
            made.oversight.judge_flagged(by, one.escalation_id, LABEL)
    for by in (made.rita, made.owner, made.runner, made.anna):
        with pytest.raises(EarwitnessError):
            made.oversight.read_flagged(by, one.escalation_id)
    with pytest.raises(OversightError, match="not for people"):
        made.oversight.judge_flagged(made.officer, one.escalation_id, EscalationOutcome.GONE)


def test_those_who_differ_decide_nothing_until_one_changes_their_mind(made: OverseenHouse) -> None:
    one = opened(made)
    for by, outcome in ((made.officer, LABEL), (made.lead, DELETE)):
        made.oversight.read_flagged(by, one.escalation_id)
        assert made.oversight.judge_flagged(by, one.escalation_id, outcome).outcome is None
    done = made.oversight.judge_flagged(made.officer, one.escalation_id, DELETE)
    assert (done.outcome, {view.outcome for view in done.opinions}) == (DELETE, {DELETE})


def test_two_who_decide_just_then_close_it_once(made: OverseenHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    one, escalations = opened(made), made.oversight.escalations
    other = made.house.people.add("Ludwig", passphrase=PASSPHRASE, role=AccountRole.LEAD)
    for by in (made.officer, made.lead, other):
        made.oversight.read_flagged(by, one.escalation_id)
    made.oversight.judge_flagged(made.officer, one.escalation_id, DELETE)
    still_open = escalations.find(one.escalation_id)
    made.oversight.judge_flagged(made.lead, one.escalation_id, DELETE)
    with monkeypatch.context() as patched:
        patched.setattr(escalations, "find", lambda escalation_id: still_open)  # as it was before the other's decision
        with pytest.raises(OversightError, match="already"):
            made.oversight.judge_flagged(other, one.escalation_id, DELETE)
    assert len(made.entries("escalation.closed")) == 1
    assert len(made.entries("escalation.decided")) == 2


def test_a_review_that_ends_later_does_not_replace_what_two_people_told(made: OverseenHouse) -> None:
    made.flag()
    (item,) = made.review.items.of(made.anna.person_id)
    with made.house.database.writing() as connection:
        connection.execute(sa.update(review_items).values(state=ItemState.OFFERED.value, thanks=""))  # a second one is to judge
    (one,) = made.oversight.escalations.all()
    for by in (made.officer, made.lead):
        made.oversight.read_flagged(by, one.escalation_id)
        made.oversight.judge_flagged(by, one.escalation_id, EscalationOutcome.SUPPORT_OFFERED)
    made.review.items.reviewed(item.turn_id, thanks="It was understood.")
    (item,) = made.review.items.of(made.anna.person_id)
    assert (item.state, "helpline" in item.thanks) == (ItemState.REVIEWED, True)


ENDS: dict[str, Callable[[OverseenHouse, str], object]] = {
    "deleted": lambda made, turn_id: made.house.rights.erase_said(made.anna.person_id, Selection(turn_ids=(turn_id,))),
    "withdrawn": lambda made, turn_id: made.house.consent(made.anna, Purpose.REVIEW, is_given=False),
    "restricted": lambda made, turn_id: made.house.rights.restrict(made.anna.person_id),
}


@pytest.mark.parametrize("how", sorted(ENDS))
def test_what_the_person_decides_ends_it(made: OverseenHouse, how: str) -> None:
    turn_id = made.flag()
    (one,) = made.oversight.escalations.all()
    ENDS[how](made, turn_id)
    with pytest.raises(EarwitnessError):
        made.oversight.read_flagged(made.officer, one.escalation_id)
    made.oversight.look()
    assert made.oversight.escalations.find(one.escalation_id).outcome is EscalationOutcome.GONE
    assert made.entries("escalation.closed")[-1]["outcome"] == "gone"


def test_what_waits_too_long_is_told_once(made: OverseenHouse) -> None:
    one = opened(made)
    assert not one.is_overdue(made.house.clock())
    made.oversight.look()
    made.house.clock.advance(hours=72)
    assert one.is_overdue(made.house.clock())
    assert [news.person_id for news in made.oversight.look()] == [None]
    assert made.oversight.look() == ()
    assert len(made.entries("escalation.overdue")) == 1


def test_a_second_flag_of_the_same_turn_opens_no_second_escalation(made: OverseenHouse) -> None:
    one = opened(made)
    (judged,) = made.house.rights.recording(made.anna.person_id, one.turn_id).annotations
    made.oversight.escalations.flagged(one.turn_id, one.person_id, judged)
    assert len(made.oversight.escalations.all()) == len(made.entries("escalation.opened")) == 1
