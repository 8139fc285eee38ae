"""What a turn needs from the rest of the house, as Protocols that belong to the turn.

Models block, so everything here that is not `async` is called off the event loop. `build/` chooses who stands behind each.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from earwitness.domain.audio import Pcm
from earwitness.domain.consent import Keeps
from earwitness.domain.intent import Context, Intent, Understanding
from earwitness.domain.recording import Spoken
from earwitness.domain.turn import SkillResult, Transcript


class Recogniser(Protocol):
    """Speech to text. One instance serves one call at a time; the caller takes care of that."""

    name: str

    def transcribe(self, pcm: Pcm, *, hints: Sequence[str] = (), context: Context | None = None) -> Transcript:
        """Transcribe 16 kHz mono PCM; `hints` are names that this home knows, `context` is what the words may lean on or answer.

        Silence gives an empty text. Raises EngineError if the model fails.
        """
        ...


class VoiceActivityDetector(Protocol):
    """Speech or not, frame by frame; keeps state between frames of one stream."""

    frame_samples: int
    """Samples in a frame at 16 kHz (512 = 32 ms)."""

    def reset(self) -> None: ...

    def probability(self, frame: bytes) -> float:
        """The probability from 0 to 1 that this frame (int16, `frame_samples` samples) is speech."""
        ...


class Understander(Protocol):
    """Text to intent; no side effects."""

    def understand(self, text: str, *, context: Context) -> Understanding: ...

    def hints(self) -> tuple[str, ...]:
        """Names that a recogniser may be biased towards."""
        ...


class Skills(Protocol):
    """Carries out intents."""

    def foresee(self, intent: Intent, *, context: Context) -> str | None:
        """The reply that will be said if all goes well, without doing anything; None if it cannot be known."""
        ...

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        """Do it, and say only what was confirmed. Never raises for an expected failure: that is a result too."""
        ...


class Synthesiser(Protocol):
    """Text to speech, by voice name."""

    def stream(self, text: str, *, voice: str, speed: float = 1.0) -> Iterator[Pcm]:
        """Speak `text` sentence by sentence; each item is mono int16 at the voice's own rate.

        Raises VoiceError for an unknown voice, EngineError if the model fails.
        """
        ...


class Ear(Protocol):
    """The device side of a session that is hands-free: it alone hears sound before the wake word."""

    def hear(self, chunk: bytes) -> tuple[str | None, bytes]:
        """Take one chunk of 16 kHz mono int16; returns the wake word if it was just heard, and the sound that may pass.

        Nothing passes while the ear is closed.
        """
        ...

    def open(self) -> bytes:
        """Let sound pass from now on; returns the bounded pre-roll: what was said over the wake word's end and the cue."""
        ...

    def close(self) -> None:
        """Let nothing pass."""
        ...


class Keeper(Protocol):
    """Keeps turns of people who said that they may be kept, and no others."""

    async def keep(self, spoken: Spoken, sound: Pcm | None) -> Keeps | None:
        """Keep a turn as far as its person consented; says what is kept, None for nothing. Durable when it returns.

        Raises EarwitnessError; then nothing is kept.
        """
        ...


class Device(Protocol):
    """What a conversation needs from the device at its far end; messages are those of docs/protocol.md."""

    async def tell(self, message: dict[str, object]) -> None:
        """Send one message. Never waits for the network; raises ConnectionError if the device is gone."""
        ...

    async def speak(self, speech_id: int, pcm: Pcm) -> None:
        """Send sound of a speech; waits while the device is slow; raises ConnectionError if it is gone."""
        ...
