"""`make bench-idle`: the cost of waiting: processor share while listening for the wake word, memory, time to start."""

import argparse
import asyncio
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.page import data_folder, machine, publish, table
from earwitness.build import House
from earwitness.config import STATE_VARIABLE, read_settings
from earwitness.domain.audio import RATE_HZ, SAMPLE_BYTES, Pcm
from earwitness.improve.manifest import read_manifest
from earwitness.speech.audio_file import read_audio
from earwitness.speech.vad.silero import SileroVad
from earwitness.turn.once import AttentiveDevice

CHUNK_BYTES = 512 * SAMPLE_BYTES
SPEECH = "audio/read_speech.jsonl"
"""What is heard while waiting: somebody reads aloud, without any wake word; the dearest case."""
REQUESTS = ("audio/commands/cancel_timer.flac", "audio/coffee_orders/0000.flac")
"""Recordings that make every default model work: one that the quick recogniser knows, and one that only Whisper hears out."""
START_SECONDS = 60.0
ADDRESS = re.compile(r"http://(?:localhost|127\.0\.0\.1):\d+")


def main() -> None:
    """Measure, and publish the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to listen; other than 60 publishes nothing")
    chosen = parser.parse_args()
    sound = _sound(chosen.seconds)
    rows = [["start of the server until ready (not the first), s", f"{_start_seconds():.1f}"]]
    rows += [
        [f"listening for {' and '.join(words)}, % of a core", f"{_listening(words, sound):.2f}"]
        for words in (("okay nabu",), ("okay nabu", "alexa"))
    ]
    rows.append(["the same for okay nabu, voice detection running all the time, % of a core", f"{_with_detection(sound):.2f}"])
    resident, peak = _memory()
    rows += [["memory of the server after turns, MB", f"{resident:.0f}"], ["its peak, MB", f"{peak:.0f}"]]
    text = "\n".join(
        [machine(), f"Heard while waiting: {chosen.seconds:.0f} s of {SPEECH}, in real time.", "", table(["what", "value"], rows)]
    )
    if chosen.seconds == 60.0:
        publish("idle", text)
    else:
        print(text)


# Listening


def _sound(seconds: float) -> Pcm:
    needed = int(seconds * RATE_HZ) * SAMPLE_BYTES
    data = b""
    for item in read_manifest(data_folder() / SPEECH):
        if len(data) >= needed:
            break
        data += read_audio(item.audio or "", longest_seconds=60.0).data
    return Pcm(data=(data * (needed // len(data) + 1))[:needed])


def _listening(words: tuple[str, ...], sound: Pcm) -> float:
    """Per cent of a core that a hands-free conversation takes while it waits."""
    settings = read_settings()
    waiting = settings.model_copy(update={"wake": settings.wake.model_copy(update={"words": words})})
    with House(waiting, is_passing=True) as house:
        return asyncio.run(_wait(house, sound))


async def _wait(house: House, sound: Pcm) -> float:
    device = AttentiveDevice()
    conversation = house.assistant.converse(device, is_hands_free=True)
    device.conversation = conversation
    running = asyncio.create_task(conversation.run())
    busy, began = time.process_time(), time.monotonic()
    for start in range(0, len(sound.data), CHUNK_BYTES):
        await conversation.hear(sound.data[start : start + CHUNK_BYTES])
        due = began + (start + CHUNK_BYTES) / SAMPLE_BYTES / RATE_HZ
        await asyncio.sleep(max(0.0, due - time.monotonic()))
    share = 100.0 * (time.process_time() - busy) / (time.monotonic() - began)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return share


def _with_detection(sound: Pcm) -> float:
    with House(read_settings(), is_passing=True) as house:
        detector, vad = house.wake_detector(("okay nabu",)), SileroVad(house.store)
        busy, began = time.process_time(), time.monotonic()
        for start in range(0, len(sound.data) // CHUNK_BYTES * CHUNK_BYTES, CHUNK_BYTES):
            chunk = sound.data[start : start + CHUNK_BYTES]
            detector.detect(chunk)
            vad.probability(chunk)
            time.sleep(max(0.0, began + (start + CHUNK_BYTES) / SAMPLE_BYTES / RATE_HZ - time.monotonic()))
        return 100.0 * (time.process_time() - busy) / (time.monotonic() - began)


# The server


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server: its address, its process, and how long it took from the start to its word that it is ready."""

    address: str
    process_id: int
    start_seconds: float


@contextlib.contextmanager
def running_server(program: Path, *, environment: dict[str, str]) -> Iterator[Server]:
    """Start `earwitness run` on a free port, wait until it is ready, and end it afterwards. Raises TimeoutError."""
    began = time.monotonic()
    process = subprocess.Popen(
        [str(program), "run", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **environment, "PYTHONUNBUFFERED": "1", "COLUMNS": "500"},
    )
    try:
        yield Server(address=_ready(process, began=began), process_id=process.pid, start_seconds=time.monotonic() - began)
    finally:
        process.terminate()
        process.wait(timeout=START_SECONDS)


def _ready(process: "subprocess.Popen[str]", *, began: float) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        found = ADDRESS.search(line)
        if found:
            return found[0]
        if time.monotonic() - began > START_SECONDS:
            raise TimeoutError("the server did not become ready")
    raise SystemExit(f"The server ended with status {process.wait()}.")


def _program() -> Path:
    return Path(sys.executable).with_name("earwitness")


@contextlib.contextmanager
def _fresh_state() -> Iterator[dict[str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        yield {STATE_VARIABLE: folder}


def _start_seconds() -> float:
    """The second of two starts: the first brings the files into the system's cache."""
    seconds = 0.0
    for _ in range(2):
        with _fresh_state() as environment, running_server(_program(), environment=environment) as server:
            seconds = server.start_seconds
    return seconds


def _memory() -> tuple[float, float]:
    """Resident memory and its peak in MB, after turns that used every default model and a spoken reply."""
    with _fresh_state() as environment, running_server(_program(), environment=environment) as server:
        for name in REQUESTS:
            _post(f"{server.address}/api/v1/ask/audio", (data_folder() / name).read_bytes())
        with urllib.request.urlopen(f"{server.address}/api/v1/say?text=Turned+on+the+kitchen+light.", timeout=60) as reply:
            reply.read()
        status = Path(f"/proc/{server.process_id}/status").read_text(encoding="utf-8")
    return tuple(int(re.findall(rf"{key}:\s+(\d+) kB", status)[0]) / 1000.0 for key in ("VmRSS", "VmHWM"))  # type: ignore[return-value]


def _post(address: str, body: bytes) -> object:
    request = urllib.request.Request(address, data=body, headers={"Content-Type": "audio/flac"})
    with urllib.request.urlopen(request, timeout=60) as reply:
        return json.load(reply)


if __name__ == "__main__":
    main()
