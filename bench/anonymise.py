"""`make bench-anonymise`: who is recognised behind a disguised voice, by attackers who know more and more, and what it costs.

Strangers ordering coffee (audio/coffee_orders.jsonl): no speaker is named there, so one clip of each voice is taken, told apart
by the embedding of undisguised sound; its first half is enrolled, its second half is the trial. Both halves have one microphone
and one room, which makes it easier for the attacker than two recordings would. Three attackers: the ignorant enrols a half as it
was, the lazy one a disguised one; the retrained one has learned from disguised speech of other people, and sees the mean and
spread of the spectrum beside the embedding. The cost is the words that two recognisers get wrong in read speech and commands.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray
from rich.progress import track

from bench.disguises import World
from bench.page import ROOT, data_folder, machine, publish, table
from bench.speaker_embedding import Voices
from earwitness.config import models_folder
from earwitness.domain.audio import RATE_HZ, Pcm
from earwitness.foreign.sound import at_rate
from earwitness.improve.metrics import rate, word_error_share
from earwitness.review.voice_mcadams import move_resonances
from earwitness.speech.models import ModelStore
from earwitness.speech.stt.log_mel import log_mel
from earwitness.speech.stt.moonshine import MoonshineRecogniser
from earwitness.speech.stt.whisper import WhisperRecogniser
from earwitness.speech.voices import VoiceCatalogue

FIGURES: Final = ROOT / "earwitness" / "review" / "anonymise.json"
SAME_VOICE: Final = 0.72
"""Two clips whose embeddings are as near as that may be of one person: one of them is left out."""
MOST_STRANGERS: Final = 40
LONGEST_SECONDS: Final = 8.0
QUARTERS: Final = 4
FOLDS: Final = 5
DIMENSIONS: Final = 32
DRAWS: Final = 300
REFERENCE: Final = (
    "The birch canoe slid on the smooth planks. Glue the sheet to the dark blue background. "
    "It is easy to tell the depth of a well. These days a chicken leg is a rare dish. Rice is often served in round bowls. "
    "The juice of lemons makes fine punch. "
    "The box was thrown beside the parked truck. Four hours of steady work faced us. A large size in stockings is hard to sell. "
    "The boy was there when the sun rose. A rod is used to catch pink salmon. The source of the huge river is the clear spring. "
    "Kick the ball straight and follow through. Help the woman get back to her feet. A pot of tea helps to pass the evening."
)
"""Read by our own voice, whose sounds are borrowed: the Harvard sentences (IEEE, 1969)."""

Samples = NDArray[np.int16]
Floats = NDArray[np.float64]
Disguise = Callable[[Samples], Samples]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What was measured of one way: equal error rates, with their interval for the retrained attacker, and word error rates."""

    name: str
    ignorant: float
    lazy: float
    retrained: float
    low: float
    high: float
    whisper: float
    moonshine: float


def main() -> None:
    """Measure every way and publish the table; the figures go to the file that the product reads too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--try", dest="is_trial", action="store_true", help="few clips, and publish nothing")
    is_trial = parser.parse_args().is_trial
    store = ModelStore(models_folder())
    parts = [at_rate(part, RATE_HZ).data for part in VoiceCatalogue(store).stream(REFERENCE, voice="heart")]
    world, voices = World(np.frombuffer(b"".join(parts), dtype="<i2")), Voices()
    clips = _strangers(voices, most=12 if is_trial else MOST_STRANGERS)
    listeners = (WhisperRecogniser(store, 1), MoonshineRecogniser(store, 1))
    read = list(_read())[:: 6 if is_trial else 1]
    plain = [_quarters(clip, clip, voices) for clip in clips]
    rows = [
        _row(name, way, clips=clips, plain=plain, voices=voices, listeners=listeners, read=read)
        for name, way in ways(world).items()
    ]
    head = ["way", "ignorant", "lazy", "retrained", "95 % interval", "WER Whisper", "WER Moonshine", "cost, points"]
    said = f"{len(clips)} strangers; equal error rates (50 % is chance), {len(read)} clips of read speech and commands."
    text = f"{machine()}\n\n{said}\n\n{table(head, [_shown(row, rows[0]) for row in rows])}"
    if is_trial:
        print(text)
        return
    FIGURES.write_text(json.dumps({row.name: _figures(row, rows[0]) for row in rows}, indent=2) + "\n", encoding="utf-8")
    publish("anonymise", text)


def ways(world: World) -> dict[str, Disguise]:
    """What is tried, by name."""
    return {
        "none": lambda samples: samples,
        "mcadams-0.8": lambda samples: move_resonances(samples, coefficient=0.8),
        "world-flat-normalised": world.normalised,
        "world-flat-borrowed": world.borrowed,
    }


def _row(
    name: str,
    way: Disguise,
    *,
    clips: Sequence[Samples],
    plain: Sequence[Floats],
    voices: Voices,
    listeners: tuple[WhisperRecogniser, MoonshineRecogniser],
    read: Sequence[tuple[Samples, str]],
) -> Row:
    disguised = [_quarters(way(clip), clip, voices) for clip in track(clips, name)]
    whole = slice(0, 256)
    ignorant = _cosines(_halves(plain, whole)[0], _halves(disguised, whole)[1])
    lazy = _cosines(_halves(disguised, whole)[0], _halves(disguised, whole)[1])
    attacks = [_retrained(disguised, part) for part in (whole, slice(0, None))]
    strongest = min([*attacks, lazy], key=equal_error_rate)
    low, high = _interval(strongest)
    said = [(way(samples), text) for samples, text in read]
    heard = [
        [word_error_share(text, one.transcribe(Pcm(data=sound.tobytes())).text) for sound, text in said] for one in listeners
    ]
    whisper, moonshine = (rate(shares) or 0.0 for shares in heard)
    return Row(
        name=name, ignorant=equal_error_rate(ignorant), lazy=equal_error_rate(lazy), retrained=equal_error_rate(strongest),
        low=low, high=high, whisper=whisper, moonshine=moonshine,
    )  # fmt: skip


def cost(row: Row, none: Row) -> float:
    """Points of word error that the way costs the recogniser that it costs more."""
    return 100 * max(row.whisper - none.whisper, row.moonshine - none.moonshine)


def _figures(row: Row, none: Row) -> dict[str, float]:
    return {
        "ignorant_eer": round(row.ignorant, 3),
        "lazy_eer": round(row.lazy, 3),
        "retrained_eer": round(row.retrained, 3),
        "retrained_eer_low": round(row.low, 3),
        "wer_cost_points": round(cost(row, none), 1),
    }


def _shown(row: Row, none: Row) -> list[str]:
    shares = [f"{share:.0%}" for share in (row.ignorant, row.lazy, row.retrained)]
    return [
        row.name,
        *shares,
        f"{row.low:.0%} - {row.high:.0%}",
        f"{row.whisper:.1%}",
        f"{row.moonshine:.1%}",
        f"{cost(row, none):.1f}",
    ]


def _strangers(voices: Voices, *, most: int) -> list[Samples]:
    """One clip of each voice, without its silences, at most eight seconds."""
    found: list[Samples] = []
    known: list[NDArray[np.float32]] = []
    lines = (data_folder() / "audio/coffee_orders.jsonl").read_text(encoding="utf-8").splitlines()
    for line in track(lines[::2], "telling voices apart"):
        samples, _ = soundfile.read(data_folder() / json.loads(line)["audio"], dtype="int16")
        spoken = _spoken(samples)[: int(LONGEST_SECONDS * RATE_HZ)]
        if len(spoken) < 3 * RATE_HZ:
            continue
        voice = voices.embed(spoken)
        if all(float(voice @ other) < SAME_VOICE for other in known):
            found.append(spoken)
            known.append(voice)
        if len(found) == most:
            break
    return found


def _spoken(samples: Samples) -> Samples:
    """Without pauses: blocks of 30 ms within 35 dB of the loudest, and their neighbours."""
    block = RATE_HZ * 3 // 100
    blocks = samples[: len(samples) // block * block].reshape(-1, block)
    level = 10 * np.log10(np.mean(blocks.astype(np.float64) ** 2, axis=1) + 1)
    is_loud = level > np.percentile(level, 98) - 35
    wide = np.convolve(is_loud, np.ones(7), mode="same") > 0
    return blocks[wide].reshape(-1)


def _read() -> Iterator[tuple[Samples, str]]:
    for name, most in (("audio/read_speech.jsonl", 12), ("audio/commands.jsonl", 8)):
        for line in (data_folder() / name).read_text(encoding="utf-8").splitlines()[:most]:
            item = json.loads(line)
            yield soundfile.read(data_folder() / item["audio"], dtype="int16")[0], item["text"].lower()


def _quarters(samples: Samples, original: Samples, voices: Voices) -> Floats:
    """[4, 256 + 160]: embedding, mean and spread of the log-mel spectrum, for each quarter of the clip."""
    samples = np.resize(samples, len(original)) if len(samples) < len(original) else samples[: len(original)]
    return np.stack([_features(part, voices) for part in np.array_split(samples, QUARTERS)])


def _features(samples: Samples, voices: Voices) -> Floats:
    spectrum = log_mel(np.asarray(samples / 32768.0, dtype=np.float32))
    return np.concatenate([voices.embed(samples), spectrum.mean(axis=1), spectrum.std(axis=1)]).astype(np.float64)


def _halves(quarters: Sequence[Floats], part: slice) -> tuple[Floats, Floats]:
    each = np.stack(quarters)[:, :, part]
    return each[:, :2].mean(axis=1), each[:, 2:].mean(axis=1)


def _cosines(enrolled: Floats, tried: Floats) -> Floats:
    """[people, people]: how alike each enrolled half and each trial are."""
    return _unit(enrolled) @ _unit(tried).T


def _unit(rows: Floats) -> Floats:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))


def _retrained(disguised: Sequence[Floats], part: slice) -> Floats:
    """[people, people], NaN between folds: scores of an attacker who learned from the other folds' people, disguised."""
    people = len(disguised)
    scores = np.full((people, people), np.nan)
    enrolled, tried = _halves(disguised, part)
    for fold in range(FOLDS):
        inside = np.arange(people) % FOLDS == fold
        taught = np.stack([one[:, part] for one, is_inside in zip(disguised, inside, strict=True) if not is_inside])
        project = _discriminant(taught)
        scores[np.ix_(inside, inside)] = _cosines(project(enrolled[inside]), project(tried[inside]))
    return scores


def _discriminant(taught: Floats) -> Callable[[Floats], Floats]:
    """Directions that tell people apart in [people, quarters, features]: principal ones, within-person spread whitened."""
    flat = taught.reshape(-1, taught.shape[2])
    mean, spread = flat.mean(axis=0), flat.std(axis=0) + 1e-6
    _, _, axes = np.linalg.svd((flat - mean) / spread, full_matrices=False)
    axes = axes[: min(DIMENSIONS, len(axes))]
    within = ((taught - taught.mean(axis=1, keepdims=True)) / spread).reshape(-1, taught.shape[2]) @ axes.T
    covariance = within.T @ within / len(within)
    covariance += np.eye(len(covariance)) * np.trace(covariance) / len(covariance) * 0.1
    whiten = np.linalg.cholesky(np.linalg.inv(covariance))
    return lambda rows: np.asarray(((rows - mean) / spread) @ axes.T @ whiten)


def equal_error_rate(scores: Floats) -> float:
    """Where as many strangers are taken for the person as the person is missed; [people, people], the person on the diagonal."""
    own = np.sort(np.diag(scores))
    others = scores[~np.eye(len(scores), dtype=bool)]
    others = np.sort(others[~np.isnan(others)])
    limits = np.concatenate([own, others])
    missed = np.searchsorted(own, limits, side="left") / len(own)
    taken = 1 - np.searchsorted(others, limits, side="left") / len(others)
    best = int(np.argmin(np.abs(missed - taken)))
    return float((missed[best] + taken[best]) / 2)


def _interval(scores: Floats) -> tuple[float, float]:
    """The 95 % bootstrap interval over people (Efron 1979); someone drawn twice is no stranger to himself."""
    dice, people, found = np.random.default_rng(1), len(scores), []
    for _ in range(DRAWS):
        drawn = dice.integers(0, people, people)
        some = scores[np.ix_(drawn, drawn)].copy()
        some[(drawn[:, None] == drawn[None, :]) & ~np.eye(people, dtype=bool)] = np.nan
        found.append(equal_error_rate(some))
    return float(np.percentile(found, 2.5)), float(np.percentile(found, 97.5))


if __name__ == "__main__":
    main()
