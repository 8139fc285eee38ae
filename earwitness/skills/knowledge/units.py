"""Units and what they are worth in each other: exact factors, kitchen measures, temperatures. Pure.

Factors are the definitions (SI, the international yard and pound of 1959, the US and imperial gallon). A measure that has a US
and an imperial size is told by name; what would need a density is not answered.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final

from earwitness.domain.answer import Answer
from earwitness.skills.knowledge.asked import Told, Unsure, compiled, plain
from earwitness.skills.knowledge.numbers import is_short, number_at, plain_digits, rounded

_TABLE: Final = """
length|meter|meters|1|m metre metres
length|kilometer|kilometers|1000|km kms kilometre kilometres
length|centimeter|centimeters|1/100|cm centimetre centimetres
length|millimeter|millimeters|1/1000|mm millimetre millimetres
length|micrometer|micrometers|1/1000000|micron microns micrometre micrometres
length|nanometer|nanometers|1/1000000000|nm nanometre nanometres
length|inch|inches|0.0254|
length|foot|feet|0.3048|ft
length|yard|yards|0.9144|yd yds
length|mile|miles|1609.344|mi
length|nautical mile|nautical miles|1852|
length|light year|light years|9460730472580800|light-year light-years lightyear lightyears
length|astronomical unit|astronomical units|149597870700|
length|fathom|fathoms|1.8288|
length|furlong|furlongs|201.168|
area|square meter|square meters|1|square metre,square metres,sqm
area|square kilometer|square kilometers|1000000|square kilometre,square kilometres
area|square centimeter|square centimeters|0.0001|square centimetre,square centimetres
area|square foot|square feet|0.09290304|
area|square inch|square inches|0.00064516|
area|square yard|square yards|0.83612736|
area|square mile|square miles|2589988.110336|
area|acre|acres|4046.8564224|
area|hectare|hectares|10000|
volume|liter|liters|1|l litre litres
volume|milliliter|milliliters|0.001|ml millilitre millilitres
volume|centiliter|centiliters|0.01|cl centilitre centilitres
volume|deciliter|deciliters|0.1|dl decilitre decilitres
volume|cubic meter|cubic meters|1000|cubic metre,cubic metres
volume|cubic centimeter|cubic centimeters|0.001|cubic centimetre,cubic centimetres,cc
volume|cubic foot|cubic feet|28.316846592|
volume|cubic inch|cubic inches|0.016387064|
volume|US gallon|US gallons|3.785411784|gallon,gallons
volume|US quart|US quarts|0.946352946|quart,quarts
volume|US pint|US pints|0.473176473|pint,pints
volume|US cup|US cups|0.2365882365|cup,cups
volume|US fluid ounce|US fluid ounces|0.0295735295625|fluid ounce,fluid ounces,fl oz
volume|US tablespoon|US tablespoons|0.01478676478125|tablespoon,tablespoons,tbsp
volume|US teaspoon|US teaspoons|0.00492892159375|teaspoon,teaspoons,tsp
volume|imperial gallon|imperial gallons|4.54609|uk gallon,uk gallons,british gallon,british gallons
volume|imperial quart|imperial quarts|1.1365225|uk quart,uk quarts,british quart,british quarts
volume|imperial pint|imperial pints|0.56826125|uk pint,uk pints,british pint,british pints
volume|imperial fluid ounce|imperial fluid ounces|0.0284130625|uk fluid ounce,uk fluid ounces
volume|metric cup|metric cups|0.25|
volume|metric tablespoon|metric tablespoons|0.015|
volume|metric teaspoon|metric teaspoons|0.005|
mass|gram|grams|1|g gramme grammes
mass|kilogram|kilograms|1000|kg kilo kilos kgs
mass|milligram|milligrams|0.001|mg
mass|microgram|micrograms|0.000001|
mass|metric ton|metric tons|1000000|tonne,tonnes
mass|US ton|US tons|907184.74|short ton,short tons
mass|imperial ton|imperial tons|1016046.9088|long ton,long tons,uk ton,uk tons
mass|pound|pounds|453.59237|lb lbs
mass|ounce|ounces|28.349523125|oz
mass|stone|stone|6350.29318|stones
mass|carat|carats|0.2|
time|second|seconds|1|s sec secs
time|minute|minutes|60|min mins
time|hour|hours|3600|h hr hrs
time|day|days|86400|
time|week|weeks|604800|
time|millisecond|milliseconds|0.001|ms
speed|meter per second|meters per second|1|meters a second,m/s,metres per second
speed|kilometer per hour|kilometers per hour|5/18|kilometers an hour,km/h,kph,kmh,kilometres per hour,kilometres an hour
speed|mile per hour|miles per hour|0.44704|miles an hour,mph
speed|knot|knots|463/900|
pressure|pascal|pascals|1|pa
pressure|hectopascal|hectopascals|100|hpa
pressure|kilopascal|kilopascals|1000|kpa
pressure|bar|bars|100000|
pressure|millibar|millibars|100|
pressure|atmosphere|atmospheres|101325|
energy|joule|joules|1|j
energy|kilojoule|kilojoules|1000|kj
energy|kilowatt hour|kilowatt hours|3600000|kwh kilowatt-hour kilowatt-hours
energy|watt hour|watt hours|3600|wh
energy|kilocalorie|kilocalories|4184|kcal
power|watt|watts|1|w
power|kilowatt|kilowatts|1000|kw
power|megawatt|megawatts|1000000|mw
power|mechanical horsepower|mechanical horsepower|745.69987158227022|horsepower,hp
data|bit|bits|1/8|
data|byte|bytes|1|
data|kilobyte|kilobytes|1000|kb
data|megabyte|megabytes|1000000|mb
data|gigabyte|gigabytes|1000000000|gb
data|terabyte|terabytes|1000000000000|tb
data|petabyte|petabytes|1000000000000000|pb
data|kibibyte|kibibytes|1024|kib
data|mebibyte|mebibytes|1048576|mib
data|gibibyte|gibibytes|1073741824|gib
"""
_KELVIN: Final = {
    "celsius": (Fraction(1), Fraction("273.15"), "degrees Celsius"),
    "fahrenheit": (Fraction(5, 9), Fraction("459.67") * Fraction(5, 9), "degrees Fahrenheit"),
    "kelvin": (Fraction(1), Fraction(0), "kelvin"),
}
"""Kelvin are `factor` times the number plus `offset`."""
_SCALES: Final = {
    "celsius": "celsius", "celcius": "celsius", "centigrade": "celsius", "c": "celsius", "fahrenheit": "fahrenheit",
    "f": "fahrenheit", "kelvin": "kelvin", "kelvins": "kelvin", "k": "kelvin",
}  # fmt: skip
_MEASURES: Final = {
    "length": "a length", "area": "an area", "volume": "a volume", "mass": "a weight", "time": "a time", "speed": "a speed",
    "pressure": "a pressure", "energy": "an energy", "power": "a power", "data": "an amount of data",
}  # fmt: skip
_SETS: Final = {"dozen": 12, "gross": 144, "score": 20}
_DIGITS_TOLD: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """`factor` is how much of the first unit of its kind it is."""

    kind: str
    one: str
    many: str
    factor: Fraction

    def told(self, count: Fraction) -> str:
        return self.one if abs(count) == 1 else self.many

    @property
    def article(self) -> str:
        return "an" if self.one[:1] in "aeio" or self.one.startswith("hour") else "a"


@lru_cache(maxsize=1)
def units() -> Mapping[str, Unit]:
    """By every name that it is called."""
    found: dict[str, Unit] = {}
    for line in _TABLE.strip().splitlines():
        kind, one, many, factor, names = line.split("|")
        unit = Unit(kind=kind, one=one, many=many, factor=Fraction(factor))
        others = names.split(",") if "," in names or " " not in names else names.split()
        if kind not in ("volume", "area", "speed") and "," not in names:
            others = names.split()
        for name in (one.casefold(), many.casefold(), *others):
            if name:
                found.setdefault(name.strip(), unit)
    return found


def convert(question: str) -> Told:
    """The answer to a question that turns one unit into another; None for what is none."""
    text = re.sub(r"\b(?:us|american) (?=gallon|quart|pint|cup|fluid|tablespoon|teaspoon|ton)", "us ", plain(question))
    if found := re.fullmatch(r"how many (?:\w+ )?(?:are )?(?:there )?(?:are )?in an? (dozen|gross|score)(?: \w+)?", text):
        return Answer(sentence=f"There are {_SETS[found[1]]} in a {found[1]}", source="")
    for pattern, order in _COMPILED:
        if found := pattern.fullmatch(text.replace("half of a", "half a")):
            amount, wanted = (found[1], found[2]) if order else (found[2], found[1])
            told = _temperature(amount, wanted) or _converted(amount, wanted, is_count=not order)
            if told is not None:
                return told
    return None


def _temperature(amount: str, wanted: str) -> Told:
    target = re.fullmatch(r"(?:degrees? )?(\w+)", wanted)
    if target is None or target[1] not in _SCALES:
        return None
    source = re.fullmatch(
        r"(minus |negative |-)?(.+?) ?(degrees?)?(?: (celsius|celcius|centigrade|c|fahrenheit|f|kelvins?|k))?", amount
    )
    if source is None:
        return None
    into = _SCALES[target[1]]
    said = source[4]
    if said is None:
        if into == "celsius" or not source[3]:
            return Unsure(clause="Say of which scale the degrees are, Celsius or Fahrenheit") if source[3] else None
        said = "celsius"  # "degrees Celsius" is heard and written as "degrees"
    elif len(said) == 1 and not source[3]:
        return None
    value = _number(source[2])
    if value is None:
        return None
    value = -value if source[1] else value
    of = _SCALES[said]
    factor, offset, name = _KELVIN[of]
    kelvin = value * factor + offset
    if kelvin < 0:
        return Unsure(clause="Nothing is as cold as that: absolute zero is at -273.15 degrees Celsius")
    other_factor, other_offset, other_name = _KELVIN[into]
    result = (kelvin - other_offset) / other_factor
    told = plain_digits(result) if is_short(result) and (result * 100).denominator == 1 else f"about {rounded(result, places=1)}"
    return Answer(sentence=f"{plain_digits(value)} {name} is {told} {other_name}", source="")


def _number(text: str) -> Fraction | None:
    tokens = re.findall(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|[a-z]+", text.replace("-", " "))
    if "".join(tokens) != re.sub(r"[ -]", "", text):
        return None
    found = number_at(tokens, 0)
    return found[0] if found is not None and found[1] == len(tokens) else None


def _unit(name: str) -> Unit | None:
    return units().get(name.strip())


def _measured(amount: str) -> tuple[Fraction, Unit, str] | None:
    """How much of which unit, and of what: "two and a half cups of flour"."""
    text, _, stuff = amount.partition(" of ")
    words = text.split()
    for count in (4, 3, 2, 1):
        unit = _unit(" ".join(words[-count:])) if len(words) >= count else None
        if unit is None:
            continue
        said = " ".join(words[: len(words) - count])
        said = re.sub(r" (?:a|an)$", "", said) if said not in ("a", "an") else said
        value = _number(said) if said else Fraction(1)
        return None if value is None else (value, unit, stuff)
    return None


def _compound(amount: str) -> tuple[Fraction, Unit, str] | None:
    """ "6 feet 2 inches", "five foot eleven", "11 stone 4 pounds" in the smaller unit; and how it is told."""
    found = re.fullmatch(
        r"(.+?) (feet|foot|ft|stone|pounds?|hours?) (?:and )?(.+?)(?: (inch|inches|pounds?|ounces?|minutes?))?", amount
    )
    if found is None:
        return None
    large = units()[found[2]]
    small = units()[{"foot": "inch", "stone": "pound", "pound": "ounce", "hour": "minute"}[large.one]]
    if (found[4] and units()[found[4]] is not small) or (not found[4] and large.one != "foot"):
        return None
    one, other = _number(found[1]), _number(found[3])
    if one is None or other is None or other >= large.factor / small.factor:
        return None
    total = one * large.factor / small.factor + other
    return total, small, f"{plain_digits(one)} {large.told(one)} {plain_digits(other)} {small.told(other)}"


def _converted(amount: str, wanted: str, *, is_count: bool) -> Told:
    into = _unit(re.sub(r" of .*$", "", wanted)) or (_TON if wanted in ("ton", "tons") else None)
    if into is None:
        return None
    if compound := _compound(amount):
        value, unit, told = compound
        stuff = ""
    elif (measured := _measured(_BARE_TON.sub("us ton" if into.one in _AMERICAN else "metric ton", amount))) is not None:
        value, unit, stuff = measured
        told = ""
    else:
        return None
    if into is _TON:
        into = units()["us ton" if unit.one in _AMERICAN else "metric ton"]
    unit, into = _fluid(unit, into)
    if unit.kind != into.kind:
        return _apart(unit, into, stuff)
    if (compound is None and not is_short(value)) or unit is into:
        return None
    told = told or f"{plain_digits(value)} {unit.told(value)}"
    result = value * unit.factor / into.factor
    said, exact = _amount(result, into)
    more = (exact,) if exact else ()
    if is_count and value == 1 and not compound:
        be = "is" if said.removeprefix("about ") == "1" else "are"
        sentence = f"There {be} {said} {into.told(result)} in {unit.article} {unit.one}{_binary(value, unit, into)}"
    else:
        sentence = f"{told} {'is' if value == 1 or compound else 'are'} {said} {into.told(result)}{_binary(value, unit, into)}"
    return Answer(sentence=sentence, source="", more=(*more, *_imperial(value, unit, into)))


_AMERICAN: Final = frozenset(("pound", "ounce", "US ton"))
_BARE_TON: Final = re.compile(r"(?<!metric )(?<!short )(?<!long )(?<!us )(?<!uk )(?<!imperial )\btons?\b")
_TON: Final = Unit(kind="mass", one="ton", many="tons", factor=Fraction(1))


def _fluid(unit: Unit, into: Unit) -> tuple[Unit, Unit]:
    """An ounce is one of volume where the other is a volume."""
    is_imperial = "imperial" in unit.one + into.one
    fluid = units()["imperial fluid ounce" if is_imperial else "fluid ounce"]
    if unit.one == "ounce" and into.kind == "volume":
        return fluid, into
    return (unit, fluid) if into.one == "ounce" and unit.kind == "volume" else (unit, into)


def _apart(unit: Unit, into: Unit, stuff: str) -> Unsure | None:
    if {unit.kind, into.kind} == {"mass", "volume"}:
        what = f"{unit.article} {unit.one} of {stuff}" if stuff else f"{unit.article} {unit.one}"
        dense = f"how dense {stuff or 'it'} is"
        return Unsure(clause=f"{what} cannot be turned into {into.many} without knowing {dense}, and I do not know that")
    if stuff:
        return None
    return Unsure(
        clause=f"{unit.article} {unit.one} measures {_MEASURES[unit.kind]} and {into.article} {into.one} {_MEASURES[into.kind]}"
    )


def _amount(value: Fraction, unit: Unit) -> tuple[str, str]:
    """The number as it is said, and the exact one where that is another."""
    if value.denominator == 1 and abs(value) < 10**15:
        return f"{value.numerator:,}", ""
    text = plain_digits(value) if is_short(value) else ""
    if text and len(text.replace(",", "").replace(".", "").lstrip("0")) <= _DIGITS_TOLD:
        return text, ""
    size = len(str(int(abs(value)))) if abs(value) >= 1 else 0
    about = f"about {rounded(value, places=max(0, 4 - size))}"
    return about, f"Exactly it is {text} {unit.many}." if text else ""


def _binary(value: Fraction, unit: Unit, into: Unit) -> str:
    """Makers of memory count kilobytes in powers of two, which is said."""
    powers = {"byte": 0, "kilobyte": 1, "megabyte": 2, "gigabyte": 3, "terabyte": 4, "petabyte": 5}
    if unit.one not in powers or into.one not in powers or powers[unit.one] <= powers[into.one]:
        return ""
    result = value * 1024 ** (powers[unit.one] - powers[into.one])
    return f", or {_amount(result, into)[0]} where each is 1,024 of the next"


def _imperial(value: Fraction, unit: Unit, into: Unit) -> tuple[str, ...]:
    other = units().get(unit.one.casefold().replace("us ", "imperial "))
    if not unit.one.startswith("US ") or other is None or into.one.startswith(("US ", "imperial ")):
        return ()
    result = value * other.factor / into.factor
    worth = f"{_amount(result, into)[0]} {into.told(result)}"
    return (f"{plain_digits(value)} {other.told(value)} {'is' if value == 1 else 'are'} {worth}.",)


_IN: Final = r"(?:in|to|into|as)"
_QUESTIONS: Final = (
    (r"(?:what(?:'s| is) )?(?:the )?(?:total |correct |right )?(?:number|amount) of (.+?) in (.+)", False),
    (rf"(?:how (?:do|can|would) (?:i|you|we) )?(?:convert|change|turn) (.+) {_IN} (.+)", True),
    (r"how many (.+?) (?:are |is )?(?:there )?(?:are )?(?:contained )?in (.+)", False),
    (r"how many (.+?) (?:make up|make|makes|does it take to make|fit in|go into|equals?|is|are) (.+)", False),
    (rf"(?:what(?:'s| is| are)|how (?:much|long|far|tall|heavy|hot|cold|fast|big) (?:is|are)) (.+) {_IN} (.+)", True),
    (rf"(.+) {_IN} (.+)", True),
)
"""Words of a question, and whether the amount comes before the unit that is wanted."""
_COMPILED: Final = compiled(_QUESTIONS)
