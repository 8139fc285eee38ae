"""Where an alert is to ring, from what was said: "in the bedroom", "everywhere"; else where it is asked for. Pure."""

import re
from dataclasses import dataclass
from typing import Final

from earwitness.domain.alert import Alert, Place
from earwitness.domain.home import Home
from earwitness.skills.alert_making import place_of
from earwitness.skills.interface import Context, refuse
from earwitness.skills.wording import listed, the
from earwitness.understand.names import area_sayings

_HOUSE: Final = re.compile(
    r"\b(?:everywhere|throughout the (?:whole |entire )?(?:house|home)"
    r"|in (?:the|my|our) (?:whole |entire )?(?:house|home|flat)|in (?:all|every)(?: the| my| our)? rooms?)\b",
    re.IGNORECASE,
)
_HERE: Final = re.compile(r"\b(?:in here|in this room)\b", re.IGNORECASE)
_TIMES: Final = (
    "morning|afternoon|evening|night|day|week|weekend|month|year|hour|minute|spring|summer|autumn|fall|winter|"
    "middle|end|beginning|future"
)
_NO_ROOM: Final = re.compile(
    rf"^in (?!.*\b(?:{_TIMES})s?\b)(?:(?:the|my|our) (?P<room>.+)|(?P<word>\w+))$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Where it rings; `told` is how that is told (" in the bedroom"), empty if it was not said."""

    place: Place
    area: str | None
    told: str = ""


def here(context: Context) -> Where:
    """Where it was asked for."""
    return Where(place=place_of(context), area=context.area)


def take_place(words: str, *, home: Home, context: Context) -> tuple[str, Where]:
    """The words without those that name a place of this home, and the place."""
    if found := _HOUSE.search(words):
        return _without(words, found), Where(place=Place.HOUSE, area=context.area, told=" in the whole house")
    if found := _HERE.search(words):
        return _without(words, found), here(context)
    rooms = area_sayings(home)
    if not rooms:
        return words, here(context)
    named = "|".join(re.escape(one) for one in sorted(rooms, key=len, reverse=True))
    if found := re.search(rf"\bin (?:(?:the|my|our) )?(?P<room>{named})\b", words, re.IGNORECASE):
        area = rooms[found["room"].lower()]
        return _without(words, found), Where(place=Place.ROOM, area=area, told=f" in {the(area.lower())}")
    return words, here(context)


def place_alone(words: str, *, home: Home, context: Context) -> Where | None:
    """The place that the words name, if they name nothing else: "the bedroom", "everywhere". None for anything else."""
    for said in (words, f"in {words}"):
        rest, where = take_place(said.strip(), home=home, context=context)
        if not rest and (where.told or _HERE.fullmatch(said.strip())):
            return where
    return None


def check_place(rest: str, *, home: Home) -> None:
    """Raises UnfulfillableError if what is left of a request names a room that this home does not have."""
    if found := _NO_ROOM.match(" ".join(rest.split())):
        rooms = [the(area.name.lower()) for area in home.areas]
        known = f"; there is {listed(rooms)}" if rooms else ""
        raise refuse(f"I know no room called {found['room'] or found['word']}{known}")


def rings_here(alert: Alert, context: Context) -> bool:
    """Whether an alert rings where somebody speaks."""
    match alert.place:
        case Place.ROOM:
            return alert.area == context.area
        case Place.DEVICE:
            return alert.device_id == context.device_id
        case Place.HOUSE:
            return True


def _without(words: str, found: re.Match[str]) -> str:
    return " ".join(f"{words[: found.start()]} {words[found.end() :]}".split())
