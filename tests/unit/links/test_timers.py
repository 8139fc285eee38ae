"""Rows of timers, on SQLite and PostgreSQL: they come back as they were, change only if unchanged, and become due once."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.alert import Place
from earwitness.domain.errors import StorageError
from earwitness.links.alerts import Alerts
from earwitness.links.lists import Lists
from earwitness.links.timers import Timer, Timers, TimerState
from earwitness.storage.database import Database

NOW = datetime(2026, 11, 24, 15, 7, tzinfo=UTC)


def timer(timer_id: str, *, seconds: float = 60.0) -> Timer:
    return Timer(timer_id=timer_id, total_seconds=seconds, created_at=NOW, due_at=NOW + timedelta(seconds=seconds))


@pytest.fixture
def timers(household_place: Path | str) -> Iterator[Timers]:
    database = Database(household_place, chain="household")
    yield Timers(Alerts(database, clock=lambda: NOW))
    database.close()


def test_comes_back_as_it_was_after_a_restart(household_place: Path | str) -> None:
    whole = replace(timer("a", seconds=1 / 3), name="pasta 🍝", area="kitchen", device_id="page-1", place=Place.DEVICE)
    bare = replace(timer("b"), created_at=NOW + timedelta(microseconds=1))
    for each in (bare, whole):
        database = Database(household_place, chain="household")
        Timers(Alerts(database, clock=lambda: NOW)).add(each)
        database.close()
    database = Database(household_place, chain="household")
    assert Timers(Alerts(database, clock=lambda: NOW)).all() == (whole, bare)
    database.close()


def test_changes_only_what_is_still_as_it_was(timers: Timers) -> None:
    before = timer("a")
    timers.add(before)
    paused = replace(before, state=TimerState.PAUSED, due_at=None, remaining_seconds=12.5)
    assert timers.change(before, after=paused)
    assert not timers.change(before, after=replace(before, due_at=NOW))
    assert timers.all() == (paused,)
    moved = replace(paused, area="Den", place=Place.ROOM, revision=timers.all()[0].revision)
    assert timers.change(timers.all()[0], after=moved)
    assert timers.all() == (moved,)
    assert timers.all()[0].seconds_left(NOW + timedelta(days=1)) == 12.5


def test_an_impossible_row_is_refused(timers: Timers) -> None:
    with pytest.raises(StorageError):
        timers.add(replace(timer("a"), state=TimerState.PAUSED))
    assert timers.all() == ()


def test_removing_counts_what_was_there(timers: Timers) -> None:
    timers.add(timer("a"))
    timers.add(timer("b"))
    assert timers.remove([]) == 0
    assert timers.remove(["a", "a", "never"]) == 1
    assert [each.timer_id for each in timers.all()] == ["b"]


def test_without_a_running_one_nothing_is_due(timers: Timers) -> None:
    assert timers.alerts.next_due() is None
    assert timers.alerts.claim(NOW) == ()
    timers.add(replace(timer("a"), state=TimerState.PAUSED, due_at=None, remaining_seconds=5.0))
    assert timers.alerts.next_due() is None
    assert timers.alerts.claim(NOW + timedelta(days=1)) == ()


def test_subscribers_hear_of_timers_only_when_they_change(timers: Timers) -> None:
    heard: list[str] = []
    unsubscribe = timers.subscribe(lambda: heard.append("changed"))
    Lists(timers.alerts.database).add("shopping list", texts=["apples"], now=NOW)
    timers.remove(["never"])
    assert not timers.change(timer("never"), after=timer("never"))
    assert heard == []
    timers.add(timer("a"))
    assert len(heard) == 1
    assert timers.alerts.claim(NOW + timedelta(days=1))
    assert len(heard) == 2
    unsubscribe()
    timers.remove(["a"])
    assert len(heard) == 2


def test_due_ones_are_given_once_whoever_asks(timers: Timers) -> None:
    for number in range(40):
        timers.add(timer(str(number), seconds=1 + number / 100))
    claimed, late = list[str](), NOW + timedelta(seconds=60)
    threads = [
        threading.Thread(target=lambda: claimed.extend(each.alert.alert_id for each in timers.alerts.claim(late)))
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
    assert timers.alerts.next_due() == NOW + timedelta(seconds=10)
    assert [each.alert.alert_id for each in timers.alerts.claim(NOW + timedelta(seconds=30))] == ["soon", "later"]
    assert timers.alerts.next_due() == NOW + timedelta(seconds=90)


@given(seconds=st.floats(min_value=0.001, max_value=604800), ago=st.floats(min_value=-1e6, max_value=1e6))
def test_seconds_left_never_go_below_zero(seconds: float, ago: float) -> None:
    left = timer("a", seconds=seconds).seconds_left(NOW + timedelta(seconds=ago))
    assert left >= 0
    assert left == pytest.approx(max(0.0, seconds - ago), abs=1e-4)
