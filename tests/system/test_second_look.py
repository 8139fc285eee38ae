"""The second look at wake words as a home uses it: learned, promoted and taken back while a satellite's own process listens."""

import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.improve_hearing import Deaf
from earwitness.build import House
from earwitness.config import Settings
from earwitness.domain.audio import RATE_HZ, Pcm
from earwitness.domain.consent import Keeps, Purpose, Way
from earwitness.domain.recording import Spoken
from earwitness.domain.turn import Outcome, Turn
from earwitness.improve.adapters.wake import FILE, WakeAdapter
from earwitness.improve.adapting import Chain, Example, Learned, Progress, Sound, Spot
from earwitness.improve.improver import Improver
from earwitness.improve.models import State
from earwitness.jobs.follow_models import LOOK_EVERY_SECONDS
from earwitness.satellite.microphone import CHUNK_BYTES
from earwitness.speech.audio_file import read_audio
from earwitness.speech.models import ModelStore
from earwitness.speech.wake.micro import MicroWakeWord
from earwitness.speech.wake.verifier import FoundWake, VerifiedWakeWord, Verifier, features_of, spotted, verifier_bytes
from tests.packets import capturing
from tests.pulse import running_pulse
from tests.satellite_trial import Trial
from tests.second_looks import taught

pytestmark = [pytest.mark.models, pytest.mark.data, pytest.mark.quiet]
SOUND_BYTES = 1024
"""The payload of one chunk of sound."""
QUIET = 2 * RATE_HZ * b"\0"
WORDS = '[wake]\nwords = ["alexa"]\nsensitivity = 1.0\n'
SETTINGS = Settings.model_validate({"wake": {"words": ["alexa"], "sensitivity": 1.0}})
PASSPHRASE = "only for this test, then gone"
SPEAKERS = 5
NOTICED_SECONDS = LOOK_EVERY_SECONDS + 3.0
"""Until a satellite has what was promoted: when the house looks next, and a moment to load and send it."""


class Known(WakeAdapter):
    """Learns what the test has learned: a second look that is right about every wake that it plays."""

    def __init__(self, verifier: Verifier, spot: Spot) -> None:
        super().__init__(spot)
        self._verifier = verifier

    def learn(self, examples: Sequence[Example], *, base: Chain, sound: Sound, progress: Progress, seed: int) -> Learned | None:
        return Learned(files={FILE: verifier_bytes(self._verifier)})


@dataclass(frozen=True, slots=True)
class Wakes:
    """People who say the wake word. Of some a home judged that they did not mean it."""

    true: Sequence[Pcm]
    false: Sequence[Pcm]
    second: Verifier


@pytest.fixture(scope="module")
def wakes(data_folder: Path, store: ModelStore) -> Wakes:
    detector = MicroWakeWord(["alexa"], 1.0, store)
    lines = (data_folder / "audio/wake_alexa.jsonl").read_text(encoding="utf-8").splitlines()[:40]
    clips = [read_audio(data_folder / json.loads(line)["audio"], longest_seconds=60.0) for line in lines]
    quiet = [Pcm(data=QUIET[: RATE_HZ * 2] + clip.data + QUIET) for clip in clips]
    found = [(clip, heard) for clip in quiet if (heard := spotted(detector, clip)) is not None]
    true, false = found[::2], found[1::2]
    second = taught(
        [one for _, heard in true for one in ends(heard.sound)], [one for _, heard in false for one in ends(heard.sound)]
    )
    return Wakes([clip for clip, _ in true], [clip for clip, _ in false], second)


def ends(heard: Pcm) -> list[Pcm]:
    """A wake as it is heard if it is found up to 60 ms earlier: a satellite listens in longer chunks, which begin anywhere."""
    return [Pcm(data=heard.data[: len(heard.data) - 320 * earlier]) for earlier in range(7)]


def surest(clips: Sequence[Pcm], wakes: Wakes, detector: MicroWakeWord, *, is_true: bool) -> list[Pcm]:
    """Those of which the second look is surest wherever the satellite's chunks begin in them, the surest first."""
    sure: list[tuple[float, int]] = []
    for at, clip in enumerate(clips):
        margins: list[float] = []

        def look(found: FoundWake, margins: list[float] = margins) -> bool:
            margins.append((1 if is_true else -1) * (wakes.second.score(features_of(found.sound)) - wakes.second.threshold))
            return True

        for start in range(0, CHUNK_BYTES, 128):
            ear, sound = VerifiedWakeWord(detector, look), clip.data[start:]
            ear.reset()
            for place in range(0, len(sound), CHUNK_BYTES):
                ear.detect(sound[place : place + CHUNK_BYTES])
        if len(margins) == CHUNK_BYTES // 128:
            sure.append((min(margins), at))
    return [clips[at] for _, at in sorted(sure, reverse=True)]


def learned(house: House, wakes: Wakes) -> tuple[Improver, str]:
    """The loop of a house in which a version with this second look is a measured gain, and who taught it."""
    people = []
    for number in range(SPEAKERS):
        person_id = house.people.add(f"Somebody {number}", passphrase=PASSPHRASE).person_id
        house.rights.decide(person_id, Purpose.KEEP, is_given=True, way=Way.API, keeps=Keeps.AUDIO)
        house.rights.decide(person_id, Purpose.TRAIN, is_given=True, way=Way.API)
        people.append(person_id)
    for clips, is_false in ((wakes.true, False), (wakes.false, True)):
        for at, clip in enumerate(clips):
            turn = Turn(
                turn_id=secrets.token_hex(16), transcript=f"heard {at} {is_false}", outcome=Outcome.DONE, reply="", intent=None
            )
            person_id = people[at % SPEAKERS]
            house.rights.keep(Spoken(turn=turn, person_id=person_id, began_at=house.clock(), is_woken=True), clip)
            house.rights.judge(person_id, turn.turn_id, transcript="" if is_false else "alexa", is_false_wake=is_false)

    def spot(pcm: Pcm) -> FoundWake | None:
        return spotted(house.wake_detector(house.wake_words), pcm)

    parts = house.improver
    loop = Improver(
        parts.sets,
        parts.models,
        ledger=house.ledger,
        base=lambda: Chain(recogniser=Deaf(), understander=Deaf()),
        adapters=[Known(wakes.second, spot)],
        spot=spot,
    )
    made = loop.sets.make()
    model = loop.measure(loop.learn(loop.register()))
    assert model.state is State.MEASURED, model.reason
    return loop, next(person_id for person_id in people if made.set_id in loop.sets.of_person(person_id))


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    folder = tmp_path_factory.mktemp("looking")
    with running_pulse(folder / "pulse") as pulse:
        made = Trial(folder, pulse)
        for name in ("server", "satellite"):
            (folder / f"{name}.toml").write_text(WORDS, encoding="utf-8")
        made.pair(area="Kitchen")
        yield made


def hear(trial: Trial, clip: Pcm) -> None:
    """Play it at the satellite's microphone, and wait for what comes of it at once."""
    trial.pulse.say(Pcm(data=QUIET + clip.data + QUIET, rate_hz=RATE_HZ)).wait()
    trial.until(state="asleep")


def test_what_is_promoted_reaches_a_satellite_and_what_somebody_took_back_leaves_it(
    trial: Trial, wakes: Wakes, store: ModelStore
) -> None:
    detector = MicroWakeWord(["alexa"], 1.0, store)
    false = surest(wakes.false, wakes, detector, is_true=False)[:3]
    (true, *_) = surest(wakes.true, wakes, detector, is_true=True)
    with (
        House(SETTINGS, state=trial.folder / "server-state") as house,
        ExitStack() as running,
    ):
        loop, teacher = learned(house, wakes)
        port = running.enter_context(trial.server())
        running.enter_context(trial.satellite(port))
        trial.until(link="up", is_microphone_open=True, is_speaker_open=True, looks_twice=False)
        hear(trial, false[0])
        before = trial.status()
        assert (before["captures"], before["wakes_refused"]) == (1, 0), "without a second look a false wake is sent"

        loop.promote(loop.models.find("1"), by="anna", share=1.0)
        trial.until(looks_twice=True, within_seconds=NOTICED_SECONDS)
        with capturing(port) as packets:
            for clip in false:
                hear(trial, clip)
        refused = trial.status()
        assert (refused["captures"], refused["wakes_refused"]) == (1, 3)
        assert refused["sound_frames_sent"] == before["sound_frames_sent"]
        assert packets.to_port
        assert max(size for _, size in packets.to_port) < SOUND_BYTES, "of a false wake no sound has left"
        kept = [file for file in trial.satellite_folder.rglob("*") if file.is_file()]
        assert not [file.name for file in kept if b"threshold" in file.read_bytes()], "it is on no disk of the satellite"
        hear(trial, true)
        assert trial.status()["captures"] == 2

        house.rights.decide(teacher, Purpose.TRAIN, is_given=False, way=Way.API)
        trial.until(looks_twice=False, within_seconds=NOTICED_SECONDS)
        assert loop.models.find("1").state is State.RETIRED
        hear(trial, false[0])
        assert trial.status()["captures"] == 3
