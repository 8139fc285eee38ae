"""What the classifier looks at: words, neighbours and parts of words, as numbers of rows. Pure.

The same text has the same features on every machine (CRC-32, not Python's own hash).
"""

from collections.abc import Sequence
from typing import Final
from zlib import crc32

from earwitness.understand.learned.words import Mark, Word

ROW_BITS: Final = 16
ROWS: Final = 1 << ROW_BITS
_NUMBERS: Final = frozenset(
    (
        *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen"),
        *("fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty", "thirty", "forty", "fifty", "sixty"),
        *("seventy", "eighty", "ninety", "hundred", "thousand"),
    )
)
_PART_LENGTHS: Final = (3, 4, 5)
_MOST_WORDS: Final = 40


def shape(word: str) -> str:
    """The word, or "<clock>" and "<n>" for what is a number."""
    if word[0].isdigit():
        return "<clock>" if ":" in word else "<n>"
    return "<n>" if word in _NUMBERS else word


def shapes(words: Sequence[Word], marks: Sequence[Mark]) -> list[str]:
    """The words with each known name as its kind: "turn on the <light> in the <area>"."""
    told, at = [], 0
    for mark in marks:
        told += [shape(word.text) for word in words[at : mark.first]]
        told.append(f"<{mark.kind}>")
        at = mark.last
    return told + [shape(word.text) for word in words[at:]]


def features(words: Sequence[Word], marks: Sequence[Mark]) -> list[int]:
    """Rows of the network for a text, each once, in ascending order. Words beyond the fortieth are not looked at."""
    named = ["^", *shapes(words, marks)[:_MOST_WORDS], "$"]
    said: set[str] = set()
    for at, one in enumerate(named[1:-1], start=1):
        said.add(f"u {one}")
        said.add(f"b {named[at - 1]} {one}")
        said.add(f"t {named[at - 1]} {one} {named[at + 1]}")
        said.add(f"s {named[at - 1]} {named[at + 1]}")
    said.add(f"b {named[-2]} $")
    for word in words[:_MOST_WORDS]:
        said.add(f"w {word.text}")
        if len(word.text) > 3 and word.text.isalpha():
            padded = f"<{word.text}>"
            said.update(f"c {padded[at : at + n]}" for n in _PART_LENGTHS for at in range(len(padded) - n + 1))
    said.add(f"n {min(len(named) - 2, 12)}")
    return sorted({crc32(one.encode()) & (ROWS - 1) for one in said})
