"""What can happen to a satellite, and what it then does: two closed unions of frozen types.

Events go into `agent.advance`, commands come out; `satellite.Satellite` turns the world into events and commands into deeds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias


class Waiting(StrEnum):
    """What the agent waits for, so that nothing is waited for in vain."""

    WAKE = "wake"
    """The server's answer to a wake word or a press."""


class Chime(StrEnum):
    """The cues, as in `cues.CUE_NAMES`."""

    START = "start"
    END = "end"
    ERROR = "error"
    ALERT = "alert"


# Events


@dataclass(frozen=True, slots=True, kw_only=True)
class WakeHeard:
    """The ear heard its wake word: `loudness_dbfs` of the second before, `score` of the detector (0 to 1), and how long ago."""

    word: str
    loudness_dbfs: float = -120.0
    score: float = 1.0
    age_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """The talk key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopPressed:
    """The stop key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MuteSet:
    """Mute is now on or off; only what stands at the device may say off."""

    is_on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CueStarted:
    """The first sample of a cue is out."""

    cue: Chime


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStarted:
    speech_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechFinished:
    """All of it was played, or dropped."""

    speech_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkUp:
    """The server is there; `is_resumed` when it still has our session."""

    is_resumed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLost:
    """The connection broke; the session may still be taken up again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkGone:
    """The session cannot be taken up again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSaid:
    """One message of the server; `payload` is sound."""

    kind: str
    fields: Mapping[str, object] = field(default_factory=dict)
    payload: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmDue:
    """An alarm that the device holds is due."""

    alarm_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitedTooLong:
    what: Waiting


Event: TypeAlias = (
    WakeHeard
    | Pressed
    | StopPressed
    | MuteSet
    | CueStarted
    | SpeechStarted
    | SpeechFinished
    | LinkUp
    | LinkLost
    | LinkGone
    | ServerSaid
    | AlarmDue
    | WaitedTooLong
)

# Commands


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Say this to the server. Sound is never sent this way."""

    kind: str
    fields: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowState:
    """Set the indicator to this word."""

    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayCue:
    """Play a cue; `is_asked` when the server waits for its first sample."""

    cue: Chime
    is_asked: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginSpeech:
    speech_id: int
    rate_hz: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaySound:
    speech_id: int
    sound: bytes
    rate_hz: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSpeech:
    """No more of it comes; what is there is played."""

    speech_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DropSpeech:
    """Stop it at once and drop its sound."""

    speech_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRing:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRing:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepSound:
    """Keep what the microphone hears from now on, in memory, and forget what it heard before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEar:
    """Send what was kept, and then live sound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseEar:
    """Send nothing more, and forget what was kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopMicrophone:
    """Stop the capture stream itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartMicrophone:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class MuteYourself:
    """Somebody who is not at the device wishes it muted. There is no command for the opposite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SayAway:
    """Tell whoever asked that the server cannot be reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartWaiting:
    what: Waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class StopWaiting:
    what: Waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldAlarms:
    """The whole list of alarms, as the server sent it."""

    alarms: tuple[Mapping[str, object], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DropAlarm:
    """It rang and was stopped."""

    alarm_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UseSettings:
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepPhrase:
    """The sound of this speech is kept on the device instead of played."""

    name: str
    speech_id: int
    rate_hz: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """Show a sentence to whoever looks; `is_said` when it is what somebody said or was told, which no log may have."""

    text: str
    is_said: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EndLink:
    """Say why, and end the connection: the server broke the protocol, or wants us no more (`is_final`)."""

    sentence: str
    is_final: bool = False


Command: TypeAlias = (
    Send
    | ShowState
    | PlayCue
    | BeginSpeech
    | PlaySound
    | EndSpeech
    | DropSpeech
    | StartRing
    | StopRing
    | KeepSound
    | OpenEar
    | CloseEar
    | StopMicrophone
    | StartMicrophone
    | MuteYourself
    | SayAway
    | StartWaiting
    | StopWaiting
    | HoldAlarms
    | DropAlarm
    | UseSettings
    | KeepPhrase
    | Tell
    | EndLink
)
