"""A quick recogniser first, a careful one when the quick one did not hear a sentence of this home, and then the sentences of this
home that sound like what either heard, weighed by the careful one's own model.

Owns the order of the attempts. What a sentence of this home is, whoever understands says (`Sentences`); what is near enough,
`choosing.py`.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from earwitness.domain.audio import Pcm
from earwitness.domain.intent import Context
from earwitness.domain.turn import Transcript
from earwitness.speech.stt.choosing import Choice, chosen, is_near
from earwitness.speech.stt.habits import Confusions, Habits, Language, Variant
from earwitness.speech.stt.retrieval import Sentence
from earwitness.speech.stt.sounds import Pronunciation
from earwitness.speech.stt.whisper import BeginOthers, Propose, Weighed
from earwitness.speech.stt.written import written

MOST_NEAREST, MOST_FORESEEN = 6, 3
"""Sentences that are weighed: the nearest, and the nearest of those with fewer words that nobody can foresee. Each costs a few
milliseconds for every word that no other begins with."""
CLEAR = 1.0
"""How near to what the careful one heard a sentence is, beside which nothing further is looked for: neither what sounds like what
the quick one heard, nor what else the careful one may have heard."""
_LOOKED_AT = 24


class Quick(Protocol):
    """A recogniser that is fast and often wrong."""

    def transcribe(self, pcm: Pcm, *, hints: Sequence[str] = ()) -> Transcript: ...


class Careful(Protocol):
    """A recogniser that can say how likely any text is for a sound."""

    def weigh(self, pcm: Pcm, propose: Propose) -> tuple[Transcript, tuple[Weighed, ...]]: ...


class Sentences(Protocol):
    """What is a sentence of this home, as whoever understands has it."""

    def knows(self, text: str, *, context: Context) -> bool:
        """Whether `text` is a sentence of this home, or the answer to what was asked."""
        ...

    def is_closed(self, text: str, *, context: Context) -> bool:
        """Whether it is one with no words of its own: "add plums to my list" is known and not closed, for any word fits there."""
        ...

    def is_exact(self, text: str) -> bool:
        """Whether it is taken only as what was heard first, because to act on one that was not said does harm."""
        ...

    def nearest(self, text: str, *, context: Context, most: int) -> Sequence[Sentence]:
        """The sentences that sound most like `text`, nearest first; none while that is not known yet."""
        ...


class CascadeRecogniser:
    """Takes what was heard if it is a sentence of this home, else one of this home that the sound makes nearly as likely."""

    name = "cascade"

    def __init__(self, quick: Quick, careful: Careful, sentences: Sentences, *, habits: Habits | None = None) -> None:
        self._quick = quick
        self.careful = careful
        self._sentences = sentences
        self._habits = habits

    def taught(
        self, pronunciation: Pronunciation, *, language: Language | None = None, confusions: Confusions | None = None
    ) -> "CascadeRecogniser":
        """The same models with what was learned of how this home speaks; what is not given stays as it is."""
        had = self._habits
        habits = Habits(
            pronunciation,
            language=language or (had.language if had else None),
            confusions=confusions or (had.confusions if had else None),
        )
        return CascadeRecogniser(self._quick, self.careful, self._sentences, habits=habits)

    def listening_with(self, careful: Careful) -> "CascadeRecogniser":
        """The same with another careful recogniser."""
        return CascadeRecogniser(self._quick, careful, self._sentences, habits=self._habits)

    def transcribe(self, pcm: Pcm, *, hints: Sequence[str] = (), context: Context | None = None) -> Transcript:
        """Transcribe 16 kHz mono PCM that was said in `context`. Silence gives an empty text.

        Hints change nothing: the names of the home are in its sentences. Raises EngineError if a model fails.
        """
        del hints
        here = context or Context()
        quick = self._quick.transcribe(pcm)
        if quick.text and self._sentences.is_closed(quick.text, context=here):
            return quick
        found: dict[str, Sentence | None] = {}
        variants: dict[str, Variant] = {}

        def propose(first: str, begin_others: BeginOthers) -> Sequence[str]:
            if self._is_beyond_doubt(first, context=here):
                return ()
            found.update(self._candidates(first, quick.text, begin_others=begin_others, context=here))
            variants.update(self._variants(first))
            return list(dict.fromkeys([*found, *variants]))

        heard, weighed = self.careful.weigh(pcm, propose)
        if not weighed:
            return heard
        first, *others = (_choice(one, found.get(one.text)) for one in weighed)
        best = self._best(heard.text, first, [one for one in others if one.text in found], context=here)
        best = _usual(first, others, variants=variants, beside=best) or best
        if best is None:
            return heard
        mean = best.log_probability / (best.tokens + 1)
        return Transcript(text=best.text, engine=heard.engine, audio_seconds=heard.audio_seconds, mean_log_probability=mean)

    def _is_beyond_doubt(self, first: str, *, context: Context) -> bool:
        """Whether there is nothing to weigh beside the first hypothesis."""
        return not first or self._sentences.is_closed(first, context=context) or self._sentences.is_exact(first)

    def _variants(self, first: str) -> dict[str, Variant]:
        """What the people of this home may have said, going by what they corrected; never what is taken only as it was heard."""
        if self._habits is None:
            return {}
        return {one.text: one for one in self._habits.variants(first) if not self._sentences.is_exact(one.text)}

    def _candidates(self, first: str, quick: str, *, begin_others: BeginOthers, context: Context) -> dict[str, Sentence | None]:
        """What to weigh beside the first hypothesis, as it would be written, with the sentence that it was found as."""
        near = self._near(first, context=context)
        if near and min(sentence.distance for sentence in near.values()) <= CLEAR:
            return dict(_as_written(near))
        others = begin_others()
        if quick and quick != first:
            for words, sentence in self._near(quick, context=context).items():
                if words not in near or sentence.distance < near[words].distance:
                    near[words] = sentence
        found: dict[str, Sentence | None] = dict(_as_written(near))
        for text in others():
            if text != first and self._sentences.knows(text, context=context):
                found.setdefault(text)
        return found

    def _near(self, text: str, *, context: Context) -> dict[str, Sentence]:
        """The sentences that sound like it, by their words in lower case."""
        near: dict[str, Sentence] = {}
        for sentence in self._sentences.nearest(text, context=context, most=_LOOKED_AT):
            before = near.get(sentence.text.lower())
            if before is None or sentence.distance < before.distance:
                near[sentence.text.lower()] = sentence
        return near

    def _best(self, text: str, first: Choice, others: Sequence[Choice], *, context: Context) -> Choice | None:
        """The sentence to take in place of the first hypothesis, if any."""

        def may_be_taken(other: str) -> bool:
            return self._sentences.knows(other, context=context) and not self._sentences.is_exact(other)

        is_sentence = self._sentences.knows(text, context=context)
        if is_sentence:
            same = [one for one in others if _words(one.text) == _words(text)]
            first = min([first, *same], key=lambda one: -one.open_words)
        return chosen(first, others, may_be_taken=may_be_taken, is_sentence=is_sentence)


def _usual(first: Choice, others: Sequence[Choice], *, variants: Mapping[str, Variant], beside: Choice | None) -> Choice | None:
    """What sound and habit together make likelier than what was heard first and, if one is to be taken, than the sentence."""
    likely = [(one.log_probability + variants[one.text].worth_nats, one) for one in others if one.text in variants]
    if not likely:
        return None
    worth, best = max(likely, key=lambda pair: pair[0])
    bar = max(first.log_probability, beside.log_probability if beside else first.log_probability)
    return best if worth > bar and is_near(best, first) else None


def _as_written(near: Mapping[str, Sentence]) -> dict[str, Sentence]:
    """Those that are weighed, as they would be written: the nearest, and of the others some with fewer words of anybody's own."""
    ranked = sorted(near.values(), key=lambda sentence: sentence.distance)
    nearest = ranked[:MOST_NEAREST]
    fewest = min((sentence.open_words for sentence in nearest), default=0)
    foreseen = [sentence for sentence in ranked[MOST_NEAREST:] if sentence.open_words < fewest][:MOST_FORESEEN]
    return {text: sentence for sentence in [*nearest, *foreseen] for text in written(sentence.parts)}


def _choice(one: Weighed, sentence: Sentence | None) -> Choice:
    return Choice(one.text, one.log_probability, one.tokens, open_words=sentence.open_words if sentence else 0)


def _words(text: str) -> str:
    return " ".join(text.lower().strip(" .,!?").split())
