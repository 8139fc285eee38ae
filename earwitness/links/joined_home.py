"""One home out of all links to homes: while none is configured, the simulated one; then the real ones and nothing simulated.

Owns which link a device belongs to: its id here begins with the link's. Rooms of one name are one room, whoever tells of them.
A device that no link puts into a room stands in the one that its name begins with.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from earwitness.domain.errors import LinkError
from earwitness.domain.home import Area, Device, Home, Source
from earwitness.domain.intent import SlotValue
from earwitness.links.simulated_home import SimulatedHome
from earwitness.links.watched import Watched

SEPARATOR = "/"


class RealHome(Protocol):
    """A home that something outside keeps true."""

    def snapshot(self) -> Home: ...

    async def apply(
        self, device_id: str, *, state: str | None = None, attributes: Mapping[str, SlotValue] | None = None
    ) -> Device: ...

    async def skip(self, device_id: str, *, tracks: int) -> Device: ...

    def subscribe(self, callback: Callable[[Device], None]) -> Callable[[], None]: ...

    def on_described(self, callback: Callable[[], None]) -> Callable[[], None]: ...


class JoinedHome(Watched):
    """A HomeLink. `describe` gives a home the names that the owner chose. Used from one event loop."""

    def __init__(
        self, simulated: SimulatedHome, *, describe: Callable[[Home], Home], expected: Mapping[str, str] | None = None
    ) -> None:
        """`expected` names links to homes, by their id, that are set up but were not begun yet."""
        super().__init__()
        self._simulated = simulated
        self._expected = dict(expected or {})
        self._describe = describe
        self._links: dict[str, RealHome] = {}
        self._players: frozenset[str] = frozenset()
        self._leave: dict[str, Callable[[], None]] = {}
        self._home: Home | None = None
        simulated.subscribe(self._simulated_changed)

    @property
    def is_simulated(self) -> bool:
        """Whether no real home is linked, nor is to be; players alone are none."""
        return not self._expected and self._links.keys() <= self._players

    def take(
        self, homes: Mapping[str, RealHome], *, expected: Mapping[str, str], players: Mapping[str, RealHome] | None = None
    ) -> None:
        """Have these links, by their id, instead of those before; `expected` as above. Players stand beside any home, a
        simulated one too."""
        links = {**homes, **(players or {})}
        waiting = {key: name for key, name in expected.items() if key not in homes}
        is_same = waiting == self._expected and links.keys() == self._links.keys()
        if is_same and all(links[key] is link for key, link in self._links.items()):
            return
        self._expected = waiting
        self._players = frozenset(players or ())
        for key in [key for key, link in self._links.items() if links.get(key) is not link]:
            self._leave.pop(key)()
            del self._links[key]
        for key, link in links.items():
            if key not in self._links:
                self._links[key] = link
                self._leave[key] = self._joined(key, link)
        self._redescribed()

    def described(self) -> Home:
        """The home as `snapshot` gives it, worked out anew: for other threads than the one of the event loop."""
        if not self.is_simulated:
            return self._describe(self._joined_home())
        home = self._simulated.snapshot()
        if not self._links:
            return home
        players = self._joined_home(home.areas)
        return replace(home, areas=players.areas, devices=(*home.devices, *players.devices), sources=players.sources)

    def snapshot(self) -> Home:
        """The home as it was last reported."""
        if self._home is None:
            self._home = self.described()
        return self._home

    def describe(self, home: Home) -> None:
        """Take other names: `home` is the simulated one under them."""
        self._simulated.describe(home)
        self._redescribed()

    async def apply(
        self, device_id: str, *, state: str | None = None, attributes: Mapping[str, SlotValue] | None = None
    ) -> Device:
        """Change a device; gives it as it reports itself afterwards. Raises LinkError."""
        key, link, own_id = self._link_of(device_id)
        return self._here(self._own(key, await link.apply(own_id, state=state, attributes=attributes)))

    async def skip(self, device_id: str, *, tracks: int) -> Device:
        """Go `tracks` forward on a media player. Raises LinkError."""
        key, link, own_id = self._link_of(device_id)
        return self._here(self._own(key, await link.skip(own_id, tracks=tracks)))

    def _joined(self, key: str, link: RealHome) -> Callable[[], None]:
        def changed(device: Device) -> None:
            self._home = None
            self._tell(self._here(self._own(key, device)))

        stops = (link.subscribe(changed), link.on_described(self._redescribed))

        def leave() -> None:
            for stop in stops:
                stop()

        return leave

    def _simulated_changed(self, device: Device) -> None:
        if self.is_simulated:
            self._home = None
            self._tell(device)

    def _redescribed(self) -> None:
        self._home = None
        super()._redescribed()

    def _link_of(self, device_id: str) -> tuple[str, RealHome | SimulatedHome, str]:
        key, _, own_id = device_id.partition(SEPARATOR)
        if key in self._links:
            return key, self._links[key], own_id
        if self.is_simulated:
            return "", self._simulated, device_id
        raise LinkError("The home has no such device.", code="link.unknown_device")

    def _own(self, key: str, device: Device) -> Device:
        """A link's device as it is here."""
        return replace(device, device_id=f"{key}{SEPARATOR}{device.device_id}") if key else device

    def _here(self, device: Device) -> Device:
        """A device as it was reported, called and placed as in this home."""
        known = next((one for one in self.snapshot().devices if one.device_id == device.device_id), None)
        return replace(known, state=device.state, attributes=device.attributes) if known is not None else device

    def _joined_home(self, rooms: Sequence[Area] = ()) -> Home:
        """What all links have, in these rooms and those that they tell of."""
        parts = {key: link.snapshot() for key, link in tuple(self._links.items())}
        areas: dict[str, Area] = {area.name.casefold(): area for area in rooms}
        for part in parts.values():
            for area in part.areas:
                folded = area.name.casefold()
                areas[folded] = _merged(areas[folded], area) if folded in areas else area
        devices = tuple(_placed(self._own(key, device), areas) for key, part in parts.items() for device in part.devices)
        known = {area.name for area in areas.values()}
        extra = dict.fromkeys(device.area for device in devices if device.area is not None and device.area not in known)
        return Home(
            name="Home",
            is_simulated=False,
            areas=(*areas.values(), *(Area(name=name) for name in extra)),
            devices=devices,
            lists=self._simulated.snapshot().lists,
            sources=(
                *(source for part in parts.values() for source in part.sources),
                *(Source(name=name, is_reachable=False) for name in self._expected.values()),
            ),
        )


def _merged(one: Area, other: Area) -> Area:
    return replace(
        one,
        aliases=tuple(dict.fromkeys((*one.aliases, *other.aliases))),
        floor=one.floor or other.floor,
        floor_aliases=one.floor_aliases if one.floor else other.floor_aliases,
    )


def _placed(device: Device, areas: Mapping[str, Area]) -> Device:
    """The device in the room of this home that its link names, or that its name begins with."""
    if device.area is not None:
        area = areas.get(device.area.casefold())
        return replace(device, area=area.name) if area is not None and area.name != device.area else device
    begins = [area for folded, area in areas.items() if device.name.casefold().startswith(f"{folded} ")]
    return replace(device, area=max(begins, key=lambda area: len(area.name)).name) if begins else device
