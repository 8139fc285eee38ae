"""The weather by voice: what is asked, and what is said of a forecast."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from earwitness.domain.errors import LinkError
from earwitness.domain.intent import Context
from earwitness.domain.turn import Outcome
from earwitness.domain.weather import DayWeather, Forecast
from earwitness.links.home_file import demo_home
from earwitness.skills.interface import SkillResult, UnfulfillableError
from earwitness.skills.questions import NO_WEATHER, QuestionSkill
from earwitness.understand.grammar import Grammar

NOW = datetime(2026, 11, 24, 15, 7, tzinfo=ZoneInfo("Europe/Berlin"))  # a Tuesday
SOURCE = "the weather service at api.open-meteo.com"


def day(number: int, code: int | None, low: float | None, high: float | None, *, chance: int | None = None) -> DayWeather:
    return DayWeather(
        day=date(2026, 11, number), code=code, warmest=high, coldest=low, water=None, chance_percent=chance, wind=20.4
    )


DAYS = (
    day(24, 61, 1.2, 5.1, chance=88),
    day(25, 71, -3.6, 0.6, chance=60),
    day(26, 0, -5.0, 2.6, chance=0),
    day(27, 80, 2.0, 7.0, chance=30),
    day(28, 95, 4.0, 9.0, chance=70),
    day(29, None, None, None),
)


class Told:
    """A source that tells this, or fails."""

    def __init__(self, error: LinkError | None = None) -> None:
        self.error = error

    async def forecast(self) -> Forecast:
        if self.error is not None:
            raise self.error
        return Forecast(place="Berlin", source=SOURCE, code=61, temperature=3.4, wind=14.2, days=DAYS)


@pytest.fixture(scope="module")
def grammar() -> Grammar:
    return Grammar(demo_home())


async def said(grammar: Grammar, question: str, source: Told | None) -> SkillResult:
    """From the words to the reply."""
    intent = grammar.understand(question, context=Context(area="kitchen")).intent
    assert intent is not None
    assert intent.name in {"HassGetWeather", "AskQuestion", "AskAbout"}, intent.name
    skill = QuestionSkill(clock=lambda: NOW, weather=source)
    foreseen = skill.foresee(intent, context=Context())
    try:
        result = await skill.perform(intent, context=Context())
    except UnfulfillableError as stopped:
        result = stopped.result
    assert foreseen in (None, result.reply)
    return result


@pytest.mark.parametrize(
    ("question", "reply"),
    [
        ("what is the weather", "in Berlin it is now light rain and 3 degrees."),
        ("what's the weather like", "in Berlin it is now light rain and 3 degrees."),
        ("how cold is it outside", "it is 3 degrees in Berlin now."),
        ("what is the temperature outside", "it is 3 degrees in Berlin now."),
        ("is it raining", "yes, in Berlin it is now light rain."),
        ("is it snowing outside", "no, in Berlin it is now light rain."),
        (
            "what is the weather tomorrow",
            "tomorrow in Berlin: light snow, between minus 4 and 1 degree, a 60 percent chance of snow.",
        ),
        (
            "what's the weather going to be like today",
            "today in Berlin: light rain, between 1 and 5 degrees, an 88 percent chance of rain.",
        ),
        ("will it rain today", "yes, today in Berlin: light rain, an 88 percent chance of rain."),
        ("will it rain tomorrow", "no, tomorrow in Berlin: light snow, a 60 percent chance of snow."),
        ("is it going to snow tomorrow", "yes, tomorrow in Berlin: light snow, a 60 percent chance of snow."),
        ("will it rain on Friday", "perhaps, on Friday in Berlin: light showers, a 30 percent chance of rain."),
        ("do I need an umbrella today", "yes, today in Berlin: light rain, an 88 percent chance of rain."),
        ("how cold will it be tomorrow", "tomorrow in Berlin: between minus 4 and 1 degree."),
        (
            "what is the weather in Berlin on Thursday",
            "on Thursday in Berlin: clear, between minus 5 and 3 degrees, a 0 percent chance of rain.",
        ),
    ],
)
async def test_the_weather_is_told_with_its_source(grammar: Grammar, question: str, reply: str) -> None:
    result = await said(grammar, question, Told())
    assert (result.outcome, result.reply) == (Outcome.ANSWERED, f"According to {SOURCE}, {reply}")


@pytest.mark.parametrize(
    ("question", "reply"),
    [
        ("what is the weather in Paris", "I know the weather of Berlin only."),
        ("what's the weather like in New York tomorrow", "I know the weather of Berlin only."),
        ("what is the weather next week", "I know the weather of today and the next 5 days only."),
        ("was it raining yesterday", "I know the weather of today and the next 5 days only."),
        ("what is the weather on Monday", "I know the weather of today and the next 5 days only."),
        ("what's the weather this weekend", "The weather service at api.open-meteo.com does not say that."),
    ],
)
async def test_what_the_source_does_not_say_is_not_told(grammar: Grammar, question: str, reply: str) -> None:
    result = await said(grammar, question, Told())
    assert (result.outcome, result.reply) == (Outcome.REFUSED, reply)


@pytest.mark.parametrize("question", ["what is the weather", "will it rain tomorrow", "how cold is it outside"])
async def test_without_a_source_that_is_said(grammar: Grammar, question: str) -> None:
    result = await said(grammar, question, None)
    assert (result.outcome, result.reply) == (Outcome.REFUSED, NO_WEATHER)


async def test_a_source_that_fails_is_said_and_nobody_else_is_asked(grammar: Grammar) -> None:
    slow = LinkError("The weather service did not answer within 4 seconds; try again later.", code="link.slow")
    result = await said(grammar, "will it rain tomorrow", Told(slow))
    assert (result.outcome, result.reply) == (Outcome.FAILED, str(slow))
