"""What a skill says of itself before any of its code runs: its sentences, what it is for, and what it may use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class HomeAccess(StrEnum):
    """How far a skill reaches the home's devices."""

    NONE = "none"
    READ = "read"
    CHANGE = "change"


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """What a skill may use. Everything else is refused to it where it can be (docs/skills.md)."""

    home: HomeAccess = HomeAccess.NONE
    kinds: tuple[str, ...] = ()
    """Kinds of devices ("light", "fan") that it reaches of the home; empty: every kind."""
    memory: bool = False
    """Whether it may keep a little of its own between turns."""
    network: tuple[str, ...] = ()
    """Hosts that it may fetch from by https, exactly as named."""
    inside: tuple[str, ...] = ()
    """Parts of the house that only the house's own skills can use (timers, lists, rights, ...)."""

    def reaches(self, kind: str) -> bool:
        """Whether devices of a kind are among those that it may see, and change if it may change any."""
        return self.home is not HomeAccess.NONE and (not self.kinds or kind in self.kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillManifest:
    """One skill as its file describes it. `sentences` is a tree in hassil's format."""

    name: str
    title: str
    about: str
    examples: tuple[str, ...]
    permissions: Permissions = field(default_factory=Permissions)
    intents: tuple[str, ...] = ()
    is_exact: bool = False
    """Whether only the very words of its sentences mean its intents: for what would do harm if it were guessed."""
    sentences: Mapping[str, Any] = field(default_factory=dict)
