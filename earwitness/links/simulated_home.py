"""A home that exists only in memory, for the demonstration and for trying a home file. Nothing real changes.

It owns the state of its devices and tells subscribers of each change. It decides nothing about what is asked or said.
"""

from collections.abc import Mapping
from dataclasses import replace

from earwitness.domain.errors import LinkError
from earwitness.domain.home import Device, Home
from earwitness.domain.intent import SlotValue
from earwitness.links.simulated_devices import changed, settled, skipped
from earwitness.links.watched import Watched


class SimulatedHome(Watched):
    """Devices that do what they are told. Used from one event loop; a change is made whole or not at all."""

    def __init__(self, home: Home) -> None:
        super().__init__()
        self._home = replace(home, is_simulated=True)
        self._devices = {device.device_id: settled(device) for device in home.devices}

    def snapshot(self) -> Home:
        """The home as it is now."""
        return replace(self._home, devices=tuple(self._devices.values()))

    def describe(self, home: Home) -> None:
        """Take another name, and areas under other names; the devices stay as they are, in the area that `home` has for each."""
        self._home = replace(self._home, name=home.name, areas=home.areas)
        for device in home.devices:
            self._devices[device.device_id] = replace(self._devices[device.device_id], area=device.area)
        self._redescribed()

    async def apply(
        self, device_id: str, *, state: str | None = None, attributes: Mapping[str, SlotValue] | None = None
    ) -> Device:
        """Change a device's state, attributes or both; gives the device as it reports itself afterwards.

        Raises LinkError for an unknown device, or a state or value that it does not have.
        """
        return self._settle(changed(self._device(device_id), state=state, attributes=attributes or {}))

    async def skip(self, device_id: str, *, tracks: int) -> Device:
        """Go `tracks` forward on a media player (back when negative). Raises LinkError if it cannot."""
        return self._settle(skipped(self._device(device_id), tracks=tracks))

    def _device(self, device_id: str) -> Device:
        try:
            return self._devices[device_id]
        except KeyError:
            raise LinkError("The home has no such device.", code="link.unknown_device") from None

    def _settle(self, device: Device) -> Device:
        is_new = self._devices[device.device_id] != device
        self._devices[device.device_id] = device
        if is_new:
            self._tell(device)
        return device
