# ruff: noqa: E501 - a pattern is read as one line
"""What time it is elsewhere, and how zones differ. Pure but for the places that ship; zones are those of the IANA database."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from earwitness.domain.answer import Answer
from earwitness.domain.times import Ambiguous, Frame, Lean, Moment, TimeOfDay
from earwitness.skills.knowledge.asked import Told, Unsure, compiled, plain
from earwitness.skills.knowledge.dates import full
from earwitness.skills.knowledge.places import City, cities_called, cities_in, country_called, is_several
from earwitness.skills.wording import duration, listed
from earwitness.understand.times import read

_MOST_TOLD: Final = 4
_NEARLY_ALL: Final = 0.9
_TIME: Final = r"((?:\S+ )?\S+ (?:am|pm|o'clock)|noon|midnight|\d{1,2}(?::\d\d)?)"
_NAMED: Final = {
    "utc": "Etc/UTC", "gmt": "Etc/UTC", "greenwich": "Etc/UTC", "eastern": "America/New_York", "pacific": "America/Los_Angeles",
    "mountain": "America/Denver", "central european": "Europe/Berlin", "hawaii": "Pacific/Honolulu",
    "england": "Europe/London", "scotland": "Europe/London", "wales": "Europe/London", "bali": "Asia/Makassar",
}  # fmt: skip


class _UnknownError(Exception):
    """No single zone is meant; with what is said."""

    def __init__(self, told: Told) -> None:
        super().__init__("no zone")
        self.told = told


def tell_time_elsewhere(question: str, *, now: datetime) -> Told:
    """The answer to a question about the time in another place; None for what is none."""
    text = plain(question)
    for pattern, answer in _COMPILED:
        if found := pattern.fullmatch(text):
            try:
                return answer(*found.groups(), now=now)
            except _UnknownError as unknown:
                return unknown.told
    return None


def _zone(place: str, *, now: datetime) -> tuple[str, ZoneInfo]:
    """How the place is told, and its zone. Raises for a place of several zones, or none that is known."""
    said = re.sub(r"(?: (?:right )?now| time| today| at the moment)$", "", place.removeprefix("the ").strip())
    if said in _NAMED:
        name = said.upper() if said in ("utc", "gmt") else said.title()
        return f"{name} time" if said in ("utc", "gmt", "eastern", "pacific", "mountain", "central european") else name, ZoneInfo(
            _NAMED[said]
        )
    if is_several(said):
        raise _UnknownError(Unsure(clause=f"{said.title()} can be more than one country or state; say a city"))
    if (country := country_called(said)) is not None:
        return _only(country.told, cities_in(country.code), now=now)
    cities = cities_called(said)
    in_state = cities_in(said) if len(said) > 2 and said != "washington" else ()
    if in_state and (not cities or cities[0].population < sum(city.population for city in in_state)):
        if said == "new york":
            return "New York", _info(in_state[0])
        return _only(said.title(), in_state, now=now)
    if not cities:
        raise _UnknownError(None)
    if len({now.astimezone(_info(city)).utcoffset() for city in cities}) > 1:
        told = list(dict.fromkeys(city.told for city in cities))[:_MOST_TOLD]
        raise _UnknownError(Unsure(clause=f"There is more than one place of that name: {listed(told)}; say which"))
    return cities[0].told_short if len(cities) == 1 else cities[0].name, _info(cities[0])


def _only(name: str, cities: Sequence[City], *, now: datetime) -> tuple[str, ZoneInfo]:
    """The zone of nearly all people of a country or state. Raises with the times of the largest cities if there is none."""
    offsets = {zone: now.astimezone(ZoneInfo(zone)).utcoffset() for zone in {city.zone for city in cities}}
    people: dict[timedelta | None, int] = {}
    largest: dict[timedelta | None, City] = {}
    for city in cities:
        offset = offsets[city.zone]
        people[offset] = people.get(offset, 0) + city.population
        if offset not in largest or largest[offset].population < city.population:
            largest[offset] = city
    if not people:
        raise _UnknownError(None)
    main = max(people, key=lambda offset: people[offset])
    if len(people) == 1:
        return name, _info(largest[main])
    if people[main] >= _NEARLY_ALL * sum(people.values()):
        return f"most of {name}", _info(largest[main])
    shown = sorted(largest.values(), key=lambda city: -city.population)[:_MOST_TOLD]
    some = [f"{_clock(now.astimezone(_info(city)))} in {city.name}" for city in shown]
    capital = name[:1].upper() + name[1:]
    raise _UnknownError(Unsure(clause=f"{capital} has more than one time, for example {listed(some)}; say a city"))


def _info(city: City) -> ZoneInfo:
    try:
        return ZoneInfo(city.zone)
    except ZoneInfoNotFoundError:
        raise _UnknownError(None) from None


def _clock(at: datetime) -> str:
    hour, half = at.hour % 12 or 12, "AM" if at.hour < 12 else "PM"
    return f"{hour}:{at.minute:02} {half}" if at.minute else f"{hour} {half}"


def _time_in(place: str, *, now: datetime) -> Told:
    name, zone = _zone(place, now=now)
    there = now.astimezone(zone)
    return Answer(sentence=f"It is {_clock(there)}{_other_day(there, now)} in {name}", source="")


def _other_day(there: datetime, here: datetime) -> str:
    days = (there.date() - here.date()).days
    return "" if not days else f" on {there:%A}"


def _date_in(place: str, *, now: datetime) -> Told:
    name, zone = _zone(place, now=now)
    return Answer(sentence=f"It is {full(now.astimezone(zone).date())} in {name}", source="")


def _zone_of(place: str, *, now: datetime) -> Told:
    name, zone = _zone(place, now=now)
    offset = now.astimezone(zone).utcoffset() or timedelta()
    ahead = duration(abs(offset.total_seconds()))
    told = f"{ahead} {'ahead of' if offset > timedelta() else 'behind'} UTC" if offset else "the same as UTC"
    capital = name[:1].upper() + name[1:]
    return Answer(sentence=f"{capital} has the zone {zone.key.replace('_', ' ')}, now {told}", source="")


def _difference(first: str, second: str, *, now: datetime) -> Told:
    here = ("here", now.tzinfo)
    one = here if first in ("here", "us", "home") else _zone(first, now=now)
    other = here if second in ("here", "us", "home") else _zone(second, now=now)
    return _apart(one[0], now.astimezone(one[1]), other[0], now.astimezone(other[1]))


def _from_here(place: str, *, now: datetime) -> Told:
    name, zone = _zone(place, now=now)
    return _apart(name, now.astimezone(zone), "here", now)


def _apart(one: str, at_one: datetime, other: str, at_other: datetime) -> Answer:
    ahead = (at_one.utcoffset() or timedelta()) - (at_other.utcoffset() or timedelta())
    capital = one[:1].upper() + one[1:]
    if not ahead:
        return Answer(sentence=f"{capital} and {other} have the same time", source="")
    return Answer(
        sentence=f"{capital} is {duration(abs(ahead.total_seconds()))} {'ahead of' if ahead > timedelta() else 'behind'} {other}",
        source="",
    )


def _when_there(words: str, place: str, other: str, *, now: datetime) -> Told:
    """What a time in one place is in another; "here" is where we are."""
    home = now.tzinfo if isinstance(now.tzinfo, ZoneInfo) else ZoneInfo("UTC")
    name, zone = ("here", home) if place in ("here", "") else _zone(place, now=now)
    there_name, there_zone = ("here", home) if other in ("here", "") else _zone(other, now=now)
    frame = Frame(now=now.astimezone(zone), zone=zone, lean=Lean.ASK)
    reading = read(words, frame=frame)
    if isinstance(reading, Ambiguous):
        return Unsure(clause="Say whether that is AM or PM")
    if not isinstance(reading, TimeOfDay | Moment):
        return None
    at = reading.at.astimezone(zone)
    there = at.astimezone(there_zone)
    days = (there.date() - at.date()).days
    day = {0: "", 1: " on the next day", -1: " on the day before"}.get(days, "")
    where = [each if each == "here" else f"in {each}" for each in (name, there_name)]
    return Answer(sentence=f"{_clock(at)} {where[0]} is {_clock(there)}{day} {where[1]}", source="")


_IS: Final = r"(?:(?:what|do you know what)(?:'s| is)? )?"
_QUESTIONS: Final[tuple[tuple[str, Callable[..., Told]], ...]] = (
    (r"(?:what(?:'s| is) )?(?:the )?time (?:difference|zone difference) (?:between|from) (.+) (?:and|to) (.+)", _difference),
    (r"(?:what(?:'s| is) )?(?:the )?time difference (?:to|with) (.+)", _from_here),
    (r"how many hours (?:ahead|behind|ahead or behind) (?:of us )?is (.+)", _from_here),
    (r"how far (?:ahead|behind) (?:of us )?is (.+)", _from_here),
    (r"(?:what|which) time ?zone (?:is|does|do)(?: they have in| it in)? (.+?)(?: in| have| use)?", _zone_of),
    (r"(?:what(?:'s| is) )?(?:the )?(?:current )?time ?zone (?:of|in|for) (.+)", _zone_of),
    (r"what(?:'s| is) (.+?)(?:'s|s') time ?zone", _zone_of),
    (rf"(?:when|if) it(?:'s| is) {_TIME} (?:in )?(.+?),? what(?:'s| is)? (?:the )?time (?:is it |is that )?in (.+)", _when_there),
    (
        rf"what(?:'s| is)? (?:the )?time (?:is )?(?:it )?in (.+) (?:when|if) it(?:'s| is) {_TIME} (?:in )?(.+)",
        lambda there, words, here, *, now: _when_there(words, here, there, now=now),
    ),
    (rf"what time is {_TIME}()(?: here)? in (.+)", _when_there),
    (rf"(?:what(?:'s| is| time is) )?{_TIME} (?:in )?(.+?) (?:time )?(?:in|to) (.+?)", _when_there),
    (rf"{_IS}(?:the )?(?:current |local )?time (?:is it |it is )?(?:right now |now )?(?:in|at) (.+?)(?: right now| now)?", _time_in),
    (r"(?:what|which) (?:day|date)(?: of the week)? is it (?:right now |now |today )?in (.+)", _date_in),
    (r"what(?:'s| is) (?:the|today's) date (?:today )?in (.+)", _date_in),
)  # fmt: skip
"""Words of a question, and what answers it with their groups."""
_COMPILED: Final = compiled(_QUESTIONS)
