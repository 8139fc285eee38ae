"""Reads the block `sentences` of a home file: requests that the household makes up, with lists for what changes in them.

    sentences:
      lists:
        drink: [latte, espresso]
        size: [small, {say: [large, big], as: large}]
      rules:
        want: "(I'd like|can I have)"
      requests:
        - name: OrderCoffee
          say: ["<want> [a] [{size}] {drink}"]
          reply: "One [{size}] {drink}."
          do: [turn on the coffee machine]

Owns that format (docs/home.md tells it to users). Sentences are hassil's; what cannot be read is an error that says where.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hassil import Intents, parse_sentence
from hassil.sample import sample_sentence

from earwitness.domain.own_requests import OwnRequest, OwnRequests
from earwitness.domain.skill import SkillManifest
from earwitness.links.yaml_nodes import Spot

MOST_REQUESTS: Final = 50
MOST_SENTENCES: Final = 200
MOST_VALUES: Final = 500
MOST_STEPS: Final = 10
LONGEST_SENTENCE: Final = 1000
LONGEST_PHRASE: Final = 100

_INTENT: Final = re.compile(r"[A-Z][A-Za-z0-9]{2,60}")
_WORD: Final = re.compile(r"[a-z][a-z0-9_]{0,29}")
_SPECIAL: Final = re.compile(r"[\[\](){}|<>\\:]")
_LIST: Final = re.compile(r"\{(\w+)(?::(\w+))?\}")
_RULE: Final = re.compile(r"<(\w+)>")
_OF_HOME: Final = frozenset(("name", "area", "floor"))
"""Lists that every home has: the names of its devices, rooms and floors."""
_NUMBERS: Final = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen"),
    *("fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)
_DIGITS: Final = {word: str(number) for number, word in enumerate(_NUMBERS)}
_PREFIX: Final = "own_"
"""Before the names of lists and rules, so that none is one of the house's."""


def read_own_requests(spot: Spot) -> OwnRequests:
    """The requests of a home file's block. Raises HomeFileError."""
    return _Reader(spot).read()


@dataclass(slots=True)
class _Reader:
    root: Spot
    lists: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """Per list, what is said and what is meant by it."""
    rules: dict[str, str] = field(default_factory=dict)
    slots: set[str] = field(default_factory=set)
    """What sentences hold, by the names under which it is told."""

    def read(self) -> OwnRequests:
        parts = _parts(self.root, ("lists", "rules", "requests"))
        for name, spot in parts["lists"].fields().items() if "lists" in parts else ():
            self.lists[_named(name, spot)] = _values(spot)
        rules = parts["rules"].fields() if "rules" in parts else {}
        self.rules = {_named(name, spot): "" for name, spot in rules.items()}
        for name, spot in rules.items():
            self.rules[name] = self._sentence(spot, self._used())
        found: dict[str, OwnRequest] = {}
        intents: dict[str, Any] = {}
        requests = list(parts["requests"].items()) if "requests" in parts else []
        if not requests:
            self.root.fail('"sentences" needs "requests": what can be said, and what is answered')
        if len(requests) > MOST_REQUESTS:
            self.root.fail(f"a home file holds at most {MOST_REQUESTS} requests")
        for spot in requests:
            name, request, said = self._request(spot)
            if name in found:
                spot.fail(f'the request "{name}" is there twice; put all its sentences under one')
            found[name] = request
            intents[name] = {"data": [{"sentences": said, "metadata": {"wins": True}}]}
        return OwnRequests(manifest=self._manifest(intents), requests=found)

    def _request(self, spot: Spot) -> tuple[str, OwnRequest, list[str]]:
        parts = _parts(spot, ("name", "say", "reply", "do"))
        name = parts["name"].text() if "name" in parts else spot.fail('a request needs a name, such as "name: OrderCoffee"')
        if not _INTENT.fullmatch(name):
            parts["name"].fail(f'"{name}" is no name of a request; write one word such as OrderCoffee')
        if "say" not in parts:
            spot.fail('a request needs "say": a list of sentences')
        used = self._used()
        said = [self._sentence(each, used) for each in parts["say"].items()]
        if not said or len(said) > MOST_SENTENCES:
            parts["say"].fail(f"write 1 to {MOST_SENTENCES} sentences here")
        steps = tuple(self._told(each) for each in parts["do"].items()) if "do" in parts else ()
        if len(steps) > MOST_STEPS:
            parts["do"].fail(f"at most {MOST_STEPS} things are done for one request")
        reply = self._told(parts["reply"]) if "reply" in parts else ""
        if not reply and not steps:
            spot.fail('a request needs a "reply", or something to "do"')
        return name, OwnRequest(reply=reply, steps=steps), said

    def _used(self) -> dict[str, str]:
        """Names in braces that mean something, and what hassil is told instead."""
        return {**{name: name for name in _OF_HOME}, **{name: f"{_PREFIX}{name}:{name}" for name in self.lists}}

    def _sentence(self, spot: Spot, used: Mapping[str, str]) -> str:
        text = spot.text()
        if not text or len(text) > LONGEST_SENTENCE:
            spot.fail(f"write a sentence of 1 to {LONGEST_SENTENCE} characters here")

        def listed(found: re.Match[str]) -> str:
            name, slot = found.group(1), found.group(2)
            if name not in used:
                spot.fail(f'there is no list "{name}"; put it under "lists"')
            self.slots.add(slot or name)
            return f"{{{used[name]}}}" if slot is None else f"{{{used[name].split(':')[0]}:{slot}}}"

        def ruled(found: re.Match[str]) -> str:
            if found.group(1) not in self.rules:
                spot.fail(f'there is no rule "{found.group(1)}"; put it under "rules"')
            return f"<{_PREFIX}{found.group(1)}>"

        template = _RULE.sub(ruled, _LIST.sub(listed, text))
        try:
            parse_sentence(template)
        except Exception:  # the parser raises what it happens to trip over
            spot.fail("this sentence cannot be read; look whether every bracket is closed")
        return template

    def _told(self, spot: Spot) -> str:
        text = spot.text()
        for name, _ in _LIST.findall(text):
            if name not in self.slots:
                spot.fail(f'no sentence has a list "{name}" of which something could be said here')
        return text

    def _examples(self, sentences: dict[str, Any]) -> tuple[str, ...]:
        """A sentence for each request, with the first of what its lists hold. Fails for sentences that hassil cannot read."""
        try:
            intents = Intents.from_dict(sentences)
            known, rules = intents.slot_lists, intents.expansion_rules
            own = [next(data.sentences[0] for data in intent.data) for intent in intents.intents.values()]
            told = [next(iter(sample_sentence(each, known, rules, skip_optionals=True)), "") for each in own]
        except Exception:  # the parser raises what it happens to trip over
            self.root.fail("these sentences cannot be read together; look whether a rule leads back to itself")
        return tuple(" ".join(text.split()) for text in told)

    def _manifest(self, intents: dict[str, Any]) -> SkillManifest:
        sentences = {
            "language": "en",
            "intents": intents,
            "lists": {
                f"{_PREFIX}{name}": {"values": [{"in": said, "out": meant} for said, meant in values]}
                for name, values in self.lists.items()
            },
            "expansion_rules": {f"{_PREFIX}{name}": template for name, template in self.rules.items()},
        }
        return SkillManifest(
            name="own_requests",
            title="Requests of this home",
            about="What the home file makes up.",
            examples=self._examples(sentences),
            intents=tuple(intents),
            sentences=sentences,
        )


def _parts(spot: Spot, known: tuple[str, ...]) -> dict[str, Spot]:
    fields = spot.fields()
    for key, value in fields.items():
        if key not in known:
            value.fail(f'"{key}" is not known here; use {", ".join(known)}')
    return {key: value for key, value in fields.items() if not value.is_null}


def _named(name: str, spot: Spot) -> str:
    if not _WORD.fullmatch(name) or name in _OF_HOME:
        spot.fail(f'"{name}" cannot be a name here; write another word in small letters')
    return name


def _values(spot: Spot) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for item in spot.items():
        if item.is_mapping:
            parts = _parts(item, ("say", "as"))
            ways = [_phrase(each) for each in parts["say"].items()] if "say" in parts else []
            if not ways:
                item.fail('write "say", a list of what can be said, and "as", what it means')
            meant = parts["as"].text() if "as" in parts else ways[0]
            found += [(way, meant) for way in ways]
        else:
            said = _phrase(item)
            found.append((said, said))
    found += [(written, meant) for said, meant in found if (written := _in_digits(said)) != said]
    if not found or len(found) > MOST_VALUES:
        spot.fail(f"a list holds 1 to {MOST_VALUES} phrases")
    return found


def _in_digits(phrase: str) -> str:
    """A phrase as whoever hears it may write it."""
    return " ".join(_DIGITS.get(word.casefold(), word) for word in phrase.split())


def _phrase(spot: Spot) -> str:
    text = spot.text()
    if not text or len(text) > LONGEST_PHRASE or _SPECIAL.search(text):
        spot.fail(f"write a phrase of 1 to {LONGEST_PHRASE} characters, without brackets")
    return text
