"""What is heard for what in this home: learned from where transcripts were corrected, with counts, against how often the same
words were heard right. Applied as candidates by speech/stt/habits.py; the sound decides.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from rapidfuzz.distance import Levenshtein

from earwitness.domain.errors import ModelError
from earwitness.improve.adapters.weighing import chosen_weights
from earwitness.improve.adapting import Chain, Example, Learned, Metric, Progress, Sound
from earwitness.speech.stt.cascade import CascadeRecogniser
from earwitness.speech.stt.habits import Confusions, Habits, confusions_bytes, read_confusions, words_of
from earwitness.speech.stt.pronouncing import pronunciation
from earwitness.speech.stt.segments import FAR, Heard, units_of
from earwitness.speech.stt.sounds import Pronunciation

FILE: Final = "confusions.json"
FEWEST_EXAMPLES: Final = 5
FEWEST_SAID: Final = 2
"""What was said in place of something counts if each of its words was said so often: a slip of one annotator is no habit."""
LONGEST: Final = 4
"""Words on either side."""
ALIKE: Final = 0.5
"""Distance for each sound up to which one can have been heard for the other."""


class ConfusionsAdapter:
    """Learns `Confusions`."""

    name = "confusions"
    metrics = frozenset({Metric.WORD_ERRORS, Metric.SLOT_ERRORS, Metric.INTENT_ERRORS, Metric.COMMAND_ERRORS, Metric.LATENCY})

    def learn(self, examples: Sequence[Example], *, base: Chain, sound: Sound, progress: Progress, seed: int) -> Learned | None:
        """Align, count, and choose the weights on the examples."""
        taught = [one for one in examples if one.transcript and one.heard and one.language == "en"]
        if len(taught) < FEWEST_EXAMPLES:
            return None
        say = pronunciation()
        whole = confused(taught, say)
        if not whole.said:
            return None
        choice = chosen_weights(
            taught,
            habits_of=lambda part: Habits(say, confusions=confused(part, say)),
            measure=lambda variant: variant.confusion_nats,
            base=base,
            sound=sound,
            progress=progress,
            seed=seed,
            by_rule=(whole.weight, whole.change_nats),
        )
        learned = replace(whole, weight=choice.weight, change_nats=choice.change_nats)
        facts = {
            "sentences": len(taught),
            "confusions": sum(len(said) for said in learned.said.values()),
            "weight": choice.weight,
            "change_nats": choice.change_nats,
            "weighed": choice.weighed,
            "word_errors_before": choice.errors_before,
            "word_errors_after": choice.errors_after,
        }
        return Learned(files={FILE: confusions_bytes(learned)}, facts=facts)

    def put_in(self, chain: Chain, files: Mapping[str, bytes]) -> Chain:
        """The chain with these confusions; a recogniser that weighs nothing stays as it is. Raises ModelError."""
        if files.keys() != {FILE}:
            raise ModelError("These are not the files of what is heard for what.")
        confusions = read_confusions(files[FILE])
        if not isinstance(chain.recogniser, CascadeRecogniser):
            return chain
        return replace(chain, recogniser=chain.recogniser.taught(pronunciation(), confusions=confusions))


def confused(examples: Sequence[Example], say: Pronunciation) -> Confusions:
    """What was heard for what in these examples, with the weights by rule."""
    said = Counter(word for one in examples for word in words_of(one.transcript))
    found: dict[str, Counter[str]] = {}
    for one in examples:
        for heard, meant in replaced(words_of(one.heard), words_of(one.transcript)):
            if all(said[word] >= FEWEST_SAID for word in meant) and _is_alike(heard, meant, say):
                found.setdefault(" ".join(heard), Counter())[" ".join(meant)] += 1
    return Confusions(said={heard: dict(counts) for heard, counts in found.items()}, kept=_kept(examples, found))


def replaced(heard: Sequence[str], said: Sequence[str]) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The pieces of what was heard for which something else was said, at most four words on either side."""
    blocks: list[tuple[int, int, int, int]] = []
    for code in Levenshtein.opcodes(heard, said):
        if code.tag == "equal":
            continue
        begin, end, first, last = code.src_start, code.src_end, code.dest_start, code.dest_end
        if blocks and blocks[-1][1] == begin and blocks[-1][3] == first:
            blocks[-1] = (blocks[-1][0], end, blocks[-1][2], last)
        else:
            blocks.append((begin, end, first, last))
    for begin, end, first, last in blocks:
        if 0 < end - begin <= LONGEST and 0 < last - first <= LONGEST:
            yield tuple(heard[begin:end]), tuple(said[first:last])


def _is_alike(heard: Sequence[str], said: Sequence[str], say: Pronunciation) -> bool:
    ours, theirs = say.of_all(heard), say.of_all(said)
    if not ours or not theirs or ours == theirs:
        return False
    row = Heard(ours)
    start = np.full((1, row.places), FAR, dtype=np.float32)
    start[0, 0] = 0.0
    cost = row.after(start, units_of([theirs]), np.array([0], dtype=np.int64))[0, -1]
    return bool(cost <= ALIKE * max(len(ours), len(theirs)))


def _kept(examples: Sequence[Example], found: Mapping[str, Counter[str]]) -> dict[str, int]:
    """How often each of the confused pieces was heard and was right."""
    right: Counter[str] = Counter()
    for one in examples:
        heard, said = words_of(one.heard), f" {' '.join(words_of(one.transcript))} "
        for length in range(1, LONGEST + 1):
            for at in range(len(heard) - length + 1):
                piece = " ".join(heard[at : at + length])
                if piece in found and f" {piece} " in said:
                    right[piece] += 1
    return dict(right)
