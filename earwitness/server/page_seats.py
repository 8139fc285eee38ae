"""Pages as ends of calls: those that are open now. A page is called only from outside, and calls whom its person names."""

import asyncio
import contextlib
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Final

from earwitness.server.call_ends import SessionEnd
from earwitness.server.calls import Exchange
from earwitness.server.ports import Reached

SAID_SECONDS: Final = 10.0
"""How long a sentence about a call waits for a page to begin to play it."""


@dataclass(slots=True)
class PageSeat:
    """One page's place in the exchange (server.ports.CallSeat)."""

    pages: "PageSeats"
    end_id: str

    @property
    def is_in_call(self) -> bool:
        return self.pages.exchange.open_peer(self.end_id) is not None

    def joined(self, session: Reached) -> None:
        self.pages.join(self.end_id, session)

    def left(self, session: Reached) -> None:
        self.pages.leave(self.end_id)

    def relay(self, chunk: bytes) -> None:
        self.pages.exchange.relay(self.end_id, chunk)


@dataclass(slots=True)
class PageSeats:
    """Every page that is open. Used on one event loop."""

    exchange: Exchange
    is_quiet: Callable[[], bool] = lambda: False
    """Whether nobody on pages wants to be disturbed."""
    _here: set[str] = field(default_factory=set)
    _tasks: set[asyncio.Task[object]] = field(default_factory=set)

    def seat(self) -> PageSeat:
        """A place for a page that has just come."""
        return PageSeat(self, f"page {uuid.uuid4().hex}")

    def free_ends(self) -> tuple[str, ...]:
        """Where a call from outside may ring."""
        return () if self.is_quiet() else tuple(sorted(one for one in self._here if self.exchange.of(one) is None))

    def spare(self) -> None:
        """Somebody began not to be disturbed: if that is on pages too, a call that rings there does so no more."""
        if self.is_quiet():
            self.exchange.spare(lambda end_id: end_id in self._here)

    def join(self, end_id: str, session: Reached) -> None:
        """A page's session has begun."""
        self._here.add(end_id)
        conversation = session.conversation
        if conversation is not None:
            conversation.accept_call = lambda call_id: self.exchange.accept(call_id, end_id=end_id)
            conversation.leave_call = lambda call_id: self.exchange.leave(call_id, end_id=end_id)

        async def say(sentence: str) -> None:
            if (talk := session.conversation) is not None:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(SAID_SECONDS):
                        await talk.announce(sentence)

        self.exchange.attach(
            SessionEnd(
                end_id=end_id,
                session=session,
                named=lambda: "A page",
                placed=lambda: "a page",
                muted=lambda: session.is_muted,
                say=say,
                spawn=self._spawn,
                kind="page",
            )
        )

    def leave(self, end_id: str) -> None:
        """A page is gone: its call too."""
        self._here.discard(end_id)
        self.exchange.detach(end_id)

    def _spawn(self, work: Coroutine[None, None, object]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
