"""How much a habit of a home counts beside the sound: chosen on the examples themselves, each judged by habits that its speaker
had no part in.

Owns the grid and the choice. The sound is weighed once for each example by the recogniser's own model; all else is arithmetic.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from earwitness.domain.audio import Pcm
from earwitness.improve.adapting import Chain, Example, Progress, Sound
from earwitness.improve.metrics import word_errors
from earwitness.improve.plain_text import plain_words
from earwitness.speech.stt.cascade import CascadeRecogniser
from earwitness.speech.stt.habits import Habits, Variant
from earwitness.speech.stt.whisper import BeginOthers, Weighed

FOLDS: Final = 3
MOST_WEIGHED: Final = 40
"""Examples that are weighed; more cost a second each and change little. Which, the seed says."""
FEWEST_WEIGHED: Final = 8
"""With fewer, the weights stay what they are by rule."""
WEIGHTS: Final = (0.05, 0.1, 0.2, 0.3, 0.5, 0.8)
CHANGES_NATS: Final = (0.0, 0.5, 1.0, 2.0, 3.0)

Measure = Callable[[Variant], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was chosen, on how many examples, and the word errors on them before and after."""

    weight: float
    change_nats: float
    weighed: int
    errors_before: int = 0
    errors_after: int = 0


@dataclass(frozen=True, slots=True)
class _Weighing:
    errors: int
    """Of what was heard."""
    options: tuple[tuple[float, Variant, int], ...]
    """Per variant: nats by which the sound makes it likelier than what was heard, and its word errors."""


def folds(examples: Sequence[Example], *, seed: int) -> list[list[Example]]:
    """The examples in three parts, no speaker in two of them."""
    speakers = sorted({one.speaker_key for one in examples})
    random.Random(seed).shuffle(speakers)  # noqa: S311 - to draw the same again
    fold_of = {speaker: place % FOLDS for place, speaker in enumerate(speakers)}
    return [[one for one in examples if fold_of[one.speaker_key] == fold] for fold in range(FOLDS)]


def chosen_weights(
    examples: Sequence[Example],
    *,
    habits_of: Callable[[Sequence[Example]], Habits],
    measure: Measure,
    base: Chain,
    sound: Sound,
    progress: Progress,
    seed: int,
    by_rule: tuple[float, float],
) -> Choice:
    """The weight of `measure` and the cost of a change with the fewest word errors; of equals, those that change least.

    `by_rule` is what they are where there is no sound to choose by, or no recogniser that weighs.
    """
    recogniser = base.recogniser
    if not isinstance(recogniser, CascadeRecogniser):
        return Choice(weight=by_rule[0], change_nats=by_rule[1], weighed=0)
    drawn = _drawn(examples, seed=seed)
    parts = folds(examples, seed=seed)
    weighings: list[_Weighing] = []
    done = 0
    for part in parts:
        members = {one.recording_id for one in part}
        habits = habits_of([one for one in examples if one.recording_id not in members])
        for one in part:
            if one.recording_id in drawn:
                done += 1
                progress(done, len(drawn))
                pcm = sound(one.recording_id)
                if pcm is not None:
                    weighings.append(_weighed(one, pcm, recogniser=recogniser, habits=habits))
    if len(weighings) < FEWEST_WEIGHED:
        return Choice(weight=by_rule[0], change_nats=by_rule[1], weighed=len(weighings))
    grid = [(weight, change) for weight in WEIGHTS for change in CHANGES_NATS]
    totals = {pair: sum(_errors(one, *pair, measure=measure) for one in weighings) for pair in grid}
    weight, change = min(grid, key=lambda pair: (totals[pair], pair[0] * 4 - pair[1]))
    return Choice(
        weight=weight,
        change_nats=change,
        weighed=len(weighings),
        errors_before=sum(one.errors for one in weighings),
        errors_after=totals[weight, change],
    )


def _drawn(examples: Sequence[Example], *, seed: int) -> frozenset[str]:
    """Which examples are weighed: those with sound, at most so many."""
    ids = sorted(one.recording_id for one in examples if one.audio_seconds and one.transcript)
    random.Random(seed).shuffle(ids)  # noqa: S311 - to draw the same again
    return frozenset(ids[:MOST_WEIGHED])


def _weighed(example: Example, pcm: Pcm, *, recogniser: CascadeRecogniser, habits: Habits) -> _Weighing:
    variants: dict[str, Variant] = {}

    def propose(first: str, begin_others: BeginOthers) -> list[str]:
        variants.update((one.text, one) for one in habits.variants(first))
        return list(variants)

    heard, weighed = recogniser.careful.weigh(pcm, propose)
    truth = plain_words(example.transcript)
    errors = word_errors(truth, plain_words(heard.text))
    if not weighed:
        return _Weighing(errors, ())
    first, *others = weighed
    return _Weighing(errors, tuple(_option(one, first, variants, truth) for one in others if one.text in variants))


def _option(one: Weighed, first: Weighed, variants: dict[str, Variant], truth: tuple[str, ...]) -> tuple[float, Variant, int]:
    nats = one.log_probability - first.log_probability
    return nats, variants[one.text], word_errors(truth, plain_words(one.text))


def _errors(one: _Weighing, weight: float, change_nats: float, *, measure: Measure) -> int:
    best, errors = 0.0, one.errors
    for nats, variant, found in one.options:
        worth = nats + weight * measure(variant) - change_nats * variant.changes
        if worth > best:
            best, errors = worth, found
    return errors
