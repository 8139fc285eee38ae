# ruff: noqa: E501 - a pattern is read as one line
"""Arithmetic as people say it, told: sums, and questions about numbers. Pure.

What is not exact is said to be rounded; what can be read in two ways is not answered.
"""

import re
from collections.abc import Callable
from fractions import Fraction
from math import gcd, isqrt, lcm
from typing import Final

from earwitness.domain.answer import Answer
from earwitness.skills.knowledge.asked import Told, Unsure, compiled, plain
from earwitness.skills.knowledge.numbers import is_short, plain_digits, rounded
from earwitness.skills.knowledge.sum_reader import NoSumError, StuckError, SumReader, bounded, tokens_of
from earwitness.skills.wording import listed, sentence

_LEAD: Final = re.compile(
    r"(?:what do you get (?:if|when) you|what(?:'s| is| are| does| do)|how much (?:is|are|does|do)|calculate|compute|work out|solve|evaluate)\s+"
    r"(?:the (?:value|result|answer) (?:of|to) )?"
)
_TAIL: Final = re.compile(r"\s*(?:equals?|equal to|make|makes|=|give|come to)$")
_PLAIN: Final = frozenset(("a", "an", "and", "the", "of"))


def work_out(question: str) -> Told:
    """The answer to a sum; Unsure for one that has none or two; None for what is no sum."""
    asked = plain(question)
    text = _TAIL.sub("", _LEAD.sub("", re.sub(r"\$ ?(?=[\d.])", "", asked), count=1))
    try:
        return _special(text, asked) or _sum(text)
    except StuckError as stuck:
        return Unsure(clause=str(stuck))
    except (NoSumError, RecursionError):
        return None


def _sum(text: str) -> Told:
    tokens = tokens_of(text)
    if len(tokens) < 2 or not any(token not in _PLAIN for token in tokens):
        return None
    reader = SumReader(tokens)
    value = reader.whole()
    if not reader.has_worked:
        return None
    return _told(text, value, is_rounded=reader.is_rounded)


def _told(text: str, value: Fraction, *, is_rounded: bool = False) -> Answer:
    begin = sentence(re.sub(r"(?<=[\w%)]) -(?=\d)", " minus ", text)).rstrip(".")
    more: tuple[str, ...] = ()
    if is_rounded or not is_short(value):
        exact = ""
        if not is_rounded and value.denominator == 1:
            more = (f"Exactly it is {value.numerator:,}.",) if abs(value) < 10**60 else ()
        elif not is_rounded and value.denominator < 100 and abs(value) < 1000:
            exact = f"{_mixed(value)}, "
        return Answer(sentence=f"{begin} is {exact}about {rounded(value)}", source="", more=more)
    return Answer(sentence=f"{begin} is {plain_digits(value)}", source="")


def _mixed(value: Fraction) -> str:
    """ "3 1/3", as it is written; 7/3 and not 2.333."""
    whole, rest = divmod(abs(value), 1)
    sign = "-" if value < 0 else ""
    part = f"{rest.numerator}/{rest.denominator}"
    return f"{sign}{int(whole)} and {part}" if whole else f"{sign}{part}"


# Questions about numbers that are no plain sums


def _special(text: str, asked: str) -> Told:
    for pattern, answer in _COMPILED:
        if found := pattern.fullmatch(text) or pattern.fullmatch(asked):
            return answer(*found.groups())
    return None


def _value(text: str) -> Fraction:
    reader = SumReader(tokens_of(text))
    value = reader.whole()
    if reader.is_rounded:
        raise NoSumError
    return value


def _values(text: str) -> list[Fraction]:
    parts = [part for part in re.split(r", and |, (?!\d{3}\b)|,(?!\d{3}\b)| and (?!a (?:half|quarter))", text) if part]
    if len(parts) < 2:
        raise NoSumError
    return [_value(part) for part in parts]


def _wholes(text: str) -> list[int]:
    values = _values(text)
    if any(value.denominator != 1 or value <= 0 or value > 10**12 for value in values):
        raise NoSumError
    return [int(value) for value in values]


def _said(text: str, value: Fraction) -> Answer:
    return _told(text, value)


def _of_two(first: str, second: str, *, text: str, sign: str) -> Answer:
    one, other = _value(first), _value(second)
    if sign == "over" and other == 0:
        raise StuckError("Nothing can be divided by zero")
    results = {
        "over": lambda: one / other,
        "times": lambda: one * other,
        "plus": lambda: one + other,
        "minus": lambda: one - other,
    }
    return _told(text, bounded(results[sign]()))


def _share(part: str, whole: str) -> Answer:
    one, all_of_it = _value(part), _value(whole)
    if all_of_it == 0:
        raise StuckError("Nothing is a percentage of zero")
    value = one / all_of_it * 100
    about = plain_digits(value) if is_short(value) else f"about {rounded(value, places=2)}"
    return Answer(sentence=f"{sentence(part).rstrip('.')} is {about} percent of {whole}", source="")


def _of_money(percent: str, sign: str, amount: str, money: str) -> Answer:
    share = _value(percent) / 100
    value = (share if sign == "of" else 1 - share) * _value(amount)
    told = f"{value.numerator:,}" if value.denominator == 1 else f"{float(value):,.2f}"
    about = "" if (value * 100).denominator == 1 else "about "
    return Answer(sentence=f"{sentence(percent).rstrip('.')} percent {sign} {amount}{money} is {about}{told}{money}", source="")


def _tip(percent: str, amount: str, money: str | None) -> Answer:
    value = _value(percent) / 100 * _value(amount)
    exact = f"{value.numerator:,}" if value.denominator == 1 else f"{float(value):,.2f}"
    told = exact if (value * 100).denominator == 1 else f"about {exact}"
    return Answer(sentence=f"{sentence(percent).rstrip('.')} percent of {amount} is {told}{money or ''}", source="")


def _prime(text: str) -> Answer:
    value = _value(text)
    if value.denominator != 1 or not 0 <= value <= 10**9:
        raise NoSumError
    number = int(value)
    if number < 2:
        return Answer(sentence=f"No, {number} is not a prime number", source="")
    divisor = next((each for each in range(2, isqrt(number) + 1) if number % each == 0), None)
    if divisor is None:
        return Answer(sentence=f"Yes, {number:,} is a prime number", source="")
    return Answer(sentence=f"No, {number:,} is {divisor:,} times {number // divisor:,}", source="")


def _remainder(divisor: str, number: str) -> Answer:
    one, other = _value(divisor), _value(number)
    if one <= 0 or one.denominator != 1 or other.denominator != 1 or other < 0:
        raise NoSumError
    times, rest = divmod(int(other), int(one))
    left = f", with {rest:,} left over" if rest else ""
    return Answer(
        sentence=f"{int(one):,} goes into {int(other):,} {times:,} {'time' if times == 1 else 'times'}{left}", source=""
    )


def _average(text: str) -> Answer:
    values = _values(text)
    return _told(f"the average of {listed([plain_digits(each) for each in values])}", sum(values, Fraction(0)) / len(values))


def _total(text: str) -> Answer:
    if re.search(r"\bplus\b|\+", text):
        return _told(f"the sum of {text}", _value(text))
    values = _values(text)
    return _told(f"the sum of {listed([plain_digits(each) for each in values])}", sum(values, Fraction(0)))


def _product(text: str) -> Answer:
    values, result = _values(text), Fraction(1)
    for value in values:
        result = bounded(result * value)
    return _told(f"the product of {listed([plain_digits(each) for each in values])}", result)


def _even(text: str, wanted: str) -> Answer:
    value = _value(text)
    if value.denominator != 1:
        raise NoSumError
    kind = "odd" if value % 2 else "even"
    return Answer(sentence=f"{'Yes' if kind == wanted else 'No'}, {int(value):,} is {kind}", source="")


_SPECIAL: Final[tuple[tuple[str, Callable[..., Answer]], ...]] = (
    (r"pi|the (?:value|number) (?:of )?pi", lambda: Answer(sentence="Pi is about 3.14159, rounded", source="")),
    (r"(?:is )?(.+?) (?:is )?(?:a )?prime(?: number)?", lambda text: _prime(text.removeprefix("is "))),
    (r"is (.+) (even|odd)", _even),
    (r"(?:the )?square of (.+)", lambda a: _told(f"the square of {a}", bounded(_value(a) ** 2))),
    (r"(?:the )?cube of (.+)", lambda a: _told(f"the cube of {a}", bounded(_value(a) ** 3))),
    (r"(.+?) ?(?:percent|%) (off|of)(?: of)? (.+?)( dollars| euros| pounds)", _of_money),
    (r"add (?:up )?(.+) (?:and|to|plus) (.+)", lambda a, b: _of_two(a, b, text=f"{a} plus {b}", sign="plus")),
    (r"divide (.+) by (.+)", lambda a, b: _of_two(a, b, text=f"{a} divided by {b}", sign="over")),
    (r"multiply (.+) (?:by|with|and) (.+)", lambda a, b: _of_two(a, b, text=f"{a} times {b}", sign="times")),
    (r"add (.+) (?:and|to) (.+)", lambda a, b: _of_two(a, b, text=f"{a} plus {b}", sign="plus")),
    (r"subtract (.+) from (.+)", lambda a, b: _of_two(b, a, text=f"{b} minus {a}", sign="minus")),
    (r"(?:the )?difference (?:between|of) (.+) and (.+)", lambda a, b: _told(f"the difference between {a} and {b}", abs(_value(a) - _value(b)))),
    (r"(?:the )?sum of (.+)", _total),
    (r"(?:the )?product of (.+)", _product),
    (r"(?:the )?(?:average|mean) of (.+)", _average),
    (r"(?:the )?(?:greatest|highest|largest) common (?:divisor|factor|denominator) of (.+)",
     lambda text: _told(f"the greatest common divisor of {text}", Fraction(gcd(*_wholes(text))))),
    (r"(?:the )?(?:least|lowest|smallest) common (?:multiple|denominator) of (.+)",
     lambda text: _told(f"the least common multiple of {text}", Fraction(lcm(*_wholes(text))))),
    (r"(?:the )?remainder (?:of|when) (.+?) (?:is )?(?:divided by|over) (.+)", lambda a, b: _remainder(b, a)),
    (r"how (?:many times|often) (?:does|can|will|do) (.+) go into (.+)", _remainder),
    (r"(?:what|how many) (?:percent|percentage|%) of (.+) (?:is|are) (.+)", lambda whole, part: _share(part, whole)),
    (r"(.+) is what (?:percent|percentage|%) of (.+)", _share),
    (r"(.+) as a percent(?:age)? of (.+)", _share),
    (r"(.+) out of (.+) (?:as a|in) percent(?:age)?", _share),
    (r"(?:a |an |the )?(.+?) ?(?:percent|%) tip (?:on|for|of) (?:a )?(.+?)( dollars?| euros?| pounds?)?(?: bill| check)?", _tip),
)  # fmt: skip
"""Words of a question, and what answers it with their groups."""
_COMPILED: Final = compiled(_SPECIAL)
