"""Gold tasks, canaries and bait: nobody can tell them, they are scored, and what nobody has a reason to do ends at once."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from earwitness.domain.errors import AccessError, ReviewError, StorageError
from earwitness.domain.review import Label
from earwitness.review.conduct import Rule
from earwitness.review.desk import DeskTerms
from earwitness.review.gold import GoldTerms
from earwitness.review.task_words import TaskWords
from earwitness.storage.desk import canaries, leases, tasks
from tests.desk_alone import ANN, BEN, HERE, LEAD, RIGHT, AloneDesk, alone_desk

SHOWN = TaskWords(transcript="turn of the ▇▇▇ lamp", intent="HassTurnOn", slots=(("name", "▇▇▇ lamp"),), outcome="done")
ANSWER = {"transcript": "turn off the ▇▇▇ lamp", "intent": "HassTurnOff", "slots": {"name": "▇▇▇ lamp"}, "labels": []}
ALWAYS = DeskTerms(gold=GoldTerms(share=1.0, window=3, least_score=0.75))


@pytest.fixture
def made(tmp_path: Path) -> Iterator[AloneDesk]:
    """A desk on which every task is gold as long as there is one that somebody did not have."""
    found = alone_desk(tmp_path, terms=ALWAYS)
    with closing(found.database):
        yield found


def gold(made: AloneDesk, count: int = 1, *, is_canary: bool = False) -> None:
    for _ in range(count):
        made.desk.golds.make(LEAD.alias, shown=SHOWN, answer=ANSWER, is_canary=is_canary)


def test_a_gold_task_looks_like_every_other_and_never_reaches_the_household(made: AloneDesk) -> None:
    (task_id,) = made.tasks(1)
    gold(made)
    lease = made.take()
    assert lease.task_id != task_id
    _, words = made.desk.open(ANN, lease.lease_id, sign_in_id=HERE)
    assert words == SHOWN
    made.desk.judge(ANN, lease.lease_id, sign_in_id=HERE, body=ANSWER)
    assert (made.porter.kept, made.porter.opened) == ({}, [])
    real = made.take()
    assert real.task_id == task_id, "nobody gets a gold task twice"
    assert (real.week, len(real.pseudonym)) == (lease.week, len(lease.pseudonym))
    assert made.desk.open_tasks() == {task_id}, "the household is told of its own alone"


def test_without_anything_real_there_is_no_gold(made: AloneDesk) -> None:
    gold(made)
    assert made.desk.begin(ANN, sign_in_id=HERE) is None


@pytest.mark.parametrize(
    ("changes", "score"),
    [
        ({}, 1.0),
        ({"transcript": "Turn off the ▇▇▇ lamp!"}, 1.0),
        ({"intent": None}, 0.75),
        ({"slots": {}, "labels": ["child"]}, 0.5),
    ],
)
def test_an_answer_is_scored_by_its_parts(made: AloneDesk, changes: dict[str, object], score: float) -> None:
    made.tasks(1)
    gold(made)
    made.judge(ANN, **{**ANSWER, **changes})
    assert made.desk.golds.scores(ANN.alias, last=10) == (score,)
    worker = next(one for one in made.desk.quality.report().workers if one.reviewer == ANN.alias)
    assert worker.gold_score == score


def test_an_answer_that_was_scored_before_a_crash_is_handed_in_again_and_counts_once(made: AloneDesk) -> None:
    """The process was killed after the score was noted and before the task was closed."""
    made.tasks(1)
    gold(made)
    lease = made.take()
    (one,) = made.desk.golds.all()
    made.desk.golds.score(one.gold_id, lease.lease_id, replace(one.answer, by=ANN.alias))
    made.desk.judge(ANN, lease.lease_id, sign_in_id=HERE, body=ANSWER)
    assert made.desk.golds.scores(ANN.alias, last=10) == (1.0,)
    assert not made.desk.is_running(ANN, lease.lease_id, sign_in_id=HERE)


def test_too_little_right_leads_back_to_the_test_and_what_was_before_it_counts_no_more(made: AloneDesk) -> None:
    made.tasks(1)
    gold(made, 3)
    made.pass_time(seconds=1)
    for _ in range(3):
        assert made.desk.progress(ANN.alias).has_passed
        made.judge(ANN)
    with pytest.raises(AccessError, match="test"):
        made.desk.begin(ANN, sign_in_id=HERE)
    made.desk.passed(ANN.alias)
    made.pass_time(seconds=1)
    gold(made)
    made.judge(ANN)
    assert made.desk.progress(ANN.alias).has_passed
    assert made.desk.progress(BEN.alias).has_passed


def test_a_retired_task_is_mixed_in_no_more_and_one_handed_back_goes_to_others(made: AloneDesk) -> None:
    (task_id,) = made.tasks(1)
    gold(made)
    lease = made.take(ANN)
    made.desk.hand_back(ANN, lease.lease_id, sign_in_id=HERE)
    assert made.take(BEN).task_id != task_id
    assert made.take(ANN).task_id == task_id
    (one,) = made.desk.golds.all()
    made.desk.golds.retire(one.gold_id)
    with made.database.reading() as connection:
        assert made.desk.golds.next(connection, "somebody-new-1") is None
    with pytest.raises(ReviewError):
        made.desk.golds.retire("0" * 32)


def test_copying_a_canary_suspends_at_once_and_other_words_only_by_number(made: AloneDesk) -> None:
    made.tasks(1)
    gold(made, is_canary=True)
    lease = made.take(ANN)
    made.desk.copied(ANN, lease.lease_id, sign_in_id=HERE)
    assert [(who, why) for who, why, _ in made.desk.suspended()] == [(ANN.alias, Rule.CANARY.value)]
    made.desk.golds.retire(made.desk.golds.all()[0].gold_id)
    gold(made)
    made.desk.copied(BEN, made.take(BEN).lease_id, sign_in_id=HERE)
    assert BEN.alias not in {who for who, _, _ in made.desk.suspended()}


def test_whoever_asks_for_a_lease_that_nobody_was_given_read_it_in_the_database(made: AloneDesk) -> None:
    made.tasks(1)
    mine = made.take(ANN)
    with made.database.reading() as connection:
        bait = (
            connection.execute(sa.select(leases.c.lease_id).where(leases.c.reviewer.not_in((ANN.alias, BEN.alias))))
            .scalars()
            .all()
        )
        assert len(connection.execute(sa.select(canaries)).all()) == 1
    with pytest.raises(ReviewError):
        made.desk.open(BEN, mine.lease_id, sign_in_id=HERE)
    assert made.desk.suspended() == (), "a lease of somebody else counts as a mistake first"
    with pytest.raises(ReviewError):
        made.desk.open(BEN, bait[0], sign_in_id=HERE)
    assert [(who, why) for who, why, _ in made.desk.suspended()] == [(BEN.alias, Rule.CANARY.value)]


def test_bait_is_laid_anew_and_is_no_task_of_the_household(made: AloneDesk) -> None:
    made.tasks(1)
    for _ in range(3):
        made.desk.hand_back(ANN, made.take(ANN).lease_id, sign_in_id=HERE)
        made.desk.reviewers.lay_bait(lasts=made.now - made.now.replace(hour=4))
        made.pass_time(hours=9)
        made.tasks(5)
    assert len(made.desk.open_tasks()) == 5
    with made.database.reading() as connection:
        assert len(connection.execute(sa.select(canaries)).all()) == 3
        assert connection.execute(sa.select(sa.func.count()).select_from(tasks).where(tasks.c.made_up.is_not(None))).scalar() == 3


def test_the_answer_is_what_the_lead_wrote(made: AloneDesk) -> None:
    answer = {**RIGHT, "labels": ["personal_data"]}
    found = made.desk.golds.make(LEAD.alias, shown=SHOWN, answer=answer)
    assert (found.answer.labels, found.answer.by, found.shown) == (frozenset({Label.PERSONAL_DATA}), LEAD.alias, SHOWN)


def test_nobody_is_suspended_without_a_record_of_it(made: AloneDesk) -> None:
    """The database fails half way, as when the process is killed there: the next time it goes on record."""
    with made.database.writing() as connection:
        connection.execute(sa.text("ALTER TABLE suspensions RENAME TO away"))
    with pytest.raises(StorageError):
        made.desk.suspend(ANN.alias, reason="for the test")
    with made.database.writing() as connection:
        connection.execute(sa.text("ALTER TABLE away RENAME TO suspensions"))
    made.desk.suspend(ANN.alias, reason="for the test")
    made.desk.suspend(ANN.alias, reason="again")
    assert [(one.reviewer, one.reason) for one in made.desk.reviewers.suspensions()] == [(ANN.alias, "for the test")]
