"""The part of `make bench-improve` about wake words: whether a second look that learned from judged wakes halves the false ones
among voices that it never heard, and what it costs.

True wakes are people's "alexa" (audio/wake_alexa.jsonl) and made ones; people's other speech hardly ever wakes the first stage (a
few times in the half hour that there is), so most false wakes are made: words that sound like it. Made ones, true and false, are
said by the same voices of Kokoro. The first stage is the house's at its easiest. Each voice is on one side alone.
"""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soxr
from scipy.cluster.hierarchy import fcluster, linkage

from bench.improve_hearing import Deaf, HeardOnce
from bench.page import table
from bench.speaker_embedding import Voices
from earwitness.build import House
from earwitness.domain.audio import RATE_HZ, Pcm
from earwitness.domain.review import Label
from earwitness.improve.adapters.wake import WakeAdapter
from earwitness.improve.adapting import Chain, Example
from earwitness.improve.metrics import Share, interval, rate
from earwitness.speech.audio_file import read_audio
from earwitness.speech.wake.micro import MicroWakeWord
from earwitness.speech.wake.verifier import FoundWake

WORD = "alexa"
TRUE = "audio/wake_alexa.jsonl"
OTHERS = ("audio/words.jsonl", "audio/read_speech.jsonl", "audio/coffee_orders.jsonl", "audio/commands.jsonl")
MADE_TRUE, MADE_FALSE = ("Alexa.",), ("Alexis.", "A Lexus.", "Electra.")
MADE_VOICES = 16
SENSITIVITY = 1.0
CHUNK = 640
SAME_VOICE = 0.6
FOLDS, SEED = 5, 20251129
OTHER_SPLITS: Final = range(1, 9)
"""Strength and margin of the second look were chosen on these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """The sound up to where a wake word was found."""

    pcm: Pcm
    is_true: bool
    voice: str
    is_made: bool = False


def wakes(data: Path, house: House, heard: HeardOnce) -> list[Wake]:
    """Every wake, true and false, that the first stage finds."""
    detector = MicroWakeWord([WORD], SENSITIVITY, house.store)
    people = _sounds(data, TRUE)
    voices = _voices([pcm for _, pcm in people], heard)
    found = [
        Wake(pcm=spot, is_true=True, voice=voice)
        for (_, pcm), voice in zip(people, voices, strict=True)
        for spot in spots(pcm, detector)[:1]
    ]
    for name in OTHERS:
        for speaker, pcm in _sounds(data, name):
            found += [Wake(pcm=spot, is_true=False, voice=speaker) for spot in spots(pcm, detector)]
    for text in (*MADE_TRUE, *MADE_FALSE):
        for name in made_voices(house):
            made = heard.said(text, name, lambda text, name: said(house, text, name))
            is_true = text in MADE_TRUE
            found += [Wake(pcm=spot, is_true=is_true, voice=name, is_made=True) for spot in spots(made, detector)[:1]]
    return found


def made_voices(house: House) -> list[str]:
    """Whose voices say what is made."""
    return [one.name for one in house.voices.voices() if one.engine == "kokoro"][:MADE_VOICES]


def said(house: House, text: str, voice: str) -> Pcm:
    """What a voice says, at 16 kHz over faint noise."""
    parts = list(house.voices.stream(text, voice=voice))
    sound = np.concatenate([np.frombuffer(part.data, dtype="<i2") for part in parts]).astype(np.float32)
    near = soxr.resample(sound, parts[0].rate_hz, RATE_HZ)
    noisy = near + np.random.default_rng(SEED).normal(0.0, 15.0, len(near))
    return Pcm(data=np.clip(noisy, -32768, 32767).astype("<i2").tobytes())


def spots(pcm: Pcm, detector: MicroWakeWord) -> list[Pcm]:
    """The sound up to each place where the word is found; half a second of silence follows the recording."""
    detector.reset()
    data = bytes(RATE_HZ) + pcm.data + bytes(RATE_HZ)
    ends = [at + CHUNK for at in range(0, len(data), CHUNK) if detector.detect(data[at : at + CHUNK]) is not None]
    return [Pcm(data=data[max(0, end - 3 * RATE_HZ) : end]) for end in ends]


def folds(found: Sequence[Wake], *, seed: int) -> list[int]:
    """The fold of each wake, by its voice."""
    names = sorted({one.voice for one in found})
    random.Random(seed).shuffle(names)
    fold_of = {name: at % FOLDS for at, name in enumerate(names)}
    return [fold_of[one.voice] for one in found]


def _voices(sounds: Sequence[Pcm], heard: HeardOnce) -> list[str]:
    voices = Voices()
    rows = np.stack([heard.voice(pcm, lambda one: voices.embed(np.frombuffer(one.data, dtype=np.int16))) for pcm in sounds])
    apart = rows - rows.mean(axis=0)
    return [f"voice {one}" for one in fcluster(linkage(apart, "average", metric="cosine"), SAME_VOICE, "distance")]


def _sounds(data: Path, name: str) -> list[tuple[str, Pcm]]:
    lines = [json.loads(line) for line in (data / name).read_text(encoding="utf-8").splitlines()]
    return [
        (str(line.get("speaker", f"{name} {at}")), read_audio(data / line["audio"], longest_seconds=60.0))
        for at, line in enumerate(lines)
    ]


def _found(pcm: Pcm) -> FoundWake:
    return FoundWake(word=WORD, sound=pcm)


class WakeTrial:
    """A second look at every wake, by what the voices of the other folds taught."""

    def __init__(self, data: Path, house: House, heard: HeardOnce) -> None:
        self._wakes = wakes(data, house, heard)

    def run(self) -> str:
        """The table."""
        refused = self._refused(seed=SEED)
        others = [self._refused(seed=seed) for seed in OTHER_SPLITS]
        kinds = [(is_true, is_made) for is_true in (False, True) for is_made in (False, True)]
        rows = [self._row(refused, is_true=is_true, is_made=is_made) for is_true, is_made in kinds]
        intro = (
            "Wakes that a second look refuses, by voices that taught nothing. The first stage is the house's at its easiest; "
            f"made ones are said by {MADE_VOICES} voices of Kokoro: {', '.join(MADE_FALSE)}"
        )
        head = ["", "found", "refused", "refused, %", "95 %"]
        many = f"Refused: {self._sum([refused])}. The mean of {len(others)} other splits of these voices: {self._sum(others)}."
        return f"{intro}\n\n{table(head, rows)}\n\n{many}"

    def _sum(self, splits: Sequence[Sequence[bool]]) -> str:
        told = []
        for kind, is_true in (("false", False), ("true", True)):
            which = [number for number, one in enumerate(self._wakes) if one.is_true is is_true]
            many = sum(refused[number] for refused in splits for number in which) / len(splits)
            told.append(f"{many:.4g} of {len(which)} {kind} wakes ({100 * many / len(which):.1f} %)")
        return " and ".join(told)

    def _refused(self, *, seed: int) -> list[bool]:
        """Of each wake, whether it is refused; the voices split by this seed."""
        at = folds(self._wakes, seed=seed)
        refused = [False] * len(self._wakes)
        for fold in range(FOLDS):
            judge = self._learned([one for one, place in zip(self._wakes, at, strict=True) if place != fold])
            for number, (one, place) in enumerate(zip(self._wakes, at, strict=True)):
                if place == fold:
                    refused[number] = not judge(one.pcm)
        return refused

    def _learned(self, teaching: Sequence[Wake]) -> Callable[[Pcm], bool]:
        """What the adapter as it ships makes of these."""
        examples = [
            Example(
                recording_id=str(number),
                speaker_key=one.voice,
                transcript="",
                heard="",
                labels=frozenset() if one.is_true else frozenset((Label.FALSE_WAKE,)),
                audio_seconds=one.pcm.seconds,
            )
            for number, one in enumerate(teaching)
        ]
        adapter, bare = WakeAdapter(_found), Chain(recogniser=Deaf(), understander=Deaf())
        learned = adapter.learn(
            examples, base=bare, sound=lambda key: teaching[int(key)].pcm, progress=lambda done, whole: None, seed=SEED
        )
        if learned is None:
            return lambda pcm: True
        second = adapter.put_in(bare, learned.files).second_look
        return lambda pcm: second is None or second.is_wake(_found(pcm))

    def _row(self, refused: Sequence[bool], *, is_true: bool, is_made: bool) -> list[str]:
        found = [
            each for one, each in zip(self._wakes, refused, strict=True) if one.is_true == is_true and one.is_made == is_made
        ]
        between = interval([Share(part=each, whole=1) for each in found], rate)
        told = "" if between is None else f"{100 * between[0]:.1f} - {100 * between[1]:.1f}"
        name = f"{'true' if is_true else 'false'} wakes, {'made' if is_made else 'people'}"
        return [name, str(len(found)), str(sum(found)), f"{100 * sum(found) / max(1, len(found)):.1f}", told]
