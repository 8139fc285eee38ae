"""What trials of whole satellites share: a real server process, a satellite paired with it, and its process on PulseAudio."""

import json
import os
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from earwitness.build import House
from earwitness.config import MODELS_VARIABLE, SETTINGS_VARIABLE, STATE_VARIABLE, Settings, models_folder
from earwitness.domain.audio import Pcm
from earwitness.domain.device import DeviceKind
from earwitness.people.devices import new_device_id
from earwitness.satellite.control import ask
from earwitness.trust.identity import Identity
from tests.pulse import Pulse

START_SECONDS = 60.0
_EARWITNESS = [sys.executable, "-m", "earwitness"]


@dataclass
class Program:
    """A process of ours, and the lines that it has printed."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    _news: "queue.Queue[str]" = field(default_factory=queue.Queue)

    def read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            self._news.put(line.rstrip())

    def wait_for(self, pattern: str, *, within_seconds: float = START_SECONDS) -> re.Match[str]:
        """The next line that has the pattern. Raises TimeoutError with all that was printed."""
        deadline = time.monotonic() + within_seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = self._news.get(timeout=left)
            except queue.Empty:
                break
            if found := re.search(pattern, line):
                return found
        raise TimeoutError(f"never printed {pattern!r}: {self.lines[-20:]}")


@contextmanager
def program(arguments: list[str], environment: dict[str, str]) -> Iterator[Program]:
    """Run `earwitness` with these arguments until the block ends."""
    process = subprocess.Popen(
        [*_EARWITNESS, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    found = Program(process)
    reader = threading.Thread(target=found.read, daemon=True)
    reader.start()
    try:
        yield found
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join(2)


@dataclass
class Trial:
    """Folders and environment of one server and one satellite on this machine."""

    folder: Path
    pulse: Pulse

    @property
    def satellite_folder(self) -> Path:
        return self.folder / "satellite-state" / "satellite"

    def environment(self, name: str, **more: str) -> dict[str, str]:
        """What a process of ours sees; its settings are `NAME.toml`."""
        file = self.folder / f"{name}.toml"
        file.touch()
        own = {STATE_VARIABLE: str(self.folder / f"{name}-state"), SETTINGS_VARIABLE: str(file), "PYTHONUNBUFFERED": "1"}
        return {**os.environ, **self.pulse.environment, MODELS_VARIABLE: str(models_folder()), **own, **more}

    def pair(self, *, name: str = "Trial", area: str | None = None, with_server_of: "Trial | None" = None) -> None:
        """What pairing leaves on both sides (the pairing itself has its own trials), with this trial's server or another's."""
        identity = Identity(self.satellite_folder)
        (self.satellite_folder / "mute").write_bytes(b"not muted\n")
        with House(Settings(), state=(with_server_of or self).folder / "server-state") as house:
            device_id = new_device_id()
            made = house.authority.device_certificate(identity.public_key, device_id=device_id)
            house.devices.add(
                name,
                kind=DeviceKind.SATELLITE,
                area=area,
                key_digest=made.key_digest,
                certificate_ends_at=made.ends_at,
                device_id=device_id,
            )
            identity.join(made.pem, household=house.authority.certificate_pem)

    @contextmanager
    def server(self) -> Iterator[int]:
        """`earwitness run`, until the block ends; gives the satellites' port."""
        with program(["run", "--port", "0"], self.environment("server")) as running:
            yield int(running.wait_for(r"Satellites connect to \S+ port (\d+)").group(1))

    @contextmanager
    def satellite(self, port: int) -> Iterator[Program]:
        """`earwitness satellite`, until the block ends; its microphone and speaker are open and its link is up or tried."""
        with program(
            ["satellite", "--no-keys", "--show-words", "--server", f"127.0.0.1:{port}"], self.environment("satellite")
        ) as running:
            running.wait_for(r"state: ")
            yield running

    def status(self) -> dict[str, Any]:
        """What the satellite says of itself; empty if it does not run."""
        return dict(ask(self.satellite_folder, "status") or {})

    def until(self, *, within_seconds: float = 20.0, **expected: object) -> dict[str, Any]:
        """The status once it has these values. Raises TimeoutError."""
        deadline = time.monotonic() + within_seconds
        while time.monotonic() < deadline:
            found = self.status()
            if expected.items() <= found.items():
                return found
            threading.Event().wait(0.02)
        raise TimeoutError(f"never {expected}: {self.status()}")


def spoken(house: House, text: str, *, voice: str = "heart") -> Pcm:
    """A sentence, with silence around it."""
    parts = list(house.voices.stream(text, voice=voice, speed=1.0))
    rate_hz = parts[0].rate_hz
    return Pcm(data=bytes(rate_hz) + b"".join(part.data for part in parts) + bytes(2 * rate_hz), rate_hz=rate_hz)


def read_json(text: str) -> Any:
    """Whatever a command printed as JSON."""
    return json.loads(text)
