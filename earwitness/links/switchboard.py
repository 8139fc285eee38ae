"""Keeps the configured links connected, knows how each stands, and hands them to whoever asks for their role.

It runs each link as a task of its own, again after each failure, with a pause that grows from 1 s to 60 s. What a link does is
its module's; a link that hangs or breaks holds up nothing here. Used from one event loop, but for `changed` and `serving`.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from earwitness.domain.errors import LinkError, StorageError
from earwitness.domain.link import ConfiguredLink, LinkRole, LinkState, LinkStatus
from earwitness.links.configured import ConfiguredLinks
from earwitness.links.link_kind import Link
from earwitness.telemetry import log

FIRST_PAUSE_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 60.0
ENDING_SECONDS: Final = 5.0
"""How long a link may take to let go; then it is left to itself."""
TEST_SECONDS: Final = 10.0
USED_EVERY_SECONDS: Final = 1.0
LOOKED_AT_SECONDS: Final = 60.0
"""So often the table is looked at, as the command line may have changed it."""
_STATES: Final = {
    "link.refused": LinkState.WRONG_SECRET,
    "link.secret": LinkState.WRONG_SECRET,
    "link.nonsense": LinkState.UNSUPPORTED,
    "link.too_large": LinkState.UNSUPPORTED,
    "link.not_safe": LinkState.UNSUPPORTED,
    "link.invalid": LinkState.FAILED,
    "link.unknown": LinkState.FAILED,
    "link.not_installed": LinkState.FAILED,
}
"""By the code of the error that a link ended with; for any other, nobody was there."""
_logger = logging.getLogger(__name__)
Told = Callable[[ConfiguredLink, LinkStatus], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A link that runs, and how it stands."""

    configured: ConfiguredLink
    link: Link
    status: LinkStatus


class Switchboard:
    """All links of a house. `clock` gives aware datetimes; `jitter` gives a factor for each pause (tests: 1.0)."""

    def __init__(
        self,
        configured: ConfiguredLinks,
        *,
        clock: Callable[[], datetime],
        jitter: Callable[[], float] = lambda: random.uniform(0.5, 1.0),  # noqa: S311  (no secret)
        first_pause_seconds: float = FIRST_PAUSE_SECONDS,
        ending_seconds: float = ENDING_SECONDS,
    ) -> None:
        self.configured = configured
        self._clock = clock
        self._jitter = jitter
        self._first_pause_seconds = first_pause_seconds
        self._ending_seconds = ending_seconds
        self._lines: dict[str, _Line] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Event()
        self._subscribers: dict[object, Told] = {}

    async def run(self) -> None:
        """Connect all links and keep them so, until cancelled."""
        self._loop = asyncio.get_running_loop()
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    self._changed.clear()
                    try:
                        await self._settle(group)
                    except StorageError as error:
                        log(_logger, "links.unread", level=logging.ERROR, code=error.code)
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(LOOKED_AT_SECONDS):
                            await self._changed.wait()
        finally:
            self._loop = None
            self._lines.clear()
            self._tasks.clear()

    def changed(self) -> None:
        """Links were added, changed or removed: take it at once. From any thread; before `run` it does nothing."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._changed.set)

    def serving(self, role: LinkRole) -> tuple[Serving, ...]:
        """The links of a role that are switched on and could be made, working or not, in the order of their making. From any
        thread."""
        return tuple(
            Serving(configured=line.configured, link=line.link, status=line.status)
            for line in self._in_order()
            if line.link is not None and line.role is role
        )

    def status(self, link_id: str) -> LinkStatus:
        """How a link stands; one that does not run is off."""
        line = self._lines.get(link_id)
        return line.status if line else LinkStatus(state=LinkState.OFF, sentence="It is switched off.", since=self._clock())

    def subscribe(self, told: Told) -> Callable[[], None]:
        """Call `told` in the loop at each change of a link's state; returns how to unsubscribe."""
        token = object()
        self._subscribers[token] = told

        def unsubscribe() -> None:
            self._subscribers.pop(token, None)

        return unsubscribe

    async def test(self, link_id: str, *, seconds: float = TEST_SECONDS) -> LinkStatus:
        """Try a link now: ask it something if it works, else connect at once; says how it then stands. Never raises LinkError."""
        line = self._lines.get(link_id)
        if line is None:
            return self.status(link_id)
        await line.test(seconds=seconds)
        if line.must_restart:
            self._changed.set()
        return line.status

    async def _settle(self, group: asyncio.TaskGroup) -> None:
        """End what was changed, removed or switched off; begin what is new."""
        wanted = {one.link_id: one for one in await asyncio.to_thread(self.configured.all) if one.is_on}
        gone = [
            link_id
            for link_id, line in self._lines.items()
            if line.must_restart or link_id not in wanted or wanted[link_id].revision != line.configured.revision
        ]
        ending = [self._tasks.pop(link_id) for link_id in gone]
        for link_id, task in zip(gone, ending, strict=True):
            self._lines.pop(link_id).is_over = True
            task.cancel()
        if ending:
            await asyncio.wait(ending, timeout=self._ending_seconds)
        for link_id, one in wanted.items():
            if link_id not in self._lines:
                line = self._lines[link_id] = _Line(self, one)
                self._tasks[link_id] = group.create_task(line.run(), name=f"link {link_id}")

    def _in_order(self) -> Sequence["_Line"]:
        return sorted(self._lines.values(), key=lambda line: (line.configured.created_at, line.configured.link_id))

    def tell(self, configured: ConfiguredLink, status: LinkStatus) -> None:
        """Tell the subscribers; a fault of one of them is logged and is nobody else's."""
        for told in tuple(self._subscribers.values()):
            try:
                told(configured, status)
            except Exception as error:
                log(_logger, "link.subscriber_failed", level=logging.ERROR, error_type=type(error).__name__)

    def pause_after(self, failures: int, state: LinkState) -> float:
        """Seconds until the next try. A wrong password is not tried again and again: some servers lock the account then."""
        if state is LinkState.WRONG_SECRET:
            return LONGEST_PAUSE_SECONDS
        grown = self._first_pause_seconds * 2.0 ** min(failures - 1, 16)
        return min(grown, LONGEST_PAUSE_SECONDS) * self._jitter()

    def now(self) -> datetime:
        return self._clock()


class _Line:
    """One link as it runs. It is the Report that the link is given."""

    def __init__(self, board: Switchboard, configured: ConfiguredLink) -> None:
        self.configured = configured
        self.link: Link | None = None
        self.role = board.configured.kinds[configured.kind].role if configured.kind in board.configured.kinds else None
        self.status = LinkStatus(state=LinkState.CONNECTING, sentence="It is connecting.", since=board.now())
        self.is_over = False
        self.must_restart = False
        """Whether it was found not to work although it said so."""
        self._board = board
        self._failures = 0
        self._try_now = asyncio.Event()
        self._tried = asyncio.Event()

    def works(self, sentence: str = "") -> None:
        """The link is connected."""
        self._failures = 0
        self._become(LinkState.WORKS, sentence or "It works.")
        self._tried.set()

    def used(self) -> None:
        """Something was sent or done by it."""
        now, before = self._board.now(), self.status.used_at
        if before is None or (now - before).total_seconds() >= USED_EVERY_SECONDS:
            self.status = replace(self.status, used_at=now)

    async def run(self) -> None:
        """Connect again and again until cancelled."""
        while True:
            self._try_now.clear()
            state, sentence = await self._once()
            self._failures += 1
            self._become(state, sentence)
            self._tried.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._board.pause_after(self._failures, state)):
                    await self._try_now.wait()

    async def _once(self) -> tuple[LinkState, str]:
        """Run the link until it ends by itself; says why."""
        try:
            if self.link is None:
                kind = self._board.configured.kind(self.configured.kind)
                self.link = kind.make(await asyncio.to_thread(self._board.configured.seat, self.configured))
            await self.link.run(self)
        except LinkError as error:
            log(_logger, "link.ended", code=error.code)
            if error.code == "link.secret":
                self.link = None
            return _STATES.get(error.code, LinkState.UNREACHABLE), error.sentence
        except (OSError, EOFError, TimeoutError) as error:
            log(_logger, "link.ended", error_type=type(error).__name__)
            return LinkState.UNREACHABLE, "It cannot be reached; check its address and that it runs."
        except Exception as error:
            log(_logger, "link.failed", level=logging.ERROR, error_type=type(error).__name__)
            return LinkState.FAILED, "A fault of ours stopped it; it is tried again."
        return LinkState.UNREACHABLE, "The other side ended the connection."

    async def test(self, *, seconds: float) -> None:
        """Ask the other side something, or connect now instead of later."""
        if self.status.state is LinkState.WORKS and self.link is not None:
            try:
                async with asyncio.timeout(seconds):
                    await self.link.check()
                return
            except LinkError as error:
                self._become(_STATES.get(error.code, LinkState.UNREACHABLE), error.sentence)
            except (TimeoutError, OSError, EOFError):
                self._become(LinkState.UNREACHABLE, f"It did not answer within {seconds:g} seconds.")
            self.must_restart = True
            return
        self._tried.clear()
        self._try_now.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._tried.wait()
                return
        self._become(LinkState.UNREACHABLE, f"It did not answer within {seconds:g} seconds.")

    def _become(self, state: LinkState, sentence: str) -> None:
        before = self.status
        if self.is_over or (before.state is state and before.sentence == sentence):
            return
        since = before.since if before.state is state else self._board.now()
        self.status = replace(before, state=state, sentence=sentence, since=since)
        if before.state is not state:
            log(_logger, "link.state", state=state.value)
        self._board.tell(self.configured, self.status)
