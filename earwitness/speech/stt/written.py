"""How a recogniser may write a sentence of the language: names with and without capitals, numbers in digits and in words.
Pure."""

import re
from collections.abc import Iterable, Sequence

from earwitness.domain.spoken_language import Named, Numbered, Word
from earwitness.speech.stt.retrieval import Part

_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen"),
    *("fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_TENS_AS = {word: str(10 * place) for place, word in enumerate(_TENS) if word}
_INITIALS = frozenset(("tv", "led", "pc", "hvac", "ac"))
_JOINED = re.compile(r"(\d) (?:%|percent\b)")


def written(parts: Sequence[Part]) -> list[str]:
    """The ways to write it, the most usual first; a sentence without names and numbers has one."""
    plain = _joined(part.text for part in parts)
    forms = [plain]
    if any(isinstance(part.label, Named) for part in parts):
        forms.append(_joined(_capital(part.text) if isinstance(part.label, Named) else part.text for part in parts))
        forms.append(_joined(_in_digits(part) for part in parts))
    if any(isinstance(part.label, Numbered) for part in parts):
        forms.append(" ".join(_in_words(part) for part in parts))
    return list(dict.fromkeys(form[:1].upper() + form[1:] for form in forms))


def _joined(words: Iterable[str]) -> str:
    return _JOINED.sub(r"\1%", " ".join(words))


def _capital(name: str) -> str:
    return " ".join(word.upper() if word in _INITIALS else word[:1].upper() + word[1:] for word in name.split(" "))


def _in_digits(part: Part) -> str:
    """A name with its numbers in digits."""
    if not isinstance(part.label, Named):
        return part.text
    return " ".join(str(_ONES.index(word)) if word in _ONES else _TENS_AS.get(word, word) for word in part.text.split(" "))


def _in_words(part: Part) -> str:
    if isinstance(part.label, Word) and part.text == "%":
        return "percent"
    if not isinstance(part.label, Numbered) or not part.text.isdecimal() or int(part.text) > 99:
        return part.text
    number = int(part.text)
    if number < len(_ONES):
        return _ONES[number]
    return " ".join(word for word in (_TENS[number // 10], _ONES[number % 10] if number % 10 else "") if word)
