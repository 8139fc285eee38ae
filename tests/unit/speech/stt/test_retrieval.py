"""Which sentences sound like what was heard, on small languages; sounds are letters here, or the voices' phonemes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.spoken_language import END, Label, Named, Numbered, Open, SpokenLanguage, Word
from earwitness.speech.stt.retrieval import Part, Retrieval
from earwitness.speech.stt.segments import FAR, Heard, units_of
from earwitness.speech.stt.sounds import Pronunciation, losing_costs, substitution_costs
from earwitness.speech.stt.written import written
from earwitness.speech.tts.phonemes import phonemiser


def language(*sentences: list[Label], names: dict[str, tuple[str, ...]] | None = None) -> SpokenLanguage:
    """These sentences, each with states of its own."""
    arcs: list[tuple[tuple[Label, int], ...]] = [()]
    firsts: list[tuple[Label, int]] = []
    for labels in sentences:
        state = END
        for label in reversed(labels[1:]):
            arcs.append(((label, state),))
            state = len(arcs) - 1
        firsts.append((labels[0], state))
    arcs.append(tuple(firsts))
    return SpokenLanguage(arcs=tuple(arcs), start=len(arcs) - 1, names=names or {})


def said(text: str) -> list[Label]:
    return [Word(word) for word in text.split()]


@pytest.fixture(scope="module")
def pronunciation() -> Pronunciation:
    return Pronunciation(phonemiser(is_british=False))


LIGHTS = language(
    [*said("turn on the"), Named("name")],
    [*said("turn off the"), Named("name")],
    [*said("set a timer for"), Numbered(1, 99), Word("minutes")],
    [Word("add"), Open("item"), *said("to my shopping list")],
    said("next"),
    names={"name": ("standing light", "bed light", "ceiling fan", "stadium")},
)


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("Turn on the bad light.", "turn on the bed light"),
        ("turn of the sealing van", "turn off the ceiling fan"),
        ("Turn on the standing lied", "turn on the standing light"),
        ("Set a time of for 15 minutes", "set a timer for 15 minutes"),
        ("set a timer for fifteen minutes", "set a timer for 15 minutes"),
        ("Add red apples to my shopping lest.", "add red apples to my shopping list"),
        ("Necks", "next"),
    ],
)
def test_the_sentence_that_was_meant_is_the_nearest(pronunciation: Pronunciation, heard: str, meant: str) -> None:
    assert Retrieval(LIGHTS, pronunciation).nearest(heard, most=3)[0].text == meant


def test_a_sentence_of_the_language_is_at_no_distance(pronunciation: Pronunciation) -> None:
    (found,) = Retrieval(LIGHTS, pronunciation).nearest("turn off the bed light", most=1)
    assert found.text == "turn off the bed light"
    assert found.distance == pytest.approx(0.0, abs=1e-4)


@pytest.mark.parametrize("heard", ["", "...", "He was a man of great learning", "word " * 60])
def test_nothing_is_near_to_other_speech(pronunciation: Pronunciation, heard: str) -> None:
    assert Retrieval(LIGHTS, pronunciation).nearest(heard, most=3) == []


def test_of_many_names_the_one_that_sounds_alike_is_found(pronunciation: Pronunciation) -> None:
    made = [
        f"{first} {second}" for first in ("oak", "pine", "lime", "beech", "elm") for second in ("one", "lamp", "desk", "seat")
    ]
    names = {"name": (*made, *(f"{name} number {count}" for name in made for count in range(20)), "aquarium pump")}
    retrieval = Retrieval(language([*said("turn on the"), Named("name")], names=names), pronunciation)
    assert retrieval.nearest("turn on the a quarry um pump", most=1)[0].text == "turn on the aquarium pump"


SOUNDS = st.lists(st.integers(0, len(losing_costs()) - 1), max_size=7).map(tuple)


def distance(heard: tuple[int, ...], word: tuple[int, ...]) -> float:
    """The same by the textbook."""
    lose, apart = losing_costs(), substitution_costs()
    row = [0.0]
    for sound in heard:
        row.append(row[-1] + float(lose[sound]))
    for sound in word:
        after = [row[0] + float(lose[sound])]
        for place, other in enumerate(heard):
            after.append(
                min(row[place + 1] + float(lose[sound]), after[-1] + float(lose[other]), row[place] + float(apart[sound, other]))
            )
        row = after
    return row[-1]


@given(heard=SOUNDS, words=st.lists(SOUNDS, min_size=1, max_size=5))
def test_many_words_at_once_cost_what_each_costs(heard: tuple[int, ...], words: list[tuple[int, ...]]) -> None:
    start = np.full((len(words), len(heard) + 1), FAR, dtype=np.float32)
    start[:, 0] = 0.0
    costs = Heard(heard).after(start, units_of(words), np.arange(len(words)))
    assert [float(row[-1]) for row in costs] == pytest.approx([distance(heard, word) for word in words], abs=1e-2)


def test_hearing_amiss_costs_the_same_both_ways() -> None:
    costs = substitution_costs()
    assert (costs == costs.T).all()
    assert (costs.diagonal() == 0).all()


@pytest.mark.parametrize(
    ("parts", "ways"),
    [
        ([("next", Word("next"))], ["Next"]),
        ([("turn", Word("turn")), ("tv", Named("name"))], ["Turn tv", "Turn TV"]),
        ([("to", Word("to")), ("50", Numbered(0, 100)), ("%", Word("%"))], ["To 50%", "To fifty percent"]),
        ([("for", Word("for")), ("5", Numbered(1, 9)), ("minutes", Word("minutes"))], ["For 5 minutes", "For five minutes"]),
    ],
)
def test_sentences_are_written_as_recognisers_write(parts: list[tuple[str, Label]], ways: list[str]) -> None:
    assert written([Part(text, label) for text, label in parts]) == ways


def test_names_that_sound_the_same_are_one(pronunciation: Pronunciation) -> None:
    """Else the sentences that are weighed would be few, each twice."""
    order = language([*said("get me a"), Named("size"), Word("tea")], names={"size": ("eight ounce", "8 ounce", "small")})
    found = Retrieval(order, pronunciation).nearest("Get me a eight ones tea.", most=5)
    assert [sentence.text for sentence in found if "ounce" in sentence.text] == ["get me a eight ounce tea"]
    assert "Get me a 8 ounce tea" in written(found[0].parts)
