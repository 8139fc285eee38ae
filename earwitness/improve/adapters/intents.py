"""How people of this home put their requests: what was learned of understanding, taught further with sentences whose intent was
judged.

The classifier and the tagger go on from what the version ships with, beside made sentences of the house, so that what they
could they still can. Which intents may be guessed at all stays what it is (understand/learned/risk.py).
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final

from earwitness.domain.errors import ModelError, TextError
from earwitness.improve.adapting import Chain, Example, Learned, Metric, Progress, Sound
from earwitness.improve.understanding.corpus import Lesson
from earwitness.improve.understanding.fillers import fillers
from earwitness.improve.understanding.learning import rows_of
from earwitness.improve.understanding.sampling import Sample, Span
from earwitness.improve.understanding.tagging import train_tagger
from earwitness.improve.understanding.templates import Made, made_sentences
from earwitness.improve.understanding.training import Schedule, Trainer
from earwitness.understand.grammar import Grammar
from earwitness.understand.learned.frames import intent_of
from earwitness.understand.learned.model_file import LearnedModel, from_bytes, own_model, to_bytes
from earwitness.understand.learned.network import ELSEWHERE, NONSENSE
from earwitness.understand.learned.understander import LearnedUnderstander
from earwitness.understand.living import LayeredGrammar, LivingGrammar
from earwitness.understand.normalise import normalise
from earwitness.understand.sentences import english, exact_intents, own_manifests
from earwitness.understand.understanders import Understanders

FILE: Final = "understanding.bin"
FEWEST_EXAMPLES: Final = 10
MADE_EVERY: Final = 12
"""Of the made sentences, so many are passed over for one that is taught beside."""
PLAN: Final = Schedule(epochs=4, rate=0.05, keep_features=0.8)
WEIGHT: Final = 3.0
"""What a judged sentence counts against a made one."""


class IntentsAdapter:
    """Learns a model of understanding."""

    name = "intents"
    metrics = frozenset({Metric.INTENT_ERRORS, Metric.SLOT_ERRORS, Metric.COMMAND_ERRORS})

    def __init__(self, model: LearnedModel | None = None, *, beside: Sequence[Made] | None = None) -> None:
        """Go on from `model`, with `beside` taught again; by default from that of this version, with a part of the house's."""
        self._model = model
        self._beside = beside

    def learn(self, examples: Sequence[Example], *, base: Chain, sound: Sound, progress: Progress, seed: int) -> Learned | None:
        """Teach further; half a minute on one core, whatever the number of examples."""
        del base, sound
        model = self._model or own_model()
        taught = [lesson for one in examples if (lesson := lesson_of(one, model.network.classes)) is not None]
        if len(taught) < FEWEST_EXAMPLES:
            return None
        known_classes = frozenset(model.network.classes)  # a sentence that came after the model has a frame that it does not know
        made = [one for one in (self._beside or made_beside()) if one.frame in known_classes]
        progress(1, 3)
        lessons = [*taught, *(Lesson(text=one.sample.text, classes=frozenset((one.frame,))) for one in made)]
        known = fillers().known()
        rows = [rows_of(lesson.text, known) for lesson in lessons]
        plan = replace(PLAN, seed=seed)
        trainer = Trainer(lessons, rows, classes=model.network.classes, plan=plan, start=model.network)
        trainer.train()
        progress(2, 3)
        samples = [sample for one in examples if (sample := sample_of(one, model.slots)) is not None]
        tagger = model.tagger
        if samples:
            beside = [(intent_of(one.frame), one.sample) for one in made if model.slots.get(intent_of(one.frame))]
            tagger = train_tagger([*samples, *beside], slots_of=model.slots, known=known, epochs=2, seed=seed, start=model.tagger)
        progress(3, 3)
        better = LearnedModel(
            network=trainer.network(temperature=model.network.temperature),
            tagger=tagger,
            slots=model.slots,
            learned_from={**model.learned_from, "judged": len(taught), "judged_slots": len(samples)},
        )
        facts = {"sentences": len(taught), "with_slots": len(samples), "beside": len(made)}
        return Learned(files={FILE: to_bytes(better)}, facts=facts)

    def put_in(self, chain: Chain, files: Mapping[str, bytes]) -> Chain:
        """The chain that understands by it what no sentence fits; one that knows no grammar stays as it is. Raises ModelError."""
        if files.keys() != {FILE}:
            raise ModelError("These are not the files of what was learned of understanding.")
        model = from_bytes(files[FILE])
        if not isinstance(chain.understander, LivingGrammar | LayeredGrammar):
            return chain
        return replace(chain, understander=chain.understander.layered_by(layered_by(model)))


def layered_by(model: LearnedModel) -> Callable[[Grammar], Understanders]:
    """What understands by a model what no sentence of a grammar fits."""

    def layered(grammar: Grammar) -> Understanders:
        exact = exact_intents(own_manifests())
        learned = LearnedUnderstander(model, home=grammar.home, intents=english(), exact=exact)
        return Understanders(grammar, learned=learned)

    return layered


def lesson_of(example: Example, classes: Sequence[str]) -> Lesson | None:
    """A judged sentence as a lesson: any kind of request that has its intent. None where no intent was judged, or one that is not
    learned."""
    if not example.transcript or example.intent is None or example.language != "en":
        return None
    allowed = frozenset(one for one in classes if not _is_outside(one) and intent_of(one) == example.intent)
    return Lesson(text=example.transcript, classes=allowed, weight=WEIGHT) if allowed else None


def sample_of(example: Example, slots_of: Mapping[str, Sequence[str]]) -> tuple[str, Sample] | None:
    """A judged sentence with where its slots are; None unless the words of each are in it, once."""
    slots = slots_of.get(example.intent or "", ())
    if not slots or not example.slots or any(name not in slots for name, _ in example.slots):
        return None
    try:
        text = normalise(example.transcript)
    except TextError:
        return None
    spans = []
    for name, value in example.slots:
        words = value.lower()
        at = text.lower().find(words)
        if not words or at < 0 or text.lower().count(words) != 1:
            return None
        spans.append(Span(slot=name, start=at, end=at + len(words)))
    return example.intent or "", Sample(text=text, spans=tuple(spans))


@lru_cache(maxsize=1)
def made_beside() -> tuple[Made, ...]:
    """Sentences of the house that are taught beside, the same ones each time."""
    luck = random.Random(1)  # noqa: S311 - to draw the same again
    return tuple(one for at, one in enumerate(made_sentences(english(), luck=luck, more={})) if at % MADE_EVERY == 0)


def _is_outside(name: str) -> bool:
    return name.startswith(ELSEWHERE) or name == NONSENSE
