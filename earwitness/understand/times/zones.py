"""Zones that people name after a time: "GMT", "eastern time", "Tokyo time"."""

from datetime import timedelta, timezone, tzinfo
from types import MappingProxyType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from earwitness.understand.times.tokens import Words

_HOURS = MappingProxyType(
    {
        "gmt": 0,
        "utc": 0,
        "est": -5,
        "edt": -4,
        "cst": -6,
        "cdt": -5,
        "mst": -7,
        "mdt": -6,
        "pst": -8,
        "pdt": -7,
        "cet": 1,
        "bst": 1,
    }
)
_PLACES = MappingProxyType(
    {
        "eastern": "America/New_York",
        "central": "America/Chicago",
        "mountain": "America/Denver",
        "pacific": "America/Los_Angeles",
        "greenwich mean": "Etc/UTC",
        "new york": "America/New_York",
        "chicago": "America/Chicago",
        "denver": "America/Denver",
        "los angeles": "America/Los_Angeles",
        "san francisco": "America/Los_Angeles",
        "toronto": "America/Toronto",
        "london": "Europe/London",
        "uk": "Europe/London",
        "dublin": "Europe/Dublin",
        "lisbon": "Europe/Lisbon",
        "paris": "Europe/Paris",
        "berlin": "Europe/Berlin",
        "madrid": "Europe/Madrid",
        "rome": "Europe/Rome",
        "central european": "Europe/Berlin",
        "moscow": "Europe/Moscow",
        "dubai": "Asia/Dubai",
        "delhi": "Asia/Kolkata",
        "mumbai": "Asia/Kolkata",
        "singapore": "Asia/Singapore",
        "hong kong": "Asia/Hong_Kong",
        "beijing": "Asia/Shanghai",
        "tokyo": "Asia/Tokyo",
        "seoul": "Asia/Seoul",
        "sydney": "Australia/Sydney",
        "melbourne": "Australia/Melbourne",
        "auckland": "Pacific/Auckland",
    }
)
_FIRST_WORDS = frozenset(place.split()[0] for place in _PLACES)


def zone_at(words: Words, index: int) -> tuple[tzinfo, int] | None:
    """The zone named at `index`, and where its name ends."""
    begin = index + (words[index] in ("in", "at"))
    if begin == index and words[index] in _HOURS:
        end = index + 1 + (words[index + 1] == "time")
        return timezone(timedelta(hours=_HOURS[words[index]])), end
    if words[begin] not in _FIRST_WORDS:
        return None
    for place, key in _PLACES.items():
        end = words.are(begin, place)
        if end and words[end] in ("standard", "daylight", "summer"):
            end += 1
        if end and words[end] == "time":
            try:
                return ZoneInfo(key), end + 1
            except ZoneInfoNotFoundError:
                return None
    return None
