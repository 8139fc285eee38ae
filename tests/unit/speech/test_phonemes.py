"""Text to phonemes: runs that a model can take, accents, and text that the rules trip over."""

import pytest

from earwitness.domain.errors import EngineError
from earwitness.speech.tts.kokoro import symbols
from earwitness.speech.tts.phonemes import LONGEST, Phonemiser, phonemiser


class _Refuses:
    """A conversion that fails on some words, as rules written for ordinary text do."""

    def __init__(self, *words: str) -> None:
        self._words = words

    def __call__(self, text: str) -> str:
        if any(word in text for word in self._words):
            raise IndexError(text)
        return text


def _with(conversion: _Refuses) -> Phonemiser:
    made = Phonemiser(is_british=False)
    made._convert = conversion
    return made


def test_a_word_that_cannot_be_converted_is_left_out() -> None:
    assert _with(_Refuses("xyz"))("the xyz lamp") == ("the lamp",)


def test_text_that_cannot_be_converted_at_all_is_an_error() -> None:
    with pytest.raises(EngineError):
        _with(_Refuses("xyz"))("xyz")


def test_long_text_comes_in_runs_cut_at_words() -> None:
    text = "lamp " * 300
    runs = _with(_Refuses())(text)
    assert " ".join(runs) == text.strip()
    assert all(len(run) <= LONGEST for run in runs)
    assert [len(run) for run in _with(_Refuses())("a" * 1000)] == [400, 400, 200]


def test_punctuation_alone_has_no_sound() -> None:
    assert _with(_Refuses())("... !") == ()


@pytest.mark.models
def test_accents_differ_and_every_phoneme_is_known_to_kokoro() -> None:
    text = "The car in the bath can't be new: it costs $3.50, doesn't it?"
    american, british = (phonemiser(is_british=is_british)(text)[0] for is_british in (False, True))
    assert american != british
    assert set(american + british) <= symbols().keys()


@pytest.mark.models
def test_a_huge_number_is_read_digit_by_digit() -> None:
    (run,) = phonemiser(is_british=False)("9" * 40)
    (nine,) = phonemiser(is_british=False)("9")
    assert run.count(nine[-3:]) == 40
