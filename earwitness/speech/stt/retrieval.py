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
from numpy.typing import NDArray

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


@dataclass(frozen=True, slots=True)
class _Level:
    """States that are as far from the start: the numbers of the arcs that leave them with words, the state that each leaves, its
    word as a unit; and the numbers of the arcs with gaps."""

    arcs: NDArray[np.int64]
    states: NDArray[np.int64]
    units: NDArray[np.int64]
    gaps: tuple[int, ...]


_Before = dict[int, list[tuple[int, Label]]]


class Retrieval:
    """Finds sentences by their sound. Safe to use from several threads once made."""

    def __init__(self, language: SpokenLanguage, pronunciation: Pronunciation) -> None:
        self._language = language
        self._say = pronunciation
        self._texts: list[str] = []
        self._number: dict[str, int] = {}
        words = {label.text for arcs in language.arcs for label, _ in arcs if isinstance(label, Word)}
        self._unit_of = {word: self._unit(word) for word in sorted(words)}
        self._arcs = [(state, label, target) for state, arcs in enumerate(language.arcs) for label, target in arcs]
        self._targets = np.array([target for _, _, target in self._arcs], dtype=np.int64)
        self._levels = self._by_level()
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
        if costs[END, -1] > FURTHEST:
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
        forward, backward = Heard(tuple(sounds)), Heard(tuple(sounds[::-1]))
        return _Question(words, tuple(sounds), tuple(ends), forward, backward, pieces)

    # From the beginning: what each state costs

    def _forward(self, question: _Question) -> tuple[Costs, _Before]:
        """The costs of each state by place, and which states lead to it, by what."""
        costs = np.full((len(self._language.arcs), question.forward.places), FAR, dtype=np.float32)
        costs[self._language.start, 0] = 0.0
        reached = np.zeros(len(costs), dtype=np.bool_)
        reached[self._language.start] = True
        before, least = _Before(), costs[self._language.start].copy()
        for level in self._levels:
            for target, arcs in self._follow(question, level, costs, reached, least).items():
                before.setdefault(target, []).extend(arcs)
        return costs, before

    def _follow(self, question: _Question, level: _Level, costs: Costs, reached: NDArray[np.bool_], least: Costs) -> _Before:
        """Go on from the states of one level, and tell how each state was reached.

        Changed are `costs` and `reached`, by state, and `least`: the least cost by which each place was reached.
        """
        words = np.flatnonzero(reached[level.states])
        gaps = [at for at in level.gaps if reached[self._arcs[at][0]]]
        opened = [at for at in gaps if isinstance(self._arcs[at][1], Open)]
        named = [(at, self._units_for(question, self._arcs[at][1])) for at in gaps if at not in opened]
        arcs = np.concatenate([level.arcs[words], *(np.full(len(units), at) for at, units in named)])
        units = np.concatenate([level.units[words], *(np.array(units, dtype=np.int64) for _, units in named)])
        states = np.concatenate([level.states[words], *(np.full(len(units), self._arcs[at][0]) for at, units in named)])
        after = question.forward.after(costs[states], self._units, units)
        after = np.concatenate([after, *((costs[self._arcs[at][0]][:, None] + question.open).min(axis=0)[None] for at in opened)])
        if not len(after):
            return {}
        np.minimum(least, after.min(axis=0), out=least)
        kept = np.flatnonzero(((after - least <= _BEAM) & (after <= FURTHEST)).any(axis=1))
        taken, best = _least_of_each(np.concatenate([arcs, np.array(opened, dtype=np.int64)])[kept], after[kept])
        targets, reaching = _least_of_each(self._targets[taken], best)
        costs[targets] = np.minimum(costs[targets], reaching)
        reached[targets] = True
        before = _Before()
        for arc in taken.tolist():
            state, label, target = self._arcs[arc]
            before.setdefault(target, []).append((state, label))
        return before

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

    def _backward(self, question: _Question, costs: Costs, before: _Before) -> Iterator[Sentence]:
        tie = count()
        last = question.forward.places - 1
        steps: dict[tuple[int, int], list[tuple[int, Part, int, float]]] = {}
        waiting: list[tuple[float, int, float, int, int, tuple[Part, ...]]] = []
        heapq.heappush(waiting, (float(costs[END][last]), next(tie), 0.0, END, last, ()))
        for _ in range(_MOST_STEPS):
            if not waiting:
                return
            total, _, spent, state, place, parts = heapq.heappop(waiting)
            if state == self._language.start:
                yield Sentence(parts, total)
                continue
            if (state, place) not in steps:
                steps[state, place] = list(self._steps(question, costs, before.get(state, ()), end=place))
            for earlier, part, begin, cost in steps[state, place]:
                whole = float(costs[earlier][begin]) + cost + spent
                if whole <= FURTHEST:
                    heapq.heappush(waiting, (whole, next(tie), spent + cost, earlier, begin, (part, *parts)))

    def _steps(
        self, question: _Question, costs: Costs, arcs: Sequence[tuple[int, Label]], *, end: int
    ) -> Iterator[tuple[int, Part, int, float]]:
        """What may have been said right before a place: the state before it, what, from where on, and at what cost."""
        rows = [(at, unit) for at, (_, label) in enumerate(arcs) for unit in self._units_for(question, label)]
        if rows:
            at, unit = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
            from_end = np.full((len(rows), question.forward.places), FAR, dtype=np.float32)
            from_end[:, question.forward.places - 1 - end] = 0.0
            said = question.backward.after(from_end, self._turned, unit)[:, ::-1]
            whole = costs[np.array([state for state, _ in arcs])[at]] + said
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

    def _by_level(self) -> tuple[_Level, ...]:
        depths = _depths(self._language)
        words: list[list[tuple[int, int, int]]] = [[] for _ in range(max(depths) + 1)]
        gaps: list[list[int]] = [[] for _ in words]
        for number, (state, label, _) in enumerate(self._arcs):
            if isinstance(label, Word):
                words[depths[state]].append((number, state, self._unit_of[label.text]))
            else:
                gaps[depths[state]].append(number)
        tables = [np.array(rows, dtype=np.int64).reshape(-1, 3).T for rows in words]
        return tuple(_Level(table[0], table[1], table[2], tuple(at)) for table, at in zip(tables, gaps, strict=True))

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


def _depths(language: SpokenLanguage) -> list[int]:
    """Per state the longest way to it, so that every arc leads deeper."""
    depth = [0] * len(language.arcs)
    for state in range(language.start, -1, -1):
        for _, target in language.arcs[state]:
            depth[target] = max(depth[target], depth[state] + 1)
    return depth


def _least_of_each(keys: NDArray[np.int64], costs: Costs) -> tuple[NDArray[np.int64], Costs]:
    """Each key once, in rising order, with the least of the costs of its rows, place by place."""
    order = np.argsort(keys, kind="stable")
    each, first = np.unique(keys[order], return_index=True)
    return each, np.minimum.reduceat(costs[order], first, axis=0) if len(first) else costs


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
