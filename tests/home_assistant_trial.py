"""Home Assistant itself as a peer, in an environment of its own: it adds our Wyoming services through its config flow, and runs
its whole pipeline with us at every stage: a wake word, a command, its conversation, and the reply as sound.

Slow to install (about 700 MB), so not part of `make test`; run it with `make test-home-assistant`. Prints what was seen, and ends
with 1 if anything was not as it should be.
"""

import asyncio
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import websockets

from earwitness.build import House
from earwitness.config import Settings
from earwitness.foreign.reach import Trust
from earwitness.foreign.wyoming_services import Offer, WyomingServices, open_socket
from earwitness.speech.audio_file import read_audio
from earwitness.speech.wake.micro import WAKE_WORDS
from tests.strange_servers import free_port
from tests.system.test_conversation import silence, spoken

REQUIREMENTS = Path(__file__).resolve().parent / "requirements-home-assistant.txt"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "earwitness" / "home-assistant"
PYTHON = "3.13"
CONFIGURATION = """
homeassistant:
  name: Trial
  country: US
  language: en
http:
  server_host: 127.0.0.1
  server_port: {port}
ffmpeg:
  ffmpeg_bin: {ffmpeg}
api:
websocket_api:
config:
onboarding:
assist_pipeline:
logger:
  default: warning
"""
CLIENT = "http://127.0.0.1/"
PLATFORMS = ("stt", "tts", "wake_word", "conversation")
CHUNK_SECONDS = 0.1


def install() -> Path:
    """The environment with the `hass` program, made once for each version of what it is made from."""
    done, wanted = CACHE / ".installed", REQUIREMENTS.read_text(encoding="utf-8")
    if done.exists() and done.read_text(encoding="utf-8") == wanted:
        return CACHE
    print(f"installing Home Assistant in {CACHE} (once, about two minutes)", flush=True)
    shutil.rmtree(CACHE, ignore_errors=True)
    subprocess.run([python(), "-m", "venv", str(CACHE)], check=True)
    subprocess.run([str(CACHE / "bin" / "pip"), "install", "-q", "uv"], check=True)
    install = [str(CACHE / "bin" / "uv"), "pip", "install", "-q", "--python", str(CACHE / "bin" / "python")]
    subprocess.run([*install, "--require-hashes", "-r", str(REQUIREMENTS)], check=True)
    done.write_text(wanted, encoding="utf-8")
    return CACHE


def python() -> str:
    """Some Python of the version that Home Assistant needs."""
    own = sorted(Path.home().glob(f".pyenv/versions/{PYTHON}.*/bin/python"))
    for candidate in (*map(str, reversed(own)), f"python{PYTHON}"):
        try:
            told = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=True).stdout
        except (OSError, subprocess.CalledProcessError):
            continue
        if told.startswith(f"Python {PYTHON}."):
            return candidate
    raise SystemExit(f"Home Assistant needs Python {PYTHON}: install it, so that python{PYTHON} is on the PATH.")


def ffmpeg(environment: Path) -> str:
    """The program that came with the environment."""
    ask = "import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())"
    told = subprocess.run([str(environment / "bin" / "python"), "-c", ask], capture_output=True, text=True, check=True)
    return told.stdout.strip()


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
        async with asyncio.timeout(180):
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


@dataclass
class Pipelines:
    """Its WebSocket API, signed in."""

    hass: HomeAssistant
    socket: Any
    number: int = 0

    async def send(self, kind: str, **values: object) -> None:
        self.number += 1
        await self.socket.send(json.dumps({"id": self.number, "type": kind, **values}))

    async def ask(self, kind: str, **values: object) -> Any:
        await self.send(kind, **values)
        while True:
            answer = json.loads(await self.socket.recv())
            if answer.get("id") == self.number and answer["type"] == "result":
                assert answer["success"], answer
                return answer["result"]

    async def entities(self) -> dict[str, str]:
        """The entities that it made of us, by platform."""
        found = [one["entity_id"] for one in await self.ask("config/entity_registry/list") if one["platform"] == "wyoming"]
        print(f"  entities: {', '.join(sorted(found))}")
        return {platform: next(one for one in found if one.startswith(f"{platform}.")) for platform in PLATFORMS}

    async def create(self, *, wake_word: str) -> str:
        """A pipeline that has us at every stage."""
        ours = await self.entities()
        made = await self.ask(
            "assist_pipeline/pipeline/create",
            name="Earwitness", language="en", conversation_engine=ours["conversation"], conversation_language="en",
            stt_engine=ours["stt"], stt_language="en", tts_engine=ours["tts"], tts_language="en-US", tts_voice="heart",
            wake_word_entity=ours["wake_word"], wake_word_id=wake_word,
        )  # fmt: skip
        return str(made["id"])

    async def run(self, pipeline: str, *, start: str, sound: bytes = b"", **given: object) -> "Run":
        """One run to its end; sound is sent as it would be spoken."""
        await self.send("assist_pipeline/run", start_stage=start, end_stage="tts", pipeline=pipeline, **given)
        seen, speaking = Run(), None
        began = time.monotonic()
        async with asyncio.timeout(90):
            while "run-end" not in seen.events:
                message = json.loads(await self.socket.recv())
                assert message.get("success", True), message
                if message.get("type") != "event":
                    continue
                event = message["event"]
                seen.events[event["type"]] = event["data"]
                seen.at[event["type"]] = time.monotonic() - began
                if event["type"] == "run-start" and sound:
                    speaking = asyncio.create_task(self._speak(event["data"]["runner_data"]["stt_binary_handler_id"], sound))
        if speaking is not None:
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)
        if (url := seen.get("tts-end", "tts_output", "url")) is not None:
            seen.spoken = await asyncio.to_thread(self.hass.fetch, url)
        return seen

    async def _speak(self, handler: int, sound: bytes) -> None:
        step = 2 * round(16_000 * CHUNK_SECONDS)
        for start in range(0, len(sound), step):
            await self.socket.send(bytes([handler]) + sound[start : start + step])
            await asyncio.sleep(CHUNK_SECONDS)
        await self.socket.send(bytes([handler]))


@dataclass
class Run:
    """What one run told: the data of its events by type, when they came [s], and the reply's sound."""

    events: dict[str, Any] = field(default_factory=dict)
    at: dict[str, float] = field(default_factory=dict)
    spoken: bytes = b""

    def get(self, event: str, *path: str) -> Any:
        found = self.events.get(event)
        for name in path:
            found = (found or {}).get(name)
        return found

    @property
    def text(self) -> str:
        return str(self.get("stt-end", "stt_output", "text"))

    @property
    def reply(self) -> str:
        return str(self.get("intent-end", "intent_output", "response", "speech", "plain", "speech"))

    @property
    def kind(self) -> str:
        return str(self.get("intent-end", "intent_output", "response", "response_type"))


@asynccontextmanager
async def signed_in(hass: HomeAssistant) -> AsyncIterator[Pipelines]:
    url = hass.url.replace("http", "ws") + "/api/websocket"
    async with websockets.connect(url, max_size=None) as socket:
        await socket.recv()
        await socket.send(json.dumps({"type": "auth", "access_token": hass.token}))
        assert json.loads(await socket.recv())["type"] == "auth_ok"
        yield Pipelines(hass, socket)


@dataclass
class Findings:
    """What was looked at, and whether it was as it should be."""

    all: list[bool] = field(default_factory=list)

    def look(self, what: str, seen: object, is_right: bool) -> None:
        self.all.append(is_right)
        print(f"  {'ok  ' if is_right else 'FAIL'} {what}: {seen}", flush=True)


async def converse(house: House, pipelines: Pipelines, findings: Findings) -> None:
    """The runs that are looked at."""
    pipeline = await pipelines.create(wake_word="hey_jarvis")
    word, command = spoken(house, "Hey Jarvis."), spoken(house, "Turn on the bedroom light.")
    said = silence(0.5) + word + silence(0.8) + command + silence(2.5)
    was_on = is_on(house, "bedroom light")
    run = await pipelines.run(pipeline, start="wake_word", sound=said, input={"sample_rate": 16_000, "timeout": 10})
    findings.look("no error", run.get("error"), "error" not in run.events)
    heard = run.get("wake_word-end", "wake_word_output", "wake_word_id")
    findings.look("wake word", heard, heard == "hey_jarvis")
    findings.look("recognised", run.text, run.text.lower().startswith("turn on the bedroom light"))
    findings.look("conversation", f"{run.kind}: {run.reply}", run.kind == "action_done" and "bedroom light" in run.reply)
    findings.look("done", "the lamp was off, and is on", not was_on and is_on(house, "bedroom light"))
    findings.look("reply as sound", *heard_again(house, run.spoken, "bedroom light"))
    times = {name: round(run.at[name], 2) for name in ("wake_word-end", "stt-end", "intent-end", "tts-end") if name in run.at}
    print(f"  seconds after the start, of {len(said) / 32_000:.2f} s of sound: {times}")

    asked = await pipelines.run(pipeline, start="stt", sound=spoken(house, "What time is it?") + silence(2.0), input=RATE)
    findings.look("a question", f"{asked.kind}: {asked.reply}", asked.kind == "action_done" and bool(asked.reply))
    findings.look("its answer as sound", *heard_again(house, asked.spoken, ""))

    lost = await pipelines.run(pipeline, start="intent", input={"text": "sing the blues"})
    findings.look("what is not understood", f"{lost.kind}: {lost.reply}", lost.kind == "error" and "sing the blues" in lost.reply)
    findings.look("that as sound", f"{len(lost.spoken)} bytes", len(lost.spoken) > 5_000)

    deaf = await pipelines.run(pipeline, start="wake_word", sound=command + silence(3.0), input={**RATE, "timeout": 3})
    nothing = "stt-start" not in deaf.events and not deaf.get("wake_word-end", "wake_word_output")
    findings.look("a command without the wake word", sorted(deaf.events), nothing)
    mute = await pipelines.run(pipeline, start="stt", sound=silence(3.0), input=RATE)
    findings.look("silence", mute.get("error", "code"), str(mute.get("error", "code")).startswith("stt-"))


RATE = {"sample_rate": 16_000}


def heard_again(house: House, data: bytes, words: str) -> tuple[str, bool]:
    """What our own recogniser hears in the sound that Home Assistant serves, and whether these words are in it."""
    try:
        text = house.recogniser("moonshine").transcribe(read_audio(io.BytesIO(data), longest_seconds=60.0)).text
    except Exception as error:
        return f"{len(data)} bytes of {data[:4]!r}: {error}", False
    return f"{len(data)} bytes of {data[:4]!r}: {text}", bool(text) and words in text.lower()


def is_on(house: House, name: str) -> bool:
    return any(one.name.lower() == name and one.state == "on" for one in house.link.snapshot().devices)


async def trial() -> bool:
    environment, port, findings = install(), free_port(), Findings()
    folder = Path(tempfile.mkdtemp(prefix="hass-"))
    (folder / "configuration.yaml").write_text(CONFIGURATION.format(port=port, ffmpeg=ffmpeg(environment)), encoding="utf-8")
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
        program = environment / "bin" / "hass"
        running = await asyncio.create_subprocess_exec(str(program), "-c", str(folder), "--skip-pip")
        try:
            hass = HomeAssistant(port)
            await hass.ready(running)
            version = await asyncio.to_thread(told_version, environment)
            print(f"Home Assistant {version} is up after {time.monotonic() - began:.1f} s")
            await asyncio.to_thread(hass.sign_in)
            added = await asyncio.to_thread(hass.add_wyoming, listener.getsockname()[1])
            findings.look("config flow", added, added == "create_entry")
            async with signed_in(hass) as pipelines:
                await converse(house, pipelines, findings)
        finally:
            running.terminate()
            await running.wait()
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            shutil.rmtree(folder, ignore_errors=True)
    print(f"{sum(findings.all)} of {len(findings.all)} as they should be")
    return all(findings.all)


def told_version(environment: Path) -> str:
    told = subprocess.run([str(environment / "bin" / "hass"), "--version"], capture_output=True, text=True, check=True)
    return told.stdout.strip()


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(trial()) else 1)
