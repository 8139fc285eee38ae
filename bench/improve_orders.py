"""The part of `make bench-improve` about what is heard: coffee orders at home, corrected, learned from, and heard anew from
people whom nothing was learned from.

Recordings are people's (audio/coffee_orders.jsonl). The collection names no speakers, so recordings whose voices are alike are
taken for one person's, rather too many than too few (`grouped`); no such person teaches and is measured. Annotators are simulated
(improve_annotators.py).
"""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

from bench.improve_annotators import judged
from bench.improve_hearing import HeardOnce, SentencesOnce
from bench.page import ROOT
from bench.speaker_embedding import Voices
from earwitness.build import House
from earwitness.domain.audio import Pcm
from earwitness.improve.adapters.confusions import ConfusionsAdapter
from earwitness.improve.adapters.language import LanguageAdapter
from earwitness.improve.adapting import Adapter, Chain, Example
from earwitness.improve.metrics import Share, has_phrase
from earwitness.speech.audio_file import read_audio
from earwitness.speech.stt.cascade import CascadeRecogniser

ORDERS = "audio/coffee_orders.jsonl"
HOME = ROOT / "bench" / "homes" / "cafe.yaml"
SIZES = (0, 25, 50, 100)
FOLDS, SEED = 3, 20251129
_ADAPTERS: tuple[Adapter, ...] = (LanguageAdapter(), ConfusionsAdapter())
SAME_VOICE = 0.6
"""Cosine distance, from the mean of all voices, up to which recordings are taken for one person's (average linkage). The number
of groups hardly depends on it between 0.5 and 0.6."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One recording with what was ordered in it."""

    key: str
    speaker: str
    slots: tuple[tuple[str, str], ...]
    pcm: Pcm


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """Slot phrases of an order that an arm did not hear."""

    speaker: str
    share: Share


def read_orders(data: Path, heard: HeardOnce) -> list[Order]:
    """The orders, with whose voice each is."""
    rows = [json.loads(line) for line in (data / ORDERS).read_text(encoding="utf-8").splitlines()]
    sounds = [read_audio(data / row["audio"], longest_seconds=60.0) for row in rows]
    voices = Voices()
    found = [heard.voice(pcm, lambda one: voices.embed(np.frombuffer(one.data, dtype=np.int16))) for pcm in sounds]
    speakers = grouped(np.stack(found))
    return [_order(row, pcm, speaker) for row, pcm, speaker in zip(rows, sounds, speakers, strict=True)]


def grouped(embeddings: Any) -> list[str]:
    """Per recording, a name for its voice."""
    apart = embeddings - embeddings.mean(axis=0)
    return [f"voice {one}" for one in fcluster(linkage(apart, "average", metric="cosine"), SAME_VOICE, "distance")]


def split(speakers: Sequence[str], *, seed: int = SEED) -> dict[str, int]:
    """The fold of each speaker, the largest speakers spread first so that folds are about even."""
    counts = {one: speakers.count(one) for one in set(speakers)}
    order = sorted(counts, key=lambda one: (-counts[one], random.Random(f"{seed} {one}").random()))
    sizes, folds = [0] * FOLDS, dict[str, int]()
    for one in order:
        folds[one] = sizes.index(min(sizes))
        sizes[folds[one]] += counts[one]
    return folds


class OrdersTrial:
    """Everything heard in one home."""

    def __init__(self, data: Path, house: House) -> None:
        self._house = house
        self._heard = HeardOnce(house)
        self.orders = read_orders(data, self._heard)
        self._by_key = {one.key: one for one in self.orders}
        self.folds = split([one.speaker for one in self.orders])

    def run(self, told: Callable[[str], None]) -> dict[str, list[Missed]]:
        """What each arm missed, order by order, all folds together. Arms are "base model", "home", "together N", and each adapter
        alone at the largest N."""
        arms: dict[str, list[Missed]] = {}
        self._house.home_sentences.wait(120.0)
        sentences = SentencesOnce(self._house.home_sentences)
        base = Chain(recogniser=CascadeRecogniser(self._heard, self._heard, sentences), understander=self._house.understander)
        for fold in range(FOLDS):
            self._fold(fold, arms, base=base, told=told)
        return arms

    def _fold(self, fold: int, arms: dict[str, list[Missed]], *, base: Chain, told: Callable[[str], None]) -> None:
        tested = [one for one in self.orders if self.folds[one.speaker] == fold]
        teaching = [one for one in self.orders if self.folds[one.speaker] != fold]
        examples = self._annotated(teaching, base=base, seed=SEED + fold)
        arms.setdefault("base model", []).extend(_missed(one, self._heard.first(one.pcm)) for one in tested)
        arms.setdefault("home", []).extend(_missed(one, base.recogniser.transcribe(one.pcm).text) for one in tested)
        told(f"fold {fold + 1}: {len(tested)} orders to be measured, {len(examples)} to learn from")
        for size in (size for size in SIZES[1:] if size <= len(examples)):
            learned = {one: self._learned(one, examples[:size], base=base, told=told) for one in _ADAPTERS}
            alone = [(f"{one.name} {size}", [one]) for one in _ADAPTERS] if size == SIZES[-1] else []
            for name, those in [(f"together {size}", list(_ADAPTERS)), *alone]:
                chain = base
                for one in those:
                    files = learned[one]
                    chain = one.put_in(chain, files) if files is not None else chain
                arms.setdefault(name, []).extend(_missed(one, chain.recogniser.transcribe(one.pcm).text) for one in tested)

    def _learned(
        self, adapter: Adapter, examples: Sequence[Example], *, base: Chain, told: Callable[[str], None]
    ) -> Mapping[str, bytes] | None:
        learned = adapter.learn(examples, base=base, sound=self._sound, progress=lambda done, whole: None, seed=SEED)
        told(f"  {adapter.name}, {len(examples)}: {dict(learned.facts) if learned else 'too little'}")
        return learned.files if learned else None

    def _sound(self, key: str) -> Pcm:
        return self._by_key[key].pcm

    def _annotated(self, orders: Sequence[Order], *, base: Chain, seed: int) -> list[Example]:
        """In the order in which they were drawn by lot."""
        luck = random.Random(seed)
        vocabulary = sorted({word for one in self.orders for _, value in one.slots for word in value.split()})
        drawn = luck.sample(list(orders), len(orders))
        return [self._example(one, base.recogniser.transcribe(one.pcm).text, vocabulary, luck) for one in drawn]

    def _example(self, order: Order, text: str, vocabulary: Sequence[str], luck: random.Random) -> Example:
        found = judged(text, order.slots, vocabulary=vocabulary, luck=luck)
        return Example(
            recording_id=order.key,
            speaker_key=order.speaker,
            transcript=found.transcript,
            heard=text,
            intent="OrderCoffee",
            slots=found.slots,
            audio_seconds=order.pcm.seconds,
        )


def _order(row: dict[str, Any], pcm: Pcm, speaker: str) -> Order:
    return Order(key=row["audio"], speaker=speaker, slots=tuple(sorted(row["slots"].items())), pcm=pcm)


def _missed(order: Order, text: str) -> Missed:
    lost = sum(not has_phrase(value, transcript=text) for _, value in order.slots)
    return Missed(speaker=order.speaker, share=Share(part=lost, whole=len(order.slots)))
