"""A quick recogniser first, a careful one when the quick one did not hear a sentence of this home.

Owns the order of the attempts; what a sentence of this home is, the caller says.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from earwitness.domain.audio import Pcm
from earwitness.domain.turn import Transcript

MOST_LOSS = 1.0
"""How much less likely than the first hypothesis, in nats per token, a known sentence may be and still be taken."""


class Quick(Protocol):
    """A recogniser that is fast and often wrong."""

    def transcribe(self, pcm: Pcm, *, hints: Sequence[str] = ()) -> Transcript: ...


class Careful(Protocol):
    """A recogniser that can say what else it may have heard."""

    def hypotheses(self, pcm: Pcm, *, hints: Sequence[str] = ()) -> Iterator[Transcript]: ...


class CascadeRecogniser:
    """Takes the first transcript that is a sentence of this home, else what the careful recogniser heard. One call at a time."""

    name = "cascade"

    def __init__(
        self,
        quick: Quick,
        careful: Careful,
        is_known: Callable[[str], bool],
        *,
        is_closed: Callable[[str], bool] | None = None,
        is_exact: Callable[[str], bool] = lambda text: False,
    ) -> None:
        """`is_known` tells whether a text is a sentence of this home; `is_closed`, whether it is one with no words of its own.

        "Add plums to my list" is known and not closed: any word fits there, so the quick recogniser's guess proves nothing.
        Without `is_closed`, every known sentence counts as closed. `is_exact` tells of sentences that are taken only as the
        careful recogniser's first hypothesis, because to act on one that was not said does harm.
        """
        self._quick = quick
        self._careful = careful
        self._is_known = is_known
        self._is_closed = is_closed or is_known
        self._is_exact = is_exact

    def transcribe(self, pcm: Pcm, *, hints: Sequence[str] = ()) -> Transcript:
        """Transcribe 16 kHz mono PCM. Silence gives an empty text. Raises EngineError if a model fails."""
        quick = self._quick.transcribe(pcm)
        if quick.text and self._is_closed(quick.text):
            return quick
        first: Transcript | None = None
        for hypothesis in self._careful.hypotheses(pcm, hints=hints):
            first = first or hypothesis
            if not hypothesis.text or _is_unlikely(hypothesis, beside=first) or not self._is_known(hypothesis.text):
                continue
            if hypothesis is first or not self._is_exact(hypothesis.text):
                return hypothesis
        return first or Transcript(text="", engine=self.name, audio_seconds=pcm.seconds)


def _is_unlikely(hypothesis: Transcript, *, beside: Transcript) -> bool:
    mine, best = hypothesis.mean_log_probability, beside.mean_log_probability
    return mine is not None and best is not None and mine < best - MOST_LOSS
