"""A real Home Assistant for trials, in an environment of its own (kept between runs), with its own demonstration devices.

It is installed by `make test-home-assistant` or at the first use here; where that is impossible, trials are skipped and say so.
"""

import asyncio
import contextlib
import json
import os
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest
import websockets

from tests.home_assistant_trial import CLIENT, install
from tests.links.servers import Server, free_port, running, until

START_SECONDS: Final = 180.0
CONFIGURATION: Final = """
homeassistant:
  name: Trial
  country: US
  language: en
  unit_system: metric
  customize:
    vacuum.0_ground_floor:
      friendly_name: Dusty
http:
  server_host: 127.0.0.1
  server_port: {port}
api:
websocket_api:
config:
onboarding:
conversation:
demo:
scene:
  - name: Movie Night
    entities:
      light.bed_light: "off"
logger:
  default: warning
"""


@dataclass
class RealHomeAssistant:
    """One that runs, with an owner and a long-lived token."""

    server: Server
    port: int
    token: str = ""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def call(self, path: str, body: object = None, *, form: str | None = None, token: str = "") -> Any:
        """GET without a body, else POST."""
        data = form.encode() if form is not None else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data=data)
        request.add_header("content-type", "application/json" if form is None else "application/x-www-form-urlencoded")
        if token or self.token:
            request.add_header("authorization", f"Bearer {token or self.token}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def state(self, entity_id: str) -> Any:
        """A state as its own REST API tells it."""
        return self.call(f"/api/states/{entity_id}")

    @asynccontextmanager
    async def admin(self, token: str = "") -> AsyncIterator["Administrator"]:
        """Its WebSocket, for what a person does on its pages."""
        async with websockets.connect(f"ws://127.0.0.1:{self.port}/api/websocket", max_size=None) as socket:
            await socket.recv()
            await socket.send(json.dumps({"type": "auth", "access_token": token or self.token}))
            assert json.loads(await socket.recv())["type"] == "auth_ok"
            yield Administrator(socket)


class Administrator:
    """Asks one thing after the other."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._numbers = count(1)

    async def ask(self, kind: str, **values: object) -> Any:
        number = next(self._numbers)
        await self._socket.send(json.dumps({"id": number, "type": kind, **values}))
        while True:
            answer = json.loads(await self._socket.recv())
            if answer.get("id") == number and answer["type"] == "result":
                assert answer["success"], answer
                return answer["result"]


@contextmanager
def home_assistant(folder: Path, *, port: int | None = None, more: str = "") -> Iterator[RealHomeAssistant]:
    """Start it and sign an owner in; `more` is added to its configuration. Skips where it cannot be installed."""
    try:
        environment = install()
    except (SystemExit, OSError, ValueError) as error:
        pytest.skip(f"Home Assistant itself cannot be tried here: {error}")
    except Exception as error:  # a package that cannot be had
        pytest.skip(f"Home Assistant could not be installed for this trial: {error}")
    port = port or free_port()
    (folder / "configuration.yaml").write_text(CONFIGURATION.format(port=port) + more, encoding="utf-8")
    hass = RealHomeAssistant(server=None, port=port)  # type: ignore[arg-type]

    def is_up() -> bool:
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError, ValueError):
            hass.call("/api/onboarding")
            return True
        return False

    with running(
        str(environment / "bin" / "hass"),
        ["-c", folder, "--skip-pip"],
        folder=folder,
        ready=is_up,
        start_seconds=START_SECONDS,
    ) as server:
        hass.server = server
        hass.token = asyncio.run(_signed_in(hass))
        yield hass


async def _signed_in(hass: RealHomeAssistant) -> str:
    person = {"client_id": CLIENT, "name": "Trial", "username": "trial", "password": os.urandom(12).hex(), "language": "en"}
    code = (await asyncio.to_thread(hass.call, "/api/onboarding/users", person))["auth_code"]
    form = f"grant_type=authorization_code&code={code}&client_id={CLIENT}"
    access = (await asyncio.to_thread(hass.call, "/auth/token", form=form))["access_token"]
    async with hass.admin(access) as admin:

        async def has_started() -> bool:
            return bool((await admin.ask("get_config"))["state"] == "RUNNING")

        await until(has_started, what="all of its devices", seconds=START_SECONDS)
        return str(await admin.ask("auth/long_lived_access_token", client_name="Earwitness", lifespan=30))
