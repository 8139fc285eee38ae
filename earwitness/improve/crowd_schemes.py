"""What intents of public collections of sentences mean here (crowd_intents.yaml). Pure but for reading that file.

Owns the mapping; `scoring.py` scores by it, `understanding/` learns by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import Any

import yaml


class Place(StrEnum):
    """Where an intent of a public collection belongs."""

    OURS = "ours"
    ELSEWHERE = "elsewhere"
    """No skill here does it."""
    NEITHER = "neither"
    """Not scored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What an intent of theirs may mean here; `ours` is empty unless `place` says OURS."""

    place: Place
    ours: frozenset[str] = field(default_factory=frozenset)


@lru_cache(maxsize=1)
def schemes() -> Mapping[str, Mapping[str, Meaning]]:
    """Meanings by collection and intent."""
    text = resources.files("earwitness.improve").joinpath("crowd_intents.yaml").read_text(encoding="utf-8")
    return {scheme: _meanings(tree) for scheme, tree in yaml.safe_load(text).items()}


def _meanings(tree: Mapping[str, Any]) -> dict[str, Meaning]:
    found = {name: Meaning(place=Place.OURS, ours=frozenset(ours)) for name, ours in tree["ours"].items()}
    found |= dict.fromkeys(tree["elsewhere"], Meaning(place=Place.ELSEWHERE))
    return found | dict.fromkeys(tree["neither"], Meaning(place=Place.NEITHER))


def meaning(intent: str) -> Meaning | None:
    """What an intent means here, by whichever collection names it; None for a name that none has.

    Two collections that share a name ("play_music") mean the same: either's intents are right.
    """
    found = [known[intent] for known in schemes().values() if intent in known]
    if not found:
        return None
    return Meaning(place=found[0].place, ours=frozenset().union(*(one.ours for one in found)))
