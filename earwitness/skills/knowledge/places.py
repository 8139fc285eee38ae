"""The countries and cities that ship with the house (data/README.md), found by what people call them. Reads each file once."""

import csv
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from typing import Final

SOURCE: Final = "GeoNames"
LARGE: Final = 1_000_000
CLEARLY: Final = 5
"""How many times larger a city must be than the next of its name to be meant without more being said."""
_ALIAS_WEIGHT: Final = 10
_COUNTRY_NAMES: Final = {
    "usa": "US", "us": "US", "u.s.": "US", "u.s": "US", "u.s.a": "US", "united states of america": "US", "america": "US",
    "states": "US", "uk": "GB", "u.k.": "GB", "u.k": "GB", "great britain": "GB", "britain": "GB", "holland": "NL",
    "netherlands": "NL", "czech republic": "CZ", "czechia": "CZ", "uae": "AE", "emirates": "AE", "ivory coast": "CI",
    "south korea": "KR", "north korea": "KP", "russia": "RU", "turkey": "TR", "turkiye": "TR", "viet nam": "VN", "burma": "MM",
    "democratic republic of congo": "CD", "democratic republic of the congo": "CD", "republic of the congo": "CG",
    "swaziland": "SZ",
    "cape verde": "CV", "east timor": "TL", "macedonia": "MK", "vatican city": "VA", "vatican": "VA", "holy see": "VA",
    "people's republic of china": "CN", "republic of ireland": "IE", "bosnia": "BA", "hong kong": "HK", "macau": "MO",
}  # fmt: skip
_NOT_SURE: Final = frozenset(("georgia", "congo", "korea", "guinea"))
"""Names of more than one country, or of a state as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """Area in square kilometres; `languages` and `neighbours` are codes, the most spoken language first."""

    code: str
    name: str
    capital: str
    area: int
    population: int
    continent: str
    currency: str
    currency_name: str
    languages: tuple[str, ...]
    neighbours: tuple[str, ...]

    @property
    def told(self) -> str:
        """The name with its article: "the Netherlands"."""
        if self.name.startswith("The "):
            return f"the {self.name.removeprefix('The ')}"
        needs = re.match(r"(?:United|Netherlands|Bahamas|Maldives|Philippines|Gambia|.* Islands|.*Republic|Vatican)\b", self.name)
        return f"the {self.name}" if needs else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """`state` is only filled in the United States."""

    name: str
    country: str
    state: str
    population: int
    zone: str

    @property
    def told(self) -> str:
        """The name with its state, or its country: "Paris in France"."""
        where = self.state or countries()[self.country].told
        return self.name if where in (self.name, f"the {self.name}") else f"{self.name} in {where}"

    @property
    def told_short(self) -> str:
        """The name alone where everybody knows which is meant, else `told`."""
        return self.name if self.population >= LARGE else self.told


def folded(name: str) -> str:
    """A name as it is compared: without accents, case and what separates."""
    text = unicodedata.normalize("NFKD", name.replace("ß", "ss")).casefold()
    return " ".join(re.sub(r"[^a-z' ]", " ", text.encode("ascii", "ignore").decode()).replace("'", "").split())


@lru_cache(maxsize=1)
def countries() -> Mapping[str, Country]:
    """By their two letters."""
    return {
        row["iso"]: Country(
            code=row["iso"],
            name=row["name"],
            capital=row["capital"],
            area=round(float(row["areakm2"] or 0)),
            population=int(row["population"] or 0),
            continent=row["continentcode"],
            currency=row["currencycode"],
            currency_name=row["currencyname"],
            languages=tuple(code for code in row["languages"].split(",") if code),
            neighbours=tuple(code for code in row["neighbours"].split(",") if code),
        )
        for row in _rows("countries.csv")
    }


@lru_cache(maxsize=1)
def _countries_by_name() -> Mapping[str, str]:
    named = {folded(country.name): code for code, country in countries().items()}
    named |= {key.removeprefix("the "): code for key, code in named.items()}
    return named | {folded(name): code for name, code in _COUNTRY_NAMES.items()}


def country_called(name: str) -> Country | None:
    """The country of that name; None for none, and for "Georgia" and others that more than one has."""
    key = folded(name).removeprefix("the ")
    code = _countries_by_name().get(key)
    return countries()[code] if code is not None and key not in _NOT_SURE else None


@lru_cache(maxsize=1)
def _cities() -> tuple[Mapping[str, Sequence[City]], Mapping[str, Sequence[City]]]:
    """Cities by their names, and by what else they are called; the largest first."""
    names: dict[str, list[City]] = {}
    aliases: dict[str, list[City]] = {}
    for row in _rows("cities.csv"):
        city = City(
            name=row["name"], country=row["country"], state=row["state"], population=int(row["population"]), zone=row["zone"]
        )
        key = folded(city.name)
        names.setdefault(key, []).append(city)
        for alias in row["aliases"].split("|") if row["aliases"] else ():
            if (other := alias.casefold()) != key:
                aliases.setdefault(other, []).append(city)
    return names, aliases


def are_read() -> bool:
    """Whether looking a city up takes no time any more."""
    return _cities.cache_info().currsize > 0


def cities_called(said: str) -> list[City]:
    """The cities that can be meant, the likeliest first: one, if it is clearly the most likely. "Paris, Texas" names where."""
    name, where = _parted(said)
    key = folded(name)
    named, called = (book.get(key, ()) for book in _cities())
    found = [(city.population, city) for city in named]
    found += [(city.population // _ALIAS_WEIGHT, _called(city, name.strip())) for city in called]
    weighed = sorted(found, key=lambda each: -each[0])
    if where:
        weighed = [each for each in weighed if _is_in(each[1], where)]
    if len(weighed) > 1 and weighed[0][0] >= CLEARLY * weighed[1][0]:
        weighed = weighed[:1]
    return [city for _, city in weighed]


def _called(city: City, said: str) -> City:
    """The city by the name that was said, unless that is its own with more."""
    return city if folded(said).startswith(folded(city.name)) else replace(city, name=said.title())


def _parted(said: str) -> tuple[str, str]:
    """ "Paris" and "Texas" of "Paris, Texas", "Paris in Texas", "Paris Texas"."""
    found = re.fullmatch(r"(.+?)(?:,| in) (.+)", said.strip())
    if found:
        return found[1], found[2]
    words = said.split()
    for count in (1, 2):
        rest = " ".join(words[-count:])
        name = " ".join(words[:-count])
        is_place = folded(rest) in _states() or country_called(rest) is not None
        if name and is_place and folded(said) not in _cities()[0] and folded(name) in _cities()[0]:
            return name, rest
    return said, ""


@lru_cache(maxsize=1)
def _states() -> frozenset[str]:
    return frozenset(folded(city.state) for cities in _cities()[0].values() for city in cities if city.state)


def _is_in(city: City, where: str) -> bool:
    country = country_called(where)
    return folded(where).removeprefix("the ") == folded(city.state) or (country is not None and country.code == city.country)


@lru_cache(maxsize=1)
def _by_region() -> Mapping[str, Sequence[City]]:
    """Cities by the code of their country, and by the name of their state."""
    found: dict[str, list[City]] = {}
    for cities in _cities()[0].values():
        for city in cities:
            found.setdefault(city.country, []).append(city)
            if city.state:
                found.setdefault(folded(city.state), []).append(city)
    return found


def cities_in(region: str) -> Sequence[City]:
    """The cities of a country (by its code) or of a state of the United States (by its name); none for what is neither."""
    return _by_region().get(region if len(region) == 2 else folded(region), ())


def is_several(name: str) -> bool:
    """Whether several countries or states have that name."""
    return folded(name).removeprefix("the ") in _NOT_SURE


def _rows(name: str) -> list[dict[str, str]]:
    text = resources.files("earwitness.skills.knowledge").joinpath("data", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
