"""Home Assistant itself as a peer, in an environment of its own: it adds our Wyoming services through its config flow, has its
pipeline recognise a spoken command with them, and speaks with them. Its version here has no conversation over Wyoming.

Slow to install (about 560 MB), so not part of `make test`; run it with `make test-home-assistant`. Prints what was seen, and ends
with 1 if anything was not.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import websockets

from earwitness.build import House
from earwitness.config import Settings
from earwitness.domain.audio import Pcm
from earwitness.foreign.reach import Trust
from earwitness.foreign.wyoming_services import Offer, WyomingServices, open_socket
from earwitness.speech.wake.micro import WAKE_WORDS
from tests.system.test_conversation import spoken
from tests.unit.foreign.peers import free_port

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv-home-assistant"
PACKAGES = (
    "homeassistant==2024.3.3",
    "josepy==1.14.0",
    "wyoming==1.5.3",
    "hassil==1.6.1",
    "home-assistant-intents==2024.3.12",
    "webrtc-noise-gain==1.2.3",
    "mutagen==1.47.0",
)
"""It, and what it would install at its first start for the parts that the trial uses."""
CONFIGURATION = """
homeassistant:
  name: Trial
  country: US
  language: en
http:
  server_host: 127.0.0.1
  server_port: {port}
api:
websocket_api:
config:
onboarding:
assist_pipeline:
logger:
  default: warning
"""
CLIENT = "http://127.0.0.1/"


def install() -> Path:
    """The `hass` program, installed once."""
    program = ENVIRONMENT / "bin" / "hass"
    if not program.exists():
        print(f"installing {', '.join(PACKAGES)} in {ENVIRONMENT} (once)", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=True)
        subprocess.run([str(ENVIRONMENT / "bin" / "pip"), "install", "-q", "uv"], check=True)
        uv, python = str(ENVIRONMENT / "bin" / "uv"), str(ENVIRONMENT / "bin" / "python")
        subprocess.run([uv, "pip", "install", "-q", "--python", python, *PACKAGES], check=True)
    return program


class HomeAssistant:
    """Its REST API, on loopback."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.token = ""

    def call(self, path: str, body: object = None, *, form: str | None = None) -> Any:
        """GET without a body, else POST; JSON unless `form` is given."""
        data = form.encode() if form is not None else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data)
        request.add_header("content-type", "application/json" if form is None else "application/x-www-form-urlencoded")
        if self.token:
            request.add_header("authorization", f"Bearer {self.token}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def fetch(self, path: str) -> bytes:
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return bytes(answer.read())

    async def ready(self, running: asyncio.subprocess.Process) -> None:
        async with asyncio.timeout(120):
            while True:
                assert running.returncode is None, "Home Assistant ended"
                try:
                    await asyncio.to_thread(self.call, "/api/onboarding")
                except (urllib.error.URLError, ConnectionError, TimeoutError):
                    await asyncio.sleep(0.5)
                else:
                    return

    def sign_in(self) -> None:
        person = {"client_id": CLIENT, "name": "Trial", "username": "trial", "password": os.urandom(12).hex(), "language": "en"}
        code = self.call("/api/onboarding/users", person)["auth_code"]
        form = f"grant_type=authorization_code&code={code}&client_id={CLIENT}"
        self.token = self.call("/auth/token", form=form)["access_token"]

    def add_wyoming(self, port: int) -> str:
        flow = self.call("/api/config/config_entries/flow", {"handler": "wyoming", "show_advanced_options": False})
        done = self.call(f"/api/config/config_entries/flow/{flow['flow_id']}", {"host": "127.0.0.1", "port": port})
        return str(done["type"])


async def run_pipeline(hass: HomeAssistant, sound: Pcm) -> dict[str, Any]:
    """Say `sound` to Home Assistant's pipeline that has us at every stage; its events by type."""
    url = hass.url.replace("http", "ws") + "/api/websocket"
    async with asyncio.timeout(90), websockets.connect(url, max_size=None) as socket:
        await socket.recv()
        await socket.send(json.dumps({"type": "auth", "access_token": hass.token}))
        assert json.loads(await socket.recv())["type"] == "auth_ok"
        number = 0

        async def ask(kind: str, **values: object) -> Any:
            nonlocal number
            number += 1
            await socket.send(json.dumps({"id": number, "type": kind, **values}))
            while True:
                answer = json.loads(await socket.recv())
                if answer.get("id") == number and answer["type"] == "result":
                    assert answer["success"], answer
                    return answer["result"]

        entities = {one["entity_id"] for one in await ask("config/entity_registry/list") if one["platform"] == "wyoming"}
        print(f"  entities: {', '.join(sorted(entities))}")
        of = {kind: next(one for one in entities if one.startswith(f"{kind}.")) for kind in ("stt", "tts")}
        pipeline = await ask(
            "assist_pipeline/pipeline/create",
            name="Earwitness", language="en", conversation_engine="homeassistant", conversation_language="en",
            stt_engine=of["stt"], stt_language="en", tts_engine=of["tts"], tts_language="en-US", tts_voice="heart",
            wake_word_entity=None, wake_word_id=None,
        )  # fmt: skip
        await ask(
            "assist_pipeline/run", start_stage="stt", end_stage="stt", pipeline=pipeline["id"], input={"sample_rate": 16000}
        )
        seen: dict[str, Any] = {}
        while "run-end" not in seen:
            message = json.loads(await socket.recv())
            if message.get("type") != "event":
                continue
            event = message["event"]
            seen[event["type"]] = event["data"]
            if event["type"] == "stt-start":
                handler = bytes([seen["run-start"]["runner_data"]["stt_binary_handler_id"]])
                for start in range(0, len(sound.data), 3200):
                    await socket.send(handler + sound.data[start : start + 3200])
                await socket.send(handler)
        chosen = {"voice": "heart", "preferred_format": "wav"}
        body = {"engine_id": of["tts"], "message": "Hello.", "language": "en-US", "options": chosen}
        made = await asyncio.to_thread(hass.call, "/api/tts_get_url", body)
        seen["spoken"] = await asyncio.to_thread(hass.fetch, made["path"])
        return seen


async def trial() -> bool:
    program, port = install(), free_port()
    folder = Path(tempfile.mkdtemp(prefix="hass-"))
    (folder / "configuration.yaml").write_text(CONFIGURATION.format(port=port), encoding="utf-8")
    with House(Settings(), is_passing=True) as house:
        await asyncio.to_thread(house.assistant.warm)
        offer = Offer(
            assistant=house.assistant,
            engines=lambda: house.engines,
            detector=house.wake_detector,
            wake_words=WAKE_WORDS,
            version="trial",
        )
        listener = open_socket("127.0.0.1", 0, trust=Trust())
        serving = asyncio.create_task(WyomingServices(offer, trust=Trust(), most_connections=16).run(listener))
        began = time.monotonic()
        running = await asyncio.create_subprocess_exec(str(program), "-c", str(folder))
        try:
            hass = HomeAssistant(port)
            await hass.ready(running)
            print(f"Home Assistant is up after {time.monotonic() - began:.1f} s")
            await asyncio.to_thread(hass.sign_in)
            added = await asyncio.to_thread(hass.add_wyoming, listener.getsockname()[1])
            print(f"  config flow: {added}")
            said = Pcm(data=spoken(house, "Turn on the bedroom light."))
            seen = await run_pipeline(hass, said)
        finally:
            running.terminate()
            await running.wait()
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            shutil.rmtree(folder, ignore_errors=True)
    text = seen.get("stt-end", {}).get("stt_output", {}).get("text")
    print(f"  recognised: {text}", f"  spoken: {len(seen['spoken'])} bytes of {seen['spoken'][:4]!r}", sep="\n")
    if "error" in seen:
        print(f"  error: {seen['error']}")
    is_heard = str(text).lower().startswith("turn on the bedroom light")
    return added == "create_entry" and is_heard and seen["spoken"][:4] == b"RIFF" and len(seen["spoken"]) > 10_000


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(trial()) else 1)
