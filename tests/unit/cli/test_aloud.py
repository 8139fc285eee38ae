"""The first start by voice in a terminal, with somebody whose answers are written down here."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from earwitness.cli.aloud import AloudSetup, Heard

WORDS = ("alexa", "hey jarvis", "okay nabu")
VOICES = ("heart", "bella", "emma")


@dataclass
class Somebody:
    """Answers in order: what is said, or typed if it begins with ">"."""

    answers: list[str]
    said: list[tuple[str, str]] = field(default_factory=list)

    def say(self, text: str, *, voice: str) -> None:
        self.said.append((voice, text))

    def hear(self, *, hints: Sequence[str]) -> Heard:
        words = self.answers.pop(0)
        return Heard(words=words.removeprefix(">"), is_typed=words.startswith(">"))

    def asks(self) -> AloudSetup:
        return AloudSetup(self, voice="heart")


def test_a_name_is_read_back_and_corrected() -> None:
    somebody = Somebody(["Villa Test.", "No.", "Call it Rose Cottage", "Yes."])
    assert somebody.asks().home("What is it called?", default="Home") == "Rose Cottage"
    assert [text for _, text in somebody.said] == [
        "What is it called?",
        "Your home is called Villa Test. Is that right?",
        "What is it called?",
        "Your home is called Rose Cottage. Is that right?",
    ]


@pytest.mark.parametrize(("answers", "name"), [(["go on"], "Home"), ([">"], "Home"), ([">The Burrow"], "The Burrow")])
def test_it_stays_as_it_is_or_is_typed(answers: list[str], name: str) -> None:
    assert Somebody(answers).asks().home("?", default="Home") == name


def test_what_is_typed_while_it_is_read_back_counts_and_enter_confirms() -> None:
    assert Somebody(["Villa", ">Cabin"]).asks().home("?", default="Home") == "Cabin"
    assert Somebody(["Villa", ">"]).asks().home("?", default="Home") == "Villa"


def test_rooms_are_those_that_are_not_known_yet() -> None:
    assert Somebody(["attic, kitchen and library", "yes"]).asks().rooms("?", known=["Kitchen"]) == ["attic", "library"]
    assert Somebody([">Attic, Cellar"]).asks().rooms("?", known=["Kitchen"]) == ["Attic", "Cellar"]
    assert Somebody(["nothing else"]).asks().rooms("?", known=["Kitchen"]) == []


def test_a_wake_word_by_number_or_name() -> None:
    assert Somebody(["the second one", "yes"]).asks().wake_word("?", words=WORDS, default="alexa") == "hey jarvis"
    assert Somebody(["OK, Nabu", "that's right"]).asks().wake_word("?", words=WORDS, default="alexa") == "okay nabu"


def test_voices_are_heard_one_after_the_other() -> None:
    somebody = Somebody(["next", "next", "this one", "yes"])
    asks = somebody.asks()
    assert asks.choose_voice("?", voices=VOICES) == "emma"
    assert {voice for voice, text in somebody.said if text.startswith("Hello.")} == set(VOICES)
    assert somebody.said[-1][0] == "emma", "it is confirmed in the voice that was chosen"
    assert Somebody(["bella", "yes"]).asks().choose_voice("?", voices=VOICES) == "bella"


@pytest.mark.parametrize(
    ("answers", "has_understood"),
    [
        (["Yes, I understand."], True),
        ([">yes"], True),
        ([">"], False),
        (["No."], False),
        (["repeat", "I understand"], True),
        (["yes", "go on", "understood"], True),
    ],
)
def test_it_is_acknowledged_in_so_many_words(answers: list[str], has_understood: bool) -> None:
    assert Somebody(answers).asks().has_understood("?") is has_understood
