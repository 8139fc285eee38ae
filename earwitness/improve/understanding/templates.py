"""Training sentences from the templates of the house's skills: a few hundred of each kind of request, each with its slots."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hassil import Intents
from hassil.intents import IntentData

from earwitness.improve.understanding.fillers import Filling, fillers
from earwitness.improve.understanding.sampling import Sample, Sampler, Span
from earwitness.understand.learned.frames import frame_key

SENTENCES_OF_A_FRAME = 220
LEAST_OF_A_TEMPLATE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A made sentence: what it means and where its slots are."""

    frame: str
    sample: Sample


def made_sentences(intents: Intents, *, luck: random.Random, more: Mapping[str, list[str]]) -> Iterator[Made]:
    """Sentences of every frame, those of exact intents too: the model has to know them to leave them alone."""
    sizes: dict[str, int] = {}
    for name, intent in intents.intents.items():
        for block in intent.data:
            key = frame_key(name, block)
            sizes[key] = sizes.get(key, 0) + len(block.sentences)
    for name, intent in intents.intents.items():
        for block in intent.data:
            key = frame_key(name, block)
            times = max(LEAST_OF_A_TEMPLATE, SENTENCES_OF_A_FRAME // max(1, sizes[key]))
            yield from _of_block(key, block, intents, times=times, luck=luck, more=more)


def _of_block(
    key: str, block: IntentData, intents: Intents, *, times: int, luck: random.Random, more: Mapping[str, list[str]]
) -> Iterator[Made]:
    filling = Filling(block, intents.slot_lists, luck=luck, more=more)
    sampler = Sampler({**intents.expansion_rules, **block.expansion_rules}, filling.fill, luck=luck)
    for sentence in block.sentences:
        seen: set[str] = set()
        for _ in range(times):
            drawn = sampler.draw(sentence.expression)
            if drawn.text and drawn.text not in seen:
                seen.add(drawn.text)
                yield Made(frame=key, sample=_dressed(drawn, luck))


def _dressed(sample: Sample, luck: random.Random) -> Sample:
    """The sentence with words around it that mean nothing, one time in four."""
    words = fillers()
    if luck.random() < 0.75:
        return sample
    before = f"{luck.choice(words.before)} " if luck.random() < 0.7 else ""
    after = f" {luck.choice(words.after)}" if luck.random() < 0.4 else ""
    moved = tuple(Span(slot=one.slot, start=one.start + len(before), end=one.end + len(before)) for one in sample.spans)
    return Sample(text=f"{before}{sample.text}{after}", spans=moved)
