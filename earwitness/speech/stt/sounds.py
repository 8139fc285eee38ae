# ruff: noqa: RUF001 - phonemes look like other letters
"""How words sound, as numbers, and how easily one sound is heard for another. Pure but for the phonemiser that it is given.

Owns the alphabet (that of the voices' phonemes, without stress) and the costs of hearing amiss: 0 for the same sound, about 1 for
sounds that nobody takes for each other. The costs follow from how sounds are made (voice, place, manner), not from one
recogniser."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Sounds = tuple[int, ...]
Costs = NDArray[np.float32]

_MADE: Final = """
    p plosive lips 0, b plosive lips 1, t plosive ridge 0, d plosive ridge 1, k plosive back 0, ɡ plosive back 1,
    T plosive ridge 1, ɾ plosive ridge 1, ʔ plosive throat 0, f fricative lips 0, v fricative lips 1, θ fricative teeth 0,
    ð fricative teeth 1, s fricative ridge 0, z fricative ridge 1, ʃ fricative palate 0, ʒ fricative palate 1,
    h fricative throat 0, ʧ affricate palate 0, ʤ affricate palate 1, m nasal lips 1, n nasal ridge 1, ŋ nasal back 1,
    l glide ridge 1, ɹ glide ridge 1, j glide palate 1, w glide lips 1"""
"""Consonants: manner, place, whether the voice sounds."""
_CONSONANTS: Final = {made.split()[0]: made.split()[1:] for made in _MADE.split(",")}
_VOWELS: Final = "AIWYOQəiuɑɔɛɜɪʊʌæᵊᵻɐaeoːɒ"
_NEAR_VOWELS: Final = ("iɪᵻ", "uʊ", "ɑɔɒʌ", "ɛæ", "ɛɪA", "əᵊɐᵻɪʌ", "ɜə", "OɔQo", "Iæ", "Wæɑ", "ʊʌə")
_LIKE_GLIDES: Final = (("ɹ", "ɜə"), ("j", "iɪ"), ("w", "uʊO"), ("l", "əᵊO"))
_FAINT: Final = "əᵊᵻɐhʔɾT"
_ALPHABET: Final = "".join(_CONSONANTS) + _VOWELS
_NUMBER: Final = {symbol: number for number, symbol in enumerate(_ALPHABET)}

_SAME_BUT_VOICE, _RELATED, _UNRELATED, _NEAR, _VOWEL, _ODD, _GLIDE = 0.25, 0.5, 0.85, 0.25, 0.5, 1.0, 0.45
_FAINT_LOST, _LOST = 0.4, 0.7

_SAID_AS: Final = {"%": "percent", "°": "degrees", "&": "and", "+": "plus", "c": "C"}


def substitution_costs() -> Costs:
    """float32 [sounds, sounds]: hearing the second for the first."""
    size = len(_ALPHABET)
    costs = np.zeros((size, size), dtype=np.float32)
    for one, first in enumerate(_ALPHABET):
        for other, second in enumerate(_ALPHABET):
            costs[one, other] = 0.0 if one == other else _apart(first, second)
    return costs


def losing_costs() -> Costs:
    """float32 [sounds]: not hearing a sound that was said, or hearing one that was not."""
    return np.array([_FAINT_LOST if symbol in _FAINT else _LOST for symbol in _ALPHABET], dtype=np.float32)


def _apart(first: str, second: str) -> float:
    one, other = _CONSONANTS.get(first), _CONSONANTS.get(second)
    if one is None and other is None:
        return _NEAR if any(first in group and second in group for group in _NEAR_VOWELS) else _VOWEL
    if one is None or other is None:
        glide, vowel = (first, second) if one else (second, first)
        return _GLIDE if any(glide == like and vowel in vowels for like, vowels in _LIKE_GLIDES) else _ODD
    manner, place, voice = (mine == yours for mine, yours in zip(one, other, strict=True))
    if manner and place:
        return 0.0 if voice else _SAME_BUT_VOICE
    return _RELATED if manner or place else _UNRELATED


class Pronunciation:
    """The sounds of words, each worked out once. `phonemes` turns a word into its phonemes."""

    def __init__(self, phonemes: Callable[[str], Sequence[str]]) -> None:
        self._phonemes = phonemes
        self._known: dict[str, Sounds] = {}

    def of(self, word: str) -> Sounds:
        """The sounds of one word or number; none for what cannot be said."""
        key = word.lower()
        if key not in self._known:
            runs = self._phonemes(_SAID_AS.get(key, key))
            self._known[key] = tuple(_NUMBER[symbol] for run in runs for symbol in run if symbol in _NUMBER)
        return self._known[key]

    def of_all(self, words: Sequence[str]) -> Sounds:
        """The sounds of words after each other."""
        return tuple(sound for word in words for sound in self.of(word))
