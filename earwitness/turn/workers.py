"""Threads in which models run, so that the event loop never waits for one.

One thread per model that serves one call at a time; a call that was not begun is dropped when its caller is cancelled.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Worker:
    """One or more threads for one kind of work."""

    def __init__(self, name: str, *, threads: int = 1) -> None:
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=name)

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in the thread and return what it returns, or raise what it raises."""
        return await asyncio.wrap_future(self._pool.submit(work, *args, **kwargs))

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


class Workers:
    """The threads of one process, shared by its conversations. Close them when the process ends."""

    def __init__(self) -> None:
        self.listen = Worker("listen", threads=2)
        self.recognise = Worker("recognise")
        self.glimpse = Worker("glimpse")
        self.understand = Worker("understand")
        self.synthesise = Worker("synthesise", threads=2)

    def close(self) -> None:
        for worker in (self.listen, self.recognise, self.glimpse, self.understand, self.synthesise):
            worker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
