"""How a session reaches its device: the Channel that a session speaks through, and the one over a WebSocket.

A channel carries the session messages of docs/protocol.md both ways and knows none of their rules. The one to a satellite is in
`device_channel.py`.
"""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Final, Protocol

from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from earwitness.protocol import session_messages as wire

CLOSE_SECONDS: Final = 2.0
_CLOSE_CODES: Final = {"wire.too_large": 1009, "session.too_slow": 1013, "session.too_many": 1013, "server.failed": 1011}


class GoneError(ConnectionError):
    """The device closed the connection, or was away for too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Why a session ends, as the device is told."""

    code: str
    sentence: str

    @property
    def close_code(self) -> int:
        """The WebSocket close code (RFC 6455, section 7.4.1); 1008 = policy violation."""
        return _CLOSE_CODES.get(self.code, 1008)


class Channel(Protocol):
    """The way to one device. Used by one session, on one event loop."""

    async def receive(self) -> wire.ClientMessage | bytes:
        """The next message, or the next chunk of sound as it came. Raises WireError, GoneError."""
        ...

    async def send(self, frame: str | bytes) -> None:
        """Send what `wire.encode` or `wire.encode_speech` made; waits while the device is slow. Raises GoneError."""
        ...

    async def end(self, ending: Ending) -> None:
        """Tell the device why and let it go, in CLOSE_SECONDS even if it no longer reads. Does nothing if it is gone."""
        ...


class WebSocketChannel:
    """The channel to a page that cannot come back. Expects an accepted WebSocket, and the first message if that was read."""

    def __init__(self, websocket: WebSocket, *, first: Message | None = None) -> None:
        self._websocket = websocket
        self._first = first

    async def receive(self) -> wire.ClientMessage | bytes:
        first, self._first = self._first, None
        message = await self._websocket.receive() if first is None else first
        if message["type"] == "websocket.disconnect":
            raise GoneError
        text: str | None = message.get("text")
        data: bytes | None = message.get("bytes")
        return wire.decode(text) if text is not None else data or b""

    async def send(self, frame: str | bytes) -> None:
        try:
            await (self._websocket.send_text(frame) if isinstance(frame, str) else self._websocket.send_bytes(frame))
        except (WebSocketDisconnect, RuntimeError, OSError) as error:
            raise GoneError from error

    async def end(self, ending: Ending) -> None:
        await end(self._websocket, ending)


async def end(websocket: WebSocket, ending: Ending) -> None:
    """Tell a page why its session ends and close the socket; one that is gone or does not read is left to the transport."""
    if websocket.application_state is not WebSocketState.CONNECTED:
        return
    with contextlib.suppress(WebSocketDisconnect, RuntimeError, OSError, TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await websocket.send_text(wire.encode({"type": "error", "code": ending.code, "message": ending.sentence}))
            await websocket.close(ending.close_code, ending.code)
