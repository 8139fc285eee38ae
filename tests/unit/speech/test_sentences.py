"""Cutting a reply into pieces: ends of sentences, not abbreviations or decimals; nothing lost, nothing too long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.speech.tts.sentences import LONGEST_PIECE, opening, sentences, speakable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Done.", ("Done.",)),
        ("It is 21.5 degrees. The heating is off.", ("It is 21.5 degrees.", "The heating is off.")),
        ("No. Nothing is playing.", ("No.", "Nothing is playing.")),
        ("See No. 5 first. Then go.", ("See No. 5 first.", "Then go.")),
        ("Dr. Smith is at the door! Open it?", ("Dr. Smith is at the door!", "Open it?")),
        ("Wake up at 7 a.m. on Monday. Good night.", ("Wake up at 7 a.m. on Monday.", "Good night.")),
        ("J. R. Hartley called.", ("J. R. Hartley called.",)),
        ("Lights, e.g. the lamp, are on. So is the fan.", ("Lights, e.g. the lamp, are on.", "So is the fan.")),
        ("Version 3.11.2 is here... It works.", ("Version 3.11.2 is here...", "It works.")),
        ('He said "stop." Then he left.', ('He said "stop."', "Then he left.")),
        ("milk\nbread\n\neggs", ("milk", "bread", "eggs")),
        ("the light is on. and the fan too", ("the light is on. and the fan too",)),
        ("Really?! Yes.", ("Really?!", "Yes.")),
    ],
)
def test_text_is_cut_at_ends_of_sentences(text: str, expected: tuple[str, ...]) -> None:
    assert sentences(text) == expected


@pytest.mark.parametrize("text", ["", "   ", "\n\n", "...", "\N{PARTY POPPER}\N{VARIATION SELECTOR-16}", "\x00\x1b", "---", "()"])
def test_text_with_nothing_to_say_gives_no_sentence(text: str) -> None:
    assert sentences(text) == ()


def test_markup_emoji_and_links_are_not_spoken() -> None:
    assert speakable("**Done** \N{THUMBS UP SIGN}, see [the page](http://x/y).") == "Done , see the page."
    assert speakable("21\N{DEGREE SIGN} & 5 %") == "21\N{DEGREE SIGN} & 5 %"


def test_a_long_sentence_is_cut_at_clauses_and_keeps_its_words() -> None:
    text = ", ".join(f"item number {number} of the list" for number in range(40)) + "."
    pieces = sentences(text)
    assert " ".join(pieces) == text
    assert len(pieces) > 1
    assert all(len(piece) <= LONGEST_PIECE for piece in pieces)
    assert all(piece.endswith(",") for piece in pieces[:-1])


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The light is on.", ("The light is on.",)),
        ("I have turned on the light in the hall.", ("I have turned", "on the light in the hall.")),
        ("I am sorry, I did not understand you.", ("I am sorry,", "I did not understand you.")),
        ("Blue green red black white pink grey brown.", ("Blue green red black white pink grey brown.",)),
    ],
)
def test_the_opening_is_cut_where_a_speaker_could_pause(sentence: str, expected: tuple[str, ...]) -> None:
    assert opening(sentence) == expected


@given(st.text(max_size=800))
def test_any_text_gives_pieces_within_the_limit_and_loses_no_letter(text: str) -> None:
    pieces = sentences(text)
    assert all(0 < len(piece) <= LONGEST_PIECE and piece == piece.strip() for piece in pieces)
    assert _letters(" ".join(pieces)) == _letters(speakable(text))
    assert all(_letters(" ".join(opening(piece))) == _letters(piece) for piece in pieces)


@given(st.text(alphabet="abc. ,!?\n'\")(", max_size=600))
def test_punctuation_in_any_order_loses_no_letter(text: str) -> None:
    assert _letters(" ".join(sentences(text))) == _letters(text)


def _letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum())
