"""Seats for links under test, and reports that a test can wait on: a link runs without a database and without a switchboard."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

from earwitness.links.link_kind import Link, Options, Seat

WAIT_SECONDS = 30.0


class DictMemory:
    """What a link keeps, in a dict that outlives it if it is handed to the next."""

    def __init__(self, kept: dict[str, bytes] | None = None) -> None:
        self.kept = {} if kept is None else kept

    async def get(self, name: str) -> bytes | None:
        return self.kept.get(name)

    async def keep(self, name: str, value: bytes | None) -> None:
        if value is None:
            self.kept.pop(name, None)
        else:
            self.kept[name] = value


def seat(
    options: Options, *, secrets: Mapping[str, str] | None = None, name: str = "a link", kept: dict[str, bytes] | None = None
) -> Seat[Options]:
    """What a link is made from."""
    return Seat(
        link_id="1a" * 16,
        name=name,
        options=options,
        secrets=dict(secrets or {}),
        memory=DictMemory(kept),
        clock=lambda: datetime.now(UTC),
    )


class Reported:
    """What a link reported; `ended` is the error that it ended with."""

    def __init__(self) -> None:
        self.times_worked = 0
        self.times_used = 0
        self.sentence = ""
        self.ended: BaseException | None = None
        self._news = asyncio.Condition()
        self._telling: set[asyncio.Task[None]] = set()

    def works(self, sentence: str = "") -> None:
        self.times_worked += 1
        self.sentence = sentence
        self._tell()

    def used(self) -> None:
        self.times_used += 1
        self._tell()

    def end(self, error: BaseException | None) -> None:
        self.ended = error
        self._tell()

    async def until_works(self, *, times: int = 1) -> None:
        """Wait until it has reported so often; raises what the link ended with, if it ends instead."""
        async with asyncio.timeout(WAIT_SECONDS), self._news:
            await self._news.wait_for(lambda: self.times_worked >= times or self.ended is not None)
        if self.times_worked < times and self.ended is not None:
            raise self.ended

    async def until_ended(self) -> BaseException:
        """Wait for the error that it ends with."""
        async with asyncio.timeout(WAIT_SECONDS), self._news:
            await self._news.wait_for(lambda: self.ended is not None)
        assert self.ended is not None
        return self.ended

    def _tell(self) -> None:
        async def tell() -> None:
            async with self._news:
                self._news.notify_all()

        task = asyncio.get_running_loop().create_task(tell())
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)


@asynccontextmanager
async def running(link: Link) -> AsyncIterator[Reported]:
    """Run a link while the block does; what it ends with is in the report."""
    reported = Reported()

    async def run() -> None:
        try:
            await link.run(reported)
        except Exception as error:
            reported.end(error)
        else:
            reported.end(EOFError("the link ended by itself"))

    task = asyncio.create_task(run())
    try:
        yield reported
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
