"""The sound of alarms on a real loudspeaker: the one that was chosen, from soft to loud, with the server and without it."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from earwitness.build import House
from earwitness.config import Settings
from earwitness.domain.alert import Alert, AlertKind, AtMoment, Place
from earwitness.domain.audio import Pcm
from earwitness.domain.ring_sound import MUSIC, RISE_FROM_DB, RISE_SECONDS
from earwitness.links.alerts import Alerts
from earwitness.ringing.music_folder import MusicFolder
from earwitness.ringing.scores import sound
from earwitness.satellite.control import ask
from earwitness.satellite.cues import cue
from earwitness.storage.database import Database
from tests.pulse import Pulse, correlation, running_pulse
from tests.satellite_trial import Trial, spoken

pytestmark = [pytest.mark.models, pytest.mark.quiet]
RATE_HZ = 24_000
SONG = "Morning song.flac"


@pytest.fixture(scope="module")
def pulse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulse]:
    with running_pulse(tmp_path_factory.mktemp("pulse")) as running:
        yield running


@pytest.fixture
def trial(pulse: Pulse, tmp_path: Path) -> Trial:
    """A paired satellite in the kitchen, and a server with one song of three seconds."""
    made = Trial(tmp_path / "trial", pulse)
    made.pair(area="Kitchen")
    music = tmp_path / "music"
    music.mkdir()
    notes = np.random.default_rng(7).uniform(300, 1200, 12)
    at = np.arange(int(0.25 * 44_100)) / 44_100
    song = np.concatenate([0.1 * np.sin(2 * np.pi * hz * at) * np.exp(-3 * at) for hz in notes])
    soundfile.write(music / SONG, song, 44_100)
    (made.folder / "server.toml").write_text(f'[ringing]\nmusic_folder = "{music}"\n', encoding="utf-8")
    return made


def wait_until(is_so: Callable[[], bool], what: str, *, within_seconds: float = 60.0) -> None:
    deadline = time.monotonic() + within_seconds
    while not is_so():
        assert time.monotonic() < deadline, f"never {what}"
        threading.Event().wait(0.05)


def ring_heard(trial: Trial, *, seconds: float) -> NDArray[np.float64]:
    """So much of the next ring, from (nearly) its beginning."""
    trial.until(state="ringing", within_seconds=150)
    with trial.pulse.recording() as recording:
        wait_until(lambda: len(recording.samples()) >= seconds * RATE_HZ, "so much of a ring", within_seconds=seconds + 60)
    return recording.samples()[: int(seconds * RATE_HZ)]


def levels_db(heard: NDArray[np.float64], loop_seconds: float) -> NDArray[np.float64]:
    """The level of each round of the sound."""
    loop = int(loop_seconds * RATE_HZ)
    rounds = [heard[start : start + loop] for start in range(0, len(heard) - loop + 1, loop)]
    return np.array([10 * np.log10(np.mean(one**2)) for one in rounds])


def assert_rises(heard: NDArray[np.float64], pcm: Pcm) -> None:
    """It begins at the stated level, and each round is louder by what the curve says."""
    levels = levels_db(heard, pcm.seconds)
    whole = 10 * np.log10(np.mean((np.frombuffer(pcm.data, "<i2") / 32_768) ** 2))
    a_round = -RISE_FROM_DB * pcm.seconds / RISE_SECONDS
    assert len(levels) >= 3
    assert (np.diff(levels) > 0).all()
    assert levels[-1] - levels[0] == pytest.approx(a_round * (len(levels) - 1), abs=1.0)
    assert levels[0] - whole == pytest.approx(RISE_FROM_DB + a_round / 2, abs=1.5)


def test_what_is_said_is_what_wakes_softly(trial: Trial) -> None:
    birds = sound("birds")
    with House(Settings(), is_passing=True) as voices, trial.server() as port, trial.satellite(port) as satellite:
        trial.until(link="up", is_microphone_open=True, is_speaker_open=True)
        trial.pulse.say(spoken(voices, "Hey Jarvis, wake me softly in one minute with birds.")).wait()
        satellite.wait_for(r"^Alarm set .*, with birds, softly at first\.$", within_seconds=30)
        trial.until(state="asleep", alarms=1)
        heard = ring_heard(trial, seconds=4 * birds.seconds)
        assert correlation(heard, birds, rate_hz=RATE_HZ) > 0.9
        assert correlation(heard, cue("alert"), rate_hz=RATE_HZ) < 0.5
        assert_rises(heard, birds)
        assert trial.status()["state"] == "ringing"


def test_without_the_server_and_after_a_power_cut_it_rings_with_the_very_sound(trial: Trial) -> None:
    song = MusicFolder(trial.folder.parent / "music").sound(MUSIC + SONG)
    with ExitStack() as server, ExitStack() as stack:
        port = server.enter_context(trial.server())
        satellite = stack.enter_context(trial.satellite(port))
        trial.until(link="up", is_speaker_open=True)
        due_at = datetime.now(UTC) + timedelta(seconds=75)
        database = Database(trial.folder / "server-state" / "household.db", chain="household")
        Alerts(database, clock=lambda: datetime.now(UTC)).add(
            Alert(
                alert_id="soft",
                kind=AlertKind.ALARM,
                rule=AtMoment(at=due_at),
                created_at=datetime.now(UTC),
                area="Kitchen",
                place=Place.ROOM,
                sound=MUSIC + SONG,
                is_rising=True,
            )
        )
        kept = trial.satellite_folder / "alarm_sounds"
        wait_until(lambda: any(kept.glob("*.pcm")), "the sound on the satellite's disk")
        trial.until(alarms=1)
        assert datetime.now(UTC) < due_at - timedelta(seconds=5), "it has not rung yet"
        server.close()
        trial.until(link="away")
        heard = ring_heard(trial, seconds=5 * song.seconds)
        assert correlation(heard, song, rate_hz=RATE_HZ) > 0.9
        assert_rises(heard, song)
        satellite.process.send_signal(signal.SIGKILL)
        satellite.process.wait()
        stack.close()
        with trial.satellite(port):
            heard = ring_heard(trial, seconds=4 * song.seconds)
            assert correlation(heard, song, rate_hz=RATE_HZ) > 0.9
            assert_rises(heard, song)
            ask(trial.satellite_folder, "stop")
            trial.until(state="away")
