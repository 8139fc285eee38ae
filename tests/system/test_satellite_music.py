"""Music on real loudspeakers: asked for aloud, heard as it is on the disk, soft while somebody speaks, and through what fails."""

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from earwitness.build import House
from earwitness.config import Settings
from earwitness.satellite.cues import cue
from earwitness.satellite.music_bed import DUCK
from earwitness.speech.music_file import MusicFile
from tests.pulse import Pulse, Recording, running_pulse
from tests.satellite_trial import Program, Trial, program, spoken
from tests.strange_servers import free_port

pytestmark = [pytest.mark.models, pytest.mark.quiet]
RATE_HZ = 24_000
SECONDS = 90.0
PLAYS_JAZZ = r"^Playing Jazz music, first Copper Rain on the Kitchen speaker\.$"
PLAYS_FOLK = r"^Playing Folk music, first Nine Lanterns on the Kitchen speaker\.$"
LOW_HZ = 3_000
"""Below it, half a sample more or less makes no difference to a likeness."""
SLACK_SECONDS = 0.15
HIGHEST_HZ = 8_000
"""What pieces have; every resampler on the way leaves it as it is."""
LEVEL = 0.25
"""The gain of music at a volume of 50 percent."""
PIECES = (("Copper Rain", "Jazz", "flac"), ("Nine Lanterns", "Folk", "wav"))


def make_pieces(folder: Path) -> None:
    """A piece of each genre: noise that is like nothing but itself, in stereo."""
    folder.mkdir(parents=True)
    for number, (title, genre, ending) in enumerate(PIECES):
        noise = np.random.default_rng(number).normal(0.0, 0.2, int(SECONDS * 44_100))
        piece = between(noise, 0, HIGHEST_HZ, rate_hz=44_100)
        with soundfile.SoundFile(folder / f"{number}.{ending}", "w", 44_100, 2, subtype="PCM_16") as file:
            file.title, file.artist, file.genre = title, "Ida Marlow", genre
            file.write(np.stack([piece, piece], axis=1))


def between(samples: NDArray[np.float64], low_hz: int, high_hz: int, *, rate_hz: int = RATE_HZ) -> NDArray[np.float64]:
    """What of a sound lies between two frequencies."""
    spectrum = np.fft.rfft(samples)
    spectrum[: low_hz * len(samples) // rate_hz] = 0.0
    spectrum[high_hz * len(samples) // rate_hz :] = 0.0
    return np.fft.irfft(spectrum, len(samples))


def samples_of(folder: Path, title: str) -> NDArray[np.float64]:
    """A piece as satellites are sent it."""
    number = next(index for index, one in enumerate(PIECES) if one[0] == title)
    file = MusicFile(next(folder.glob(f"{number}.*")), rate_hz=RATE_HZ)
    try:
        return np.frombuffer(file.read(10**9), "<i2").astype(np.float64) / 32_768
    finally:
        file.close()


def place_in(piece: NDArray[np.float64], heard: NDArray[np.float64]) -> int:
    """At which sample of the piece what was heard begins."""
    size = 1 << (len(heard) + len(piece)).bit_length()
    products = np.fft.irfft(np.fft.rfft(piece, size) * np.conj(np.fft.rfft(heard, size)), size)[: len(piece)]
    return int(np.argmax(products))


def gains(
    heard: NDArray[np.float64],
    piece: NDArray[np.float64],
    *,
    window_seconds: float = 0.1,
    low_hz: int = 0,
    high_hz: int = LOW_HZ,
) -> NDArray[np.float64]:
    """How loud the piece is in each window of what was heard, which ends with music alone: 1 is as it is on the disk.

    A sound server on a busy machine may repeat or leave out some milliseconds, so each window is looked for nearby.
    """
    heard, piece = (between(each, low_hz, high_hz) for each in (heard, piece))
    tail, slack, window = 2 * RATE_HZ, int(SLACK_SECONDS * RATE_HZ), int(window_seconds * RATE_HZ)
    start = place_in(piece, heard[-tail:]) - (len(heard) - tail)
    padded = np.concatenate([np.zeros(slack), piece, np.zeros(slack + window)])
    found = []
    for at in range(0, len(heard) - window, window):
        if start + at < 0:
            found.append(0.0)
            continue
        near, part = padded[start + at : start + at + window + 2 * slack], heard[at : at + window]
        size = 1 << (len(near) + window).bit_length()
        products = np.fft.irfft(np.fft.rfft(near, size) * np.conj(np.fft.rfft(part, size)), size)[: 2 * slack]
        best = int(np.argmax(products))
        found.append(float(products[best] / np.sum(near[best : best + window] ** 2)))
    return np.array(found)


def assert_whole(found: NDArray[np.float64]) -> None:
    """Windows of a quarter of a second without a gap: what a busy sound server repeats or leaves out is far shorter."""
    assert np.median(found) == pytest.approx(LEVEL, rel=0.1)
    assert found[1:].min() > 0.4 * LEVEL


@dataclass
class Kitchen:
    """A server with music, a satellite in the kitchen, and voices to talk to it."""

    trial: Trial
    folder: Path
    port: int
    voices: House
    server: Program
    satellite: Program
    stack: ExitStack

    def say(self, sentence: str) -> None:
        self.trial.pulse.say(spoken(self.voices, f"Hey Jarvis, {sentence}")).wait()

    def ask(self, sentence: str, reply: str) -> str:
        """Say something and wait for the reply, and until it was spoken."""
        self.say(sentence)
        found = self.satellite.wait_for(reply, within_seconds=30).group(0)
        self.trial.until(state="asleep", within_seconds=30)
        return found

    def serve(self) -> None:
        """Begin a server."""
        self.server = self.stack.enter_context(program(["run", "--port", "0"], self.trial.environment("server")))
        self.server.wait_for(r"Satellites connect to")
        self.trial.until(link="up", within_seconds=30)

    @contextmanager
    def recording(self) -> Iterator[Recording]:
        with self.trial.pulse.recording() as recording:
            yield recording


def seconds_pass(recording: Recording, seconds: float) -> None:
    """Until so much more was recorded."""
    wanted, deadline = len(recording.samples()) + int(seconds * RATE_HZ), time.monotonic() + seconds + 45
    wait_until(lambda: len(recording.samples()) >= wanted, "so much of it", deadline=deadline)


def wait_until(is_so: Callable[[], bool], what: str, *, deadline: float) -> None:
    while not is_so():
        assert time.monotonic() < deadline, f"never {what}"
        threading.Event().wait(0.05)


@pytest.fixture(scope="module")
def pulse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulse]:
    with running_pulse(tmp_path_factory.mktemp("pulse")) as running:
        yield running


@pytest.fixture(scope="module")
def kitchen(pulse: Pulse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kitchen]:
    trial = Trial(tmp_path_factory.mktemp("kitchen"), pulse)
    trial.pair(area="Kitchen")
    folder, port = trial.folder / "music", free_port()
    make_pieces(folder)
    own = f'[music]\nfolder = "{folder}"\n\n[server]\ndevice_port = {port}\n'
    (trial.folder / "server.toml").write_text(own, encoding="utf-8")
    with House(Settings(), is_passing=True) as voices, ExitStack() as stack:
        server = stack.enter_context(program(["run", "--port", "0"], trial.environment("server")))
        server.wait_for(r"Satellites connect to")
        satellite = stack.enter_context(trial.satellite(port))
        trial.until(link="up", is_microphone_open=True, is_speaker_open=True)
        yield Kitchen(trial, folder, port, voices, server, satellite, stack)


def test_it_is_heard_as_it_is_on_the_disk_and_is_soft_while_somebody_speaks(kitchen: Kitchen) -> None:
    piece = samples_of(kitchen.folder, "Copper Rain")
    with kitchen.recording() as recording:
        kitchen.ask("play some jazz.", PLAYS_JAZZ)
        seconds_pass(recording, 2.0)
        before = len(recording.samples())
        kitchen.ask("what time is it?", r"^It is .*$")
        seconds_pass(recording, 3.0)
    heard = recording.samples()
    found = gains(heard, piece)
    assert np.median(found[-10:]) == pytest.approx(LEVEL, rel=0.08)
    assert place_in(piece, heard[-RATE_HZ:]) > 4 * RATE_HZ, "it went on meanwhile"
    cued = int(np.argmax(np.correlate(heard[before:], np.frombuffer(cue("start").data, "<i2") / 32_768.0, "valid"))) + before
    first, last = (round((cued / RATE_HZ + seconds) / 0.1) for seconds in (0.25, 0.9))
    assert 20 * np.log10(np.median(found[first:last]) / LEVEL) == pytest.approx(20 * np.log10(DUCK), abs=1.5)
    wide = gains(heard, piece, window_seconds=0.25, low_hz=5_000, high_hz=HIGHEST_HZ)
    begun = int(np.flatnonzero(wide > 0.5 * DUCK * LEVEL)[0])
    assert wide[begun + 1 :].min() > 0.5 * DUCK * LEVEL, "not one gap, however much was said over it"


def test_pause_resume_another_piece_and_stop_by_voice(kitchen: Kitchen) -> None:
    kitchen.ask("play some jazz.", PLAYS_JAZZ)
    kitchen.ask("pause the music.", r"^The Kitchen speaker is paused\.$")
    with kitchen.recording() as recording:
        seconds_pass(recording, 1.5)
    assert np.abs(recording.samples()[-RATE_HZ:]).max() < 1e-3
    kitchen.ask("resume the music.", r"^Playing Copper Rain on the Kitchen speaker\.$")
    assert kitchen.ask("what song is this?", r"^This is .*$") == "This is Copper Rain by Ida Marlow."
    kitchen.ask("play folk music.", r"^Playing Folk music, first Nine Lanterns on the Kitchen speaker\.$")
    with kitchen.recording() as recording:
        seconds_pass(recording, 3.0)
    assert np.median(gains(recording.samples(), samples_of(kitchen.folder, "Nine Lanterns"))[-10:]) == pytest.approx(
        LEVEL, rel=0.1
    )


def test_a_server_that_stands_still_and_a_device_that_does_leave_it_playing(kitchen: Kitchen) -> None:
    piece = samples_of(kitchen.folder, "Nine Lanterns")
    kitchen.ask("play folk music.", PLAYS_FOLK)
    with kitchen.recording() as recording:
        seconds_pass(recording, 1.5)
        kitchen.server.process.send_signal(signal.SIGSTOP)
        try:
            seconds_pass(recording, 2.5)
        finally:
            kitchen.server.process.send_signal(signal.SIGCONT)
        seconds_pass(recording, 3.0)
    found = gains(recording.samples(), piece, window_seconds=0.25)
    assert_whole(found)
    kitchen.satellite.process.send_signal(signal.SIGSTOP)
    threading.Event().wait(1.5)
    kitchen.satellite.process.send_signal(signal.SIGCONT)
    kitchen.trial.until(link="up")
    with kitchen.recording() as recording:
        seconds_pass(recording, 4.0)
    assert np.median(gains(recording.samples(), piece)[-10:]) == pytest.approx(LEVEL, rel=0.1)


def test_another_satellite_plays_something_else_at_the_same_time_and_takes_it_over(kitchen: Kitchen) -> None:
    den = Trial(kitchen.trial.folder / "den", kitchen.trial.pulse)
    den.folder.mkdir()
    pair_another(kitchen.trial, den, area="Living Room")
    with den_devices(kitchen.trial.pulse), den.satellite(kitchen.port) as satellite:
        den.until(link="up", is_speaker_open=True)
        kitchen.ask("play folk music.", PLAYS_FOLK)
        kitchen.ask("play some jazz in the living room.", r"^Playing Jazz music, first Copper Rain on the Living Room speaker\.$")
        with kitchen.recording() as here, kitchen.trial.pulse.recording("spk2.monitor") as there:
            seconds_pass(there, 4.0)
            seconds_pass(here, 0.5)
        pieces = {title: samples_of(kitchen.folder, title) for title, *_ in PIECES}
        assert np.median(gains(here.samples(), pieces["Nine Lanterns"])[-10:]) == pytest.approx(LEVEL, rel=0.1)
        assert np.median(gains(there.samples(), pieces["Copper Rain"])[-10:]) == pytest.approx(LEVEL, rel=0.1)
        kitchen.ask("play it in the living room.", r"^Playing Nine Lanterns on the Living Room speaker\.$")
        with kitchen.recording() as here, kitchen.trial.pulse.recording("spk2.monitor") as there:
            seconds_pass(there, 4.0)
        assert np.median(gains(there.samples(), pieces["Nine Lanterns"])[-10:]) == pytest.approx(LEVEL, rel=0.1)
        assert place_in(pieces["Nine Lanterns"], there.samples()[-RATE_HZ:]) > 10 * RATE_HZ, (
            "where it was, not from its beginning"
        )
        assert np.abs(here.samples()[-RATE_HZ:]).max() < 1e-3
        assert satellite.process.poll() is None


def test_a_server_that_dies_is_heard_out_and_the_next_one_says_so(kitchen: Kitchen) -> None:
    kitchen.ask("play some jazz.", PLAYS_JAZZ)
    with kitchen.recording() as recording:
        seconds_pass(recording, 1.5)
        kitchen.server.process.send_signal(signal.SIGKILL)
        heard_out = len(recording.samples()) + int(2.5 * RATE_HZ)
        kitchen.server.process.wait()
        kitchen.trial.until(link="away", within_seconds=20)
        seconds_pass(recording, 2.0)
    heard = recording.samples()
    assert_whole(gains(heard[:heard_out], samples_of(kitchen.folder, "Copper Rain"), window_seconds=0.25))
    assert np.abs(heard[-RATE_HZ:]).max() < 1e-3, "without a server it does not play for ever"
    kitchen.serve()
    with kitchen.recording() as recording:
        kitchen.satellite.wait_for(r"^The music stopped because the connection was lost\.$", within_seconds=30)
        kitchen.trial.until(state="asleep", within_seconds=20)
        seconds_pass(recording, 0.3)
    assert np.abs(recording.samples()).max() > 0.05, "aloud"


def pair_another(first: Trial, other: Trial, *, area: str) -> None:
    """Pair a second satellite, with a microphone and a loudspeaker of its own, with the first one's server, while that runs."""
    other.pair(name="Den", area=area, with_server_of=first)
    own = '[satellite]\nmicrophone = "pulse:mic2"\nspeaker = "pulse:spk2"\n'
    (other.folder / "satellite.toml").write_text(own, encoding="utf-8")


@contextmanager
def den_devices(pulse: Pulse) -> Iterator[None]:
    """A microphone and a loudspeaker in another room."""
    modules = (
        ["module-null-sink", "sink_name=air2", "norewinds=1", "rate=48000", "channels=1"],
        ["module-remap-source", "source_name=mic2", "master=air2.monitor", "channels=1"],
        ["module-null-sink", "sink_name=spk2", "norewinds=1", "rate=48000", "channels=1"],
    )
    loaded = [
        subprocess.run(["pactl", "load-module", *each], env=pulse.environment, check=True, capture_output=True, text=True).stdout
        for each in modules
    ]
    yield
    for number in reversed(loaded):
        subprocess.run(["pactl", "unload-module", number.strip()], env=pulse.environment, check=False, capture_output=True)
