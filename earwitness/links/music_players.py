"""The players of all links to music, under the ids that they have in the home. Satisfies the skills' MusicPlayers."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

from earwitness.domain.errors import LinkError
from earwitness.domain.home import Device, Home
from earwitness.domain.music import Music
from earwitness.links.in_time import within
from earwitness.links.joined_home import SEPARATOR
from earwitness.links.switchboard import Serving


@runtime_checkable
class MusicLink(Protocol):
    """A link to players that know music by name."""

    def snapshot(self) -> Home: ...

    def names(self) -> tuple[Music, ...]: ...

    async def play(self, device_id: str, wanted: Music) -> Device: ...


@runtime_checkable
class PlayersOfHome(Protocol):
    """A link to a home some of whose media players let something be chosen by name, each its own."""

    def snapshot(self) -> Home: ...

    def names_of(self, device_id: str) -> tuple[Music, ...]: ...

    async def play(self, device_id: str, wanted: Music) -> Device: ...


class LinkedPlayers:
    """`serving` gives the links to music and to homes that are switched on."""

    def __init__(self, serving: Callable[[], Sequence[Serving]]) -> None:
        self._serving = serving

    def players(self) -> tuple[Device, ...]:
        """Those that know music by name."""
        return tuple(
            replace(device, device_id=f"{one.configured.link_id}{SEPARATOR}{device.device_id}")
            for one in self._serving()
            for device in _choosing(one.link)
        )

    def names(self, device_id: str) -> tuple[Music, ...]:
        """Raises LinkError."""
        link, _, own_id = self._link(device_id)
        return link.names_of(own_id) if isinstance(link, PlayersOfHome) else link.names()

    async def play(self, device_id: str, wanted: Music) -> Device:
        """Raises LinkError, within two seconds."""
        link, title, own_id = self._link(device_id)
        played = await within(link.play(own_id, wanted), what=title)
        return replace(played, device_id=device_id)

    def _link(self, device_id: str) -> tuple[MusicLink | PlayersOfHome, str, str]:
        link_id, _, own_id = device_id.partition(SEPARATOR)
        for one in self._serving():
            if one.configured.link_id == link_id and isinstance(one.link, MusicLink | PlayersOfHome):
                return one.link, one.configured.name, own_id
        raise LinkError("There is no such player any more.", code="link.unknown_device")


def _choosing(link: object) -> tuple[Device, ...]:
    """The players of a link on which something can be chosen by name."""
    if isinstance(link, PlayersOfHome):
        return tuple(device for device in link.snapshot().devices if link.names_of(device.device_id))
    return link.snapshot().devices if isinstance(link, MusicLink) else ()
