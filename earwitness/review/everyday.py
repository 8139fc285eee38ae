"""The words that requests are made of, as data; and those among them that may also be somebody's name. Read once.

What is not among them is taken for a name, a place or a firm: better a word too many is blanked out than a name is shown.
"""

import tomllib
from collections.abc import Collection
from functools import cache
from importlib.resources import files
from typing import Final


@cache
def _sets() -> dict[str, frozenset[str]]:
    text = files("earwitness.review").joinpath("word_sets.toml").read_text(encoding="utf-8")
    return {name: frozenset(str(words).split()) for name, words in tomllib.loads(text).items()}


def word_set(name: str) -> frozenset[str]:
    """The words of one list of word_sets.toml. Raises KeyError for a name that is none."""
    return _sets()[name]


AMBIGUOUS: Final = word_set("ambiguous")
"""Everyday words that are names too: beside a name, or where a name is expected, they count as one."""
UNITS: Final = word_set("units")
"""What a number may stand before and say nothing of anybody."""
WEEKDAYS: Final = word_set("weekdays")
NUMBERS: Final = word_set("numbers")
SMALL_WORDS: Final = word_set("small_words")
"""Words that join others; no name goes on across them."""
_ENDINGS: Final = (
    ("'s", ""), ("s", ""), ("es", ""), ("ies", "y"), ("ed", ""), ("ed", "e"), ("ing", ""), ("ing", "e"), ("ly", "")
)  # fmt: skip


@cache
def everyday_words() -> frozenset[str]:
    """All of them, in lower case."""
    text = files("earwitness.review").joinpath("everyday_words.csv").read_text(encoding="utf-8")
    return frozenset(text.split("\n")[1:]) - {""} | SMALL_WORDS | UNITS | NUMBERS


def is_everyday(word: str, *, also: Collection[str] = ()) -> bool:
    """Whether a word in lower case is one that requests are made of, or one of `also`; its endings are looked through."""
    words = everyday_words()
    stems = [word, word.replace("\u2019", "'")]
    for ending, instead in _ENDINGS:
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= 3 and (ending != "es" or stem.endswith(("s", "x", "z", "ch", "sh", "o"))):
            stems.append(stem + instead)
            if ending == "ing" and stem[-1] == stem[-2]:
                stems.append(stem[:-1])
    return any(stem in words or stem in also for stem in stems)
