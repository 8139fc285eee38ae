"""Which sentences are worth matching against some words. Pure.

Owns a filter that never drops a sentence that could match: whole blocks whose kind of device the home lacks, once; and, per
request, sentences whose literal words are not all in the text, or that need a name, a room or a number of which there is none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from hassil import Intents
from hassil.expression import Alternative, Expression, Group, ListReference, Permutation, RuleReference, Sentence
from hassil.intents import Intent, IntentData, RangeSlotList

from earwitness.understand.edges import edge
from earwitness.understand.spoken_lists import Present

Clauses = tuple[frozenset[str], ...]
NAME: Final = "name"
LONGEST_WORD: Final = 24
"""Characters; of texts with longer words each fragment is looked for."""


def for_domains(intents: Intents, domains: frozenset[str]) -> Intents:
    """The sentences without those that only fit devices of domains that are not in `domains`."""
    return _with(
        intents, {name: [block for block in intent.data if _fits(block, domains)] for name, intent in intents.intents.items()}
    )


def wanted_domains(block: IntentData) -> frozenset[str]:
    """The domains that a name in these sentences may have; empty when any will do."""
    wanted = block.requires_context.get("domain")
    wanted = wanted.get("value") if isinstance(wanted, dict) else wanted
    return frozenset((wanted,) if isinstance(wanted, str) else wanted or ())


def _fits(block: IntentData, domains: frozenset[str]) -> bool:
    wanted = wanted_domains(block)
    return not wanted or not domains.isdisjoint(wanted)


def _with(intents: Intents, blocks: dict[str, list[IntentData]]) -> Intents:
    return Intents(
        language=intents.language,
        intents={name: Intent(name=name, data=data) for name, data in blocks.items() if data},
        slot_lists=intents.slot_lists,
        expansion_rules=intents.expansion_rules,
        skip_words=intents.skip_words,
        settings=intents.settings,
    )


class _Candidate:
    """One sentence as a block of its own, and what must be in a text that it matches."""

    __slots__ = ("begin", "block", "clauses", "domains", "end", "intent", "lists", "place")

    def __init__(self, intent: str, block: IntentData, sentence: Sentence, *, rules: Mapping[str, Sentence], place: int) -> None:
        self.intent = intent
        self.block = replace(block, sentence_texts=[sentence.text or ""])
        self.block.__dict__["sentences"] = [sentence]  # parsed already: the block would parse its text once more
        # The rarest words first, and those are long: "the" and "on" are in most texts.
        found = sentence.get_required_clauses(dict(rules))
        self.clauses: Clauses = tuple(sorted(found, key=lambda clause: (-min(map(len, clause)), len(clause), sorted(clause))))
        self.lists = _required_lists(sentence.expression, rules)
        self.begin, self.end = edge(sentence, rules, is_end=False), edge(sentence, rules, is_end=True)
        self.domains = wanted_domains(block)
        self.place = place


class Candidates:
    """An index of the literal words and the lists that each sentence needs. It knows no home: one serves all that are alike."""

    def __init__(self, intents: Intents) -> None:
        self._intents = intents
        self._skip_words = tuple(intents.skip_words)
        self._ranges = _ranges(intents)
        self._always: list[_Candidate] = []
        self._by_fragment: dict[str, list[_Candidate]] = {}
        place = 0
        for name, intent in intents.intents.items():
            for block in intent.data:
                rules = {**intents.expansion_rules, **block.expansion_rules}
                for sentence in block.sentences:
                    place += 1
                    self._add(_Candidate(name, block, sentence, rules=rules, place=place))
        self._fragments = frozenset(fragment for each in self._every() for clause in each.clauses for fragment in clause)
        self._longest = max(map(len, self._fragments), default=0)
        self._has_spaces = any(" " in fragment for fragment in self._fragments)

    def _every(self) -> Iterable[_Candidate]:
        yield from self._always
        for found in self._by_fragment.values():
            yield from found

    def _add(self, candidate: _Candidate) -> None:
        if not candidate.clauses:
            self._always.append(candidate)
            return
        for fragment in candidate.clauses[0]:
            self._by_fragment.setdefault(fragment, []).append(candidate)

    def _within(self, folded: str) -> set[str]:
        """The fragments in a text. Most words are short and have few parts: to look each part up is faster than each fragment."""
        words = folded.split()
        if self._has_spaces or max(map(len, words), default=0) > LONGEST_WORD:
            return {fragment for fragment in self._fragments if fragment in folded}
        parts = {
            word[start:end]
            for word in words
            for start in range(len(word))
            for end in range(start + 1, min(len(word), start + self._longest) + 1)
        }
        return parts & self._fragments

    @property
    def skip_words(self) -> tuple[str, ...]:
        return self._skip_words

    def of(self, text: str, present: Present) -> Intents:
        """The sentences that `text` may match, each in a block of its own; `present` is what of the home is said in it."""
        folded = text.casefold()
        here = _Here(
            fragments=self._within(folded),
            lacking=present.lacking | (frozenset() if present.has_number else self._ranges),
            domains=present.domains,
            firsts=present.firsts,
            lasts=present.lasts,
        )
        found = {each.place: each for each in self._always if here.may_match(each)}
        for fragment in here.fragments:
            found |= {each.place: each for each in self._by_fragment.get(fragment, ()) if here.may_match(each)}
        blocks: dict[str, list[IntentData]] = {}
        for place in sorted(found):
            blocks.setdefault(found[place].intent, []).append(found[place].block)
        return _with(self._intents, blocks)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Here:
    """What is in one text."""

    fragments: set[str]
    lacking: frozenset[str]
    domains: frozenset[str]
    firsts: tuple[str, ...]
    lasts: tuple[str, ...]

    def may_match(self, each: _Candidate) -> bool:
        if not self.lacking.isdisjoint(each.lists):
            return False
        if each.domains and NAME in each.lists and each.domains.isdisjoint(self.domains):
            return False
        if any(self.fragments.isdisjoint(clause) for clause in each.clauses):
            return False
        begin, end = each.begin, each.end
        is_begun = begin.is_open or begin.lists - self.lacking or any(first.startswith(begin.words) for first in self.firsts)
        return bool(is_begun) and bool(
            end.is_open or end.lists - self.lacking or any(last.endswith(end.words) for last in self.lasts)
        )


def _required_lists(node: Expression, rules: Mapping[str, Sentence]) -> frozenset[str]:
    """The lists of which a value is in everything that `node` matches."""
    if isinstance(node, ListReference):
        return frozenset((node.list_name,))
    if isinstance(node, RuleReference):
        rule = rules.get(node.rule_name)
        return _required_lists(rule.expression, rules) if rule is not None else frozenset()
    if isinstance(node, Alternative):
        parts = [_required_lists(item, rules) for item in node.items]
        return frozenset() if node.is_optional or not parts else frozenset.intersection(*parts)
    if isinstance(node, Group | Permutation):
        return frozenset[str]().union(*(_required_lists(item, rules) for item in node.items))
    return frozenset()


def _ranges(intents: Intents) -> frozenset[str]:
    """Lists of numbers, by a name that no block gives to anything else."""
    blocks = (block for intent in intents.intents.values() for block in intent.data)
    others = {name for block in blocks for name, values in block.slot_lists.items() if not isinstance(values, RangeSlotList)}
    return frozenset(name for name, values in intents.slot_lists.items() if isinstance(values, RangeSlotList)) - others
