"""Which sentences of a spoken language sound most like what a recogniser wrote.

The graph of the language is walked with all that was heard at once: for each state, the least cost of having said everything up
to there while having heard everything up to each place (Viterbi, level by level). States that cost too much are left, so that
little of a large language is ever looked at. Then the best sentences are read off from the end (A*: the costs from the
beginning are an exact bound). Owns no sound and no model: what the sound says is the scorer's business."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, pairwise

import numpy as np

from earwitness.domain.spoken_language import END, Label, Named, Numbered, Open, SpokenLanguage, Word
from earwitness.speech.stt.segments import FAR, Heard, Units, units_of
from earwitness.speech.stt.sounds import Costs, Pronunciation, Sounds

LONGEST_SOUNDS = 90
"""What is longer is no command whose every word is known."""
FURTHEST = 5.0
"""How far a sentence may be from what was heard."""
_BEAM = 2.4
"""How much more a beginning may cost than the best one that explains as much of what was heard."""
_MOST_STEPS = 600
_OPEN_COST = 0.2
"""Of words that nobody can foresee, beside ..."""
_OPEN_SOUND_COST = 0.16
"""... this for each of their sounds: known words are the better explanation of the same sounds."""
_NAMES_LOOKED_AT = 48
_NAMES_PER_GAP = 4
_USUAL_NUMBERS = 100


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a sentence: its text, and what it stands for in the language."""

    text: str
    label: Label


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the language, and how far its sounds are from those that were heard."""

    parts: tuple[Part, ...]
    distance: float

    @property
    def text(self) -> str:
        """Its words as they are written in the language."""
        return " ".join(part.text for part in self.parts)

    @property
    def open_words(self) -> int:
        """How many of its words could not be foreseen."""
        return sum(len(part.text.split()) for part in self.parts if isinstance(part.label, Open))


@dataclass(frozen=True, slots=True)
class _Entries:
    """Names or numbers that fit a gap: their numbers as units, and which of them have a pair of sounds."""

    units: tuple[int, ...]
    by_pair: dict[tuple[int, int], list[int]]


@dataclass(slots=True)
class _Question:
    """One text with all that was worked out for it."""

    words: tuple[str, ...]
    sounds: Sounds
    ends: tuple[int, ...]
    """Where words begin and end, in sounds; 0 first."""
    forward: Heard
    backward: Heard
    open: Costs
    """[from, to]: any words, as they were heard."""
    likely: dict[Label, list[int]] = field(default_factory=dict)
    """Per gap, the units that are looked at."""


_Before = dict[int, list[tuple[int, Label]]]
_Arc = tuple[int, Label, int]


class Retrieval:
    """Finds sentences by their sound. Safe to use from several threads once made."""

    def __init__(self, language: SpokenLanguage, pronunciation: Pronunciation) -> None:
        self._language = language
        self._say = pronunciation
        self._levels = _levels(language)
        self._texts: list[str] = []
        self._number: dict[str, int] = {}
        words = {label.text for arcs in language.arcs for label, _ in arcs if isinstance(label, Word)}
        self._unit_of = {word: self._unit(word) for word in sorted(words)}
        self._arcs = [(state, label, target) for state, arcs in enumerate(language.arcs) for label, target in arcs]
        self._gaps: list[list[_Arc]] = [[] for _ in language.arcs]
        said: list[list[tuple[int, int]]] = [[] for _ in language.arcs]
        for number, (state, label, target) in enumerate(self._arcs):
            if isinstance(label, Word):
                said[state].append((number, self._unit_of[label.text]))
            else:
                self._gaps[state].append((state, label, target))
        self._words = [np.array(rows, dtype=np.int64).reshape(-1, 2) for rows in said]
        """Per state, the arcs of words: their numbers, and those of the words as units."""
        self._entries = {key: self._entries_of(names) for key, names in language.names.items()}
        self._numbers = [self._unit(str(number)) for number in range(_USUAL_NUMBERS + 1)]
        sounds = [pronunciation.of_all(text.split()) for text in self._texts]
        self._units, self._turned = units_of(sounds), units_of([each[::-1] for each in sounds])

    def nearest(self, text: str, *, most: int) -> list[Sentence]:
        """At most so many sentences, the likeliest to be heard as `text` first; none for a text of other length than any."""
        question = self._question(text)
        if not question.sounds or len(question.sounds) > LONGEST_SOUNDS:
            return []
        costs, before = self._forward(question)
        if END not in costs or costs[END][-1] > FURTHEST:
            return []
        found: dict[str, Sentence] = {}
        for sentence in self._backward(question, costs, before):
            found.setdefault(sentence.text.lower(), sentence)
            if len(found) >= most:
                break
        return list(found.values())

    def _question(self, text: str) -> _Question:
        words = tuple(word for each in text.replace("%", " % ").split() if (word := each.strip('.,!?;:"')))
        ends, sounds = [0], list[int]()
        for word in words:
            sounds += self._say.of(word)
            ends.append(len(sounds))
        pieces = np.full((len(sounds) + 1, len(sounds) + 1), FAR, dtype=np.float32)
        for index, begin in enumerate(ends):
            for end in ends[index + 1 :]:
                if end > begin:
                    pieces[begin, end] = _OPEN_COST + _OPEN_SOUND_COST * (end - begin)
        return _Question(words, tuple(sounds), tuple(ends), Heard(tuple(sounds)), Heard(tuple(sounds[::-1])), pieces)

    # From the beginning: what each state costs

    def _forward(self, question: _Question) -> tuple[dict[int, Costs], _Before]:
        """Per state that is worth it, the costs by place; and which states lead to it, by what."""
        start = np.full(question.forward.places, FAR, dtype=np.float32)
        start[0] = 0.0
        costs, before, least = {self._language.start: start}, _Before(), start.copy()
        for states in self._levels:
            reached = [state for state in states if state in costs]
            if reached:
                self._follow(question, reached, costs, before, least)
        return costs, before

    def _follow(self, question: _Question, states: Sequence[int], costs: dict[int, Costs], before: _Before, least: Costs) -> None:
        """Go on from states of one level; `least` has, and is given, the least cost by which each place was reached."""
        arcs = [arc for state in states for arc in self._gaps[state]]
        gaps = [(at, unit) for at, (_, label, _) in enumerate(arcs) for unit in self._units_for(question, label)]
        words = np.concatenate([self._words[state] for state in states])
        origin = np.concatenate([np.repeat(costs[state][None], len(self._words[state]), axis=0) for state in states])
        if gaps:
            origin = np.concatenate([origin, np.stack([costs[arcs[at][0]] for at, _ in gaps])])
        unit = np.concatenate([words[:, 1], np.array([unit for _, unit in gaps], dtype=np.int64)])
        after = question.forward.after(origin, self._units, unit)
        opened = [at for at, (_, label, _) in enumerate(arcs) if isinstance(label, Open)]
        after = np.concatenate([after, *((costs[arcs[at][0]][:, None] + question.open).min(axis=0)[None] for at in opened)])
        if not len(after):
            return
        np.minimum(least, after.min(axis=0), out=least)
        kept = np.flatnonzero(((after - least <= _BEAM) & (after <= FURTHEST)).any(axis=1))
        number = np.concatenate(
            [words[:, 0], np.array([len(self._arcs) + at for at in [*(at for at, _ in gaps), *opened]], dtype=np.int64)]
        )
        best = dict[int, Costs]()
        for row in kept:
            arc = int(number[row])
            best[arc] = np.minimum(best[arc], after[row]) if arc in best else after[row]
        for arc, cost in best.items():
            state, label, target = self._arcs[arc] if arc < len(self._arcs) else arcs[arc - len(self._arcs)]
            before.setdefault(target, []).append((state, label))
            costs[target] = np.minimum(costs[target], cost) if target in costs else cost

    def _units_for(self, question: _Question, label: Label) -> Sequence[int]:
        """The words, names or numbers that are looked at for a label."""
        match label:
            case Word(text):
                return (self._unit_of[text],)
            case Open():
                return ()
            case _:
                if label not in question.likely:
                    question.likely[label] = self._likely(question, label)
                return question.likely[label]

    def _likely(self, question: _Question, label: Named | Numbered) -> list[int]:
        if isinstance(label, Named):
            return _sharing_most(self._entries[label.key], question.sounds, self._units)
        last = min(label.last, _USUAL_NUMBERS)
        return self._numbers[label.first : last + 1] if label.first >= 0 else self._numbers[: last + 1]

    # From the end: the sentences that cost least

    def _backward(self, question: _Question, costs: dict[int, Costs], before: _Before) -> Iterator[Sentence]:
        tie = count()
        last = question.forward.places - 1
        waiting: list[tuple[float, int, float, int, int, tuple[Part, ...]]] = []
        heapq.heappush(waiting, (float(costs[END][last]), next(tie), 0.0, END, last, ()))
        for _ in range(_MOST_STEPS):
            if not waiting:
                return
            total, _, spent, state, place, parts = heapq.heappop(waiting)
            if state == self._language.start:
                yield Sentence(parts, total)
                continue
            for earlier, part, begin, cost in self._steps(question, costs, before.get(state, ()), end=place):
                whole = float(costs[earlier][begin]) + cost + spent
                if whole <= FURTHEST:
                    heapq.heappush(waiting, (whole, next(tie), spent + cost, earlier, begin, (part, *parts)))

    def _steps(
        self, question: _Question, costs: dict[int, Costs], arcs: Sequence[tuple[int, Label]], *, end: int
    ) -> Iterator[tuple[int, Part, int, float]]:
        """What may have been said right before a place: the state before it, what, from where on, and at what cost."""
        rows = [(at, unit) for at, (_, label) in enumerate(arcs) for unit in self._units_for(question, label)]
        if rows:
            at, unit = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
            from_end = np.full((len(rows), question.forward.places), FAR, dtype=np.float32)
            from_end[:, question.forward.places - 1 - end] = 0.0
            said = question.backward.after(from_end, self._turned, unit)[:, ::-1]
            whole = np.stack([costs[state] for state, _ in arcs])[at] + said
            begins = whole.argmin(axis=1)
            taken = dict[int, int]()
            for row in np.argsort(whole[np.arange(len(rows)), begins], kind="stable"):
                arc, begin = int(at[row]), int(begins[row])
                taken[arc] = taken.get(arc, 0) + 1
                if taken[arc] <= _NAMES_PER_GAP:
                    state, label = arcs[arc]
                    yield state, Part(self._texts[int(unit[row])], label), begin, float(said[row, begin])
        for state, label in arcs:
            if isinstance(label, Open):
                begin = int((costs[state] + question.open[:, end]).argmin())
                if question.open[begin, end] < FAR:
                    yield state, Part(_words_between(question, begin, end), label), begin, float(question.open[begin, end])

    # What is known

    def _unit(self, text: str) -> int:
        if text not in self._number:
            self._number[text] = len(self._texts)
            self._texts.append(text)
        return self._number[text]

    def _entries_of(self, texts: Sequence[str]) -> _Entries:
        """Of names that sound the same, as "20 ounce" and "twenty ounce", the first: they cannot be told apart here."""
        heard = {self._say.of_all(text.split()): text for text in reversed(texts)}
        units = tuple(self._unit(text) for text in reversed(heard.values()))
        by_pair: dict[tuple[int, int], list[int]] = {}
        for sounds, unit in zip(reversed(heard), units, strict=True):
            for pair in set(pairwise(sounds)):
                by_pair.setdefault(pair, []).append(unit)
        return _Entries(units, by_pair)


def _levels(language: SpokenLanguage) -> list[list[int]]:
    """The states by the longest way to them, so that every arc leads to a later level."""
    depth = [0] * len(language.arcs)
    for state in range(language.start, -1, -1):
        for _, target in language.arcs[state]:
            depth[target] = max(depth[target], depth[state] + 1)
    levels: list[list[int]] = [[] for _ in range(max(depth) + 1)]
    for state, at in enumerate(depth):
        levels[at].append(state)
    return levels


def _words_between(question: _Question, begin: int, end: int) -> str:
    first, last = question.ends.index(begin), len(question.ends) - 1 - question.ends[::-1].index(end)
    return " ".join(question.words[first:last])


def _sharing_most(entries: _Entries, heard: Sounds, units: Units) -> list[int]:
    """The entries that have the largest part of their pairs of sounds in common with what was heard."""
    if len(entries.units) <= _NAMES_LOOKED_AT:
        return list(entries.units)
    shared: dict[int, int] = {}
    for pair in set(pairwise(heard)):
        for unit in entries.by_pair.get(pair, ()):
            shared[unit] = shared.get(unit, 0) + 1
    ranked = sorted(shared, key=lambda unit: -shared[unit] / float(units.lengths[unit]))
    return ranked[:_NAMES_LOOKED_AT]
