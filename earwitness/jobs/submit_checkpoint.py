"""Has the ledger's head co-signed by the household's witnesses, from time to time, so that no past of it can be replaced unseen.

A witness that is away is asked again next time. It knows no keys and no network.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from earwitness.domain.errors import EarwitnessError, ProofError
from earwitness.telemetry import log

Ask = Callable[[], object]
"""Asks one witness; blocks on the network. Raises EarwitnessError: ProofError if the witness saw another history."""
_logger: Final = logging.getLogger(__name__)


class SubmitCheckpoint:
    """The job."""

    def __init__(self, asks: Sequence[Ask], *, every_seconds: float) -> None:
        self._asks = tuple(asks)
        self._every_seconds = every_seconds

    async def run(self) -> None:
        """Ask every witness, at once and then every so many seconds, until cancelled."""
        while self._asks:
            await self.submit()
            await asyncio.sleep(self._every_seconds)

    async def submit(self) -> None:
        """Ask each witness once; none waits for another."""
        async with asyncio.TaskGroup() as tasks:
            for number, ask in enumerate(self._asks):
                tasks.create_task(self._submit(number, ask))

    async def _submit(self, number: int, ask: Ask) -> None:
        try:
            await asyncio.to_thread(ask)
        except ProofError as error:
            log(_logger, "a witness saw another history of this ledger", level=logging.ERROR, witness=number, code=error.code)
        except EarwitnessError as error:
            log(_logger, "witness did not sign", level=logging.WARNING, witness=number, code=error.code)
