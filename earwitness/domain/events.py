"""What can happen to a turn, and what the turn then wants done: two closed unions of frozen types.

Events go into `turn.machine`, commands come out; `turn.runner` turns the world into events and commands into deeds.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from earwitness.domain.intent import Completeness, Context, Intent, Understanding
from earwitness.domain.ring_sound import PLAIN, RingManner
from earwitness.domain.turn import Outcome, SkillResult, Transcript


class EndReason(StrEnum):
    """Why a capture ended."""

    SILENCE = "silence"
    """The speaker was done."""
    RELEASED = "released"
    """The talk button was let go."""
    PAUSE = "pause"
    """The sentence was plainly unfinished, and the pause limit passed."""
    LENGTH = "length"
    """The length limit of one request passed."""
    NOTHING = "nothing"
    """No speech began."""


class Deadline(StrEnum):
    """What the machine waits for, so that nothing is waited for in vain."""

    CUE = "cue"
    CAPTURE = "capture"
    THINK = "think"
    PLAYBACK = "playback"
    MEMORY = "memory"
    """Until then a request may be leaned on by another."""


class Stage(StrEnum):
    """Where an engine failed."""

    RECOGNISE = "recognise"
    UNDERSTAND = "understand"
    ACT = "act"
    SPEAK = "speak"


# Events


@dataclass(frozen=True, slots=True, kw_only=True)
class WakeHeard:
    """The device heard its wake word."""

    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """The talk button went down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """The talk button was let go, or pressed a second time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request in writing."""

    text: str
    is_typed: bool = True
    """Whether somebody typed it; not where another program hands it over, whose recogniser may have heard it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CueConfirmed:
    """The device says that a cue was heard and its light is on."""

    cue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechBegan:
    """The speaker began, or went on after a pause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseBegan:
    """The first short silence after speech."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureEnded:
    """The endpoint was decided."""

    reason: EndReason


@dataclass(frozen=True, slots=True, kw_only=True)
class BargedIn:
    """Somebody speaks while a reply is spoken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Recognition and understanding of guess `guess` are done."""

    guess: int
    transcript: Transcript
    understanding: Understanding


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """The skill is done and says what it confirmed."""

    turn: int
    result: SkillResult


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechSent:
    """All sound of a reply was handed to the device; it plays for `seconds` in all."""

    speech_id: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackFinished:
    """The device has played all of it."""

    speech_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StopAsked:
    """The stop button, or the word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Muted:
    """Mute was switched on at the device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmuted:
    """Mute was switched off at the device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """An engine failed; `sentence` is for the person; `token` is the guess, turn (act) or speech it belonged to."""

    stage: Stage
    token: int
    code: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlinePassed:
    """What was waited for did not come."""

    deadline: Deadline


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertBegan:
    """Something is due and rings here."""

    alert_id: str
    text: str
    manner: RingManner = PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBegan:
    """Another satellite calls this one."""

    call_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOpened:
    """The two can talk."""

    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded:
    """A call is over, whoever ended it."""

    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertEnded:
    """An alert was stopped somewhere."""

    alert_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """There is news for the person here: it is shown, and said if `is_aloud` and nothing else goes on."""

    text: str
    is_aloud: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """The device stands in another room."""

    area: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """Something is to be said to whoever is here, once nothing else goes on; `token` tells it from others."""

    text: str
    token: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnected:
    """The device is gone."""


Event: TypeAlias = (
    WakeHeard
    | Pressed
    | Released
    | Asked
    | CueConfirmed
    | SpeechBegan
    | PauseBegan
    | CaptureEnded
    | BargedIn
    | Heard
    | Acted
    | SpeechSent
    | PlaybackFinished
    | StopAsked
    | Muted
    | Unmuted
    | Failed
    | DeadlinePassed
    | AlertBegan
    | AlertEnded
    | CallBegan
    | CallOpened
    | CallEnded
    | Noticed
    | Announced
    | Moved
    | Disconnected
)


# Commands


class Phase(StrEnum):
    """The four states of a turn; muted lies over all of them."""

    ASLEEP = "asleep"
    LISTENING = "listening"
    THINKING = "thinking"
    SPEAKING = "speaking"


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """Show this state; `is_capturing` says whether sound flows from the device."""

    phase: Phase
    is_muted: bool
    is_capturing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginTurn:
    """Start the clocks of a turn."""

    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayCue:
    """Play a cue: start, end or error."""

    cue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCapture:
    """Let sound flow; never before the start cue was confirmed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseCapture:
    """Stop the sound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """Recognise and understand what was captured so far, and prepare the reply; no side effects. A guess can be dropped."""

    guess: int
    context: Context


@dataclass(frozen=True, slots=True, kw_only=True)
class DropGuess:
    """Throw a guess away."""

    guess: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Understand:
    """Understand a request in writing; answered by Heard."""

    guess: int
    text: str
    context: Context


@dataclass(frozen=True, slots=True, kw_only=True)
class HintEndpoint:
    """Tell the endpoint how complete the words so far are."""

    completeness: Completeness


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowHeard:
    """Show the final transcript and what it means."""

    text: str
    intent: Intent | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Carry out an intent; answered by Acted."""

    turn: int
    intent: Intent
    context: Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Speak:
    """Say it; answered by SpeechSent, then PlaybackFinished."""

    speech_id: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginAnnouncement:
    """The speech `speech_id` is the announcement `token`: its sender learns when the device begins to play it."""

    token: int
    speech_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StopSpeech:
    """Stop a reply at once and drop its sound."""

    speech_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StartDeadline:
    """Send DeadlinePassed after `seconds` unless stopped; starting again starts over."""

    deadline: Deadline
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StopDeadline:
    """That came in time."""

    deadline: Deadline


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishTurn:
    """The turn is over: this is its record.

    `is_spoken` when it began with the voice, `is_woken` when that was the wake word; `person_id` is who spoke or typed when it
    began, None for nobody known; `is_off_record` when it may not be kept, whatever was consented to.
    """

    turn: int
    transcript: str
    intent: Intent | None
    outcome: Outcome
    reply: str
    reason: str
    is_spoken: bool
    person_id: str | None
    is_woken: bool = False
    error_code: str | None = None
    is_off_record: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StartAlert:
    """Ring; `kind` is "timer" or "call"."""

    alert_id: str
    text: str
    kind: str = "timer"
    manner: RingManner = PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class StopAlert:
    """Stop ringing; `is_acknowledged` when a person here stopped it, so that it ends everywhere."""

    alert_id: str
    is_acknowledged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptCall:
    """Somebody here takes the call."""

    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveCall:
    """Somebody here declines the call, or hangs up."""

    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WishMute:
    """Ask the device to mute itself, as somebody said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowNotice:
    """Show news."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """Say why nothing happens."""

    code: str
    sentence: str


Command: TypeAlias = (
    Show
    | BeginTurn
    | PlayCue
    | OpenCapture
    | CloseCapture
    | Guess
    | DropGuess
    | Understand
    | HintEndpoint
    | ShowHeard
    | Act
    | Speak
    | BeginAnnouncement
    | StopSpeech
    | StartDeadline
    | StopDeadline
    | FinishTurn
    | StartAlert
    | StopAlert
    | AcceptCall
    | LeaveCall
    | WishMute
    | ShowNotice
    | Refuse
)
