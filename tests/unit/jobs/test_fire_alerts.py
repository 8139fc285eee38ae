"""Timers ring once, on time, in virtual time; what was missed is told; a clock that jumps is noticed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from earwitness.domain.alert import Alert, Foretold, Outcome, Place, Ring, ring_id
from earwitness.domain.errors import StorageError
from earwitness.jobs.fire_alerts import LONGEST_RING_SECONDS, LONGEST_SLEEP_SECONDS, FireAlerts, Ringing
from earwitness.links.alerts import Alerts
from earwitness.links.timers import Timer, Timers, TimerState
from earwitness.storage.database import Database
from tests.unit.jobs.virtual_time import START, WallClock, run


class Bell:
    """What rang and what was hushed, with the loop's time."""

    def __init__(self) -> None:
        self.rung: list[tuple[float, Ringing]] = []
        self.hushed: list[tuple[float, str]] = []

    def ring(self, alert: Ringing) -> None:
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


def ring_of(timer_id: str, *, seconds: float) -> str:
    return ring_id(timer_id, START + timedelta(seconds=seconds))


@pytest.fixture
def timers(tmp_path: Path) -> Timers:
    return Timers(Alerts(Database(tmp_path / "household.db", chain="household"), clock=lambda: START))


def play(
    timers: Timers,
    script: Callable[[FireAlerts, WallClock], Awaitable[None]],
    *,
    foretell: Callable[[Sequence[Foretold]], None] = lambda foretold: None,
) -> Bell:
    """Run the job beside `script`, then stop it."""
    bell = Bell()

    async def work(clock: WallClock) -> None:
        job = FireAlerts(alerts=timers.alerts, clock=clock, ring=bell.ring, hush=bell.hush, foretell=foretell)
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
    assert bell.rung[0][1].area is None, "one that is for the whole house rings everywhere, wherever it was set"


@pytest.mark.parametrize(
    ("place", "area", "device_id"),
    [(Place.HOUSE, None, None), (Place.ROOM, "kitchen", None), (Place.DEVICE, None, "kitchen-1")],
)
def test_a_timer_rings_in_its_place_also_after_a_pause(
    timers: Timers, place: Place, area: str | None, device_id: str | None
) -> None:
    timers.add(replace(timer("a", seconds=60), device_id="kitchen-1", place=place))
    foretold: list[Foretold] = []

    async def script(job: FireAlerts, clock: WallClock) -> None:
        (running,) = timers.all()
        paused = replace(running, state=TimerState.PAUSED, due_at=None, remaining_seconds=30.0)
        assert timers.change(running, after=paused)
        (kept,) = timers.all()
        due_at = START + timedelta(seconds=40)
        assert timers.change(kept, after=replace(kept, state=TimerState.RUNNING, due_at=due_at, remaining_seconds=None))
        await asyncio.sleep(50)

    bell = play(timers, script, foretell=foretold.extend)
    ((at, rung),) = bell.rung
    assert (at, rung.area, rung.device_id) == (40.0, area, device_id)
    assert {(one.area, one.device_id) for one in foretold} == {(area, device_id)}, "satellites that are on their own know it too"


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
        job.acknowledge(ring_of("a", seconds=5))
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

    assert play(timers, script).hushed == [(8.0, ring_of("a", seconds=5))]


def test_ended_elsewhere_while_it_rings_is_hushed(timers: Timers) -> None:
    timers.add(timer("a", seconds=5))

    async def script(job: FireAlerts, clock: WallClock) -> None:
        await asyncio.sleep(8)
        timers.alerts.end(timers.alerts.open_rings(), outcome=Outcome.STOPPED, now=clock())
        await asyncio.sleep(1)

    assert play(timers, script).hushed == [(8.0, ring_of("a", seconds=5))]


def test_rings_no_longer_than_it_may(timers: Timers) -> None:
    timers.add(timer("a", seconds=5))

    async def script(job: FireAlerts, clock: WallClock) -> None:
        await asyncio.sleep(5 + LONGEST_RING_SECONDS + 1)

    assert play(timers, script).hushed == [(5 + LONGEST_RING_SECONDS, ring_of("a", seconds=5))]
    assert timers.all() == ()


@pytest.mark.parametrize(
    ("ended_seconds_ago", "sentence"),
    [
        (40, "Your pasta timer ended 40 seconds ago."),
        (5 * 60 + 12, "Your pasta timer ended 5 minutes ago."),
    ],
)
def test_tells_after_a_start_what_was_missed(timers: Timers, ended_seconds_ago: float, sentence: str) -> None:
    timers.add(timer("a", seconds=60, name="pasta", started=-60 - ended_seconds_ago))

    async def script(job: FireAlerts, clock: WallClock) -> None:
        await asyncio.sleep(1)

    assert play(timers, script).texts == [sentence]


def test_what_nobody_had_stopped_rings_again_after_a_restart(timers: Timers) -> None:
    timers.add(timer("a", seconds=60, name="pasta", started=-180))
    assert [each.alert.alert_id for each in timers.alerts.claim(START)] == ["a"]

    async def script(job: FireAlerts, clock: WallClock) -> None:
        await asyncio.sleep(100)

    bell = play(timers, script)
    assert bell.texts == ["Your pasta timer ended 2 minutes ago."]


def test_two_jobs_on_one_database_ring_a_timer_once(timers: Timers) -> None:
    timers.add(timer("a", seconds=5))
    other_bell = Bell()

    async def script(job: FireAlerts, clock: WallClock) -> None:
        other = FireAlerts(alerts=timers.alerts, clock=clock, ring=other_bell.ring, hush=other_bell.hush)
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


class FailingAlerts(Alerts):
    """Alerts on a disk that fails for a while."""

    failures = 3

    def snapshot(self) -> tuple[tuple[Alert, ...], tuple[Ring, ...]]:
        if self.failures:
            self.failures -= 1
            raise StorageError("The disk does not answer.")
        return super().snapshot()


def test_a_failing_disk_is_tried_again_and_the_timer_still_rings(tmp_path: Path) -> None:
    timers = Timers(FailingAlerts(Database(tmp_path / "household.db", chain="household"), clock=lambda: START))
    timers.add(timer("a", seconds=5))

    async def script(job: FireAlerts, clock: WallClock) -> None:
        await asyncio.sleep(60)

    assert len(play(timers, script).rung) == 1


def test_what_will_ring_is_foretold_on_each_change_and_no_more(timers: Timers) -> None:
    timers.add(timer("pasta", seconds=300, name="pasta"))
    foretold: list[list[Foretold]] = []

    async def script(clock: WallClock) -> None:
        job = FireAlerts(
            alerts=timers.alerts,
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
    ids = [[one.ring_id.partition("@")[0] for one in alarms] for alarms in foretold]
    assert ids == [["pasta"], ["tea", "pasta"], ["tea"], []]
    pasta = Foretold(ring_id=ring_of("pasta", seconds=300), text="Your pasta timer is done.", in_seconds=240.0)
    assert foretold[1][1] == pasta
