"""Blanking out what says who somebody is: names, numbers, addresses, mail and telephone, spoken or written. Pure.

It knows no list of the world's names. It knows the words that requests are made of, and takes whatever is none of them for a
name; to that come rules for what is spelled, dictated or counted, and the household's own names, also as they sound. Too much is
blanked out rather than too little: `make bench-pii` measures both.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import jellyfish

from earwitness.review.everyday import AMBIGUOUS, NUMBERS, SMALL_WORDS, UNITS, WEEKDAYS, is_everyday, word_set

BLANK: Final = "▇▇▇"
SHORTEST_SOUND: Final = 3
"""Letters of a name that is looked for by its sound."""
_TOKEN: Final = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_WRITTEN: Final = re.compile(
    r"""(?xi)
      [\w.+-]+@[\w-]+(?:\.[\w-]+)+                                  # mail
    | (?:https?://|www\.)[^\s,;]+                                   # web
    | \b(?:[a-z0-9-]+\.)+(?:com|org|net|edu|gov|info|io|[a-z]{2})\b/?  # a host
    | (?<!\w)[+(]?\d[\d\s().:/+-]*\d(?!\w)                          # telephone, card, date, time to the second
    """
)
_CLOCK: Final = re.compile(r"\d{1,2}:\d{2}|\d{1,3}%")
_COUNTED: Final = re.compile(r"\d{1,2}(?:am|pm|st|nd|rd|th)|\d{1,4}(?:k|d|p|g|ml|cm|mm|kg|km|mg|w|v|hz)")
"""Small words with digits that say nothing of anybody: 7pm, 3rd, 4k."""
_STREETS: Final = word_set("streets")
_HEADS: Final = word_set("heads")
"""What names of places and firms are made of besides names: beside one they belong to it."""
_AGES: Final = word_set("ages")
_OF_HOUSES: Final = word_set("of_houses")
_PAIRS: Final = frozenset((("united", "states"), ("united", "kingdom"), ("united", "nations"), ("new", "york")))
_BEFORE_NAMES: Final = word_set("before_names")
_DIGITS: Final = word_set("digits")
_DIGITS_OF_NAMES: Final = word_set("digits_of_names")
_ENDS_OF_HOSTS: Final = word_set("ends_of_hosts")
_SAYS_WHO: Final = re.compile(
    r"(?i)\b(?:my name(?:'s| is)|i'?m called|call me|my (?:address|birthday|password|number) is|i was born (?:in|on)|"
    r"i live (?:in|at|on)|i'?m from|i am from|years? old)\b"
)
_AFTER_WHO: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Deidentified:
    """A text with blanks, and what was blanked out: characters of the original, from and up to, in order and apart."""

    text: str
    hidden: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class _Word:
    """One word: where it is, itself, and its plain form (lower case, without accents)."""

    start: int
    end: int
    text: str
    plain: str


def deidentify(text: str, *, names: Collection[str] = (), also_known: Collection[str] = ()) -> Deidentified:
    """Blank out what says who somebody is. `names` are those of the household and its contacts, always hidden; `also_known` are
    words of the house (rooms, devices) that are no names of people."""
    words = [_Word(m.start(), m.end(), m.group(), plain(m.group())) for m in _TOKEN.finditer(text)]
    hidden = _by_words(text, words, names=names, also=frozenset(map(plain, also_known)))
    spans = [(word.start, word.end) for word, is_hidden in zip(words, hidden, strict=True) if is_hidden]
    spans += [(m.start(), m.end()) for m in _WRITTEN.finditer(text) if not _says_nothing(text, m)]
    merged = _merged(text, spans)
    return Deidentified(text=_blanked(text, merged), hidden=merged)


def plain(word: str) -> str:
    """A word in lower case without accents."""
    parted = unicodedata.normalize("NFKD", word.replace("\u2019", "'").casefold())
    return "".join(one for one in parted if not unicodedata.combining(one))


def house_words(names: Iterable[str]) -> frozenset[str]:
    """The words of the names of rooms and devices that name nobody, in their plain form. Of "Emma's bedroom" that is the bedroom:
    people call rooms and devices after each other, and after whoever stays with them."""
    words = {plain(word) for name in names for word in _TOKEN.findall(name)}
    return frozenset(word for word in words if word in _OF_HOUSES or (is_everyday(word) and not _may_be_name(word)))


def hidden_words(text: str, hidden: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    """Which words of a text, split at white space, are blanked out at least in part: what must be silent in the sound."""
    return tuple(
        index
        for index, match in enumerate(re.finditer(r"\S+", text))
        if any(match.start() < end and start < match.end() for start, end in hidden)
    )


def _by_words(text: str, words: Sequence[_Word], *, names: Collection[str], also: frozenset[str]) -> list[bool]:
    own = _own_names(names)
    is_cased = any(word.text[0].isupper() and word.start for word in words)
    hidden = [_is_name(text, word, is_cased=is_cased, also=also) or _is_own(word.plain, own) for word in words]
    for rule in (_spelled, _dictated, _counted):
        rule(words, hidden)
    for match in _SAYS_WHO.finditer(text):
        _follow(words, hidden, match.end())
    _neighbours(words, hidden)
    return hidden


def _is_name(text: str, word: _Word, *, is_cased: bool, also: frozenset[str]) -> bool:
    """Whether one word by itself counts as a name: no everyday word, or one with a capital where none belongs."""
    if any(one.isdigit() for one in word.text):
        return any(one.isalpha() for one in word.text) and _COUNTED.fullmatch(word.plain) is None
    if word.plain in also:
        return False
    if len(word.plain) == 1:
        return is_cased and word.text.isupper() and word.text not in "IA" and bool(word.start)
    if not is_everyday(word.plain):
        return True
    if not word.text[0].isupper() or word.plain in SMALL_WORDS | WEEKDAYS:
        return False
    return not _begins_sentence(text, word.start) and not (word.text.isupper() and text.isupper())


def _begins_sentence(text: str, start: int) -> bool:
    before = text[:start].rstrip(" \"'\u201c\u2018(-\n\t")
    return not before or before[-1] in ".!?:;\u2026"


def _own_names(names: Collection[str]) -> tuple[frozenset[str], frozenset[str]]:
    """The words of the household's names, and how they sound."""
    parts = {plain(part) for name in names for part in _TOKEN.findall(name)} - SMALL_WORDS
    sounds = {jellyfish.metaphone(part) for part in parts if len(part) >= SHORTEST_SOUND}
    return frozenset(parts), frozenset(sounds - {""})


def _is_own(word: str, own: tuple[frozenset[str], frozenset[str]]) -> bool:
    bare = word.removesuffix("'s")
    if bare in own[0] or bare.removesuffix("s") in own[0]:
        return True
    return len(bare) >= SHORTEST_SOUND and not is_everyday(bare) and jellyfish.metaphone(bare) in own[1]


def _spelled(words: Sequence[_Word], hidden: list[bool]) -> None:
    """Three single letters in a row are spelling, with what is said between them ("double l", "as in")."""
    letters = [len(word.plain) == 1 and word.plain.isalpha() for word in words]
    run: list[int] = []
    for index in range(len(words) + 1):
        if index < len(words) and (letters[index] or (run and words[index].plain in ("double", "triple"))):
            run.append(index)
            continue
        if sum(letters[one] for one in run) >= 3 or (len(run) == 2 and index < len(words) and hidden[index]):
            for one in run:
                hidden[one] = True
        run = []


def _dictated(words: Sequence[_Word], hidden: list[bool]) -> None:
    """A mail or web address said aloud: "… at … dot com"."""
    for index, word in enumerate(words):
        if word.plain != "dot" or not 0 < index < len(words) - 1:
            continue
        first, last = index - 1, index + 1
        while first > 0 and (words[first - 1].plain in ("at", "dot") or words[first].plain in ("at", "dot")):
            first -= 1
        if words[first + 1].plain == "at":
            while first > 0 and words[first - 1].plain not in SMALL_WORDS and index - first < 8:
                first -= 1
        beside = {words[index - 1].plain, words[last].plain}
        if (
            beside & _ENDS_OF_HOSTS
            or beside <= NUMBERS
            or hidden[index - 1]
            or words[first].plain in ("w", "www", "http", "https")
        ):
            for one in range(first, last + 1):
                hidden[one] = True


def _counted(words: Sequence[_Word], hidden: list[bool]) -> None:
    """Numbers that stand alone are hidden; those before a unit, and small ones in a short command, stay."""
    index = 0
    while index < len(words):
        end = index
        while end < len(words) and (words[end].plain in NUMBERS or (words[end].plain == "and" and end > index)):
            end += 1
        if end == index:
            index += 1
            continue
        after = words[end].plain if end < len(words) else ""
        before = words[index - 1].plain if index else ""
        is_long = end - index >= 4 and not {"hundred", "thousand", "million", "and"} & {word.plain for word in words[index:end]}
        in_address = after in _STREETS or before in _STREETS or before in _DIGITS_OF_NAMES
        beside_name = (end < len(words) and hidden[end]) or (index > 0 and hidden[index - 1])
        is_old = after in ("year", "years") or before in _AGES
        is_digits = end - index >= 2 and after not in UNITS and {word.plain for word in words[index:end]} <= _DIGITS
        is_between = index > 0 and end < len(words) and hidden[index - 1] and hidden[end]
        if (
            is_long
            or in_address
            or is_old
            or is_digits
            or is_between
            or (beside_name and end - index >= 2)
            or (end - index >= 3 and after not in UNITS)
        ):
            for one in range(index, end):
                hidden[one] = True
        index = end


def _follow(words: Sequence[_Word], hidden: list[bool], start: int) -> None:
    """After words that say who one is, what follows is hidden, up to the next small word."""
    following = [index for index, word in enumerate(words) if word.start >= start][:_AFTER_WHO]
    for index in following:
        if words[index].plain in SMALL_WORDS and words[index].plain not in ("will", "may"):
            return
        hidden[index] = True


def _neighbours(words: Sequence[_Word], hidden: list[bool]) -> None:
    """Words that may be names are, beside one or where one is expected; so are initials and parts of an address beside it."""
    for _ in range(2):
        for index, word in enumerate(words):
            if hidden[index]:
                continue
            before = words[index - 1] if index else None
            beside = (index > 0 and hidden[index - 1]) or (index + 1 < len(words) and hidden[index + 1])
            expected = before is not None and before.plain in _BEFORE_NAMES
            belongs = word.plain.removesuffix("s") in _STREETS or word.plain in _HEADS or word.plain.isdigit()
            is_initial = len(word.plain) == 1 and word.plain.isalpha() and word.plain not in ("a", "i")
            if (
                (_may_be_name(word.plain) and (beside or expected))
                or (beside and (belongs or is_initial))
                or (word.plain in ("corner", "p", "o") and any(hidden[index + 1 : index + 5]))
            ):
                hidden[index] = True
            elif index + 1 < len(words) and (word.plain, words[index + 1].plain) in _PAIRS:
                hidden[index] = hidden[index + 1] = True


def _may_be_name(word: str) -> bool:
    """Whether a word in its plain form is an everyday word that is a name too, also of somebody who owns something."""
    bare = word.removesuffix("'s")
    return bare in AMBIGUOUS or bare.removesuffix("s") in AMBIGUOUS


def _says_nothing(text: str, match: re.Match[str]) -> bool:
    """Whether something with digits is a time of day, a share or a small count: then it stays."""
    found = match.group().strip()
    following = _TOKEN.match(text, min(match.end() + 1, len(text)))
    if text[match.end() : match.end() + 1] == "%":
        return True
    if found.replace(" ", "").isdigit() and len(found) <= 3:
        return following is not None and plain(following.group()) in UNITS
    return _CLOCK.fullmatch(found) is not None


def _merged(text: str, spans: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The spans in order; those between which no letter or digit stands are one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and (start <= found[-1][1] or not any(one.isalnum() for one in text[found[-1][1] : start])):
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return tuple(found)


def _blanked(text: str, spans: Sequence[tuple[int, int]]) -> str:
    parts, last = [], 0
    for start, end in spans:
        parts += [text[last:start], BLANK]
        last = end
    return "".join([*parts, text[last:]])
