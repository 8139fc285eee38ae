# ruff: noqa: RUF001 - signs that people type
"""Reads a sum as people say it, and works it out exactly: a small grammar of its own, nothing is evaluated. Pure and bounded."""

import re
from decimal import Decimal, localcontext
from fractions import Fraction
from math import isqrt, log10
from typing import Final

from earwitness.skills.knowledge.numbers import ORDINALS, number_at, part_of

MOST_DIGITS: Final = 400
"""A result with more digits is not worked out."""
MOST_TOKENS: Final = 60
_TOKEN: Final = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+|[a-z']+|[-+*/^()%×÷√!−]")
_WORDS: Final = (
    (r"multiplied (?:by|with)|times by", "times"),
    (r"\boff of\b", "off"),
    (r"(?<![\d.])(\d{1,6}) ?/ ?(\d{1,6}) of\b", r"(\1 / \2) times"),
    (r"divided (?:by|through)", "over"),
    (r"to the power(?: of)?|raised to(?: the power(?: of)?)?", "power"),
    (r"to the (\w+)(?: power)?(?=$| )", r"powernth \1"),
    (r"per ?cent(?:age)?|%", " percent"),
    (r"square[- ]root(?: of)?|√", "sqrt "),
    (r"cube[- ]root(?: of)?|cubic root(?: of)?", "cbrt "),
    (r"÷", " over "),
    (r"(?<=[\d)])\s*[x×*]\s*(?=[\d(])|×|\*", " times "),
    (r"−", "-"),
    (r"(?<=[a-z])-(?=[a-z])", " "),
    (r"\bmodulus\b|\bmodulo\b", "mod"),
)
_TWO_WAYS: Final = "That can be read in two ways; ask for one step after the other"
_HUGE: Final = "That number is too long to be worked out here"


class NoSumError(Exception):
    """The words are no sum."""


class StuckError(Exception):
    """They are one, but it has no answer; says why."""


def tokens_of(text: str) -> list[str]:
    """The numbers and signs of a sum. Raises NoSumError."""
    for pattern, word in _WORDS:
        text = re.sub(pattern, word, text)
    text = re.sub(r"powernth (\w+)", lambda found: _nth(found[1]), text)
    tokens = _TOKEN.findall(text)
    if len(tokens) > MOST_TOKENS or "".join(tokens) != re.sub(r"[\s]", "", text):
        raise NoSumError
    return tokens


def _nth(word: str) -> str:
    number = ORDINALS.get(word)
    if number is None and (found := re.fullmatch(r"(\d{1,6})(?:st|nd|rd|th)?", word)):
        number = int(found[1])
    if number is None:
        tokens = [word]
        read = number_at(tokens, 0)
        number = int(read[0]) if read is not None and read[0].denominator == 1 else None
    if number is None:
        raise NoSumError
    return f"power {number}"


_PLUS: Final = frozenset(("plus", "+"))
_MINUS: Final = frozenset(("minus", "-", "less"))
_TIMES: Final = frozenset(("times", "x"))
_POWERS: Final = frozenset(("squared", "cubed", "power", "^"))
_OVER: Final = frozenset(("over", "/"))


class SumReader:
    """Reads one sum from its tokens, from left to right, with the usual precedence."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._place = 0
        self._open = 0
        self.has_worked = False
        self.is_rounded = False

    def whole(self) -> Fraction:
        """What it comes to. Raises NoSumError, StuckError."""
        value = self._terms()
        if self._place != len(self._tokens):
            raise NoSumError
        return value

    def _next(self) -> str:
        return self._tokens[self._place] if self._place < len(self._tokens) else ""

    def _take(self, *words: str) -> bool:
        if self._next() in words:
            self._place += 1
            return True
        return False

    def _terms(self) -> Fraction:
        first = self._place
        value = self._factors()
        is_share = self._is_share(first)
        while (sign := self._next()) in _PLUS | _MINUS:
            self._place += 1
            self.has_worked = True
            begin = self._place
            other = self._factors()
            if is_share:
                raise StuckError(_TWO_WAYS)  # "10 percent plus 5 percent"
            if self._is_share(begin):
                other *= value  # "100 plus 20 percent" means of the hundred
            value = bounded(value + other if sign in _PLUS else value - other)
        return value

    def _is_share(self, begin: int) -> bool:
        """Whether what was read since then is a percentage, and does not say of what."""
        return self._tokens[self._place - 1] == "percent" and "of" not in self._tokens[begin : self._place]

    def _factors(self) -> Fraction:
        value, has_divided = self._signed(), False
        while (sign := self._next()) in _TIMES | _OVER | {"mod", "("}:
            if sign != "(":
                self._place += 1
            elif has_divided:
                raise StuckError(_TWO_WAYS)  # "6 / 2 (1 + 2)"
            has_divided = has_divided or sign in _OVER
            self.has_worked = True
            other = self._signed()
            if sign in _TIMES or sign == "(":
                value = bounded(value * other)
            elif other == 0:
                raise StuckError("Nothing can be divided by zero")
            else:
                value = bounded(value / other) if sign in _OVER else value % other
        return value

    def _signed(self) -> Fraction:
        if self._take("minus", "negative", "-"):
            begin = self._place
            value = self._signed()
            if _POWERS & set(self._tokens[begin : self._place]) and "(" not in self._tokens[begin : self._place]:
                raise StuckError(_TWO_WAYS)  # "minus three squared"
            return -value
        return self._power()

    def _power(self) -> Fraction:
        base = self._atom()
        while True:
            if self._take("squared"):
                base = self._raised(base, Fraction(2))
            elif self._take("cubed"):
                base = self._raised(base, Fraction(3))
            elif self._take("power", "^"):
                base = self._raised(base, self._signed())  # from right to left, as it is written
            elif self._take("factorial", "!"):
                base = self._factorial(base)
            else:
                return base

    def _atom(self) -> Fraction:
        if self._open > 20:
            raise NoSumError
        if self._take("("):
            self._open += 1
            value = self._terms()
            self._open -= 1
            if not self._take(")"):
                raise NoSumError
            return value
        self._take("the")
        if self._take("sqrt", "cbrt"):
            root = 2 if self._tokens[self._place - 1] == "sqrt" else 3
            return self._root(self._operand(), root)
        if self._take("twice", "double"):
            self.has_worked = True
            return 2 * self._operand()
        return self._number()

    def _number(self) -> Fraction:
        if self._next() in ("a", "an") and self._place + 1 < len(self._tokens):
            named = part_of(self._tokens[self._place + 1])
            if named is None and self._tokens[self._place + 1] not in ("hundred", "thousand", "million", "billion"):
                raise NoSumError
        found = number_at(self._tokens, self._place)
        if found is None:
            raise NoSumError
        value, end = found
        is_part = part_of(self._tokens[end - 1]) is not None
        self._place = end
        if self._take("percent"):
            self.has_worked = self.has_worked or self._next() in ("of", "off")
            return self._percent(value)
        if is_part and self._take("of"):
            self.has_worked = True
            return bounded(value * self._operand())
        return value

    def _percent(self, value: Fraction) -> Fraction:
        if self._take("of"):
            return bounded(value / 100 * self._operand())
        if self._take("off"):
            return bounded((1 - value / 100) * self._operand())
        return value / 100

    def _operand(self) -> Fraction:
        """What a root, a part or a percentage is of. "Half of ten plus six" can be read in two ways."""
        begin_open = self._next() == "("
        value = self._signed()
        if not begin_open and self._next() in _PLUS | _MINUS | _TIMES | _OVER:
            raise StuckError(_TWO_WAYS)
        return value

    def _root(self, value: Fraction, root: int) -> Fraction:
        self.has_worked = True
        if value < 0 and root == 2:
            raise StuckError("A negative number has no real square root")
        sign = -1 if value < 0 else 1
        exact = _exact_root(abs(value), root)
        if exact is not None:
            return sign * exact
        self.is_rounded = True
        return sign * _decimal_power(abs(value), Fraction(1, root))

    def _raised(self, base: Fraction, power: Fraction) -> Fraction:
        self.has_worked = True
        if base == 0 and power <= 0:
            raise StuckError("Zero to that power is not defined")
        if power.denominator != 1:
            if base < 0:
                raise StuckError("A negative number has no real power of that kind")
            if abs(power) > 1000:
                raise StuckError(_HUGE)
            exact = _exact_root(base, power.denominator) if power.denominator <= 10 else None
            if exact is None:
                self.is_rounded = True
                return _decimal_power(base, power)
            base, power = exact, Fraction(power.numerator)
        size = max(abs(base.numerator), base.denominator)
        digits = abs(power) * Fraction(log10(size)) if size > 1 else 0
        if digits > MOST_DIGITS:
            if base.denominator == 1 and power > 0 and digits < 10**15:
                raise StuckError(f"That number has about {int(digits) + 1:,} digits, which are too many to work out")
            raise StuckError(_HUGE)
        return base ** int(power) if abs(power) < 10**6 else _unit_power(base, power)

    def _factorial(self, value: Fraction) -> Fraction:
        self.has_worked = True
        if value.denominator != 1 or value < 0:
            raise StuckError("Only whole numbers from zero have a factorial")
        if value > 170:
            raise StuckError(_HUGE)
        product = 1
        for factor in range(2, int(value) + 1):
            product *= factor
        return Fraction(product)


def _unit_power(base: Fraction, power: Fraction) -> Fraction:
    """Powers of 1, 0 and -1, however large."""
    if base == -1:
        return Fraction(-1 if power % 2 else 1)
    return Fraction(base)


def bounded(value: Fraction) -> Fraction:
    """The same value, if it is short enough to go on with. Raises StuckError."""
    if max(abs(value.numerator), value.denominator) >= 10**MOST_DIGITS:
        raise StuckError(_HUGE)
    return value


def _exact_root(value: Fraction, root: int) -> Fraction | None:
    parts = [_whole_root(number, root) for number in (value.numerator, value.denominator)]
    return None if None in parts else Fraction(parts[0] or 0, parts[1] or 1)


def _whole_root(number: int, root: int) -> int | None:
    if root == 1:
        return number
    if root == 2:
        found = isqrt(number)
    else:
        with localcontext() as precise:
            precise.prec = 420
            found = int((Decimal(number) ** (Decimal(1) / root)).to_integral_value()) if number else 0
    return found if found**root == number else None


def _decimal_power(base: Fraction, power: Fraction) -> Fraction:
    with localcontext() as precise:
        precise.prec = 40
        exact = Decimal(base.numerator) / Decimal(base.denominator)
        raised = exact ** (Decimal(power.numerator) / Decimal(power.denominator))
        if abs(raised.adjusted()) > MOST_DIGITS:
            raise StuckError(_HUGE)
        return Fraction(raised)
