"""What becomes of a recogniser's raw output: loops, notes about sounds, times, hints, word pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.errors import EngineError
from earwitness.speech.stt.hints import MOST_HINTS, nearest
from earwitness.speech.stt.pieces import Pieces
from earwitness.speech.stt.tidy import has_loop, said_once, tidy
from earwitness.speech.stt.whisper import segments

T0 = 50364


@pytest.mark.parametrize(
    ("raw", "tidied"),
    [
        (" Turn on  the light. ", "Turn on the light."),
        ("No, no, no.", "No, no, no."),
        ("Bed. Bed. Bed. Bed. Bed.", "Bed."),
        ("Set a timer for five five five five five minutes", "Set a timer for five minutes"),
        ("turn it on, turn it on, turn it on, turn it on", "turn it on"),
        ("[MUSIC] play (coughs) jazz ♪♪", "play jazz"),
        ("*laughs*", ""),
        ("... -", ""),
        ("", ""),
        ("7.", "7."),
    ],
)
def test_tidy(raw: str, tidied: str) -> None:
    assert tidy(raw) == tidied
    assert tidy(tidied) == tidied


@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=30))
def test_tidied_text_has_no_loop_of_one_word(words: list[str]) -> None:
    text = tidy(" ".join(words))
    assert not any(f" {letter}" * 4 in f" {text}" for letter in "abc")


@given(st.lists(st.text("abcdefghij", min_size=1, max_size=5), unique=True, max_size=20))
def test_words_said_once_are_kept(words: list[str]) -> None:
    text = " ".join(words)
    assert tidy(text) == text
    assert not has_loop(text)
    assert said_once(text) == text


def test_said_once() -> None:
    assert said_once("Next. Next!") == "Next."
    assert said_once("It is late. it is late") == "It is late."
    assert said_once("It is it") == "It is it"


def test_segments_end_with_the_clip() -> None:
    ids = [T0, 10, 11, T0 + 50, T0 + 50, 12, T0 + 100, T0 + 200, 13, T0 + 250]
    assert segments(ids, seconds=3.0) == [[10, 11], [12]]
    assert segments(ids, seconds=9.0) == [[10, 11], [12], [13]]
    assert segments([T0, 10, T0 + 20, T0 + 20, 10, T0 + 40], seconds=3.0) == [[10]]
    assert segments([10, 11], seconds=1.0) == [[10, 11]]
    assert segments([], seconds=1.0) == []


def test_the_nearest_hints_come_first() -> None:
    names = [f"device number {number}" for number in range(100)] + ["Standing Light", "Bed Light"]
    found = nearest(names, text="turn on spending light")
    assert found[0] == "Standing Light"
    assert len(found) == MOST_HINTS
    assert nearest([], text="anything") == ()
    assert nearest(["Fan"], text="") == ("Fan",)


def test_word_pieces_are_read_in_order() -> None:
    long = ("▁" + "x" * 200).encode()
    data = b"\5<unk>\3<s>\4</s>\5" + "▁hi".encode() + b"\x01!" + bytes([0x80 | (len(long) & 0x7F), len(long) >> 7]) + long
    pieces = Pieces(data)
    assert len(pieces) == 6
    assert pieces.text([1, 3, 4, 2]) == "hi!"
    assert pieces.text([3, 5]) == "hi " + "x" * 200


@pytest.mark.parametrize("data", [b"\5<un", b"\1", b"\x80"])
def test_a_vocabulary_that_ends_inside_a_piece_is_refused(data: bytes) -> None:
    with pytest.raises(EngineError, match="damaged"):
        Pieces(data)
