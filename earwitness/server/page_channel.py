"""The channel to a page that can come back: one link, over as many WebSockets as the network makes of it.

A link whose connection is lost waits KEPT_SECONDS for its page; then the session is told that it went away. A page that closes
its connection as one that leaves is gone at once. It decides nothing about who may come.
"""

import asyncio
import contextlib
from collections import deque
from typing import Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from earwitness.domain.errors import WireError
from earwitness.protocol import session_messages as wire
from earwitness.protocol.page_link import (
    KEPT_SECONDS,
    Counted,
    PageOpening,
    ack_text,
    is_same_token,
    new_token,
    opened_text,
    read_ping,
)
from earwitness.server.channel import CLOSE_SECONDS, Ending, GoneError

FRAMES_WAITING: Final = 512
"""Frames that may wait for the session; beyond it nothing more is read from the page."""
REPLACED_CODE: Final = 4000
"""The close code of a connection in whose place another one came."""
_LEFT: Final = frozenset({1000, 1001, 1012})
"""Close codes of a page that leaves, and of a server that stops."""
_ACK_AT_SOUNDS: Final = 4
_BROKEN: Final = (WebSocketDisconnect, RuntimeError, OSError)


class PageChannel:
    """A page's channel (server.channel.Channel); `carry` gives it a connection, each in the place of the one before."""

    def __init__(self, *, kept_seconds: float = KEPT_SECONDS) -> None:
        self.token = new_token()
        self._link = Counted()
        self._kept_seconds = kept_seconds
        self._inbox: deque[str | bytes | WireError] = deque()
        self._changed = asyncio.Condition()
        self._carried = 0
        self._written = 0
        self._owed = 0
        self._is_connected = False
        self._is_gone = False
        self._closing = (1000, "")
        self._farewell: asyncio.TimerHandle | None = None
        self._waking: set[asyncio.Task[None]] = set()

    @property
    def is_gone(self) -> bool:
        """Whether the link is over for good."""
        return self._is_gone

    def can_resume(self, opening: PageOpening) -> bool:
        """Whether an opening goes on with this link."""
        return not self._is_gone and opening.token is not None and is_same_token(opening.token, self.token)

    def give_up(self) -> None:
        """The link is over; whoever waits here is told."""
        self._is_gone = True
        self._wake()

    # For the session

    async def receive(self) -> wire.ClientMessage | bytes:
        async with self._changed:
            await self._changed.wait_for(lambda: self._inbox or self._is_gone)
            if not self._inbox:
                raise GoneError
            item = self._inbox.popleft()
            self._changed.notify_all()
        if isinstance(item, WireError):
            raise item
        return wire.decode(item) if isinstance(item, str) else item

    async def send(self, frame: str | bytes) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self._link.has_room(frame) or self._is_gone)
            if self._is_gone:
                raise GoneError
            self._link.send(frame)
            self._changed.notify_all()

    async def end(self, ending: Ending) -> None:
        self._closing = (ending.close_code, ending.code)
        with contextlib.suppress(GoneError, TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.send(wire.encode({"type": "error", "code": ending.code, "message": ending.sentence}))
                async with self._changed:
                    await self._changed.wait_for(lambda: self._written >= self._link.sent or not self._is_connected)
        self.give_up()

    # For the network

    async def carry(self, websocket: WebSocket, opening: PageOpening) -> None:
        """Go on over this accepted WebSocket until it is lost, another takes its place, or the link is over."""
        is_resumed = self.can_resume(opening)
        self._carried += 1
        mine = self._carried
        received = self._link.received  # from here on nothing of an older connection is counted
        if self._farewell is not None:
            self._farewell.cancel()
        try:
            self._link.take_ack(opening.received if is_resumed else 0)
        except WireError as error:
            self._inbox.append(error)
        self._is_connected, self._owed = True, 0
        self._wake()
        with contextlib.suppress(*_BROKEN):
            await websocket.send_text(opened_text(self.token, received=received, is_resumed=is_resumed))
            await self._carry(websocket, mine)
        if mine == self._carried:
            self._is_connected = False
            self._wake()
            if not self._is_gone:
                self._farewell = asyncio.get_running_loop().call_later(self._kept_seconds, self.give_up)
        code, reason = self._closing if mine == self._carried else (REPLACED_CODE, "")
        with contextlib.suppress(*_BROKEN, TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await websocket.close(code, reason)

    async def _carry(self, websocket: WebSocket, mine: int) -> None:
        tasks = {
            asyncio.create_task(self._read(websocket, mine)),
            asyncio.create_task(self._write(websocket, mine)),
            asyncio.create_task(self._until_over(mine)),
        }
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _until_over(self, mine: int) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self._is_gone or mine != self._carried)

    async def _read(self, websocket: WebSocket, mine: int) -> None:
        while True:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                if message.get("code") in _LEFT and mine == self._carried:
                    self.give_up()
                return
            text: str | None = message.get("text")
            data: bytes = message.get("bytes") or b""
            async with self._changed:
                await self._changed.wait_for(lambda: len(self._inbox) < FRAMES_WAITING or mine != self._carried)
                if mine != self._carried:
                    return  # it is not counted, so it comes again
                self._take(text, data)
                self._changed.notify_all()

    def _take(self, text: str | None, data: bytes) -> None:
        try:
            ping = None if text is None else read_ping(text)
            if ping is not None:
                self._link.take_ack(ping)
                self._owed = _ACK_AT_SOUNDS
                return
        except WireError as error:
            self._inbox.append(error)
            return
        self._link.received += 1
        self._owed += 1 if text is None else _ACK_AT_SOUNDS
        self._inbox.append(data if text is None else text)

    async def _write(self, websocket: WebSocket, mine: int) -> None:
        """Send what the page does not have, and how much of its frames came."""
        position = self._link.acked
        while mine == self._carried:
            position, frame = await self._next(position)
            if isinstance(frame, bytes):
                await websocket.send_bytes(frame)
            else:
                await websocket.send_text(ack_text(self._link.received) if frame is None else frame)
            async with self._changed:
                self._written = max(self._written, position)
                self._changed.notify_all()

    async def _next(self, position: int) -> tuple[int, str | bytes | None]:
        """What to send after the frame of that number: the next one with its number, or None where a confirmation is due."""
        async with self._changed:
            await self._changed.wait_for(
                lambda: self._owed >= _ACK_AT_SOUNDS or self._link.sent > max(position, self._link.acked)
            )
            position = max(position, self._link.acked)
            if self._owed >= _ACK_AT_SOUNDS:
                self._owed = 0
                return position, None
            return position + 1, self._link.frame(position + 1)

    def _wake(self) -> None:
        """Let whoever waits look again."""

        async def notify() -> None:
            async with self._changed:
                self._changed.notify_all()

        task = asyncio.ensure_future(notify())
        self._waking.add(task)
        task.add_done_callback(self._waking.discard)
