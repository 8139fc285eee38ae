"""Wake words heard by microWakeWord models: one or two at a time, on the device.

Owns the models' memory of one stream. Keeps no sound beyond the few milliseconds that the models are working on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pymicro_wakeword

from earwitness.domain.errors import EngineError, SettingsError
from earwitness.speech.models import ModelStore

WAKE_WORDS: tuple[str, ...] = ("alexa", "hey jarvis", "hey mycroft", "okay nabu")
MOST_WORDS = 2
_CUTOFFS = {"alexa": 0.90, "hey jarvis": 0.97, "hey mycroft": 0.95, "okay nabu": 0.85}
"""Mean probability over the window above which each model's author takes its word as said."""
_WINDOW_STEPS = 5
"""The models' own window: steps of 30 ms over which the probability is averaged."""
_HARDEST_CUTOFF = 0.995
_EASIEST_CUTOFF = 0.5
_REST_FEATURES = 100
"""After a word, none is reported for this many features of 10 ms: the same word is still in the window."""


def cutoff(word: str, *, sensitivity: float) -> float:
    """The mean probability above which the word counts as said.

    0.5 is the model's own cutoff; from there it goes in a straight line to 0.995 at sensitivity 0 and to 0.5 at 1.
    """
    own = _CUTOFFS[word]
    if sensitivity <= 0.5:
        return own + (0.5 - sensitivity) * 2 * (_HARDEST_CUTOFF - own)
    return own - (sensitivity - 0.5) * 2 * (own - _EASIEST_CUTOFF)


@dataclass(frozen=True, slots=True)
class _Listener:
    word: str
    cutoff: float
    model: pymicro_wakeword.MicroWakeWord


class MicroWakeWord:
    """Listens to one stream for one or two wake words. Not safe to share between streams or threads."""

    def __init__(self, words: Sequence[str], sensitivity: float, store: ModelStore) -> None:
        """Load a model for each word; `sensitivity` is 0 (hardest to wake) to 1 (easiest).

        Raises SettingsError for an unknown word, none or more than two; ModelError for a missing or altered file.
        """
        unknown = [word for word in words if word not in WAKE_WORDS]
        if unknown or not 1 <= len(set(words)) <= MOST_WORDS:
            raise SettingsError(f"Choose one or two wake words of: {', '.join(WAKE_WORDS)}.")
        if not 0.0 <= sensitivity <= 1.0:
            raise SettingsError("The wake word's sensitivity must be from 0 to 1.")
        self._listeners = tuple(
            _Listener(word, cutoff(word, sensitivity=sensitivity), _load(word, store=store)) for word in dict.fromkeys(words)
        )
        self._features = pymicro_wakeword.MicroWakeWordFeatures()
        self._rest = 0
        self.score = 0.0
        """How sure it was of the last word it found: the mean probability, 0 to 1."""

    def detect(self, chunk: bytes) -> str | None:
        """The wake word that ended in this chunk (int16, any number of samples, 16 kHz mono), else None.

        Raises EngineError if a model fails.
        """
        found: str | None = None
        try:
            for feature in self._features.process_streaming(chunk):
                self._rest = max(0, self._rest - 1)
                for listener in self._listeners:
                    probability = listener.model.process_streaming_prob(feature) or 0.0
                    if probability > listener.cutoff and not self._rest:
                        self._rest = _REST_FEATURES
                        if found is None:
                            found, self.score = listener.word, float(probability)
        except Exception as error:
            raise EngineError("The wake word model failed; start listening again.") from error
        return found

    def reset(self) -> None:
        """Forget the stream."""
        self._features.reset()
        self._rest = 0
        for listener in self._listeners:
            listener.model.reset()


def _load(word: str, *, store: ModelStore) -> pymicro_wakeword.MicroWakeWord:
    name = word.replace(" ", "_")
    path = store.path(f"wake/{name}.tflite")
    library = next((Path(pymicro_wakeword.__file__).parent / "lib").glob("*tensorflowlite_c.*"), None)
    if library is None:
        raise EngineError("The package pymicro-wakeword brings no library for this machine: no wake word can be heard.")
    try:
        return pymicro_wakeword.MicroWakeWord(
            name,
            wake_word=word,
            tflite_model=path,
            probability_cutoff=_CUTOFFS[word],
            sliding_window_size=_WINDOW_STEPS,
            trained_languages=["en"],
            libtensorflowlite_c_path=library,
        )
    except Exception as error:
        raise EngineError(f'The wake word "{word}" cannot be listened for on this machine.') from error
