"""When has the speaker finished? A pure function over the voice detector's frames.

`observe` takes the state and one frame's probability and returns the next state with what follows from it. It knows no clock:
time is counted in frames. How long it waits depends on how complete the words so far are (`hint`).
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from earwitness.domain.events import EndReason
from earwitness.domain.intent import Completeness

HYSTERESIS = 0.15
"""Probability by which a frame must fall below the threshold to count as silence."""
FIRST_FRAMES = 2
"""Speech frames in a row that begin speech: one alone may be a click."""


_WHY: dict[Completeness | None, EndReason] = {Completeness.INCOMPLETE: EndReason.PAUSE, Completeness.ABSENT: EndReason.NOTHING}
"""Why a capture ended when it ended with words like these; all others were simply done."""


class Sign(StrEnum):
    """What a frame told."""

    SPEECH_BEGAN = "speech_began"
    PAUSE_BEGAN = "pause_began"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointLimits:
    """All times in seconds; see the settings' `endpoint` section for their meaning."""

    speech_probability: float = 0.5
    speculate_after_seconds: float = 0.064
    complete_seconds: float = 0.32
    open_seconds: float = 0.6
    unknown_seconds: float = 0.8
    incomplete_seconds: float = 1.6
    nothing_seconds: float = 4.0
    longest_seconds: float = 20.0

    def wait_seconds(self, completeness: Completeness) -> float:
        """Silence that ends a request whose words so far are that complete."""
        match completeness:
            case Completeness.COMPLETE:
                return self.complete_seconds
            case Completeness.OPEN:
                return self.open_seconds
            case Completeness.UNKNOWN:
                return self.unknown_seconds
            case Completeness.INCOMPLETE:
                return self.incomplete_seconds
            case Completeness.ABSENT:
                return self.nothing_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointState:
    """`heard_seconds` since the capture opened; `silence_seconds` since the last speech frame."""

    heard_seconds: float = 0.0
    silence_seconds: float = 0.0
    speech_frames: int = 0
    loudest_probability: float = 0.0
    has_speech: bool = False
    is_speaking: bool = False
    has_paused: bool = False
    completeness: Completeness | None = None
    """None until recognition of the words before this pause is done: then nothing but the limits may end the capture."""


def hint(state: EndpointState, completeness: Completeness) -> EndpointState:
    """The words before the present pause are known to be that complete."""
    return replace(state, completeness=completeness)


def observe(
    state: EndpointState, probability: float, *, frame_seconds: float, limits: EndpointLimits
) -> tuple[EndpointState, Sign | EndReason | None]:
    """Take one frame; returns the next state and what it means, if anything."""
    heard = state.heard_seconds + frame_seconds
    state = replace(state, heard_seconds=heard, loudest_probability=max(state.loudest_probability, probability))
    if heard >= limits.longest_seconds:
        return state, EndReason.LENGTH
    threshold = limits.speech_probability - (HYSTERESIS if state.is_speaking else 0.0)
    if probability >= threshold:
        return _speech(state)
    return _silence(state, frame_seconds, limits=limits)


def _speech(state: EndpointState) -> tuple[EndpointState, Sign | None]:
    frames = state.speech_frames + 1
    state = replace(state, speech_frames=frames)
    if state.is_speaking:
        return replace(state, silence_seconds=0.0, has_paused=False, completeness=None), (
            Sign.SPEECH_BEGAN if state.has_paused else None
        )
    if frames < FIRST_FRAMES:
        return state, None
    return replace(state, has_speech=True, is_speaking=True, has_paused=False, silence_seconds=0.0, completeness=None), (
        Sign.SPEECH_BEGAN
    )


def _silence(
    state: EndpointState, frame_seconds: float, *, limits: EndpointLimits
) -> tuple[EndpointState, Sign | EndReason | None]:
    silence = state.silence_seconds + frame_seconds
    state = replace(state, silence_seconds=silence, speech_frames=0)
    if not state.has_speech:
        return state, EndReason.NOTHING if silence >= limits.nothing_seconds else None
    if not state.has_paused and silence >= limits.speculate_after_seconds:
        return replace(state, has_paused=True, is_speaking=False), Sign.PAUSE_BEGAN
    wait_seconds = limits.incomplete_seconds if state.completeness is None else limits.wait_seconds(state.completeness)
    return state, _WHY.get(state.completeness, EndReason.SILENCE) if silence >= wait_seconds else None
