"""Understanding in other languages: Home Assistant's own sentences, drawn from its package, in a home of each language.

    python -m bench.languages [--each 40] [--language de]

Each sentence is drawn from a template with a fixed seed, with names of the home in it: its intent and its slots are known.
A drawn sentence may fit a template of another intent as well; that counts as an error here. Beside it stands plain hassil
(`recognize_best`) with the same sentences and the same home, in the same run.
"""

import argparse
import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hassil import Intents, recognize_best
from hassil.expression import Alternative, Expression, Group, ListReference, Permutation, RuleReference, Sentence, TextChunk
from hassil.intents import IntentData, RangeSlotList, SlotList, TextSlotList

from earwitness.domain.home import Home
from earwitness.domain.intent import Context, SlotValue
from earwitness.links.home_file import read_home
from earwitness.understand.candidates import for_domains, wanted_domains
from earwitness.understand.names import NO_AREA
from earwitness.understand.other_language import LANGUAGES, OtherLanguage, lists_in, sentences_in
from earwitness.understand.templates import domains_of

HOMES: Final = Path(__file__).parent / "homes"
SEED: Final = 20261128
FIXED: Final = frozenset(
    ("name", "area", "floor", "brightness", "temperature", "position", "percentage", "volume_level", "color")
)
"""Slots that are compared where they were drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A sentence with what it was drawn from."""

    text: str
    intent: str
    slots: Mapping[str, SlotValue]


@dataclass(slots=True)
class _Draw:
    """Draws one sentence: walks a template, choosing by chance. Raises LookupError where a list has no fitting value."""

    random: random.Random
    rules: Mapping[str, Sentence]
    lists: Mapping[str, SlotList]
    domains: frozenset[str]
    slots: dict[str, SlotValue] = field(default_factory=dict)

    def text(self, node: Expression, depth: int = 0) -> str:
        if depth > 40:
            raise LookupError("a rule that refers to itself")
        if isinstance(node, TextChunk):
            return node.original_text
        if isinstance(node, RuleReference):
            return self.text(self.rules[node.rule_name].expression, depth + 1)
        if isinstance(node, ListReference):
            return self._value(node, depth)
        if isinstance(node, Alternative):
            return self.text(self.random.choice(node.items), depth + 1)
        if isinstance(node, Permutation):
            items = list(node.items)
            self.random.shuffle(items)
            return " ".join(self.text(item, depth + 1) for item in items)
        return "".join(self.text(item, depth + 1) for item in node.items) if isinstance(node, Group) else ""

    def _value(self, node: ListReference, depth: int) -> str:
        values = self.lists.get(node.list_name)
        if isinstance(values, RangeSlotList):
            number = self.random.randrange(values.start, values.stop + 1, values.step)
            self.slots[node.slot_name] = number * values.multiplier if values.multiplier else number
            return str(number)
        if not isinstance(values, TextSlotList):
            raise LookupError(node.list_name)
        fitting = [
            value
            for value in values.values
            if node.list_name != "name" or not self.domains or (value.context or {}).get("domain") in self.domains
        ]
        if not fitting:
            raise LookupError(node.list_name)
        chosen = self.random.choice(fitting)
        self.slots[node.slot_name] = chosen.value_out
        return self.text(chosen.text_in, depth + 1)


def drawn(intents: Intents, lists: Mapping[str, SlotList], *, each: int) -> Iterator[Drawn]:
    """`each` sentences of every intent that a home with these lists can be asked for."""
    chance = random.Random(SEED)
    for name, intent in intents.intents.items():
        pairs: list[tuple[IntentData, Sentence]] = [(block, sentence) for block in intent.data for sentence in block.sentences]
        made: dict[str, Drawn] = {}
        for _ in range(each * 6 if pairs else 0):
            block, sentence = chance.choice(pairs)
            draw = _Draw(
                random=chance,
                rules={**intents.expansion_rules, **block.expansion_rules},
                lists={**intents.slot_lists, **lists, **block.slot_lists},
                domains=wanted_domains(block),
            )
            try:
                text = " ".join(draw.text(sentence.expression).split())
            except LookupError:
                continue
            slots = {key: value for key, value in draw.slots.items() if key in FIXED}
            if len(made) < each:
                made.setdefault(text, Drawn(text=text, intent=name, slots=slots))
        yield from made.values()


def _is_right(slots: Mapping[str, SlotValue], found: Mapping[str, object]) -> bool:
    return all(key in found and str(found[key]).casefold() == str(value).casefold() for key, value in slots.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Shares from 0 to 1 and the median time of one sentence in milliseconds."""

    sentences: int
    intent: float
    whole: float
    plain_intent: float
    p50_ms: float
    plain_p50_ms: float


def measured(language: str, home: Home, *, each: int) -> Figures:
    """How many of the drawn sentences are understood as what they were drawn from."""
    known = for_domains(sentences_in(language), domains_of(home))
    lists, grammar = lists_in(home), OtherLanguage(home, language=language)
    room = home.areas[0].name
    rows = list(drawn(known, lists, each=each))
    right = whole = plain = 0
    ours, theirs = list[float](), list[float]()
    for row in rows:
        began = time.thread_time()
        intent = grammar.understand(row.text, context=Context(area=room)).intent
        ours.append(time.thread_time() - began)
        began = time.thread_time()
        result = recognize_best(
            row.text, known, slot_lists=lists, intent_context={"area": room or NO_AREA}, best_slot_name="name"
        )
        theirs.append(time.thread_time() - began)
        plain += result is not None and result.intent.name == row.intent
        if intent is not None and intent.name == row.intent:
            right += 1
            whole += _is_right(row.slots, intent.slots)
    count = max(1, len(rows))
    return Figures(
        sentences=len(rows),
        intent=right / count,
        whole=whole / count,
        plain_intent=plain / count,
        p50_ms=sorted(ours)[len(ours) // 2] * 1000.0,
        plain_p50_ms=sorted(theirs)[len(theirs) // 2] * 1000.0,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=40, help="sentences of every intent")
    parser.add_argument("--language", choices=LANGUAGES, action="append")
    chosen = parser.parse_args()
    print("language  sentences  intent   and slots  plain hassil, intent  CPU ms a sentence  plain hassil")
    for language in chosen.language or LANGUAGES:
        found = measured(language, read_home(HOMES / f"{language}.yaml"), each=chosen.each)
        print(
            f"{language:8}  {found.sentences:9}  {found.intent:6.1%}   {found.whole:9.1%}  {found.plain_intent:20.1%}"
            f"  {found.p50_ms:17.2f}  {found.plain_p50_ms:12.2f}"
        )


if __name__ == "__main__":
    main()
