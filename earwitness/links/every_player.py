"""All players that know music by name: those of links, and the satellites. Satisfies the skills' MusicPlayers."""

from dataclasses import replace
from typing import Final, Protocol

from earwitness.domain.errors import LinkError
from earwitness.domain.home import Device, Home
from earwitness.domain.music import Music
from earwitness.links.in_time import within
from earwitness.links.joined_home import SEPARATOR

SATELLITES: Final = "satellites"
"""What the ids of satellites as players begin with, as those of others do with their link's."""


class OthersPlayers(Protocol):
    """The players of links, under the ids that they have in the home."""

    def players(self) -> tuple[Device, ...]: ...

    def names(self, device_id: str) -> tuple[Music, ...]: ...

    async def play(self, device_id: str, wanted: Music) -> Device: ...


class OwnPlayers(Protocol):
    """The satellites as players, under their own ids."""

    def snapshot(self) -> Home: ...

    def names(self) -> tuple[Music, ...]: ...

    async def play(self, device_id: str, wanted: Music) -> Device: ...

    async def move(self, from_id: str, to_id: str) -> Device: ...

    def hush(self, satellite_id: str) -> None: ...


class EveryPlayer:
    """`linked` are the players of links, `own` the satellites; None where there is no music for them."""

    def __init__(self, linked: OthersPlayers, *, own: OwnPlayers | None) -> None:
        self._linked = linked
        self._own = own

    def players(self) -> tuple[Device, ...]:
        """Those that know music by name."""
        own = self._own.snapshot().devices if self._own is not None else ()
        return (*self._linked.players(), *(replace(one, device_id=f"{SATELLITES}{SEPARATOR}{one.device_id}") for one in own))

    def names(self, device_id: str) -> tuple[Music, ...]:
        """Raises LinkError."""
        if self._own is None or self.satellite_of(device_id) is None:
            return self._linked.names(device_id)
        return self._own.names()

    async def play(self, device_id: str, wanted: Music) -> Device:
        """Raises LinkError, within two seconds."""
        satellite = self.satellite_of(device_id)
        if self._own is None or satellite is None:
            return await self._linked.play(device_id, wanted)
        return replace(await within(self._own.play(satellite, wanted), what="The satellite"), device_id=device_id)

    def satellite_of(self, device_id: str) -> str | None:
        """The satellite that is that player; None if it is none."""
        key, _, own_id = device_id.partition(SEPARATOR)
        return own_id if key == SATELLITES and self._own is not None else None

    async def move(self, from_id: str, to_id: str) -> Device:
        """Raises LinkError, within two seconds."""
        here, there = self.satellite_of(from_id), self.satellite_of(to_id)
        if self._own is None or here is None or there is None:
            raise LinkError("Only what a satellite plays can go on, and only at another satellite.", code="link.refused")
        return replace(await within(self._own.move(here, there), what="The other satellite"), device_id=to_id)

    def hush(self, satellite_id: str) -> None:
        """Stop what plays at a satellite, if something does."""
        if self._own is not None:
            self._own.hush(satellite_id)
