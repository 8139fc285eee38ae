"""The review service follows its household: which tasks may be judged, who is suspended, and its own certificate in time."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, Protocol

from earwitness.domain.errors import EarwitnessError, SettingsError
from earwitness.telemetry import log

LOOK_EVERY_SECONDS: Final = 10.0
"""How long what was withdrawn can stay on the desk after the household took it back; words are refused at once."""
_logger: Final = logging.getLogger(__name__)


class Household(Protocol):
    """The household over the channel; calls block and raise EarwitnessError."""

    def offered(self) -> Mapping[str, str]: ...

    def tell_suspended(self, reviewers: Mapping[str, str]) -> None: ...


class Desk(Protocol):
    """The desk, as far as it is told of tasks and says who is suspended."""

    def suspended(self) -> tuple[tuple[str, str, datetime], ...]: ...


class FollowHousehold:
    """The job. `take` lets the desk have exactly the tasks it is given; `check` raises SettingsError if this process could reach
    what it must not; `renew` sees to the certificate. All block."""

    def __init__(
        self,
        household: Household,
        desk: Desk,
        *,
        take: Callable[[Mapping[str, str]], None],
        check: Callable[[], None],
        renew: Callable[[], None],
        every_seconds: float = LOOK_EVERY_SECONDS,
    ) -> None:
        self._household = household
        self._desk = desk
        self._take = take
        self._check = check
        self._renew = renew
        self._every_seconds = every_seconds

    async def run(self) -> None:
        """Look until cancelled; what fails is tried again at the next look. Raises SettingsError: then nothing may go on."""
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(self._every_seconds)

    def look(self) -> bool:
        """Look once; whether the household answered. Raises SettingsError."""
        try:
            self._check()
            self._take(self._household.offered())
            self._household.tell_suspended({who: why for who, why, _ in self._desk.suspended()})
            self._renew()
        except SettingsError:
            raise
        except EarwitnessError as error:
            log(_logger, "household not followed", level=logging.WARNING, code=error.code)
            return False
        return True
