"""Owns the way from English text to the phoneme alphabet that hibari and Kokoro were trained on.

The work is done by hibari's grapheme-to-phoneme part. Both engines share one instance per accent; it loads at first use
(0.4 s) and serves one call at a time. It never speaks.
"""

import re
from functools import lru_cache
from threading import Lock
from typing import Any

from earwitness.domain.errors import EngineError

LONGEST = 400
"""Phoneme characters that one run of a model takes."""
_LONG_NUMBER = re.compile(r"\d[\d,]{14,}")
"""Too long to be read as one number; such are read digit by digit."""


class Phonemiser:
    """Text to phonemes in one accent."""

    def __init__(self, *, is_british: bool) -> None:
        self._is_british = is_british
        self._lock = Lock()
        self._convert: Any = None

    def __call__(self, text: str) -> tuple[str, ...]:
        """The phonemes of `text` in runs of at most LONGEST characters; none if nothing in it can be said.

        A word that the conversion cannot take is left out. Raises EngineError if it can take none.
        """
        text = _LONG_NUMBER.sub(_digits, text)
        with self._lock:
            convert = self._loaded()
            phonemes = _attempt(convert, text)
            if phonemes is None:
                parts = [_attempt(convert, word) for word in text.split()]
                phonemes = " ".join(part for part in parts if part)
                if not phonemes and None in parts:
                    raise EngineError("The text could not be turned into sounds: say it in other words.")
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


def _attempt(convert: Any, text: str) -> str | None:
    """The phonemes of `text`, or None where the conversion fails: what its rules trip over cannot be told beforehand."""
    try:
        return str(convert(text))
    except Exception:
        return None


def _digits(number: re.Match[str]) -> str:
    return " ".join(number[0].replace(",", ""))


def _runs(phonemes: str) -> tuple[str, ...]:
    runs = []
    while len(phonemes) > LONGEST:
        space = phonemes.rfind(" ", 1, LONGEST)
        cut = space if space > 0 else LONGEST
        runs.append(phonemes[:cut])
        phonemes = phonemes[cut:].lstrip()
    return tuple(run for run in (*runs, phonemes) if any(character.isalpha() for character in run))
