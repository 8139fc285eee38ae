"""The first start by voice in a terminal: a question said, an answer heard or typed, and read back to be confirmed.

Knows no sound card: `talk` says and hears. What is typed counts as it stands; a passphrase is never asked for here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import click

from earwitness.understand.first_answers import Act, Question, SpokenAnswer, understood
from earwitness.web.setup_talk import HINTS, NOT_HEARD, read_back
from earwitness.web.setup_texts import SAMPLE

MOST_MISSES: Final = 3
_CHOOSE: Final = "Say: this one, next, or the name of a voice."


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """An answer in words; one that was typed may be empty, and then takes what is offered."""

    words: str
    is_typed: bool = False


class Talk(Protocol):
    """A mouth and an ear. Calls block."""

    def say(self, text: str, *, voice: str) -> None:
        """Say it to its end, or until somebody types. Raises SoundError, EngineError."""
        ...

    def hear(self, *, hints: Sequence[str]) -> Heard:
        """The next answer. Raises SoundError, EngineError."""
        ...


class AloudSetup:
    """Asks in `voice`, which the answer about the voice changes."""

    def __init__(self, talk: Talk, *, voice: str) -> None:
        self._talk = talk
        self.voice = voice

    def say(self, text: str) -> None:
        """Say something that wants no answer, and show it."""
        click.echo(text, err=True)
        self._talk.say(text, voice=self.voice)

    def home(self, question: str, *, default: str) -> str:
        """What the home is called."""
        found = self._asked(Question.HOME, question)
        return found.name if found.act is Act.SAID else default

    def rooms(self, question: str, *, known: Sequence[str]) -> list[str]:
        """The rooms besides those that are known."""
        found = self._asked(Question.ROOMS, question, options=known)
        keys = {room.casefold() for room in known}
        return [room for room in found.rooms if room.casefold() not in keys]

    def wake_word(self, question: str, *, words: Sequence[str], default: str) -> str:
        """One of the wake words."""
        found = self._asked(Question.WAKE_WORD, question, options=words)
        return found.name if found.act is Act.SAID else default

    def choose_voice(self, question: str, *, voices: Sequence[str]) -> str:
        """One of the voices, heard one after the other."""
        self.say(SAMPLE)
        found = self._asked(Question.VOICE, question, options=voices)
        self.voice = found.name if found.act is Act.SAID else self.voice
        return self.voice

    def has_understood(self, question: str) -> bool:
        """Whether what is kept and who may listen was acknowledged."""
        return self._asked(Question.PROMISE, question).act is Act.YES

    def _asked(self, question: Question, says: str, *, options: Sequence[str] = ()) -> SpokenAnswer:
        """The answer once it was confirmed or typed; GO_ON where what is offered stays, NO or NOTHING where none came."""
        asked, kept, misses = says, SpokenAnswer(act=Act.GO_ON), 0
        is_confirming = False
        while True:
            self.say(says)
            heard = self._talk.hear(hints=(*HINTS, *options))
            if heard.is_typed:
                return _typed(question, heard.words, options=options, offered=kept)
            found = understood(question, heard.words, options=options, is_confirming=is_confirming)
            click.echo(f"I heard: “{heard.words}”" if heard.words else "I heard nothing.", err=True)
            says = read_back(question, found) or asked
            match found.act:
                case Act.NOTHING:
                    misses += 1
                    if misses >= MOST_MISSES:
                        return _by_keyboard(question, options=options, offered=kept)
                    says = says if heard.words else NOT_HEARD
                case Act.YES:
                    return found if question is Question.PROMISE else kept
                case Act.NO if question is Question.PROMISE:
                    return found
                case Act.NO | Act.REPEAT | Act.BACK:
                    kept, is_confirming, says = SpokenAnswer(act=Act.GO_ON), False, asked
                case Act.NEXT:
                    self.voice = options[(options.index(self.voice) + 1) % len(options)]
                    self.say(SAMPLE)
                    kept, is_confirming, says = SpokenAnswer(act=Act.GO_ON), False, _CHOOSE
                case Act.GO_ON if question is not Question.PROMISE:
                    return kept
                case Act.SAID | Act.THIS:
                    kept, is_confirming = found if found.act is Act.SAID else SpokenAnswer(act=Act.GO_ON), True
                    if question is Question.VOICE and found.act is Act.SAID:
                        self.voice = found.name


def _typed(question: Question, words: str, *, options: Sequence[str], offered: SpokenAnswer) -> SpokenAnswer:
    """What was typed, taken as it stands; nothing takes what is offered."""
    if question is Question.PROMISE:
        return SpokenAnswer(act=Act.YES if words.strip().casefold() in {"y", "yes", "i understand"} else Act.NO)
    if not words.strip():
        return offered
    if question is Question.HOME:
        return SpokenAnswer(act=Act.SAID, name=words.strip())
    if question is Question.ROOMS:
        return SpokenAnswer(act=Act.SAID, rooms=tuple(part.strip() for part in words.split(",") if part.strip()))
    found = understood(question, words, options=options)
    return found if found.act is Act.SAID else _by_keyboard(question, options=options, offered=offered)


def _by_keyboard(question: Question, *, options: Sequence[str], offered: SpokenAnswer) -> SpokenAnswer:
    """Where words are not understood: the question once more, typed."""
    if question in {Question.WAKE_WORD, Question.VOICE}:
        name = click.prompt("Type one", type=click.Choice(list(options)), default=offered.name or options[0], err=True)
        return SpokenAnswer(act=Act.SAID, name=name)
    words = click.prompt("Type it (Enter to leave it as it is)", default="", show_default=False, err=True)
    return _typed(question, words, options=options, offered=offered)
