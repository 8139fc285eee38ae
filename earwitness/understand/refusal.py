"""Why a request was not understood, in plain words. Pure.

Owns the difference between a device that this home does not have and a sentence that nobody here knows.
"""

import re

from earwitness.domain.intent import Completeness

_THING = r"(?:all |the |my |our |a )*(?P<thing>[^,.!?]{2,50}?)"
_PLACE = r"(?: (?:in|on|at) (?:the |my |our )?(?P<place>[^,.!?]{2,40}))?"
_ACTIONS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"^(?:turn|switch|put|power|shut) (?:on|off) {_THING}{_PLACE}$",
        rf"^(?:turn|switch|put|power|shut) {_THING} (?:on|off){_PLACE}$",
        rf"^(?:open|close|shut|raise|lower|lock|unlock|dim|brighten|toggle|activate|deactivate) {_THING}{_PLACE}$",
        rf"^(?:set|change|make|turn(?: up| down)?|dim) {_THING}{_PLACE} to .+$",
        rf"^(?:is|are) {_THING} (?:on|off|open|closed|locked|unlocked){_PLACE}$",
        rf"^(?:what is|what's) the (?:state|status|brightness|temperature|humidity) of {_THING}$",
    )
)
UNKNOWN_SENTENCE = "I know no sentence like this."
_KINDS = re.compile(
    r"(?:lights?|lamps?|fans?|locks?|doors?|windows?|blinds?|curtains?|covers?|shades?|shutters?|temperature|brightness|volume|"
    r"timers?|thermostat|heating|music|color|colour|it|that|this|everything)$",
    re.IGNORECASE,
)


def reason_for(text: str, *, completeness: Completeness, devices: frozenset[str], areas: frozenset[str]) -> str:
    """One sentence: what is unknown about `text`. `devices` and `areas` hold what this home's may be called, in lower case."""
    if not text:
        return "There were no words."
    if completeness is Completeness.INCOMPLETE:
        return "The request seems to stop in the middle."
    for pattern in _ACTIONS:
        if found := pattern.match(text):
            groups = found.groupdict()
            thing, place = groups["thing"], groups.get("place")
            if place and place.lower() not in areas:
                return f"I know no room called {place}."
            if thing.lower() in devices:
                return f"I cannot do that with {thing}."
            if not _KINDS.match(thing):
                return f"I know no device called {thing}."
    return UNKNOWN_SENTENCE
