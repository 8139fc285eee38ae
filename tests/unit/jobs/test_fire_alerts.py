"""Timers ring once, on time, in virtual time; what was missed is told; a clock that jumps is noticed."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from earwitness.domain.errors import StorageError
from earwitness.jobs.fire_alerts import LONGEST_RING_SECONDS, LONGEST_SLEEP_SECONDS, Alert, FireAlerts
from earwitness.links.timers import Timer, Timers, TimerState
from earwitness.storage.database import Database
from tests.unit.jobs.virtual_time import START, WallClock, run


class Bell:
    """What rang and what was hushed, with the loop's time."""

    def __init__(self) -> None:
        self.rung: list[tuple[float, Alert]] = []
        self.hushed: list[tuple[float, str]] = []

    def ring(self, alert: Alert) -> None:
        self.rung.append((asyncio.get_running_loop().time(), alert))

    def hush(self, alert_id: str) -> None:
        self.hushed.append((asyncio.get_running_loop().time(), alert_id))

    @property
    def texts(self) -> list[str]:
        return [alert.text for _, alert in self.rung]


def timer(timer_id: str, *, seconds: float, name: str = "", started: float = 0.0) -> Timer:
    begun = START + timedelta(seconds=started)
    return Timer(
        timer_id=timer_id,
        name=name,
        total_seconds=seconds,
        created_at=begun,
        due_at=begun + timedelta(seconds=seconds),
        area="kitchen",
    )


@pytest.fixture
def timers(tmp_path: Path) -> Timers:
    return Timers(Database(tmp_path / "household.db", chain="household"))


def play(timers: Timers, script: Callable[[FireAlerts, WallClock], Awaitable[None]]) -> Bell:
    """Run the job beside `script`, then stop it."""
    bell = Bell()

    async def work(clock: WallClock) -> None:
        job = FireAlerts(timers=timers, clock=clock, ring=bell.ring, hush=bell.hush)
        task = asyncio.create_task(job.run())
        try:
            await script(job, clock)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    run(work)
    return bell


def test_rings_to_the_moment_and_in_order(timers: Timers) -> None:
    timers.add(timer("late", seconds=3600))
    timers.add(timer("soon", seconds=300, name="pasta"))

    async def script(job: FireAlerts, clock: WallClock) -> None:
        await asyncio.sleep(3600.5)

    bell = play(timers, script)
    assert [(at, alert.alert_id) for at, alert in bell.rung] == [(300.0, "soon"), (3600.0, "late")]
    assert bell.texts == ["Your pasta timer is done.", "Your 1 hour timer is done."]
    assert bell.rung[0][1].area == "kitchen"


def test_a_timer_set_meanwhile_wakes_the_job(timers: Timers) -> None:
    async def script(job: FireAlerts, clock: WallClock) -> None:
        await asyncio.sleep(1)
        timers.add(timer("new", seconds=2, started=1))
        await asyncio.sleep(10)

    assert [at for at, _ in play(timers, script).rung] == [3.0]


def test_a_timer_cancelled_or_paused_does_not_ring(timers: Timers) -> None:
    first, second = timer("a", seconds=60), timer("b", seconds=60)
    timers.add(first)
    timers.add(second)

    async def script(job: FireAlerts, clock: WallClock) -> None:
        await asyncio.sleep(10)
        timers.remove(["a"])
        timers.change(second, after=replace(second, state=TimerState.PAUSED, due_at=None, remaining_seconds=50.0))
        await asyncio.sleep(1000)

    assert play(timers, script).rung == []


def test_is_marked_on_the_disk_before_it_is_heard_and_forgotten_once_stopped(timers: Timers) -> None:
    timers.add(timer("a", seconds=5))
    seen: list[TimerState] = []

    async def script(job: FireAlerts, clock: WallClock) -> None:
        await asyncio.sleep(6)
        seen.extend(each.state for each in timers.all())
        job.acknowledge("a")
        await asyncio.sleep(1)

    bell = play(timers, script)
    assert seen == [TimerState.RINGING]
    assert timers.all() == ()
    assert len(bell.rung) == 1
    assert bell.hushed == []


def test_cancelled_while_it_rings_is_hushed(timers: Timers) -> None:
    timers.add(timer("a", seconds=5))

    async def script(job: FireAlerts, clock: WallClock) -> None:
        await asyncio.sleep(8)
        timers.remove(["a"])
        await asyncio.sleep(1)

    assert play(timers, script).hushed == [(8.0, "a")]


def test_rings_no_longer_than_it_may(timers: Timers) -> None:
    timers.add(timer("a", seconds=5))

    async def script(job: FireAlerts, clock: WallClock) -> None:
        await asyncio.sleep(5 + LONGEST_RING_SECONDS + 1)

    assert play(timers, script).hushed == [(5 + LONGEST_RING_SECONDS, "a")]
    assert timers.all() == ()


@pytest.mark.parametrize(
    ("ended_seconds_ago", "sentence"),
    [
        (40, "Your pasta timer ended 40 seconds ago."),
        (5 * 60 + 12, "Your pasta timer ended 5 minutes ago."),
        (3 * 3600 + 1500, "Your pasta timer ended 3 hours ago."),
        (3 * 86400, "Your pasta timer ended 3 days ago."),
    ],
)
def test_tells_after_a_start_what_was_missed(timers: Timers, ended_seconds_ago: float, sentence: str) -> None:
    timers.add(timer("a", seconds=60, name="pasta", started=-60 - ended_seconds_ago))

    async def script(job: FireAlerts, clock: WallClock) -> None:
        await asyncio.sleep(1)

    assert play(timers, script).texts == [sentence]


def test_what_nobody_had_stopped_rings_again_after_a_restart(timers: Timers) -> None:
    timers.add(timer("a", seconds=60, name="pasta", started=-180))
    assert [each.timer_id for each in timers.claim_due(START)] == ["a"]

    async def script(job: FireAlerts, clock: WallClock) -> None:
        await asyncio.sleep(100)

    bell = play(timers, script)
    assert bell.texts == ["Your pasta timer ended 2 minutes ago."]


def test_two_jobs_on_one_database_ring_a_timer_once(timers: Timers) -> None:
    timers.add(timer("a", seconds=5))
    other_bell = Bell()

    async def script(job: FireAlerts, clock: WallClock) -> None:
        other = FireAlerts(timers=timers, clock=clock, ring=other_bell.ring, hush=other_bell.hush)
        task = asyncio.create_task(other.run())
        await asyncio.sleep(10)
        task.cancel()

    bell = play(timers, script)
    assert len(bell.rung) + len(other_bell.rung) == 1


def test_a_clock_set_forward_is_noticed_within_the_longest_sleep(timers: Timers) -> None:
    timers.add(timer("a", seconds=7200))

    async def script(job: FireAlerts, clock: WallClock) -> None:
        await asyncio.sleep(100)
        clock.shift = timedelta(hours=2)
        await asyncio.sleep(LONGEST_SLEEP_SECONDS)

    ((at, alert),) = play(timers, script).rung
    assert 100 <= at <= 100 + LONGEST_SLEEP_SECONDS
    assert alert.late_seconds >= 100


def test_a_clock_set_back_does_not_ring_early(timers: Timers) -> None:
    timers.add(timer("a", seconds=600))

    async def script(job: FireAlerts, clock: WallClock) -> None:
        await asyncio.sleep(300)
        clock.shift = timedelta(minutes=-5)
        await asyncio.sleep(598)

    assert play(timers, script).rung == []


class FailingTimers(Timers):
    """Timers on a disk that fails for a while."""

    failures = 3

    def all(self) -> tuple[Timer, ...]:
        if self.failures:
            self.failures -= 1
            raise StorageError("The disk does not answer.")
        return super().all()


def test_a_failing_disk_is_tried_again_and_the_timer_still_rings(tmp_path: Path) -> None:
    timers = FailingTimers(Database(tmp_path / "household.db", chain="household"))
    timers.add(timer("a", seconds=5))

    async def script(job: FireAlerts, clock: WallClock) -> None:
        await asyncio.sleep(60)

    assert len(play(timers, script).rung) == 1


def test_what_will_ring_is_foretold_on_each_change_and_no_more(timers: Timers) -> None:
    timers.add(timer("pasta", seconds=300, name="pasta"))
    foretold: list[list[tuple[str, str, float]]] = []

    async def script(clock: WallClock) -> None:
        job = FireAlerts(
            timers=timers,
            clock=clock,
            ring=lambda alert: None,
            hush=lambda alert_id: None,
            foretell=lambda alarms: foretold.append(list(alarms)),
        )
        task = asyncio.create_task(job.run())
        await asyncio.sleep(60)
        timers.add(timer("tea", seconds=180, started=60))
        await asyncio.sleep(1)
        timers.remove(("pasta",))
        await asyncio.sleep(200)
        task.cancel()

    run(script)
    assert [[alarm_id for alarm_id, _, _ in alarms] for alarms in foretold] == [["pasta"], ["pasta", "tea"], ["tea"], []]
    assert foretold[1][0] == ("pasta", "Your pasta timer is done.", 240.0)
