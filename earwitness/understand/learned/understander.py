"""Guesses what a request means by what was learned: an intent with calibrated confidence and its slots, or that it is none of
ours.

It decides nothing about order or thresholds (understanders.py does) and knows no sentence. What its slots stand for is found in
the home by `filling.py`; what may not be guessed at all is left out by `risk.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from hassil import Intents
from numpy.typing import NDArray

from earwitness.domain.home import Home
from earwitness.domain.intent import Context, Intent, SlotValue
from earwitness.understand.learned.features import features
from earwitness.understand.learned.filling import Filling, is_kind
from earwitness.understand.learned.frames import Frame, frames_of, intent_of
from earwitness.understand.learned.model_file import LearnedModel
from earwitness.understand.learned.network import ELSEWHERE, NONSENSE, QUESTION, Floats
from earwitness.understand.learned.risk import GUESSED, NEVER, is_harmful
from earwitness.understand.learned.tagger import Tagged
from earwitness.understand.learned.words import Word, names_of, words_in

_LEAST_FRAME = 0.02
"""A frame is looked at if it has this share of its intent's best."""
NONSENSE_TYPED = 0.2
"""How likely it is that typed words are no request, against words that were heard. Chosen as the thresholds were
(understand/thresholds.py)."""
_PLACES = ("area", "floor", "name", "everywhere")
LOOKED_UP = frozenset((intent_of(QUESTION), "AskAbout", "HassGetWeather"))
"""Intents that ask for facts: the skill of questions reads all their words, so that nothing is lost by filling slots."""
_FRAMES: dict[int, tuple[Intents, dict[str, Frame]]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """What words likely mean. `intent` is None when they are likely none of ours; `confidence` is of that, too."""

    intent: Intent | None
    confidence: float
    """From 0 to 1, calibrated: of guesses with 0.8, four in five are right."""
    is_question: bool = False
    """Whether they are likely a question to look up."""
    is_whole: bool = True
    """Whether every slot that a sentence of this kind needs was found."""
    margin: float = 1.0
    """How much likelier it is than the next intent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A slot that words fill, as said."""

    slot: str
    words: str


class LearnedUnderstander:
    """For one home and its sentences; make a new one when they change. Thread-safe; takes about a millisecond for a sentence."""

    def __init__(self, model: LearnedModel, *, home: Home, intents: Intents, exact: frozenset[str]) -> None:
        self._model = model
        self._home = home
        self._names = names_of(home)
        self._filling = Filling(home)
        self._frames = _frames(intents)
        classes = model.network.classes
        self._groups = tuple(dict.fromkeys(_group(name) for name in classes))
        self._group_of = np.asarray([self._groups.index(_group(name)) for name in classes])
        self._typed = np.asarray([NONSENSE_TYPED if name == NONSENSE else 1.0 for name in self._groups])
        self._is_ours = np.asarray([self._may_guess(name, exact) for name in self._groups])

    def _may_guess(self, group: str, exact: frozenset[str]) -> bool:
        is_outside = group.startswith(ELSEWHERE) or group == NONSENSE
        return not is_outside and group not in exact | NEVER and any(frame.intent == group for frame in self._frames.values())

    def guess(self, plain: str, *, context: Context) -> Guess | None:
        """What a plain request (normalise.py) likely means; None for no words."""
        words = words_in(plain)
        if not words:
            return None
        marks = self._names.marks(words)
        classes = self._model.network.probabilities(features(words, marks))
        shares = self._shares(classes, is_typed=context.is_typed)
        best = int(shares.argmax())
        ranked = np.sort(shares)
        confidence, margin = float(shares[best]), float(ranked[-1] - ranked[-2])
        if self._groups[best] in LOOKED_UP:
            return Guess(intent=None, confidence=confidence, is_question=True, margin=margin)
        if not self._is_ours[best]:
            return Guess(intent=None, confidence=confidence, margin=margin)
        name = self._groups[best]
        spans = self._model.tagger.tag(words, marks, intent=name, slots=self._model.slots.get(name, ()))
        found = _said(plain, words, spans)
        frame, slots, is_whole = self._fill(self._likely(name, classes), found)
        intent = self._placed(Intent(name=name, slots=slots, response=frame.response), frame, context)
        return Guess(intent=intent, confidence=confidence, is_whole=is_whole, margin=margin)

    def _shares(self, classes: Floats, *, is_typed: bool) -> NDArray[np.float64]:
        """How likely each intent is, together 1."""
        shares = np.bincount(self._group_of, weights=classes, minlength=len(self._groups)).astype(np.float64)
        if not is_typed:
            return shares
        typed = shares * self._typed
        return np.asarray(typed / typed.sum())

    def _likely(self, intent: str, classes: Floats) -> list[Frame]:
        """The frames of an intent that are likely, the likeliest first."""
        known = [
            (float(classes[at]), self._frames[name])
            for at, name in enumerate(self._model.network.classes)
            if name in self._frames and self._frames[name].intent == intent
        ]
        known.sort(key=lambda pair: -pair[0])
        return [frame for share, frame in known if share >= _LEAST_FRAME * known[0][0]]

    def _fill(self, frames: Sequence[Frame], found: Sequence[_Found]) -> tuple[Frame, dict[str, SlotValue], bool]:
        """The likeliest frame that the slots make whole; without one the likeliest, with a name that is not known as it was
        said.
        """
        for frame in frames:
            slots = self._values(frame, found)
            named = {**frame.said, **slots}
            is_lost = any(one.slot in frame.slots and one.slot not in slots and not is_kind(one.words) for one in found)
            if not is_lost and any(way <= named.keys() for way in frame.ways):
                return frame, named, True
        first = frames[0]
        raw = {one.slot: one.words for one in found if one.slot in first.slots and one.slot in ("name", "area")}
        raw = {slot: words for slot, words in raw.items() if not is_kind(words)}
        named = {**first.said, **raw, **self._values(first, found)}
        return first, named, any(way <= named.keys() for way in first.ways)

    def _values(self, frame: Frame, found: Sequence[_Found]) -> dict[str, SlotValue]:
        slots: dict[str, SlotValue] = {}
        for one in found:
            slot = frame.slots.get(one.slot)
            value = None if slot is None else self._filling.value(slot, one.words, frame=frame)
            if value is not None:
                slots.setdefault(one.slot, value)
        return slots

    def _placed(self, intent: Intent, frame: Frame, context: Context) -> Intent:
        """With the room that it was said in, where none is named; and marked as a guess if it may do harm."""
        slots: dict[str, SlotValue] = dict(intent.slots)
        if frame.takes_area and context.area is not None and not any(place in slots for place in _PLACES):
            slots["area"] = context.area
        if is_harmful(intent, self._home):
            slots[GUESSED] = True
        return Intent(name=intent.name, slots=slots, response=intent.response)


def _group(name: str) -> str:
    return name if name.startswith(ELSEWHERE) or name == NONSENSE else intent_of(name)


def _frames(intents: Intents) -> Mapping[str, Frame]:
    """The frames of some sentences, made once: the sentences live as long as the process."""
    kept = _FRAMES.get(id(intents))
    if kept is None or kept[0] is not intents:
        _FRAMES.clear()
        kept = _FRAMES[id(intents)] = (intents, frames_of(intents))
    return kept[1]


def _said(plain: str, words: Sequence[Word], spans: Sequence[Tagged]) -> list[_Found]:
    return [_Found(slot=one.slot, words=plain[words[one.first].start : words[one.last - 1].end]) for one in spans]
