"""`make bench-satellites`: 50 satellites at once on one server, each with a spoken command every 30 s for ten minutes.

Every satellite stands in a room of its own and hears its words equally loud, as if fifty people spoke at once in fifty rooms. The
satellites are simulated (bench/simulated_satellite.py): real TLS links, real session messages, recorded speech in real time,
but no microphones. The server is the real one in a process of its own, with all its models. Both share this machine's cores.
"""

import argparse
import asyncio
import math
import os
import random
import re
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.page import data_folder, machine, publish, table
from bench.simulated_satellite import CHUNK_BYTES, CHUNK_SECONDS, SOUND, SimulatedSatellite
from earwitness.build import House
from earwitness.config import STATE_VARIABLE, read_settings
from earwitness.domain.device import DeviceKind
from earwitness.people.devices import new_device_id
from earwitness.protocol.frames import Frame
from earwitness.speech.audio_file import read_audio
from earwitness.speech.vad.silero import SileroVad
from earwitness.trust.identity import Identity
from earwitness.trust.tls import device_client_context

COMMANDS: Final = {
    "cancel_timer": "HassCancelTimer",
    "lock_the_front_door": "HassTurnOn",
    "set_bed_light_brightness_to_50_percent": "HassLightSet",
    "turn_on_standing_light": "HassTurnOn",
    "what_time_is_it": "HassGetCurrentTime",
}
"""Recordings, and what each means."""
EVERY_SECONDS: Final = 30.0
LEAST_MINUTES: Final = 5.0
IDLE_SECONDS: Final = 30.0
ANSWER_SECONDS: Final = 20.0
SPEECH_PROBABILITY: Final = 0.5
"""From here on the voice detector calls a frame speech."""
READY: Final = re.compile(r"Satellites connect to .*, port (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sound:
    """A recorded command; `last_speech` is where its last chunk with speech begins."""

    data: bytes
    last_speech: int


@dataclass
class Tally:
    """What became of the commands."""

    asked: int = 0
    done: int = 0
    lost: list[str] = field(default_factory=list)
    reply_ms: list[float] = field(default_factory=list)
    cue_ms: list[float] = field(default_factory=list)


@dataclass
class Server:
    """The real server in a process of its own."""

    process: asyncio.subprocess.Process
    port: int

    def processor_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    async def share(self, seconds: float) -> float:
        """The share of one core that it uses while nobody speaks, in percent."""
        began, used = time.monotonic(), self.processor_seconds()
        await asyncio.sleep(seconds)
        return 100.0 * (self.processor_seconds() - used) / (time.monotonic() - began)


def main() -> None:
    """Measure, and publish the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--satellites", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=10.0, help="less than 5, or other than 50 satellites, publishes nothing")
    chosen = parser.parse_args()
    rows = asyncio.run(_measure(chosen.satellites, chosen.minutes))
    every = f"each with a command every {EVERY_SECONDS:.0f} s for {chosen.minutes:g} minutes"
    said = f"{chosen.satellites} simulated satellites on one server, {every}; all on this machine."
    text = "\n".join([machine(), said, "", table(["what", "value"], rows)])
    if chosen.satellites == 50 and chosen.minutes >= LEAST_MINUTES:
        publish("satellites", text)
    else:
        print(text)


async def _measure(count: int, minutes: float) -> list[list[str]]:
    sounds = _sounds()
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        identities = _pair(count, state=state, folder=Path(folder))
        server = await _start(state)
        try:
            alone, bare_mb = await server.share(IDLE_SECONDS), server.memory_mb()
            satellites = [_satellite(identity, server.port) for identity in identities]
            for satellite in satellites:
                await satellite.connect()
                await satellite.greet()
            await asyncio.sleep(5.0)
            idle, idle_mb = await server.share(IDLE_SECONDS), server.memory_mb()
            tally = Tally()
            began, used = time.monotonic(), server.processor_seconds()
            await asyncio.gather(
                *(_talk(one, at, count=count, minutes=minutes, tally=tally, sounds=sounds) for at, one in enumerate(satellites))
            )
            busy = 100.0 * (server.processor_seconds() - used) / (time.monotonic() - began)
            dropped = sum(not satellite.is_connected for satellite in satellites)
            peak = server.memory_mb()
            for satellite in satellites:
                await satellite.close()
        finally:
            server.process.send_signal(signal.SIGTERM)
            await server.process.wait()
    return _rows(count, tally, alone=alone, idle=idle, bare_mb=bare_mb, idle_mb=idle_mb, busy=busy, peak=peak, dropped=dropped)


def _rows(
    count: int,
    tally: Tally,
    *,
    alone: float,
    idle: float,
    bare_mb: float,
    idle_mb: float,
    busy: float,
    peak: float,
    dropped: int,
) -> list[list[str]]:
    return [
        ["commands spoken", f"{tally.asked}"],
        ["answered rightly", f"{tally.done}"],
        [
            "answered otherwise or not at all",
            f"{len(tally.lost)}{' (' + ', '.join(sorted(set(tally.lost))) + ')' if tally.lost else ''}",
        ],
        ["satellites dropped", f"{dropped}"],
        ["from the wake word to the start cue, ms, p50 / p95", _two(tally.cue_ms)],
        ["from the end of speech to the first sound of the reply, ms, p50 / p95", _two(tally.reply_ms)],
        ["server while they speak, % of a core", f"{busy:.0f}"],
        ["server alone and idle, % of a core", f"{alone:.2f}"],
        [f"server with {count} idle satellites, % of a core", f"{idle:.2f}"],
        ["an idle satellite, % of a core", f"{(idle - alone) / count:.3f}"],
        ["an idle satellite, memory, MB", f"{(idle_mb - bare_mb) / count:.2f}"],
        ["memory of the server at the end, MB", f"{peak:.0f}"],
    ]


def _two(values: list[float]) -> str:
    ordered = sorted(values) or [math.nan]
    return f"{ordered[len(ordered) // 2]:.0f} / {ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]:.0f}"


def _pair(count: int, *, state: Path, folder: Path) -> list[Identity]:
    """Pair satellites as if the owner had typed their codes; every one stands in a room of its own."""
    found = []
    with House(read_settings(), state=state) as house:
        for number in range(count):
            identity, device_id = Identity(folder / f"satellite-{number}"), new_device_id()
            made = house.authority.device_certificate(identity.public_key, device_id=device_id)
            identity.join(made.pem, household=house.authority.certificate_pem)
            house.devices.add(
                f"Satellite {number}",
                kind=DeviceKind.SATELLITE,
                area=f"Room {number}",
                key_digest=made.key_digest,
                certificate_ends_at=made.ends_at,
                device_id=device_id,
            )
            found.append(identity)
    return found


async def _start(state: Path) -> Server:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "earwitness", "run", "--port", "0"),
        env=os.environ | {STATE_VARIABLE: str(state), "COLUMNS": "200"},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(90.0):
        async for line in process.stdout:
            if found := READY.search(line.decode()):
                return Server(process, int(found[1]))
    raise SystemExit("The server did not start.")


def _satellite(identity: Identity, port: int) -> SimulatedSatellite:
    return SimulatedSatellite(host="127.0.0.1", port=port, tls=device_client_context(identity))


async def _talk(
    satellite: SimulatedSatellite, at: int, *, count: int, minutes: float, tally: Tally, sounds: dict[str, _Sound]
) -> None:
    """Speak a command every EVERY_SECONDS; the satellites take turns, but not in step."""
    chance = random.Random(at)
    begun = time.monotonic()
    for turn in range(int(minutes * 60.0 / EVERY_SECONDS)):
        due = begun + turn * EVERY_SECONDS + (at + chance.random()) * EVERY_SECONDS / count
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        name = chance.choice(tuple(COMMANDS))
        await _command(satellite, name, sounds[name], tally=tally)


async def _command(satellite: SimulatedSatellite, name: str, sound: _Sound, *, tally: Tally) -> None:
    tally.asked += 1
    satellite.received.clear()
    first_sound: list[float] = []

    def note(frame: Frame) -> None:
        if frame.kind == "audio-chunk" and not first_sound:
            first_sound.append(time.monotonic())

    satellite.on_frame = note
    try:
        woke = time.monotonic()
        await satellite.wake()
        await satellite.wait_for("cue", cue="start", within_seconds=ANSWER_SECONDS)
        tally.cue_ms.append(1000.0 * (time.monotonic() - woke))
        await satellite.wait_for("capture", open=True, within_seconds=ANSWER_SECONDS)
        ended = await _speak(satellite, sound)
        turn = await satellite.wait_for("turn", within_seconds=ANSWER_SECONDS)
    except TimeoutError:
        tally.lost.append(f"{name}: no answer")
        return
    if turn["intent"] == COMMANDS[name]:
        tally.done += 1
    else:
        tally.lost.append(f"{name}: {turn['intent'] or turn['outcome']}")
    if first_sound:
        tally.reply_ms.append(1000.0 * (first_sound[0] - ended))


async def _speak(satellite: SimulatedSatellite, sound: _Sound) -> float:
    """Send sound in real time until the capture closes; when its last speech was sent."""
    begun, ended = time.monotonic(), time.monotonic()
    for number, start in enumerate(range(0, len(sound.data), CHUNK_BYTES)):
        await asyncio.sleep(max(0.0, begun + (number + 1) * CHUNK_SECONDS - time.monotonic()))
        if satellite.count("capture", open=False):
            break
        chunk = sound.data[start : start + CHUNK_BYTES].ljust(CHUNK_BYTES, b"\0")
        await satellite.say("audio-chunk", SOUND, chunk)
        if start == sound.last_speech:
            ended = time.monotonic()
    return ended


def _sounds() -> dict[str, _Sound]:
    """The commands, each with four seconds after it in which nobody speaks."""
    found = {}
    with House(read_settings(), is_passing=True) as house:
        vad = SileroVad(house.store)
        for name in COMMANDS:
            spoken = read_audio(data_folder() / "audio" / "commands" / f"{name}.flac", longest_seconds=30.0).data
            vad.reset()
            starts = range(0, len(spoken) - CHUNK_BYTES + 1, CHUNK_BYTES)
            heard = [start for start in starts if vad.probability(spoken[start : start + CHUNK_BYTES]) >= SPEECH_PROBABILITY]
            found[name] = _Sound(data=spoken + bytes(4 * 32_000), last_speech=heard[-1])
    return found


if __name__ == "__main__":
    main()
