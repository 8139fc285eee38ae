"""`make bench-arbitration`: which of several satellites should answer a wake word: who hears it first, or loudest?

Recordings of people saying "alexa" are played into simulated rooms: the direct sound by the distance, an exponential tail by the
room, walls and open doors in between, noise at each microphone, microphones that are not equally sensitive, detectors that begin
at different moments, and a wireless network. The real detector hears each satellite's sound. The nearest satellite in the
speaker's room is the one that should answer.
"""

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bench.page import data_folder, machine, publish, table
from earwitness.build import House
from earwitness.config import read_settings
from earwitness.domain.audio import RATE_HZ
from earwitness.improve.manifest import read_manifest
from earwitness.speech.audio_file import read_audio
from earwitness.speech.wake.micro import MicroWakeWord
from earwitness.turn.arbitration import (
    Candidate,
    Merit,
    by_first_detection,
    by_first_heard,
    by_loudness,
    by_loudness_then_first,
    winner,
)

Sound: TypeAlias = NDArray[np.float64]
WORD: Final = "alexa"
MANIFEST: Final = "audio/wake_alexa.jsonl"
SOUND_METRES_PER_SECOND: Final = 343.0
CHUNK_SECONDS: Final = 0.032
LOUDNESS_SECONDS: Final = 1.0
"""The sound before the detection whose loudness a satellite reports."""
SPEECH_DBFS: Final = -24.0
"""Loudness of the speaker one metre away."""
WINDOWS: Final = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
MERITS: Final[Sequence[tuple[str, Merit]]] = (
    ("first detection (message)", by_first_detection),
    ("first heard (by age)", by_first_heard),
    ("loudest", by_loudness),
    ("loudest in steps of 3 dB, then first", by_loudness_then_first),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A satellite as the speaker's voice reaches it."""

    metres: float
    wall_db: float = 0.0
    """How much a wall or an open door takes away."""
    noise_dbfs: float = -60.0
    gain_db: float = 0.0
    """How much more sensitive its microphone is than others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One wake word in one home, as the server is told of it; `raw` if a satellite does not take its noise off the loudness."""

    right: str
    candidates: tuple[Candidate, ...]
    raw: tuple[Candidate, ...]


Layout: TypeAlias = Callable[[np.random.Generator], list[Spot]]


def one_room(random: np.random.Generator) -> list[Spot]:
    """Two satellites in one large room; the nearer one is first."""
    near = random.uniform(0.7, 3.0)
    return [Spot(metres=near, gain_db=_gain(random)), Spot(metres=near * random.uniform(1.4, 4.0), gain_db=_gain(random))]


def two_rooms(random: np.random.Generator) -> list[Spot]:
    """One satellite here, one in the next room with its door open."""
    here = Spot(metres=random.uniform(0.7, 4.0), gain_db=_gain(random))
    return [here, Spot(metres=random.uniform(3.0, 8.0), wall_db=random.uniform(6.0, 18.0), gain_db=_gain(random))]


def noisy_here(random: np.random.Generator) -> list[Spot]:
    """As before, and a television plays in the speaker's room."""
    here, there = two_rooms(random)
    loud = Spot(metres=here.metres, gain_db=here.gain_db, noise_dbfs=random.uniform(-48.0, -36.0))
    return [loud, there]


def noisy_there(random: np.random.Generator) -> list[Spot]:
    """As before, but the television plays in the other room."""
    here, there = two_rooms(random)
    noise = random.uniform(-48.0, -36.0)
    return [here, Spot(metres=there.metres, wall_db=there.wall_db, gain_db=there.gain_db, noise_dbfs=noise)]


def three_rooms(random: np.random.Generator) -> list[Spot]:
    """One here, and two elsewhere, one of them in the next room."""
    return [*two_rooms(random), Spot(metres=random.uniform(6.0, 12.0), wall_db=random.uniform(12.0, 25.0), gain_db=_gain(random))]


LAYOUTS: Final[Sequence[tuple[str, Layout]]] = (
    ("two in one room", one_room),
    ("two rooms", two_rooms),
    ("two rooms, television here", noisy_here),
    ("two rooms, television there", noisy_there),
    ("three rooms", three_rooms),
)


def main() -> None:
    """Measure, and publish the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=150, help="wake words for each home; other than 150 publishes nothing")
    chosen = parser.parse_args()
    with House(read_settings(), is_passing=True) as house:
        detector = house.wake_detector((WORD,))
        words = list(_words(detector))
        random = np.random.default_rng(20)
        trials = {name: _trials(layout, words, detector=detector, random=random, count=chosen.trials) for name, layout in LAYOUTS}
    text = "\n\n".join([machine(), _said(len(words), trials), _accuracy(trials), _windows(trials)])
    if chosen.trials == 150:
        publish("arbitration", text)
    else:
        print(text)


def _said(words: int, trials: dict[str, list[Trial]]) -> str:
    several = sum(len(trial.candidates) > 1 for each in trials.values() for trial in each)
    total = sum(len(each) for each in trials.values())
    return (
        f'{words} recordings of "{WORD}"; {total} wake words that somebody heard, {several} heard by several satellites. '
        "Rooms and network are simulated, voices and detector are real."
    )


def _accuracy(trials: dict[str, list[Trial]]) -> str:
    rows = []
    for name, merit in MERITS:
        shares = [_share(each, merit, window=0.5) for each in trials.values()]
        rows.append([name, *(f"{share:.1%}" for share in shares), f"{sum(shares) / len(shares):.1%}"])
    raw = [_share([replace(one, candidates=one.raw) for one in each], by_loudness, window=0.5) for each in trials.values()]
    rows.append(["loudest, noise not taken off", *(f"{share:.1%}" for share in raw), f"{sum(raw) / len(raw):.1%}"])
    return "The right satellite answers, where several heard it:\n\n" + table(["what decides", *trials, "mean"], rows)


def _windows(trials: dict[str, list[Trial]]) -> str:
    rows = []
    for window in WINDOWS:
        shares = [_share(each, by_loudness, window=window) for each in trials.values()]
        late = [_late(each, window=window) for each in trials.values()]
        mean = sum(shares) / len(shares)
        rows.append([f"{window * 1000:.0f}", f"{mean:.1%}", f"{sum(late) / len(late):.1%}"])
    header = ["waits ms (all of it is added to the cue)", "loudest: the right one answers", "the right one reports too late"]
    return "How long the first one waits for others:\n\n" + table(header, rows)


def _contested(trials: Sequence[Trial]) -> list[Trial]:
    return [trial for trial in trials if len(trial.candidates) > 1]


def _share(trials: Sequence[Trial], merit: Merit, *, window: float) -> float:
    contested = _contested(trials)
    right = sum(winner(_in_time(trial, window), merit=merit) == trial.right for trial in contested)
    return right / max(1, len(contested))


def _late(trials: Sequence[Trial], *, window: float) -> float:
    contested = _contested(trials)
    late = sum(all(one.device_id != trial.right for one in _in_time(trial, window)) for trial in contested)
    return late / max(1, len(contested))


def _in_time(trial: Trial, window: float) -> list[Candidate]:
    first = min(candidate.arrived_at for candidate in trial.candidates)
    return [candidate for candidate in trial.candidates if candidate.arrived_at - first <= window]


def _trials(
    layout: Layout, words: Sequence[Sound], *, detector: MicroWakeWord, random: np.random.Generator, count: int
) -> list[Trial]:
    found = []
    for _ in range(count):
        word = words[int(random.integers(len(words)))]
        spots = layout(random)
        pairs = [_hear(word, spot, detector=detector, random=random, name=f"s{at}") for at, spot in enumerate(spots)]
        heard = [pair for pair in pairs if pair is not None]
        if heard:
            net, raw = zip(*heard, strict=True)
            found.append(Trial(right="s0", candidates=net, raw=raw))
    return found


def _hear(
    word: Sound, spot: Spot, *, detector: MicroWakeWord, random: np.random.Generator, name: str
) -> tuple[Candidate, Candidate] | None:
    """What a satellite there reports of a word that is said at moment 0, if it hears it."""
    sound = _at(word, spot, random=random)
    offset = random.uniform(0.0, CHUNK_SECONDS)  # its chunks begin whenever it was switched on
    at = _detection(sound, detector=detector, offset=offset)
    if at is None:
        return None
    begins = max(0, int((at - LOUDNESS_SECONDS) * RATE_HZ))
    window, before = sound[begins : int(at * RATE_HZ)], sound[: RATE_HZ // 2]
    compute = random.uniform(0.002, 0.03)
    network = 0.003 + random.exponential(0.012) + (random.uniform(0.05, 0.25) if random.random() < 0.03 else 0.0)
    raw = Candidate(
        device_id=name,
        arrived_at=at + offset + compute + network,
        age_ms=round(1000.0 * compute),
        loudness_dbfs=_dbfs(_rms(window)),
        score=1.0,
    )
    return replace(raw, loudness_dbfs=_dbfs(math.sqrt(max(0.0, _rms(window) ** 2 - _rms(before) ** 2)))), raw


def _at(word: Sound, spot: Spot, *, random: np.random.Generator) -> Sound:
    """The word as a microphone there hears it, with what its room adds."""
    lead = np.zeros(RATE_HZ // 2)
    dry = np.concatenate([lead, word * 10 ** (SPEECH_DBFS / 20.0) / max(1e-9, _rms(word)), np.zeros(RATE_HZ)])
    seconds = random.uniform(0.25, 0.6)
    tail = random.standard_normal(int(seconds * RATE_HZ)) * np.exp(-6.9 * np.arange(int(seconds * RATE_HZ)) / (seconds * RATE_HZ))
    tail *= 0.35 / math.sqrt(float(np.sum(tail**2)))  # the tail is as loud as the direct sound about 3 m away
    response = np.concatenate([np.zeros(int(spot.metres / SOUND_METRES_PER_SECOND * RATE_HZ)), [1.0 / spot.metres], tail])
    wet = _convolve(dry, response)[: len(dry)] * 10 ** ((spot.gain_db - spot.wall_db) / 20.0)
    if spot.wall_db:
        wet = _convolve(wet, np.full(4, 0.25))[: len(dry)]
    noise = random.standard_normal(len(dry)) * 10 ** (spot.noise_dbfs / 20.0)
    return np.clip(wet + noise, -1.0, 1.0)


def _detection(sound: Sound, *, detector: MicroWakeWord, offset: float) -> float | None:
    """When the detector reports the word, by the device's chunks; None if it does not."""
    detector.reset()
    samples = (np.concatenate([np.zeros(int(offset * RATE_HZ)), sound]) * 32767.0).astype("<i2").tobytes()
    step = 2 * int(CHUNK_SECONDS * RATE_HZ)
    for start in range(0, len(samples), step):
        if detector.detect(samples[start : start + step]) is not None:
            return (start + step) / 2 / RATE_HZ - offset
    return None


def _words(detector: MicroWakeWord) -> list[Sound]:
    """The recordings in which the detector hears the word when nothing is in the way."""
    folder: Path = data_folder()
    found = []
    for entry in read_manifest(folder / MANIFEST):
        if entry.audio is None:
            continue
        pcm = read_audio(entry.audio, longest_seconds=30.0)
        word = np.frombuffer(pcm.data, dtype="<i2").astype(np.float64) / 32768.0
        if _detection(np.concatenate([np.zeros(RATE_HZ // 2), word, np.zeros(RATE_HZ)]), detector=detector, offset=0.0):
            found.append(word)
    return found


def _gain(random: np.random.Generator) -> float:
    return float(random.normal(0.0, 2.0))


def _convolve(one: Sound, other: Sound) -> Sound:
    size = 1 << (len(one) + len(other)).bit_length()
    return np.fft.irfft(np.fft.rfft(one, size) * np.fft.rfft(other, size), size)[: len(one) + len(other) - 1]


def _rms(sound: Sound) -> float:
    return math.sqrt(float(np.mean(sound**2))) if len(sound) else 0.0


def _dbfs(rms: float) -> float:
    return max(-120.0, 20.0 * math.log10(max(1e-6, rms)))


if __name__ == "__main__":
    main()
