"""Two who judge one task: it counts when they agree, else the lead decides; no word of it stays at the desk."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from earwitness.domain.errors import AccessError, NetworkError, ReviewError
from earwitness.domain.recording import Actor
from earwitness.domain.review import Settled
from earwitness.review.adjudication import Adjudication
from earwitness.review.desk import Desk, DeskTerms
from earwitness.review.task_rows import PLACE_BITS
from earwitness.storage.desk import metadata, tasks
from tests.desk_alone import ANN, BEN, HERE, LEAD, RIGHT, AloneDesk, alone_desk, reviewer

CAT = reviewer("shy-wren-5555")


@pytest.fixture
def made(tmp_path: Path) -> Iterator[AloneDesk]:
    """A desk on which everything is judged twice."""
    found = alone_desk(tmp_path, terms=DeskTerms(double_share=1.0))
    with closing(found.database):
        yield found


def settled(made: AloneDesk, task_id: str) -> list[Settled]:
    return [one.settled for one in made.porter.kept[task_id]]


def test_two_who_agree_close_a_task_and_neither_gets_it_twice(made: AloneDesk) -> None:
    (task_id,) = made.tasks(1)
    made.judge(ANN)
    assert made.desk.open_tasks() == {task_id}, "it waits for a second one"
    assert made.desk.begin(ANN, sign_in_id=HERE) is None
    made.judge(BEN, transcript="Turn on the lamp.")
    assert settled(made, task_id) == [Settled.OPEN, Settled.AGREED]
    assert made.desk.open_tasks() == frozenset()
    assert made.adjudication.waiting(LEAD.alias) == ()


def test_where_they_differ_the_lead_decides_and_is_not_told_who_said_what(made: AloneDesk) -> None:
    (task_id,) = made.tasks(1)
    made.judge(ANN)
    made.judge(BEN, intent="HassTurnOff")
    assert made.desk.open_tasks() == {task_id}, "whoever spoke can still take it back"
    (dispute,) = made.adjudication.waiting(LEAD.alias)
    assert dispute.judgements == 2
    sides = made.adjudication.open(LEAD, task_id)
    assert {one.intent for one in sides.sides} == {"HassTurnOn", "HassTurnOff"}
    assert made.porter.opened[-1] == (LEAD.alias, task_id), "on record"
    made.adjudication.decide(LEAD, task_id, {**RIGHT, "intent": "HassTurnOff"})
    assert settled(made, task_id) == [Settled.OPEN, Settled.OPEN, Settled.ADJUDICATED]
    assert made.adjudication.waiting(LEAD.alias) == ()
    with pytest.raises(ReviewError, match="settled"):
        made.adjudication.decide(LEAD, task_id, RIGHT)
    ann, ben = made.desk.quality.report().workers
    assert ((ann.decided, ann.upheld), (ben.decided, ben.upheld)) == ((1, 0), (1, 1))


def test_a_disputed_task_goes_to_no_third_reviewer(made: AloneDesk) -> None:
    made.tasks(1)
    made.judge(ANN)
    made.judge(BEN, intent=None)
    made.desk.passed(CAT.alias)
    assert made.desk.begin(CAT, sign_in_id=HERE) is None


def test_nobody_decides_about_their_own_judgement(made: AloneDesk) -> None:
    (task_id,) = made.tasks(1)
    made.desk.passed(LEAD.alias)
    made.judge(LEAD)
    made.judge(BEN, intent=None)
    assert made.adjudication.waiting(LEAD.alias) == ()
    with pytest.raises(ReviewError):
        made.adjudication.open(LEAD, task_id)
    assert len(made.adjudication.waiting("other-lead-6666")) == 1


def test_a_second_judgement_that_never_comes_is_the_leads_after_three_days(made: AloneDesk) -> None:
    (task_id,) = made.tasks(1)
    made.judge(ANN)
    made.pass_time(days=2)
    assert made.adjudication.waiting(LEAD.alias) == ()
    made.pass_time(days=1, minutes=1)
    (one,) = made.adjudication.waiting(LEAD.alias)
    assert one.judgements == 1
    made.adjudication.decide(LEAD, task_id, RIGHT)
    assert settled(made, task_id) == [Settled.OPEN, Settled.ADJUDICATED]


def test_with_one_reviewer_nothing_waits_for_a_second(made: AloneDesk) -> None:
    made.desk.suspend(BEN.alias, reason="for the test")
    (task_id,) = made.tasks(1)
    made.judge(ANN)
    assert settled(made, task_id) == [Settled.ALONE]


def test_what_is_withdrawn_leaves_nothing_of_its_judgements(made: AloneDesk) -> None:
    (task_id,) = made.tasks(1)
    made.judge(ANN)
    made.judge(BEN, intent=None)
    made.desk.withdraw(task_id)
    assert made.adjudication.waiting(LEAD.alias) == ()
    report = made.desk.quality.report()
    assert (report.overall.tasks, report.pairs) == (0, ())


def test_no_word_of_a_judgement_stays_at_the_desk(made: AloneDesk, tmp_path: Path) -> None:
    made.tasks(3)
    for who in (ANN, BEN):
        for _ in range(3):
            made.judge(who, transcript="ring Marguerite", intent="CallMarguerite", slots={"whom": "Marguerite"})
    (pair,) = made.desk.quality.report().pairs
    assert (pair.tasks, pair.agreed) == (3, 3)
    with made.database.reading() as connection:
        every = repr([connection.execute(sa.select(table)).all() for table in metadata.sorted_tables])
    assert "Marguerite" not in every
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"Marguerite" not in stored
    assert b"other" in stored, "an intent that is none of those known here may be words"


def test_what_is_hard_to_read_goes_to_nobody_who_wants_nothing_like_it(made: AloneDesk) -> None:
    made.tasks(1)
    made.desk.hand_back(ANN, made.take(ANN).lease_id, sign_in_id=HERE, is_disturbing=True)
    made.desk.reviewers.shelter(BEN.alias, is_on=True)
    assert made.desk.begin(BEN, sign_in_id=HERE) is None
    assert not made.desk.progress(BEN.alias).has_more
    made.desk.reviewers.shelter(BEN.alias, is_on=False)
    made.judge(BEN, labels=["disturbing"])
    with made.database.reading() as connection:
        assert connection.execute(sa.select(tasks.c.is_disturbing)).scalar() is True


def test_agreement_is_told_by_week_by_label_and_by_pair(made: AloneDesk) -> None:
    made.tasks(6)
    for number in range(6):
        made.judge(ANN, labels=["child"] if number == 0 else [])
    for _ in range(6):
        made.judge(BEN, transcript="turn off the lamp")
    made.pass_time(days=7)
    report = made.desk.quality.report()
    (week,) = report.weeks
    assert (week.name, week.tasks, week.word_error_rate) == ("2026-W10", 6, 0.25)
    assert week.intents_alpha is None, "one intent everywhere: nothing can be said"
    assert week.labels_alpha is not None
    assert dict(report.labels)["child"] == week.labels_alpha  # type: ignore[index]
    assert made.desk.quality.own(ANN.alias) == (6, 0)
    assert made.desk.quality.own("somebody-else-1") == (0, 0)


def test_a_lead_who_is_suspended_decides_nothing(made: AloneDesk) -> None:
    (task_id,) = made.tasks(1)
    made.judge(ANN)
    made.judge(BEN, intent=None)
    made.desk.suspend(LEAD.alias, reason="for the test")
    acts: list[Callable[[Actor, str], object]] = [
        made.adjudication.open,
        lambda who, task: made.adjudication.decide(who, task, RIGHT),
    ]
    for act in acts:
        with pytest.raises(AccessError, match="suspended"):
            act(LEAD, task_id)


def test_a_pseudonym_is_long_enough_for_many_tasks(made: AloneDesk) -> None:
    """Ten digits: of 10,000 open tasks two have the same one with a chance of one in twenty thousand, and none may."""
    made.tasks(1)
    assert re.fullmatch("speaker [0-9a-f]{10}", made.take().pseudonym)


def test_which_task_comes_next_cannot_be_told(tmp_path: Path) -> None:
    """Each of four comes first now and then: 60 draws miss one of them with a chance of one in ten million."""
    found = alone_desk(tmp_path)
    with closing(found.database):
        made = found.tasks(4)
        with found.database.writing() as connection:  # as far apart as can be: at random ones one of them comes rarely
            for number, task_id in enumerate(made):
                place = (number + 1) * 2 ** (PLACE_BITS - 2) - 1
                connection.execute(sa.update(tasks).where(tasks.c.task_id == task_id).values(place=place))
        seen = set()
        for number in range(60):
            who = reviewer(f"reviewer-{number}")
            found.desk.passed(who.alias)
            lease = found.take(who)
            seen.add(lease.task_id)
            found.desk.hand_back(who, lease.lease_id, sign_in_id=HERE)
            found.pass_time(seconds=timedelta(minutes=1).total_seconds())
        assert seen == set(made)


def test_while_the_household_is_away_no_judgement_is_handed_over_that_the_desk_cannot_note(made: AloneDesk) -> None:
    """A review service of its own asks the household which intents there are."""

    def away() -> tuple[str, ...]:
        raise NetworkError("The household does not answer now; come back later.", code="network.no_answer")

    (task_id,) = made.tasks(1)
    lease = made.take(ANN)
    cut_off = Desk(made.database, porter=made.porter, clock=lambda: made.now, intents=away)
    with pytest.raises(NetworkError):
        cut_off.judge(ANN, lease.lease_id, sign_in_id=HERE, body=RIGHT)
    assert made.porter.kept == {}
    made.judge(ANN)
    made.judge(BEN, intent="HassTurnOff")
    decides = Adjudication(made.database, desk=made.desk, porter=made.porter, clock=lambda: made.now, intents=away)
    with pytest.raises(NetworkError):
        decides.decide(LEAD, task_id, RIGHT)
    assert settled(made, task_id) == [Settled.OPEN, Settled.OPEN]
