"""Frames: what the sentences of an intent come to, apart from their words. Pure.

Sentences of one intent differ in what they say by themselves ("turn it *up*", "cancel *all* alarms") and in the slots that
words fill. A frame is one such kind: an intent with the values that its sentences say by themselves. The classifier's classes
are frames.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from hassil import Intents
from hassil.expression import Alternative, Expression, Group, ListReference, RuleReference, Sentence
from hassil.intents import IntentData, RangeSlotList, SlotList, TextSlotList, WildcardSlotList

from earwitness.domain.intent import SlotValue

_MOST_WAYS = 64
"""Ways to fill the slots of one template that are looked at."""
_DEEPEST = 24
RESPONDING = ("HassGetState", "HassRespond")
"""Intents whose answer depends on which sentence asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A slot that words fill: from which lists."""

    name: str
    lists: tuple[SlotList, ...] = ()
    list_names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One kind of request. `ways` are the sets of slots with which a sentence of this kind is whole."""

    key: str
    intent: str
    said: Mapping[str, SlotValue]
    """What its sentences say by themselves."""
    response: str
    slots: Mapping[str, Slot]
    ways: tuple[frozenset[str], ...]
    takes_area: bool
    """Whether it means the room in which it was said when none is named."""
    domains: frozenset[str]
    """Of devices that `name` may name; empty for any."""


def frame_key(intent: str, block: IntentData) -> str:
    """The name of the frame that a block of sentences belongs to."""
    response = (block.response or "") if intent in RESPONDING else ""
    return json.dumps([intent, dict(sorted(block.slots.items())), response], ensure_ascii=False, separators=(",", ":"))


def intent_of(key: str) -> str:
    """The intent of a frame."""
    return str(json.loads(key)[0])


def frames_of(intents: Intents) -> dict[str, Frame]:
    """Every frame of these sentences, by its key."""
    blocks: dict[str, list[tuple[str, IntentData]]] = {}
    for name, intent in intents.intents.items():
        for block in intent.data:
            blocks.setdefault(frame_key(name, block), []).append((name, block))
    return {key: _frame(key, every, intents) for key, every in blocks.items()}


def _frame(key: str, blocks: list[tuple[str, IntentData]], intents: Intents) -> Frame:
    intent, first = blocks[0]
    slots: dict[str, Slot] = {}
    ways: set[frozenset[str]] = set()
    domains: set[str] = set()
    for _, block in blocks:
        rules = {**intents.expansion_rules, **block.expansion_rules}
        every = {**intents.slot_lists, **block.slot_lists}
        for sentence in block.sentences:
            for one in references(sentence.expression, rules):
                slots[one.slot_name] = _with(slots.get(one.slot_name), one, every)
            ways |= set(_ways(sentence.expression, rules))
        domains |= domains_of(block)
    takes_area = any("area" in block.requires_context for _, block in blocks)
    return Frame(
        key=key,
        intent=intent,
        said={name: _plain(value) for name, value in first.slots.items()},
        response=(first.response or "") if intent in RESPONDING else "",
        slots=slots,
        ways=tuple(sorted(_least(ways), key=lambda way: (len(way), sorted(way)))),
        takes_area=takes_area,
        domains=frozenset(domains),
    )


def domains_of(block: IntentData) -> frozenset[str]:
    """The domains that a name in these sentences may have; empty when any will do."""
    wanted = block.requires_context.get("domain")
    wanted = wanted.get("value") if isinstance(wanted, dict) else wanted
    return frozenset((wanted,) if isinstance(wanted, str) else wanted or ())


def _plain(value: object) -> SlotValue:
    return value if isinstance(value, bool | int | float | str) else str(value)


def _with(slot: Slot | None, reference: ListReference, lists: Mapping[str, SlotList]) -> Slot:
    known = lists.get(reference.list_name)
    if known is None and (bounds := reference.get_inline_range()):
        known = RangeSlotList(name=reference.list_name, start=bounds[0], stop=bounds[1], step=bounds[2])
    before = slot or Slot(name=reference.slot_name)
    if reference.list_name in before.list_names:
        return before
    return Slot(
        name=reference.slot_name,
        lists=(*before.lists, *((known,) if isinstance(known, RangeSlotList | TextSlotList | WildcardSlotList) else ())),
        list_names=before.list_names | {reference.list_name},
    )


def references(node: Expression, rules: Mapping[str, Sentence], depth: int = 0) -> Iterator[ListReference]:
    """The lists that a template refers to, in rules too."""
    if isinstance(node, ListReference):
        yield node
    elif isinstance(node, Group) and depth < _DEEPEST:
        for item in node.items:
            yield from references(item, rules, depth + 1)
    elif isinstance(node, RuleReference) and node.rule_name in rules and depth < _DEEPEST:
        yield from references(rules[node.rule_name].expression, rules, depth + 1)


def _ways(node: Expression, rules: Mapping[str, Sentence], depth: int = 0) -> frozenset[frozenset[str]]:
    """The sets of slots that a way through a template fills."""
    if isinstance(node, ListReference):
        return frozenset((frozenset((node.slot_name,)),))
    if isinstance(node, RuleReference) and node.rule_name in rules and depth < _DEEPEST:
        return _ways(rules[node.rule_name].expression, rules, depth + 1)
    if isinstance(node, Alternative):
        return frozenset(way for item in node.items for way in _ways(item, rules, depth + 1)) or _NOTHING
    if isinstance(node, Group):
        parts = [_least(_ways(item, rules, depth + 1)) for item in node.items]
        found = _NOTHING
        for part in parts:
            found = _least(frozenset(left | right for left, right in product(found, part)))
        return found
    return _NOTHING


_NOTHING: frozenset[frozenset[str]] = frozenset((frozenset(),))


def _least(ways: Iterable[frozenset[str]]) -> frozenset[frozenset[str]]:
    """Those that hold no other: what more may be said is no matter."""
    every = sorted(set(ways), key=lambda way: (len(way), sorted(way)))
    kept: list[frozenset[str]] = []
    for way in every:
        if not any(other <= way for other in kept):
            kept.append(way)
    return frozenset(kept[:_MOST_WAYS])
