"""A home as the assistant sees it: areas, devices and their state. No I/O; links keep it true."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from earwitness.domain.intent import SlotValue
from earwitness.domain.own_requests import OwnRequests


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A room or another place in the home; `floor` may be empty."""

    name: str
    aliases: tuple[str, ...] = ()
    floor: str = ""
    floor_aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One thing that can be asked for. `domain` is Home Assistant's word for its type (light, lock, cover, climate, ...).

    `state` is the main state as Home Assistant writes it ("on", "locked", "open", "heat", "playing");
    `attributes` holds the rest (brightness 0-100 %, temperature in °C, volume 0-100 %, position 0-100 %, color, ...).
    """

    device_id: str
    name: str
    domain: str
    area: str | None = None
    aliases: tuple[str, ...] = ()
    device_class: str = ""
    state: str = "off"
    attributes: Mapping[str, SlotValue] = field(default_factory=dict)
    source: str = ""
    """Name of the outside system that it belongs to (`Source.name`); empty for what is simulated."""
    groups: tuple[str, ...] = ()
    """Names under which it is spoken of together with others: labels, in Home Assistant's words."""
    is_reachable: bool = True
    """Whether it can be asked for anything now, as far as its outside system tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An outside system whose devices are part of this home, by the name that people say."""

    name: str
    is_reachable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A snapshot. Device ids are unique; every device's area is one of `areas`."""

    name: str
    is_simulated: bool
    areas: tuple[Area, ...] = ()
    devices: tuple[Device, ...] = ()
    lists: tuple[str, ...] = ()
    """Names of lists to which things can be added ("shopping list", "to-do")."""
    sources: tuple[Source, ...] = ()
    """Where the devices come from; empty for a simulated home."""
    own: OwnRequests | None = None
    """What a home file makes up beside the house's skills."""

    def device(self, device_id: str) -> Device:
        """The device with that id; raises KeyError if there is none."""
        for device in self.devices:
            if device.device_id == device_id:
                return device
        raise KeyError(device_id)

    def names(self) -> tuple[str, ...]:
        """Every name and alias of devices, areas and lists, for biasing recognition, without repeats."""
        found: dict[str, None] = {}
        for device in self.devices:
            found.update(dict.fromkeys((device.name, *device.aliases)))
        for area in self.areas:
            found.update(dict.fromkeys((area.name, *area.aliases)))
        found.update(dict.fromkeys(self.lists))
        return tuple(found)
