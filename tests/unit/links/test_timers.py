"""Rows of timers: they come back as they were, change only if unchanged, and become due once."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.errors import StorageError
from earwitness.links.database import Database
from earwitness.links.timers import Timer, Timers, TimerState

NOW = datetime(2026, 11, 24, 15, 7, tzinfo=UTC)


def timer(timer_id: str, *, seconds: float = 60.0) -> Timer:
    return Timer(timer_id=timer_id, total_seconds=seconds, created_at=NOW, due_at=NOW + timedelta(seconds=seconds))


@pytest.fixture
def timers(tmp_path: Path) -> Timers:
    return Timers(Database(tmp_path / "household.db"))


def test_comes_back_as_it_was_after_a_restart(tmp_path: Path) -> None:
    whole = replace(timer("a"), name="pasta", area="kitchen", device_id="page-1")
    database = Database(tmp_path / "household.db")
    Timers(database).add(whole)
    database.close()
    assert Timers(Database(tmp_path / "household.db")).all() == (whole,)


def test_changes_only_what_is_still_as_it_was(timers: Timers) -> None:
    before = timer("a")
    timers.add(before)
    paused = replace(before, state=TimerState.PAUSED, due_at=None, remaining_seconds=12.5)
    assert timers.change(before, after=paused)
    assert not timers.change(before, after=replace(before, due_at=NOW))
    assert timers.all() == (paused,)
    assert timers.all()[0].seconds_left(NOW + timedelta(days=1)) == 12.5


def test_an_impossible_row_is_refused(timers: Timers) -> None:
    with pytest.raises(StorageError):
        timers.add(replace(timer("a"), state=TimerState.PAUSED))
    assert timers.all() == ()


def test_due_ones_are_given_once_whoever_asks(timers: Timers) -> None:
    for number in range(40):
        timers.add(timer(str(number), seconds=1 + number / 100))
    claimed: list[str] = []
    threads = [
        threading.Thread(target=lambda: claimed.extend(each.timer_id for each in timers.claim_due(NOW + timedelta(seconds=60))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed, key=int) == [str(number) for number in range(40)]
    assert {each.state for each in timers.all()} == {TimerState.RINGING}


def test_due_ones_come_earliest_first_and_others_stay(timers: Timers) -> None:
    for timer_id, seconds in (("later", 30.0), ("soon", 10.0), ("far", 90.0)):
        timers.add(timer(timer_id, seconds=seconds))
    assert timers.next_due() == NOW + timedelta(seconds=10)
    assert [each.timer_id for each in timers.claim_due(NOW + timedelta(seconds=30))] == ["soon", "later"]
    assert timers.next_due() == NOW + timedelta(seconds=90)


@given(seconds=st.floats(min_value=0.001, max_value=604800), ago=st.floats(min_value=-1e6, max_value=1e6))
def test_seconds_left_never_go_below_zero(seconds: float, ago: float) -> None:
    left = timer("a", seconds=seconds).seconds_left(NOW + timedelta(seconds=ago))
    assert left >= 0
    assert left == pytest.approx(max(0.0, seconds - ago), abs=1e-4)
