"""Owns the hibari engine: one small American voice that is in its package, and sounds after some 20 ms.

Takes its model from the store, checked; hibari's own download of further voices is never reached, because a path is always given.
"""

from collections.abc import Iterator
from threading import Lock
from typing import Any

from earwitness.domain.audio import Pcm
from earwitness.domain.errors import EngineError
from earwitness.domain.voice import Voice
from earwitness.speech.models import ModelStore
from earwitness.speech.tts.phonemes import phonemiser
from earwitness.speech.tts.waveform import finish

RATE_HZ = 24_000
MODEL = "hibari/heart.onnx"
_GAIN = 1.8
"""Brings the voice, which peaks at a third of full scale, to the loudness of the others."""
_SEED = 0


class HibariEngine:
    """The voice "heart". Safe to call from several threads: one sentence is made at a time."""

    name = "hibari"

    def __init__(self, store: ModelStore, *, threads: int = 1) -> None:
        """`threads` are the processor threads of one run; on two cores one is quicker than two."""
        self._store = store
        self._threads = threads
        self._lock = Lock()
        self._model: Any = None

    def voices(self) -> tuple[Voice, ...]:
        """What this engine can say; checks the model file, loads nothing."""
        return (
            Voice(
                name="heart",
                engine=self.name,
                language="en-US",
                gender="female",
                description="American woman; the quickest voice",
                is_installed=self._store.is_ready(MODEL),
            ),
        )

    def say(self, sentence: str, *, voice: str, speed: float, pause_seconds: float) -> Iterator[Pcm]:
        """Speak one sentence, int16 24 kHz mono, with `pause_seconds` of silence at its end.

        Raises ModelError if the model is missing or not the pinned one, EngineError if it fails.
        """
        runs = phonemiser(is_british=False)(sentence)
        for number, run in enumerate(runs, start=1):
            yield self._make(run, speed=speed, pause_seconds=pause_seconds if number == len(runs) else 0.0)

    def _make(self, phonemes: str, *, speed: float, pause_seconds: float) -> Pcm:
        with self._lock:
            model = self._loaded()
            try:
                wave = model.from_phonemes(phonemes, speed=speed, seed=_SEED)
            except Exception as error:
                raise EngineError("The voice heart failed on this sentence: try again or choose another voice.") from error
        return finish(wave, rate_hz=RATE_HZ, gain=_GAIN, pause_seconds=pause_seconds)

    def _loaded(self) -> Any:
        if self._model is None:
            path = self._store.path(MODEL)
            from hibari import Hibari

            try:
                self._model = Hibari(model=str(path), threads=self._threads, g2p=phonemiser(is_british=False))
            except Exception as error:
                raise EngineError("The voice heart could not be loaded: run `earwitness doctor`.") from error
        return self._model
