# ruff: noqa: E501 - a pattern is read as one line
"""Chemical elements: symbol, number, weight. Pure but for the table that ships (data/README.md)."""

import csv
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Final

from earwitness.domain.answer import Answer
from earwitness.skills.knowledge.asked import Told, compiled, plain
from earwitness.skills.knowledge.numbers import UNITS, number_at

_OTHER_NAMES: Final = {"aluminium": "aluminum", "caesium": "cesium", "sulphur": "sulfur"}
_LATEST: Final = 118


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """`weight` in daltons, as the table has it; in brackets there for those without a stable isotope."""

    number: int
    symbol: str
    name: str
    weight: str
    is_stable: bool


@lru_cache(maxsize=1)
def elements() -> Mapping[str, Element]:
    """By their names."""
    text = resources.files("earwitness.skills.knowledge").joinpath("data", "elements.csv").read_text(encoding="utf-8")
    return {
        row["name"]: Element(
            number=int(row["number"]),
            symbol=row["symbol"],
            name=row["name"],
            weight=row["weight"].strip("[]"),
            is_stable=not row["weight"].startswith("["),
        )
        for row in csv.DictReader(text.splitlines())
    }


def tell_element(question: str) -> Told:
    """The answer to a question about an element; None for what is none."""
    text = plain(question)
    for pattern, answer in _COMPILED:
        if (found := pattern.fullmatch(text)) is not None:
            told = answer(*found.groups())
            if told is not None:
                return Answer(sentence=told, source="the periodic table")
    return None


def _called(name: str) -> Element | None:
    said = re.sub(r"^(?:the )?(?:element )?", "", name).strip()
    return elements().get(_OTHER_NAMES.get(said, said))


def _symbol(name: str) -> str | None:
    element = _called(name)
    return (
        None
        if element is None
        else f"the symbol of {element.name} is {element.symbol}, spelled {', '.join(element.symbol.upper())}"
    )


def _number(name: str) -> str | None:
    element = _called(name)
    return None if element is None else f"the atomic number of {element.name} is {element.number}"


def _protons(name: str) -> str | None:
    element = _called(name)
    return (
        None if element is None else f"an atom of {element.name} has {element.number} proton{'' if element.number == 1 else 's'}"
    )


def _weight(name: str) -> str | None:
    element = _called(name)
    if element is None:
        return None
    if not element.is_stable:
        return f"{element.name} has no standard atomic weight, because none of its isotopes is stable"
    return f"the atomic weight of {element.name} is about {element.weight} daltons"


def _which_symbol(symbol: str) -> str | None:
    found = [element for element in elements().values() if element.symbol.casefold() == symbol.replace(" ", "").casefold()]
    return f"{found[0].symbol} is the symbol of {found[0].name}" if found else None


def _which_number(said: str) -> str | None:
    tokens = said.split()
    read = number_at(tokens, 0)
    if read is None or read[1] != len(tokens) or (said in UNITS and len(said) == 1):
        return None
    found = [element for element in elements().values() if element.number == read[0]]
    return f"element number {found[0].number} is {found[0].name}" if found else None


def _how_many() -> str:
    return f"{_LATEST} elements are known and named"


_BE: Final = r"(?:what(?:'s| is)|which is)"
_QUESTIONS: Final[tuple[tuple[str, Callable[..., str | None]], ...]] = (
    (rf"{_BE} the (?:chemical |element |atomic )?(?:symbol|sign) (?:of|for) (.+)", _symbol),
    (rf"{_BE} (.+?)(?:'s|s') (?:chemical |atomic )?symbol", _symbol),
    (rf"{_BE} the (?:atomic|proton|element) number (?:of|for) (.+)", _number),
    (rf"{_BE} (.+?)(?:'s|s') atomic number", _number),
    (r"how many protons (?:does|are in|has)(?: an atom of)? (.+?)(?: have)?", _protons),
    (rf"{_BE} the (?:standard )?(?:atomic (?:weight|mass)) (?:of|for) (.+)", _weight),
    (r"(?:what|which) (?:chemical )?element (?:has|is|uses|goes by) the (?:chemical )?symbol (.+)", _which_symbol),
    (r"(?:what|which) (?:chemical )?element has (?:the )?(?:atomic )?number (.+)", _which_number),
    (r"(?:what|which) (?:chemical )?element is (?:atomic )?number (.+)", _which_number),
    (r"how many (?:chemical )?elements (?:are there|are in the periodic table|exist|are known)(?: in the periodic table)?", _how_many),
)  # fmt: skip
"""Words of a question, and what answers it with their groups."""
_COMPILED: Final = compiled(_QUESTIONS)
