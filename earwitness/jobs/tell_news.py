"""Says news that is no answer to anybody, such as that a routine did not do everything; while nobody may be disturbed, it waits.

It decides when, not where: what it is given to say with spares the places where nobody wants to be disturbed. What waits is on
the disk too, so that a restart does not lose it.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from earwitness.domain.errors import StorageError, VaultError
from earwitness.domain.quiet import Quiet
from earwitness.telemetry import log

LOOK_EVERY_SECONDS: Final = 3.0
MOST_WAITING: Final = 20
"""Of more that waits the oldest are left out."""
_logger = logging.getLogger(__name__)


class Kept(Protocol):
    """Where what waits is kept. Calls block."""

    def read(self) -> tuple[str, ...]: ...

    def write(self, sentences: tuple[str, ...]) -> None:
        """Raises StorageError."""
        ...


class TellNews:
    """The job. `say` says a sentence wherever somebody may be disturbed and gives whether anybody can have heard it; `in_force`
    gives where nobody wants to be disturbed, may block, and raises StorageError. Without `kept` a restart forgets what waits."""

    def __init__(
        self,
        say: Callable[[str], Awaitable[bool]],
        *,
        in_force: Callable[[], tuple[Quiet, ...]],
        kept: Kept | None = None,
    ) -> None:
        self._say = say
        self._in_force = in_force
        self._kept = kept
        self._waiting: deque[str] = deque(maxlen=MOST_WAITING)
        self._spared: tuple[Quiet, ...] = ()
        """Where nobody wanted to be disturbed when it was last tried."""
        self._is_from_before = False
        """Whether what waits was kept by an earlier process: nobody may be here yet, so it is tried until somebody hears it."""
        self._is_recalled = kept is None
        self._keeping = asyncio.Lock()
        """Held while what is kept is read or written, so that the last state is what stays."""

    async def tell(self, sentence: str) -> None:
        """Say it now. If nobody heard it and some do not want to be disturbed, it is said again once that has changed; if nobody
        is there it is dropped."""
        if not await self._is_over(sentence):
            self._waiting.append(sentence)
            await self._keep()

    async def run(self) -> None:
        """Say what waits, until cancelled."""
        async with self._keeping:
            await self._recall()
        while True:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            if self._waiting and (self._is_from_before or await self._has_changed()):
                await self._say_waiting()

    async def _say_waiting(self) -> None:
        """What is said is forgotten one by one: a crash meanwhile may say the last again, and loses none."""
        for sentence in tuple(self._waiting):
            if await self._is_over(sentence):
                if sentence in self._waiting:
                    self._waiting.remove(sentence)
                await self._keep()
        self._is_from_before = self._is_from_before and bool(self._waiting)

    async def _is_over(self, sentence: str) -> bool:
        """Say it, and whether that was the end of it."""
        try:
            self._spared = await asyncio.to_thread(self._in_force)
            return await self._say(sentence) or not (self._spared or self._is_from_before)
        except StorageError as error:
            log(_logger, "quiet unreadable", level=logging.WARNING, code=error.code)
            self._spared = ()
            return False

    async def _keep(self) -> None:
        if self._kept is None:
            return
        try:
            async with self._keeping:
                await self._recall()
                await asyncio.to_thread(self._kept.write, tuple(self._waiting))
        except (StorageError, VaultError) as error:
            log(_logger, "waiting news not kept", level=logging.WARNING, code=error.code)

    async def _recall(self) -> None:
        """Let what an earlier process kept wait again: once, and before anything is written in its place."""
        if self._kept is None or self._is_recalled:
            return
        found = await asyncio.to_thread(self._kept.read)
        self._is_recalled, self._is_from_before = True, bool(found)
        self._waiting = deque((*found, *self._waiting), maxlen=MOST_WAITING)

    async def _has_changed(self) -> bool:
        try:
            return await asyncio.to_thread(self._in_force) != self._spared
        except StorageError:
            return False
