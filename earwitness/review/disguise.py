"""What a reviewer may hear of a recording: personal words silent, the voice disguised. Pure but for the timer that it is given.

It decides nothing about who may hear it, and its result carries no mark yet. Where the times of the words are not to be believed
there is no sound: half of a thing to hide is no answer.
"""

from collections.abc import Collection, Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from earwitness.domain.audio import RATE_HZ
from earwitness.domain.recording import Recording
from earwitness.review.anonymise import anonymise
from earwitness.review.deidentify import deidentify, hidden_words
from earwitness.review.redact_audio import Span, silence
from earwitness.review.word_times import WordTime

Samples = NDArray[np.int16]

EDGE_SECONDS: Final = 0.3
"""Before the first word and after the last one: beyond that nothing was recognised, and whatever is there is not for others."""


class Timer(Protocol):
    """Says when each word of a text was said (`word_times.WordTimer`)."""

    def times(self, samples: Samples, text: str) -> tuple[WordTime, ...] | None:
        """The times of the whitespace-separated words; None where they are not to be believed. Raises ModelError, EngineError."""
        ...


def said_in(recording: Recording) -> str:
    """The words that were said, as far as is known: the person's own where they corrected what was heard."""
    return recording.heard if recording.corrected_at is None else recording.turn.transcript


def disguised(samples: Samples, text: str, *, timer: Timer, names: Collection[str], known: Collection[str]) -> Samples | None:
    """int16 [samples], 16 kHz mono, as long as before: silent is every word that `deidentify` blanks out of `text`, and
    whatever lies beyond the words; None where the words cannot be timed. Raises ModelError, EngineError."""
    times = timer.times(samples, text)
    if not times:
        return None
    hidden = deidentify(text, names=names, also_known=known).hidden
    spans = silent_spans(times, hidden_words(text, hidden), seconds=len(samples) / RATE_HZ)
    return silence(anonymise(silence(samples, spans)), spans)  # again: a disguise must not put anything where nothing was


def silent_spans(times: Sequence[WordTime], hidden: Sequence[int], *, seconds: float) -> list[Span]:
    """The seconds to silence, from and until: those of the hidden words, before the first word and after the last one."""
    spans = [(times[index].from_seconds, times[index].until_seconds) for index in hidden]
    first, last = times[0].from_seconds - EDGE_SECONDS, times[-1].until_seconds + EDGE_SECONDS
    if first > 0:
        spans.append((-1.0, first))
    if last < seconds:
        spans.append((last, seconds + 1.0))
    return spans
