"""What can be said in a home, as a recogniser can use it: a graph of words with gaps for names, numbers and open speech.

It says nothing about meaning: whoever understands makes it, whoever recognises reads it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

END = 0
"""The state at which a sentence may end; it has no arcs."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word as it is written ("turn", "%")."""

    text: str


@dataclass(frozen=True, slots=True)
class Named:
    """One of the names in `SpokenLanguage.names` under this key."""

    key: str


@dataclass(frozen=True, slots=True)
class Numbered:
    """A whole number from `first` to `last`."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Open:
    """One word or more that nobody can foresee: an item, a message, a question. `key` is the gap's name."""

    key: str


Label: TypeAlias = Word | Named | Numbered | Open


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenLanguage:
    """States and what may be said between them.

    Arcs of a state lead to states of lower numbers only, so that there are no circles; `start` has the highest number.
    """

    arcs: tuple[tuple[tuple[Label, int], ...], ...]
    """Per state, what may be said there and the state after it."""
    start: int
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Per key of a gap, the names that fit, as they are written."""
