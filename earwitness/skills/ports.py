"""What skills need of a home, and what the registry needs of a skill. Protocols that belong to the skills."""

from collections.abc import Callable, Mapping
from typing import Protocol

from earwitness.domain.home import Device, Home
from earwitness.domain.intent import Context, Intent, SlotValue
from earwitness.domain.satellite import Announcement, CallAnswer
from earwitness.domain.turn import SkillResult


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


class Skill(Protocol):
    """Carries out a family of intents. Both methods raise UnfulfillableError for what cannot be done or must be asked."""

    @property
    def intents(self) -> tuple[str, ...]:
        """Names of the intents that it carries out."""
        ...

    def foresee(self, intent: Intent, *, context: Context) -> str | None:
        """The reply if all goes well, without side effects; None if it cannot be known."""
        ...

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult: ...


class Satellites(Protocol):
    """The satellites of the house. Used from one event loop."""

    async def announce(self, text: str, *, area: str | None = None, but: str | None = None) -> Announcement:
        """Say something at every satellite, or at those of one room, `but` at one; says where it was confirmed."""
        ...

    def call(self, device_id: str, *, area: str) -> CallAnswer:
        """Ring at the satellites of a room for the one that asked."""
        ...

    def answer(self, device_id: str) -> CallAnswer:
        """Take the call that rings at this satellite."""
        ...

    def hang_up(self, device_id: str) -> CallAnswer:
        """Leave the call that this satellite is in."""
        ...


class UnfulfillableError(Exception):
    """An intent that ends before anything was tried: refused, or asked back. Never leaves the skills."""

    def __init__(self, result: SkillResult) -> None:
        super().__init__(result.outcome.value)
        self.result = result
