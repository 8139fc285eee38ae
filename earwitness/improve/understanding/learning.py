"""The whole of training, from sentences to the model's file: the same bytes from the same sentences on the same machine.

    python -m earwitness.improve.understanding.learning --data FOLDER

Blocks for a few minutes on one core. It writes model.bin and model.sha256 beside understand/learned, and tells what it
learned from. FOLDER has the public collections; without `--data` it is what EARWITNESS_DATA names.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # sums in one order, before numpy is loaded

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from zlib import crc32

import numpy as np
from hassil import Intents

from earwitness.domain.errors import TextError
from earwitness.improve.understanding.corpus import Corpus, Lesson, corpus
from earwitness.improve.understanding.fillers import fillers
from earwitness.improve.understanding.tagging import train_tagger
from earwitness.improve.understanding.training import Schedule, Trainer, side_by_side
from earwitness.understand.learned.features import features
from earwitness.understand.learned.frames import frames_of, intent_of
from earwitness.understand.learned.model_file import DIGEST, FILE, LearnedModel, to_bytes
from earwitness.understand.learned.network import Network
from earwitness.understand.learned.tagger import Tagger
from earwitness.understand.learned.words import KnownNames, words_in
from earwitness.understand.normalise import normalise
from earwitness.understand.sentences import english, exact_intents, own_manifests

PLACE = Path(__file__).resolve().parents[2] / "understand" / "learned"
NETWORKS = 3
"""Trained apart, from other beginnings: what they agree on is right more often than what one of them thinks."""
TAGGED_AT_MOST = 18_000
TAGGER_EPOCHS = 3
_TEMPERATURES = [round(0.5 + 0.05 * step, 2) for step in range(41)]


def learn(lessons: Corpus, *, intents: Intents, exact: frozenset[str], plan: Schedule | None = None) -> LearnedModel:
    """Train classifier and tagger."""
    chosen, known = plan or Schedule(), fillers().known()
    rows = [rows_of(lesson.text, known) for lesson in lessons.lessons]
    frames = frames_of(intents)
    slots = {
        frame.intent: tuple(sorted({slot for other in frames.values() if other.intent == frame.intent for slot in other.slots}))
        for frame in frames.values()
    }
    return LearnedModel(
        network=learn_network(lessons, rows, chosen),
        tagger=_tagger(lessons, slots=slots, exact=exact, known=known, seed=chosen.seed),
        slots=slots,
        learned_from={
            "sentences": len(lessons.lessons),
            "made": len(lessons.made),
            "public_sha256": lessons.public_digest,
            "seed": chosen.seed,
        },
    )


def rows_of(text: str, known: KnownNames) -> list[int]:
    """The features of a sentence in its plain form; of one without words, row 0."""
    try:
        words = words_in(normalise(text))
    except TextError:
        words = ()
    return features(words, known.marks(words)) if words else [0]


def learn_network(lessons: Corpus, rows: Sequence[Sequence[int]], plan: Schedule) -> Network:
    """Networks side by side: fit the temperature on a tenth that a first training does not see, then train on all."""
    aside = [at for at, lesson in enumerate(lessons.lessons) if crc32(lesson.text.encode()) % 10 == 0]
    left = sorted(set(range(len(rows))) - set(aside))

    def trained(which: Sequence[int], *, temperature: float = 1.0) -> Network:
        taught, features = [lessons.lessons[at] for at in which], [rows[at] for at in which]
        networks = []
        for number in range(NETWORKS):
            trainer = Trainer(taught, features, classes=lessons.classes, plan=replace(plan, seed=plan.seed + number))
            trainer.train()
            networks.append(trainer.network())
        return side_by_side(networks, temperature=temperature)

    first = trained(left)
    temperature = _temperature(first, [lessons.lessons[at] for at in aside], [rows[at] for at in aside])
    return trained(range(len(rows)), temperature=temperature)


def _temperature(network: Network, lessons: Sequence[Lesson], rows: Sequence[Sequence[int]]) -> float:
    """The temperature at which the sentences that were kept aside are likeliest; made ones count little, they are too easy."""
    index = {name: at for at, name in enumerate(network.classes)}
    people = [
        at for at, lesson in enumerate(lessons) if len(lesson.classes) > 1 or not next(iter(lesson.classes)).startswith("[")
    ]
    logits = np.log(np.maximum(np.asarray([network.probabilities(rows[at]) for at in people]), 1e-12))
    allowed = [np.asarray(sorted(index[name] for name in lessons[at].classes)) for at in people]

    def loss(temperature: float) -> float:
        scaled = logits / temperature
        powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        shares = powers / powers.sum(axis=1, keepdims=True)
        return -float(np.mean([np.log(max(float(shares[row, those].sum()), 1e-9)) for row, those in enumerate(allowed)]))

    return min(_TEMPERATURES, key=loss)


def _tagger(
    lessons: Corpus, *, slots: Mapping[str, Sequence[str]], exact: frozenset[str], known: KnownNames, seed: int
) -> Tagger:
    samples = [(intent_of(one.frame), one.sample) for one in lessons.made if intent_of(one.frame) not in exact]
    samples = [(intent, sample) for intent, sample in samples if slots.get(intent)]
    step = max(1, len(samples) // TAGGED_AT_MOST)
    return train_tagger(samples[::step], slots_of=slots, known=known, epochs=TAGGER_EPOCHS, seed=seed)


def main() -> None:
    """Train, and write the model."""
    parser = argparse.ArgumentParser(description="Train understanding on the house's sentences and public ones.")
    named = os.environ.get("EARWITNESS_DATA")
    parser.add_argument("--data", type=Path, default=Path(named) if named else None, help="the folder of public collections")
    parser.add_argument("--out", type=Path, default=PLACE, help="the folder that model.bin is written into")
    chosen = parser.parse_args()
    if chosen.data is None:
        sys.exit("Say where the public collections lie: --data FOLDER, or EARWITNESS_DATA.")
    intents, exact = english(), exact_intents(own_manifests())
    lessons = corpus(chosen.data, intents)
    print(
        f"{len(lessons.lessons):,} sentences, {len(lessons.made):,} of them made; {len(lessons.classes)} classes", file=sys.stderr
    )
    data = to_bytes(learn(lessons, intents=intents, exact=exact))
    digest = sha256(data).hexdigest()
    (chosen.out / FILE).write_bytes(data)
    (chosen.out / DIGEST).write_text(f"{digest}  {FILE}\n", encoding="utf-8")
    print(f"{chosen.out / FILE}: {len(data):,} bytes, sha256 {digest}")


if __name__ == "__main__":
    main()
