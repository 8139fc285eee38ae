"""Servers of a test's own on this machine: what they answer is the test's to say, also what no honest server would."""

import asyncio
import contextlib
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def free_port() -> int:
    """A port on which nobody listens now. It is none of those that the kernel hands out, so that nobody gets it meanwhile."""
    while True:
        port = 10_000 + secrets.randbelow(20_000)
        with socket.socket() as one, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port


@contextlib.asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[int]:
    """Listen while the block runs; gives the port. Each connection is `answer`'s until it returns; whoever stays is cut off."""
    open_now: set[asyncio.Task[None]] = set()

    async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        me = asyncio.current_task()
        assert me is not None
        open_now.add(me)
        try:
            await answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            open_now.discard(me)
            writer.transport.abort() if writer.transport.get_write_buffer_size() else writer.close()

    server = await asyncio.start_server(met, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(open_now):
            task.cancel()
        await asyncio.gather(*open_now, return_exceptions=True)


async def request(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """One HTTP request: its head and its body."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    length = next((int(line.split(":")[1]) for line in head.splitlines() if line.lower().startswith("content-length:")), 0)
    return head, await reader.readexactly(length)


def reply(body: bytes, *, status: str = "200 OK", headers: str = "") -> bytes:
    """One HTTP answer."""
    return f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


def always(answer: bytes) -> Answer:
    """Answers every request with these bytes."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await request(reader)
            writer.write(answer)
            await writer.drain()

    return say


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Takes everything and never says a word."""
    while await reader.read(65536):
        pass


def endless(beginning: bytes, block: bytes, *, pause_seconds: float = 0.0) -> Answer:
    """Begins, and never ends."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(beginning)
        while True:
            writer.write(block)
            await writer.drain()
            await asyncio.sleep(pause_seconds)

    return say


async def broken_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hangs up as soon as something was said."""
    await reader.read(1)


def cutting(port: int, *, method: str) -> Answer:
    """Passes everything on to a real server, and hangs up instead of passing the answer to a request with that method."""

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        try:
            while True:
                head, body = await request(reader)
                back.write(head.encode("latin-1") + body)
                answer = await there.readuntil(b"\r\n\r\n")
                text = answer.decode("latin-1")
                length = next(int(line.split(":")[1]) for line in text.splitlines() if line.lower().startswith("content-length:"))
                rest = await there.readexactly(length)
                if head.startswith(f"{method} "):
                    return
                writer.write(answer + rest)
                await writer.drain()
                if "connection: close" in text.lower() or text.startswith("HTTP/1.0"):
                    return
        finally:
            back.close()

    return pass_on
