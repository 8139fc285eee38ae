"""How the people of a home say things, as corrections taught it: phrases that are said here, which words follow each other, what
is heard for what. Pure but for the pronunciation that it is given.

Owns what else a heard text may have been, and how much likelier this home makes that. It forces nothing: each variant is weighed
by the recogniser's own model against what was heard (`cascade.py`). What is in it is learned by improve/adapters (`language`,
`confusions`) and read from their files; how sure the home has to be is learned too.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Final

import numpy as np

from earwitness.domain.errors import ModelError
from earwitness.speech.stt.segments import FAR, Heard, Units, units_of
from earwitness.speech.stt.sounds import Pronunciation

FORMAT: Final = 1
MOST_PHRASES, MOST_CONFUSIONS = 600, 2000
"""More are not looked at: the most frequent come first."""
LONGEST_SPAN: Final = 6
"""Words of what was heard that may stand for one phrase."""
FURTHEST: Final = 0.42
"""How far, for each sound of a phrase, the sounds of what was heard may be from it."""
MOST_VARIANTS: Final = 8
_MOST_EDITS, _MOST_POSSIBLE, _BEAM = 4, 24, 40
_TRIED_WEIGHT: Final = 0.5
"""What a nat of language or of confusion counts when edits are chosen to be tried; how much it counts in the end is learned."""
_SOUND_NATS: Final = 2.0
"""What a unit of distance counts when variants are ranked; the sound itself decides afterwards."""
_AT_LARGE: Final = math.log(1 / 2000)
"""How likely any word is in English at large, roughly: what this home makes likelier than that speaks for a text."""
_STRENGTH: Final = 2.0
_MOST_GAIN: Final = 8.0
"""Nats that one habit may add: nothing is ever certain."""
_WORD = re.compile(r"[\w'%]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """What is said here: phrases with how often, words and pairs of words with how often ("" begins and ends a sentence)."""

    phrases: Mapping[str, int] = field(default_factory=dict)
    written: Mapping[str, str] = field(default_factory=dict)
    """How the recogniser itself writes a phrase, where that is not as people do ("16-ounce")."""
    words: Mapping[str, int] = field(default_factory=dict)
    pairs: Mapping[tuple[str, str], int] = field(default_factory=dict)
    weight: float = 0.2
    """Nats of the sound that a nat of this language is worth."""
    change_nats: float = 1.0
    """What each change costs."""

    def gain(self, text: str) -> float:
        """Nats by which this home makes a text likelier than English at large does, word after the word before it (interpolated
        bigrams; Jelinek and Mercer 1980)."""
        total = sum(self.words.values())
        if not total:
            return 0.0
        gain = 0.0
        for before, word in pairwise(("", *words_of(text), "")):
            alone = (self.words.get(word, 0) + 2000 * math.exp(_AT_LARGE)) / (total + 2000)
            after = (self.pairs.get((before, word), 0) + _STRENGTH * alone) / (self.words.get(before, 0) + _STRENGTH)
            gain += math.log(after) - _AT_LARGE
        return gain


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusions:
    """What is heard for what here: per heard words, what was said instead and how often, and how often they were right."""

    said: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    kept: Mapping[str, int] = field(default_factory=dict)
    weight: float = 0.5
    change_nats: float = 1.0

    def gain(self, heard: str, said: str) -> float:
        """Nats that speak for `said` where `heard` was heard: the log of the odds, half a count added to both sides."""
        changed = self.said.get(heard, {}).get(said, 0)
        return math.log((changed + 0.5) / (self.kept.get(heard, 0) + 0.5)) if changed else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """What a text may have been; `worth_nats` is what this home adds to what the sound says of it."""

    text: str
    worth_nats: float
    language_nats: float = 0.0
    confusion_nats: float = 0.0
    changes: int = 1


@dataclass(frozen=True, slots=True)
class _Edit:
    begin: int
    end: int
    said: str
    sound_nats: float
    """What its sounds speak against it, by rule; for ranking alone."""
    confusion_nats: float
    worth: float = 0.0


class Habits:
    """Both files at work on one text after the other. Thread-safe."""

    def __init__(
        self, pronunciation: Pronunciation, *, language: Language | None = None, confusions: Confusions | None = None
    ) -> None:
        self._say = pronunciation
        self.language, self.confusions = language, confusions
        self._language = language or Language(weight=0.0)
        self._confusions = confusions or Confusions()
        costs = [one.change_nats for one in (language, confusions) if one is not None]
        self._change_nats = max(costs, default=0.0)
        self._phrases = [one for one in list(self._language.phrases)[:MOST_PHRASES] if words_of(one)]
        self._sounds = [pronunciation.of_all(words_of(phrase)) for phrase in self._phrases]
        self._units: Units = units_of(self._sounds)
        self._longest_heard = max((len(one.split()) for one in self._confusions.said), default=0)

    def variants(self, text: str) -> list[Variant]:
        """At most eight texts that `text` may have been, the likeliest first; none that is worth less than it by what is known
        here and has no sound in its favour."""
        words = list(_WORD.finditer(text))
        plain, said = self._language.gain(text), words_of(text)
        ranked: dict[str, tuple[float, Variant]] = {}
        possible = [*self._by_sound(words), *self._by_confusion(words)]
        for edits in _together([one for each in possible if (one := self._speaking_for(each, text, plain)).worth > 0.0]):
            changed = _changed(text, edits)
            if changed not in ranked and words_of(changed) != said:
                variant = self._variant(changed, edits, plain)
                ranked[changed] = (variant.worth_nats + _sounding(edits), variant)
        return [one for _, one in sorted(ranked.values(), key=lambda pair: -pair[0])][:MOST_VARIANTS]

    def _speaking_for(self, edit: _Edit, text: str, plain: float) -> _Edit:
        """The edit with what speaks for it by itself, beside its sounds."""
        language = self._language.gain(_changed(text, (edit,))) - plain
        gain = _TRIED_WEIGHT * (_bounded(language, 1) + _bounded(edit.confusion_nats, 1))
        return replace(edit, worth=gain + edit.sound_nats)

    def _variant(self, changed: str, edits: Sequence[_Edit], plain: float) -> Variant:
        language = _bounded(self._language.gain(changed) - plain, len(edits))
        confusion = sum(_bounded(one.confusion_nats, 1) for one in edits)
        worth = self._language.weight * language + self._confusions.weight * confusion - self._change_nats * len(edits)
        return Variant(text=changed, worth_nats=worth, language_nats=language, confusion_nats=confusion, changes=len(edits))

    def _by_sound(self, words: Sequence[re.Match[str]]) -> Iterable[_Edit]:
        """Phrases of this home that sound like a piece of the text."""
        if not self._phrases:
            return
        every = [self._say.of(word[0]) for word in words]
        chosen = np.arange(len(self._phrases), dtype=np.int64)
        lengths = np.maximum(self._units.lengths, 1).astype(np.float32)
        for first in range(len(words)):
            piece = every[first : first + LONGEST_SPAN]
            heard = Heard(tuple(sound for word in piece for sound in word))
            start = np.full((len(chosen), heard.places), FAR, dtype=np.float32)
            start[:, 0] = 0.0
            costs = heard.after(start, self._units, chosen)
            place = 0
            for offset, word in enumerate(piece):
                place += len(word)
                end = first + offset + 1
                for at in np.flatnonzero(costs[:, place] <= FURTHEST * lengths):
                    cost, phrase = float(costs[at, place]), self._phrases[at]
                    if cost > 0.0:
                        said = self._language.written.get(phrase, phrase)
                        yield _Edit(words[first].start(), words[end - 1].end(), said, -_SOUND_NATS * cost, 0.0)

    def _by_confusion(self, words: Sequence[re.Match[str]]) -> Iterable[_Edit]:
        """What was said before where just these words were heard."""
        for first in range(len(words)):
            for end in range(first + 1, min(first + self._longest_heard, len(words)) + 1):
                heard = " ".join(word[0].lower() for word in words[first:end])
                for said in self._confusions.said.get(heard, ()):
                    nats = self._confusions.gain(heard, said)
                    yield _Edit(words[first].start(), words[end - 1].end(), said, 0.0, nats)


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text in lower case, without punctuation."""
    return tuple(word.lower() for word in _WORD.findall(text))


def _bounded(nats: float, changes: int) -> float:
    return max(-_MOST_GAIN * changes, min(_MOST_GAIN * changes, nats))


def _sounding(edits: Sequence[_Edit]) -> float:
    return sum(one.sound_nats for one in edits)


def _together(edits: Sequence[_Edit]) -> list[tuple[_Edit, ...]]:
    """Edits that do not overlap, up to four at once, the likeliest first."""
    best: dict[tuple[int, int, str], _Edit] = {}
    for edit in edits:
        key = (edit.begin, edit.end, edit.said.lower())
        if key not in best or edit.worth > best[key].worth:
            best[key] = edit
    kept = sorted(best.values(), key=lambda edit: -edit.worth)[:_MOST_POSSIBLE]
    beam: list[tuple[_Edit, ...]] = [()]
    for edit in sorted(kept, key=lambda edit: (edit.begin, edit.end)):
        grown = [(*one, edit) for one in beam if len(one) < _MOST_EDITS and (not one or one[-1].end <= edit.begin)]
        beam = sorted((*beam, *grown), key=lambda one: -sum(edit.worth for edit in one))[:_BEAM]
    return [one for one in beam if one]


def _changed(text: str, edits: Sequence[_Edit]) -> str:
    for edit in reversed(edits):
        said = edit.said[:1].upper() + edit.said[1:] if edit.begin == 0 else edit.said
        text = text[: edit.begin] + said + text[edit.end :]
    return text


def language_bytes(language: Language) -> bytes:
    """The file of a language, the same bytes for the same language."""
    pairs = [[before, word, count] for (before, word), count in sorted(language.pairs.items())]
    return _bytes(
        {
            "phrases": [[phrase, count] for phrase, count in language.phrases.items()],
            "written": dict(sorted(language.written.items())),
            "words": dict(sorted(language.words.items())),
            "pairs": pairs,
            "weight": language.weight,
            "change_nats": language.change_nats,
        }
    )


def read_language(data: bytes) -> Language:
    """Read it back. Raises ModelError for another form."""
    tree = _tree(data)
    try:
        return Language(
            phrases={str(phrase): int(count) for phrase, count in tree["phrases"]},
            written={str(phrase): str(form) for phrase, form in tree["written"].items()},
            words={str(word): int(count) for word, count in tree["words"].items()},
            pairs={(str(before), str(word)): int(count) for before, word, count in tree["pairs"]},
            weight=float(tree["weight"]),
            change_nats=float(tree["change_nats"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(_BROKEN) from error


def confusions_bytes(confusions: Confusions) -> bytes:
    """The file of confusions, the same bytes for the same confusions."""
    said = {heard: dict(sorted(counts.items())) for heard, counts in sorted(confusions.said.items())}
    kept = dict(sorted(confusions.kept.items()))
    return _bytes({"said": said, "kept": kept, "weight": confusions.weight, "change_nats": confusions.change_nats})


def read_confusions(data: bytes) -> Confusions:
    """Read it back. Raises ModelError for another form."""
    tree = _tree(data)
    try:
        said = {str(heard): {str(word): int(n) for word, n in counts.items()} for heard, counts in tree["said"].items()}
        return Confusions(
            said=dict(list(said.items())[:MOST_CONFUSIONS]),
            kept={str(heard): int(count) for heard, count in tree["kept"].items()},
            weight=float(tree["weight"]),
            change_nats=float(tree["change_nats"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(_BROKEN) from error


_BROKEN: Final = "What this home has taught the recogniser is damaged: roll back to the version before it."


def _bytes(tree: Mapping[str, Any]) -> bytes:
    return json.dumps({"format": FORMAT, **tree}, ensure_ascii=False, separators=(",", ":")).encode()


def _tree(data: bytes) -> Mapping[str, Any]:
    try:
        tree = json.loads(data)
    except ValueError as error:
        raise ModelError(_BROKEN) from error
    if not isinstance(tree, dict) or tree.get("format") != FORMAT:
        raise ModelError(_BROKEN)
    return tree
