"""The language of the home: which phrases are said here and which words follow each other, learned from corrected transcripts
and slots; and how much that counts beside the sound.

What it learns never leaves the home it was learned in unless the set did. Applied by speech/stt/habits.py.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from earwitness.domain.errors import ModelError
from earwitness.improve.adapters.weighing import chosen_weights
from earwitness.improve.adapting import Chain, Example, Learned, Metric, Progress, Sound
from earwitness.speech.stt.cascade import CascadeRecogniser
from earwitness.speech.stt.habits import (
    LONGEST_SPAN,
    MOST_PHRASES,
    Habits,
    Language,
    language_bytes,
    read_language,
    words_of,
)
from earwitness.speech.stt.pronouncing import pronunciation
from earwitness.speech.stt.sounds import Pronunciation

FILE: Final = "language.json"
FEWEST_EXAMPLES: Final = 5
FEWEST_SAID: Final = 2
"""A word counts for a word of this home from so often on: a slip of one annotator is no habit."""
_FEWEST_PART: Final = 3
_LONGEST_PART: Final = 3
_SHORTEST_LETTERS: Final = 4


class LanguageAdapter:
    """Learns a `Language`."""

    name = "language"
    metrics = frozenset({Metric.WORD_ERRORS, Metric.SLOT_ERRORS, Metric.INTENT_ERRORS, Metric.COMMAND_ERRORS, Metric.LATENCY})

    def learn(self, examples: Sequence[Example], *, base: Chain, sound: Sound, progress: Progress, seed: int) -> Learned | None:
        """Count, then choose the weights on the examples; a second or two for each that is weighed."""
        taught = [one for one in examples if one.transcript and one.language == "en"]
        if len(taught) < FEWEST_EXAMPLES:
            return None
        say = pronunciation()
        rule = Language()
        choice = chosen_weights(
            taught,
            habits_of=lambda part: Habits(say, language=counted(part, say)),
            measure=lambda variant: variant.language_nats,
            base=base,
            sound=sound,
            progress=progress,
            seed=seed,
            by_rule=(rule.weight, rule.change_nats),
        )
        language = replace(counted(taught, say), weight=choice.weight, change_nats=choice.change_nats)
        facts = {
            "sentences": len(taught),
            "phrases": len(language.phrases),
            "pairs": len(language.pairs),
            "weight": choice.weight,
            "change_nats": choice.change_nats,
            "weighed": choice.weighed,
            "word_errors_before": choice.errors_before,
            "word_errors_after": choice.errors_after,
        }
        return Learned(files={FILE: language_bytes(language)}, facts=facts)

    def put_in(self, chain: Chain, files: Mapping[str, bytes]) -> Chain:
        """The chain with this language; a recogniser that weighs nothing stays as it is. Raises ModelError."""
        if files.keys() != {FILE}:
            raise ModelError("These are not the files of a home's language.")
        language = read_language(files[FILE])
        if not isinstance(chain.recogniser, CascadeRecogniser):
            return chain
        return replace(chain, recogniser=chain.recogniser.taught(pronunciation(), language=language))


def counted(examples: Sequence[Example], say: Pronunciation) -> Language:
    """The language of these examples, with the weights by rule."""
    words: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for one in examples:
        said = words_of(one.transcript)
        words.update(("", *said))
        pairs.update(pairwise(("", *said, "")))
    phrases = _phrases(examples, words)
    return Language(phrases=phrases, written=_written(examples, phrases, say), words=dict(words), pairs=dict(pairs))


def _phrases(examples: Sequence[Example], words: Mapping[str, int]) -> dict[str, int]:
    """What fills slots, and the parts of it that return; the most frequent first."""
    whole: Counter[str] = Counter()
    parts: Counter[str] = Counter()
    for one in examples:
        for _, value in one.slots:
            said = words_of(value)
            whole[" ".join(said)] += 1
            for length in range(1, min(_LONGEST_PART, len(said) - 1) + 1):
                parts.update(" ".join(said[at : at + length]) for at in range(len(said) - length + 1))
    kept = {phrase: count for phrase, count in whole.items() if _is_said(phrase, words)}
    for phrase, count in parts.items():
        if count >= _FEWEST_PART and len(phrase) >= _SHORTEST_LETTERS and _is_said(phrase, words):
            kept[phrase] = kept.get(phrase, 0) + count
    ranked = sorted(kept.items(), key=lambda pair: (-pair[1], pair[0]))
    return dict(ranked[:MOST_PHRASES])


def _is_said(phrase: str, words: Mapping[str, int]) -> bool:
    return bool(phrase) and all(words.get(word, 0) >= FEWEST_SAID for word in phrase.split())


def _written(examples: Sequence[Example], phrases: Mapping[str, int], say: Pronunciation) -> dict[str, str]:
    """How the recogniser wrote phrases that it heard right in other letters."""
    by_sound = {say.of_all(phrase.split()): phrase for phrase in reversed(list(phrases))}
    forms: dict[str, Counter[str]] = {}
    for one in examples:
        heard = words_of(one.heard)
        for first in range(len(heard)):
            for end in range(first + 1, min(first + LONGEST_SPAN, len(heard)) + 1):
                phrase = by_sound.get(say.of_all(heard[first:end]))
                if phrase is not None:
                    forms.setdefault(phrase, Counter())[" ".join(heard[first:end])] += 1
    most = {phrase: min(counts.items(), key=lambda pair: (-pair[1], pair[0]))[0] for phrase, counts in forms.items()}
    return {phrase: form for phrase, form in most.items() if form != phrase}
