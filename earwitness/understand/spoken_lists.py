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
        self._named = {name: _keyed(values) for name, values in lists.items() if isinstance(values, TextSlotList)}
        words = sorted(skip_words, key=len, reverse=True)
        self._skipped = re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})\b", re.IGNORECASE) if words else None
        self._knows_numbers = knows_numbers

    def within(self, text: str) -> tuple[dict[str, SlotList], Present]:
        """The lists with the values that may be in `text` alone, and what is in it."""
        forms = self._forms(text)
        said = "\n".join(forms)
        found: dict[str, SlotList] = dict(self._others)
        lacking, domains = set(), set()
        for name, pairs in self._named.items():
            values = [value for key, value in pairs if key in said]
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


def _keyed(values: TextSlotList) -> list[tuple[str, TextSlotValue]]:
    """Each value with what has to be in a text for it: nothing where it is a template."""
    return [(_key(value), value) for value in values.values]


def _key(value: TextSlotValue) -> str:
    return " ".join(value.text_in.text.casefold().split()) if isinstance(value.text_in, TextChunk) else ""
