"""What a kind of link declares of itself, once: from it come the page's forms, the command line, the API and "what leaves".

A function gives one (as in `links/home_links.py` and `links/sip_kind.py`); `build/link_kinds.py` lists them. Nothing that a
kind needs is imported before `make` is called, if it is heavy or optional.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from earwitness.domain.link import LinkRole, Outgoing


class LinkOptions(BaseModel):
    """Base of the options of a kind: frozen, nothing unknown. Every field has `Field(title=..., description=...)` for forms.

    Types that forms know: str, int, float, bool, Literal[...] or an enum of texts, Path, and tuple[str, ...] (a line each).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, str_max_length=2000)


Options = TypeVar("Options", bound=LinkOptions)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretField:
    """A secret that a kind needs: sealed when it is set, and never shown again."""

    name: str
    title: str
    about: str = ""
    is_needed: bool = True


class Report(Protocol):
    """How a running link says how it stands. Used from the event loop."""

    def works(self, sentence: str = "") -> None:
        """It is connected and can be used."""
        ...

    def used(self) -> None:
        """Something was sent or done by it just now."""
        ...


class Memory(Protocol):
    """A little that a link keeps from one start to the next, sealed: tokens, positions, keys of its own. Off the event loop."""

    async def get(self, name: str) -> bytes | None:
        """What is kept under `name`; None for nothing. Raises StorageError, VaultError."""
        ...

    async def keep(self, name: str, value: bytes | None) -> None:
        """Keep at most 256 KiB; None forgets it. It is on the disk when this returns. Raises StorageError, LinkError."""
        ...


class Link(Protocol):
    """A link at work. What else it can do is between its module and the skills that ask for its role."""

    async def run(self, report: Report) -> None:
        """Connect, say `report.works()`, and stay so until cancelled; then let go of everything.

        Raises LinkError when it cannot, or cannot any more: link.refused and link.secret for a wrong password, link.unreachable
        and link.slow for nobody there, link.nonsense, link.too_large and link.not_safe for who answers wrongly,
        link.not_installed for a part that is missing. It is then run again, after a while that grows to a minute.
        """
        ...

    async def check(self) -> None:
        """Ask the other side something harmless, now. Raises LinkError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat(Generic[Options]):
    """What one link is made from."""

    link_id: str
    name: str
    options: Options
    secrets: Mapping[str, str] = field(repr=False)
    """Opened, by the names of the kind's fields; keep them in memory only, and in no message, log or repr."""
    memory: Memory
    clock: Callable[[], datetime]
    """Aware."""

    def secret(self, name: str) -> str:
        """A secret, "" if none was set."""
        return self.secrets.get(name, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkKind(Generic[Options]):
    """`name` is in the database and the API ("mqtt"); `title` and `about` are for people."""

    name: str
    title: str
    about: str
    """What it is for and what it sends, in one or two sentences."""
    role: LinkRole
    options: type[Options]
    secrets: tuple[SecretField, ...] = ()
    outgoing: Callable[[Options], tuple[Outgoing, ...]]
    """Where something goes with these options."""
    make: Callable[[Seat[Options]], Link]
    """The link, not connected yet: no I/O. Raises LinkError for options that cannot be."""
    most: int = 8
    """How many of it a house may have."""
