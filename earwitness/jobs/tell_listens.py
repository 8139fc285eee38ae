"""Tells a person, on the page and aloud if they want that, when somebody else listened to a recording of theirs.

It looks every few seconds, so that listens by other processes are told too. It opens nothing. While nobody in the house wants to
be disturbed it shows them at once, and says them when that is over.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final, Protocol

from earwitness.domain.errors import EarwitnessError
from earwitness.domain.person import Person
from earwitness.domain.recording import Read, ReadResult
from earwitness.telemetry import log

LOOK_EVERY_SECONDS: Final = 3.0
MOST_UNSAID: Final = 20
"""Of more that waits to be said the oldest are left out; the page has them all."""
_logger = logging.getLogger(__name__)


class Rights(Protocol):
    """Where listens are on record; calls block."""

    def news(self, *, since: datetime) -> tuple[Read, ...]:
        """Every read by somebody else than the person, after a moment."""
        ...


class Session(Protocol):
    """Somebody's open page."""

    person: Person | None

    def notice(self, text: str, *, is_aloud: bool) -> None: ...


class TellListens:
    """The job. `sessions` gives the open pages; `clock` gives aware datetimes; `is_quiet` says whether nobody in the house wants
    to be disturbed, and raises EarwitnessError."""

    def __init__(
        self,
        rights: Rights,
        *,
        sessions: Callable[[], Iterable[Session]],
        clock: Callable[[], datetime],
        is_quiet: Callable[[], bool] = lambda: False,
    ) -> None:
        self._rights = rights
        self._sessions = sessions
        self._since = clock()
        self._is_quiet = is_quiet
        self._unsaid: deque[Read] = deque(maxlen=MOST_UNSAID)
        """What was shown, and waits to be said."""

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            try:
                reads = await asyncio.to_thread(self.look)
                is_quiet = await asyncio.to_thread(self._is_quiet)
            except EarwitnessError as error:
                log(_logger, "listens unreadable", level=logging.WARNING, code=error.code)
                continue
            self.tell(reads, is_quiet=is_quiet)

    def look(self) -> tuple[Read, ...]:
        """The listens since the last look. Raises EarwitnessError."""
        found = self._rights.news(since=self._since)
        if found:
            self._since = found[-1].opened_at
        return found

    def tell(self, reads: Iterable[Read], *, is_quiet: bool = False) -> None:
        """Tell those who are here; who is not sees it on the page when they come. While it `is_quiet`, what is said waits."""
        for read in reads:
            for session, person in self._pages_of(read):
                session.notice(_said(read), is_aloud=person.is_told_aloud and not is_quiet)
            if is_quiet:
                self._unsaid.append(read)
        while self._unsaid and not is_quiet:
            read = self._unsaid.popleft()
            for session, person in self._pages_of(read):
                if person.is_told_aloud:
                    session.notice(_said(read), is_aloud=True)

    def _pages_of(self, read: Read) -> list[tuple[Session, Person]]:
        """The pages at which the person is who was listened to."""
        open_now = [(session, session.person) for session in tuple(self._sessions())]
        return [(session, person) for session, person in open_now if person is not None and person.person_id == read.person_id]


def _said(read: Read) -> str:
    role = read.actor.role.value
    who = f"{read.actor.alias}, {'an' if role[0] in 'aeiou' else 'a'} {role}"
    if read.result is ReadResult.REFUSED:
        return f"Somebody tried to open your recordings and was refused: {who}."
    count = "one of your recordings" if read.recordings == 1 else f"{read.recordings} of your recordings"
    return f"Somebody opened {count}: {who}, for {read.purpose.value.replace('_', ' ')}."
