from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.improve.plain_text import as_number, plain_text, plain_words


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Turn on the light.", "turn on the light"),
        ("Set Bed Light brightness to 50%!", "set bed light brightness to 50 percent"),
        ("set bed light brightness to fifty per cent", "set bed light brightness to 50 percent"),
        ("twenty-five", "25"),
        ("one hundred and five", "105"),
        ("a hundred", "a hundred"),
        ("two point five degrees", "2.5 degrees"),
        ("1,234.50", "1234.5"),
        ("two thousand and six", "2006"),
        ("twenty twenty four", "20 24"),
        ("one two three", "1 2 3"),
        ("five thousand zero", "5000 0"),
        ("7 p.m.", "7 pm"),
        ("What's the time?", "whats the time"),
        ("what\u2019s", "whats"),
        ("a 12oz latte", "a 12 ounce latte"),
        ("the 21st", "the 21st"),
        ("21 °C", "21 degrees celsius"),
        ("$5.50", "5.5 dollars"),
        ("Okay, Mr. Smith", "ok mister smith"),
        ("wait...", "wait"),
        ("", ""),
        ("?!", ""),
    ],
)
def test_plain_form(text: str, plain: str) -> None:
    assert plain_text(text) == plain


@given(st.integers(min_value=0, max_value=999_999))
def test_a_number_with_separators_reads_as_the_same_number(number: int) -> None:
    assert plain_text(f"{number:,}") == str(number)


@given(st.text(st.characters(max_codepoint=127)))
def test_case_does_not_matter(text: str) -> None:
    assert plain_text(text.upper()) == plain_text(text)


@given(st.text())
def test_any_text_becomes_words(text: str) -> None:
    assert all(word.split() == [word] for word in plain_words(text))


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (5, "5"),
        (5.0, "5"),
        ("fifty", "50"),
        ("5.50", "5.5"),
        ("two hundred", "200"),
        ("soon", None),
        ("5 minutes", None),
        (True, None),
    ],
)
def test_as_number(value: object, number: str | None) -> None:
    assert as_number(value) == (None if number is None else Decimal(number).normalize())
