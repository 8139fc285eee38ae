"""One connection of a link over TCP or TLS: frames in and out, the heartbeat, and a deadline for every write.

Owns the streams and their clocks; what is counted and kept is in resume.py. A connection that is lost raises ConnectionLostError,
one whose peer breaks the protocol WireError; the two never look alike. Sends may come from several tasks, reads from one.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Final

from earwitness.domain.errors import WireError
from earwitness.protocol.frames import Decoder, Frame, encode
from earwitness.protocol.resume import (
    KEPT_SECONDS,
    LOST_SECONDS,
    OPENING,
    PING,
    PING_SECONDS,
    Link,
    Opened,
    Opening,
    opened_frame,
    opening_frame,
    read_opened,
    read_opening,
)

WRITE_SECONDS: Final = 4.0
OPEN_SECONDS: Final = 5.0
_READ_BYTES: Final = 64 * 1024
_WRITE_BUFFER_BYTES: Final = 256 * 1024


class ConnectionLostError(ConnectionError):
    """The network or the peer is gone; the link may be resumed on another connection."""


class Connection:
    """Frames over a pair of streams, before the link opens (`read`, `write`) and after (`begin`, then `receive`, `send`)."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        is_numbered: bool = True,
        write_seconds: float = WRITE_SECONDS,
        lost_seconds: float = LOST_SECONDS,
        ping_seconds: float = PING_SECONDS,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._write_seconds = write_seconds
        self._lost_seconds = lost_seconds
        self._ping_seconds = ping_seconds
        self._is_foreign = not is_numbered
        self._decoder = Decoder(is_numbered=is_numbered)
        self._ready: list[Frame] = []
        self._link: Link | None = None
        self._is_closed = False
        self._heard_at = asyncio.get_running_loop().time()
        writer.transport.set_write_buffer_limits(high=_WRITE_BUFFER_BYTES)

    @property
    def link(self) -> Link:
        """The link that this connection carries. Raises RuntimeError before `begin`."""
        if self._link is None:
            raise RuntimeError("the link is not open yet")
        return self._link

    @property
    def silent_seconds(self) -> float:
        """How long ago the last whole frame came; if none did, the connection."""
        return asyncio.get_running_loop().time() - self._heard_at

    def begin(self, link: Link, *, resend: tuple[Frame, ...] = ()) -> None:
        """Carry this link from now on, first what the other side has not received (`Link.resume`)."""
        self._link = link
        for frame in resend:
            self._put(frame)

    async def read(self, *, within_seconds: float | None = None) -> Frame | None:
        """The next frame as it came, None at a clean end. Raises WireError; ConnectionLostError if nothing came in time."""
        try:
            async with asyncio.timeout(within_seconds):
                while not self._ready:
                    data = await self._reader.read(_READ_BYTES)
                    if not data:
                        self._decoder.finish()
                        return None
                    self._ready = self._decoder.feed(data)
                    if self._ready:
                        self._heard_at = asyncio.get_running_loop().time()
        except (OSError, EOFError) as error:  # TimeoutError is an OSError too
            raise ConnectionLostError("nothing came from the other side for too long, or the connection broke") from error
        return self._ready.pop(0)

    async def write(self, frame: Frame) -> None:
        """Write a frame as it is. Raises WireError, ConnectionLostError if it cannot be passed on in time."""
        self._put(frame)
        await self._drain()

    async def receive(self) -> Frame | None:
        """The next new frame of the link; pings are answered, repeats dropped. None at a clean end.

        Raises WireError, ConnectionLostError."""
        link = self.link
        while True:
            frame = await self.read(within_seconds=self._lost_seconds)
            if frame is None:
                return None
            new = link.receive(frame)
            if new is not None:
                if link.owes_ack:  # what was counted as received is handed on, whatever becomes of the answer
                    with contextlib.suppress(ConnectionLostError):
                        self._put(link.pong())
                return new
            if frame.kind == PING:
                await self.write(link.pong())

    async def send(self, kind: str, fields: Mapping[str, object], payload: bytes = b"") -> Frame:
        """Number, keep and write a frame. Raises WireError; ConnectionLostError if it was not written, but the link keeps it."""
        frame = self.link.send(kind, fields, payload)
        await self.write(frame)
        return frame

    async def beat(self) -> None:
        """Ping as often as agreed, without end; run it beside `receive`. Raises ConnectionLostError."""
        while True:
            await asyncio.sleep(self._ping_seconds)
            await self.write(self.link.ping())

    async def close(self) -> None:
        """End the connection and wait, but not long, until what was written has gone. Never raises."""
        self._is_closed = True
        self._writer.close()
        with contextlib.suppress(OSError, EOFError, TimeoutError):
            async with asyncio.timeout(min(1.0, self._write_seconds)):
                await self._writer.wait_closed()
        self.abort()

    def abort(self) -> None:
        """End the connection at once; what was not passed on yet is dropped here, the link keeps it."""
        self._is_closed = True
        self._writer.transport.abort()

    def _put(self, frame: Frame) -> None:
        if self._is_closed or self._writer.is_closing():
            raise ConnectionLostError("the connection is closed")
        self._writer.write(encode(frame, is_foreign=self._is_foreign))

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(self._write_seconds):
                await self._writer.drain()
        except (OSError, EOFError) as error:
            self.abort()
            raise ConnectionLostError("the other side reads too slowly, or the connection broke") from error


async def open_link(connection: Connection, link: Link, *, token: str | None) -> tuple[Opened, Link]:
    """Open or resume a link, as a device does: the server's answer and the link that the connection now carries, a new one
    unless the server resumed. Raises WireError, also with the code of an `error` that was answered; ConnectionLostError."""
    received = link.received if token is not None else 0
    await connection.write(opening_frame(Opening(token=token, received=received)))
    frame = await connection.read(within_seconds=OPEN_SECONDS)
    if frame is None:
        raise ConnectionLostError("the server ended the connection")
    if frame.kind == "error":
        raise refusal(frame)
    opened = read_opened(frame)
    if opened.is_resumed and token is None:
        raise WireError("The server resumes a link that was not there.")
    goes_on = link if opened.is_resumed else Link()
    connection.begin(goes_on, resend=goes_on.resume(opened.received))
    return opened, goes_on


async def read_link_opening(connection: Connection) -> Opening | None:
    """The opening of a device, as the server reads it; None if the device left first. Raises WireError, ConnectionLostError."""
    frame = await connection.read(within_seconds=OPEN_SECONDS)
    return None if frame is None else read_opening(frame)


async def answer_link(connection: Connection, link: Link, *, token: str, opening: Opening, is_resumed: bool) -> None:
    """Answer an opening, as the server does, and carry the link from now on. Raises WireError, ConnectionLostError."""
    resend = link.resume(opening.received if is_resumed else 0)
    await connection.write(opened_frame(Opened(token=token, received=link.received, is_resumed=is_resumed)))
    connection.begin(link, resend=resend)


def refusal(frame: Frame) -> WireError:
    """What an `error` frame says, as an error to raise; its words are kept short and plain."""
    code, message = frame.fields.get("code"), frame.fields.get("message")
    sentence = message if isinstance(message, str) and len(message) <= 500 and message.isprintable() else "The server refused."
    return WireError(sentence, code=code if isinstance(code, str) and len(code) <= 64 else "wire.malformed")


__all__ = [
    "KEPT_SECONDS",
    "OPENING",
    "Connection",
    "ConnectionLostError",
    "answer_link",
    "open_link",
    "read_link_opening",
    "refusal",
]
