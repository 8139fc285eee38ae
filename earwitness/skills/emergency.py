"""Which numbers are emergency numbers, and the words for whom they reach. Pure; the numbers are libphonenumber's, by country.

Source: Google's libphonenumber (Apache-2.0), its short numbers by territory, as the package `phonenumbers` carries them; kept up
with by updating the package.
"""

import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from phonenumbers import SUPPORTED_SHORT_REGIONS, shortnumberinfo

LONGEST: Final = 6
"""Digits. No emergency number of any country is longer."""
_SERVICES: Final = frozenset(
    (
        "police",
        "ambulance",
        "fire brigade",
        "fire department",
        "firefighters",
        "emergency",
        "emergency services",
        "emergency number",
        "emergency doctor",
        "paramedics",
        "coastguard",
        "coast guard",
    )
)
_DIGITS: Final = dict(
    zip(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "oh", "o", "nought"],
        ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "0", "0", "0"),
        strict=True,
    )
)
_TIMES: Final = {"double": 2, "triple": 3, "treble": 3}
_KNOWN: Final = ("911", "999", "000", "112", "110")
"""People far from home, or who saw it in a film, dial these too."""


def is_service(words: str) -> bool:
    """Whether words mean the emergency services."""
    return re.sub(r"^(?:the|an|a) ", "", words.casefold().strip(" .!")) in _SERVICES


def digits_of(words: str) -> str:
    """A number that is said ("nine double one", "plus 49 30") or written; empty if there is anything else in it."""
    found, times = "", 1
    for word in re.sub(r"[().\-/,]", " ", words.casefold()).split():
        if word in _TIMES and times == 1:
            times = _TIMES[word]
        elif word in _DIGITS or (times > 1 and len(word) == 1 and word.isdecimal()):
            found, times = found + _DIGITS.get(word, word) * times, 1
        elif word == "plus" and not found:
            found = "+"
        elif re.fullmatch(r"\+?[0-9*#]+", word) and times == 1 and not (found and word.startswith("+")):
            found += word
        else:
            return ""
    return found if times == 1 and found != "+" else ""


@lru_cache(maxsize=256)
def is_emergency(number: str, country: str = "") -> bool:
    """Whether a number reaches the emergency services in a country (two letters), or in any if none is named.

    A longer one that begins with such a number counts where networks connect it all the same. Of an address at a server it is
    what the server would dial, so 112@sip.example.org counts too.
    """
    digits = re.sub(r"[^0-9]", "", _dialled(number))
    if not digits or len(digits) > LONGEST:
        return False
    if digits in _KNOWN:
        return True
    regions = (country.upper(),) if country.upper() in SUPPORTED_SHORT_REGIONS else tuple(SUPPORTED_SHORT_REGIONS)
    by_any = len(regions) > 1
    return any(
        shortnumberinfo.is_emergency_number(digits, region)
        or (not by_any and shortnumberinfo.connects_to_emergency_number(digits, region))
        for region in regions
    )


def _dialled(address: str) -> str:
    """The number in a number or SIP address; empty for somebody's name."""
    bare = re.sub(r"^(?:sips?|tel):", "", address.strip(), flags=re.IGNORECASE)
    user = re.split(r"[@;:?,]", unquote(re.split(r"[@;:?]", bare)[0]))[0]
    return "" if any(char.isalpha() for char in user) else user


def number_for(country: str) -> str:
    """The number to dial by hand in a country; empty if the country is not known."""
    region = country.upper()
    if region not in SUPPORTED_SHORT_REGIONS:
        return ""
    return next((one for one in _KNOWN if shortnumberinfo.is_emergency_number(one, region)), "")
