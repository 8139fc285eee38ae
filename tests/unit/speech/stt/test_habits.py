"""What else a text may have been in a home that corrected what was heard, with the voices' own pronunciation."""

import pytest

from earwitness.domain.errors import ModelError
from earwitness.speech.stt.habits import (
    MOST_VARIANTS,
    Confusions,
    Habits,
    Language,
    confusions_bytes,
    language_bytes,
    read_confusions,
    read_language,
    words_of,
)
from earwitness.speech.stt.pronouncing import pronunciation

LANGUAGE = Language(
    phrases={"light roast": 9, "iced mocha": 7, "eight ounce": 4},
    written={"eight ounce": "8 ounce"},
    words={"": 20, "a": 20, "light": 9, "roast": 9, "iced": 7, "mocha": 7, "eight": 4, "ounce": 4},
    pairs={("a", "light"): 9, ("light", "roast"): 9, ("roast", "iced"): 5, ("iced", "mocha"): 7, ("mocha", ""): 7},
)
CONFUSIONS = Confusions(said={"maca": {"mocha": 3}, "me a": {"mocha": 1}}, kept={"me a": 28})


def texts(habits: Habits, heard: str) -> list[str]:
    return [one.text for one in habits.variants(heard)]


def test_a_phrase_of_the_home_is_proposed_where_something_sounds_like_it() -> None:
    habits = Habits(pronunciation(), language=LANGUAGE)
    assert "Make me a light roast latte." in texts(habits, "Make me a light rose latte.")
    assert any("light roast iced mocha" in one for one in texts(habits, "A light rose ice mocker, please."))


def test_a_phrase_is_written_as_the_recogniser_writes_it_itself() -> None:
    pairs = {("an", "8"): 4, ("8", "ounce"): 4, ("ounce", "latte"): 4}
    language = Language(
        phrases={"eight ounce": 4}, written={"eight ounce": "8 ounce"}, words={"": 9, "an": 9, "8": 9, "ounce": 9}, pairs=pairs
    )
    assert any("8 ounce latte" in one for one in texts(Habits(pronunciation(), language=language), "an ate ounces latte"))


def test_what_was_heard_right_is_left_and_so_is_speech_of_other_kinds() -> None:
    habits = Habits(pronunciation(), language=LANGUAGE, confusions=CONFUSIONS)
    assert texts(habits, "Frank read English slowly") == []
    assert all(words_of(one) != ("a", "light", "roast") for one in texts(habits, "a light roast"))
    assert texts(habits, "") == []


def test_a_confusion_is_proposed_for_just_the_words_that_were_heard_so() -> None:
    habits = Habits(pronunciation(), confusions=CONFUSIONS)
    assert texts(habits, "A small maca") == ["A small mocha"]
    assert texts(habits, "A small macaroon") == []


def test_words_that_were_mostly_heard_right_are_not_taken_for_others() -> None:
    assert CONFUSIONS.gain("maca", "mocha") > 0 > CONFUSIONS.gain("me a", "mocha")
    assert CONFUSIONS.gain("maca", "latte") == 0
    assert texts(Habits(pronunciation(), confusions=CONFUSIONS), "make me a latte") == []


def test_a_home_makes_its_own_sentences_likelier_and_only_by_so_much() -> None:
    assert LANGUAGE.gain("a light roast iced mocha") > LANGUAGE.gain("a light rose ice mocker")
    assert Language().gain("anything") == 0
    habits = Habits(pronunciation(), language=LANGUAGE)
    assert all(one.worth_nats <= 8 * LANGUAGE.weight * one.changes for one in habits.variants("a light rose ice mocker"))


def test_variants_are_few() -> None:
    habits = Habits(pronunciation(), language=LANGUAGE, confusions=CONFUSIONS)
    heard = "a light rose ice mocker and a late rose ice mucker and an ate ones ice maca"
    assert 0 < len(texts(habits, heard)) <= MOST_VARIANTS


def test_both_files_come_back_as_they_were() -> None:
    assert read_language(language_bytes(LANGUAGE)) == LANGUAGE
    assert read_confusions(confusions_bytes(CONFUSIONS)) == CONFUSIONS


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"format":2}', b'{"format":1}', b'{"format":1,"phrases":3}', b"\xff"])
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(ModelError):
        read_language(data)
    with pytest.raises(ModelError):
        read_confusions(data)
