"""Which hearing a cascade takes, on recognisers and a home that are told what to hear and know."""

from collections.abc import Callable, Sequence

import pytest

from earwitness.domain.audio import Pcm
from earwitness.domain.intent import Context
from earwitness.domain.spoken_language import Label, Named, Open, Word
from earwitness.domain.turn import Transcript
from earwitness.speech.stt.cascade import CLEAR, CascadeRecogniser
from earwitness.speech.stt.choosing import MOST_LOSS, Choice, chosen
from earwitness.speech.stt.retrieval import Part, Sentence
from earwitness.speech.stt.whisper import Propose, Weighed


class Quick:
    def __init__(self, text: str) -> None:
        self._text = text

    def transcribe(self, pcm: Pcm, *, hints: Sequence[str] = ()) -> Transcript:
        return Transcript(text=self._text, engine="quick", audio_seconds=pcm.seconds)


class Careful:
    """Hears a text first; finds each text as likely as it is told (natural logarithm), and others impossible."""

    def __init__(self, first: str, likely: dict[str, float], others: Sequence[str] = ()) -> None:
        self._first = first
        self._others = others
        self.is_asked_for_others = False
        self._likely = likely
        self.weighed: list[str] = []

    def _begin(self) -> Callable[[], Sequence[str]]:
        self.is_asked_for_others = True
        return lambda: self._others

    def weigh(self, pcm: Pcm, propose: Propose) -> tuple[Transcript, tuple[Weighed, ...]]:
        self.weighed = list(propose(self._first, self._begin))
        heard = Transcript(text=self._first, engine="careful", audio_seconds=pcm.seconds)
        if not self.weighed:
            return heard, ()
        texts = [self._first, *self.weighed]
        return heard, tuple(Weighed(text, self._likely.get(text, -99.0), len(text.split())) for text in texts)


class Home:
    """Knows these sentences; all of them sound like everything. Words in capitals are open, in brackets names."""

    def __init__(self, *sentences: str, exact: str = "", answers: Sequence[str] = (), nearest: float = CLEAR + 1) -> None:
        self._sentences = sentences
        self._exact = exact
        self._answers = answers
        self._nearest = nearest
        self.asked: list[str] = []

    def knows(self, text: str, *, context: Context) -> bool:
        return self.is_closed(text, context=context) or self._is_open(text)

    def _is_open(self, text: str) -> bool:
        return any("ITEM" in each and _matches(each, text) for each in self._sentences)

    def is_closed(self, text: str, *, context: Context) -> bool:
        said = [*self._sentences, *(self._answers if context.expects else ())]
        return text.lower() in [each.lower() for each in said if "ITEM" not in each and each != self._exact]

    def is_exact(self, text: str) -> bool:
        return text.lower() == self._exact

    def nearest(self, text: str, *, context: Context, most: int) -> Sequence[Sentence]:
        said = [*(self._answers if context.expects else ()), *self._sentences, *([self._exact] if self._exact else [])]
        self.asked.append(text)
        return [Sentence(_parts(each, text), self._nearest + index) for index, each in enumerate(said)][:most]


def _matches(template: str, text: str) -> bool:
    before, _, after = template.partition("ITEM")
    return text.lower().startswith(before) and text.lower().endswith(after)


def _parts(template: str, text: str) -> tuple[Part, ...]:
    def label(word: str) -> Label:
        return Open("item") if word == "ITEM" else Named("name") if word == "lamp" else Word(word)

    item = text.split()[1] if len(text.split()) > 1 else text
    return tuple(Part(item if word == "ITEM" else word, label(word)) for word in template.split())


def heard(quick: str, careful: Careful, home: Home, *, context: Context | None = None) -> str:
    return CascadeRecogniser(Quick(quick), careful, home).transcribe(Pcm(data=bytes(32)), context=context).text


def test_the_quick_one_is_believed_when_it_heard_a_closed_sentence() -> None:
    careful = Careful("turn on the lamb", {})
    assert heard("turn on the lamp", careful, Home("turn on the lamp")) == "turn on the lamp"
    assert careful.weighed == []


def test_what_is_heard_in_the_language_is_taken_at_once() -> None:
    careful = Careful("Turn on the lamp", {})
    assert heard("turn of lamp", careful, Home("turn on the lamp", "turn off the lamp")) == "Turn on the lamp"
    assert careful.weighed == []


@pytest.mark.parametrize(("loss", "is_taken"), [(0.5, True), (3.0, True), (30.0, False)])
def test_a_sentence_of_the_home_is_taken_when_the_sound_makes_it_nearly_as_likely(loss: float, is_taken: bool) -> None:
    careful = Careful("turn on the lamb", {"turn on the lamb": -1.0, "Turn on the lamp": -1.0 - loss})
    assert heard("", careful, Home("turn on the lamp")) == ("Turn on the lamp" if is_taken else "turn on the lamb")


def test_names_are_weighed_with_and_without_capitals() -> None:
    careful = Careful("turn on the lamb", {})
    heard("", careful, Home("turn on the lamp"))
    assert careful.weighed == ["Turn on the lamp", "Turn on the Lamp"]


def test_an_exact_sentence_is_never_taken_in_place_of_what_was_heard() -> None:
    likely = {"delete every thin": -5.0, "Delete everything": -0.1}
    assert heard("", Careful("delete every thin", likely), Home(exact="delete everything")) == "delete every thin"
    assert (
        heard("delete everything", Careful("delete every thin", likely), Home(exact="delete everything")) == "delete every thin"
    )
    assert heard("", Careful("Delete everything", likely), Home("turn on the lamp", exact="delete everything")) == (
        "Delete everything"
    )


def test_words_that_nobody_foresees_yield_to_words_that_the_home_knows() -> None:
    home = Home("add ITEM", "add milk to my list")
    likely = {"add milk": -4.0, "Add milk": -4.0, "Add milk to my list": -4.5}
    assert heard("", Careful("add milk", likely), home) == "Add milk to my list"
    assert heard("", Careful("add milk", {**likely, "Add milk to my list": -7.0}), home) == "add milk"


def test_what_was_asked_for_is_heard() -> None:
    careful = Careful("Yes I", {"Yes I": -1.0, "Yes": -2.0})
    home = Home("turn on the lamp", answers=["yes", "no"])
    assert heard("", careful, home) == "Yes I"
    assert heard("", careful, home, context=Context(expects="confirmed")) == "Yes"


def test_other_hypotheses_of_the_recogniser_are_weighed_if_they_are_sentences_of_the_home() -> None:
    likely = {"told the lab": -1.0, "hold the lab": -1.5, "turn the lamp": -1.2, "Turn on the lamp": -50.0}
    home = Home("turn on the lamp", "hold the lab")
    careful = Careful("told the lab", likely, others=["told the lab", "hold the lab", "turn the lamp"])
    assert heard("", careful, home) == "hold the lab"
    assert "turn the lamp" not in careful.weighed


def test_beside_a_clear_sentence_nothing_further_is_looked_for() -> None:
    careful = Careful("turn on the lamb", {"turn on the lamb": -1.0, "Turn on the lamp": -2.0}, others=["hold the lab"])
    home = Home("turn on the lamp", "hold the lab", nearest=CLEAR)
    assert heard("hold the lab please", careful, home) == "Turn on the lamp"
    assert not careful.is_asked_for_others
    assert home.asked == ["turn on the lamb"]


def test_no_other_hypothesis_is_looked_for_when_the_first_is_a_sentence_of_the_home() -> None:
    careful = Careful("Turn on the lamp", {}, others=["turn off the lamp"])
    assert heard("", careful, Home("turn on the lamp", "turn off the lamp")) == "Turn on the lamp"
    assert not careful.is_asked_for_others


def test_silence_stays_silence() -> None:
    assert heard("", Careful("", {}), Home("turn on the lamp")) == ""


def test_the_likeliest_sentence_wins_and_one_that_may_not_be_taken_is_passed_over() -> None:
    first = Choice("turn on the lamb", -1.0, 4)
    others = [Choice("a", -1.2, 4), Choice("b", -1.1, 4), Choice("c", -1.0 - MOST_LOSS * 6, 4)]
    assert chosen(first, others, may_be_taken=lambda text: True) == others[1]
    assert chosen(first, others, may_be_taken=lambda text: text == "a") == others[0]
    assert chosen(first, others, may_be_taken=lambda text: text == "c") is None
