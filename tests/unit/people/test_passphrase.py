"""Passphrases: what is one, and that the right one alone is right."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.people.passphrase import LONGEST, SHORTEST, check_good, hashed, is_outdated, is_right
from tests.houses_kept import error_of

FIXED = "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$G3fr37cPE5D2M+s1FqMXqyZ8ll0k0wLGHeqV8e0ovJE"


def test_the_right_one_is_right_and_another_is_not() -> None:
    phc = hashed("four plain words, no more")
    assert is_right("four plain words, no more", phc=phc)
    for other in ("four plain words, no more ", "Four plain words, no more", "", "x", "four plain words, no mor"):
        assert not is_right(other, phc=phc)


def test_every_hash_has_its_own_salt() -> None:
    assert hashed("four plain words, no more") != hashed("four plain words, no more")


@pytest.mark.parametrize(
    "passphrase",
    ["", "a" * (SHORTEST - 1), "a" * (LONGEST + 1), "a" * 10_000, "\N{LATIN SMALL LIGATURE FFI}" * 4],
    ids=len,
)
def test_too_short_or_too_long_is_refused(passphrase: str) -> None:
    assert error_of(lambda: hashed(passphrase)) == "person.invalid"


@pytest.mark.parametrize(
    "passphrase", ["a" * SHORTEST, "a" * LONGEST, "ä ö ü ß 李 💡 and more", "\x00" * 15, " " * 15], ids=ascii
)
def test_anything_else_is_one(passphrase: str) -> None:
    assert is_right(passphrase, phc=hashed(passphrase))


def test_half_a_character_is_none() -> None:
    for call in (lambda: hashed("a" * 15 + "\ud800"), lambda: is_right("a" * 15 + "\udfff", phc=FIXED)):
        assert error_of(call) == "person.invalid"


def test_what_looks_the_same_is_the_same() -> None:
    assert is_right(
        "caf\N{LATIN SMALL LETTER E WITH ACUTE} and croissants", phc=hashed("cafe\N{COMBINING ACUTE ACCENT} and croissants")
    )


def test_a_long_one_is_not_right_because_its_beginning_is() -> None:
    phc = hashed("a" * LONGEST)
    assert not is_right("a" * (LONGEST + 1), phc=phc)
    assert not is_right("a" * 1_000_000, phc=phc)


@given(st.text(max_size=40))
@settings(max_examples=15, deadline=None)
def test_a_guess_is_never_right_and_never_fails(guess: str) -> None:
    assert error_of(lambda: is_right(guess, phc=FIXED)) in ("", "person.invalid")
    if not any(0xD800 <= ord(character) <= 0xDFFF for character in guess):
        assert not is_right(guess, phc=FIXED)


@pytest.mark.parametrize(
    "passphrase",
    [
        "a" * SHORTEST,
        "a" * LONGEST,
        "passwordpassword",
        "Password password",
        "dragon dragon dragon",
        "1qaz2wsx3edc4rfv",
        "qwertyuiop[]asdfghjkl",
        "abcdefghijklmnopqrstuvwxyz",
        "Anna Anna Anna Anna",
    ],
    ids=len,
)
def test_what_is_easily_guessed_or_leaked_is_no_new_passphrase(passphrase: str) -> None:
    assert error_of(lambda: check_good(passphrase, known=("Anna",))) == "person.weak"


def test_names_that_others_know_make_nothing_stronger() -> None:
    name = "Wilhelmina Featherstonehaugh"
    check_good(name)
    assert error_of(lambda: check_good(name, known=(name,))) == "person.weak"


@pytest.mark.parametrize(
    "passphrase",
    [
        "four plain words, no more",
        "correct horse battery staple",
        "no digits and no capitals at all" * 2,
        "ä ö ü ß 李 💡 and more",
    ],
)
def test_length_and_surprise_are_all_that_is_asked(passphrase: str) -> None:
    check_good(passphrase)


def test_a_hash_with_other_parameters_is_outdated() -> None:
    assert not is_outdated(FIXED)
    assert is_outdated(FIXED.replace("t=2", "t=1"))
    assert is_outdated(FIXED.replace("m=19456", "m=9728"))
