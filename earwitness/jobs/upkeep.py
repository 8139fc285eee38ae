"""Lets go of what has expired and of what was deleted, on time: keys at the second, what they sealed soon after.

It sleeps until the next recording expires, and looks at least every `longest_sleep_seconds`, so that a clock that jumps, or a
deletion by another process, is noticed. It knows no keys and no files.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final, Protocol

from earwitness.domain.errors import EarwitnessError
from earwitness.telemetry import log

RETRY_SECONDS: Final = 5.0
_logger = logging.getLogger(__name__)


class Eraser(Protocol):
    """What expires and sweeps; every call blocks. `vault.erasing` stands behind it."""

    def expire(self) -> int:
        """Delete what has expired; gives how many."""
        ...

    def next_expiry(self) -> datetime | None:
        """When the next recording expires."""
        ...


class Upkeep:
    """The job. `clock` gives aware datetimes; `finish` finishes what a power cut or an absent ledger left behind."""

    def __init__(
        self, eraser: Eraser, *, finish: Callable[[], None], clock: Callable[[], datetime], longest_sleep_seconds: float
    ) -> None:
        self._eraser = eraser
        self._finish = finish
        self._clock = clock
        self._longest_sleep_seconds = longest_sleep_seconds
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Look now: something was deleted or kept. Called on the event loop."""
        self._wake.set()

    async def run(self) -> None:
        """Look until cancelled. What fails is tried again."""
        while True:
            self._wake.clear()
            try:
                seconds = await asyncio.to_thread(self.look)
            except EarwitnessError as error:
                log(_logger, "upkeep.failed", level=logging.WARNING, code=error.code)
                seconds = RETRY_SECONDS
            try:
                async with asyncio.timeout(seconds):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def look(self) -> float:
        """Expire, sweep and finish once; gives the seconds until it must look again. Raises EarwitnessError."""
        while self._eraser.expire():
            pass
        self._finish()
        due = self._eraser.next_expiry()
        if due is None:
            return self._longest_sleep_seconds
        return min(self._longest_sleep_seconds, max(0.0, (due - self._clock()).total_seconds()))
