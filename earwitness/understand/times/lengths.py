"""Lengths in words: "an hour and a half", "three quarters of an hour", "2 hrs 30 mins", "a fortnight"."""

from dataclasses import dataclass

from earwitness.domain.times import Duration
from earwitness.understand.times.tokens import Words

_SECONDS = {"second": 1, "sec": 1, "minute": 60, "min": 60, "hour": 3600, "hr": 3600}
_DAYS = {"day": 1, "week": 7, "fortnight": 14}
_MONTHS = {"month": 1, "year": 12}
_FRACTIONS = frozenset(("half", "a", "three", "quarter", "couple", "one"))
MOST_MONTHS = 12_000
MOST_DAYS = 366_000
MOST_SECONDS = MOST_DAYS * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """A length, or the ones that vague words may mean ("a few minutes")."""

    options: tuple[Duration, ...]
    unit: str
    """The last unit said, in the plural."""
    is_one: bool = False
    """Whether it is one short unit ("a second", "a minute"), which people say without meaning it."""


def unit_at(words: Words, index: int) -> str | None:
    """The unit of time named at `index`, in the singular."""
    word = words[index].removesuffix("'")
    for name in (word, word.removesuffix("'s"), word.removesuffix("s")):
        if name in _SECONDS or name in _DAYS or name in _MONTHS:
            return {"sec": "second", "min": "minute", "hr": "hour"}.get(name, name)
    return None


def times(count: float, unit: str) -> Duration | None:
    """So many of a unit; None for what is more than a thousand years or no whole number of days, months or seconds."""
    if unit in _SECONDS:
        seconds = round(count * _SECONDS[unit])
        return Duration(seconds=seconds) if seconds <= MOST_SECONDS else None
    if unit in _DAYS:
        days = count * _DAYS[unit]
        if days > MOST_DAYS:
            return None
        return Duration(days=int(days), seconds=round(days % 1 * 86_400))
    months = count * _MONTHS[unit]
    return Duration(months=int(months)) if months == int(months) and months <= MOST_MONTHS else None


def length_at(words: Words, index: int) -> tuple[Length, int] | None:
    """The length that begins at `index`, and where it ends."""
    key = ("length", index)
    if key not in words.found:
        words.found[key] = _vague(words, index) or _length(words, index)
    found: tuple[Length, int] | None = words.found[key]
    return found


def _length(words: Words, index: int) -> tuple[Length, int] | None:
    found = _simple(words, index)
    if found is None:
        return None
    total, unit, end = found
    is_one = words[end - 1] in ("second", "minute", "sec", "min") and words[index] in ("a", "one")
    while True:
        begin = end + (words[end] == "and")
        more = _simple(words, begin)
        if more is None or _rank(more[1]) >= _rank(unit) or (words[begin] in ("a", "an") and words[begin + 1] == "second"):
            break
        total, unit, end, is_one = _sum(total, more[0]), more[1], more[2], False
    return Length(options=(total,), unit=f"{unit}s", is_one=is_one), end


def _vague(words: Words, index: int) -> tuple[Length, int] | None:
    begin = index + (words[index] == "a")
    if words[begin] not in ("few", "several"):
        return None
    unit = unit_at(words, begin + 1)
    options = tuple(length for count in (3, 5) if unit and (length := times(count, unit)))
    return (Length(options=options, unit=f"{unit}s"), begin + 2) if options else None


def _simple(words: Words, index: int) -> tuple[Duration, str, int] | None:
    """One number and one unit, with a fraction before or after: "two and a half hours", "an hour and a quarter"."""
    found = _count(words, index)
    if found is None:
        return None
    count, begin = found
    if words.kind(begin) == "dash":
        begin += 1
    unit = unit_at(words, begin)
    if unit is None or (unit == "second" and words.kind(begin - 1) == "ordinal"):
        return None
    end = begin + 1
    if (fraction := _fraction_after(words, end)) is not None:
        count, end = count + fraction[0], fraction[1]
    length = times(count, unit)
    return None if length is None else (length, unit, end)


def _count(words: Words, index: int) -> tuple[float, int] | None:
    if words.kind(index) == "dotted":
        return float(words[index]), index + 1
    for phrase, value in (
        ("half of an", 0.5),
        ("half of a", 0.5),
        ("half an", 0.5),
        ("half a", 0.5),
        ("a half", 0.5),
        ("three quarters of an", 0.75),
        ("three quarters of a", 0.75),
        ("a quarter of an", 0.25),
        ("a quarter of a", 0.25),
        ("quarter of an", 0.25),
        ("quarter of a", 0.25),
        ("a quarter", 0.25),
        ("quarter", 0.25),
        ("half", 0.5),
        ("a couple of", 2.0),
        ("a couple", 2.0),
        ("couple of", 2.0),
        ("one and a half", 1.5),
    ):
        if words[index] in _FRACTIONS and (end := words.are(index, phrase)) and unit_at(words, end):
            return value, end
    if words[index] in ("a", "an") and words[index + 1] != "hundred":
        return 1.0, index + 1
    if words[index] in ("hour", "day", "year") and words.are(index + 1, "and a"):
        return 1.0, index
    found = words.number(index)
    if found is None:
        return None
    count, end = float(found[0]), found[1]
    if words[end] == "point" and (tenths := words.small(end + 1)) is not None and tenths[0] < 10:
        return count + tenths[0] / 10, tenths[1]
    for phrase, value in (("and a half", 0.5), ("and a quarter", 0.25), ("and three quarter", 0.75)):
        if (after := words.are(end, phrase)) and unit_at(words, after):
            return count + value, after
    return count, end


def _fraction_after(words: Words, index: int) -> tuple[float, int] | None:
    for phrase, value in (("and a half", 0.5), ("and a quarter", 0.25), ("and three quarters", 0.75)):
        if (end := words.are(index, phrase)) and unit_at(words, end) is None and words[end] not in ("of",):
            return value, end
    return None


def _rank(unit: str) -> int:
    return ("second", "minute", "hour", "day", "week", "fortnight", "month", "year").index(unit)


def _sum(one: Duration, other: Duration) -> Duration:
    return Duration(months=one.months + other.months, days=one.days + other.days, seconds=one.seconds + other.seconds)
