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
