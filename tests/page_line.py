"""A session as the page's script speaks it (web/static/link.js), for trials without a browser: one link over as many WebSockets
as the network makes of it. Its times are the script's."""

import asyncio
import contextlib
import json
import math
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus

STALL_SECONDS: Final = 1.2
MOST_FARTHER_SECONDS: Final = 4.0
WATCH_SECONDS: Final = 0.2
PING_SECONDS: Final = 1.0
MOST_OPENING: Final = 3
KEPT_SECONDS: Final = 20.0
CONFIRM_AT_FRAMES: Final = 16
LOST: Final = {1005, 1006, 4000}
_Result = TypeVar("_Result")


class OwnLoop:
    """An event loop in a thread of its own, in the network namespace of whoever makes it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    @property
    def runs(self) -> bool:
        return self._thread.is_alive()

    def do(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Wait for what is done there."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def call(self, work: Callable[[], object]) -> None:
        """Have it done there, soon."""
        self._loop.call_soon_threadsafe(work)

    def end(self) -> None:
        self.call(self._loop.stop)
        self._thread.join()
        self._loop.close()


class PageLine:
    """Used from one thread, lives in another. What `connect` raises is raised when it begins."""

    def __init__(self, uri: str, **options: Any) -> None:
        self._loop = OwnLoop()
        self._link = _Link(uri, options)
        try:
            self._loop.do(self._link.begin())
        except BaseException:
            self._loop.end()
            raise

    @property
    def close_code(self) -> int | None:
        """How it was closed; None while it is open."""
        return self._link.close_code

    @property
    def connections(self) -> int:
        """How many carried it, one after the other."""
        return self._link.carried

    def send(self, frame: str | bytes) -> None:
        """Raises ConnectionClosed once the link is over."""
        self._loop.do(self._link.send(frame))

    def recv(self, seconds: float) -> str | bytes:
        """The next frame. Raises ConnectionClosed, TimeoutError."""
        return self._loop.do(self._link.receive(seconds))

    def close(self) -> None:
        """Leave as a page does."""
        if self._loop.runs:
            self._loop.do(self._link.end(1000))
            self._loop.end()

    def vanish(self) -> None:
        """Be gone without a word: nothing is read or said any more, and the connection is not even closed."""
        self._loop.do(self._link.end(None))
        self._loop.end()


class _Link:
    def __init__(self, uri: str, options: dict[str, Any]) -> None:
        self._uri = uri
        self._options = options
        self._live: ClientConnection | None = None
        self._sending = asyncio.Lock()
        """Of the live connection: what is sent again goes before what is new."""
        self._opening: set[asyncio.Task[None]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._newest_at = 0.0
        self._token: str | None = None
        self._received = 0
        self._unconfirmed = 0
        self._kept: list[str | bytes] = []
        self._acked = 0
        self._owed_since = 0.0
        self._soonest = math.inf
        self._pinged_at = 0.0
        self._is_busy = False
        self._inbox: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        self.close_code: int | None = None
        self.carried = 0

    async def begin(self) -> None:
        await self._ask(await connect(self._uri, **self._options))
        self._spawn(self._watch())

    async def send(self, frame: str | bytes) -> None:
        if self.close_code is not None:
            raise ConnectionClosedError(None, None)
        self._kept.append(frame)
        self._owed_since = self._owed_since or time.monotonic()
        await self._say(frame)

    async def receive(self, seconds: float) -> str | bytes:
        item = await asyncio.wait_for(self._inbox.get(), seconds)
        if item is None:
            self._inbox.put_nowait(None)
            raise ConnectionClosedError(None, None)
        return item

    async def end(self, code: int | None) -> None:
        for task in (*self._tasks, *self._opening):
            task.cancel()
        if self._live is not None:
            if code is None:
                self._live.transport.abort()
            else:
                await self._live.close(code)
        self.close_code = self.close_code or code or 1006

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _say(self, frame: str | bytes) -> None:
        live = self._live
        if live is not None:
            async with self._sending:
                with contextlib.suppress(ConnectionClosed):
                    await live.send(frame)

    async def _ask(self, socket: ClientConnection) -> None:
        """It is through: it alone asks to go on, and nothing that comes over the one before counts any more."""
        old, self._live = self._live, None
        if old is not None:
            self._spawn(_dropped(old))
        for task in self._opening - {asyncio.current_task()}:
            task.cancel()
        asked_at = self._newest_at = time.monotonic()
        await socket.send(json.dumps({"type": "link", "token": self._token, "received": self._received}))
        async with asyncio.timeout(KEPT_SECONDS):
            answer = json.loads(await socket.recv())
        if answer["type"] != "link" or (self._token is not None and not answer["resumed"]):
            self._lose(4001)
            return
        self._soonest = min(self._soonest, time.monotonic() - asked_at)
        sending = self._sending = asyncio.Lock()
        await sending.acquire()
        self._live = socket
        self._token = answer["token"]
        self.carried += 1
        self._confirm(answer["received"])
        self._owed_since = time.monotonic() if self._kept else 0.0
        self._spawn(self._read(socket))
        with contextlib.suppress(ConnectionClosed):
            for frame in tuple(self._kept):
                await socket.send(frame)
        sending.release()

    async def _read(self, socket: ClientConnection) -> None:
        try:
            while True:
                data = await socket.recv()
                if socket is not self._live:
                    return
                await self._take(data)
        except ConnectionClosed:
            if socket is not self._live:
                return
            self._live = None
            self._owed_since = self._owed_since or time.monotonic()
            if socket.close_code not in LOST:
                self._lose(socket.close_code or 1006)
            else:
                self._open()

    async def _take(self, data: str | bytes) -> None:
        message = json.loads(data) if isinstance(data, str) else {}
        if message.get("type") == "ack":
            if self._owed_since:
                self._soonest = min(self._soonest, time.monotonic() - self._owed_since)
            self._confirm(message["received"])
            return
        self._received += 1
        self._unconfirmed += 1
        if message.get("type") == "state":
            self._is_busy = message["state"] != "asleep"
        self._inbox.put_nowait(data)
        if self._unconfirmed >= CONFIRM_AT_FRAMES:
            await self._ping()

    def _confirm(self, count: int) -> None:
        gone = max(0, count - self._acked)
        del self._kept[:gone]
        self._acked += gone
        if gone or not self._kept:
            self._owed_since = time.monotonic() if self._kept else 0.0

    async def _ping(self) -> None:
        self._pinged_at = time.monotonic()
        self._owed_since = self._owed_since or self._pinged_at
        self._unconfirmed = 0
        await self._say(json.dumps({"type": "ping", "received": self._received}))

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            now = time.monotonic()
            if self._live and now - self._pinged_at > PING_SECONDS and (self._is_busy or self._kept or self._unconfirmed):
                self._spawn(self._ping())
            late = now - self._owed_since if self._owed_since else 0.0
            patience = STALL_SECONDS + min(MOST_FARTHER_SECONDS, 2 * self._soonest)
            if self._live is not None and late <= patience:
                continue
            if late > KEPT_SECONDS:
                self._lose(1006)
                return
            if now - self._newest_at > patience and len(self._opening) < MOST_OPENING:
                self._open()

    def _open(self) -> None:
        async def attempt() -> None:
            with contextlib.suppress(OSError, ConnectionClosed, InvalidStatus):
                await self._ask(await connect(self._uri, **{**self._options, "open_timeout": KEPT_SECONDS}))

        self._newest_at = time.monotonic()
        task = asyncio.create_task(attempt())
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    def _lose(self, code: int) -> None:
        self.close_code = code
        self._inbox.put_nowait(None)


async def _dropped(socket: ClientConnection) -> None:
    await socket.close(4000)
