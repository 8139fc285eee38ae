"""The words of sentences that lean on what was said before, taken apart: how they begin, and what is left. Pure.

Owns the reading of sentences/dialog_en.yaml. What a part means for the request before is decided by `carry_over`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from hassil import Intents, is_match, parse_sentence, recognize_best
from hassil.expression import Sentence
from hassil.intents import SlotList
from hassil.recognize import RecognizeResult

from earwitness.domain.intent import SlotValue
from earwitness.understand.sentences import english, only, read_words


class Kind(StrEnum):
    """What a part of a sentence is."""

    PLACE = "place"
    THING = "thing"
    TIME = "time"
    DURATION = "duration"
    NUMBER = "number"
    COLOR = "color"
    STEP = "step"
    WORDS = "words"


class Lean(StrEnum):
    """How a sentence leans on the one before."""

    ALSO = "also"
    """The same once more, for something else."""
    CORRECTS = "corrects"
    """The same, but otherwise: what was done is taken back."""
    BARE = "bare"
    """It does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """A part of a sentence; `values` by the names of slots, `text` as it was said."""

    kind: Kind
    text: str
    values: Mapping[str, SlotValue]


MOST_FRAGMENT_WORDS: Final = 12
_ORDER: Final = (Kind.STEP, Kind.DURATION, Kind.NUMBER, Kind.COLOR, Kind.PLACE, Kind.THING)
_NOT_BUT: Final = re.compile(r"^(?:no[, ]+)?not (?:in |on |at |for )?(?P<wrong>.+?)(?:,| but) *(?P<right>.+)$", re.IGNORECASE)
_BUT_NOT: Final = re.compile(r"^(?P<right>.+?),? (?:and )?not (?P<wrong>[^,]+)$", re.IGNORECASE)


@lru_cache(maxsize=1)
def words() -> Mapping[str, Any]:
    """The file."""
    return read_words("sentences/dialog_en.yaml")


@lru_cache(maxsize=1)
def _intents() -> Intents:
    tree = dict(words())
    found = Intents.from_dict({key: tree[key] for key in ("language", "lists", "expansion_rules", "intents")})
    shared = {name: values for name, values in english().slot_lists.items() if name in ("color", "color_temperature_names")}
    return Intents(
        language="en",
        intents=found.intents,
        slot_lists={**shared, **found.slot_lists},
        expansion_rules=found.expansion_rules,
        skip_words=[],
        settings=found.settings,
    )


def leaning(plain: str) -> tuple[Lean, str]:
    """How a plain text leans on what was before, and what is left of it."""
    for lean in (Lean.CORRECTS, Lean.ALSO):
        if found := _leads(lean.value).match(plain):
            return lean, _ending().sub("", plain[found.end() :]).strip(" ,")
    if found := _NOT_BUT.match(plain):
        return Lean.CORRECTS, found["right"].strip(" ,")
    if found := _BUT_NOT.match(plain):
        return Lean.CORRECTS, found["right"].strip(" ,")
    return Lean.BARE, _ending().sub("", plain)


@lru_cache(maxsize=4)
def _leads(name: str) -> re.Pattern[str]:
    ordered = sorted(words()[name], key=len, reverse=True)
    spoken = "|".join(r"[\s,]+".join(map(re.escape, one.split())) for one in ordered)
    return re.compile(rf"^(?:{spoken})(?:[\s,.]+|$)", re.IGNORECASE)


@lru_cache(maxsize=1)
def _ending() -> re.Pattern[str]:
    return re.compile(rf"[\s,]+(?:{'|'.join(map(re.escape, words()['too']))})$", re.IGNORECASE)


@lru_cache(maxsize=1)
def _takes_back() -> Sequence[Sentence]:
    return [parse_sentence(one) for one in words()["takes_back"]]


def takes_back(plain: str) -> bool:
    """Whether a text takes back what was done last."""
    return any(is_match(plain, sentence) is not None for sentence in _takes_back())


@lru_cache(maxsize=1)
def _moves() -> re.Pattern[str]:
    return re.compile(
        r"^(?:move|shift|change|set|put|push|postpone|reschedule|make) (?:it|that|this|them) (?:to|for|till|until) (?P<rest>.+)$",
        re.IGNORECASE,
    )


def moved_to(plain: str) -> str:
    """Where "move it to nine" moves it; empty for other words."""
    found = _moves().match(plain)
    return found["rest"] if found is not None else ""


@lru_cache(maxsize=1)
def _pronouns() -> re.Pattern[str]:
    ordered = sorted(words()["pronouns"], key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, ordered))})(?=\s|$|'s\b)", re.IGNORECASE)


def with_names(plain: str, name: str) -> str:
    """The text with the first pronoun replaced by a name; the same text where there is none."""
    return _pronouns().sub(lambda _: name, plain, count=1)


def fragments(text: str, *, lists: Mapping[str, SlotList]) -> tuple[Fragment, ...]:
    """What the whole of a text may be, the likeliest first; nothing that is not in the home's `lists` is a place or a thing."""
    if not text or text.count(" ") >= MOST_FRAGMENT_WORDS:
        return ()
    found = []
    for kind in _ORDER:
        result = _read(text, kind, lists=lists)
        if result is not None:
            values: dict[str, SlotValue] = {entity.name: entity.value for entity in result.entities_list}
            domain = result.context.get("domain")
            if kind is Kind.THING and domain is not None:
                values["domain"] = str(domain.get("value") if isinstance(domain, dict) else domain)
            found.append(Fragment(kind=kind, text=text, values=values))
    return tuple(found)


def free_words(text: str) -> Fragment:
    """A text as words that may be anything."""
    plain = re.sub(r"^(?:add|put|buy|get|play)\s+(?=\S)", "", text, flags=re.IGNORECASE)
    return Fragment(kind=Kind.WORDS, text=text, values={"words": plain})


def _read(text: str, kind: Kind, *, lists: Mapping[str, SlotList]) -> RecognizeResult | None:
    return recognize_best(text, only(_intents(), frozenset((kind.value,))), slot_lists=dict(lists), best_slot_name="name")


def is_downward(transcript: str) -> bool:
    """Whether a request wanted less of something."""
    return not frozenset(words()["downward"]).isdisjoint(re.findall(r"\w+", transcript.lower()))


def separated(plain: str) -> Sequence[tuple[str, str]]:
    """Every way to cut a text in two between requests, from the left."""
    found: dict[int, tuple[str, str]] = {}
    for separator in words()["separators"]:
        place = plain.lower().find(separator)
        while place >= 0:
            first, rest = plain[:place].strip(" ,"), plain[place + len(separator) :].strip(" ,")
            if first and rest:
                found.setdefault(len(first), (first, rest))
            place = plain.lower().find(separator, place + 1)
    return [found[length] for length in sorted(found)]
