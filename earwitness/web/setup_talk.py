"""What the first start asks and reads back when it is done by voice, on the page and in the terminal. Words only."""

from collections.abc import Mapping, Sequence
from typing import Final

from earwitness.understand.first_answers import Act, Question, SpokenAnswer

TYPED: Final = (
    "Your name and your passphrase are typed, never spoken: a passphrase that was said aloud is no secret. "
    "A passkey of this device does as well. When you have filled that in, choose Go on."
)
"""Said where one becomes the owner."""
NOT_UNDERSTOOD: Final = "I did not understand that. Say it again, or type it."
NOT_HEARD: Final = "I heard nothing. Say it again, or type it."
HINTS: Final = ("kitchen", "living room", "bedroom", "bathroom", "hallway", "the second one", "this one", "next", "I understand")
"""What is likely to be said, for the recogniser."""
_NUMBERS: Final = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def questions(*, home: str, rooms: Sequence[str], wake_words: Sequence[str]) -> Mapping[Question, str]:
    """What is asked, with what is there to choose from."""
    numbered = ", ".join(f"{number}: {word}" for number, word in zip(_NUMBERS, wake_words, strict=False))
    known = f"I know these rooms: {_listed(rooms)}. Say which others there are, or: go on." if rooms else ""
    return {
        Question.HOME: f"What is your home called? It is {home} now; say another name, or: go on.",
        Question.ROOMS: known or "Which rooms are there? Say their names one after the other.",
        Question.WAKE_WORD: f"What should wake it? {numbered}. Say one of them, or its number.",
        Question.VOICE: "This is one of the voices. Say: this one, next, or the name of a voice.",
        Question.PROMISE: "That is what is kept, and who may listen. If you understand, say: yes, I understand. Or: repeat.",
    }


def read_back(question: Question, answer: SpokenAnswer) -> str:
    """What was understood, as a question to be confirmed; what was not understood, as a request."""
    match question, answer.act:
        case _, Act.NOTHING:
            return NOT_UNDERSTOOD
        case Question.HOME, Act.SAID:
            return f"Your home is called {answer.name}. Is that right?"
        case Question.ROOMS, Act.SAID:
            return f"There is also: {_listed(answer.rooms)}. Is that right?"
        case Question.WAKE_WORD, Act.SAID:
            return f"{answer.name} wakes it. Is that right?"
        case Question.VOICE, Act.SAID | Act.THIS:
            return f"This is the voice{f' {answer.name}' if answer.name else ''}. Is that right?"
        case Question.PROMISE, Act.NO:
            return "Then nothing is set up. Read it once more, or ask whoever owns this home."
        case _:
            return ""


def _listed(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
