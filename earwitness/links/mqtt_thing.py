"""One thing on MQTT: which messages tell its state, and which change it. Pure; discovery makes things, the link runs them."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from earwitness.domain.home import Device
from earwitness.domain.intent import SlotValue
from earwitness.links.colours import name_of
from earwitness.links.mqtt_template import Template

Values = Mapping[str, SlotValue]
LONGEST_TOPIC: Final = 512
STATE: Final = "state"
"""Under which the main state stands among what a message tells."""
HUE: Final = "hue"
"""Under which a colour stands there, as hue and saturation: "240,100". What it is called depends on what was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is published."""

    topic: str
    payload: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """How one topic tells part of the state: `take` gives what a message says, nothing for what it does not."""

    topic: str
    take: Callable[[str], Values]


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """Where it is told whether the thing is there; a last will among others."""

    topic: str
    template: Template
    online: str = "online"
    offline: str = "offline"

    def read(self, payload: str) -> bool | None:
        """Whether it is there; None for a message that does not say."""
        said = self.template.read(payload)
        return True if said == self.online else False if said == self.offline else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """`commands` gives what to publish for a state and attributes, and raises LinkError for what it cannot do."""

    device: Device
    readers: tuple[Reader, ...]
    commands: Callable[[Device, str | None, Values], tuple[Message, ...]]
    availability: tuple[Availability, ...] = ()
    needs: Literal["all", "any", "latest"] = "latest"
    asks: tuple[Message, ...] = ()
    """What to publish so that it tells its state."""

    @property
    def topics(self) -> frozenset[str]:
        return frozenset((*(reader.topic for reader in self.readers), *(each.topic for each in self.availability)))

    def told(self, device: Device, topic: str, payload: str, *, colour: str = "") -> Device | None:
        """The device after a message; None if that tells nothing of its state. `colour` is how its colour was last asked for."""
        found: dict[str, SlotValue] = {}
        for reader in self.readers:
            if reader.topic == topic:
                found |= reader.take(payload)
        if not found:
            return None
        if hue := str(found.pop(HUE, "")):
            found["color"] = name_of([float(part) for part in hue.split(",")], asked=colour)
        state = str(found.pop(STATE, device.state))
        kept = dict(device.attributes)
        if "color" in found:
            kept.pop("color_temperature", None)
        elif "color_temperature" in found:
            kept.pop("color", None)
        return replace(device, state=state, attributes={**kept, **found})


def plain_topic(value: object) -> str:
    """A topic that may be subscribed to or published on; empty for anything else: no wildcards, nothing of the broker's own."""
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_TOPIC or value.startswith("$"):
        return ""
    return "" if any(character in "+#\0" for character in value) else value


def number(value: object) -> float | None:
    """A finite number, also from text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except ValueError:
        return None
    return found if math.isfinite(found) and abs(found) < 1e12 else None


def tidy(value: float) -> int | float:
    """A whole number as such; two places of others."""
    return int(value) if float(value).is_integer() else round(value, 2)
