"""Which hearing a cascade takes, on recognisers that hear what they are told."""

from collections.abc import Iterator, Sequence

import pytest

from earwitness.domain.audio import Pcm
from earwitness.domain.turn import Transcript
from earwitness.speech.stt.cascade import CascadeRecogniser

SENTENCES = {"turn on the lamp", "delete everything"}


class Hearing:
    """Hears these texts, the likeliest first, each with its log probability."""

    def __init__(self, *heard: tuple[str, float]) -> None:
        self._heard = heard

    def transcribe(self, pcm: Pcm, *, hints: Sequence[str] = ()) -> Transcript:
        return next(self.hypotheses(pcm, hints=hints))

    def hypotheses(self, pcm: Pcm, *, hints: Sequence[str] = ()) -> Iterator[Transcript]:
        for text, likely in self._heard:
            yield Transcript(text=text, engine="told", audio_seconds=pcm.seconds, mean_log_probability=likely)


@pytest.mark.parametrize(
    ("careful", "taken"),
    [
        ([("turn on the lamb", -0.1), ("turn on the lamp", -0.3)], "turn on the lamp"),
        ([("delete every thin", -0.1), ("delete everything", -0.3)], "delete every thin"),
        ([("delete every thin", -0.1), ("delete everything", -0.3), ("turn on the lamp", -0.5)], "turn on the lamp"),
        ([("delete everything", -0.1), ("turn on the lamp", -0.3)], "delete everything"),
    ],
)
def test_an_exact_sentence_is_taken_only_as_the_first_hypothesis(careful: list[tuple[str, float]], taken: str) -> None:
    cascade = CascadeRecogniser(
        Hearing(("delete everything", -0.1)),
        Hearing(*careful),
        SENTENCES.__contains__,
        is_closed=lambda text: text == "turn on the lamp",
        is_exact=lambda text: text == "delete everything",
    )
    assert cascade.transcribe(Pcm(data=bytes(32))).text == taken
