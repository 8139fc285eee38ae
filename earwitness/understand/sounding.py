"""Names as people say them: which of the names that there are was meant, by sound, spelling and alias. Pure.

A spoken name is what a recogniser wrote, which is seldom how the name is written ("Sean", "Shawn"; "Aoife", "Ifa"). Two measures
are joined: how alike the letters are (Jaro-Winkler, words in any order, by rapidfuzz), and how alike they sound (Metaphone,
by jellyfish). The thresholds are from bench/names.py, which says names by our voices and hears them by our recognisers.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from jellyfish import metaphone
from rapidfuzz.distance import JaroWinkler, Levenshtein
from rapidfuzz.fuzz import token_sort_ratio

CLEAR: Final = 0.72
"""From this on a name is taken without asking, if no other is near."""
LIKELY: Final = 0.58
"""From this on it is worth asking "did you mean …?"."""
APART: Final = 0.08
"""How far the next best must be behind, for the best to be clear."""
ASKED_AT_MOST: Final = 3
LONGEST: Final = 200
"""Characters of a name that are compared."""
_LEADING: Final = re.compile(r"^(?:(?:the|a|an|my|our|your|some|song|track|album)\s+)+")
_SAME: Final = {"dr": "doctor", "mr": "mister", "mrs": "missus", "st": "saint", "no": "number", "&": "and", "mom": "mum"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Something that has names: `key` is the caller's, the first name is the usual one."""

    key: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """`best` is the one that was clearly meant; without it, `near` are those to ask about, best first.

    With neither, nothing is like it. `score` is the best one's, from 0 to 1.
    """

    best: Named | None = None
    near: tuple[Named, ...] = ()
    score: float = 0.0


def matched(spoken: str, candidates: Iterable[Named]) -> Match:
    """Which of the candidates a spoken name means. Linear in the candidates: about 10 µs for each name."""
    said = _spelt(spoken)
    if not said:
        return Match()
    scored = [(max((_alike(said, _spelt(name)) for name in one.names), default=0.0), one) for one in candidates]
    found = sorted((pair for pair in scored if pair[0] >= LIKELY), key=lambda pair: -pair[0])
    if not found:
        return Match(score=max((value for value, _ in scored), default=0.0))
    top, best = found[0]
    rivals = [one for value, one in found if top - value < APART]
    if top >= CLEAR and len(rivals) == 1:
        return Match(best=best, score=top)
    return Match(near=tuple(rivals[:ASKED_AT_MOST]), score=top)


def score(spoken: str, name: str) -> float:
    """How alike a spoken and a written name are, from 0 to 1: 1 only for the same letters."""
    return _alike(_spelt(spoken), _spelt(name))


def same_words(spoken: str, name: str) -> bool:
    """Whether they are the same but for case, accents, articles and punctuation."""
    return bool(_spelt(spoken)) and _spelt(spoken) == _spelt(name)


@lru_cache(maxsize=8192)
def _spelt(text: str) -> str:
    """Lower case, no accents, no punctuation, no leading article, short forms written out."""
    plain = unicodedata.normalize("NFKD", text[:LONGEST].casefold().replace("ß", "ss").replace("ø", "o").replace("ł", "l"))
    letters = "".join(char for char in plain if not unicodedata.combining(char)).replace("'", "").replace("\u2019", "")
    words = re.sub(r"[^\w&]+", " ", letters).replace("_", " ").split()
    return _LEADING.sub("", " ".join(_SAME.get(word, word) for word in words))


@lru_cache(maxsize=8192)
def _sound(text: str) -> str:
    """How it sounds, as consonants, word by word."""
    return " ".join(code for word in text.split() if (code := metaphone(word) or word))


def _alike(said: str, name: str) -> float:
    if not said or not name:
        return 0.0
    if said == name:
        return 1.0
    letters = max(JaroWinkler.similarity(said, name), token_sort_ratio(said, name) / 100.0)
    joined = Levenshtein.normalized_similarity(said.replace(" ", ""), name.replace(" ", ""))
    sound = Levenshtein.normalized_similarity(_sound(said).replace(" ", ""), _sound(name).replace(" ", ""))
    return min(0.99, 0.4 * letters + 0.2 * joined + 0.4 * sound)


def listed_choice(near: Sequence[Named]) -> str:
    """ "Anna or Hanna", "Anna, Hanna or Hannah": for asking which was meant."""
    names = [one.names[0] for one in near]
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
