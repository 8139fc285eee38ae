"""A simulated satellite: a real TLS link and the real session messages, without microphone, speaker or wake word detector.

It does what a satellite does on the wire: wakes when told, plays cues and replies in no time, sends recorded sound in real time.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from earwitness.protocol.connection import Connection, ConnectionLostError, open_link
from earwitness.protocol.frames import Frame
from earwitness.protocol.resume import Link
from earwitness.trust.certificates import SERVER_NAME

CHUNK_BYTES = 1024
CHUNK_SECONDS = CHUNK_BYTES / 2 / 16_000
SOUND = {"rate": 16_000, "width": 2, "channels": 1}


@dataclass
class SimulatedSatellite:
    """One device at `host`:`port`; `tls` shows its certificate."""

    host: str
    port: int
    tls: ssl.SSLContext
    received: list[Frame] = field(default_factory=list)
    on_frame: Callable[[Frame], None] = lambda frame: None
    is_keeping: bool = True
    """Whether what was received is kept; a long run keeps nothing."""
    plays: bool = True
    """Whether cues and replies are confirmed."""
    link: Link = field(default_factory=Link)
    token: str | None = None
    is_resumed: bool = False
    connection: Connection | None = None
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _silent: list[Connection] = field(default_factory=list)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def is_connected(self) -> bool:
        """Whether the present connection is still read."""
        return bool(self._tasks) and not self._tasks[0].done()

    async def connect(self) -> None:
        """Open the link, or go on with it. Raises WireError, ConnectionLostError."""
        reader, writer = await asyncio.open_connection(self.host, self.port, ssl=self.tls, server_hostname=SERVER_NAME)
        self.connection = Connection(reader, writer)
        opened, self.link = await open_link(self.connection, self.link, token=self.token)
        self.token, self.is_resumed = opened.token, opened.is_resumed
        self._tasks = [asyncio.create_task(self._read(self.connection)), asyncio.create_task(_beat(self.connection))]

    async def greet(self, *, muted: bool = False) -> None:
        """Say hello and wait for the welcome."""
        await self.say("hello", {"version": 1, "hands_free": False, "muted": muted})
        await self.wait_for("welcome")

    def cut(self) -> None:
        """Lose the network."""
        assert self.connection is not None
        self.connection.abort()
        for task in self._tasks:
            task.cancel()

    def fall_silent(self) -> None:
        """As when the power is pulled: nothing is read or said any more, and the connection is not ended."""
        assert self.connection is not None
        for task in self._tasks:
            task.cancel()
        self._silent.append(self.connection)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        for connection in self._silent:
            connection.abort()
        if self.connection is not None:
            await self.connection.close()

    async def say(self, kind: str, fields: Mapping[str, object] | None = None, payload: bytes = b"") -> None:
        """Send one frame; while the network is lost the link keeps it."""
        assert self.connection is not None
        try:
            await self.connection.send(kind, fields or {}, payload)
        except ConnectionLostError:
            return

    async def wake(self, *, loudness_dbfs: float = -30.0, age_ms: int = 20) -> None:
        await self.say("wake", {"word": "okay nabu", "loudness_dbfs": loudness_dbfs, "score": 0.9, "age_ms": age_ms})

    async def speak(self, sound: bytes, *, is_live: bool = False) -> None:
        """Send sound as the microphone would, in real time if `is_live`, until the server closes the capture."""
        begun = len(self.received)
        for start in range(0, len(sound), CHUNK_BYTES):
            if self.is_keeping and any(_is(frame, "capture", {"open": False}) for frame in self.received[begun:]):
                return
            await self.say("audio-chunk", SOUND, sound[start : start + CHUNK_BYTES].ljust(CHUNK_BYTES, b"\0"))
            if is_live:
                await asyncio.sleep(CHUNK_SECONDS)

    async def wait_for(self, kind: str, *, since: int = 0, within_seconds: float = 5.0, **fields: object) -> dict[str, Any]:
        """The fields of the first frame of that type from `since` on; raises TimeoutError."""
        async with asyncio.timeout(within_seconds), self._news:
            while True:
                found = next((frame for frame in self.received[since:] if _is(frame, kind, fields)), None)
                if found is not None:
                    return dict(found.fields)
                await self._news.wait()

    def count(self, kind: str, **fields: object) -> int:
        return sum(_is(frame, kind, fields) for frame in self.received)

    async def _read(self, connection: Connection) -> None:
        try:
            while (frame := await connection.receive()) is not None:
                self.on_frame(frame)
                await self._play(frame)
                async with self._news:
                    if self.is_keeping:
                        self.received.append(frame)
                    self._news.notify_all()
        except ConnectionLostError:
            return

    async def _play(self, frame: Frame) -> None:
        if not self.plays:
            return
        if frame.kind == "cue":
            await self.say("cue_done", {"cue": frame.fields["cue"]})
        elif frame.kind == "speech":
            await self.say("playback", {"id": frame.fields["id"], "state": "started"})
        elif frame.kind == "speech_end":
            await self.say("playback", {"id": frame.fields["id"], "state": "finished"})


def _is(frame: Frame, kind: str, fields: Mapping[str, object]) -> bool:
    return frame.kind == kind and all(frame.fields.get(name) == value for name, value in fields.items())


async def _beat(connection: Connection) -> None:
    try:
        await connection.beat()
    except ConnectionLostError:
        return
