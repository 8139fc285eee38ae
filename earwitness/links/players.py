"""What every link to a music player shares: one device of the home, who watches it, and the wait until it is as asked."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from earwitness.domain.errors import LinkError
from earwitness.domain.home import Area, Device, Home, Source
from earwitness.domain.intent import SlotValue
from earwitness.links.watched import Watched

OBSERVING_SECONDS: Final = 1.8
"""How long a player may take until it reports what it was asked for."""

LONGEST_TITLE: Final = 200


@dataclass(frozen=True, slots=True)
class Playing:
    """What a player says that it plays; empty for what it does not say."""

    title: str = ""
    artist: str = ""
    album: str = ""


class Players(Watched):
    """The players of one link as they last reported themselves: the base of links to players. Used from one event loop."""

    def __init__(self, title: str) -> None:
        """`title` is how people call the link."""
        super().__init__()
        self._title = title
        self._devices: dict[str, Device] = {}
        self._is_reachable = False
        self._off: set[str] = set()
        """Those that were switched off here: such players have no state of their own for that."""
        self._changed = asyncio.Event()

    def snapshot(self) -> Home:
        """A home of the players alone."""
        areas = dict.fromkeys(one.area for one in self._devices.values() if one.area)
        return Home(
            name=self._title,
            is_simulated=False,
            areas=tuple(Area(name=area) for area in areas),
            devices=tuple(self._devices.values()),
            sources=(Source(name=self._title, is_reachable=self._is_reachable),),
        )

    def device(self, device_id: str) -> Device:
        """Raises LinkError (link.unknown_device)."""
        found = self._devices.get(device_id)
        if found is None:
            raise LinkError("There is no such player.", code="link.unknown_device")
        return found

    def reachable(self, device_id: str) -> Device:
        """The player, if it can be asked for anything now. Raises LinkError: link.unknown_device, link.unreachable."""
        found = self.device(device_id)
        if not found.is_reachable:
            raise LinkError(f"{self._title} cannot be reached now.", code="link.unreachable")
        return found

    def _player(
        self, device_id: str, *, name: str, area: str | None, state: str, attributes: Mapping[str, SlotValue], playing: Playing
    ) -> Device:
        """A player as it reports itself; an idle one that somebody switched off here is off, until it plays again."""
        before = self._devices.get(device_id)
        if state != "idle" and before is not None and before.state == "off":
            self._off.discard(device_id)
        told = {"media_title": playing.title, "media_artist": playing.artist, "media_album_name": playing.album}
        return Device(
            device_id=device_id,
            name=name,
            domain="media_player",
            area=area,
            state="off" if state == "idle" and device_id in self._off else state,
            attributes={**attributes, **{key: value[:LONGEST_TITLE] for key, value in told.items() if value}},
            source=self._title,
        )

    def saw(self, *devices: Device) -> None:
        """Note how players are, all of them; whoever watches is told of what changed."""
        before, self._devices = self._devices, {one.device_id: one for one in devices}
        was_reachable, self._is_reachable = self._is_reachable, True
        names = [(one.device_id, one.name, one.area) for one in before.values()]
        if names != [(one.device_id, one.name, one.area) for one in devices] or not was_reachable:
            self._redescribed()
        for one in devices:
            if before.get(one.device_id) != one:
                self._tell(one)
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def _asked(self, device_id: str, state: str | None) -> None:
        """Note what a player was told to be, once it took that."""
        if state == "off":
            self._off.add(device_id)
        elif state is not None:
            self._off.discard(device_id)

    def lost(self) -> None:
        """Note that nobody is there any more."""
        if self._is_reachable:
            self._is_reachable = False
            self._devices = {key: replace(one, is_reachable=False) for key, one in self._devices.items()}
            self._redescribed()

    async def until(self, device_id: str, is_so: Callable[[Device], bool]) -> Device:
        """The player once it is so, or as it is after OBSERVING_SECONDS."""
        try:
            async with asyncio.timeout(OBSERVING_SECONDS):
                while not is_so(self.device(device_id)):
                    await self._changed.wait()
        except TimeoutError:
            pass
        return self.device(device_id)
