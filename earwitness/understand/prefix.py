"""Whether words are the beginning of a sentence that this home knows. Pure.

Owns a walk over `hassil` templates that asks not "does it match" but "could it still match if more words came". Each node of a
template is visited at most once per position in the text, so the time is bounded by the size of both.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hassil import Intents
from hassil.expression import (
    Alternative,
    Expression,
    Group,
    ListReference,
    Permutation,
    RuleReference,
    Sentence,
    TextChunk,
)
from hassil.intents import RangeSlotList, SlotList, TextSlotList, TextSlotValue, WildcardSlotList

from earwitness.understand.candidates import wanted_domains
from earwitness.understand.spoken_lists import PlacesOf, parts_of

LONGEST_WILDCARD_WORDS = 6
"""An item or message that is longer no longer counts as the middle of a known sentence."""

_NUMBER_WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen"),
    *("fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty", "thirty", "forty", "fifty", "sixty"),
    *("seventy", "eighty", "ninety", "hundred", "and", "point", "half", "minus"),
)
_NUMBER = re.compile(rf"-?\d+(?:[.,]\d+)?|(?:(?:{'|'.join(_NUMBER_WORDS)})\b[ -]?)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Template:
    """A sentence; `domains` are those of the devices that it may name, `own` the lists that are its alone."""

    expression: Expression
    domains: frozenset[str]
    own: Mapping[str, SlotList]


class Beginnings:
    """The beginnings of all sentences of `intents`. It knows no home; `of_home` names the lists that each home has its own of."""

    def __init__(self, intents: Intents, *, of_home: frozenset[str]) -> None:
        self._rules = intents.expansion_rules
        self._shared = {name: values for name, values in intents.slot_lists.items() if name not in of_home}
        self._of_home = of_home
        self._list_firsts: dict[int, set[str]] = {}
        """First words by the list that has them; the lists live as long as this does."""
        self._templates: list[_Template] = []
        self._by_word: dict[str, list[int]] = {}
        """Places of templates by a word, or the beginning of one, that they may begin with."""
        self._by_list: dict[str, list[int]] = {}
        """And by a list of the home of which a value may stand first."""
        seen: set[tuple[str | None, frozenset[str]]] = set()
        for intent in intents.intents.values():
            for block in intent.data:
                domains = wanted_domains(block)
                known = {**self._shared, **block.slot_lists} if block.slot_lists else self._shared
                for sentence in block.sentences:
                    if (sentence.text, domains) not in seen:
                        seen.add((sentence.text, domains))
                        self._add(sentence, known, domains=domains, own=block.slot_lists)

    def _add(
        self, sentence: Sentence, known: Mapping[str, SlotList], *, domains: frozenset[str], own: Mapping[str, SlotList]
    ) -> None:
        firsts, _ = self._firsts(sentence.expression, known)
        if "" in firsts:
            return
        lists = frozenset(first.removeprefix(_OF_HOME) for first in firsts if first.startswith(_OF_HOME))
        words = tuple(first for first in firsts if not first.startswith(_OF_HOME))
        place = len(self._templates)
        self._templates.append(_Template(expression=sentence.expression, domains=domains, own=own))
        for word in words:
            self._by_word.setdefault(word, []).append(place)
        for name in lists:
            self._by_list.setdefault(name, []).append(place)

    def begins(self, text: str, lists: "HomeLists") -> bool:
        """Whether `text` (as `normalise` gives it) could go on to a sentence of a home with these `lists`; text that is one
        already may answer either way."""
        plain = f"{text.lower()} "
        first = plain.split(" ", 1)[0]
        here = _Here(plain, self._rules, shared=self._shared, lists=lists.near(plain))
        begun = {place for end in range(1, len(first) + 1) for place in self._by_word.get(first[:end], ())}
        for name, places in self._by_list.items():
            if here.may_be_first(name, first):
                begun.update(place for place in places if here.may_be_first(name, first, domains=self._templates[place].domains))
        return any(here.is_cut_off(self._templates[place]) for place in sorted(begun))

    def _firsts(self, node: Expression, known: Mapping[str, SlotList]) -> tuple[set[str], bool]:
        """The first words of what `node` matches ("" if it can be anything), and whether it can match nothing."""
        if isinstance(node, TextChunk):
            word = node.text.lower().split()[:1]
            return set(word), not word
        if isinstance(node, RuleReference):
            return self._firsts(self._rules[node.rule_name].expression, known)
        if isinstance(node, ListReference):
            if node.list_name in self._of_home and node.list_name not in known:
                return {f"{_OF_HOME}{node.list_name}"}, False
            values = known.get(node.list_name)
            if id(values) not in self._list_firsts:
                self._list_firsts[id(values)] = _list_firsts(values)
            return self._list_firsts[id(values)], False
        if isinstance(node, Alternative):
            parts = [self._firsts(item, known) for item in node.items]
            return set().union(*(words for words, _ in parts)), any(empty for _, empty in parts) or node.is_optional
        if isinstance(node, Permutation):
            parts = [self._firsts(item, known) for item in node.items]
            return set().union(*(words for words, _ in parts)), all(empty for _, empty in parts)
        firsts: set[str] = set()
        for item in node.items if isinstance(node, Group) else ():
            words, empty = self._firsts(item, known)
            firsts |= words
            if not empty:
                return firsts, False
        return firsts, True


_OF_HOME = "\x00"
"""Stands before the name of a list among first words."""


class HomeLists:
    """The lists of one home, by what may be said for their values. Made once for a home."""

    def __init__(self, lists: Mapping[str, SlotList]) -> None:
        self._others = {name: values for name, values in lists.items() if not isinstance(values, TextSlotList)}
        self._named = {name: _Sayings(values) for name, values in lists.items() if isinstance(values, TextSlotList)}

    def near(self, plain: str) -> dict[str, SlotList]:
        """The lists with the values alone that are in the text, or begin at its end."""
        parts = parts_of(plain)
        ends = tuple(plain[found.start() :] for found in re.finditer(r"\S+", plain))
        found: dict[str, SlotList] = dict(self._others)
        for name, sayings in self._named.items():
            found[name] = TextSlotList(name=name, values=sayings.near(plain, parts=parts, ends=ends))
        return found


class _Sayings:
    """The values of one list, and the texts of each."""

    def __init__(self, values: TextSlotList) -> None:
        self._values = tuple(values.values)
        self._texts = tuple((at, text) for at, value in enumerate(self._values) for text in _plain_texts(value.text_in))
        self._places = PlacesOf([text for _, text in self._texts])
        self._by_first: dict[str, list[int]] = {}
        for place, (_, text) in enumerate(self._texts):
            self._by_first.setdefault(text.split(" ", 1)[0], []).append(place)

    def near(self, plain: str, *, parts: frozenset[str], ends: Sequence[str]) -> list[TextSlotValue]:
        """Those of which a text is in `plain`, or begins with one of its ends."""
        chosen = {at for at, text in (self._texts[place] for place in self._places.among(parts)) if text in plain}
        for end in ends:
            begun = (self._texts[place] for place in self._by_first.get(end.split(" ", 1)[0], ()))
            chosen.update(at for at, text in begun if text.startswith(end))
        return [self._values[at] for at in sorted(chosen)]


class _Here:
    """One text in one home, with the walks through it: what stands in several sentences is walked once."""

    def __init__(
        self, plain: str, rules: Mapping[str, Sentence], *, shared: Mapping[str, SlotList], lists: Mapping[str, SlotList]
    ) -> None:
        self._plain = plain
        self._rules = rules
        self._shared = shared
        self._lists = lists
        self._known: dict[frozenset[str], dict[str, SlotList]] = {}
        self._walks: dict[frozenset[str], _Walk] = {}
        self._firsts: dict[tuple[str, frozenset[str]], bool] = {}

    def is_cut_off(self, template: _Template) -> bool:
        """Whether the text ends within the sentence."""
        known = self._known_for(template.domains)
        if template.own:
            walk = _Walk(self._plain, self._rules, {**known, **template.own})
        elif template.domains in self._walks:
            walk = self._walks[template.domains]
        else:
            walk = self._walks[template.domains] = _Walk(self._plain, self._rules, known)
        walk.ends(template.expression, 0)
        return walk.is_cut_off

    def may_be_first(self, name: str, first: str, *, domains: frozenset[str] = frozenset()) -> bool:
        """Whether a value of that list, of a device of `domains` if it names one, may begin with the first word."""
        key = (name, domains)
        if key not in self._firsts:
            values = self._known_for(domains).get(name)
            self._firsts[key] = values is not None and any(first.startswith(word) for word in _list_firsts(values))
        return self._firsts[key]

    def _known_for(self, domains: frozenset[str]) -> dict[str, SlotList]:
        if domains not in self._known:
            self._known[domains] = {**self._shared, **_with_names_of(self._lists, domains)}
        return self._known[domains]


def _with_names_of(lists: Mapping[str, SlotList], domains: frozenset[str]) -> dict[str, SlotList]:
    """The lists, with only those names that belong to a device of `domains`."""
    names = lists.get("name")
    if not domains or not isinstance(names, TextSlotList):
        return dict(lists)
    fitting = [value for value in names.values if (value.context or {}).get("domain") in domains]
    return {**lists, "name": TextSlotList(name="name", values=fitting)}


def _list_firsts(values: SlotList | None) -> set[str]:
    if isinstance(values, TextSlotList):
        return {text.split()[0] for text in _texts(values) if text.split()}
    if isinstance(values, RangeSlotList):
        return {*"0123456789-", *_NUMBER_WORDS}
    return {""}


def _texts(values: TextSlotList) -> Iterable[str]:
    for value in values.values:
        yield from _plain_texts(value.text_in)


def _plain_texts(node: Expression) -> list[str]:
    """The literal texts of a value, alternatives spelled out."""
    if isinstance(node, TextChunk):
        return [node.text.lower()]
    if isinstance(node, Alternative):
        return [text for item in node.items for text in _plain_texts(item)]
    texts = [""]
    for item in node.items if isinstance(node, Group) else ():
        texts = [before + after for before in texts for after in _plain_texts(item)]
    return texts


class _Walk:
    """One text against one template: the positions that each node can end at, and whether the text ran out inside it."""

    def __init__(self, text: str, rules: Mapping[str, Sentence], lists: Mapping[str, SlotList]) -> None:
        self.text = text
        self.is_cut_off = False
        self._rules = rules
        self._lists = lists
        self._known: dict[tuple[int, int], frozenset[int]] = {}

    def ends(self, node: Expression, start: int) -> frozenset[int]:
        key = (id(node), start)
        if key not in self._known:
            self._known[key] = frozenset(self._walk(node, start))
        return self._known[key]

    def _walk(self, node: Expression, start: int) -> Iterable[int]:
        if isinstance(node, TextChunk):
            return self._chunk(node.text.lower(), start)
        if isinstance(node, RuleReference):
            return self.ends(self._rules[node.rule_name].expression, start)
        if isinstance(node, ListReference):
            return self._list(self._lists.get(node.list_name), start)
        if isinstance(node, Alternative):
            return {end for item in node.items for end in self.ends(item, start)}
        if isinstance(node, Permutation):
            return self._permutation(node.items, {start})
        return self._sequence(node.items if isinstance(node, Group) else [], {start})

    def _sequence(self, items: Iterable[Expression], ends: set[int]) -> set[int]:
        for item in items:
            ends = {after for end in ends for after in self.ends(item, end)}
            if not ends:
                break
        return ends

    def _permutation(self, items: list[Expression], ends: set[int]) -> set[int]:
        if not items:
            return ends
        found: set[int] = set()
        for index, item in enumerate(items):
            found |= self._permutation(items[:index] + items[index + 1 :], self._sequence((item,), ends))
        return found

    def _chunk(self, chunk: str, start: int) -> Iterable[int]:
        rest = self.text[start:]
        if start == 0 or self.text[start - 1] == " ":
            chunk = chunk.lstrip()
        if not chunk or (not chunk.strip() and not rest):
            return (start,)
        if rest.startswith(chunk):
            return (start + len(chunk),)
        if chunk.strip() and chunk.startswith(rest):
            self.is_cut_off = True
        elif rest == f"{chunk.rstrip()} ":
            return (len(self.text),)
        return ()

    def _list(self, values: SlotList | None, start: int) -> Iterable[int]:
        if start < len(self.text) and self.text[start] == " ":
            start += 1
        rest = self.text[start:]
        if not rest.strip():
            self.is_cut_off = True
            return ()
        if isinstance(values, RangeSlotList):
            found = _NUMBER.match(rest)
            return () if found is None else _word_ends(found.group(), start)
        if isinstance(values, WildcardSlotList):
            return self._wildcard(rest, start)
        return self._named(values, rest, start)

    def _named(self, values: SlotList | None, rest: str, start: int) -> Iterable[int]:
        ends = set()
        for text in _texts(values) if isinstance(values, TextSlotList) else ():
            if rest.startswith(text):
                ends.add(start + len(text))
            elif text.startswith(rest):
                self.is_cut_off = True
        return ends

    def _wildcard(self, rest: str, start: int) -> Iterable[int]:
        if len(rest.split()) <= LONGEST_WILDCARD_WORDS:
            self.is_cut_off = True
        return {start + found.end() for found in re.finditer(r"\S+(?= )", rest)}


def _word_ends(number: str, start: int) -> set[int]:
    """Where a number may end: after each of its words."""
    return {start + found.end() for found in re.finditer(r"[^\s-]+", number)}
