"""Everything that understanding learns from, in one order: made sentences, then public ones. Nothing in it also measures."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from hassil import Intents

from earwitness.improve.crowd_schemes import Place
from earwitness.improve.understanding.public import Public, measured_forms, plain, teaching_sentences
from earwitness.improve.understanding.templates import Made, made_sentences
from earwitness.understand.learned.frames import intent_of
from earwitness.understand.learned.network import ELSEWHERE, NONSENSE, QUESTION

SEED = 20251129
SNIPS_OF_EACH = 700
"""Sentences of SNIPS taken of each of its intents: it has thousands of few kinds."""
_WEIGHTS = {"clinc150": 1.5, "slurp": 2.5, "snips2017": 1.0}
"""How much a sentence of people counts against a made one: the more varied its collection, the more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """A sentence and the classes that it may belong to."""

    text: str
    classes: frozenset[str]
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """What is learned from, and the classes in the order of the model."""

    made: tuple[Made, ...]
    lessons: tuple[Lesson, ...]
    classes: tuple[str, ...]
    public_digest: str
    """Of the public sentences: to see later that a model is of these."""


def corpus(data: Path, intents: Intents) -> Corpus:
    """Build it, the same from the same files. Raises ManifestError without the data."""
    luck = random.Random(SEED)  # noqa: S311 - to draw the same again, not to hide
    people = _fewer(list(teaching_sentences(data)), luck)
    kept = measured_forms(data)
    more = {"search_query": _music(people)}
    made = tuple(one for one in made_sentences(intents, luck=luck, more=more) if plain(one.sample.text) not in kept)
    frames = sorted({one.frame for one in made})
    of_intent: dict[str, list[str]] = {"AskQuestion": [QUESTION]}
    for frame in frames:
        of_intent.setdefault(intent_of(frame), []).append(frame)
    lessons = [Lesson(text=one.sample.text, classes=frozenset((one.frame,))) for one in made]
    lessons += [lesson for one in people if (lesson := _lesson(one, of_intent)) is not None]
    lessons += [Lesson(text=text, classes=frozenset((NONSENSE,))) for text in _salad(lessons, luck, kept=kept)]
    elsewhere = sorted({name for lesson in lessons for name in lesson.classes if name.startswith(ELSEWHERE)})
    return Corpus(
        made=made,
        lessons=tuple(lessons),
        classes=(*frames, QUESTION, *elsewhere, NONSENSE),
        public_digest=public_digest(people),
    )


def public_digest(people: list[Public]) -> str:
    """SHA-256 over the public sentences and what they are taken for."""
    lines = (f"{one.source}\t{one.intent}\t{one.text}\n" for one in people)
    return sha256("".join(lines).encode()).hexdigest()


def _lesson(one: Public, of_intent: Mapping[str, list[str]]) -> Lesson | None:
    if one.meaning is None:
        return Lesson(text=one.text, classes=frozenset((NONSENSE,)), weight=2.0)
    if one.meaning.place is Place.ELSEWHERE:
        return Lesson(text=one.text, classes=frozenset((f"{ELSEWHERE}{one.source}:{one.intent}",)))
    classes = frozenset(frame for name in one.meaning.ours for frame in of_intent.get(name, ()))
    return Lesson(text=one.text, classes=classes, weight=_WEIGHTS[one.source]) if classes else None


def _fewer(people: list[Public], luck: random.Random) -> list[Public]:
    counts: dict[str, int] = {}
    kept = []
    for one in luck.sample(people, len(people)):
        counts[one.intent] = counts.get(one.intent, 0) + 1
        if one.source != "snips2017" or counts[one.intent] <= SNIPS_OF_EACH:
            kept.append(one)
    return kept


def _music(people: list[Public]) -> list[str]:
    """What people ask to hear, in their words."""
    names = ("artist", "track", "album", "playlist", "genre")
    found = {str(one.slots[name]) for one in people if one.intent == "PlayMusic" for name in names if name in one.slots}
    return sorted(found)


def _salad(lessons: list[Lesson], luck: random.Random, *, kept: frozenset[str]) -> list[str]:
    """Words that mean nothing together: halves of sentences of different kinds, and words in no order."""
    texts = [lesson.text for lesson in lessons]
    words = sorted({word for text in texts for word in text.lower().split() if word.isalpha()})
    found = []
    for _ in range(len(texts) // 120):
        left, right = luck.choice(texts).split(), luck.choice(texts).split()
        found.append(" ".join(luck.sample(left, len(left))[: luck.randint(3, 9)] + luck.sample(right, len(right))[:3]))
        found.append(" ".join(luck.choice(words) for _ in range(luck.randint(4, 14))))
    return [text for text in found if plain(text) not in kept]
