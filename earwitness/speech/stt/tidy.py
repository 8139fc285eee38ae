"""Tidies what a recogniser wrote: loops, notes about sounds, stray spaces. Pure; never changes a word that was said once."""

import re

_NOTE = re.compile(r"\[[^\]]*\]|\([^)]*\)|\*[^*]*\*|♪+|<<[^>]*>>")
"""What models write about sounds that are no words: [MUSIC], (coughs), *laughs*."""
_LONGEST_PHRASE = 12
_MOST_REPEATS = 3
"""People say "no, no, no"; a phrase that comes more often in a row is the model's loop."""


def tidy(text: str) -> str:
    """The text without notes about sounds, loops and doubled spaces; empty if no letter or digit is left."""
    words = _unlooped(_NOTE.sub(" ", text).split())
    tidied = " ".join(words).strip(" -,")
    return tidied if any(letter.isalnum() for letter in tidied) else ""


def has_loop(text: str) -> bool:
    """Whether some phrase is repeated so often in a row that nobody said it."""
    words = text.split()
    return len(_unlooped(words)) < len(words)


def said_once(text: str) -> str:
    """The text, or if it is the same phrase twice or more and nothing else, that phrase."""
    words = text.split()
    keys = _keys(words)
    for length in range(1, len(words) // 2 + 1):
        if len(words) % length == 0 and keys == keys[:length] * (len(words) // length):
            return " ".join(words[:length])
    return text


def _keys(words: list[str]) -> list[str]:
    """The words as they are compared: without case and punctuation."""
    return [re.sub(r"\W", "", word).lower() or word for word in words]


def _unlooped(words: list[str]) -> list[str]:
    """Each phrase that comes more than three times in a row, once."""
    kept = list(words)
    for length in range(1, _LONGEST_PHRASE + 1):
        kept = _without_repeats(kept, length=length)
    return kept


def _without_repeats(words: list[str], *, length: int) -> list[str]:
    keys = _keys(words)
    kept: list[str] = []
    at = 0
    while at < len(words):
        phrase = keys[at : at + length]
        repeats = 1
        while len(phrase) == length and keys[at + repeats * length : at + (repeats + 1) * length] == phrase:
            repeats += 1
        if repeats > _MOST_REPEATS:
            kept += words[at : at + length]
            at += repeats * length
        else:
            kept.append(words[at])
            at += 1
    return kept
