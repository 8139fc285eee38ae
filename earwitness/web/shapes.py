"""The JSON of the API as types, so that OpenAPI describes it. Shapes only; values come from the domain's `as_json`."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from earwitness.domain.intent import SlotValue

MAX_TEXT_CHARACTERS = 2000
MAX_SAY_CHARACTERS = 500
Speed = Annotated[float, Field(ge=0.5, le=2.0)]
VoiceName = Annotated[str, Field(min_length=1, max_length=64)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Request(_Shape):
    """A typed request. Longer texts than 2000 characters are refused with `text.too_long`."""

    text: str
    voice: VoiceName | None = None


class TurnShape(_Shape):
    """A finished turn."""

    turn_id: str
    transcript: str
    intent: str | None
    slots: dict[str, SlotValue]
    outcome: str
    """done, answered, asked, not_heard, not_understood, refused, failed or cancelled."""
    reply: str
    timings_ms: dict[str, float]
    error: str | None
    reason: str


class VoiceShape(_Shape):
    name: str
    engine: str
    language: str
    gender: str
    description: str
    installed: bool


class VoicesShape(_Shape):
    default: str
    voices: list[VoiceShape]


class AreaShape(_Shape):
    name: str
    floor: str


class DeviceShape(_Shape):
    id: str
    name: str
    domain: str
    device_class: str
    area: str | None
    state: str
    attributes: dict[str, SlotValue]


class TimerShape(_Shape):
    id: str
    name: str
    seconds_left: float
    seconds_total: float
    running: bool
    ringing: bool


class ListShape(_Shape):
    name: str
    items: list[str]


class BoardShape(_Shape):
    """The home with its timers and lists."""

    name: str
    simulated: bool
    areas: list[AreaShape]
    devices: list[DeviceShape]
    timers: list[TimerShape]
    lists: list[ListShape]


class HealthShape(_Shape):
    ready: bool


class ErrorShape(_Shape):
    """Every error of the API."""

    code: str
    message: str
