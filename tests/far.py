"""A real server in one namespace, reached from another as a page does it: sign in over TLS, open a session, talk.

What is measured of the server is read from the system (/proc), so that nothing in it is changed for a trial.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import psutil  # type: ignore[import-untyped]
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from earwitness.config import MODELS_VARIABLE, SETTINGS_VARIABLE, STATE_VARIABLE, models_folder
from earwitness.trust.authority import AUTHORITY_CERTIFICATE
from tests.houses_kept import PASSPHRASE
from tests.namespaces import Place
from tests.page_line import OwnLoop, PageLine

PORT: Final = 8765
OWNER: Final = "Annabelle"
COOKIE: Final = "__Host-earwitness-person"
CHUNK_BYTES: Final = 1024
CHUNK_SECONDS: Final = 0.032
LONGEST_WAIT_SECONDS: Final = 30.0
_ESTABLISHED: Final = "01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a server holds of the system."""

    files: int
    threads: int
    megabytes: float


class FarHouse:
    """A server of its own state in a place, with the certificate that the household's own authority makes for it."""

    def __init__(
        self, place: Place, *, folder: Path, host: str | None = None, remote: Mapping[str, object] | None = None
    ) -> None:
        self.place = place
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.certificate = folder / "state" / "keys" / AUTHORITY_CERTIFICATE
        lines = ["[server]", f'host = "{host or place.address}"', f"port = {PORT}"]
        lines += ["[remote]", *(f"{name} = {json.dumps(value)}" for name, value in (remote or {}).items())]
        (folder / "settings.toml").write_text("\n".join(lines) + "\n")
        self.environment = os.environ | {
            STATE_VARIABLE: str(folder / "state"),
            SETTINGS_VARIABLE: str(folder / "settings.toml"),
            MODELS_VARIABLE: str(models_folder()),
            "EARWITNESS_PASSPHRASE": PASSPHRASE,
            "COLUMNS": "200",
        }
        self.log = folder / "server.log"
        self._running: subprocess.Popen[str] | None = None

    def command(self, *arguments: str | Path) -> str:
        """What an `earwitness` command prints, run in the place. Raises CalledProcessError."""
        return self.place.run([sys.executable, "-m", "earwitness", *arguments], env=self.environment).stdout

    def start(self) -> float:
        """Start the server; returns once it is ready, with the seconds that took. Raises AssertionError with its log."""
        began = time.monotonic()
        with self.log.open("w") as output:
            command = [sys.executable, "-m", "earwitness", "run"]
            self._running = self.place.start(command, env=self.environment, output=output)
        while "Ready in" not in self.log.read_text():
            assert self._running.poll() is None, self.log.read_text()
            assert time.monotonic() - began < 60, self.log.read_text()
            time.sleep(0.05)
        return time.monotonic() - began

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the server by a signal; its exit status."""
        assert self._running is not None
        os.killpg(self._running.pid, how)
        return self._running.wait(20)

    def usage(self) -> Usage:
        """What the server's process holds now."""
        process = self._process()
        return Usage(files=process.num_fds(), threads=process.num_threads(), megabytes=process.memory_info().rss / 1e6)

    def connections(self, *, port: int = PORT) -> int:
        """How many peers hold a connection to that port, as the system counts them where the server lives."""
        table = Path(f"/proc/{self._process().pid}/net/tcp").read_text().splitlines()[1:]
        return sum(local.endswith(f":{port:04X}") and state == _ESTABLISHED for _, local, _, state, *_ in map(str.split, table))

    def _process(self) -> psutil.Process:
        assert self._running is not None
        return psutil.Process(self._running.pid)


@dataclass
class Answer:
    """An answer of the API."""

    status: int
    body: bytes
    headers: http.client.HTTPMessage

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Visitor:
    """Somebody in another place with a browser's manners. Call its methods in that place (`Place.call`)."""

    house: FarHouse
    address: str
    cookie: str | None = None

    @property
    def context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.house.certificate))
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        return context

    @property
    def origin(self) -> str:
        return f"https://{self.address}:{PORT}"

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        seconds: float = LONGEST_WAIT_SECONDS,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request of the API, on a connection of its own."""
        connection = http.client.HTTPSConnection(self.address, PORT, timeout=seconds, context=self.context)
        sent = {"Origin": self.origin, "Content-Type": "application/json", **(headers or {})}
        if self.cookie:
            sent["Cookie"] = f"{COOKIE}={self.cookie}"
        with contextlib.closing(connection):
            connection.request(method, path, None if body is None else json.dumps(body), sent)
            got = connection.getresponse()
            return Answer(status=got.status, body=got.read(), headers=got.headers)

    def sign_in(self, *, name: str = OWNER, passphrase: str = PASSPHRASE) -> Answer:
        """Sign in; a cookie that comes is kept."""
        answer = self.ask("POST", "/api/v1/sign-in", {"name": name, "passphrase": passphrase})
        for given in answer.headers.get_all("set-cookie", []):
            label, _, value = given.partition(";")[0].partition("=")
            if label == COOKIE:
                self.cookie = value
        return answer

    def talk(self, *, seconds: float = LONGEST_WAIT_SECONDS, pings: bool = True, is_page: bool = False) -> Talk:
        """Open a session and say hello; without pings, as in a browser, this side does not look whether the other is there. With
        `is_page` it does what our page does besides: it comes back by another connection.

        Raises OSError, TimeoutError, InvalidStatus.
        """
        line = PageLine if is_page else Line
        return Talk(
            line(
                f"wss://{self.address}:{PORT}/api/v1/session",
                ssl=self.context,
                origin=Origin(self.origin),
                additional_headers={"Cookie": f"{COOKIE}={self.cookie}"},
                open_timeout=seconds,
                close_timeout=1,
                ping_interval=1 if pings else None,
                ping_timeout=4,
                compression=None,
                proxy=None,
            ),
            seconds=seconds,
        )


class Line:
    """A WebSocket that is used from one thread and lives in another, alone: OpenSSL lets no two threads use one connection."""

    def __init__(self, uri: str, **options: Any) -> None:
        """Raises OSError, TimeoutError, InvalidStatus."""
        self._loop = OwnLoop()
        try:
            self._socket: ClientConnection = self._loop.do(_connected(uri, options))
        except BaseException:
            self._loop.end()
            raise

    @property
    def close_code(self) -> int | None:
        """How it was closed; None while it is open."""
        return self._socket.close_code

    def send(self, frame: str | bytes) -> None:
        """Raises ConnectionClosed."""
        self._loop.do(self._socket.send(frame))

    def recv(self, seconds: float) -> str | bytes:
        """The next frame. Raises ConnectionClosed, TimeoutError."""
        return self._loop.do(asyncio.wait_for(self._socket.recv(), seconds))

    def close(self) -> None:
        """Close it as one should, or at least be gone."""
        if self._loop.runs:
            self._loop.do(self._socket.close())
            self._loop.end()

    def vanish(self) -> None:
        """Be gone without a word: nothing is read or said any more, and the connection is not even closed."""
        self._loop.call(self._socket.transport.abort)
        self._loop.end()


async def _connected(uri: str, options: Mapping[str, Any]) -> ClientConnection:
    return await connect(uri, **options)


@dataclass
class Talk:
    """An open session that answers as a page does: it confirms cues and says when a reply was played."""

    socket: Line | PageLine
    seconds: float = LONGEST_WAIT_SECONDS
    messages: list[dict[str, Any]] = field(default_factory=list)
    sound: bytearray = field(default_factory=bytearray)
    presses_again: int = 0

    def __post_init__(self) -> None:
        self.tell(type="hello", version=1, hands_free=False)
        self.until(type="welcome")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.socket.close()

    def tell(self, **message: object) -> None:
        self.socket.send(json.dumps(message))

    def until(self, *, seconds: float | None = None, **expected: object) -> dict[str, Any]:
        """The next message that has those fields. Raises TimeoutError, ConnectionClosed."""
        limit = time.monotonic() + (self.seconds if seconds is None else seconds)
        while True:
            message = self.next(limit - time.monotonic())
            if message is not None and expected.items() <= message.items():
                return message

    def next(self, seconds: float) -> dict[str, Any] | None:
        """The next message, None for sound. Raises TimeoutError, ConnectionClosed."""
        frame = self.socket.recv(max(0.0, seconds))
        if isinstance(frame, bytes):
            self.sound += frame[5:]
            return None
        message: dict[str, Any] = json.loads(frame)
        self.messages.append(message)
        match message:
            case {"type": "cue", "cue": cue}:
                self.tell(type="cue_done", cue=cue)
            case {"type": "speech_end", "id": speech_id}:
                self.tell(type="playback", id=speech_id, state="finished")
        return message

    def command(self, text: str) -> dict[str, Any]:
        """The turn of a typed request."""
        self.tell(type="ask", text=text)
        return self.until(type="turn")

    def open_capture(self) -> None:
        """Press the talk button and wait until sound may be sent; who is told that nothing was captured presses again."""
        self.tell(type="press")
        while True:
            match self.next(self.seconds):
                case {"type": "capture", "open": True}:
                    return
                case {"type": "error", "code": "session.no_cue"}:
                    self.presses_again += 1
                    self.tell(type="press")

    def speak(self, sound: bytes, *, after: Callable[[float], None] = lambda _: None) -> None:
        """Send sound at the pace of a microphone; `after` is told how many seconds were sent."""
        began = time.monotonic()
        for start in range(0, len(sound) - CHUNK_BYTES + 1, CHUNK_BYTES):
            self.socket.send(sound[start : start + CHUNK_BYTES])
            sent = (start + CHUNK_BYTES) / CHUNK_BYTES * CHUNK_SECONDS
            after(sent)
            time.sleep(max(0.0, began + sent - time.monotonic()))

    def ending(self, *, seconds: float) -> tuple[int | None, dict[str, Any] | None]:
        """How the server ended the session: the close code and the last error. Raises TimeoutError if it did not."""
        limit = time.monotonic() + seconds
        with contextlib.suppress(ConnectionClosed):
            while True:
                self.next(limit - time.monotonic())
        errors = [message for message in self.messages if message["type"] == "error"]
        return self.socket.close_code, errors[-1] if errors else None


def patiently(attempt: Callable[[], Any], *, seconds: float, every_seconds: float = 0.25) -> tuple[Any, float]:
    """Try again until it succeeds, as whoever reconnects does; what it gave and the seconds that took. Raises the last error."""
    began = time.monotonic()
    while True:
        try:
            return attempt(), time.monotonic() - began
        except (OSError, ConnectionClosed) as error:
            if time.monotonic() - began > seconds:
                raise error
            time.sleep(every_seconds)


@contextlib.contextmanager
def serving(house: FarHouse, *before: Sequence[str]) -> Iterator[FarHouse]:
    """The house with an owner and its server running, begun after these commands; ended afterwards."""
    house.command("people", "add", OWNER)
    for command in before:
        house.command(*command)
    house.start()
    try:
        yield house
    finally:
        with contextlib.suppress(ProcessLookupError):
            house.stop(signal.SIGKILL)
