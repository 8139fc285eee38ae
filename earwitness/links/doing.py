"""When a device is as it was asked to be, as far as its report tells. Pure; shared by the links to homes.

A report that came before the request says nothing: a link compares only what it was told since.
"""

from collections.abc import Mapping
from typing import Final

from earwitness.domain.home import Device
from earwitness.domain.intent import SlotValue

_AS_GOOD: Final[Mapping[str, frozenset[str]]] = {
    "open": frozenset({"opening"}),
    "closed": frozenset({"closing"}),
    "locked": frozenset({"locking"}),
    "unlocked": frozenset({"unlocking"}),
    "on": frozenset({"idle", "playing", "paused", "buffering", "standby"}),
    "playing": frozenset({"buffering"}),
    "docked": frozenset({"returning"}),
    "returning": frozenset({"docked"}),
    "heat": frozenset({"heat_cool", "auto", "cool"}),
}
"""States that are on the way to one, or mean the same of another kind of device."""
_TOLERANCES: Final[Mapping[str, float]] = {
    "brightness": 1.5,
    "percentage": 17.0,  # a fan has few speeds, and takes the nearest
    "volume": 1.5,
    "temperature": 0.26,
    "color_temperature": 150.0,
}


def is_on_the_way(state: str, *, wanted: str) -> bool:
    """Whether a reported state is the one that is wanted, or leads there."""
    return state == wanted or state in _AS_GOOD.get(wanted, ())


def is_done(device: Device, *, state: str | None, attributes: Mapping[str, SlotValue]) -> bool:
    """Whether the device reports what was asked for. A cover that moves towards its position counts."""
    if state is not None and not is_on_the_way(device.state, wanted=state):
        return False
    is_moving = device.state in ("opening", "closing")
    return all(
        (name == "position" and is_moving) or _is_so(name, device.attributes.get(name), value)
        for name, value in attributes.items()
    )


def _is_so(name: str, reported: SlotValue | None, wanted: SlotValue) -> bool:
    if name == "position":
        return isinstance(reported, int | float) and isinstance(wanted, int | float) and abs(reported - wanted) <= 3
    if isinstance(reported, bool) or isinstance(wanted, bool) or not isinstance(reported, int | float):
        return reported is not None and str(reported).casefold() == str(wanted).casefold()
    if not isinstance(wanted, int | float):
        return False
    return abs(reported - wanted) <= _TOLERANCES.get(name, 0.0)
