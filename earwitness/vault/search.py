"""Search terms: words that only their owner's key can name. Pure.

A kept turn is found by whole words, in any order, capitals and plurals aside. What the database holds of a word is the first
eight bytes of its HMAC-SHA256 (RFC 2104) under the person's search key: destroy that key, and the terms say nothing. While
the key is there, whoever holds the database alone learns which turns share a word, but not the word.
"""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

TERM_BYTES: Final = 8
MOST_WORDS: Final = 200
"""Words of one turn that can be found; a request of 20 seconds has fewer than 100."""
MOST_SOUGHT: Final = 8
_WORD: Final = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)?")


def words(text: str) -> list[str]:
    """The words of a text in the form in which they are compared, without repeats."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    return list(dict.fromkeys(_stem(word) for word in _WORD.findall(plain)))


def terms(texts: Iterable[str], *, key: bytes) -> list[bytes]:
    """The search terms of a turn's texts under a person's search key; each TERM_BYTES long."""
    found = dict.fromkeys(word for text in texts for word in words(text))
    return list(dict.fromkeys(term(word, key=key) for word in list(found)[:MOST_WORDS]))


def term(word: str, *, key: bytes) -> bytes:
    """The search term of one word in the form that `words` gives."""
    return hmac.digest(key, word.encode(), hashlib.sha256)[:TERM_BYTES]


def _stem(word: str) -> str:
    """Plurals and possessives as the word itself: "lights", "light's" as "light"."""
    word = word.removesuffix("'s")
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
