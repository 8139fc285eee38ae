"""`python -m bench.arbitration_foreign`: who answers when satellites of other makes heard the word too.

The homes, rooms and recordings of bench/arbitration.py. A satellite of another make keeps the word to itself and sends what
follows: the next word at once, or a pause, each in half of the trials. Its message comes up to 0.15 s later than ours. It
publishes nothing.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from bench.arbitration import (
    LAYOUTS,
    LOUDNESS_SECONDS,
    SPEECH_DBFS,
    WORD,
    Sound,
    Spot,
    _at,
    _dbfs,
    _detection,
    _rms,
    _words,
)
from bench.page import table
from earwitness.build import House
from earwitness.config import read_settings
from earwitness.domain.audio import RATE_HZ
from earwitness.foreign.turns import FOLLOWING_SECONDS
from earwitness.speech.wake.micro import MicroWakeWord
from earwitness.turn.arbitration import FOLLOWING_DB, WINDOW_SECONDS, Candidate, by_first_detection, winner

ADVANTAGES_DB: Final = (0.0, 6.0, 12.0, 15.0, 18.0, 21.0, 25.0)
Kinds = Callable[[int], bool]
"""Whether the nth satellite of a home is ours; the first stands nearest to the speaker."""
PAIRS: Final[Sequence[tuple[str, Kinds]]] = (
    ("all of other makes", lambda at: False),
    ("ours is nearest, the rest of other makes", lambda at: at == 0),
    ("another make is nearest, the rest ours", lambda at: at > 0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What one satellite would report: `ours` if it were ours, `other` if it were of another make."""

    ours: Candidate
    other: Candidate


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=60, help="wake words for each home")
    chosen = parser.parse_args()
    random = np.random.default_rng(7)
    with House(read_settings(), is_passing=True) as house:
        detector = house.wake_detector((WORD,))
        words = list(_words(detector))
        trials = [
            trial
            for _, layout in LAYOUTS
            for _ in range(chosen.trials)
            if (trial := _trial(layout(random), words, detector=detector, random=random)) is not None
        ]
    print(f"{len(trials)} wake words that the nearest satellite and another heard.\n")
    rows = [
        [f"{advantage:g} dB", *(_share(trials, kinds, advantage=advantage) for _, kinds in PAIRS)] for advantage in ADVANTAGES_DB
    ]
    firsts = ["whoever reports first", *(_share(trials, kinds, advantage=None) for _, kinds in PAIRS)]
    print(table(["advantage of what followed", *(name for name, _ in PAIRS)], [firsts, *rows]))
    print(f"\nIn use: {FOLLOWING_DB:g} dB. Loudness of the first {FOLLOWING_SECONDS:g} s.")


def _trial(
    spots: Sequence[Spot], words: Sequence[Sound], *, detector: MicroWakeWord, random: np.random.Generator
) -> list[Heard | None] | None:
    word, after = (words[int(random.integers(len(words)))] for _ in range(2))
    gap = np.zeros(int(random.uniform(0.0, 0.25) * RATE_HZ))
    after = after if random.random() < 0.5 else np.zeros(RATE_HZ)
    heard = [
        _hear(spot, word, np.concatenate([gap, after]), detector=detector, random=random, at=at) for at, spot in enumerate(spots)
    ]
    return heard if heard[0] is not None and sum(one is not None for one in heard) > 1 else None


def _hear(
    spot: Spot, word: Sound, after: Sound, *, detector: MicroWakeWord, random: np.random.Generator, at: int
) -> Heard | None:
    said = np.concatenate([word, after * (_rms(word) / max(1e-9, _rms(after)) if after.any() else 0.0)])
    level = 10 ** (SPEECH_DBFS / 20.0) * _rms(said) / max(1e-9, _rms(word))  # so that the word is as loud as it always is
    sound = _at(said, replace(spot, gain_db=spot.gain_db + _dbfs(level) - SPEECH_DBFS), random=random)
    ends = _detection(sound[: RATE_HZ + len(word)], detector=detector, offset=0.0)
    if ends is None:
        return None
    arrived = ends + 0.005 + random.exponential(0.012)
    before = sound[max(0, int((ends - LOUDNESS_SECONDS) * RATE_HZ)) : int(ends * RATE_HZ)]
    behind = sound[int(ends * RATE_HZ) : int((ends + FOLLOWING_SECONDS) * RATE_HZ)]
    ours = Candidate(device_id=f"s{at}", arrived_at=arrived, age_ms=0, loudness_dbfs=_dbfs(_rms(before)), score=1.0)
    late = arrived + random.uniform(0.0, 0.15)
    return Heard(ours=ours, other=replace(ours, arrived_at=late, loudness_dbfs=_dbfs(_rms(behind)), is_of_word=False))


def _share(trials: Sequence[list[Heard | None]], kinds: Kinds, *, advantage: float | None) -> str:
    right = 0
    for trial in trials:
        found = [one.ours if kinds(at) else one.other for at, one in enumerate(trial) if one is not None]
        first = min(one.arrived_at for one in found)
        in_time = [one for one in found if one.arrived_at - first <= WINDOW_SECONDS]
        if advantage is None:
            right += winner(in_time, merit=by_first_detection) == "s0"
        else:
            right += winner(in_time, merit=_at_advantage(advantage)) == "s0"
    return f"{right / max(1, len(trials)):.0%}"


def _at_advantage(advantage: float) -> Callable[[Candidate], tuple[float, ...]]:
    return lambda one: (one.loudness_dbfs + (0.0 if one.is_of_word else advantage), -one.arrived_at)


if __name__ == "__main__":
    main()
