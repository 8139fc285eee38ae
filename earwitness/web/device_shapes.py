"""The JSON of satellites and their pairing as types, so that OpenAPI describes it. Shapes only."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Name = Annotated[str, Field(min_length=1, max_length=64)]
Room = Annotated[str, Field(min_length=1, max_length=64)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class DeviceShape(_Shape):
    """A satellite that is or was paired."""

    device_id: str
    kind: Literal["satellite", "wyoming", "esphome"]
    name: str
    area: str | None
    voice: str | None
    """Null: the home's voice."""
    place: str | None
    """Where a foreign satellite is, host:port; null for one of ours."""
    is_connected: bool
    is_encrypted: bool = True
    """False where others on the way to a foreign satellite can listen."""
    problem: str = ""
    """Why a foreign satellite is not connected and what to do, in a sentence."""
    is_muted: bool
    """What the device said last. Only it can unmute itself."""
    is_quiet: bool = False
    """Nobody there wants to be disturbed now: it is spared announcements, calls and spoken news."""
    is_mute_wished: bool
    """It was asked to mute and has not answered yet."""
    paired_at: AwareDatetime
    seen_at: AwareDatetime | None
    certificate_ends_at: AwareDatetime | None
    went_away_in_mid_word_at: AwareDatetime | None
    """When it last went away while somebody spoke to it; what it had sent was dropped."""
    revoked_at: AwareDatetime | None


class WaitingShape(_Shape):
    """A device that shows its code. Its name is what it calls itself; the code is on the device alone."""

    waiting_id: str
    name: str


class PairingShape(_Shape):
    is_open: bool
    closes_in_seconds: float
    waiting: list[WaitingShape]


class DevicesShape(_Shape):
    devices: list[DeviceShape]
    rooms: list[str]
    """The rooms of the home, to choose from."""
    pairing: PairingShape
    trusted_interface: str | None
    """The network interface on which unencrypted sound of foreign satellites may travel; null for none but loopback."""
    warnings: list[str]
    """Where sound may travel unencrypted, in sentences that stay visible as long as it is so."""


class DeviceChange(_Shape):
    """What is left out stays; null takes a room or a voice away."""

    name: Name | None = None
    area: Room | None = None
    voice: Name | None = None


class Confirmation(_Shape):
    """The code that the owner read on the device, and what the device is to be called."""

    code: Annotated[str, Field(min_length=6, max_length=12)]
    name: Name
    area: Room | None = None
    voice: Name | None = None


class PairedShape(_Shape):
    """A device that was just paired; it connects by itself."""

    device_id: str
    name: str


class ForeignDevice(_Shape):
    """A satellite that speaks Wyoming or ESPHome; the server connects to it."""

    kind: Literal["wyoming", "esphome"]
    name: Name
    place: Annotated[str, Field(min_length=3, max_length=300, pattern=r"^[^\s/]+:\d{1,5}$")]
    secret: Annotated[str, Field(min_length=1, max_length=300)] | None = None
    """The encryption key of an ESPHome device."""
    area: Room | None = None
    voice: Name | None = None


class DeviceEntryShape(_Shape):
    """One line of the log of devices."""

    at: AwareDatetime
    what: str
    device_id: str | None
    detail: str


class DeviceLogShape(_Shape):
    entries: list[DeviceEntryShape]


class NewAnnouncement(_Shape):
    text: Annotated[str, Field(min_length=1, max_length=300)]
    area: Room | None = None
    """The room; null for everywhere."""


class AnnouncedShape(_Shape):
    confirmed: list[str]
    """The names of the satellites that began to play it."""
    unconfirmed: list[str]
    quiet: list[str] = []
    """Those where nobody wants to be disturbed: it was not said there."""
