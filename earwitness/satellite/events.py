"""What can happen to a satellite, and what it then does: two closed unions of frozen types.

Events go into `agent.advance`, commands come out; `satellite.Satellite` turns the world into events and commands into deeds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from earwitness.domain.alert import RungAway


class Waiting(StrEnum):
    """What the agent waits for, so that nothing is waited for in vain."""

    WAKE = "wake"
    """The server's answer to a wake word or a press."""
    NEWS = "news"
    """A server to tell that the music stopped; later that is no news any more."""


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
class SnoozePressed:
    """The snooze key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MuteSet:
    """Mute is now on or off; only what stands at the device may say off."""

    is_on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MuteKept:
    """Mute is on the disk, or needs no disk: it may be said."""


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
    """The server is there; `is_resumed` when it still has our session, `knows_sounds` when it sends sounds of alarms,
    `knows_music` when it sends music, `knows_second_look` when it sends a second look at wake words."""

    is_resumed: bool
    knows_sounds: bool = False
    knows_music: bool = False
    knows_second_look: bool = False


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
class MusicStarted:
    """The first sample of a track of music is out."""

    track_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MusicFinished:
    """All of a track was played, or dropped."""

    track_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitedTooLong:
    what: Waiting


Event: TypeAlias = (
    WakeHeard
    | Pressed
    | StopPressed
    | SnoozePressed
    | MuteSet
    | MuteKept
    | CueStarted
    | SpeechStarted
    | SpeechFinished
    | LinkUp
    | LinkLost
    | LinkGone
    | ServerSaid
    | AlarmDue
    | MusicStarted
    | MusicFinished
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
class LearnRing:
    """How an alert rings: the digest of its sound, whether it begins softly, and for how long it has rung."""

    alert_id: str
    sound: str | None = None
    is_rising: bool = False
    rung_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRing:
    """Ring for these from now on, the last of which came last."""

    alert_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRing:
    """Be silent. `alert_ids` ring on, and are heard again when nobody speaks any more."""

    alert_ids: tuple[str, ...] = ()


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
class SetVolume:
    """Play replies at `percent`, now and after a restart."""

    percent: int


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
class NoteRung:
    """The server is away: keep for it what was done with an alarm."""

    alarm_id: str
    what: RungAway


@dataclass(frozen=True, slots=True, kw_only=True)
class SnoozeAlarm:
    """Ring it again in so many seconds, and keep that for the server."""

    alarm_id: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TellRung:
    """Tell the server what was kept for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetRung:
    """The server knows of these."""

    alarm_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UseSettings:
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class LookTwice:
    """Look a second time, by this verifier, at each wake word that is found; with None, no more."""

    verifier: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepPhrase:
    """The sound of this speech is kept on the device instead of played."""

    name: str
    speech_id: int
    rate_hz: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepAlarmSound:
    """The sound of this speech is that of an alarm, and is kept on the device."""

    digest: str
    speech_id: int
    rate_hz: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginMusic:
    """A track of music, to be played after those that are there."""

    track_id: int
    rate_hz: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedMusic:
    track_id: int
    sound: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class EndMusic:
    """No more of that track comes."""

    track_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DropMusic:
    """Stop all music at once and drop its sound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelMusic:
    """How loud music is from now on, percent; ducked while somebody speaks, or held where it is."""

    percent: int
    is_ducked: bool
    is_held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TellMusic:
    """Tell the server how a track stands (protocol.session_messages.MUSIC_STATES)."""

    track_id: int
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TellSounds:
    """Tell the server which sounds of alarms are kept here."""


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
    | LearnRing
    | StartRing
    | StopRing
    | KeepSound
    | OpenEar
    | CloseEar
    | StopMicrophone
    | StartMicrophone
    | MuteYourself
    | SetVolume
    | SayAway
    | StartWaiting
    | StopWaiting
    | HoldAlarms
    | DropAlarm
    | NoteRung
    | SnoozeAlarm
    | TellRung
    | ForgetRung
    | UseSettings
    | LookTwice
    | KeepPhrase
    | KeepAlarmSound
    | TellSounds
    | BeginMusic
    | FeedMusic
    | EndMusic
    | DropMusic
    | LevelMusic
    | TellMusic
    | Tell
    | EndLink
)
