"""An event loop whose time jumps to the next timer instead of waiting: hours pass in milliseconds, in a fixed order."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, TypeVar

T = TypeVar("T")
START = datetime(2026, 11, 24, 15, 7, tzinfo=UTC)


class _JumpingSelector(selectors.DefaultSelector):
    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise RuntimeError("the loop would wait for ever")
        self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Work for threads is done at once, in the loop, so that no real time passes."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)
        self._clock_resolution = 1e-6  # after half a year of seconds a double no longer tells a nanosecond more

    def time(self) -> float:
        return self._jumping.now

    def run_in_executor(self, executor: Executor | None, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future


class WallClock:
    """A wall clock that follows the loop, in `zone`; `shift` makes it jump."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, start: datetime = START) -> None:
        self._loop = loop
        self._start = start
        self.zone: tzinfo = UTC
        self.shift = timedelta(0)

    def __call__(self) -> datetime:
        return (self._start + timedelta(seconds=self._loop.time()) + self.shift).astimezone(self.zone)


def run(work: Callable[[WallClock], Coroutine[Any, Any, T]], *, start: datetime = START) -> T:
    """Run `work` in virtual time, beginning at `start`."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work(WallClock(runner.get_loop(), start=start)))
