"""What a satellite is doing, and what follows from it: what its light shows, whether it rings, whether sound may leave. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    ASLEEP = "asleep"
    WAKING = "waking"
    """A wake word or a press was said to the server, which has not answered."""
    LISTENING = "listening"
    THINKING = "thinking"
    SPEAKING = "speaking"


class Link(StrEnum):
    UP = "up"
    LOST = "lost"
    """The connection broke, but what is said waits and may still arrive."""
    AWAY = "away"


class Cue(StrEnum):
    """How far the start cue of this capture has come."""

    NONE = "none"
    PLAYING = "playing"
    OUT = "out"


class Intercom(StrEnum):
    NONE = "none"
    RINGING = "ringing"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Of one satellite. `silenced` are alarms that were stopped here and that the server may not know of yet."""

    phase: Phase = Phase.ASLEEP
    link: Link = Link.AWAY
    is_muted: bool = False
    cue: Cue = Cue.NONE
    is_capturing: bool = False
    intercom: Intercom = Intercom.NONE
    speeches: tuple[int, ...] = ()
    ringing: tuple[str, ...] = ()
    silenced: tuple[str, ...] = ()
    knows_sounds: bool = False
    """Whether the server sends sounds of alarms, and is told which are here."""
    volume: int = 100
    """How loud replies are, percent."""
    knows_music: bool = False
    """Whether the server sends music, and is told how it is played."""
    looks_twice: bool = False
    """Whether the server sent a second look at wake words in this session."""
    music: tuple[int, ...] = ()
    """The tracks of music that have begun or wait, in their order."""
    is_music_paused: bool = False
    music_volume: int = 50
    """Percent."""
    lost_music: int | None = None
    """The track that was cut off when the server went away, while that is news."""

    @property
    def sends_sound(self) -> bool:
        """Whether the microphone's sound may leave."""
        return self.cue is Cue.OUT and not self.is_muted and (self.is_capturing or self.intercom is Intercom.OPEN)

    @property
    def is_lit(self) -> bool:
        """Whether the light of a capture is on: from before its cue to its end."""
        return not self.is_muted and self.cue is not Cue.NONE

    @property
    def rings(self) -> bool:
        """Whether the ring is heard: it pauses while somebody may be speaking to the device."""
        return bool(self.ringing) and self.phase is not Phase.WAKING and not self.is_lit

    @property
    def is_music_held(self) -> bool:
        """Whether music waits where it is: somebody paused it, or a call is open."""
        return self.is_music_paused or self.intercom is Intercom.OPEN

    @property
    def is_music_ducked(self) -> bool:
        """Whether music is soft: somebody speaks to the device, or it speaks or rings."""
        return self.phase is not Phase.ASLEEP or self.is_lit or bool(self.ringing) or self.intercom is Intercom.RINGING

    @property
    def music_level(self) -> tuple[int, bool, bool]:
        """How loud music is, percent; whether it is ducked; whether it is held."""
        return self.music_volume, self.is_music_ducked, self.is_music_held

    @property
    def word(self) -> str:
        """What the indicator shows."""
        if self.is_lit:
            return "intercom" if self.intercom is Intercom.OPEN else "listening"
        if self.ringing:
            return "ringing"
        if self.is_muted:
            return "muted"
        if self.link is Link.AWAY:
            return "away"
        return Phase.WAKING.value if self.phase is Phase.LISTENING else self.phase.value
