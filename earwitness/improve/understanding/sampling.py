"""Sentences made from templates, with the words of each slot marked. Pure: randomness is given.

Owns the walk through a template. What stands for names and free words is `fillers.py`'s.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hassil.expression import Alternative, Expression, Group, ListReference, Permutation, RuleReference, Sentence, TextChunk

_DEEPEST = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The words of a slot: characters `start` to `end` of the text."""

    slot: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A sentence and its slots."""

    text: str
    spans: tuple[Span, ...] = ()


Fill = Callable[[ListReference], str]
"""Words for a list."""


@dataclass(slots=True)
class _Draft:
    text: str = ""
    spans: list[Span] = field(default_factory=list)

    def add(self, text: str) -> None:
        """Append, never with two spaces together or one in front."""
        if not self.text or self.text.endswith(" "):
            text = text.lstrip(" ")
        self.text += text


class Sampler:
    """Draws sentences from templates."""

    def __init__(self, rules: Mapping[str, Sentence], fill: Fill, *, luck: random.Random) -> None:
        self._rules = rules
        self._fill = fill
        self._luck = luck

    def draw(self, expression: Expression) -> Sample:
        """One sentence of the template."""
        draft = _Draft()
        self._walk(expression, draft, 0)
        text = draft.text.rstrip(" ")
        spans = [Span(slot=one.slot, start=one.start, end=min(one.end, len(text))) for one in draft.spans]
        return Sample(text=text, spans=tuple(one for one in spans if one.start < one.end))

    def _walk(self, node: Expression, draft: _Draft, depth: int) -> None:
        if isinstance(node, TextChunk):
            draft.add(node.original_text)
        elif isinstance(node, ListReference):
            self._name(node, draft)
        elif isinstance(node, RuleReference) and depth < _DEEPEST and node.rule_name in self._rules:
            self._walk(self._rules[node.rule_name].expression, draft, depth + 1)
        elif isinstance(node, Alternative):
            self._walk(self._luck.choice(node.items), draft, depth + 1)
        elif isinstance(node, Permutation):
            for item in self._luck.sample(node.items, len(node.items)):
                draft.add(" ")
                self._walk(item, draft, depth + 1)
            draft.add(" ")
        elif isinstance(node, Group):
            for item in node.items:
                self._walk(item, draft, depth + 1)

    def _name(self, node: ListReference, draft: _Draft) -> None:
        words = self._fill(node).strip()
        draft.add("")
        start = len(draft.text)
        draft.add(words)
        draft.spans.append(Span(slot=node.slot_name, start=start, end=len(draft.text)))
