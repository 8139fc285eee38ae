"""Breaks: after so many tasks or so long in one go, and they cost nothing."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from earwitness.domain.errors import AccessError
from earwitness.review.desk import DeskTerms
from earwitness.review.exposure import Spell, Stints, rest_until
from tests.desk_alone import ANN, HERE, AloneDesk, alone_desk

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
STINTS = Stints(most_tasks=10, longest=timedelta(hours=1), rest=timedelta(minutes=5))


def spells(count: int, *, seconds: float, begun: datetime = START) -> list[Spell]:
    """So many tasks one after the other."""
    starts = [begun + timedelta(seconds=seconds * number) for number in range(count)]
    return [Spell(begun_at=one, ended_at=one + timedelta(seconds=seconds)) for one in starts]


def test_after_so_many_tasks_comes_a_rest_that_begins_with_the_last_one() -> None:
    nine, ten = spells(9, seconds=30), spells(10, seconds=30)
    assert rest_until(nine, now=START + timedelta(minutes=6), stints=STINTS) is None
    over = START + timedelta(minutes=5)
    assert rest_until(ten, now=over, stints=STINTS) == over + STINTS.rest
    assert rest_until(ten, now=over + timedelta(minutes=5), stints=STINTS) is None
    assert rest_until([], now=START, stints=STINTS) is None


def test_after_an_hour_comes_a_rest_however_few_tasks_there_were() -> None:
    slow = spells(9, seconds=400)
    assert rest_until(slow, now=START + timedelta(seconds=3600), stints=STINTS) == START + timedelta(minutes=65)
    held = [Spell(begun_at=START, ended_at=None), *spells(1, seconds=10, begun=START + timedelta(minutes=70))]
    assert rest_until(held, now=START + timedelta(minutes=71), stints=STINTS) is None, "what lay there is no work"


def test_a_pause_that_somebody_takes_by_themselves_counts() -> None:
    both = [*spells(9, seconds=30), *spells(9, seconds=30, begun=START + timedelta(minutes=10))]
    assert rest_until(both, now=both[-1].ended_at or START, stints=STINTS) is None


@pytest.fixture
def made(tmp_path: Path) -> Iterator[AloneDesk]:
    found = alone_desk(tmp_path, terms=DeskTerms(stints=Stints(most_tasks=3, rest=timedelta(minutes=5))))
    with closing(found.database):
        yield found


def test_the_desk_makes_whoever_works_rest_and_takes_nothing_for_it(made: AloneDesk) -> None:
    made.tasks(5)
    for _ in range(3):
        made.judge()
    before = made.desk.progress(ANN.alias)
    with pytest.raises(AccessError, match="break") as refusal:
        made.desk.begin(ANN, sign_in_id=HERE)
    assert refusal.value.code == "review.rest"
    assert before.rests_until == made.now - timedelta(seconds=20) + timedelta(minutes=5)
    made.pass_time(minutes=5)
    made.judge()
    after = made.desk.progress(ANN.alias)
    assert (after.left, after.rests_until) == (before.left - 1, None)
