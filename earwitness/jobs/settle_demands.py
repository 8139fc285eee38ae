"""Looks after legal demands that wait for a day: sends notices and opens entries once a gag has ended, ends preservation, notes
what is overdue.

Owns when it looks; what is done is in `demands/`. A day that passed while nothing ran is caught up with at the first look.
"""

import asyncio
import logging
from typing import Final, Protocol

from earwitness.domain.errors import EarwitnessError
from earwitness.telemetry import log

LOOK_EVERY_SECONDS: Final = 60.0
_logger: Final = logging.getLogger(__name__)


class Demands(Protocol):
    """Cases that wait; the call blocks and raises EarwitnessError."""

    def settle(self) -> int:
        """Do what has fallen due; gives how many changes."""
        ...


class SettleDemands:
    """The job."""

    def __init__(self, demands: Demands, *, every_seconds: float = LOOK_EVERY_SECONDS) -> None:
        self._demands = demands
        self._every_seconds = every_seconds

    async def run(self) -> None:
        """Look until cancelled. What fails is tried again at the next look."""
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(self._every_seconds)

    def look(self) -> None:
        """Do once what has fallen due."""
        try:
            self._demands.settle()
        except EarwitnessError as error:
            log(_logger, "demands unsettled", level=logging.WARNING, code=error.code)
