"""The job of the draw: it draws what is due, opens the day and settles, whichever of them fails."""

import asyncio

import pytest

from earwitness.domain.errors import EarwitnessError, LedgerError
from earwitness.jobs.draw_sample import DrawSample


class Days:
    """Days of drawing that note what was asked of them; the methods named in `failing` fail."""

    def __init__(self, *failing: str) -> None:
        self.failing = set(failing)
        self.asked: list[str] = []

    def _do(self, what: str) -> None:
        self.asked.append(what)
        if what in self.failing:
            raise LedgerError("no ledger")

    def open(self) -> None:
        self._do("open")

    def due(self) -> list[str]:
        return ["2026-03-01", "2026-03-02"]

    def draw(self, epoch: str) -> tuple[str, ...]:
        self._do(epoch)
        return ()

    def settle(self) -> None:
        self._do("settle")


def test_the_days_that_are_over_draw_before_the_next_begins() -> None:
    days = Days()
    DrawSample(days, settle=days.settle).look()
    assert days.asked == ["2026-03-01", "2026-03-02", "open", "settle"]


@pytest.mark.parametrize("failing", ["2026-03-01", "open", "settle"])
def test_what_fails_keeps_nothing_else_from_being_done(failing: str) -> None:
    days = Days(failing)
    DrawSample(days, settle=days.settle).look()
    assert {"open", "settle"} <= set(days.asked)


def test_a_fault_of_ours_is_not_hidden() -> None:
    days = Days()

    def broken() -> None:
        raise RuntimeError("a fault")

    assert not issubclass(RuntimeError, EarwitnessError)
    with pytest.raises(RuntimeError):
        DrawSample(days, settle=broken).look()


async def test_it_looks_at_once_and_again() -> None:
    days, looked = Days(), asyncio.Semaphore(0)
    loop = asyncio.get_running_loop()
    job = DrawSample(days, settle=lambda: loop.call_soon_threadsafe(looked.release), every_seconds=0.0)
    running = asyncio.create_task(job.run())
    async with asyncio.timeout(45):
        for _ in range(3):
            await looked.acquire()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
