"""How sentences begin and end: the words, or the lists, that stand first and last in what a template matches. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hassil.expression import Alternative, Expression, Group, ListReference, Permutation, RuleReference, Sentence, TextChunk

LIST: Final = "\x00"
"""Stands before the name of a list among words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """What may stand first, or last. `words` are beginnings, or ends, of words; `lists` are names of lists."""

    words: tuple[str, ...]
    lists: frozenset[str]
    is_open: bool
    """Whether anything may stand there."""


def edge(sentence: Sentence, rules: Mapping[str, Sentence], *, is_end: bool) -> Edge:
    """How what `sentence` matches begins, or ends."""
    found, is_empty = _edges(sentence.expression, rules, is_end=is_end)
    return Edge(
        words=tuple(sorted(one for one in found if not one.startswith(LIST))),
        lists=frozenset(one.removeprefix(LIST) for one in found if one.startswith(LIST)),
        is_open=is_empty,
    )


def _edges(node: Expression, rules: Mapping[str, Sentence], *, is_end: bool) -> tuple[set[str], bool]:
    """The words and lists at that side, and whether `node` can match nothing."""
    if isinstance(node, TextChunk):
        pieces = node.text.casefold().split()
        return set(pieces[-1:] if is_end else pieces[:1]), not pieces
    if isinstance(node, RuleReference):
        rule = rules.get(node.rule_name)
        return _edges(rule.expression, rules, is_end=is_end) if rule is not None else (set(), True)
    if isinstance(node, ListReference):
        return {f"{LIST}{node.list_name}"}, False
    if isinstance(node, Alternative | Permutation):
        parts = [_edges(item, rules, is_end=is_end) for item in node.items]
        is_empty = any(empty for _, empty in parts) or (isinstance(node, Alternative) and node.is_optional)
        return set[str]().union(*(found for found, _ in parts)), is_empty
    found: set[str] = set()
    items = node.items if isinstance(node, Group) else []
    for item in reversed(items) if is_end else items:
        words, is_empty = _edges(item, rules, is_end=is_end)
        found |= words
        if not is_empty:
            return found, False
    return found, True
