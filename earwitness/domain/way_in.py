"""Whether somebody can come in by what a device moves, as far as its kind and its names tell. Pure; it asks and decides nothing.

A garage is a cover, but as often a switch, a button, a scene or a script. What is not clear counts as a way in: it is then asked
about once too often.
"""

import re
from collections.abc import Iterator
from typing import Final

from earwitness.domain.home import Device

_INSIDE: Final = frozenset({"awning", "blind", "curtain", "damper", "shade", "shutter", "window"})
"""Classes of covers that nobody comes in by, and how covers without a class are called then."""
_WIRED: Final = frozenset({"switch", "input_boolean", "button", "input_button", "scene", "script"})
"""Kinds of devices that move whatever they are wired to."""
_WAYS_IN: Final = re.compile(r"garage|gate|(?:\w*(?<!in)(?<!out))?door")
_ONLY_NEAR: Final = frozenset({"bell", "camera", "doorbell", "freezer", "heater", "lamp", "light"})
"""The garage light."""


def is_way_in(device: Device) -> bool:
    """Whether it opens and closes a door, a gate or a garage, or may do so. Locks are not meant."""
    words = set(_words(device))
    is_named_so = any(_WAYS_IN.fullmatch(word) for word in words)
    if device.domain == "cover":
        return device.device_class not in _INSIDE if device.device_class else is_named_so or _INSIDE.isdisjoint(words)
    return device.domain in _WIRED and is_named_so and _ONLY_NEAR.isdisjoint(words)


def _words(device: Device) -> Iterator[str]:
    for name in (device.name, *device.aliases):
        for word in re.findall(r"[^\W\d_]+", name.casefold()):
            yield word.removesuffix("s")
