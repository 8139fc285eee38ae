"""Owns the way from English text to the phoneme alphabet that hibari and Kokoro were trained on.

The work is done by hibari's grapheme-to-phoneme part. Both engines share one instance per accent; it loads at first use
(0.4 s) and serves one call at a time. It never speaks.
"""

from functools import lru_cache
from threading import Lock
from typing import Any

from earwitness.domain.errors import EngineError

LONGEST = 400
"""Phoneme characters that one run of a model takes."""


class Phonemiser:
    """Text to phonemes in one accent."""

    def __init__(self, *, is_british: bool) -> None:
        self._is_british = is_british
        self._lock = Lock()
        self._convert: Any = None

    def __call__(self, text: str) -> tuple[str, ...]:
        """The phonemes of `text` in runs of at most LONGEST characters; none if nothing in it can be said.

        Raises EngineError if the conversion fails.
        """
        try:
            with self._lock:
                phonemes: str = self._loaded()(text)
        except Exception as error:
            raise EngineError("The text could not be turned into sounds: say it in other words.") from error
        return _runs(phonemes.strip())

    def _loaded(self) -> Any:
        if self._convert is None:
            from hibari.g2p import G2P

            self._convert = G2P(british=self._is_british)
        return self._convert


@lru_cache(maxsize=2)
def phonemiser(*, is_british: bool) -> Phonemiser:
    """The one phonemiser of that accent in this process."""
    return Phonemiser(is_british=is_british)


def _runs(phonemes: str) -> tuple[str, ...]:
    runs = []
    while len(phonemes) > LONGEST:
        space = phonemes.rfind(" ", 1, LONGEST)
        cut = space if space > 0 else LONGEST
        runs.append(phonemes[:cut])
        phonemes = phonemes[cut:].lstrip()
    return tuple(run for run in (*runs, phonemes) if any(character.isalpha() for character in run))
