"""What a page shows of the home at one moment: devices, running timers, lists. No I/O; whoever builds it keeps it true."""

from dataclasses import dataclass

from earwitness.domain.home import Device, Home


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerShown:
    """One timer. `seconds_left` is as of the moment the board was made; a page counts down from there if `is_running`."""

    timer_id: str
    name: str
    seconds_left: float
    seconds_total: float
    is_running: bool
    is_ringing: bool = False

    def as_json(self) -> dict[str, object]:
        return {
            "id": self.timer_id,
            "name": self.name,
            "seconds_left": round(self.seconds_left, 1),
            "seconds_total": round(self.seconds_total, 1),
            "running": self.is_running,
            "ringing": self.is_ringing,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ListShown:
    """One list and what is on it, oldest first."""

    name: str
    items: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        return {"name": self.name, "items": list(self.items)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The home with its timers and lists."""

    home: Home
    timers: tuple[TimerShown, ...] = ()
    lists: tuple[ListShown, ...] = ()

    def as_json(self) -> dict[str, object]:
        """The board in the shape of `GET /api/v1/home` and of the session's `home` message."""
        return {
            "name": self.home.name,
            "simulated": self.home.is_simulated,
            "areas": [{"name": area.name, "floor": area.floor} for area in self.home.areas],
            "devices": [_device_json(device) for device in self.home.devices],
            "timers": [timer.as_json() for timer in self.timers],
            "lists": [shown.as_json() for shown in self.lists],
        }


def _device_json(device: Device) -> dict[str, object]:
    return {
        "id": device.device_id,
        "name": device.name,
        "domain": device.domain,
        "device_class": device.device_class,
        "area": device.area,
        "state": device.state,
        "attributes": dict(device.attributes),
    }
