"""What the page and the JSON API need from the assistant. A Protocol that belongs to the web; `build/` stands behind it."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from earwitness.domain.account import Scope
from earwitness.domain.audio import Pcm
from earwitness.domain.board import Board
from earwitness.domain.turn import Turn
from earwitness.domain.voice import Voice


class Assistant(Protocol):
    """The assistant as HTTP sees it. What is not `async` and may block says so."""

    async def ask_text(
        self, text: str, *, voice: str | None = None, person_id: str | None = None, scopes: frozenset[Scope] | None = None
    ) -> Turn:
        """Run one turn on a typed request, without speaking, by that person if one is given, or by a program that may `scopes`
        in their name. Raises TextError, VoiceError."""
        ...

    async def ask_audio(
        self, data: bytes, *, voice: str | None = None, person_id: str | None = None, scopes: frozenset[Scope] | None = None
    ) -> Turn:
        """Run one turn on the bytes of an audio file (WAV, FLAC, OGG). Raises AudioError, EngineError."""
        ...

    def voices(self) -> Sequence[Voice]: ...

    def default_voice(self) -> str: ...

    def say(self, text: str, *, voice: str, speed: float = 1.0) -> Iterator[Pcm]:
        """Speak `text`; blocks, so it is called off the event loop. Raises VoiceError, EngineError, TextError."""
        ...

    def cue(self, name: str) -> Pcm:
        """The earcon "start", "end", "error" or "alert"."""
        ...

    def board(self) -> Board:
        """The home, timers and lists as they are now. Cheap; called on the event loop."""
        ...

    def is_ready(self) -> bool:
        """Whether the default models are loaded."""
        ...
