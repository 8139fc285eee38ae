"""The words of a text as time rules see them: small letters, with their places, "a.m." and "o'clock" in one spelling; numbers."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any


def word_set(*texts: str) -> frozenset[str]:
    """The words of some texts."""
    return frozenset(word for text in texts for word in text.split())


LONGEST_CHARACTERS = 1_000

_TOKEN = re.compile(
    r"(?P<half>\b[ap](?:\.\s?m\b\.?|\sm\b\.?|m\b\.?)|(?<=\d)[ap]\.?m\b\.?)"
    r"|(?P<oclock>\bo(?:['\u2019 ]\s?)?clock\b)"
    r"|(?P<date>\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?![\d])|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})(?![\d:]))"
    r"|(?P<clock>\d{1,2}:\d{2}(?::\d{2})?(?!\d))"
    r"|(?P<dotted>\d{1,2}\.\d{1,2}(?![\d.]))"
    r"|(?P<ordinal>\d{1,4}(?:st|nd|rd|th)\b)"
    r"|(?P<digits>\d+)"
    r"|(?P<word>[^\W\d_]+(?:['\u2019][^\W\d_]+)?)"
    r"|(?P<stop>[.?!;\u2026]+)"
    r"|(?P<dash>[-\u2013\u2014])"
    r"|(?P<other>[^\s,'\"\u2018\u2019\u201c\u201d()])",
    re.IGNORECASE,
)
_ZONE_LETTERS = re.compile(r"\b([gecmpbu])\.?\s?([mtsd]|es|s)\.?\s?([tc])\b\.?", re.IGNORECASE)
_MONTH_DOT = re.compile(r"\b(jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|st|mon|tues?|wed|thurs?|fri|sat|sun)\.", re.IGNORECASE)

UNITS = {
    word: value for value, word in enumerate(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])
}
TEENS = {
    word: value
    for value, word in enumerate(
        ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"], start=10
    )
}
TENS = {
    word: value
    for value, word in zip(
        range(20, 100, 10), ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], strict=True
    )
}
TENS["fourty"] = 40
_ORDINAL_UNITS = {
    word: value
    for value, word in enumerate(["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"], start=1)
}
_ORDINAL_TEENS = {
    word: value
    for value, word in enumerate(
        [
            "tenth",
            "eleventh",
            "twelfth",
            "thirteenth",
            "fourteenth",
            "fifteenth",
            "sixteenth",
            "seventeenth",
            "eighteenth",
            "nineteenth",
        ],
        start=10,
    )
} | {"twentieth": 20, "thirtieth": 30}
_OWNING = word_set(
    "today tomorrow yesterday tonight week weekend month year morning afternoon evening night day hour minute",
    "monday tuesday wednesday thursday friday saturday sunday",
)
_MISSPELT = {"tomorrows": "tomorrow", "todays": "today", "twelveth": "twelfth", "tommorow": "tomorrow", "tomorow": "tomorrow"}
_OH = frozenset(("oh", "o", "zero"))


_BEYOND = 32
"""Empty words past either end: further than any rule looks."""


@cache
def _phrase(text: str) -> tuple[str, ...]:
    return tuple(text.split())


@dataclass(frozen=True, slots=True)
class Token:
    word: str
    kind: str
    start: int
    end: int


class Words:
    """The tokens of a text. Past either end every word is empty and no number."""

    def __init__(self, text: str) -> None:
        plain = _MONTH_DOT.sub(lambda found: found[1] + " ", text) if "." in text else text
        self.tokens = tuple(_tokens(plain))
        self.found: dict[tuple[str, int], Any] = {}
        """What rules found at a place, so that they need not look twice."""
        self.depth = 0
        """How many rules that look for a day within a day are at it."""
        self._words = [token.word for token in self.tokens] + [""] * _BEYOND
        self._kinds = [token.kind for token in self.tokens] + [""] * _BEYOND

    def __len__(self) -> int:
        return len(self.tokens)

    def __getitem__(self, index: int) -> str:
        return self._words[index]

    def kind(self, index: int) -> str:
        return self._kinds[index]

    def are(self, index: int, phrase: str) -> int:
        """Where `phrase` (words parted by spaces) ends if it is at `index`; 0 if it is not."""
        words = self._words
        for word in _phrase(phrase):
            if words[index] != word:
                return 0
            index += 1
        return index

    def after_any(self, index: int, words: frozenset[str]) -> int:
        """The place behind `index` if one of `words` is there, else `index`."""
        return index + 1 if self[index] in words else index

    def small(self, index: int) -> tuple[int, int] | None:
        """A number below 100, in words or at most two digits, and where it ends."""
        word = self[index]
        if self.kind(index) == "digits":
            return (int(word), index + 1) if len(word) <= 2 else None
        if word in TENS:
            unit = UNITS.get(self[index + 1], 0)
            return (TENS[word] + unit, index + 2) if unit else (TENS[word], index + 1)
        value = TEENS.get(word, UNITS.get(word))
        return None if value is None else (value, index + 1)

    def number(self, index: int) -> tuple[int, int] | None:
        """A whole number below a million ("two hundred and forty five", "1600"), and where it ends."""
        if self.kind(index) == "digits":
            return (int(self[index]), index + 1) if len(self[index]) <= 6 else None
        total = 0
        found = self._below_thousand(index)
        if found is None:
            return None
        value, index = found
        if self[index] == "thousand":
            total, index = value * 1000, index + 1
            rest = self._below_thousand(index + (self[index] == "and"))
            value, index = rest if rest is not None and rest[0] else (0, index)
        return total + value, index

    def _below_thousand(self, index: int) -> tuple[int, int] | None:
        found = (1, index + 1) if self.are(index, "a hundred") else self.small(index)
        if found is None or self.kind(index) == "digits":
            return None
        value, end = found
        if self[end] == "hundred" and 0 < value < 100:
            value, end = value * 100, end + 1
            rest = self.small(end + (self[end] == "and"))
            if rest is not None and rest[0] and self.kind(rest[1] - 1) != "digits":
                return value + rest[0], rest[1]
        return value, end

    def ordinal(self, index: int) -> tuple[int, int] | None:
        """ "third", "twenty first", "3rd" (1 to 99), and where it ends."""
        word = self[index]
        if self.kind(index) == "ordinal":
            value = int(re.sub(r"\D", "", word))
            return (value, index + 1) if 0 < value < 100 else None
        if word in TENS and (unit := _ORDINAL_UNITS.get(self[index + 1])):
            return TENS[word] + unit, index + 2
        found = _ORDINAL_UNITS.get(word) or _ORDINAL_TEENS.get(word)
        return (found, index + 1) if found else None

    def minutes(self, index: int) -> tuple[int, int] | None:
        """Minutes after an hour: "thirty", "oh six", "05"; never one digit alone."""
        if self[index] in _OH and (unit := UNITS.get(self[index + 1], 0)) > 0:
            return unit, index + 2
        if self[index] in _OH and self.kind(index + 1) == "digits" and len(self[index + 1]) == 1:
            return int(self[index + 1]), index + 2
        found = self.small(index)
        if found is None or found[0] > 59:
            return None
        is_short = len(self[index]) == 1 if self.kind(index) == "digits" else found[0] < 10
        return None if is_short else found

    def year(self, index: int) -> tuple[int, int] | None:
        """A year from 1000 to 2199: "2030", "two thousand and nine", "nineteen oh five", "twenty thirty"; and where it ends."""
        if self.kind(index) == "digits":
            return (int(self[index]), index + 1) if len(self[index]) == 4 and "1000" <= self[index] < "2200" else None
        whole = self.number(index)
        if whole is not None and 1000 <= whole[0] < 2200:
            return whole
        found = self.small(index)
        if found is None or not 10 <= found[0] <= 21:
            return None
        century, end = found
        if self[end] == "hundred":
            return century * 100, end + 1
        rest = self.minutes(end) or self.small(end)
        if rest is None or (rest[0] < 10 and self[end] not in _OH):
            return None
        return century * 100 + rest[0], rest[1]


def _tokens(text: str) -> list[Token]:
    tokens: list[Token] = []
    zones = {found.start(): found for found in _ZONE_LETTERS.finditer(text)}
    place = 0
    while found := _TOKEN.search(text, place):
        kind = found.lastgroup or "other"
        start, end = found.span()
        if (zone := zones.get(start)) is not None and kind in ("word", "half"):
            name = re.sub(r"[\W_]", "", zone[0]).lower()
            if name in ZONE_LETTERS:
                tokens.append(Token(name, "word", start, zone.end()))
                place = zone.end()
                continue
        word = _spelt(found[0].lower(), kind, after_new=bool(tokens) and tokens[-1].word == "new")
        is_inside_word = kind == "dash" and text[start - 1 : start].isalpha() and text[end : end + 1].isalpha()
        if not is_inside_word:
            tokens.append(Token(word, kind, start, end))
        place = end
    return tokens


ZONE_LETTERS = frozenset(("gmt", "utc", "est", "edt", "cst", "cdt", "mst", "mdt", "pst", "pdt", "cet", "bst"))


def _spelt(word: str, kind: str, *, after_new: bool) -> str:
    """The one spelling of a word: "today's weather" is today's, but "new year's" is a name."""
    if kind == "half":
        return "am" if word[0] == "a" else "pm"
    if kind == "oclock":
        return "o'clock"
    word = word.replace("\u2019", "'")
    owned = word.removesuffix("'s")
    return owned if owned in _OWNING and not after_new else _MISSPELT.get(word, word)
