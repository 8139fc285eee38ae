"""What the skill of music needs of the players of the house. A Protocol that belongs to it; links stand behind it."""

from typing import Protocol

from earwitness.domain.errors import LinkError
from earwitness.domain.home import Device
from earwitness.domain.music import Music


class MusicPlayers(Protocol):
    """The players that know music by name. Used from one event loop."""

    def players(self) -> tuple[Device, ...]:
        """As they last reported themselves, with their ids in the home. Cheap."""
        ...

    def names(self, device_id: str) -> tuple[Music, ...]:
        """What that player has. Cheap. Raises LinkError."""
        ...

    async def play(self, device_id: str, wanted: Music) -> Device:
        """Play that instead of what is playing; gives the player as it reports itself then. Raises LinkError."""
        ...

    def satellite_of(self, device_id: str) -> str | None:
        """The satellite that is that player; None for a player of a link."""
        ...

    async def move(self, from_id: str, to_id: str) -> Device:
        """Go on at another player with what plays at one; gives the other as it reports itself then. Raises LinkError."""
        ...

    def hush(self, satellite_id: str) -> None:
        """Stop what plays at a satellite, if something does."""
        ...


class NoPlayers:
    """A house without players that know music by name."""

    def players(self) -> tuple[Device, ...]:
        return ()

    def names(self, device_id: str) -> tuple[Music, ...]:
        raise LinkError("There is no such player.", code="link.unknown_device")

    async def play(self, device_id: str, wanted: Music) -> Device:
        raise LinkError("There is no such player.", code="link.unknown_device")

    def satellite_of(self, device_id: str) -> str | None:
        return None

    async def move(self, from_id: str, to_id: str) -> Device:
        raise LinkError("There is no such player.", code="link.unknown_device")

    def hush(self, satellite_id: str) -> None:
        """Nothing plays."""
