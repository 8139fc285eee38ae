"""A satellite of the household: one of ours, or a foreign one (Wyoming, ESPHome) that the server connects to."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class DeviceKind(StrEnum):
    """How a satellite joins."""

    SATELLITE = "satellite"
    """Ours: it has a key and a certificate of the household, and connects to the server."""
    WYOMING = "wyoming"
    ESPHOME = "esphome"


class DeviceEvent(StrEnum):
    """What the log of devices can say."""

    PAIRING_OPENED = "pairing_opened"
    PAIRING_CLOSED = "pairing_closed"
    PAIRING_ASKED = "pairing_asked"
    """A device asked to be paired."""
    PAIRING_WRONG_CODE = "pairing_wrong_code"
    PAIRING_REFUSED = "pairing_refused"
    PAIRED = "paired"
    REVOKED = "revoked"
    REFUSED = "refused"
    """A device came whose key is not, or no more, paired."""
    CONNECTED = "connected"
    WENT_AWAY = "went_away"
    WENT_AWAY_IN_MID_WORD = "went_away_in_mid_word"
    """It was gone for too long while somebody spoke to it: what it had sent was dropped."""
    RENEWED = "renewed"
    CHANGED = "changed"
    """Its name, room or voice."""
    MUTE_WISHED = "mute_wished"
    MUTED = "muted"
    UNMUTED = "unmuted"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceEntry:
    """One thing that happened; `device_id` is None for a device that is none of ours. The time is aware."""

    number: int
    at: datetime
    what: DeviceEvent
    device_id: str | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Times are aware. `area` is a room of the home file, or None; `place` is host:port of a foreign satellite."""

    device_id: str
    kind: DeviceKind
    name: str
    area: str | None
    voice: str | None
    """The voice that it speaks with; None: the household's."""
    key_digest: bytes | None
    """SHA-256 of its public key (SubjectPublicKeyInfo); None for a foreign satellite."""
    certificate_ends_at: datetime | None
    place: str | None
    secret: str | None = field(repr=False)
    """The encryption key of an ESPHome device; never shown or logged."""
    paired_at: datetime
    paired_by: str | None
    """The person who paired it."""
    seen_at: datetime | None
    is_muted: bool
    """What the device last said; only it can unmute itself."""
    is_mute_wished: bool
    """Whether the page asked it to mute and it has not answered yet."""
    revoked_at: datetime | None

    @property
    def is_revoked(self) -> bool:
        """Whether it may not come in any more."""
        return self.revoked_at is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingDevice:
    """A device that shows its code and waits for the owner. Its name is what it calls itself."""

    waiting_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingState:
    """How the pairing stands."""

    is_open: bool
    closes_in_seconds: float
    waiting: tuple[WaitingDevice, ...]
