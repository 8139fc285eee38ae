"""Foreign peers for real: the program wyoming-satellite in an environment of its own, raw sound as its microphone and speaker."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.handle import Handled
from wyoming.info import Describe, Info
from wyoming.tts import Synthesize, SynthesizeVoice
from wyoming.wake import Detect, Detection

from earwitness.build import House
from earwitness.config import Settings
from earwitness.domain.audio import RATE_HZ, SAMPLE_BYTES
from earwitness.domain.device import Device, DeviceKind
from earwitness.foreign.attendance import Attendance, Presence, Registry
from earwitness.foreign.reach import Trust
from earwitness.foreign.wyoming_services import Offer, WyomingServices, open_socket
from earwitness.satellite.cues import cue
from earwitness.speech.wake.micro import WAKE_WORDS
from tests.strange_servers import free_port
from tests.system.test_conversation import silence, spoken

pytestmark = [pytest.mark.models, pytest.mark.quiet]
PYTHON = Path(__file__).resolve().parent.parent.parent / ".venv-foreign" / "bin" / "python"
SPEAKER_RATE_HZ = 22_050


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with House(Settings(), is_passing=True) as made:
        made.assistant.warm()
        yield made


@dataclass
class Box:
    """The running program; its speaker writes to `speaker`. It wakes half a second after somebody `comes`."""

    port: int
    speaker: Path
    somebody: Path

    def comes(self) -> None:
        self.somebody.touch()

    def heard_at_the_speaker(self) -> np.ndarray:
        return np.frombuffer(self.speaker.read_bytes()[: self.speaker.stat().st_size // 2 * 2], dtype="<i2").astype(float)


@asynccontextmanager
async def box(folder: Path, *, said: bytes) -> AsyncIterator[Box]:
    """wyoming-satellite with a wake word program that wakes once, and a microphone that then says `said` at its own pace.

    What it says before a server has met it is lost, so it says nothing before somebody comes."""
    if not PYTHON.exists():
        pytest.skip("no .venv-foreign: run python tests/prepare.py")
    sound, awake, speaker, somebody = (folder / name for name in ("said.raw", "awake", "speaker.raw", "somebody"))
    sound.write_bytes(said)
    (folder / "microphone.py").write_text(MICROPHONE, encoding="utf-8")
    (folder / "wake.py").write_text(WAKE, encoding="utf-8")
    (folder / "speaker.py").write_text(SPEAKER, encoding="utf-8")
    speaker.touch()
    port = free_port()
    program = [str(PYTHON), "-m", "wyoming_satellite", "--name", "Trial", "--uri", f"tcp://127.0.0.1:{port}"]
    parts = [
        ("--mic-command", f"{sys.executable} {folder}/microphone.py {sound} {awake}"),
        ("--wake-command", f"{sys.executable} {folder}/wake.py {awake} {somebody}"),
        ("--snd-command", f"{sys.executable} {folder}/speaker.py {speaker}"),
    ]
    arguments = [word for part in parts for word in part]
    environment = {"PATH": os.environ["PATH"]}
    running = await asyncio.create_subprocess_exec(
        *program, *arguments, "--no-zeroconf", env=environment, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield Box(port, speaker, somebody)
    finally:
        running.terminate()
        await running.wait()


MICROPHONE = """
import os, sys, time
sound, awake = open(sys.argv[1], "rb").read(), sys.argv[2]
at = 0
while True:
    began = time.monotonic()
    piece = sound[at : at + 2048] if os.path.exists(awake) else b""
    at += len(piece)
    sys.stdout.buffer.write(piece + bytes(2048 - len(piece)))
    sys.stdout.buffer.flush()
    time.sleep(max(0.0, 0.064 - (time.monotonic() - began)))
"""
WAKE = """
import os, sys
taken = 0
while taken < 16000 and (piece := sys.stdin.buffer.read(2048)):
    taken += len(piece) * os.path.exists(sys.argv[2])
open(sys.argv[1], "w").close()
print("hey_jarvis", flush=True)
while sys.stdin.buffer.read(2048):
    pass
"""
SPEAKER = """
import sys
with open(sys.argv[1], "ab", buffering=0) as out:
    while piece := sys.stdin.buffer.read1(4096):
        out.write(piece)
"""


async def test_a_command_spoken_into_a_real_wyoming_satellite_is_carried_out_and_answered(house: House, tmp_path: Path) -> None:
    said = spoken(house, "Turn on the bedroom light.")
    async with box(tmp_path, said=said) as trial:
        device = Device(
            device_id="b" * 32,
            kind=DeviceKind.WYOMING,
            name="Trial",
            area="Bedroom",
            voice=None,
            key_digest=None,
            certificate_ends_at=None,
            place=f"127.0.0.1:{trial.port}",
            secret=None,
            paired_at=datetime.now(UTC),
            paired_by=None,
            seen_at=None,
            is_muted=False,
            is_mute_wished=False,
            revoked_at=None,
        )
        attendance = Attendance(
            house.assistant,
            registry=Registry(devices=lambda: (device,), note_muted=lambda _: None, note=lambda what, who: None),
            trust=Trust(),
            cue=cue,
            chance=lambda: 0.0,
        )
        running = asyncio.create_task(attendance.run())
        try:
            async with asyncio.timeout(40):
                while not attendance.stations():  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
                trial.comes()
                while not _is_on(house, "bedroom light"):  # noqa: ASYNC110 (the lamp is all that tells)
                    await asyncio.sleep(0.05)
                reply = np.frombuffer(spoken(house, "Turned on the bedroom light."), dtype="<i2")
                wanted = (cue("start").seconds + 0.8 * len(reply) / RATE_HZ) * SPEAKER_RATE_HZ
                while len(trial.heard_at_the_speaker()) < wanted:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            status = attendance.status(device.device_id)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    assert status is not None
    assert (status.presence, status.is_encrypted) == (Presence.CONNECTED, False)
    assert np.abs(trial.heard_at_the_speaker()).max() > 1000


def _is_on(house: House, name: str) -> bool:
    return any(one.name.lower() == name and one.state == "on" for one in house.link.snapshot().devices)


@asynccontextmanager
async def offered(house: House) -> AsyncIterator[int]:
    offer = Offer(
        assistant=house.assistant,
        engines=lambda: house.engines,
        detector=house.wake_detector,
        wake_words=WAKE_WORDS,
        version="trial",
    )
    listener = open_socket("127.0.0.1", 0, trust=Trust())
    running = asyncio.create_task(WyomingServices(offer, trust=Trust()).run(listener))
    try:
        yield listener.getsockname()[1]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_wyomings_own_client_uses_every_service_on_real_models(house: House) -> None:
    async with offered(house) as port, asyncio.timeout(60), AsyncTcpClient("127.0.0.1", port) as client:
        await client.write_event(Describe().event())
        event = await client.read_event()
        assert event is not None
        assert len(Info.from_event(event).tts[0].voices) >= 2

        await client.write_event(Synthesize(text="What time is it?", voice=SynthesizeVoice(name="heart")).event())
        sound, rate = b"", 0
        while (event := await client.read_event()) is not None and not AudioStop.is_type(event.type):
            if AudioChunk.is_type(event.type):
                chunk = AudioChunk.from_event(event)
                sound, rate = sound + chunk.audio, chunk.rate
        assert rate > 0

        await client.write_event(Transcribe(language="en").event())
        await _send(client, sound, rate=rate)
        event = await client.read_event()
        assert event is not None
        text = Transcript.from_event(event).text
        assert text.lower().startswith("what time is it")

        await client.write_event(Transcript(text=text).event())
        event = await client.read_event()
        assert event is not None
        assert Handled.from_event(event).text

        await client.write_event(Detect(names=["hey_jarvis"]).event())
        await _send(client, silence(0.5) + spoken(house, "Hey Jarvis.") + silence(0.5), rate=RATE_HZ)
        event = await client.read_event()
        assert event is not None
        assert Detection.from_event(event).name == "hey_jarvis"


async def _send(client: AsyncTcpClient, sound: bytes, *, rate: int) -> None:
    await client.write_event(AudioStart(rate=rate, width=SAMPLE_BYTES, channels=1).event())
    for start in range(0, len(sound), 4096):
        chunk = AudioChunk(rate=rate, width=SAMPLE_BYTES, channels=1, audio=sound[start : start + 4096])
        await client.write_event(chunk.event())
    await client.write_event(AudioStop().event())
