"""A PulseAudio of a test's own: one null sink is the room's air before a microphone, another is what a speaker plays.

What `say` plays is heard by the microphone `mic`; what is played on `spk` can be recorded. `norewinds=1` keeps their start.
"""

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray

from earwitness.domain.audio import RATE_HZ, Pcm

START_SECONDS = 10.0
_SETTINGS = """
load-module module-native-protocol-unix socket={socket} auth-anonymous=1
load-module module-null-sink sink_name=air norewinds=1 rate=48000 channels=1
load-module module-remap-source source_name=mic master=air.monitor channels=1
load-module module-null-sink sink_name=spk norewinds=1 rate=48000 channels=1
set-default-sink spk
set-default-source mic
"""


@dataclass
class Pulse:
    """A running sound server."""

    folder: Path
    process: subprocess.Popen[bytes]
    environment: dict[str, str]

    def say(self, sound: Pcm) -> subprocess.Popen[bytes]:
        """Begin to play a sound into the air; wait for the process to hear all of it out."""
        player = subprocess.Popen(
            ["paplay", "--raw", "--format=s16le", "--channels=1", f"--rate={sound.rate_hz}", "--device=air"],
            stdin=subprocess.PIPE,
            env=self.environment,
        )

        def feed() -> None:
            assert player.stdin is not None
            with player.stdin:
                player.stdin.write(sound.data)

        threading.Thread(target=feed, daemon=True).start()
        return player

    @contextmanager
    def recording(self, device: str = "spk.monitor") -> Iterator["Recording"]:
        """Record what is played, at 24 kHz, until the block ends."""
        recorder = subprocess.Popen(
            ["parec", "--raw", "--format=s16le", "--channels=1", "--rate=24000", f"--device={device}", "--latency-msec=20"],
            stdout=subprocess.PIPE,
            env=self.environment,
        )
        found = Recording()
        reader = threading.Thread(target=found.read, args=(recorder,), daemon=True)
        reader.start()
        try:
            yield found
        finally:
            recorder.terminate()
            recorder.wait()
            reader.join(2)

    def stop(self) -> None:
        """Pull the plug of every device."""
        self.process.kill()
        self.process.wait()


@dataclass
class Recording:
    """Sound as it came; `times` has when each part did (monotonic seconds) and how many samples there were then."""

    rate_hz: int = 24_000
    parts: list[bytes] = field(default_factory=list)
    times: list[tuple[float, int]] = field(default_factory=list)
    _samples: int = 0

    def read(self, recorder: subprocess.Popen[bytes]) -> None:
        assert recorder.stdout is not None
        while part := os.read(recorder.stdout.fileno(), 4096):
            self.parts.append(part)
            self._samples += len(part) // 2
            self.times.append((time.monotonic(), self._samples))

    def heard_at(self, sample: int) -> float:
        """When a sample was played (monotonic seconds), too late by the recorder's least delay, some 30 ms: parts that came later
        only waited longer."""
        return min(when - samples / self.rate_hz for when, samples in self.times) + sample / self.rate_hz

    def samples(self) -> NDArray[np.float64]:
        """All of it so far, of full scale 1."""
        data = b"".join(self.parts)
        return np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.float64) / 32_768


def correlation(heard: NDArray[np.float64], said: Pcm, *, rate_hz: int) -> float:
    """How like `said` the most similar part of `heard` is: the largest normalised cross-correlation, 0 to 1."""
    samples = np.frombuffer(said.data, "<i2").astype(np.float64) / 32_768
    wanted = samples if said.rate_hz == rate_hz else soxr.resample(samples, said.rate_hz, rate_hz)
    if len(heard) < len(wanted):
        return 0.0
    size = 1 << (len(heard) + len(wanted) - 1).bit_length()
    products = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(wanted, size)), size)[: len(heard) - len(wanted) + 1]
    sums = np.concatenate(([0.0], np.cumsum(heard**2)))
    powers = sums[len(wanted) :] - sums[: -len(wanted)]
    return float(np.max(products / np.sqrt(np.maximum(powers, 1e-9) * np.sum(wanted**2))))


def at_rate(sound: Pcm, rate_hz: int = RATE_HZ) -> Pcm:
    """The sound at another rate."""
    samples = soxr.resample(np.frombuffer(sound.data, "<i2"), sound.rate_hz, rate_hz)
    return Pcm(data=samples.astype("<i2").tobytes(), rate_hz=rate_hz)


@contextmanager
def running_pulse(folder: Path) -> Iterator[Pulse]:
    """A sound server until the block ends; the test is skipped where PulseAudio or PortAudio is not installed."""
    missing = [name for name in ("pulseaudio", "paplay", "parec") if shutil.which(name) is None]
    try:
        __import__("sounddevice")
    except OSError:
        missing.append("libportaudio2")
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    pulse = start_pulse(folder)
    try:
        yield pulse
    finally:
        pulse.stop()


def start_pulse(folder: Path) -> Pulse:
    """Start a sound server in a folder (again)."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / "native"
    (folder / "settings.pa").write_text(_SETTINGS.format(socket=place), encoding="ascii")
    own = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "PULSE_SERVER": f"unix:{place}"}
    environment = {**os.environ, **own}
    command = [
        "pulseaudio",
        "-n",
        "-F",
        str(folder / "settings.pa"),
        "--daemonize=no",
        "--use-pid-file=no",
        "--exit-idle-time=-1",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    deadline = time.monotonic() + START_SECONDS
    while subprocess.run(["pactl", "list", "short", "sources"], env=environment, capture_output=True, check=False).returncode:
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            pytest.skip("PulseAudio does not start on this machine")
    return Pulse(folder, process, environment)
