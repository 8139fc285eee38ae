"""The other end of a satellite's wire: a server on a real TLS port that notes all that arrives, and a pipe that counts bytes.

It speaks the satellites' protocol and follows the order that a trial gives it, kept to or not: what a satellite sends must not
depend on the server's good will.
"""

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from earwitness.domain.errors import WireError
from earwitness.protocol.connection import Connection, ConnectionLostError, answer_link, read_link_opening
from earwitness.protocol.frames import Frame
from earwitness.protocol.resume import Link, new_token

SOUND: Final = "audio-chunk"
PATIENCE_SECONDS: Final = 20.0
Said = tuple[str, Mapping[str, object]]
Manner = Callable[[Frame], tuple[Said, ...]]
"""What the server answers to what a satellite says."""


def silent(frame: Frame) -> tuple[Said, ...]:
    """Answer nothing."""
    return ()


def by_the_rules(frame: Frame) -> tuple[Said, ...]:
    """Ask for the cue when the wake word is told, and for sound once the cue is confirmed."""
    match frame.kind:
        case "wake":
            return (("cue", {"cue": "start"}),)
        case "cue_done":
            return (("capture", {"open": True}),)
        case _:
            return ()


def without_cue(frame: Frame) -> tuple[Said, ...]:
    """Ask for sound when the wake word is told."""
    return (("capture", {"open": True}),) if frame.kind == "wake" else ()


def not_waiting_for_the_cue(frame: Frame) -> tuple[Said, ...]:
    """Ask for the cue and, whether or not it is played, for sound."""
    return (("cue", {"cue": "start"}), ("capture", {"open": True})) if frame.kind == "wake" else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """One message that arrived, and when (monotonic seconds)."""

    kind: str
    fields: Mapping[str, object]
    sound_bytes: int
    at: float


@dataclass(slots=True)
class Wire:
    """What came over the wire so far. `sent_bytes` are all that the satellite put on it: encrypted, heartbeats too."""

    tls: ssl.SSLContext
    manner: Manner = silent
    noted: list[Noted] = field(default_factory=list)
    sent_bytes: int = 0
    endings: int = 0
    """How many connections have ended."""
    port: int = 0
    _connection: Connection | None = None
    _serving: set[asyncio.Task[None]] = field(default_factory=set)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def since(self, mark: int) -> list[Noted]:
        """What arrived after the first `mark` messages."""
        return self.noted[mark:]

    def sound_bytes(self, mark: int = 0) -> int:
        """The bytes of sound in it."""
        return sum(one.sound_bytes for one in self.since(mark))

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Until something that arrives makes it so. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not is_so():
                self._news.clear()
                await self._news.wait()

    async def until_said(self, kind: str, *, after: int, **fields: object) -> int:
        """Until a message of that kind with these fields arrived; gives how many had arrived with it. Raises TimeoutError."""

        def found() -> int:
            hits = (at for at, one in enumerate(self.noted) if at >= after and one.kind == kind)
            return next((at + 1 for at in hits if fields.items() <= self.noted[at].fields.items()), 0)

        await self.until(lambda: found() > 0)
        return found()

    async def tell(self, *messages: Said) -> None:
        """Say something of one's own accord; a satellite that has just hung up hears nothing."""
        for kind, fields in messages:
            if self._connection is not None:
                with contextlib.suppress(ConnectionLostError):
                    await self._connection.send(kind, fields)

    @contextlib.contextmanager
    def _serves(self) -> Iterator[None]:
        """While the present task serves a connection."""
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            yield
        finally:
            self._serving.discard(task)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with self._serves():
            await self._converse(Connection(reader, writer))

    async def _converse(self, connection: Connection) -> None:
        beating: asyncio.Task[None] | None = None
        try:
            opening = await read_link_opening(connection)
            if opening is None:
                return
            await answer_link(connection, Link(), token=new_token(), opening=opening, is_resumed=False)
            self._connection, beating = connection, asyncio.create_task(_beat(connection))
            while (frame := await connection.receive()) is not None:
                self._note(frame)
                await self.tell(*self.manner(frame))
        except (ConnectionLostError, WireError):
            return
        finally:
            if beating is not None:
                beating.cancel()
            connection.abort()
            self.endings += 1
            self._news.set()

    def _note(self, frame: Frame) -> None:
        size = len(frame.payload)
        self.noted.append(Noted(kind=frame.kind, fields=frame.fields, sound_bytes=size, at=time.monotonic()))
        self._news.set()

    async def _count(self, near: asyncio.StreamReader, far: asyncio.StreamWriter) -> None:
        while data := await near.read(65_536):
            self.sent_bytes += len(data)
            far.write(data)
            await far.drain()


@contextlib.asynccontextmanager
async def wire(tls: ssl.SSLContext) -> AsyncIterator[Wire]:
    """A server and the pipe to it, on free ports of this machine, until the block ends; a satellite connects to `port`."""
    made = Wire(tls)

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with made._serves(), contextlib.suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", inner_port)
            await _first(made._count(reader, far_writer), _pass(far_reader, writer))
            far_writer.transport.abort()
        writer.transport.abort()

    inner = await asyncio.start_server(made._meet, "127.0.0.1", 0, ssl=tls)
    outer = await asyncio.start_server(carry, "127.0.0.1", 0)
    inner_port, made.port = (one.sockets[0].getsockname()[1] for one in (inner, outer))
    try:
        yield made
    finally:
        for server in (outer, inner):
            server.close()
        if made._serving:
            await asyncio.wait(made._serving, timeout=PATIENCE_SECONDS)


async def _pass(near: asyncio.StreamReader, far: asyncio.StreamWriter) -> None:
    while data := await near.read(65_536):
        far.write(data)
        await far.drain()


async def _first(*ways: Coroutine[None, None, None]) -> None:
    """Until one of them is over."""
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _beat(connection: Connection) -> None:
    with contextlib.suppress(ConnectionLostError):
        await connection.beat()
