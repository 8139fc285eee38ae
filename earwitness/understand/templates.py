"""What is made of sentences once, however many homes and names there are: which of them are worth matching, and how they begin.

Owns the making and the keeping of it: a second grammar for the same skills and kinds of devices costs nothing.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hassil import Intents

from earwitness.domain.home import Home
from earwitness.domain.skill import SkillManifest
from earwitness.understand.candidates import Candidates, for_domains
from earwitness.understand.prefix import Beginnings
from earwitness.understand.sensors import sensor_questions
from earwitness.understand.sentences import english, exact_intents, only, own_manifests, sentences_of, with_questions

OF_HOME: Final = frozenset(("name", "area", "floor", "zone", "routine_phrase", "timer_hours", "timer_minutes", "timer_seconds"))
"""Lists that are filled in for each home."""
MOST_KEPT: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Templates:
    """The sentences of some skills for some kinds of devices. Nobody changes it."""

    intents: Intents
    """The sentences themselves."""
    candidates: Candidates
    beginnings: Beginnings
    exact_beginnings: Beginnings
    exact: frozenset[str]
    """Names of the intents that only the very words mean."""
    names: frozenset[str]
    """Names of the intents of the skills."""


Key = tuple[tuple[int, ...], frozenset[str], frozenset[str], frozenset[str]]
_kept: "OrderedDict[Key, tuple[Templates, Sequence[SkillManifest]]]" = OrderedDict()
_making = threading.Lock()


def templates_for(home: Home, *, others: Sequence[SkillManifest] = ()) -> Templates:
    """The templates of the house's skills and `others`, for the kinds of devices of `home`. Raises SkillError."""
    sensing = frozenset(device.device_class for device in home.devices if device.domain == "binary_sensor")
    measuring = frozenset(device.device_class for device in home.devices if device.domain == "sensor")
    key = (tuple(id(one) for one in others), domains_of(home), sensing, measuring)
    with _making:
        if key not in _kept:
            # The manifests are kept beside what was made of them, so that an id is never another's meanwhile.
            _kept[key] = (_made(home, others=others, intents=None), tuple(others))
        _kept.move_to_end(key)
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
        return _kept[key][0]


def templates_of(intents: Intents, home: Home) -> Templates:
    """The templates of other sentences than the house's."""
    return _made(home, others=(), intents=intents)


def domains_of(home: Home) -> frozenset[str]:
    """The kinds of what has a name in a home."""
    return frozenset((*(device.domain for device in home.devices), "todo"))


def _made(home: Home, *, others: Sequence[SkillManifest], intents: Intents | None) -> Templates:
    manifests = (*own_manifests(), *others)
    every = intents or (sentences_of(manifests) if others else english())
    known = for_domains(with_questions(every, sensor_questions(home)), domains_of(home))
    exact = exact_intents(manifests)
    return Templates(
        intents=known,
        candidates=Candidates(known),
        beginnings=Beginnings(known, of_home=OF_HOME),
        exact_beginnings=Beginnings(only(known, exact), of_home=OF_HOME),
        exact=exact,
        names=frozenset(name for skill in manifests for name in skill.intents),
    )
