"""A calendar server for tests: Radicale, in a temporary folder, on a free port of this machine only.

It runs in a process of its own and can be stopped and started again in the middle of a test.
"""

import contextlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.strange_servers import free_port

START_SECONDS: Final = 20.0
PASSWORD: Final = "only for tests"
_MKCOL: Final = (
    '<C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:set><D:prop><D:displayname>{name}</D:displayname>'
    "<C:supported-calendar-component-set>{comps}</C:supported-calendar-component-set></D:prop></D:set></C:mkcalendar>"
)


class CalendarServer:
    """A running server. Each test takes an account of its own, with one calendar of events and one of tasks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._client = httpx.Client(trust_env=False)
        (folder / "users").write_text("".join(f"user{n}:{PASSWORD}\n" for n in range(1, 100)), encoding="utf-8")
        (folder / "config").write_text(
            f"[server]\nhosts = 127.0.0.1:{self.port}\n[auth]\ntype = htpasswd\nhtpasswd_filename = {folder}/users\n"
            f"htpasswd_encryption = plain\ndelay = 0\n[storage]\nfilesystem_folder = {folder}/data\n[logging]\nlevel = error\n",
            encoding="utf-8",
        )
        self.password_file = folder / "password"
        self.password_file.write_text(f"{PASSWORD}\n", encoding="utf-8")
        self.password_file.chmod(0o600)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        log = (self.folder / "log").open("ab")
        command = [sys.executable, "-m", "radicale", "--config", str(self.folder / "config")]
        with log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            with contextlib.suppress(httpx.TransportError):
                self._client.get(self.url)
                return
            time.sleep(0.02)
        raise RuntimeError((self.folder / "log").read_text(encoding="utf-8", errors="replace")[-500:])

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def account(self) -> str:
        """The name of an account that nobody has used."""
        user = f"user{next(self._numbers)}"
        self.make_calendar(user, "home", name="Family", components=("VEVENT",))
        self.make_calendar(user, "todo", name="Chores", components=("VTODO",))
        return user

    def make_calendar(self, user: str, place: str, *, name: str, components: tuple[str, ...]) -> None:
        comps = "".join(f'<C:comp name="{component}"/>' for component in components)
        self.request(user, "MKCALENDAR", f"{place}/", _MKCOL.format(name=name, comps=comps))

    def put(self, user: str, place: str, text: str) -> None:
        """Keep an object, as another program of the household would."""
        self.request(user, "PUT", place, text.replace("\n", "\r\n"))

    def request(self, user: str, method: str, place: str, body: str = "", **headers: str) -> str:
        url = f"{self.url}{user}/{place}"
        reply = self._client.request(method, url, content=body.encode(), auth=(user, PASSWORD), headers=headers)
        return reply.raise_for_status().text


@contextlib.contextmanager
def running_calendar_server() -> Iterator[CalendarServer]:
    """Start the server and stop it afterwards; skips the test, with the reason, where it is not installed."""
    if importlib.util.find_spec("radicale") is None:
        pytest.skip("no calendar server here: radicale is not installed")
    with tempfile.TemporaryDirectory(prefix="earwitness-calendar-", ignore_cleanup_errors=True) as name:
        server = CalendarServer(Path(name))
        try:
            server.start()
            yield server
        finally:
            server.stop()
