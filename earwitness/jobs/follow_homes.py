"""Has the homes that are linked be the home of this house, and has their names learned as they change.

Learning blocks for a moment, so it is done off the event loop; what changes meanwhile is learned right after it.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from typing import Final

from earwitness.domain.errors import EarwitnessError
from earwitness.domain.home import Device, Home
from earwitness.links.joined_home import JoinedHome, RealHome
from earwitness.telemetry import log

LOOK_EVERY_SECONDS: Final = 1.0
_logger = logging.getLogger(__name__)


class FollowHomes:
    """The job. `linked` gives the links to homes that run, by their id, `players` those to music; `expected` names the homes
    that are set up (it may block); `relearn` has their names understood (it blocks); `know` takes devices whose states nobody
    has seen yet."""

    def __init__(
        self,
        home: JoinedHome,
        *,
        linked: Callable[[], Mapping[str, RealHome]],
        expected: Callable[[], Mapping[str, str]],
        relearn: Callable[[], None],
        know: Callable[[tuple[Device, ...]], None],
        players: Callable[[], Mapping[str, RealHome]] = dict,
    ) -> None:
        self._home = home
        self._players = players
        self._linked = linked
        self._expected = expected
        self._relearn = relearn
        self._know = know
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Follow until cancelled."""
        stop = self._home.on_described(self._changed.set)
        learned, must_look = spoken_names(self._home.snapshot()), True
        try:
            while True:
                self._changed.clear()
                if must_look:
                    with contextlib.suppress(EarwitnessError):
                        expected = await asyncio.to_thread(self._expected)
                        self._home.take(self._linked(), expected=expected, players=self._players())
                home = self._home.snapshot()
                names = spoken_names(home)
                if names != learned:
                    self._know(home.devices)
                    learned = await self._learn(names, learned)
                try:
                    async with asyncio.timeout(LOOK_EVERY_SECONDS):
                        await self._changed.wait()
                    must_look = False
                except TimeoutError:
                    must_look = True
        finally:
            stop()

    async def _learn(self, names: tuple[object, ...], before: tuple[object, ...]) -> tuple[object, ...]:
        """What is known after learning: as before when that failed, so that it is tried again."""
        try:
            await asyncio.to_thread(self._relearn)
        except EarwitnessError as error:
            log(_logger, "home.not_learned", level=logging.ERROR, code=error.code)
            return before
        return names


def spoken_names(home: Home) -> tuple[object, ...]:
    """Everything of a home that sentences are understood by; its states are not."""
    devices = tuple((one.name, one.domain, one.area, one.aliases, one.device_class, one.groups) for one in home.devices)
    return home.areas, devices, home.lists
