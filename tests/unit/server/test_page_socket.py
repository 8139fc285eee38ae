"""A page that says nothing any more is given up; one that answers the pings is not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from functools import partial

import pytest
from starlette.types import Receive, Scope, Send
from websockets.asyncio.client import connect

from earwitness.server.listen import Address, bind, http_server
from earwitness.server.page_socket import PageSocket

SILENCE_SECONDS = 0.4
PING = 9
_HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


@asynccontextmanager
async def listening(left: asyncio.Event) -> AsyncIterator[int]:
    """A server whose sessions set `left` when they are over; gives its port."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        assert (await receive())["type"] == "websocket.connect"
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
        left.set()

    address = Address(port=0)
    listener = bind(address)
    server = http_server(app, address)
    server.config.ws_ping_interval = SILENCE_SECONDS / 8
    server.config.ws_protocol_class = partial(PageSocket, silence_seconds=SILENCE_SECONDS)  # type: ignore[assignment]
    server.capture_signals = nullcontext  # type: ignore[assignment,method-assign]
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await task


def opcodes(frames: bytes) -> set[int]:
    """The opcodes of unmasked frames with short payloads (RFC 6455, 5.2): pings carry random bytes, so none may be searched."""
    found = set()
    while frames:
        found.add(frames[0] & 0x0F)
        frames = frames[2 + frames[1] :]
    return found


async def test_a_page_that_is_frozen_is_given_up_without_a_farewell() -> None:
    left = asyncio.Event()
    async with listening(left) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(_HANDSHAKE)
        await asyncio.wait_for(left.wait(), 30)
        said = await asyncio.wait_for(reader.read(), 30)
        assert said.startswith(b"HTTP/1.1 101 ")
        assert opcodes(said.partition(b"\r\n\r\n")[2]) <= {PING}, "there is no use in a close frame"
        writer.close()


@pytest.mark.quiet
async def test_a_page_that_answers_pings_stays() -> None:
    left = asyncio.Event()
    async with listening(left) as port, connect(f"ws://127.0.0.1:{port}", proxy=None, ping_interval=None):
        try:
            await asyncio.wait_for(left.wait(), 3 * SILENCE_SECONDS)
        except TimeoutError:
            return
    raise AssertionError("it was given up")
