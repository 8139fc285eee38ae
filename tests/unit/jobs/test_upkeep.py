"""The upkeep looks when the next recording expires, and again when it fails."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from earwitness.domain.errors import StorageError
from earwitness.jobs.upkeep import Upkeep

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Shelf:
    """Recordings by when they expire, as the eraser sees them."""

    now: datetime = NOW
    expiries: list[datetime] = field(default_factory=list)
    fails: int = 0
    expired: list[datetime] = field(default_factory=list)
    on_failure: Callable[[], object] = lambda: None

    def expire(self) -> int:
        if self.fails:
            self.fails -= 1
            self.on_failure()
            raise StorageError("The disk is away.")
        gone = [one for one in self.expiries if one <= self.now]
        self.expiries = [one for one in self.expiries if one > self.now]
        self.expired += gone
        return len(gone)

    def next_expiry(self) -> datetime | None:
        return min(self.expiries, default=None)


def upkeep(shelf: Shelf, finished: list[int], *, longest: float = 20.0) -> Upkeep:
    return Upkeep(shelf, finish=lambda: finished.append(1), clock=lambda: shelf.now, longest_sleep_seconds=longest)


def test_it_looks_again_just_when_the_next_one_expires() -> None:
    shelf = Shelf(expiries=[NOW, NOW + timedelta(seconds=7), NOW + timedelta(hours=1)])
    finished: list[int] = []
    job = upkeep(shelf, finished)
    assert job.look() == 7.0
    assert shelf.expired == [NOW]
    shelf.now += timedelta(seconds=7)
    assert job.look() == 20.0
    assert len(shelf.expired) == 2
    shelf.expiries.clear()
    assert job.look() == 20.0
    assert len(finished) == 3


async def test_it_goes_on_after_a_failure_and_wakes_when_told() -> None:
    failed, loop = asyncio.Event(), asyncio.get_running_loop()
    shelf = Shelf(fails=1, on_failure=lambda: loop.call_soon_threadsafe(failed.set))
    finished: list[int] = []
    job = upkeep(shelf, finished, longest=600.0)
    running = asyncio.create_task(job.run())
    async with asyncio.timeout(30):
        await failed.wait()
        while not finished:
            job.wake()
            await asyncio.to_thread(lambda: None)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
