"""The pages that the header leads to, by what an account may open. Pure.

What a household looks for daily stands by itself, everything else in a few groups. Whoever has few pages, as everybody who works
in review or answers demands, sees each of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from earwitness.domain.account import Permission

FEW: Final = 7
"""So many pages need no groups."""
MOST_BESIDE: Final = 4
CALLS: Final = "Call and write"
HOUSE: Final = "House"
LEARNING: Final = "How it learns"
GROUPS: Final = (CALLS, HOUSE, LEARNING)
"""The groups, in the header's order."""


@dataclass(frozen=True, slots=True)
class Place:
    """A page in the header: its name, path and words, who may open it (any of these permissions), and its group."""

    name: str
    path: str
    words: str
    permissions: frozenset[Permission]
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Several pages under one name."""

    words: str
    places: tuple[Place, ...]

    def find(self, name: str) -> Place | None:
        """The page of that name, if it is in here."""
        return next((one for one in self.places if one.name == name), None)


@dataclass(frozen=True, slots=True)
class Navigation:
    """What a header shows: pages that stand by themselves, then groups."""

    places: tuple[Place, ...]
    groups: tuple[Group, ...]

    @property
    def has_own_row(self) -> bool:
        """Whether it is too long to stand beside the name of the house and the account."""
        return bool(self.groups) or len(self.places) > MOST_BESIDE


_TALK: Final = frozenset({Permission.TALK})
_OWN_DATA: Final = frozenset({Permission.OWN_DATA})
_HOUSEHOLD: Final = frozenset({Permission.HOUSEHOLD})

PLACES: Final = (
    Place("talk", "/", "Talk", _TALK),
    Place("planner", "/planner", "Plans", _TALK),
    Place("history", "/history", "History", _OWN_DATA),
    Place("privacy", "/privacy", "Privacy", _OWN_DATA),
    Place("listens", "/listens", "Who listened", _OWN_DATA),
    Place("review", "/review", "Review", frozenset({Permission.REVIEW})),
    Place("lead", "/review/lead", "Lead", frozenset({Permission.LEAD_REVIEW})),
    Place("messages", "/messages", "Messages", _OWN_DATA, CALLS),
    Place("calls", "/calls", "Calls", _OWN_DATA, CALLS),
    Place("contacts", "/contacts", "Contacts", _OWN_DATA, CALLS),
    Place("household", "/household", "Household", _HOUSEHOLD, HOUSE),
    Place("people", "/people", "People", frozenset({Permission.PEOPLE, Permission.WARDS}), HOUSE),
    Place("devices", "/devices", "Devices", frozenset({Permission.DEVICES}), HOUSE),
    Place("skills", "/skills", "Skills", _TALK, HOUSE),
    Place("links", "/links", "What leaves", _HOUSEHOLD, HOUSE),
    Place("remote", "/remote", "Away", frozenset({Permission.REMOTE}), HOUSE),
    Place("demands", "/demands", "Demands", frozenset({Permission.DEMANDS}), HOUSE),
    Place(
        *("oversight", "/oversight", "Oversight"),
        frozenset({Permission.OVERSEE, Permission.APPROVE, Permission.LEAD_REVIEW}),
        HOUSE,
    ),
    Place("misunderstandings", "/misunderstandings", "Misheard", _OWN_DATA, LEARNING),
    Place("drawn", "/drawn", "Drawn", _OWN_DATA, LEARNING),
    Place("improve", "/improve", "Learning", _HOUSEHOLD, LEARNING),
)
"""The pages in the header, in its order."""


def navigation(may: Callable[[Permission], bool], *, among: Sequence[Place] = PLACES) -> Navigation:
    """The header for whoever `may` do certain things. A group of one page is that page."""
    found = [one for one in among if any(may(permission) for permission in one.permissions)]
    if len(found) <= FEW:
        return Navigation(tuple(found), ())
    groups = [Group(words, tuple(one for one in found if one.group == words)) for words in GROUPS]
    grouped = tuple(one for one in groups if len(one.places) > 1)
    inside = {place.name for one in grouped for place in one.places}
    return Navigation(tuple(one for one in found if one.name not in inside), grouped)
