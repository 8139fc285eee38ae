"""Looks after oversight: says in the house what was suspended, granted in an emergency or is overdue, and tells whom it is about.

Owns when it looks and who is told; what happened is found in `oversight/`. What passed while nothing ran, the first look tells.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, Protocol

from earwitness.domain.person import Person
from earwitness.oversight.watch import News

LOOK_EVERY_SECONDS: Final = 5.0


class Session(Protocol):
    """Somebody's open page."""

    person: Person | None

    def notice(self, text: str, *, is_aloud: bool) -> None: ...


class WatchReview:
    """The job. `look` gives what is to be said, and blocks; `say` says it in the house; `sessions` gives the open pages."""

    def __init__(
        self,
        look: Callable[[], tuple[News, ...]],
        *,
        say: Callable[[str], Awaitable[object]],
        sessions: Callable[[], Iterable[Session]],
        every_seconds: float = LOOK_EVERY_SECONDS,
    ) -> None:
        self._look = look
        self._say = say
        self._sessions = sessions
        self._every_seconds = every_seconds

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(self._every_seconds)

    async def look(self) -> None:
        """Look once, and tell: whom it is about on their open pages too."""
        for news in await asyncio.to_thread(self._look):
            for session in tuple(self._sessions()):
                if news.person_id is not None and session.person is not None and session.person.person_id == news.person_id:
                    session.notice(news.sentence, is_aloud=False)
            await self._say(news.sentence)
