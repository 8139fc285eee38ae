"""What stands in a made sentence for a list's words: names of a made-up home, free words, values of the sentences' own lists."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import yaml
from hassil.expression import ListReference
from hassil.intents import IntentData, RangeSlotList, SlotList, TextSlotList
from hassil.parse_expression import parse_sentence

from earwitness.improve.understanding.sampling import Sampler
from earwitness.understand.learned.frames import domains_of
from earwitness.understand.learned.words import KnownNames

_WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen"),
    *("fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fillers:
    """The words of fillers_en.yaml."""

    names: Mapping[str, list[str]]
    areas: list[str]
    floors: list[str]
    lists: Mapping[str, list[str]]
    rules: Mapping[str, Any]
    before: list[str]
    after: list[str]

    def known(self) -> KnownNames:
        """The names of the made-up home."""
        kinds = {name: "list" if domain == "todo" else domain for domain, names in self.names.items() for name in names}
        return KnownNames({**kinds, **dict.fromkeys(self.floors, "floor"), **dict.fromkeys(self.areas, "area")})


@lru_cache(maxsize=1)
def fillers() -> Fillers:
    """What is in fillers_en.yaml."""
    text = resources.files("earwitness.improve.understanding").joinpath("fillers_en.yaml").read_text(encoding="utf-8")
    tree: dict[str, Any] = yaml.safe_load(text)
    rules = {name: parse_sentence(f"({words})") for name, words in tree["rules"].items()}
    return Fillers(rules=rules, **{key: tree[key] for key in ("names", "areas", "floors", "lists", "before", "after")})


class Filling:
    """Fills the lists of one block of sentences. `more` are further free words by list, beside those of the file."""

    def __init__(
        self, block: IntentData, lists: Mapping[str, SlotList], *, luck: random.Random, more: Mapping[str, list[str]]
    ) -> None:
        self._words = fillers()
        self._lists = {**lists, **block.slot_lists}
        self._domains = sorted(domains_of(block) & self._words.names.keys()) or [
            domain for domain in self._words.names if domain not in ("todo", "person")
        ]
        self._luck = luck
        self._more = more
        self._free = Sampler(self._words.rules, self.fill, luck=luck)

    def fill(self, reference: ListReference) -> str:
        """Words for a list."""
        name, luck = reference.list_name, self._luck
        if name == "name":
            return luck.choice(self._words.names[luck.choice(self._domains)])
        if name in ("area", "floor"):
            return luck.choice(self._words.areas if name == "area" else self._words.floors)
        if self._more.get(name) and luck.random() < 0.6:
            return luck.choice(self._more[name])
        if name in self._words.lists:
            return self._free.draw(parse_sentence(luck.choice(self._words.lists[name])).expression).text
        known = self._lists.get(name)
        if isinstance(known, TextSlotList):
            return self._free.draw(luck.choice(known.values).text_in).text
        if isinstance(known, RangeSlotList):
            return self._number(known.start, known.stop)
        if bounds := reference.get_inline_range():
            return self._number(bounds[0], bounds[1])
        return luck.choice(self._words.lists["timer_name"])

    def _number(self, start: int, stop: int) -> str:
        likely = [one for one in (1, 2, 3, 5, 10, 15, 18, 20, 21, 25, 30, 45, 50, 70, 75, 80, 90, 100) if start <= one <= stop]
        chosen = (
            self._luck.choice(likely)
            if likely and self._luck.random() < 0.7
            else self._luck.randint(start, min(stop, start + 200))
        )
        return str(chosen) if self._luck.random() < 0.5 else in_words(chosen)


def in_words(number: int) -> str:
    """A whole number up to 999 as it is said; others as digits."""
    if number < 0 or number > 999:
        return str(number)
    if number < 20:
        return _WORDS[number]
    if number < 100:
        return _TENS[number // 10] + (f" {_WORDS[number % 10]}" if number % 10 else "")
    rest = number % 100
    return f"{_WORDS[number // 100]} hundred" + (f" {in_words(rest)}" if rest else "")
