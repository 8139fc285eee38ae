"""Links that people configured: what one is, what state it is in, and what leaves the house by it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class LinkRole(StrEnum):
    """What a link is for; skills ask for links by it."""

    HOME = "home"
    MESSAGES = "messages"
    CALLS = "calls"
    MUSIC = "music"


class LinkState(StrEnum):
    """How a link stands."""

    OFF = "off"
    """Somebody switched it off."""
    CONNECTING = "connecting"
    """Nothing is known yet."""
    WORKS = "works"
    WRONG_SECRET = "wrong_secret"  # noqa: S105  (no secret)
    """The other side refuses the password or token, or ours cannot be opened any more."""
    UNREACHABLE = "unreachable"
    UNSUPPORTED = "unsupported"
    """What answers is not what it should be, or not to be trusted."""
    FAILED = "failed"
    """A fault of ours, or a part that is not installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStatus:
    """`sentence` says it plainly and what to do, without any name or secret; `since` is aware."""

    state: LinkState
    sentence: str
    since: datetime
    used_at: datetime | None = None
    """When something was last sent or done by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One place that something of the house goes to."""

    host: str
    """A name or an address, with a port where it has one: "broker.example:8883"."""
    sends: str
    """What goes there, as a clause: "commands to lamps, and asks for their state"."""
    is_encrypted: bool
    is_this_machine: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredLink:
    """A link as it was set up. Its secrets are nowhere in it: of each that is set it says only since when."""

    link_id: str
    kind: str
    name: str
    options: Mapping[str, object]
    """Of the shape that the kind declares, as JSON values."""
    secrets_set: Mapping[str, datetime] = field(default_factory=dict)
    is_on: bool = True
    created_at: datetime
    changed_at: datetime
    revision: int = 1
    """Counts changes, so that a running link knows that it is an old one."""
