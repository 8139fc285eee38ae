"""Servers that tests of links talk to: real programs, in the foreground, each a process that the test holds and ends.

It binds nothing but 127.0.0.1 (what a test writes into a program's configuration must do the same), and touches no process but
its own.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.strange_servers import free_port

__all__ = ["Server", "free_port", "listens", "running", "udp_ports", "until"]

START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 10.0
WAIT_SECONDS: Final = 30.0
LOG_SHOWN: Final = 8_000
"""So many of the last bytes of what a server wrote are shown."""

opened: list["Server"] = []
"""The servers of the test that runs now (tests/links/conftest.py shows what they wrote when it fails)."""


class Server:
    """One program in the foreground. `ready` says whether it can be talked to; it is asked until it says so."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        folder: Path,
        ready: Callable[[], bool],
        environment: Mapping[str, str] | None = None,
        start_seconds: float = START_SECONDS,
    ) -> None:
        self.name = name
        self.folder = folder
        self.log_path = folder / f"{name}.log"
        self._command = [str(part) for part in command]
        self._ready = ready
        self._environment = os.environ | dict(environment or {})
        self._start_seconds = start_seconds
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process that runs now."""
        assert self._process is not None, f"{self.name} does not run"
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it and wait until it is ready. Raises AssertionError with what it wrote."""
        assert not self.is_running, f"{self.name} runs already"
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                cwd=self.folder,
                start_new_session=True,
            )
        deadline = time.monotonic() + self._start_seconds
        while time.monotonic() < deadline and self.is_running:
            if self._ready():
                return
            time.sleep(0.02)
        ended = "" if self.is_running else f" (it ended with {self._process.returncode})"
        self.kill()
        raise AssertionError(f"{self.name} was not ready after {self._start_seconds:g} s{ended}:\n{self.log()}")

    def stop(self) -> None:
        """Ask it to end, as an administrator would, and wait; what does not end is killed."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, as a lost power supply would."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Let it hang: connections stay open and are accepted, and nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on after `freeze`."""
        self._signal(signal.SIGCONT)

    def log(self) -> str:
        """The end of what it wrote."""
        if not self.log_path.exists():
            return "(it wrote nothing)"
        return self.log_path.read_bytes()[-LOG_SHOWN:].decode("utf-8", errors="replace")

    def _signal(self, number: signal.Signals) -> None:
        """To the whole group, as some programs start others; the group is of our own making (start_new_session)."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        if self.is_running:
            self._signal(number)
            if number is not signal.SIGKILL:
                self._signal(signal.SIGCONT)  # a frozen one ends only once it goes on; a killed one must not go on first
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
        self._signal(signal.SIGKILL)
        self._process.wait()
        self._process = None


@contextlib.contextmanager
def running(
    program: str,
    arguments: Sequence[str | Path],
    *,
    folder: Path,
    port: int | None = None,
    ready: Callable[[], bool] | None = None,
    environment: Mapping[str, str] | None = None,
    start_seconds: float = START_SECONDS,
) -> Iterator[Server]:
    """Start a program and end it afterwards.

    It is ready when it takes connections to TCP `port` of 127.0.0.1, unless `ready` says otherwise (one of the two is needed).
    Skips the test, with the reason, where the program is not installed.
    """
    place = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin:/usr/local/sbin")
    if place is None:
        pytest.skip(f"no {program} here: `python tests/prepare.py --links` installs it")
    if ready is None:
        assert port is not None, "say how to see that it is ready: a port, or `ready`"
        ready = listens(port)
    server = Server(
        Path(program).name,
        [place, *arguments],
        folder=folder,
        ready=ready,
        environment=environment,
        start_seconds=start_seconds,
    )
    opened.append(server)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def listens(port: int) -> Callable[[], bool]:
    """Whether somebody takes connections to this TCP port of this machine."""

    def ask() -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1.0):
            return True
        return False

    return ask


def udp_ports(process_id: int) -> list[int]:
    """The UDP ports that a process holds now, as the kernel lists them: to bind one would keep it from whoever is about to."""
    links = []
    for link in Path(f"/proc/{process_id}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            links.append(str(link.readlink()))
    rows = [row.split() for row in Path("/proc/net/udp").read_text().splitlines()[1:]]
    return [int(row[1].partition(":")[2], 16) for row in rows if f"socket:[{row[9]}]" in links]


async def until(holds: Callable[[], bool] | Callable[[], Awaitable[bool]], *, what: str, seconds: float = WAIT_SECONDS) -> None:
    """Poll until it holds. Raises AssertionError that names what was awaited."""
    deadline = time.monotonic() + seconds
    while True:
        answer = holds()
        if answer is True or (not isinstance(answer, bool) and await answer):
            return
        assert time.monotonic() < deadline, f"still not after {seconds:g} s: {what}"
        await asyncio.sleep(0.01)
