"""Keeps lists, reminders and alarms the same here and on the calendar server, when either changes and every so often.

Everything that is asked of the house is answered by the database at once; this job follows behind. While the server is away it
tries again, less and less often; nothing has to be remembered for that, because what differs is still there when it comes back.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from earwitness.domain.errors import EarwitnessError, LinkError
from earwitness.links.sync.bonds import Bonds, SyncedCalendar
from earwitness.links.sync.round import MOST_NOTES, Rounds
from earwitness.links.sync.server import SyncServer
from earwitness.links.sync.settling import Settled, Settling
from earwitness.links.sync.state import SyncState
from earwitness.links.sync.things import Things
from earwitness.telemetry import log

FIRST_RETRY_SECONDS: Final = 5.0
LONGEST_RETRY_SECONDS: Final = 900.0
SOON_SECONDS: Final = 0.3
"""Changes that come together are sent together."""
_MOST_ROUNDS: Final = 4
"""How often at once a calendar is gone through that does not settle, because somebody changes it all the time."""
_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Last:
    error: str = ""
    notes: list[str] = field(default_factory=list)


class SyncCalendar:
    """The job. `things` by the kind of calendar they are in (list, reminder, alarm); it has nothing to do without any."""

    def __init__(
        self,
        server: SyncServer,
        bonds: Bonds,
        settling: Settling,
        *,
        things: Mapping[str, Things],
        clock: Callable[[], datetime],
        every_seconds: float,
        subscribe: Callable[[Callable[[], None]], Callable[[], None]],
    ) -> None:
        self._server = server
        self._bonds = bonds
        self._settling = settling
        self._things = dict(things)
        self._clock = clock
        self._rounds = Rounds(server, bonds, clock=clock)
        self._every_seconds = every_seconds
        self._subscribe = subscribe
        self._wake = asyncio.Event()
        self._last = _Last()
        self._tags: dict[str, str] = {}
        self._one_at_a_time = asyncio.Lock()

    async def run(self) -> None:
        """Keep both sides the same until cancelled. What fails is tried again."""
        loop = asyncio.get_running_loop()
        stop = self._subscribe(lambda: None if loop.is_closed() else _call(loop, self._wake.set))
        try:
            failures = 0
            while True:
                self._wake.clear()
                failures = 0 if await self.sync() else failures + 1
                await self._pause(failures)
        finally:
            stop()
            await self._server.account.close()

    async def sync(self) -> bool:
        """Make both sides the same now; tells whether they are."""
        async with self._one_at_a_time:
            notes: list[str] = []
            try:
                await self._through(notes)
            except LinkError as error:
                self._last = _Last(error=error.sentence, notes=self._last.notes)
                self._tags.clear()
                self._server.account.forget()
                log(_logger, "sync.failed", level=logging.WARNING, code=error.code)
                return False
            except EarwitnessError as error:
                self._last = _Last(error=error.sentence, notes=self._last.notes)
                log(_logger, "sync.failed", level=logging.WARNING, code=error.code)
                return False
            self._last = _Last(notes=notes[:MOST_NOTES])
            return True

    def state(self) -> SyncState:
        """How it stands. Blocks on the disk. Raises StorageError."""
        every = [one for one in self._bonds.calendars() if _kind(one) in self._things]
        calendars = [one for one in every if one.kind != "list" or one.name]
        missing = [kind for kind in self._things if kind != "list" and not any(one.kind == kind for one in calendars)]
        unknown = [SyncedCalendar(path="", kind=kind) for kind in missing]
        if "list" in self._things and not any(one.kind == "lists" for one in calendars):
            unknown += [SyncedCalendar(path="", kind="list", name=name) for name in self._settling.uncovered()]
        behind = sum(self._rounds.behind(one, self._things[_kind(one)]) for one in (*calendars, *unknown))
        agreed = [one.agreed_at for one in calendars]
        host = self._server.account.server.host
        what = {"list": "lists", "reminder": "reminders", "alarm": "alarms"}
        return SyncState(
            host=host,
            what=tuple(what[kind] for kind in self._things),
            behind=behind,
            worked_at=None if missing else min((at for at in agreed if at is not None), default=None),
            error=self._last.error,
            notes=tuple(self._last.notes),
        )

    async def _pause(self, failures: int) -> None:
        """Until something changes here, or it is time to look there. After a failure, changes here do not hurry it."""
        if failures:
            seconds = min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2.0 ** min(failures - 1, 10))
            await asyncio.sleep(seconds * random.uniform(0.8, 1.2))  # noqa: S311
            return
        try:
            async with asyncio.timeout(self._every_seconds):
                await self._wake.wait()
            await asyncio.sleep(SOON_SECONDS)
        except TimeoutError:
            pass

    async def _through(self, notes: list[str]) -> None:
        await asyncio.to_thread(self._bonds.begin)
        remote = await self._server.calendars()
        settled = await self._settling.settle(list(self._things), remote)
        notes += settled.notes
        remote = await self._server.calendars() if any(one.path not in remote for one in settled.calendars) else remote
        for one in settled.calendars:
            if one.path not in remote:
                raise LinkError("The server made a calendar and does not show it.", code="link.unconfirmed")
            await self._through_one(one, tag=remote[one.path].tag, takes=remote[one.path].takes, notes=notes)
        await self._leave(settled, notes)

    async def _through_one(self, one: SyncedCalendar, *, tag: str, takes: Callable[[str], bool], notes: list[str]) -> None:
        things, is_quiet = self._things[_kind(one)], one.kind == "list" and tag and self._tags.get(one.path) == tag
        if is_quiet and not await asyncio.to_thread(self._rounds.behind, one, things):
            await asyncio.to_thread(self._bonds.agree, one.path, now=self._clock())
            return
        components = [each for each in things.components if takes(each)]
        for _ in range(_MOST_ROUNDS):
            result = await self._rounds.run(one, things, components=components)
            if result.is_settled:
                await asyncio.to_thread(self._bonds.agree, one.path, now=self._clock())
                break
        else:
            raise LinkError("A calendar is changed all the time; it is looked at again soon.", code="link.changed")
        notes += result.notes
        if not result.notes and not result.has_acted and not await asyncio.to_thread(self._rounds.behind, one, things):
            self._tags[one.path] = tag
        else:  # what the tag says was before what was done, and some servers tell the same again when that is undone
            self._tags.pop(one.path, None)

    async def _leave(self, settled: Settled, notes: list[str]) -> None:
        """Take away what is on the server of lists that went here. What was changed there meanwhile comes back with its list."""
        for one in settled.forsaken:
            result = await self._rounds.run(one, self._things["list"], components=("VTODO",))
            notes += result.notes
            left = await asyncio.to_thread(self._bonds.of, one.path)
            if left or not result.is_settled:
                continue
            if await self._server.listing(one.path, "VTODO") or await self._server.listing(one.path, "VEVENT"):
                await asyncio.to_thread(self._bonds.know, replace(one, name=""))
            else:
                await self._server.remove(one.path)
                await asyncio.to_thread(self._bonds.forget_calendar, one.path)


def _kind(calendar: SyncedCalendar) -> str:
    return "list" if calendar.kind == "lists" else calendar.kind


def _call(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
    loop.call_soon_threadsafe(callback)
