"""Whether a request that was understood, or not, is likely over. Pure.

Owns the judgement that lets the endpoint wait less or longer. It errs towards waiting where going on would change the meaning.
"""

import re
from collections.abc import Iterable

from hassil.recognize import RecognizeResult

from earwitness.domain.intent import Completeness

_DANGLING = re.compile(
    r"(?:^|\s)(?:and|or|the|a|an|to|for|of|with|my|our|in the|on the|at|by|from|in|is|are|called|named|between|plus|then|"
    r"but|because|if|set|turn|switch|what|what's|how|which|where|when|per|until|about|into|onto)$",
    re.IGNORECASE,
)
_TRAILING = re.compile(r"(?:\s+(?:and|or|then|plus))+$", re.IGNORECASE)
_GROWING_LENGTH = re.compile(r"\b(?:hours?|minutes?)$", re.IGNORECASE)
_BARE_NUMBER = re.compile(
    r"(?:\d|\b(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|\w{3,5}ty|hundred))$", re.IGNORECASE
)
_LENGTHS = frozenset(("hours", "minutes", "seconds"))
_LACKS = "asks_for"
"""Slot of sentences that leave out what they are about ("set the thermostat")."""
_ADDS = frozenset(("HassShoppingListAddItem", "HassListAddItem"))
_GOES_ON = frozenset(("DoNotDisturb",))
"""Intents whose whole requests often go on ("do not disturb", "until seven")."""
_PLACE = re.compile(r"\b(?:in|at|of|for|across) (?:the |my |our )?$", re.IGNORECASE)
_FIRST_OF_MANY = frozenset(("cancel", "pause", "resume", "continue", "unpause", "play", "lock", "unlock", "mute", "skip", "add"))


def is_dangling(text: str) -> bool:
    """Whether the text ends in a word that needs another."""
    return _DANGLING.search(text) is not None


def without_trailing(text: str) -> str:
    """The text without "and" or "then" at its end."""
    return _TRAILING.sub("", text)


class NameEnds:
    """The names of a home, to see whether one that was said may go on to be another."""

    def __init__(self, *, names: Iterable[str], areas: Iterable[str]) -> None:
        self._of_areas = _beginnings(areas)
        self._of_all = _beginnings(names) | self._of_areas

    def goes_on(self, name: str, *, is_place: bool) -> bool:
        """Whether `name` (lower case) is the beginning of a longer name; a place ("in the kitchen") goes on to places only."""
        return name in (self._of_areas if is_place else self._of_all)


def _beginnings(sayings: Iterable[str]) -> frozenset[str]:
    every = [said.lower().split() for said in sayings]
    return frozenset(" ".join(words[:count]) for words in every for count in range(1, len(words)))


def judge(text: str, result: RecognizeResult, *, names: NameEnds) -> Completeness:
    """How complete a matched request is."""
    if result.intent.name == "HassStartTimer" and _LENGTHS.isdisjoint(result.entities):
        return Completeness.INCOMPLETE
    if _LACKS in result.entities or (result.intent.name in _ADDS and "item" not in result.entities):
        return Completeness.INCOMPLETE
    is_first = result.intent.name in _GOES_ON or text.lower() in _FIRST_OF_MANY
    if is_first or _BARE_NUMBER.search(text) or _GROWING_LENGTH.search(text):
        return Completeness.OPEN
    for entity in result.entities_list:
        said = entity.text.strip().lower()
        if not said or not text.lower().endswith(said):
            continue
        if entity.is_wildcard:
            return Completeness.INCOMPLETE if is_dangling(said) else Completeness.OPEN
        before = text.lower().removesuffix(said)
        if not before or names.goes_on(said, is_place=_PLACE.search(before) is not None):
            return Completeness.OPEN
    return Completeness.COMPLETE
