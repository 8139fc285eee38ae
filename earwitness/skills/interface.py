"""What a skill is, and all that one may use: the house's own and those of others are written against this file alone.

A skill is a file of sentences that says what it is (docs/skills.md), a function `make(parts)` that gives an object with the two
methods of `Skill`, and tests. The words that it needs (`Intent`, `Context`, `SkillResult`, `Outcome`) and the ends that a turn
can take (`answered`, `done`, `failed`, `refuse`, `ask`) are here too.

`clock`, `home`, `memory` and `fetch` reach into another process as well; `inside` has the rest, for the house's own skills only.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from earwitness.domain.errors import SkillError
from earwitness.domain.home import Device, Home
from earwitness.domain.intent import Context, Intent, SlotValue
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.skills.wording import sentence

if TYPE_CHECKING:
    from earwitness.skills.inside import Inside

__all__ = [
    "Context",
    "Device",
    "Fetch",
    "Home",
    "HomeLink",
    "Intent",
    "Make",
    "Memory",
    "Outcome",
    "Parts",
    "Skill",
    "SkillResult",
    "SlotValue",
    "UnfulfillableError",
    "answered",
    "ask",
    "done",
    "failed",
    "not_asked",
    "refuse",
    "slot_text",
]


class Skill(Protocol):
    """Carries out a family of intents. Both methods raise UnfulfillableError for what cannot be done or must be asked."""

    def foresee(self, intent: Intent, *, context: Context) -> str | None:
        """The reply if all goes well, without side effects and at once; None if it cannot be known."""
        ...

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        """Do it, and say only what was confirmed."""
        ...


class HomeLink(Protocol):
    """A home whose devices can be seen and changed. Used from one event loop."""

    def snapshot(self) -> Home:
        """The home as it was last reported. Cheap."""
        ...

    async def apply(
        self, device_id: str, *, state: str | None = None, attributes: Mapping[str, SlotValue] | None = None
    ) -> Device:
        """Change a device; gives it as it reports itself afterwards, which may not be as asked. Raises LinkError."""
        ...

    async def skip(self, device_id: str, *, tracks: int) -> Device:
        """Go `tracks` forward (back when negative) on a media player. Raises LinkError."""
        ...

    def subscribe(self, callback: Callable[[Device], None]) -> Callable[[], None]:
        """Call `callback` with the device after each change; returns how to unsubscribe."""
        ...


class Memory(Protocol):
    """A little that one skill keeps: JSON values by name."""

    async def get(self, name: str) -> object:
        """What is kept under `name`; None for nothing. Raises StorageError."""
        ...

    async def keep(self, name: str, value: object) -> None:
        """Keep a JSON value of at most 64 KiB; None forgets it. It is on the disk when this returns. Raises StorageError."""
        ...


Fetch = Callable[[str], Awaitable[str]]
"""Gets the text behind an https URL of a host that the skill's file names: at most 1 MiB, within 4 s. Raises LinkError."""


class _NotAsked:
    """Stands for a part that the skill's file does not ask for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        self._refuse()

    def __call__(self, *_: object) -> Any:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise SkillError(f"The skill's file does not ask for {self._name}, so it cannot use it.", code="skill.failed")


def not_asked(name: str) -> Any:
    """A part that raises SkillError (skill.failed) however it is used."""
    return _NotAsked(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a skill may use. What its file does not ask for is there too, but raises SkillError."""

    clock: Callable[[], datetime]
    """The time now, aware and in the home's time zone."""
    home: HomeLink = field(default_factory=lambda: not_asked("home"))
    memory: Memory = field(default_factory=lambda: not_asked("memory"))
    fetch: Fetch = field(default_factory=lambda: not_asked("fetch"))
    inside: "Inside" = field(default_factory=lambda: not_asked("inside"))


Make = Callable[[Parts], Skill]
"""The function `make` of a skill."""


class UnfulfillableError(Exception):
    """An intent that ends before anything was tried: refused, or asked back. Never leaves the skills."""

    def __init__(self, result: SkillResult) -> None:
        super().__init__(result.outcome.value)
        self.result = result


def answered(reply: str) -> SkillResult:
    """A question was answered; nothing changed."""
    return SkillResult(outcome=Outcome.ANSWERED, reply=reply)


def done(reply: str) -> SkillResult:
    """Something was done, and what did it confirmed so."""
    return SkillResult(outcome=Outcome.DONE, reply=reply)


def failed(reply: str) -> SkillResult:
    """It was tried and did not work."""
    return SkillResult(outcome=Outcome.FAILED, reply=reply)


def refuse(clause: str) -> UnfulfillableError:
    """The error that says `clause` and does nothing."""
    return UnfulfillableError(SkillResult(outcome=Outcome.REFUSED, reply=sentence(clause)))


def ask(question: str, *, slot: str, intent: Intent, context: Context) -> UnfulfillableError:
    """The error that asks back for `slot` of `intent`; the answer comes as the same intent with that slot filled."""
    waiting = replace(context, expects=slot, pending=intent)
    return UnfulfillableError(SkillResult(outcome=Outcome.ASKED, reply=question, asks=waiting))


def slot_text(slots: Mapping[str, SlotValue], name: str) -> str:
    """A slot as text; empty when it is missing."""
    value = slots.get(name)
    return "" if value is None else str(value).strip()
