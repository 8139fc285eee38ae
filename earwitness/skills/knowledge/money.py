"""Money in another currency, by a file of exchange rates with a date, which is always told. Reads the file once per change.

The file is in the European Central Bank's own form (`eurofxref.csv`): a row of currencies, then one with a date and how many of
each one euro is. What ships is in data/README.md.
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Final

from earwitness.domain.answer import Answer
from earwitness.skills.knowledge.asked import Told, Unsure, compiled, plain
from earwitness.skills.knowledge.numbers import number_at

MOST_BYTES: Final = 1_000_000
_NAMES: Final = """
EUR|euro|euros|
USD|US dollar|US dollars|dollar,dollars,american dollar,american dollars,usd,bucks,buck,greenback
JPY|Japanese yen|Japanese yen|yen
CZK|Czech koruna|Czech koruna|czech crown,czech crowns,koruna,korunas
DKK|Danish krone|Danish kroner|danish crowns,danish krone,danish kroner
GBP|pound sterling|pounds sterling|pound,pounds,british pound,british pounds,quid,sterling,english pounds,english pound
HUF|Hungarian forint|Hungarian forints|forint,forints
PLN|Polish zloty|Polish zloty|zloty,zlotys,zloties
RON|Romanian leu|Romanian lei|lei,leu
SEK|Swedish krona|Swedish kronor|swedish krona,swedish crowns,swedish kronas,kronor
CHF|Swiss franc|Swiss francs|franc,francs
ISK|Icelandic krona|Icelandic kronur|icelandic crowns
NOK|Norwegian krone|Norwegian kroner|norwegian crowns,norwegian krones
TRY|Turkish lira|Turkish lira|lira,liras,turkish liras
AUD|Australian dollar|Australian dollars|aussie dollars
BRL|Brazilian real|Brazilian reais|reais,real,brazilian reals
CAD|Canadian dollar|Canadian dollars|
CNY|Chinese yuan|Chinese yuan|yuan,renminbi
HKD|Hong Kong dollar|Hong Kong dollars|
IDR|Indonesian rupiah|Indonesian rupiah|rupiah
ILS|Israeli shekel|Israeli shekels|shekel,shekels
INR|Indian rupee|Indian rupees|
KRW|South Korean won|South Korean won|won,korean won
MXN|Mexican peso|Mexican pesos|
MYR|Malaysian ringgit|Malaysian ringgit|ringgit
NZD|New Zealand dollar|New Zealand dollars|kiwi dollars
PHP|Philippine peso|Philippine pesos|filipino pesos
SGD|Singapore dollar|Singapore dollars|
THB|Thai baht|Thai baht|baht
ZAR|South African rand|South African rand|rand,rands
"""
_SEVERAL: Final = {
    "krone": "Danish or Norwegian", "kroner": "Danish or Norwegian", "crowns": "Czech, Danish, Norwegian or Swedish",
    "crown": "Czech, Danish, Norwegian or Swedish", "peso": "Mexican or Philippine", "pesos": "Mexican or Philippine",
    "krona": "Swedish or Icelandic", "rupee": "Indian or another", "rupees": "Indian or another",
}  # fmt: skip
_WITHOUT: Final = frozenset(
    (
        "bitcoin",
        "bitcoins",
        "ethereum",
        "ether",
        "dogecoin",
        "rubles",
        "ruble",
        "roubles",
        "rouble",
        "dirham",
        "dirhams",
        "riyal",
        "riyals",
        "dinar",
        "dinars",
        "naira",
        "hryvnia",
        "dong",
        "shilling",
        "shillings",
    )
)


class RatesError(Exception):
    """A file of rates that cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Currency:
    code: str
    one: str
    many: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """How many of each currency one euro was on that day."""

    day: date
    per_euro: Mapping[str, Fraction]


@lru_cache(maxsize=1)
def currencies() -> Mapping[str, Currency]:
    """By every name that they are called."""
    found: dict[str, Currency] = {}
    for line in _NAMES.strip().splitlines():
        code, one, many, names = line.split("|")
        currency = Currency(code=code, one=one, many=many)
        for name in (code.casefold(), one.casefold(), many.casefold(), *names.split(",")):
            if name:
                found[name] = currency
    return found


def read_rates(text: str) -> Rates:
    """The newest rates of a file; those after its first row of rates are older. Raises RatesError."""
    rows = csv.reader(text.splitlines(), skipinitialspace=True)
    try:
        names, values = next(rows), next(rows)
        pairs = [(name.strip().upper(), value.strip()) for name, value in zip(names, values, strict=False)]
        per_euro = {name: Fraction(Decimal(value)) for name, value in pairs[1:] if name and value not in ("", "N/A")}
        if pairs[0][0] != "DATE" or not per_euro or any(not 0 < rate < 10**9 for rate in per_euro.values()):
            raise RatesError
        return Rates(day=_day(pairs[0][1]), per_euro=per_euro | {"EUR": Fraction(1)})
    except (StopIteration, ValueError, InvalidOperation, OverflowError, csv.Error, IndexError) as error:
        raise RatesError from error


def _day(text: str) -> date:
    return datetime.strptime(text, "%d %B %Y" if " " in text else "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone


def rates(newer: Path | None) -> Rates:
    """Those of the file `newer` if it is newer than what ships. Raises RatesError when it cannot be read."""
    shipped = _shipped()
    if newer is None:
        return shipped
    try:
        with newer.open("rb") as file:
            data = file.read(MOST_BYTES)
        found = read_rates(data.decode())
    except (OSError, UnicodeDecodeError) as error:
        raise RatesError from error
    return found if found.day >= shipped.day else shipped


@lru_cache(maxsize=1)
def _shipped() -> Rates:
    return read_rates(resources.files("earwitness.skills.knowledge").joinpath("data", "rates.csv").read_text(encoding="utf-8"))


def exchange(question: str, *, rates_file: Path | None = None) -> Told:
    """What an amount of money is in another currency; None for what is no such question."""
    text = re.sub(r"\bu\. ?s\. ?d\b\.?", "usd", plain(question)).replace("€", " euros ").replace("£", " pounds ")
    text = re.sub(r"\$ ?([\d.,]+)(?: (?:usd|dollars?|us dollars?)\b)?", r"\1 dollars", " ".join(text.split()))
    text = text.replace(" worth in ", " in ")
    for pattern, order in _COMPILED:
        if found := pattern.fullmatch(text):
            amount, wanted = (found[1], found[2]) if order else (found[2], found[1])
            told = _exchanged(amount, wanted, rates_file=rates_file)
            if told is not None:
                return told
    return None


def _exchanged(amount: str, wanted: str, *, rates_file: Path | None) -> Told:
    value, of = _money(amount)
    into = _currency(wanted)
    if value is None or of is None or into is None:
        return None
    for one in (of, into):
        if isinstance(one, Unsure):
            return one
    assert isinstance(of, Currency)
    assert isinstance(into, Currency)
    if of is into:
        return None
    try:
        known = rates(rates_file)
    except RatesError:
        return Unsure(clause="The file of exchange rates cannot be read; look at the setting knowledge.rates_file")
    missing = next((one for one in (of, into) if one.code not in known.per_euro), None)
    if missing is not None:
        return Unsure(clause=f"I have no exchange rate of {missing.many}")
    result = value / known.per_euro[of.code] * known.per_euro[into.code]
    told = _rounded(result)
    day = f"{known.day:%B} {known.day.day}, {known.day.year}"
    return Answer(
        sentence=f"{_plain(value)} {of.one if value == 1 else of.many} {'is' if value == 1 else 'are'} about {told} {into.many}",
        source=f"the European Central Bank's reference rates of {day}",
    )


def _rounded(value: Fraction) -> str:
    """Two digits after the point; none for large amounts, more for tiny ones."""
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    if abs(exact) >= 1000:
        return f"{exact:,.0f}"
    return f"{exact:,.2f}" if abs(exact) >= Decimal("0.1") else f"{exact:.3g}"


def _plain(value: Fraction) -> str:
    return f"{value.numerator:,}" if value.denominator == 1 else f"{float(value):,.2f}"


def _money(amount: str) -> tuple[Fraction | None, Currency | Unsure | None]:
    words = amount.strip().split()
    for count in (3, 2, 1):
        of = _currency(" ".join(words[-count:])) if len(words) >= count else None
        if of is None:
            continue
        said = words[: len(words) - count]
        if said in ([], ["a"], ["an"], ["one"], ["the"]):
            return Fraction(1), of
        tokens = re.findall(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|[a-z]+", " ".join(said).replace("-", " "))
        found = number_at(tokens, 0)
        is_all = found is not None and found[1] == len(tokens) and "".join(tokens) == "".join(said).replace("-", "")
        return (found[0] if found is not None and is_all else None), of
    return None, None


def _currency(name: str) -> Currency | Unsure | None:
    said = re.sub(r"^(?:the|a|an) ", "", name.strip())
    if said in _SEVERAL:
        return Unsure(clause=f"Say which {said}: {_SEVERAL[said]}")
    if said.split()[-1:] and said.split()[-1] in _WITHOUT:
        return Unsure(clause=f"I have no exchange rate of {said}")
    return currencies().get(said)


_IN: Final = r"(?:in|to|into|as)"
_QUESTIONS: Final = (
    (rf"(?:convert|change|exchange) (.+) {_IN} (.+)", True),
    (rf"(?:what(?:'s| is| are)|how much (?:is|are)|what(?:'s| is) the (?:value|price) of) (.+) {_IN} (.+)", True),
    (r"how (?:many|much) (.+?) (?:are |is )?(?:there )?(?:are )?in (.+)", False),
    (
        r"how (?:many|much) (.+?) "
        r"(?:(?:do|can|would|will) (?:i|you|we) (?:get|exchange|buy) (?:for|with)|is|are|make|equals?|for) (.+)",
        False,
    ),
    (
        r"(?:what(?:'s| is) )?(?:the )?(?:current )?"
        r"(?:(?:exchange|conversion|going) rate|currency conversion(?: rate)?|conversion) (?:between|from|of|for) "
        rf"(?:the )?(.+?) (?:and|{_IN}) (?:the )?(.+?)(?: now| today| currently)?",
        True,
    ),
    (r"(?:how much is|what(?:'s| is)) (.+) (?:versus|vs|against) (.+)", True),
    (rf"(.+) {_IN} (.+)", True),
)
"""Words of a question, and whether the amount comes before the currency that is wanted."""
_COMPILED: Final = compiled(_QUESTIONS)
