"""The part of `make bench-improve` about what is understood: requests of people whose collection the model never saw, judged,
learned from, and measured on others of them.

The shipped model learned from two thirds of SLURP. Here a model is trained without any of SLURP, as it would have been had that
collection not existed; requests drawn from those two thirds are judged by simulated annotators (improve_annotators.py), and the
third that never teaches measures (improve/understanding/public.py tells them apart, by the words themselves).
"""

import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from bench.improve_annotators import judged
from bench.improve_hearing import Deaf
from earwitness.domain.intent import Context
from earwitness.improve.adapters.intents import IntentsAdapter, layered_by
from earwitness.improve.adapting import Chain, Example
from earwitness.improve.crowd_schemes import Place
from earwitness.improve.understanding.corpus import Corpus, corpus
from earwitness.improve.understanding.fillers import fillers
from earwitness.improve.understanding.learning import learn_network, rows_of
from earwitness.improve.understanding.public import Public, measured_forms, plain, public_sentences
from earwitness.improve.understanding.training import Schedule
from earwitness.links.home_file import demo_home
from earwitness.turn.ports import Understander
from earwitness.understand.grammar import Grammar
from earwitness.understand.learned.model_file import LearnedModel, from_bytes, own_model, to_bytes
from earwitness.understand.learned.network import ELSEWHERE
from earwitness.understand.living import LivingGrammar
from earwitness.understand.sentences import english

SOURCE, BESIDE = "slurp", "clinc150"
SIZES = (0, 25, 50, 100, 200)
SEED = 20251129
BESIDE_MOST = 400
"""Sentences of another collection by which it is seen whether something was forgotten, drawn by the seed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """What teaches and what measures; no plain form is in both."""

    teaching: tuple[Public, ...]
    measuring: tuple[Public, ...]
    beside: tuple[Public, ...]


def requests(data: Path) -> Requests:
    """Those that some skill of the house serves, in the order of the lot."""
    ours = [one for one in public_sentences(data) if one.meaning is not None and one.meaning.place is Place.OURS]
    kept = measured_forms(data)
    luck = random.Random(SEED)
    teaching = [one for one in ours if one.source == SOURCE and not one.measures and plain(one.text) not in kept]
    measuring = [one for one in ours if one.source == SOURCE and one.measures]
    beside = [one for one in ours if one.source == BESIDE and one.measures]
    return Requests(
        teaching=tuple(luck.sample(teaching, len(teaching))),
        measuring=tuple(measuring),
        beside=tuple(luck.sample(beside, min(BESIDE_MOST, len(beside)))),
    )


def model_without(data: Path) -> LearnedModel:
    """The model as it would be had SLURP not existed; a few minutes, then kept in the machine's temporary folder."""
    shipped = own_model()
    name = sha256(f"{shipped.learned_from} without {SOURCE}".encode()).hexdigest()[:16]
    file = Path(tempfile.gettempdir()) / f"earwitness-improve-{name}.bin"
    if not file.exists():
        lessons = _without(corpus(data, english()), data)
        rows = [rows_of(lesson.text, fillers().known()) for lesson in lessons.lessons]
        network = learn_network(lessons, rows, Schedule())
        file.write_bytes(to_bytes(replace(shipped, network=network)))
    return from_bytes(file.read_bytes())


def _without(whole: Corpus, data: Path) -> Corpus:
    texts = {one.text for one in public_sentences(data) if one.source == SOURCE}
    classes = tuple(one for one in whole.classes if not one.startswith(f"{ELSEWHERE}{SOURCE}"))
    lessons = (one for one in whole.lessons if one.text not in texts and one.classes <= frozenset(classes))
    return replace(whole, lessons=tuple(lessons), classes=classes)


def annotated(drawn: Sequence[Public], base: Understander) -> list[Example]:
    """Each as judged: words with slips, and the intent that the house understood where it is right, else the first that is."""
    luck = random.Random(SEED)
    vocabulary = sorted({word for one in drawn for word in one.text.split()})
    found = []
    for at, one in enumerate(drawn):
        assert one.meaning is not None
        understood = base.understand(one.text, context=Context()).intent
        name = understood.name if understood is not None else ""
        intent = name if name in one.meaning.ours else min(one.meaning.ours)
        words = judged(one.text, (), vocabulary=vocabulary, luck=luck).transcript
        found.append(Example(recording_id=f"{SOURCE} {at}", speaker_key=f"{at}", transcript=words, heard=one.text, intent=intent))
    return found


def errors(understander: Understander, asked: Sequence[Public]) -> list[bool]:
    """Per request, whether its intent was not understood."""
    wrong = []
    for one in asked:
        intent = understander.understand(one.text, context=Context()).intent
        wrong.append(intent is None or one.meaning is None or intent.name not in one.meaning.ours)
    return wrong


def run(data: Path, told: Callable[[str], None]) -> dict[str, dict[int, list[bool]]]:
    """Errors by what was asked ("slurp", "clinc150") and by how many judged requests taught."""
    model, asked = model_without(data), requests(data)
    living = LivingGrammar(lambda: Grammar(demo_home()), layered=layered_by(model))
    base = Chain(recogniser=Deaf(), understander=living)
    examples = annotated(asked.teaching[: SIZES[-1]], living)
    found: dict[str, dict[int, list[bool]]] = {SOURCE: {}, BESIDE: {}}
    for size in SIZES:
        chain = base
        adapter = IntentsAdapter(model)
        learned = adapter.learn(examples[:size], base=base, sound=lambda _: None, progress=lambda done, whole: None, seed=SEED)
        if learned is not None:
            chain = adapter.put_in(base, learned.files)
        found[SOURCE][size] = errors(chain.understander, asked.measuring)
        if size in (0, SIZES[-1]):
            found[BESIDE][size] = errors(chain.understander, asked.beside)
        told(f"{size} judged requests: {sum(found[SOURCE][size])} of {len(asked.measuring)} misunderstood")
    return found
