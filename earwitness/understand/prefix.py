"""Whether words are the beginning of a sentence that this home knows. Pure.

Owns a walk over `hassil` templates that asks not "does it match" but "could it still match if more words came". Each node of a
template is visited at most once per position in the text, so the time is bounded by the size of both.
"""

import re
from collections.abc import Iterable, Mapping

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
from hassil.intents import RangeSlotList, SlotList, TextSlotList, WildcardSlotList

from earwitness.understand.candidates import wanted_domains

LONGEST_WILDCARD_WORDS = 6
"""An item or message that is longer no longer counts as the middle of a known sentence."""

_NUMBER_WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen"),
    *("fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty", "thirty", "forty", "fifty", "sixty"),
    *("seventy", "eighty", "ninety", "hundred", "and", "point", "half", "minus"),
)
_NUMBER = re.compile(rf"-?\d+(?:[.,]\d+)?|(?:(?:{'|'.join(_NUMBER_WORDS)})\b[ -]?)+")


class Beginnings:
    """The beginnings of all sentences of `intents`, for one home's `lists`."""

    def __init__(self, intents: Intents, lists: Mapping[str, SlotList]) -> None:
        self._rules = intents.expansion_rules
        self._templates: list[tuple[tuple[str, ...], Expression, Mapping[str, SlotList]]] = []
        every = {**intents.slot_lists, **lists}
        narrowed: dict[frozenset[str], dict[str, SlotList]] = {}
        seen: set[tuple[str | None, frozenset[str]]] = set()
        for intent in intents.intents.values():
            for block in intent.data:
                domains = wanted_domains(block)
                general = narrowed.setdefault(domains, _with_names_of(every, domains))
                known = {**general, **block.slot_lists} if block.slot_lists else general
                for sentence in block.sentences:
                    if (sentence.text, domains) not in seen:
                        seen.add((sentence.text, domains))
                        self._add(sentence, known)

    def _add(self, sentence: Sentence, known: Mapping[str, SlotList]) -> None:
        firsts, _ = self._firsts(sentence.expression, known)
        if "" not in firsts:
            self._templates.append((tuple(firsts), sentence.expression, known))

    def begins(self, text: str) -> bool:
        """Whether `text` (as `normalise` gives it) could go on to a sentence; text that is one already may answer either way."""
        plain = f"{text.lower()} "
        first = plain.split(" ", 1)[0]
        for firsts, expression, known in self._templates:
            if any(first.startswith(word) for word in firsts) or plain.startswith(firsts):
                walk = _Walk(plain, self._rules, known)
                walk.ends(expression, 0)
                if walk.is_cut_off:
                    return True
        return False

    def _firsts(self, node: Expression, known: Mapping[str, SlotList]) -> tuple[set[str], bool]:
        """The first words of what `node` matches ("" if it can be anything), and whether it can match nothing."""
        if isinstance(node, TextChunk):
            word = node.text.lower().split()[:1]
            return set(word), not word
        if isinstance(node, RuleReference):
            return self._firsts(self._rules[node.rule_name].expression, known)
        if isinstance(node, ListReference):
            return _list_firsts(known.get(node.list_name)), False
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
