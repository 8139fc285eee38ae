"""Whole numbers as people say or write them. Pure."""

from typing import Final

_ONES: Final = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen"),
    *("fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_VALUES: Final = {word: value for value, word in enumerate(_ONES)} | {
    word: 10 * tens
    for tens, word in enumerate(("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"), start=2)
}
_SINGLE: Final = frozenset(("a", "an"))


def number_in(text: str) -> int | float | None:
    """The number that these words say ("twenty one", "a hundred", "5", "2.5"); None when they say none, or more besides."""
    words = text.lower().replace("-", " ").replace("%", " ").split()
    if len(words) == 1 and words[0].replace(".", "", 1).isdigit():
        value = float(words[0])
        return int(value) if value.is_integer() else value
    total, last = 0, None
    for word in words:
        if word == "hundred":
            total, last = (total or 1) * 100, 100
        elif word in _VALUES and (last is None or last >= 100 or (last >= 20 and last % 10 == 0 and _VALUES[word] < 10)):
            total, last = total + _VALUES[word], _VALUES[word]
        elif word != "and" and not (word in _SINGLE and last is None):
            return None
    if last is None:
        return 1 if words and words[0] in _SINGLE else None
    return total
