"""`python -m bench.whispering`: how often speech is taken for whispering, and whispers are noticed.

The speech was recorded by people who did not whisper; also with white noise 20, 10 and 0 dB below it. No recording of people who
whisper is at hand: the whispers are the same recordings with their voice taken out by linear prediction (each 25 ms keep the
resonances and level of the mouth, and noise takes the place of the vocal folds), alone and with white noise 20 dB below. So the
first rows are what really happens to who speaks aloud; the last say that the rule works on what whispering is, and no more. The
thresholds were chosen on every other recording; this counts the rest.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_toeplitz
from scipy.signal import lfilter

from bench.page import data_folder, machine, table
from earwitness.domain.audio import RATE_HZ, Pcm
from earwitness.speech.audio_file import read_audio
from earwitness.speech.whispering import voicing

SETS: Final = {"commands": 8, "coffee_orders": 184, "wake_alexa": 97, "words": 300, "read_speech": 43}
FRAME: Final = 400
STEP: Final = 200
ORDER: Final = 20
LONGEST_SECONDS: Final = 60.0

Samples = NDArray[np.float64]


def main() -> None:
    rng = np.random.default_rng(7)
    speech = [one for name, most in SETS.items() for one in _held_back(data_folder(), name, most=most)]
    conditions: dict[str, Callable[[Samples], Samples]] = {
        "spoken": lambda one: one,
        "spoken, noise at -20 dB": lambda one: _noisy(one, -20.0, rng),
        "spoken, noise at -10 dB": lambda one: _noisy(one, -10.0, rng),
        "spoken, noise as loud": lambda one: _noisy(one, 0.0, rng),
        "voice taken out": lambda one: unvoiced(one, rng=rng),
        "voice taken out, noise at -20 dB": lambda one: _noisy(unvoiced(one, rng=rng), -20.0, rng),
    }
    rows = []
    for words, change in conditions.items():
        found = [voicing(_pcm(change(one))).is_whispered for one in speech]
        rows.append([words, str(len(found)), str(sum(found)), f"{sum(found) / len(found):.1%}"])
    print(machine(), "\n")
    print(table(["recordings", "number", "taken for whispered", "share"], rows))


def unvoiced(samples: Samples, *, rng: np.random.Generator) -> Samples:
    """The same words without their voice: all-pole resonances of each frame over noise of the same level (Makhoul 1975)."""
    window = np.hanning(FRAME + 1)[:FRAME]
    made: Samples = np.zeros(len(samples) + FRAME)
    for start in range(0, len(samples) - FRAME, STEP):
        frame = samples[start : start + FRAME] * window
        products = np.correlate(frame, frame, "full")[FRAME - 1 : FRAME + ORDER]
        if products[0] < 1e-9:
            continue
        products[0] *= 1.0001
        predictor = solve_toeplitz(products[:-1], -products[1:])
        level = np.sqrt(max(1e-12, (products[0] + predictor @ products[1:]) / float(np.sum(window**2))))
        made[start : start + FRAME] += lfilter([1.0], [1.0, *predictor], level * rng.standard_normal(FRAME)) * window
    return made[: len(samples)]


def _held_back(folder: Path, name: str, *, most: int) -> Iterator[Samples]:
    lines = (folder / "audio" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()[:most]
    for line in lines[1::2]:
        pcm = read_audio(folder / json.loads(line)["audio"], longest_seconds=LONGEST_SECONDS)
        yield np.frombuffer(pcm.data, "<i2").astype(np.float64) / 32768.0


def _noisy(samples: Samples, level_db: float, rng: np.random.Generator) -> Samples:
    level = float(np.sqrt(np.mean(samples**2))) * 10.0 ** (level_db / 20.0)
    noisy: Samples = samples + level * rng.standard_normal(len(samples))
    return noisy


def _pcm(samples: Samples) -> Pcm:
    return Pcm(data=(np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2").tobytes(), rate_hz=RATE_HZ)


if __name__ == "__main__":
    main()
