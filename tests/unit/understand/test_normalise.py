"""The plain form of a request: what is taken away and what stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.errors import TextError
from earwitness.understand.normalise import LONGEST_CHARACTERS, normalise


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("Viss, turn on the bedroom light.", "turn on the bedroom light"),
        ("Arvis turn on the visor lamp", "turn on the visor lamp"),
        ("Turn on the light.", "Turn on the light"),
        ("Okay Nabu, turn on the light", "turn on the light"),
        ("hey, um, could you please turn on the light, thank you", "turn on the light"),
        ("Alexa. Turn on the light!", "turn on the light"),
        ("I'd like you to turn on the light for me", "turn on the light"),
        ("turn on the \u201cBed Light\u201d", "turn on the Bed Light"),
        ("what\u2019s the time", "what's the time"),
        ("turn\u00a0on\tthe\nlight", "turn on the light"),
        ("set it to 50 percent", "set it to 50%"),
        ("set it to 50 %", "set it to 50%"),
        ("set the brightness 250 percent", "set the brightness to 50%"),
        ("set it to 20 \u00b0C", "set it to 20 degrees"),
        ("set it to 20\u00ba", "set it to 20 degrees"),
        ("a timer for half an hour", "a timer for 30 minutes"),
        ("a timer for an hour and a half", "a timer for 1 hour and 30 minutes"),
        ("turn of the light", "turn off the light"),
        ("what time is it now", "what time is it"),
        ("okay", "okay"),
        ("please", "please"),
        ("", ""),
        ("...", ""),
    ],
)
def test_plain_form(said: str, plain: str) -> None:
    assert normalise(said).lower() == plain.lower()


@pytest.mark.parametrize("said", ["play Here and Now", "announce dinner now", "add Tide Plus to the list"])
def test_free_speech_keeps_its_words_and_capitals(said: str) -> None:
    assert normalise(said) == said


@pytest.mark.parametrize("characters", [LONGEST_CHARACTERS + 1, 100_000])
def test_text_that_is_too_long_is_refused(characters: int) -> None:
    with pytest.raises(TextError) as caught:
        normalise("a" * characters)
    assert caught.value.code == "text.too_long"


@given(st.text(max_size=LONGEST_CHARACTERS))
def test_is_one_line_with_single_spaces(text: str) -> None:
    plain = normalise(text)
    assert plain == " ".join(plain.split())
    assert not any(character in plain for character in '\n\r\x00"')


_WORDS = st.lists(
    st.sampled_from(["turn", "on", "the", "light", "kitchen", "please", "okay", "nabu", "um", "add", "eggs", "5", "minutes"]),
    max_size=12,
)


@given(_WORDS)
def test_is_settled_after_once(words: list[str]) -> None:
    once = normalise(" ".join(words))
    assert normalise(once) == once
