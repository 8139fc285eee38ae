"""Opens the day's drawing, draws the days that are over, and moves on what was drawn. It knows no keys and opens no recording."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final, Protocol

from earwitness.domain.errors import EarwitnessError
from earwitness.telemetry import log

LOOK_EVERY_SECONDS: Final = 20.0
"""How long a withdrawal can take, at the longest, to end what is offered or under review; the doors refuse it at once."""
_logger: Final = logging.getLogger(__name__)


class Epochs(Protocol):
    """The days of drawing; calls block and raise EarwitnessError."""

    def open(self) -> object:
        """Open the epoch of today, if it is not."""
        ...

    def due(self) -> list[str]:
        """The epochs that must draw."""
        ...

    def draw(self, epoch: str) -> tuple[str, ...]:
        """Draw one of them."""
        ...


class DrawSample:
    """The job. `settle` moves on what was drawn; it blocks and raises EarwitnessError."""

    def __init__(self, epochs: Epochs, *, settle: Callable[[], object], every_seconds: float = LOOK_EVERY_SECONDS) -> None:
        self._epochs = epochs
        self._settle = settle
        self._every_seconds = every_seconds

    async def run(self) -> None:
        """Look until cancelled. What fails is tried again at the next look."""
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(self._every_seconds)

    def look(self) -> None:
        """Draw, open and settle once; each whatever became of the others."""
        self._try(self._draw)
        self._try(self._epochs.open)
        self._try(self._settle)

    def _draw(self) -> None:
        for epoch in self._epochs.due():
            self._epochs.draw(epoch)

    def _try(self, work: Callable[[], object]) -> None:
        try:
            work()
        except EarwitnessError as error:
            log(_logger, "drawing failed", level=logging.WARNING, code=error.code)
