# ruff: noqa: E501 - a pattern is read as one line
"""Countries and cities: capital, population, area, currency, languages, neighbours, where. Pure but for the places that ship."""

import re
from collections.abc import Callable
from typing import Final

from earwitness.domain.answer import Answer
from earwitness.skills.knowledge.asked import Told, Unsure, compiled, plain
from earwitness.skills.knowledge.languages import LANGUAGES
from earwitness.skills.knowledge.places import (
    SOURCE,
    City,
    Country,
    cities_called,
    cities_in,
    countries,
    country_called,
    folded,
    is_several,
)
from earwitness.skills.wording import listed

_CONTINENTS: Final = {
    "AF": "Africa", "AS": "Asia", "EU": "Europe", "NA": "North America", "OC": "Oceania", "SA": "South America", "AN": "Antarctica",
}  # fmt: skip
_MOST_TOLD: Final = 4
_LANGUAGES_TOLD: Final = 4
_TOO_CLOSE: Final = 0.75
"""Populations of which one is more than this share of the other are not compared: they are of different years."""
_TWO_CAPITALS: Final = frozenset(("ZA", "BO", "LK", "BJ", "MY", "SZ", "CL", "IL", "PS", "EH", "NL", "CI", "TZ", "BI", "YE", "GQ"))
"""Countries whose government sits elsewhere than in the capital, or whose capital is disputed: said with it."""
_TWO_CONTINENTS: Final = frozenset(("RU", "TR", "KZ", "AZ", "GE", "EG", "ID"))
_ELSEWHERE: Final = "its government sits elsewhere in part, or it is disputed"


class _SeveralError(Exception):
    """The question cannot be answered; says why."""

    def __init__(self, clause: str) -> None:
        super().__init__(clause)
        self.clause = clause


def tell_place(question: str) -> Told:
    """The answer to a question about a country or a city; None for what is none."""
    text = plain(question)
    for pattern, answer in _COMPILED:
        if (found := pattern.fullmatch(text)) is None:
            continue
        try:
            told = answer(*found.groups())
        except _SeveralError as several:
            return Unsure(clause=several.clause)
        if told is not None:
            return told if isinstance(told, Unsure) else Answer(sentence=told, source=SOURCE)
    return None


def people(count: int) -> str:
    """A population as it is said: three digits that count, "82.9 million"."""
    if count < 1000:
        return f"{count}"
    for size, name in ((10**9, "billion"), (10**6, "million")):
        if count >= size:
            value = count / size
            return f"about {value:.3g} {name}" if value < 100 else f"about {value:.0f} {name}"
    step = 10 ** (len(str(count)) - 3)
    return f"about {round(count / step) * step:,}"


def _country(name: str) -> Country | None:
    if is_several(name):
        raise _SeveralError(f"{_title(name)} can be more than one country or state; say which")
    return country_called(name)


def _city(name: str) -> City | None:
    """The one city that is meant; None for none, or where a state of that name may be meant."""
    bare = re.sub(r"^(?:the )?(?:city|town) of ", "", name)
    cities = cities_called(bare)
    if not cities:
        return None
    states = cities_in(bare) if len(bare) > 2 and bare == name and bare not in ("new york", "washington") else ()
    if states and sum(city.population for city in states) > cities[0].population:
        return None
    if len(cities) > 1:
        told = list(dict.fromkeys(city.told for city in cities))[:_MOST_TOLD]
        raise _SeveralError(
            f"There is more than one place of that name: {listed(told)}; say which"
            if len(told) > 1
            else f"There is more than one {told[0]}"
        )
    return cities[0]


def _title(name: str) -> str:
    return " ".join(word.capitalize() for word in name.split())


def _capital(name: str) -> str | Unsure | None:
    country = _country(name)
    if country is None:
        return None
    if not country.capital:
        return Unsure(clause=f"I know no capital of {country.told}")
    more = f"; {_ELSEWHERE}" if country.code in _TWO_CAPITALS else ""
    return f"the capital of {country.told} is {country.capital}{more}"


def _capital_of(city: str) -> str | None:
    found = [country for country in countries().values() if country.capital and folded(country.capital) == folded(city)]
    return f"{found[0].capital} is the capital of {found[0].told}" if len(found) == 1 else None


def _is_capital(city: str, name: str) -> str | None:
    country = _country(name)
    if country is None or not country.capital or country.code in _TWO_CAPITALS:
        return None
    if folded(country.capital) == folded(city):
        return f"yes, {country.capital} is the capital of {country.told}"
    here, there = ({(each.zone, each.population) for each in cities_called(name)} for name in (city, country.capital))
    if not here or here & there:  # a name that is none, or another name of the capital
        return None
    return f"no, the capital of {country.told} is {country.capital}"


def _population(name: str) -> str | None:
    if (country := _country(name)) is not None:
        return _had(country.told, country.population)
    if (city := _city(name)) is not None:
        return _had(city.told, city.population)
    return None


def _had(name: str, count: int) -> str | None:
    """GeoNames does not say of which year its figures are."""
    return f"{name} had {people(count)} inhabitants some years ago" if count else None


def _area(name: str) -> str | None:
    country = _country(name)
    return (
        f"{country.told} has an area of {country.area:,} square kilometers" if country is not None and country.area > 0 else None
    )


def _currency(name: str) -> str | None:
    country = _country(name)
    if country is None or not country.currency:
        return None
    told = country.currency_name
    letters = ", ".join(country.currency)
    return f"the currency of {country.told} is the {told[:1].lower()}{told[1:]}, with the letters {letters}"


def _languages(name: str) -> str | None:
    country = _country(name)
    if country is None:
        return None
    known = [LANGUAGES.get(code.partition("-")[0]) for code in country.languages]
    if not known or known[0] is None:
        return None
    spoken = list(dict.fromkeys(each for each in known if each))
    if len(spoken) == 1:
        return f"{spoken[0]} is spoken in {country.told}"
    told = [*spoken[:_LANGUAGES_TOLD], *(["others"] if len(spoken) > _LANGUAGES_TOLD else [])]
    return f"{listed(told)} are spoken in {country.told}"


def _official(name: str) -> str | Unsure | None:
    told = _languages(name)
    return None if told is None else f"{told}; which of them is official I do not know"


def _neighbours(name: str) -> str | None:
    country = _country(name)
    if country is None:
        return None
    names = sorted(countries()[code].told for code in country.neighbours if code in countries())
    if not names:
        return f"{country.told} borders on no other country by land"
    return f"{country.told} borders on {listed(names)}"


def _borders(one: str, other: str) -> str | None:
    first, second = _country(one), _country(other)
    if first is None or second is None or first is second:
        return None
    does = second.code in first.neighbours
    return f"{'yes' if does else 'no'}, {first.told} {'borders' if does else 'does not border'} on {second.told} by land"


def _where(name: str) -> str | Unsure | None:
    if _country(name) is not None:
        return _which_continent(name)
    if (city := _city(name)) is not None:
        land = countries()[city.country].told
        return f"{city.name} is in {f'{city.state} in {land}' if city.state else land}"
    return None


def _which_country(name: str) -> str | None:
    city = _city(name)
    return None if city is None else f"{city.name} is in {countries()[city.country].told}"


def _which_continent(name: str) -> str | Unsure | None:
    country, city = _country(name), None
    if country is None and (city := _city(name)) is None:
        return None
    land = country or countries()[city.country if city is not None else ""]
    if land.code in _TWO_CONTINENTS:
        return Unsure(clause=f"{land.told} lies on more than one continent")
    return f"{country.told if country else name.title()} is in {_CONTINENTS[land.continent]}"


def _more_people(one: str, other: str) -> str | None:
    both = [(place.told, place.population) for place in (_country(one) or _city(one), _country(other) or _city(other)) if place]
    if len(both) != 2 or both[0][1] == both[1][1]:
        return None
    larger, smaller = sorted(both, key=lambda each: -each[1])
    if smaller[1] > _TOO_CLOSE * larger[1]:
        raise _SeveralError("Those are too close to say: what I know of populations is some years old")
    return f"{larger[0]} has more inhabitants, {people(larger[1])}; {smaller[0]} has {people(smaller[1])}"


def _larger(one: str, other: str) -> str | None:
    both = [country for country in (_country(one), _country(other)) if country is not None]
    if len(both) != 2 or both[0].area == both[1].area:
        return None
    first, second = sorted(both, key=lambda each: -each.area)
    return f"{first.told} is larger, with {first.area:,} square kilometers; {second.told} has {second.area:,}"


_BE: Final = r"(?:what(?:'s| is| are)|which is|name)"
_QUESTIONS: Final[tuple[tuple[str, Callable[..., str | Unsure | None]], ...]] = (
    (rf"{_BE} the capital(?: city)? (?:of|in) (.+)", _capital),
    (rf"{_BE} (.+?)(?:'s|s') capital(?: city)?", _capital),
    (r"(?:what|which) city is the capital of (.+)", _capital),
    (r"does (.+) have a capital", _capital),
    (r"(?:what|which) country(?:'s capital is|'s capital city is) (.+)", _capital_of),
    (r"(?:what|which) country is (.+) the capital of", _capital_of),
    (r"(?:what|which) country has (.+) as (?:its )?capital", _capital_of),
    (r"(.+) is the capital of (?:what|which)(?: country)?", _capital_of),
    (r"is (.+) the capital(?: city)? of (.+)", _is_capital),
    (rf"{_BE} the (?:current )?population (?:of|in) (.+)", _population),
    (rf"{_BE} (.+?)(?:'s|s') population", _population),
    (r"how (?:many people|many inhabitants|many citizens) (?:live|are there|are|are living) in (.+)", _population),
    (r"how many (?:people|inhabitants) (?:does|do) (.+) have", _population),
    (r"how (?:big|large) is the population of (.+)", _population),
    (rf"{_BE} the (?:land |total )?(?:area|size) of (.+)", _area),
    (r"how (?:big|large) is (.+)", _area),
    (r"how many square (?:kilometers|kilometres) (?:is|does|has) (.+?)(?: have)?", _area),
    (rf"{_BE} the (?:official |local )?(?:currency|money) (?:of|in|used in) (.+)", _currency),
    (r"(?:what|which) (?:currency|money) (?:do they use|is used|do people use|do you use|do they have|do i need|is there) in (.+)", _currency),
    (r"(?:what|which) currency (?:does|do) (.+) (?:use|have)", _currency),
    (rf"{_BE} (.+?)(?:'s|s') currency", _currency),
    (r"(?:what|which) (?:language|languages) (?:do they speak|is spoken|are spoken|do people speak) in (.+)", _languages),
    (rf"{_BE} the (?:main |most spoken )?(?:language|languages) (?:of|in|spoken in) (.+)", _languages),
    (rf"{_BE} the official (?:language|languages) (?:of|in) (.+)", _official),
    (r"(?:what|which) (?:countries|country|nations) (?:border|borders|border on|are next to|are around|surround) (.+)", _neighbours),
    (r"(?:what|which) (?:countries|nations) (?:does|do|share a border with) (.+?)(?: border| border on| have a border with)?", _neighbours),
    (rf"{_BE} (?:the )?(?:neighbou?rs|neighbou?ring countries|borders) of (.+)", _neighbours),
    (rf"{_BE} (.+?)(?:'s|s') neighbou?rs", _neighbours),
    (r"(?:does|do) (.+) (?:border|border on|share a border with|have a border with) (.+)", _borders),
    (r"(?:what|which) country is (?:the city of )?(.+) in", _which_country),
    (r"(?:in )?(?:what|which) country is (?:the city of )?(.+?)(?: located| situated)?", _which_country),
    (r"(?:on |in )?(?:what|which) continent is (.+?)(?: in| on| located)?", _which_continent),
    (r"(?:where|whereabouts)(?:'s| is| in the world is) (.+?)(?: located| situated)?", _where),
    (r"(?:what|which|who) has (?:more|the most) (?:people|inhabitants),? (.+) or (.+)", _more_people),
    (r"(?:what|which) (?:country )?is (?:bigger|larger),? (.+) or (.+)", _larger),
    (r"is (.+) (?:bigger|larger) than (.+)", _larger),
)  # fmt: skip
"""Words of a question, and what answers it with their groups."""
_COMPILED: Final = compiled(_QUESTIONS)
