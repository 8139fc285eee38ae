"""The WebSocket under a page's session: pinged at a steady pace, and given up once nothing came back for too long.

A page that vanishes, or whose machine freezes, says no farewell, so none is waited for: the TLS of asyncio would wait half a
minute for one. The pings do not wait for each other's answers either: on a bad network each also brings the page's system the
confirmation that it waits for with ever longer pauses. Owns no message of the session.
"""

import asyncio
from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from earwitness.protocol.sockets import SILENCE_SECONDS

PING_SECONDS: Final = 3.0
"""The setting `ws_ping_interval`; `ws_ping_timeout` is None."""


class PageSocket(WebSocketsSansIOProtocol):
    """uvicorn's, with a watch over silence. Anything that comes is a sign of life, a pong as well as sound."""

    def __init__(self, *args: Any, silence_seconds: float = SILENCE_SECONDS, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._silence_seconds = silence_seconds
        self._heard_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._heard_at = self.loop.time()
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self._heard_at = self.loop.time()
        super().data_received(data)

    def send_keepalive_ping(self) -> None:
        """Ping again, or give up. What is not read yet, because the session is busy, is no silence of the page's."""
        if self.read_paused:
            self._heard_at = self.loop.time()
        if self.loop.time() - self._heard_at >= self._silence_seconds:
            self.ping_timer = None
            self.transport.abort()
            return
        super().send_keepalive_ping()
