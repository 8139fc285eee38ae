"""A satellite as it is used: its own process, a real sound server, a real server; spoken to, muted, killed and unplugged."""

import os
import pty
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from earwitness.build import House
from earwitness.config import Settings
from earwitness.domain.audio import Pcm
from earwitness.satellite.cues import cue
from tests.packets import capturing
from tests.pulse import Pulse, Recording, correlation, running_pulse, start_pulse
from tests.satellite_trial import Program, Trial, spoken

pytestmark = [pytest.mark.models, pytest.mark.quiet]
SOUND_BYTES = 1024
"""The payload of one chunk of sound; every other message of a satellite is far shorter."""
OWN_FILES = {
    "alarms.json", "control.sock", "device.key", "device.pem", "household.pem",
    "mute", "phrases", "away.pcm", "server", "settings.json",
}  # fmt: skip


@dataclass
class Living:
    """A server and a satellite that are talking."""

    trial: Trial
    port: int
    voices: House
    stack: ExitStack
    satellite: Program

    def restart(self) -> None:
        self.stack.close()
        self.satellite = self.stack.enter_context(self.trial.satellite(self.port))
        self.trial.until(link="up")


@pytest.fixture(scope="module")
def pulse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulse]:
    with running_pulse(tmp_path_factory.mktemp("pulse")) as running:
        yield running


@pytest.fixture(scope="module")
def living(pulse: Pulse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    trial = Trial(tmp_path_factory.mktemp("living"), pulse)
    trial.pair(area="Kitchen")
    with House(Settings(), is_passing=True) as voices, trial.server() as port, ExitStack() as stack:
        satellite = stack.enter_context(trial.satellite(port))
        trial.until(link="up", is_microphone_open=True, is_speaker_open=True)
        yield Living(trial, port, voices, stack, satellite)


def onset(recording: Recording, sound: Pcm) -> float:
    """When a sound that was recorded began to arrive (monotonic seconds)."""
    heard = recording.samples()
    wanted = np.frombuffer(sound.data, "<i2").astype(np.float64)
    at = int(np.argmax(np.correlate(heard, wanted, "valid")))
    return recording.heard_at(at)


def test_a_spoken_command_is_cued_first_then_heard_carried_out_and_answered(living: Living) -> None:
    said = spoken(living.voices, "Hey Jarvis, turn off the kitchen light.")
    before = living.trial.status()
    with living.trial.pulse.recording() as recording, capturing(living.port) as packets:
        living.trial.pulse.say(said).wait()
        living.satellite.wait_for(r"kitchen light\.", within_seconds=10)
        reply = living.satellite.wait_for(r"^(The kitchen light .*|Turned .*)$", within_seconds=10).group(1)
        living.trial.until(state="asleep")
    after = living.trial.status()
    assert after["captures"] == before["captures"] + 1
    assert after["cue_ms"] <= 100
    assert after["first_sound_after_cue_ms"] >= 0
    parts = list(living.voices.voices.stream(reply, voice="heart", speed=1.0))
    synthesised = Pcm(data=b"".join(part.data for part in parts), rate_hz=parts[0].rate_hz)
    assert correlation(recording.samples(), cue("start"), rate_hz=24_000) > 0.9
    assert correlation(recording.samples(), synthesised, rate_hz=24_000) > 0.85
    first_sound = min(when for when, size in packets.to_port if size >= SOUND_BYTES)
    assert first_sound > onset(recording, cue("start")) - 0.06  # the recorder itself is late by so much at most


def test_muted_nothing_is_read_and_nothing_leaves_until_somebody_at_the_device_unmutes(living: Living) -> None:
    trial = living.trial
    command = [sys.executable, "-m", "earwitness", "satellite"]
    environment = trial.environment("satellite")
    subprocess.run([*command, "mute"], env=environment, check=True, capture_output=True)
    muted = trial.status()
    assert (muted["is_muted"], muted["is_microphone_open"], muted["state"]) == (True, False, "muted")
    said = spoken(living.voices, "Hey Jarvis, turn on the kitchen light.")
    with capturing(living.port) as packets:
        trial.pulse.say(said).wait()
        later = trial.status()
    assert later["samples_read"] == muted["samples_read"]
    assert later["sound_frames_sent"] == muted["sound_frames_sent"]
    assert packets.to_port
    assert max(size for _, size in packets.to_port) < SOUND_BYTES
    living.restart()
    trial.pulse.say(said).wait()
    restarted = trial.status()
    assert (restarted["is_muted"], restarted["samples_read"], restarted["sound_frames_sent"]) == (True, 0, 0)
    subprocess.run([*command, "unmute"], env=environment, check=True, capture_output=True)
    assert trial.until(is_microphone_open=True, within_seconds=3)["is_muted"] is False


def test_the_power_cut_in_mid_word_leaves_nothing(living: Living) -> None:
    trial = living.trial
    process = living.satellite.process
    trial.pulse.say(spoken(living.voices, "Hey Jarvis, set a timer for ten minutes and another for twenty minutes, please."))
    deadline = time.monotonic() + 15
    while trial.status()["sound_frames_sent"] < 20 and time.monotonic() < deadline:
        pass
    assert trial.status()["state"] == "listening"
    assert resource.prlimit(process.pid, resource.RLIMIT_CORE) == (0, 0)
    process.send_signal(signal.SIGKILL)
    process.wait()
    left = [path for path in trial.satellite_folder.parent.rglob("*") if path != trial.satellite_folder]
    assert {path.name for path in left} <= OWN_FILES
    sizes = {path.name: path.stat().st_size for path in left if path.is_file() and path.suffix != ".pcm"}
    assert max(sizes.values()) < 4096, "anything as long as a second of sound would be 32,000 bytes"
    living.restart()


def test_a_lost_sound_server_is_said_and_found_again(tmp_path: Path) -> None:
    with running_pulse(tmp_path / "pulse") as pulse:
        trial = Trial(tmp_path / "trial", pulse)
        trial.folder.mkdir()
        trial.pair()
        with trial.satellite(1) as satellite:
            trial.until(is_microphone_open=True, is_speaker_open=True)
            pulse.stop()
            satellite.wait_for("was lost")
            trial.pulse = start_pulse(tmp_path / "pulse")
            try:
                satellite.wait_for("there again", within_seconds=20)
                before = trial.status()["samples_read"]
                deadline = time.monotonic() + 5
                while trial.status()["samples_read"] <= before and time.monotonic() < deadline:
                    pass
                assert trial.status()["samples_read"] > before
            finally:
                trial.pulse.stop()


def test_the_keys_of_a_terminal(pulse: Pulse, tmp_path: Path) -> None:
    trial = Trial(tmp_path, pulse)
    trial.pair()
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "earwitness", "satellite", "--server", "127.0.0.1:1"]
    with subprocess.Popen(command, env=trial.environment("satellite", TERM="xterm"), stdin=theirs, stdout=theirs) as process:
        os.close(theirs)
        trial.until(is_microphone_open=True)
        os.write(ours, b"m")
        trial.until(is_muted=True, is_microphone_open=False)
        os.write(ours, b"M")
        trial.until(is_muted=False, is_microphone_open=True)
        os.write(ours, b"q")
        assert process.wait(10) == 0
    shown = os.read(ours, 65_536).decode()
    assert "space: talk" in shown
    assert "muted" in shown
    os.close(ours)


def test_the_control_socket_is_for_the_account_alone(living: Living) -> None:
    folder = living.trial.satellite_folder
    assert (folder / "control.sock").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
