"""The plain form in which transcripts are compared, so that spelling is not scored as hearing. Pure.

Both sides of every comparison go through `plain_words`. In order: Unicode NFKC, lower case; "%" is "percent", "°" is
"degrees", "$", "£" and "€" become words after the amount; dots of abbreviations and commas inside numbers go; a hyphen or any
other punctuation is a space, except apostrophes (dropped) and a decimal point; a few abbreviations are written out ("mr",
"oz", "ok"); spoken cardinals become digits ("twenty five" is "25", "one hundred and five" is "105", "two point five" is "2.5").
Contractions, articles and word endings are left alone: they are words that can be misheard.
"""

import re
import unicodedata
from decimal import Decimal

_UNIT_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen"
)
_TEN_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"
_UNITS = {word: number for number, word in enumerate(_UNIT_WORDS.split())}
_TENS = {word: 10 * number for number, word in enumerate(_TEN_WORDS.split(), 2)}
_SCALES = {"thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000, "trillion": 1_000_000_000_000}
_WRITTEN_OUT = {
    "dr": "doctor",
    "hr": "hour",
    "hrs": "hours",
    "mins": "minutes",
    "mr": "mister",
    "mrs": "missus",
    "okay": "ok",
    "oz": "ounce",
    "secs": "seconds",
    "tv": "television",
}
_SYMBOLS = {"%": " percent ", "°": " degrees ", "&": " and ", "+": " plus "}
_MONEY = re.compile(r"([$£€])\s?(\d[\d.,]*)")
_MONEY_WORDS = {"$": "dollars", "£": "pounds", "€": "euros"}
_DEGREES = re.compile(r"(?:°|\bdegrees?\b)\s*(?:c\b|celsius\b|centigrade\b)")
_PER_CENT = re.compile(r"\bper cent\b")
_ABBREVIATION_DOTS = re.compile(r"\b(?:[a-z]\.){2,}")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?:\D|$))")
_NOT_A_WORD = re.compile(r"[^\w.]|_|(?<!\d)\.|\.(?!\d)")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_GLUED_UNIT = re.compile(r"(?<=\d)(?=[a-z])(?!st\b|nd\b|rd\b|th\b)")


def plain_words(text: str) -> tuple[str, ...]:
    """The words of `text` in plain form."""
    lowered = unicodedata.normalize("NFKC", text).lower().replace("\u2019", "'").replace("'", "")
    lowered = _MONEY.sub(lambda match: f"{match[2]} {_MONEY_WORDS[match[1]]} ", lowered)
    lowered = _DEGREES.sub(" degrees celsius ", _PER_CENT.sub("percent", lowered))
    for symbol, word in _SYMBOLS.items():
        lowered = lowered.replace(symbol, word)
    lowered = _ABBREVIATION_DOTS.sub(lambda match: match[0].replace(".", ""), lowered)
    spaced = _GLUED_UNIT.sub(" ", _NOT_A_WORD.sub(" ", _THOUSANDS.sub("", lowered)))
    return tuple(_join_numbers([_WRITTEN_OUT.get(word, word) for word in spaced.split()]))


def plain_text(text: str) -> str:
    """The plain words with single spaces between them."""
    return " ".join(plain_words(text))


def as_number(value: object) -> Decimal | None:
    """The number that a value is or says ("5", "fifty", 5.0, "5.50"), or None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return Decimal(str(value)).normalize()
    if isinstance(value, str):
        words = plain_words(value)
        if len(words) == 1 and _NUMBER.fullmatch(words[0]):
            return Decimal(words[0]).normalize()
    return None


def _join_numbers(words: list[str]) -> list[str]:
    """Replace each longest run of number words that reads as one cardinal by its digits; digits keep their value, plainly."""
    found: list[str] = []
    index = 0
    while index < len(words):
        number, used = _cardinal(words, index)
        if used == 0:
            found.append(words[index] if not _NUMBER.fullmatch(words[index]) else _digits(Decimal(words[index])))
            index += 1
            continue
        index += used
        fraction, taken = _fraction(words, index)
        found.append(_digits(Decimal(f"{number}{fraction}")))
        index += taken
    return found


def _digits(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _cardinal(words: list[str], start: int) -> tuple[int, int]:
    """The cardinal spelled from `start` on, and how many words it takes (0 if there is none)."""
    total, index, last_scale = 0, start, 10**15
    while True:
        group, used = _below_thousand(words, index)
        if used == 0 or (group == 0 and total):
            return total, index - start
        scale = _SCALES.get(words[index + used]) if index + used < len(words) else None
        if scale is None or scale >= last_scale or group == 0:
            return total + group, index - start + used
        total, index, last_scale = total + group * scale, index + used + 1, scale
        if index + 1 < len(words) and words[index] == "and" and _below_thousand(words, index + 1)[1]:
            index += 1


def _below_thousand(words: list[str], start: int) -> tuple[int, int]:
    number, used = _below_hundred(words, start)
    hundred_at = start + used
    if not used or not 1 <= number <= 99 or words[hundred_at : hundred_at + 1] != ["hundred"]:
        return number, used
    number, used = number * 100, used + 1
    skip = 1 if words[start + used : start + used + 1] == ["and"] else 0
    rest, more = _below_hundred(words, start + used + skip)
    return (number + rest, used + skip + more) if more and rest else (number, used)


def _below_hundred(words: list[str], start: int) -> tuple[int, int]:
    word = words[start] if start < len(words) else ""
    if word in _UNITS:
        return _UNITS[word], 1
    if word not in _TENS:
        return 0, 0
    unit = _UNITS.get(words[start + 1], 0) if start + 1 < len(words) else 0
    return (_TENS[word] + unit, 2) if 1 <= unit <= 9 else (_TENS[word], 1)


def _fraction(words: list[str], start: int) -> tuple[str, int]:
    """The digits after a spoken "point", as ".5", and how many words they take."""
    if words[start : start + 1] != ["point"]:
        return "", 0
    digits = ""
    for word in words[start + 1 :]:
        if word not in _UNITS or _UNITS[word] > 9:
            break
        digits += str(_UNITS[word])
    return (f".{digits}", 1 + len(digits)) if digits else ("", 0)
