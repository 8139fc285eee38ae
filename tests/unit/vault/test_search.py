"""Search terms: the same words give the same terms for their owner, and say nothing to anybody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.vault.search import MOST_WORDS, TERM_BYTES, term, terms, words

KEY, OTHER_KEY = bytes(range(32)), bytes(32)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Turn on the kitchen lights, please!", ["turn", "on", "the", "kitchen", "light", "please"]),
        ("LIGHTS lights Light's light\u2019s light", ["light"]),
        ("it's 7:30 \u2014 don't", ["it", "7", "30", "don't"]),
        ("Stra\u00dfe STRASSE", ["strasse"]),
        ("caf\u00e9 cafe\u0301 \uff23\uff21\uff26\u00c9", ["caf\u00e9"]),
        ("glass bus gas is", ["glass", "bus", "gas", "is"]),
        ("buses news", ["buse", "new"]),
        ("snake_case a.b", ["snake", "case", "a", "b"]),
        ("\u6771\u4eac \u0645\u0631\u062d\u0628\u0627", ["\u6771\u4eac", "\u0645\u0631\u062d\u0628\u0627"]),
        ("\ud800 \x00 !?", []),
        ("", []),
    ],
)
def test_words_are_compared_in_one_form(text: str, wanted: list[str]) -> None:
    assert words(text) == wanted


@given(text=st.text(max_size=300))
def test_any_text_has_terms_and_is_found_by_each_of_its_words(text: str) -> None:
    found = terms([text], key=KEY)
    assert all(len(one) == TERM_BYTES for one in found)
    assert len(set(found)) == len(found)
    assert {term(word, key=KEY) for word in words(text)[:MOST_WORDS]} == set(found)
    assert words(" ".join(words(text))) is not None


@given(text=st.text(min_size=1, max_size=60), other=st.text(max_size=60))
def test_the_same_words_of_two_texts_count_once(text: str, other: str) -> None:
    assert set(terms([text, other], key=KEY)) == set(terms([text], key=KEY)) | set(terms([other], key=KEY))


@given(text=st.text(alphabet="abcdefgh ", min_size=5, max_size=100))
def test_terms_say_nothing_without_the_key(text: str) -> None:
    mine, theirs = terms([text], key=KEY), terms([text], key=OTHER_KEY)
    assert len(mine) == len(theirs)
    assert not set(mine) & set(theirs)
    assert not [word for word in words(text) if len(word) > 2 and any(word.encode() in one for one in mine)]


def test_a_very_long_text_has_a_bounded_number_of_terms() -> None:
    assert len(terms([" ".join(f"word{number}" for number in range(5000))], key=KEY)) == MOST_WORDS
