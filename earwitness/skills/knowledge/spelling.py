"""How a word is spelt: letter by letter. Pure.

A word that sounds like others can only be spelt as it was heard, so those are told with it.
"""

import re
from typing import Final

from earwitness.domain.answer import Answer
from earwitness.skills.knowledge.asked import Told, Unsure
from earwitness.skills.wording import listed

LONGEST: Final = 45
MOST_WORDS: Final = 3
_SOUND_ALIKE: Final = tuple(
    tuple(line.split())
    for line in (
        "there their they're",
        "two too to",
        "your you're",
        "its it's",
        "hear here",
        "whether weather",
        "peace piece",
        "right write",
        "principal principle",
        "stationary stationery",
        "complement compliment",
        "affect effect",
        "flour flower",
        "knew new",
        "know no",
        "whole hole",
        "break brake",
        "bear bare",
        "sea see",
        "week weak",
        "which witch",
        "wear where",
        "through threw",
        "allowed aloud",
        "desert dessert",
        "lose loose",
        "plane plain",
        "sale sail",
        "steel steal",
        "waist waste",
    )
)


def spell(words: str) -> Told:
    """The letters of a word or two, capitals said nowhere; Unsure for what has no letters to say."""
    text = words.strip(" .?!\"'").removeprefix("the word ")
    if (
        not 0 < len(text) <= LONGEST
        or len(text.split()) > MOST_WORDS
        or not re.fullmatch(r"[^\W\d_]+(?:['\u2019 -][^\W\d_]+)*", text)
    ):
        return Unsure(clause="I can spell one word, or a few, of letters only")
    letters = ", ".join(_letter(letter) for letter in text)
    alike = next((group for group in _SOUND_ALIKE if text.casefold() in group), ())
    others = [other for other in alike if other != text.casefold()]
    more = tuple(f"{other.capitalize()} is spelled {', '.join(_letter(letter) for letter in other)}." for other in others)
    also = f"; {listed(others)} {'sounds' if len(others) == 1 else 'sound'} alike" if others else ""
    return Answer(sentence=f"{text[:1].upper()}{text[1:]} is spelled {letters}{also}", source="", more=more)


def _letter(letter: str) -> str:
    return {" ": "space", "-": "hyphen", "'": "apostrophe", "\u2019": "apostrophe"}.get(letter, letter.upper())
