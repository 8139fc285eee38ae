"""Numbers as people say and write them, exactly: words to fractions, and back. Pure."""

import re
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Final

_SMALL: Final = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen"),
    *("fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
UNITS: Final = {name: number for number, name in enumerate(_SMALL)} | {"oh": 0, "nought": 0, "a": 1, "an": 1}
_TEN: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
TENS: Final = dict(zip(_TEN, range(20, 100, 10), strict=True)) | {"fourty": 40}
SCALES: Final = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "k": 10**3}
PARTS: Final = {
    "half": 2, "halves": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10, "eleventh": 11, "twelfth": 12, "twentieth": 20, "hundredth": 100, "thousandth": 1000,
}  # fmt: skip
_NTH: Final = (
    *("zeroth", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh"),
    "twelfth",
)
ORDINALS: Final = {name: number for number, name in enumerate(_NTH)} | {"twentieth": 20, "thirtieth": 30, "hundredth": 100}
_DIGITS: Final = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+")
LONGEST_DIGITS: Final = 40
_MOST_PLACES: Final = 10


def part_of(word: str) -> int | None:
    """3 for "third" and "thirds"."""
    return PARTS.get(word) or (PARTS.get(word[:-1]) if word.endswith("s") else None)


def digits(token: str) -> Fraction | None:
    """A number written in digits: "1,000", "0.5"."""
    if len(token) > LONGEST_DIGITS or not _DIGITS.fullmatch(token):
        return None
    return Fraction(token.replace(",", ""))


def number_at(tokens: list[str], begin: int) -> tuple[Fraction, int] | None:
    """The number that begins there, and where it ends: "twenty three", "two and a half", "3 quarters", "1.5 million"."""
    found = _whole_at(tokens, begin)
    if found is None:
        return _part_at(tokens, begin, Fraction(1)) if tokens[begin : begin + 1] == ["half"] else None
    value, end = found
    if (fraction := _part_at(tokens, end, value)) is not None:
        return fraction
    if tokens[end : end + 1] == ["and"] and (rest := _whole_at(tokens, end + 1)) is not None:
        added = _part_at(tokens, rest[1], rest[0])
        if added is not None and 0 < added[0] < 1:
            return _scaled(tokens, value + added[0], added[1])
    return value, end


def _scaled(tokens: list[str], value: Fraction, end: int) -> tuple[Fraction, int]:
    if end < len(tokens) and tokens[end] in SCALES:
        return value * SCALES[tokens[end]], end + 1
    return value, end


def _part_at(tokens: list[str], place: int, count: Fraction) -> tuple[Fraction, int] | None:
    """ "quarters" after "three"; not "a second", which is a time."""
    if place >= len(tokens) or count.denominator != 1:
        return None
    size = part_of(tokens[place])
    return (count / size, place + 1) if size is not None else None


def _whole_at(tokens: list[str], begin: int) -> tuple[Fraction, int] | None:
    if begin >= len(tokens):
        return None
    if (written := digits(tokens[begin])) is not None:
        return _with_scales(tokens, written, begin + 1)
    return _words_at(tokens, begin)


def _with_scales(tokens: list[str], value: Fraction, end: int) -> tuple[Fraction, int]:
    if tokens[end : end + 1] == ["point"] and value.denominator == 1:
        return _point_at(tokens, end, value)
    if end < len(tokens) and tokens[end] == "hundred":
        value, end = value * 100, end + 1
    return _scaled(tokens, value, end)


def _words_at(tokens: list[str], begin: int) -> tuple[Fraction, int] | None:
    """A number in words, with what comes after its point."""
    total, group, place = 0, None, begin
    last_scale = 10**15
    while place < len(tokens):
        word = tokens[place]
        if word in SCALES and group is not None and SCALES[word] < last_scale:
            total, group, last_scale = total + group * SCALES[word], None, SCALES[word]
            place += 1
            continue
        if word == "and" and place > begin and tokens[place - 1] in ("hundred", *SCALES) and _small_at(tokens, place + 1):
            place += 1
            continue
        small = _small_at(tokens, place) if group is None else None
        if small is None:
            break
        group, place = small
    if place == begin:
        return None
    value = Fraction(total + (group or 0))
    if tokens[place : place + 1] == ["point"]:
        return _point_at(tokens, place, value)
    return value, place


def _small_at(tokens: list[str], place: int) -> tuple[int, int] | None:
    """A number below ten thousand said in one breath: "five", "twenty three", "three hundred and five", "nineteen hundred"."""
    below = _below_hundred(tokens, place)
    if below is None:
        return None
    value, end = below
    if tokens[end : end + 1] != ["hundred"]:
        return value, end
    value, end = value * 100, end + 1
    skip = end + (tokens[end : end + 1] == ["and"])
    rest = _below_hundred(tokens, skip)
    is_part = rest is not None and rest[1] < len(tokens) and part_of(tokens[rest[1]]) is not None
    if rest is not None and not is_part and tokens[skip] not in ("a", "an"):
        return value + rest[0], rest[1]
    return value, end


def _below_hundred(tokens: list[str], place: int) -> tuple[int, int] | None:
    word = tokens[place] if place < len(tokens) else ""
    if word in TENS:
        unit = UNITS.get(tokens[place + 1], 0) if place + 1 < len(tokens) and tokens[place + 1] not in ("a", "an", "oh") else 0
        return (TENS[word] + unit, place + 2) if 0 < unit < 10 else (TENS[word], place + 1)
    return (UNITS[word], place + 1) if word in UNITS else None


def _point_at(tokens: list[str], place: int, value: Fraction) -> tuple[Fraction, int]:
    said, end = "", place + 1
    while end < len(tokens) and len(said) < LONGEST_DIGITS:
        word = tokens[end]
        if word.isdecimal() and word.isascii():
            said += word
        elif word in UNITS and UNITS[word] < 10 and word not in ("a", "an"):
            said += str(UNITS[word])
        elif (below := _below_hundred(tokens, end)) is not None and not said and word not in ("a", "an"):
            said, end = str(below[0]), below[1]
            break
        else:
            break
        end += 1
    if not said:
        return value, place
    return _scaled(tokens, value + Fraction(int(said), 10 ** len(said)), end)


def told(value: Fraction, *, places: int = 4) -> str:
    """A number for saying: exact where it has few digits, else "about …" with `places` after the point."""
    if is_short(value):
        return plain_digits(value)
    return f"about {rounded(value, places=places)}"


def is_short(value: Fraction) -> bool:
    """Whether it can be said exactly: at most fifteen digits before the point and ten after it."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1 and abs(value) < 10**15 and (value * 10**_MOST_PLACES).denominator == 1


def plain_digits(value: Fraction) -> str:
    """ "1,234.5": all the digits of a number for which `is_short` holds."""
    text = f"{Decimal(value.numerator) / Decimal(value.denominator):,.{_MOST_PLACES}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def rounded(value: Fraction, *, places: int = 4) -> str:
    """The number with `places` digits after the point, or that many leading ones when it is small or huge."""
    with localcontext() as precise:
        precise.prec = 60
        exact = Decimal(value.numerator) / Decimal(value.denominator)
    size = exact.adjusted() if exact else 0
    if size >= 15 or size < -6:
        head, _, power = f"{exact:.5E}".partition("E")
        return f"{head.rstrip('0').rstrip('.')} times 10 to the power of {int(power)}"
    digits_kept = places if size >= 0 else places - size - 1
    text = f"{exact:,.{digits_kept}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
