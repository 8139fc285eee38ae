"""Guidelines in versions, and the test: read anew when they change, not to be guessed, tried three times a day."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from earwitness.domain.errors import AccessError, ReviewError
from earwitness.review.entry_test import ASKED, MOST_TRIES, Paper
from earwitness.review.guidelines import FEWEST_QUESTIONS, Question, Section, first
from tests.desk_alone import ANN, HERE, LEAD, AloneDesk, alone_desk

NEW = "new-newt-7777"
SECTIONS = (Section(title="Alarms", text="A reminder is no alarm.", examples=(("wake me at six", "HassSetAlarm"),)),)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[AloneDesk]:
    found = alone_desk(tmp_path)
    with closing(found.database):
        yield found


def right(paper: Paper) -> list[int]:
    return [one.right for one in paper.questions]


def wrong(paper: Paper) -> list[int]:
    return [(one.right + 1) % len(one.choices) for one in paper.questions]


def test_the_package_brings_version_1_with_examples_and_a_pool_larger_than_a_paper() -> None:
    found = first()
    assert (found.version, len(found.questions) >= FEWEST_QUESTIONS >= 2 * ASKED) == (1, True)
    assert any(section.examples for section in found.sections)
    assert {one.right for one in found.questions} == {0, 1, 2}


def test_a_changed_version_is_read_before_the_next_task_and_judgements_say_by_which_they_were_made(made: AloneDesk) -> None:
    made.tasks(3)
    task_id = made.judge()
    assert made.porter.kept[task_id][0].guidelines == 1
    version = made.desk.guidelines.write(LEAD.alias, sections=SECTIONS, questions=first().questions)
    assert (version.version, version.made_by, version.sections) == (2, LEAD.alias, SECTIONS)
    assert not made.desk.progress(ANN.alias).has_read
    with pytest.raises(AccessError, match="changed"):
        made.desk.begin(ANN, sign_in_id=HERE)
    made.desk.reviewers.read(ANN.alias, version=2)
    task_id = made.judge()
    assert made.porter.kept[task_id][0].guidelines == 2
    assert [one.version for one in made.desk.guidelines.all()] == [2, 1]
    with pytest.raises(ReviewError):
        made.desk.guidelines.find(3)


@pytest.mark.parametrize(
    "questions",
    [
        first().questions[: FEWEST_QUESTIONS - 1],
        (*first().questions[1:], Question(words="", asks="?", choices=("yes", "no"), right=0)),
        (*first().questions[1:], Question(words="", asks="?", choices=("yes", "yes", "no"), right=0)),
        (*first().questions[1:], replace(first().questions[0], right=3)),
    ],
)
def test_a_test_that_can_be_guessed_is_refused(made: AloneDesk, questions: tuple[Question, ...]) -> None:
    with pytest.raises(ReviewError):
        made.desk.guidelines.write(LEAD.alias, sections=SECTIONS, questions=questions)
    assert made.desk.guidelines.number() == 1


def test_papers_differ_and_a_paper_is_one_try(made: AloneDesk) -> None:
    paper = made.desk.test.paper(NEW)
    assert len(paper.questions) == ASKED
    assert made.desk.test.paper(NEW) == paper, "looking again is no new chance"
    with pytest.raises(AccessError, match="Not every answer"):
        made.desk.test.hand_in(NEW, paper.paper_id, wrong(paper))
    with pytest.raises(ReviewError):
        made.desk.test.hand_in(NEW, paper.paper_id, right(paper))
    other = made.desk.test.paper("other-newt-8888")
    with pytest.raises(ReviewError):
        made.desk.test.hand_in(NEW, other.paper_id, right(other))
    shown = {
        json.dumps([(one.asks, one.choices) for one in made.desk.test.paper(f"newt-{number}").questions]) for number in range(8)
    }
    assert len(shown) > 1
    again = made.desk.test.paper(NEW)
    made.desk.test.hand_in(NEW, again.paper_id, right(again))
    assert made.desk.progress(NEW).has_passed


def test_three_tries_are_enough_for_a_day(made: AloneDesk) -> None:
    for _ in range(MOST_TRIES):
        paper = made.desk.test.paper(NEW)
        with pytest.raises(AccessError):
            made.desk.test.hand_in(NEW, paper.paper_id, wrong(paper))
    with pytest.raises(AccessError, match="tomorrow"):
        made.desk.test.paper(NEW)
    made.pass_time(days=1, minutes=1)
    assert made.desk.test.paper(NEW).questions


def test_a_paper_of_older_guidelines_opens_nothing_and_who_is_suspended_takes_none(made: AloneDesk) -> None:
    paper = made.desk.test.paper(NEW)
    made.desk.guidelines.write(LEAD.alias, sections=SECTIONS, questions=first().questions)
    with pytest.raises(ReviewError):
        made.desk.test.hand_in(NEW, paper.paper_id, right(paper))
    made.desk.suspend(NEW, reason="for the test")
    with pytest.raises(AccessError, match="suspended"):
        made.desk.test.paper(NEW)
