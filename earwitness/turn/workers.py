"""Threads in which models run, so that the event loop never waits for one.

One thread per model that serves one call at a time; a call that was not begun is dropped when its caller is cancelled. Devices
take turns: what one of them asks for waits in a short queue of its own, and one too many is refused at once.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from types import TracebackType
from typing import Final, ParamSpec, Self, TypeVar

from earwitness.domain.errors import EngineError
from earwitness.turn.fair_queue import FairQueue

P = ParamSpec("P")
T = TypeVar("T")

MOST_WAITING: Final = 8
"""Calls of one owner that may wait for one kind of work."""
MOST_STREAMS: Final = 64
"""The same for listening, where each stream of an owner has one chunk waiting at most."""
NOBODY: Final = ""
"""The owner of what no device asked for."""


class _Job:
    """A call that waits."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work
        self.future: Future[object] = Future()

    def do(self) -> None:
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            result = self._work()
        except BaseException as error:
            self.future.set_exception(error)
        else:
            self.future.set_result(result)


class _Crew:
    """Threads, and what waits for them. May be used from any thread."""

    def __init__(self, name: str, *, threads: int, most_waiting: int) -> None:
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=name)
        self._queue = FairQueue[_Job](most_each=most_waiting)
        self._lock = threading.Lock()

    def put(self, owner: str, job: _Job) -> None:
        with self._lock:
            if not self._queue.put(owner, job):
                raise EngineError("I am busy with what was asked before. Try again in a moment.", code="engine.busy")
        self._pool.submit(self._serve)  # one for each job; which job it gets is decided when a thread is free

    def drop(self, owner: str, job: _Job) -> None:
        with self._lock:
            self._queue.remove(owner, job)

    def _serve(self) -> None:
        with self._lock:
            job = self._queue.take()
        if job is not None:
            job.do()

    def close(self) -> None:
        with self._lock:
            for job in self._queue.clear():
                job.future.cancel()
        self._pool.shutdown(wait=True, cancel_futures=True)


class Worker:
    """One or more threads for one kind of work, as one owner sees them."""

    def __init__(self, name: str, *, threads: int = 1, most_waiting: int = MOST_WAITING) -> None:
        self._crew = _Crew(name, threads=threads, most_waiting=most_waiting)
        self._owner = NOBODY

    def of(self, owner: str) -> "Worker":
        """The same threads, for what this owner asks."""
        found = copy(self)
        found._owner = owner
        return found

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in a thread when it is this owner's turn; return what it returns, or raise what it raises.

        Raises EngineError (engine.busy) at once if too much of this owner waits already.
        """
        result: list[T] = []
        job = _Job(lambda: result.append(work(*args, **kwargs)))
        self._crew.put(self._owner, job)
        try:
            await asyncio.wrap_future(job.future)
        except asyncio.CancelledError:
            self._crew.drop(self._owner, job)
            raise
        return result[0]

    def close(self) -> None:
        self._crew.close()


class Workers:
    """The threads of one process, shared by its conversations. Close them when the process ends."""

    def __init__(self) -> None:
        self.listen = Worker("listen", threads=2, most_waiting=MOST_STREAMS)
        self.recognise = Worker("recognise")
        self.glimpse = Worker("glimpse")
        self.understand = Worker("understand")
        self.synthesise = Worker("synthesise", threads=2)

    def of(self, owner: str) -> "Workers":
        """The same threads, for what this device or person asks."""
        found = copy(self)
        for name, worker in vars(self).items():
            setattr(found, name, worker.of(owner))
        return found

    def close(self) -> None:
        for worker in (self.listen, self.recognise, self.glimpse, self.understand, self.synthesise):
            worker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
