"""The words of a plain request, with the names that a home knows marked in them. Pure.

Owns how text becomes words for everything that is learned: training and use see the same.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from earwitness.domain.home import Home
from earwitness.understand.names import area_sayings, device_sayings, floor_sayings, list_sayings

_WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*|\d+(?:[.,:]\d+)*|[%°]")
_ROOMS: Final = (
    *(
        "kitchen",
        "living room",
        "bedroom",
        "bathroom",
        "hallway",
        "hall",
        "garage",
        "garden",
        "office",
        "study",
        "attic",
        "cellar",
    ),
    *("basement", "dining room", "nursery", "guest room", "guest bedroom", "master bedroom", "kids room", "laundry room"),
    *("lounge", "den", "patio", "porch", "backyard", "front yard", "entrance", "playroom", "workshop", "conservatory", "pantry"),
    *("closet", "balcony", "toilet", "washroom", "family room", "foyer", "shed", "corridor", "stairway", "terrace"),
)
_FLOORS: Final = ("upstairs", "downstairs", "first floor", "ground floor", "second floor", "top floor")
_MOST_WORDS_OF_A_NAME: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word in lower case, and where it stands in the text."""

    text: str
    start: int
    end: int


def words_in(plain: str) -> tuple[Word, ...]:
    """The words of a text; numbers, "%" and "°" are words too."""
    return tuple(
        Word(text=found.group().lower().replace("\u2019", "'"), start=found.start(), end=found.end())
        for found in _WORD.finditer(plain)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A known name from word `first` up to, not including, word `last`; `kind` is "area", "floor", "list" or a device's
    domain.
    """

    first: int
    last: int
    kind: str


class KnownNames:
    """Names and their kinds. Rooms that many homes have are known by themselves, so that any home sees them as rooms."""

    def __init__(self, kinds: Mapping[str, str]) -> None:
        """`kinds` maps what may be said to "area", "floor", "list" or a domain."""
        every = {**dict.fromkeys(_ROOMS, "area"), **dict.fromkeys(_FLOORS, "floor"), **kinds}
        self._kinds = {" ".join(word.text for word in words_in(name)): kind for name, kind in every.items()}
        self._firsts = frozenset(name.split(" ", 1)[0] for name in self._kinds)

    def marks(self, words: Iterable[Word]) -> tuple[Mark, ...]:
        """The names in a text, longest first from the left, none over another."""
        texts = [word.text for word in words]
        found, at = [], 0
        while at < len(texts):
            mark = self._longest(texts, at) if texts[at] in self._firsts else None
            if mark is None:
                at += 1
            else:
                found.append(mark)
                at = mark.last
        return tuple(found)

    def _longest(self, texts: list[str], at: int) -> Mark | None:
        for last in range(min(len(texts), at + _MOST_WORDS_OF_A_NAME), at, -1):
            if kind := self._kinds.get(" ".join(texts[at:last])):
                return Mark(first=at, last=last, kind=kind)
        return None


def names_of(home: Home) -> KnownNames:
    """What this home's names are names of."""
    kinds = {saying: devices[0].domain for saying, devices in device_sayings(home).items()}
    kinds |= dict.fromkeys(list_sayings(home), "list")
    kinds |= dict.fromkeys(floor_sayings(home), "floor")
    kinds |= dict.fromkeys(area_sayings(home), "area")
    return KnownNames(kinds)
