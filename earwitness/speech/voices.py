"""Owns the catalogue of voices: every voice of every engine under one name, and speaking with any of them.

Checks what it is given once, here; engines load when first used. It never fetches a model and never plays a sound.
"""

from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from typing import Protocol

from earwitness.domain.audio import Pcm
from earwitness.domain.errors import SettingsError, TextError, VoiceError
from earwitness.domain.voice import Voice
from earwitness.speech.models import ModelStore
from earwitness.speech.tts.hibari import HibariEngine
from earwitness.speech.tts.kokoro import KokoroEngine
from earwitness.speech.tts.sentences import sentences

LONGEST_TEXT = 5_000
"""Characters that one call may speak (about six minutes)."""
SLOWEST, FASTEST = 0.5, 2.0
PAUSE_SECONDS = 0.28
"""Silence between two sentences, on top of what the voice leaves."""
_WARM_UP = "Hello."


class Engine(Protocol):
    """One text-to-speech model with one or more voices. Safe to call from several threads."""

    name: str

    def voices(self) -> tuple[Voice, ...]:
        """What it can say, also what is not installed; cheap."""
        ...

    def say(self, sentence: str, *, voice: str, speed: float, pause_seconds: float) -> Iterator[Pcm]:
        """Speak one sentence in one or more pieces, the last of which ends with `pause_seconds` of silence.

        Raises ModelError if its model is missing or not the pinned one, EngineError if it fails.
        """
        ...


class VoiceCatalogue:
    """All voices; a Synthesiser. Safe to call from several threads."""

    def __init__(self, store: ModelStore, *, threads: int = 1, engines: Sequence[Engine] = ()) -> None:
        """`threads` are processor threads per run; `engines` replaces the shipped ones (hibari, Kokoro)."""
        self._engines = tuple(engines) or (HibariEngine(store, threads=threads), KokoroEngine(store, threads=threads))
        self._by_name: dict[str, Engine] = {}
        for engine in self._engines:
            for voice in engine.voices():
                if self._by_name.setdefault(voice.name, engine) is not engine:
                    raise ValueError(f"two engines have a voice called {voice.name}")

    def voices(self) -> tuple[Voice, ...]:
        """Every voice, the quickest engine first, then by its makers' grade; also those that are not installed."""
        return tuple(voice for engine in self._engines for voice in engine.voices())

    def stream(self, text: str, *, voice: str, speed: float = 1.0) -> Iterator[Pcm]:
        """Speak `text` piece by piece, each made when it is asked for: mono int16 at the voice's own rate.

        `speed` is 0.5 to 2 times the voice's own. Text without anything to say gives no piece.
        Raises at once VoiceError (voice.unknown), TextError (text.too_long) or SettingsError for the speed; while speaking
        ModelError (model.missing, model.wrong_digest) or EngineError.
        """
        engine = self._engine(voice)
        if not SLOWEST <= speed <= FASTEST:
            raise SettingsError(f"The speaking speed must be from {SLOWEST} to {FASTEST:g}; 1 is the voice's own.")
        if len(text) > LONGEST_TEXT:
            raise TextError(f"The text has {len(text):,} characters; at most {LONGEST_TEXT:,} can be spoken at once.")
        return _speak(engine.say, sentences(text), voice=voice, speed=speed)

    def warm(self, voice: str) -> None:
        """Load the voice and speak once into nothing, so that the next first sound is quick. Raises as `stream` does."""
        for _ in self.stream(_WARM_UP, voice=voice):
            pass

    def _engine(self, name: str) -> Engine:
        engine = self._by_name.get(name)
        if engine is None:
            near = get_close_matches(name[:40].lower(), self._by_name, n=3, cutoff=0.5)
            hint = f"did you mean {' or '.join(near)}?" if near else "`earwitness voices` lists those that exist."
            raise VoiceError(f"There is no voice called {name[:40]!r}: {hint}")
        return engine


def _speak(say: Callable[..., Iterator[Pcm]], pieces: tuple[str, ...], *, voice: str, speed: float) -> Iterator[Pcm]:
    for number, sentence in enumerate(pieces, start=1):
        pause_seconds = PAUSE_SECONDS / speed if number < len(pieces) else 0.0
        for pcm in say(sentence, voice=voice, speed=speed, pause_seconds=pause_seconds):
            if pcm.data:
                yield pcm
