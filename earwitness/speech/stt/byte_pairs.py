"""Text to Whisper's tokens. Pure.

Byte pair encoding: of neighbouring pieces, those are joined first whose joined piece has the lowest number. The tokenizer files
that come with converted models do not always hold every joining rule ("the" after a space may come out in two pieces, which the
model was never taught), but they hold every piece. Source: Sennrich et al., "Neural Machine Translation of Rare Words with
Subword Units" (2016); byte alphabet of GPT-2."""

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise

_WORDS = re.compile(r"'(?:s|t|re|ve|m|ll|d)(?![^\W\d_])| ?[^\W\d_]+| ?\d+| ?[^\s\w]+|\s+|_+")
_PRINTABLE = (*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100))


class BytePairs:
    """The tokens of texts, by the numbers of a vocabulary."""

    def __init__(self, vocabulary: Mapping[str, int], *, words_below: int) -> None:
        """`vocabulary` has every piece in GPT-2's byte alphabet; only numbers under `words_below` are pieces of words."""
        self._numbers = {piece: number for piece, number in vocabulary.items() if number < words_below}
        self.of_word = lru_cache(maxsize=8192)(self._of_word)

    def encode(self, text: str) -> list[int]:
        """The tokens of `text`, which begins with a space if its first word does."""
        return [number for word in _WORDS.findall(text) for number in self.of_word(word)]

    def _of_word(self, word: str) -> tuple[int, ...]:
        pieces = [_ALPHABET[byte] for byte in word.encode("utf-8")]
        while len(pieces) > 1:
            pairs = [self._numbers.get(one + other, -1) for one, other in pairwise(pieces)]
            known = [number for number in pairs if number >= 0]
            if not known:
                break
            at = pairs.index(min(known))
            pieces[at : at + 2] = [pieces[at] + pieces[at + 1]]
        return tuple(self._numbers[piece] for piece in pieces if piece in self._numbers)


def _alphabet() -> list[str]:
    """A printable character for each byte: itself if it is one, else the next after Latin-1."""
    letters = [""] * 256
    for byte in _PRINTABLE:
        letters[byte] = chr(byte)
    following = 0x100
    for byte, letter in enumerate(letters):
        if not letter:
            letters[byte] = chr(following)
            following += 1
    return letters


_ALPHABET = _alphabet()
