"""The links of pages that may come back: how a page begins one or goes on with it, and to whom each belongs.

A link goes on for whoever opened it alone: the same person by the same sign-in, from this machine if it began there.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.types import Message
from starlette.websockets import WebSocket

from earwitness.domain.errors import WireError
from earwitness.protocol.page_link import PageOpening, read_opening
from earwitness.server.channel import Channel, Ending, WebSocketChannel
from earwitness.server.page_channel import PageChannel
from earwitness.server.session import HELLO_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """To whom a link belongs: the person, the sign-in or token by which they came, whether from this machine."""

    person_id: str
    came_by: str | None
    is_local: bool


class Unwelcome(Exception):  # noqa: N818
    """A page that is sent away before anything began."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.code)
        self.ending = ending


class PageLinks:
    """The links of one server."""

    def __init__(self) -> None:
        self._links: dict[PageChannel, Whose] = {}

    async def greet(self, websocket: WebSocket) -> tuple[PageOpening | None, Message]:
        """A page's first message, and what it opens if it opens a link. Raises Unwelcome."""
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                first = await websocket.receive()
            text: str | None = first.get("text")
            return None if text is None else read_opening(text), first
        except TimeoutError as error:
            sentence = "The page did not say hello in time; reload it."
            raise Unwelcome(Ending(code="session.no_hello", sentence=sentence)) from error
        except WireError as error:
            raise Unwelcome(Ending(code=error.code, sentence=error.sentence)) from error

    def find(self, opening: PageOpening, whose: Whose) -> PageChannel | None:
        """The link that an opening goes on with; None if it is over, or was never this visitor's."""
        return next((one for one, owner in self._links.items() if owner == whose and one.can_resume(opening)), None)

    @asynccontextmanager
    async def channel(
        self, websocket: WebSocket, opening: PageOpening | None, first: Message, *, whose: Whose
    ) -> AsyncIterator[Channel]:
        """The channel of a session that begins: a link if the page opened one. When the block ends, so has the link."""
        if opening is None:
            yield WebSocketChannel(websocket, first=first)
            return
        link = PageChannel()
        self._links[link] = whose
        carrying = asyncio.create_task(link.carry(websocket, opening))
        try:
            yield link
        finally:
            del self._links[link]
            link.give_up()
            await carrying
