"""How words sound, by the voices' own grapheme-to-phoneme part; one for the whole process: each word is worked out once."""

from functools import lru_cache

from earwitness.speech.stt.sounds import Pronunciation
from earwitness.speech.tts.phonemes import phonemiser


@lru_cache(maxsize=1)
def pronunciation() -> Pronunciation:
    """How words sound, for the whole process."""
    return Pronunciation(phonemiser(is_british=False))
