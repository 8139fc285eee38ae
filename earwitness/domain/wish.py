"""What a skill wishes of the device that asked. It is granted before the reply, which says only what was granted."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class MuteWish:
    """The microphone is to be muted once the reply is over, however it ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeWish:
    """The device is to play louder or quieter: at `percent` (0 to 100), or by `change` (-100 to 100) from where it stands."""

    percent: int | None = None
    change: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceWish:
    """Replies here are to be in another voice, faster or slower by a factor (0 for the usual speed), or quiet. None leaves it as
    it is."""

    voice: str | None = None
    speed_factor: float | None = None
    is_quiet: bool | None = None


Wish: TypeAlias = MuteWish | VolumeWish | VoiceWish
