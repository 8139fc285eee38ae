"""Words that sound alike ("four" and "for", "of" and "off"), and letters that were spelt: other ways to write a text. Pure.

Owns the other spellings. They are read only where what was written is no sentence of the home, and never towards privacy: that is
decided by `dialog`.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from earwitness.understand.sentences import read_words

MOST_SPELLINGS: Final = 12
"""Other spellings that are tried."""
_LETTERS: Final = re.compile(r"\b[a-z](?:[ .-]+[a-z]\b)+\.?", re.IGNORECASE)


@lru_cache(maxsize=1)
def _alike() -> Mapping[str, tuple[str, ...]]:
    """Each spelling with the others of its row."""
    rows = read_words("sentences/homophones_en.yaml")["homophones"]
    return {one: tuple(other for other in row if other != one) for row in rows for one in row}


@lru_cache(maxsize=1)
def _words() -> re.Pattern[str]:
    ordered = sorted(_alike(), key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, ordered))})\b", re.IGNORECASE)


def other_spellings(plain: str) -> tuple[str, ...]:
    """Other ways to write a plain text, those with the fewest other words first; at most MOST_SPELLINGS."""
    found = dict.fromkeys(_spelt(plain))
    found.pop(plain, None)
    return tuple(found)[:MOST_SPELLINGS]


def _spelt(plain: str) -> Iterator[str]:
    joined = _LETTERS.sub(lambda letters: re.sub(r"[ .-]", "", letters.group()), plain)
    yield joined
    single = list(_changed(joined))
    yield from single
    for one in single:
        yield from _changed(one)


def _changed(text: str) -> Iterator[str]:
    """The text with one word written otherwise."""
    for place in _words().finditer(text):
        for other in _alike()[place.group().lower()]:
            yield f"{text[: place.start()]}{other}{text[place.end() :]}"
