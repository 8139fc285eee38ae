"""Answers questions: from what ships with the house, then from a dictionary, an encyclopedia and a language model; of the weather
from a service.

It never guesses: what nothing knows is said to be unknown, with what would help. A source is named unless it is arithmetic or
the clock. What takes long is worked out off the event loop.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from earwitness.domain.answer import Answer
from earwitness.domain.errors import LinkError
from earwitness.skills.interface import (
    Context,
    Intent,
    Outcome,
    Parts,
    Skill,
    SkillResult,
    UnfulfillableError,
    failed,
    refuse,
    slot_text,
)
from earwitness.skills.knowledge.asked import Told, Unsure, plain, without_article
from earwitness.skills.knowledge.sources import at_once, looked_up
from earwitness.skills.knowledge.spelling import spell
from earwitness.skills.knowledge.weather import is_about_weather, tell_weather, wish_of
from earwitness.skills.knowledge_port import Articles, Oracle, WeatherSource, WordBook
from earwitness.skills.rephrasing import ask_what_is_meant
from earwitness.skills.rephrasing_port import Rephrasing
from earwitness.skills.wording import sentence

NO_WEATHER: Final = "I know no weather: no source of it is configured."
_FORM_SLOTS: Final = ("one", "other", "sky", "sky_now", "weather_day")
NOT_KNOWN: Final = "I do not know that"
_TOPIC: Final = re.compile(
    r"(?:who (?:is|are|was|were)|who's|what (?:is|are|was|were)|what's|(?:tell me )?about|tell me (?:about|who|what)|explain)"
    r"\s+(.+)"
)
_OF: Final = re.compile(r"\b(?:of|in|at|for|my|our|your|today|tomorrow|now|here|this|that|it)\b")
_MEANS: Final = re.compile(r"what (?:is|are) (an? [a-z-]+|[a-z-]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionSkill:
    """Each link may be None, and then there is one thing less to ask; `rates_file` is newer than what ships, or None."""

    clock: Callable[[], datetime]
    dictionary: WordBook | None = None
    encyclopedia: Articles | None = None
    language_model: Oracle | None = None
    weather: WeatherSource | None = None
    rates_file: Path | None = None
    rephrasing: Rephrasing | None = None

    def foresee(self, intent: Intent, *, context: Context) -> str | None:
        match intent.name:
            case "HassGetWeather":
                return NO_WEATHER if self.weather is None else None
            case "SpellWord":
                told = spell(slot_text(intent.slots, "spelt"))
            case "AskQuestion" | "AskAbout":
                question = _question(intent)
                if is_about_weather(question):
                    return NO_WEATHER if self.weather is None else None
                told = at_once(question, now=self.clock())
            case _:
                return None
        return None if told is None else _result(told).reply

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        match intent.name:
            case "HassGetWeather":
                return await self._tell_weather(_question(intent) or "weather")
            case "SpellWord":
                return _raised(_result(spell(slot_text(intent.slots, "spelt"))))
            case "DefineWord":
                return await self._define(slot_text(intent.slots, "looked_up"))
            case "AskWhatIsMeant":
                return await ask_what_is_meant(self.rephrasing, intent, context=context)
            case _:
                return await self._answer(_question(intent))

    async def _answer(self, question: str) -> SkillResult:
        if is_about_weather(question):
            return await self._tell_weather(question)
        now = self.clock()
        told = at_once(question, now=now)
        if told is None:
            told = await asyncio.to_thread(looked_up, question, now=now, rates_file=self.rates_file)
        if told is not None:
            return _raised(_result(told))
        return await self._first(self._asks(question))

    async def _tell_weather(self, question: str) -> SkillResult:
        """What the source says; nobody else is asked: an encyclopedia and a language model know no weather."""
        if self.weather is None:
            raise refuse(NO_WEATHER)
        now = self.clock()
        try:
            forecast = await self.weather.forecast()
        except LinkError as error:
            return failed(sentence(str(error)))
        return _raised(_result(tell_weather(wish_of(question, now=now), forecast, today=now.date())))

    async def _define(self, word: str) -> SkillResult:
        wanted = without_article(word)
        if self.dictionary is None and self.encyclopedia is None and self.language_model is None:
            raise refuse("I have no dictionary: none is configured")
        asks: list[Callable[[], Awaitable[Answer | None]]] = []
        if (dictionary := self.dictionary) is not None:
            asks.append(lambda: dictionary.define(wanted))
        if (articles := self.encyclopedia) is not None:
            asks.append(lambda: articles.look_up(wanted))
        if (model := self.language_model) is not None:
            asks.append(lambda: model.ask(f"What does {wanted} mean?"))
        return await self._first(asks)

    def _asks(self, question: str) -> list[Callable[[], Awaitable[Answer | None]]]:
        """Whom to ask, in this order."""
        text = plain(question)
        topic = _TOPIC.fullmatch(text)
        name = without_article(topic[1]) if topic else ""
        is_name = bool(name) and not _OF.search(name)
        asks: list[Callable[[], Awaitable[Answer | None]]] = []
        if (articles := self.encyclopedia) is not None:
            asks.append(lambda: articles.find_fact(text))
            if is_name:
                asks.append(lambda: articles.look_up(name))
        if (dictionary := self.dictionary) is not None and _MEANS.fullmatch(text):
            asks.append(lambda: dictionary.define(name))
        if (model := self.language_model) is not None:
            asks.append(lambda: model.ask(question))
        return asks

    async def _first(self, asks: list[Callable[[], Awaitable[Answer | None]]]) -> SkillResult:
        """The first answer. One that fails does not keep the others from answering; if none does, that is said."""
        troubles: list[str] = []
        for ask in asks:
            try:
                if (answer := await ask()) is not None:
                    return replace(_quoted(answer), why=_asked_before(troubles))
            except LinkError as error:
                troubles.append(sentence(str(error)))
        if troubles:
            return replace(failed(troubles[0]), why=_asked_before(troubles[1:]))
        raise refuse(self._unknown())

    def _unknown(self) -> str:
        if self.encyclopedia is None and self.language_model is None:
            return f"{NOT_KNOWN}. An encyclopedia would help, and none is configured"
        return f"{NOT_KNOWN}, and nothing that I can look in says it"


def _asked_before(troubles: list[str]) -> str:
    """Who was asked too and could not answer, each once: one source may have been asked twice."""
    told = " ".join(dict.fromkeys(troubles))
    return f"I asked elsewhere too: {told}" if told else ""


def _question(intent: Intent) -> str:
    """The words of the question: all of them, or the form of a sentence with what was named in it."""
    if intent.name == "AskQuestion":
        return slot_text(intent.slots, "question")
    form = slot_text(intent.slots, "form")
    for name in _FORM_SLOTS:
        form = form.replace(f"{{{name}}}", slot_text(intent.slots, name))
    return form.strip()


def _result(told: Told) -> SkillResult:
    if isinstance(told, Answer):
        said = f"according to {told.source}, {told.sentence}" if told.source else told.sentence
        return SkillResult(outcome=Outcome.ANSWERED, reply=sentence(said), more=" ".join(told.more))
    clause = told.clause if isinstance(told, Unsure) else NOT_KNOWN
    return SkillResult(outcome=Outcome.REFUSED, reply=sentence(clause))


def _raised(result: SkillResult) -> SkillResult:
    if result.outcome is Outcome.REFUSED:
        raise UnfulfillableError(result)
    return result


def _quoted(answer: Answer) -> SkillResult:
    """What somebody else says, in their words."""
    said = f"According to {answer.source}: {sentence(answer.sentence)}"
    return SkillResult(outcome=Outcome.ANSWERED, reply=said, more=" ".join(answer.more))


def make(parts: Parts) -> Skill:
    inside = parts.inside
    return QuestionSkill(
        clock=parts.clock,
        dictionary=inside.dictionary,
        encyclopedia=inside.encyclopedia,
        language_model=inside.language_model,
        weather=inside.weather,
        rates_file=inside.rates_file,
        rephrasing=inside.rephrasing,
    )
