"""Follows what was learned: retires what has to go, takes back what goes wrong, takes what was promoted. It learns nothing."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final, Protocol

from earwitness.domain.errors import EarwitnessError
from earwitness.telemetry import log

LOOK_EVERY_SECONDS: Final = 20.0
"""How long something can stay in use, at the longest, after its words were deleted or withdrawn."""
_logger: Final = logging.getLogger(__name__)


class Improver(Protocol):
    """The loop; calls block and raise EarwitnessError."""

    def retire(self) -> object: ...

    def take_back_what_goes_wrong(self) -> object: ...


class FollowModels:
    """The job. `flush` writes live signals and `refresh` loads what is promoted; both block."""

    def __init__(
        self,
        improver: Callable[[], Improver],
        *,
        flush: Callable[[], None],
        refresh: Callable[[], None],
        every_seconds: float = LOOK_EVERY_SECONDS,
    ) -> None:
        self._improver = improver
        self._flush = flush
        self._refresh = refresh
        self._every_seconds = every_seconds

    async def run(self) -> None:
        """Look until cancelled. What fails is tried again at the next look."""
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(self._every_seconds)

    def look(self) -> None:
        """Do each once, whatever becomes of the others."""
        self._try(self._flush)
        self._try(lambda: self._improver().retire())
        self._try(lambda: self._improver().take_back_what_goes_wrong())
        self._try(self._refresh)

    def _try(self, step: Callable[[], object]) -> None:
        try:
            step()
        except EarwitnessError as error:
            log(_logger, "following models failed", level=logging.WARNING, code=error.code)
