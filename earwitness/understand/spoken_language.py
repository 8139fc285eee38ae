"""What can be said in a home, as a graph for recognisers: the sentence templates with gaps where names, numbers and items go.

Owns the way from `hassil` templates to that graph. Common endings are shared, so that it stays small however many ways a template
can be said; names are not in it but beside it, so that a new name changes no state. Understands nothing.
"""

import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from hassil import Intents
from hassil.expression import Alternative, Expression, Group, ListReference, Permutation, RuleReference, TextChunk
from hassil.expression import Sentence as Template
from hassil.intents import RangeSlotList, SlotList, TextSlotList

from earwitness.domain.home import Home
from earwitness.domain.skill import SkillManifest
from earwitness.domain.spoken_language import END, Label, Named, Numbered, Open, SpokenLanguage, Word
from earwitness.understand.answers import kind_of_answer
from earwitness.understand.candidates import wanted_domains
from earwitness.understand.names import slot_lists
from earwitness.understand.phrases import CALLED, LIST, PHRASES, called_list, phrase_list
from earwitness.understand.sentences import english_answers, only
from earwitness.understand.templates import templates_for

_Rest = frozenset[tuple[str, int]]
"""How a sentence may go on: letters that still belong to the word before them, and the state after those."""
_AT_END: _Rest = frozenset([("", END)])
_MOST_PERMUTED = 4
_LIKELY = "likely:"
"""Before the key of names for a gap that takes any words."""
_MOST_KEPT = 3
_kept: dict[int, tuple[Intents, frozenset[str], SpokenLanguage]] = {}
_making = threading.Lock()


def spoken_language(
    intents: Intents, lists: Mapping[str, SlotList], *, also: Mapping[str, Iterable[str]] | None = None
) -> SpokenLanguage:
    """The graph of every sentence of `intents`, with the names of one home's `lists`.

    `also` are names that are likely in gaps for any words, by the gap's list: contacts, songs.
    """
    graph = _Graph(intents, lists, also={key: tuple(names) for key, names in (also or {}).items()})
    return graph.language()


def home_language(
    home: Home,
    *,
    others: Sequence[SkillManifest] = (),
    phrases: Mapping[str, str] | None = None,
    called: Sequence[str] = (),
    also: Mapping[str, Iterable[str]] | None = None,
) -> SpokenLanguage:
    """What can be requested in a home, as `Grammar` understands it. Takes a second the first time for skills and kinds of
    devices, and milliseconds when only names changed. Raises SkillError."""
    lists = {**slot_lists(home), LIST: phrase_list(phrases or {}), CALLED: called_list(called)}
    every = (*others, PHRASES) if phrases or called else tuple(others)
    intents = templates_for(home, others=every).intents
    likely = {key: tuple(names) for key, names in (also or {}).items()}
    with _making:
        kept = _kept.get(id(intents))
        if kept is None or kept[0] is not intents or kept[1] != frozenset(likely):
            kept = (intents, frozenset(likely), spoken_language(intents, lists, also=likely))
            _kept[id(intents)] = kept
            while len(_kept) > _MOST_KEPT:
                _kept.pop(next(iter(_kept)))
    language = with_names(kept[2], lists)
    return replace(language, names={**language.names, **{f"{_LIKELY}{key}": found for key, found in likely.items()}})


def answer_language(expects: str, home: Home) -> SpokenLanguage | None:
    """What answers a question for a slot; None if any words do."""
    kind = kind_of_answer(expects)
    if kind is None:
        return None
    return spoken_language(only(english_answers(), frozenset((kind,))), slot_lists(home))


def with_names(language: SpokenLanguage, lists: Mapping[str, SlotList]) -> SpokenLanguage:
    """The same sentences with the names of other lists."""
    return replace(language, names={**language.names, **_Names(lists).known(language.names)})


class _Names:
    """The names for gaps, by key: a list, or a list and the kinds of device that a sentence wants."""

    def __init__(self, lists: Mapping[str, SlotList]) -> None:
        self._lists = lists

    def known(self, keys: Iterable[str]) -> dict[str, tuple[str, ...]]:
        return {key: self.of(key) for key in keys if key.split("/")[0] in self._lists}

    def of(self, key: str) -> tuple[str, ...]:
        name, *domains = key.split("/")
        values = self._lists.get(name)
        if not isinstance(values, TextSlotList):
            return ()
        wanted = set(domains)
        fitting = [value for value in values.values if not wanted or (value.context or {}).get("domain") in wanted]
        return tuple(dict.fromkeys(text for value in fitting for text in _texts(value.text_in)))


class _Graph:
    """States as they are made, from the end of the sentences to their beginnings."""

    def __init__(self, intents: Intents, lists: Mapping[str, SlotList], *, also: Mapping[str, tuple[str, ...]]) -> None:
        self._intents = intents
        self._home = lists
        self._also = also
        self._arcs: list[tuple[tuple[Label, int], ...]] = [()]
        self._numbers: dict[frozenset[tuple[Label, int]], int] = {}
        self._known: dict[tuple[int, frozenset[str], int, _Rest], _Rest] = {}
        self._names: dict[str, tuple[str, ...]] = {}
        self._kept: list[Expression] = []
        """Nodes that were made here, so that no other takes over their identity."""
        self._lists: Mapping[str, SlotList] = {}
        self._rules: Mapping[str, Template] = {}
        self._domains: frozenset[str] = frozenset()
        self._block = 0

    def language(self) -> SpokenLanguage:
        firsts: set[tuple[Label, int]] = set()
        everywhere = {**self._intents.slot_lists, **self._home}
        for intent in self._intents.intents.values():
            for block in intent.data:
                self._domains = wanted_domains(block)
                self._block = id(block) if block.slot_lists or block.expansion_rules else 0
                self._lists = {**everywhere, **block.slot_lists} if block.slot_lists else everywhere
                self._rules = {**self._intents.expansion_rules, **block.expansion_rules}
                for sentence in block.sentences:
                    firsts |= self._arcs_of(self._before(sentence.expression, _AT_END))
        start = self._state(frozenset(firsts))
        arcs = _with_shared_beginnings(self._arcs, start)
        return SpokenLanguage(arcs=tuple(arcs), start=len(arcs) - 1, names=self._names)

    def _before(self, node: Expression, rest: _Rest) -> _Rest:
        """How a sentence may go on from `node`, if `rest` is how it may go on after it."""
        key = (id(node), self._domains, self._block, rest)
        if key not in self._known:
            self._known[key] = self._merged(self._made(node, rest))
        return self._known[key]

    def _merged(self, rest: _Rest) -> _Rest:
        """The same with one state for all that follows the same letters, so that ways do not multiply."""
        if len(rest) < 2:
            return rest
        states: dict[str, set[int]] = {}
        for letters, state in rest:
            states.setdefault(letters, set()).add(state)
        merged: set[tuple[str, int]] = set()
        for letters, found in states.items():
            goes_on = found - {END}
            if END in found:
                merged.add((letters, END))
            if goes_on:
                one = next(iter(goes_on))
                arcs = frozenset(arc for state in goes_on for arc in self._arcs[state])
                merged.add((letters, one if len(goes_on) == 1 else self._state(arcs)))
        return frozenset(merged)

    def _made(self, node: Expression, rest: _Rest) -> _Rest:
        if isinstance(node, TextChunk):
            return frozenset(self._chunk(node.original_text, *way) for way in rest)
        if isinstance(node, RuleReference):
            rule = self._rules.get(node.rule_name)
            return rest if rule is None else self._before(rule.expression, rest)
        if isinstance(node, ListReference):
            return self._gap(node, rest)
        if isinstance(node, Alternative):
            ways = frozenset[tuple[str, int]]().union(*(self._before(item, rest) for item in node.items))
            return ways | rest if node.is_optional else ways
        if isinstance(node, Permutation):
            return frozenset[tuple[str, int]]().union(*(self._in_order(items, rest) for items in _orders(node.items)))
        return self._in_order(node.items if isinstance(node, Group) else [], rest)

    def _in_order(self, items: Sequence[Expression], rest: _Rest) -> _Rest:
        for item in reversed(items):
            rest = self._before(item, rest)
        return rest

    def _chunk(self, text: str, letters: str, state: int) -> tuple[str, int]:
        """Put text before letters: whole words become arcs, what may still be the end of a longer word stays letters."""
        words = (text + letters).split(" ")
        for word in reversed(words[1:]):
            state = self._said(word, state)
        return words[0], state

    def _said(self, word: str, state: int) -> int:
        return self._state(frozenset([(Word(word), state)])) if word else state

    def _gap(self, node: ListReference, rest: _Rest) -> _Rest:
        arcs = [frozenset((label, self._said(*way)) for label in self._labels(node)) for way in rest]
        return frozenset(("", self._state(each)) for each in arcs)

    def _labels(self, node: ListReference) -> list[Label]:
        bounds = node.get_inline_range()
        if bounds is not None:
            return [Numbered(bounds[0], bounds[1])]
        values = self._lists.get(node.list_name)
        if isinstance(values, RangeSlotList):
            return [Numbered(values.start, values.stop)]
        if isinstance(values, TextSlotList):
            key = self._key(node.list_name)
            self._names.setdefault(key, _Names({key.split("/")[0]: values}).of(key))
            return [Named(key)]
        if node.list_name not in self._also:
            return [Open(node.list_name)]
        self._names[f"{_LIKELY}{node.list_name}"] = self._also[node.list_name]
        return [Open(node.list_name), Named(f"{_LIKELY}{node.list_name}")]

    def _key(self, name: str) -> str:
        """What the names of a list are kept under: those of devices by the kinds that the sentence wants."""
        if name == "name":
            return "/".join([name, *sorted(self._domains)])
        is_shared = name in self._home or name in self._intents.slot_lists
        return name if is_shared else f"{name}:{self._block}"

    def _arcs_of(self, rest: _Rest) -> set[tuple[Label, int]]:
        arcs: set[tuple[Label, int]] = set()
        for letters, state in rest:
            if letters:
                arcs.add((Word(letters), state))
            else:
                arcs |= set(self._arcs[state])
        return arcs

    def _state(self, arcs: frozenset[tuple[Label, int]]) -> int:
        if arcs not in self._numbers:
            self._numbers[arcs] = len(self._arcs)
            self._arcs.append(tuple(arcs))
        return self._numbers[arcs]


def _with_shared_beginnings(arcs: Sequence[tuple[tuple[Label, int], ...]], start: int) -> list[tuple[tuple[Label, int], ...]]:
    """The same sentences with one state for all that may follow the same words, renumbered; the start comes last."""
    made: list[tuple[tuple[Label, int], ...]] = [()]
    numbers: dict[frozenset[int], int] = {frozenset([END]): END}
    alike: dict[tuple[tuple[Label, int], ...], int] = {}

    def number(states: frozenset[int]) -> int:
        if states not in numbers:
            targets: dict[Label, set[int]] = {}
            for state in states:
                for label, target in arcs[state]:
                    targets.setdefault(label, set()).add(target)
            following = [(label, number(part)) for label, found in targets.items() for part in _apart(found)]
            found = tuple(sorted(following, key=lambda arc: (arc[1], repr(arc[0]))))
            if found not in alike:
                alike[found] = len(made)
                made.append(found)
            numbers[states] = alike[found]
        return numbers[states]

    number(frozenset([start]))
    return made


def _apart(states: set[int]) -> list[frozenset[int]]:
    """The end by itself, since it is no state with arcs, and the others together."""
    goes_on = frozenset(states - {END})
    return [*([frozenset([END])] if END in states else []), *([goes_on] if goes_on else [])]


def _orders(items: list[Expression]) -> Iterable[list[Expression]]:
    if len(items) < 2 or len(items) > _MOST_PERMUTED:
        yield items
        return
    for index, item in enumerate(items):
        for others in _orders([*items[:index], *items[index + 1 :]]):
            yield [item, *others]


def _texts(node: Expression) -> list[str]:
    """The texts of a name, alternatives spelled out."""
    return [re.sub(r"\s+", " ", text).strip() for text in _spelt(node)]


def _spelt(node: Expression) -> list[str]:
    if isinstance(node, TextChunk):
        return [node.original_text]
    if isinstance(node, Alternative):
        found = [text for item in node.items for text in _spelt(item)]
        return [*found, ""] if node.is_optional and "" not in found else found
    texts = [""]
    for item in node.items if isinstance(node, Group) else ():
        texts = [before + after for before in texts for after in _spelt(item)]
    return texts
