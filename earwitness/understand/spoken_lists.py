"""Which names of a home are said in some words: the lists of its devices, rooms and floors, cut down to what can match. Pure.

Owns the step that makes understanding cost the same in a large home as in a small one. No value that could match is left out.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hassil.expression import TextChunk
from hassil.intents import SlotList, TextSlotList, TextSlotValue

_BROKEN: Final = str.maketrans("-_", "  ")
"""As the matcher breaks words apart."""
_PUNCTUATION: Final = " .,!?;:\u2026"
_NUMBER: Final = re.compile(
    r"\d|\b(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|\w{3,5}ty|hundred|thousand|million)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """What of a home is said in some words."""

    lacking: frozenset[str]
    """The lists of which nothing is said."""
    domains: frozenset[str]
    """Kinds of the devices whose names are said."""
    has_number: bool
    """Whether a number may be said."""
    firsts: tuple[str, ...]
    lasts: tuple[str, ...]
    """The word at the beginning and at the end, of each form in which the text is matched."""


class SpokenLists:
    """The lists of one home. `skip_words` are those that the matcher may leave out."""

    def __init__(self, lists: Mapping[str, SlotList], *, skip_words: Sequence[str] = (), knows_numbers: bool = True) -> None:
        """`knows_numbers` False: the words for numbers are not known here, so any words may have one."""
        self._others = {name: values for name, values in lists.items() if not isinstance(values, TextSlotList)}
        self._named = {name: _Sayings(values) for name, values in lists.items() if isinstance(values, TextSlotList)}
        words = sorted(skip_words, key=len, reverse=True)
        self._skipped = re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})\b", re.IGNORECASE) if words else None
        self._knows_numbers = knows_numbers

    def within(self, text: str) -> tuple[dict[str, SlotList], Present]:
        """The lists with the values that may be in `text` alone, and what is in it."""
        forms = self._forms(text)
        said = "\n".join(forms)
        found: dict[str, SlotList] = dict(self._others)
        lacking, domains = set(), set()
        parts = parts_of(said)
        for name, sayings in self._named.items():
            values = sayings.within(said, parts)
            found[name] = TextSlotList(name=name, values=values)
            if not values:
                lacking.add(name)
            elif name == "name":
                domains = {str((value.context or {}).get("domain", "")) for value in values}
        has_number = not self._knows_numbers or _NUMBER.search(text) is not None
        whole = [form.strip(_PUNCTUATION).split(" ") for form in forms]
        return found, Present(
            lacking=frozenset(lacking),
            domains=frozenset(domains),
            has_number=has_number,
            firsts=tuple({words[0] for words in whole}),
            lasts=tuple({words[-1] for words in whole}),
        )

    def _forms(self, text: str) -> list[str]:
        """The text as it may be matched: as it is, with words broken apart, and without what is skipped."""
        folded = " ".join(text.casefold().split())
        forms = [folded]
        if "-" in folded or "_" in folded:
            forms.append(" ".join(folded.translate(_BROKEN).split()))
        if self._skipped is not None and (shorter := self._skipped.sub(" ", folded)) != folded:
            forms.append(" ".join(shorter.split()))
        return forms


class _Sayings:
    """The values of one list, by what has to be in a text for each: nothing where it is a template."""

    def __init__(self, values: TextSlotList) -> None:
        self._values = tuple((_key(value), value) for value in values.values)
        self._places = PlacesOf([key for key, _ in self._values])

    def within(self, said: str, parts: frozenset[str]) -> list[TextSlotValue]:
        """Those that may be in a text, in the order of the list; `parts` are those of the text."""
        return [value for key, value in (self._values[at] for at in self._places.among(parts)) if key in said]


PART: Final = 3
"""Characters by which names are found; what is shorter is always looked at."""


def parts_of(said: str) -> frozenset[str]:
    """Each three characters in a row."""
    return frozenset(said[at : at + PART] for at in range(len(said) - PART + 1))


class PlacesOf:
    """The places of texts by how they begin, so that of thousands of names only those few are looked at that may be said."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._short = tuple(at for at, text in enumerate(texts) if len(text) < PART)
        self._by_part: dict[str, list[int]] = {}
        for at, text in enumerate(texts):
            if len(text) >= PART:
                self._by_part.setdefault(text[:PART], []).append(at)

    def among(self, parts: frozenset[str]) -> list[int]:
        """The places of the texts that may stand in a text of these parts, in order."""
        found = list(self._short)
        for part in parts:
            found += self._by_part.get(part, ())
        return sorted(found)


def _key(value: TextSlotValue) -> str:
    return " ".join(value.text_in.text.casefold().split()) if isinstance(value.text_in, TextChunk) else ""
