"""What is asked about the weather, and what is said of a forecast. Pure.

Only what the forecast has is said; a day or place that it does not have is said to be unknown.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Final

from earwitness.domain.answer import Answer
from earwitness.domain.weather import DayWeather, Forecast
from earwitness.skills.knowledge.asked import Told, Unsure, plain
from earwitness.skills.wording import amount, listed

_ABOUT: Final = re.compile(
    r"\b(?:weather|forecast|(?:going to|will it|is it|does it|did it) (?:rain|snow|hail|storm)(?:ing)?|raining|snowing|"
    r"(?:need|take|bring|wear) (?:an|my|the|a) (?:umbrella|coat|jacket)|"
    r"(?:sunny|cloudy|windy|humid|rainy|freezing|stormy) (?:outside|today|tomorrow|tonight)|"
    r"how (?:hot|cold|warm|windy) (?:is it|will it be)|uv index|"
    r"(?:is it|will it be) (?:hot|cold|warm|chilly|freezing|windy) (?:outside|today|tomorrow|tonight)|"
    r"chance of (?:rain|snow)|temperature (?:outside|outdoors))\b"
)
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAY: Final = re.compile(rf"\b(?:(?:on|this|next) )?({'|'.join(_WEEKDAYS)})\b")
_ELSEWHEN: Final = re.compile(
    r"\b(?:yesterday|last \w+|next (?:week|month|year|weekend)|in \w+ (?:weeks?|months?)|on the \d+(?:st|nd|rd|th)|did it|was it|"
    r"(?:jan|febr)uary|march|april|june|july|august|(?:sept|nov|dec)ember|october)\b"
)
_PLACE: Final = re.compile(r"\b(?:in|for|at) (?!the\b|general\b|my\b|our\b|a\b|an\b|\d|this\b|next\b)(.+)$")
_TIMES: Final = re.compile(
    r"\b(?:right now|now|today|tonight|tomorrow|(?:the )?day after tomorrow|(?:on )?(?:the |this )?weekend|outside|outdoors|here|"
    rf"(?:(?:on|this|next) )?(?:{'|'.join(_WEEKDAYS)})|(?:this |in the )?(?:morning|afternoon|evening)|"
    r"going to be|be|like|please)\b"
)
_SKY: Final = {
    0: "clear", 1: "mostly clear", 2: "partly cloudy", 3: "cloudy", 45: "foggy", 48: "foggy with frost",
    51: "light drizzle", 53: "drizzle", 55: "heavy drizzle", 56: "freezing drizzle", 57: "freezing drizzle",
    61: "light rain", 63: "rain", 65: "heavy rain", 66: "freezing rain", 67: "freezing rain",
    71: "light snow", 73: "snow", 75: "heavy snow", 77: "snow", 80: "light showers", 81: "showers", 82: "heavy showers",
    85: "snow showers", 86: "heavy snow showers", 95: "thunderstorms",
    96: "thunderstorms with hail", 99: "thunderstorms with hail",
}  # fmt: skip
_SNOW: Final = frozenset((71, 73, 75, 77, 85, 86))
_STORM: Final = frozenset((95, 96, 99))
_HAIL: Final = frozenset((96, 99))
_WET: Final = frozenset(range(51, 100)) - _SNOW
_LIKELY_PERCENT: Final = 50
_WEATHERS: Final = {"rain": _WET, "snow": _SNOW, "storm": _STORM, "hail": _HAIL}


class Wanted(Enum):
    """What somebody wants to know."""

    ALL = "all"
    RAIN = "rain"
    SNOW = "snow"
    STORM = "storm"
    HAIL = "hail"
    WARMTH = "warmth"
    WIND = "wind"


@dataclass(frozen=True, slots=True, kw_only=True)
class WeatherWish:
    """What is asked of which days; of no day where it is about now. `place` is another one, if it was named."""

    wanted: Wanted
    days: tuple[date, ...] = ()
    place: str = ""
    is_beyond: bool = False
    """Whether it is about a time that no forecast has."""


def is_about_weather(question: str) -> bool:
    return _ABOUT.search(question.casefold()) is not None


def wish_of(question: str, *, now: datetime) -> WeatherWish:
    """What a question about the weather wants to know; `now` is where the home is."""
    text, today = plain(question), now.date()
    days: tuple[date, ...] = ()
    if "day after tomorrow" in text:
        days = (today + timedelta(days=2),)
    elif "tomorrow" in text:
        days = (today + timedelta(days=1),)
    elif "weekend" in text:
        saturday = today + timedelta(days=(5 - today.weekday()) % 7) if today.weekday() != 6 else today
        days = (saturday,) if today.weekday() == 6 else (saturday, saturday + timedelta(days=1))
    elif named := _WEEKDAY.search(text):
        days = (today + timedelta(days=(_WEEKDAYS.index(named[1]) - today.weekday()) % 7),)
    elif re.search(r"\b(?:today|tonight|this (?:morning|afternoon|evening)|will|going to|forecast|need|take|bring|wear)\b", text):
        days = (today,)
    place = _PLACE.search(_TIMES.sub(" ", text))
    return WeatherWish(
        wanted=_wanted(text),
        days=days,
        place=" ".join(place[1].split()) if place else "",
        is_beyond=_ELSEWHEN.search(text) is not None,
    )


def _wanted(text: str) -> Wanted:
    for words, wanted in (
        ("snow", Wanted.SNOW), ("hail", Wanted.HAIL), ("storm", Wanted.STORM), ("rain", Wanted.RAIN), ("umbrella", Wanted.RAIN),
        ("windy", Wanted.WIND), ("wind ", Wanted.WIND),
        ("cold", Wanted.WARMTH), ("hot", Wanted.WARMTH), ("warm", Wanted.WARMTH), ("chilly", Wanted.WARMTH),
        ("freezing", Wanted.WARMTH), ("temperature", Wanted.WARMTH),
    ):  # fmt: skip
        if words in f"{text} ":
            return wanted
    return Wanted.ALL


def tell_weather(wish: WeatherWish, forecast: Forecast, *, today: date) -> Told:
    """The answer, or why there is none."""
    if wish.place and wish.place.casefold() != forecast.place.casefold():
        return Unsure(clause=f"I know the weather of {forecast.place} only")
    if wish.is_beyond:
        return Unsure(clause=_beyond(forecast))
    if not wish.days:
        said = _now(wish.wanted, forecast)
    else:
        by_day = {each.day: each for each in forecast.days}
        found = [by_day[day] for day in wish.days if day in by_day]
        if len(found) != len(wish.days):
            return Unsure(clause=_beyond(forecast))
        parts = [_of_day(wish.wanted, each, place=forecast.place, today=today) for each in found]
        said = None if None in parts else "; ".join(part for part in parts if part)
    if not said:
        return Unsure(clause=f"{forecast.source} does not say that")
    return Answer(sentence=said, source=forecast.source)


def _beyond(forecast: Forecast) -> str:
    return f"I know the weather of today and the next {amount(max(0, len(forecast.days) - 1), 'day')} only"


def _now(wanted: Wanted, forecast: Forecast) -> str | None:
    sky, warmth = _SKY.get(forecast.code if forecast.code is not None else -1), _degrees(forecast.temperature)
    match wanted:
        case Wanted.WARMTH:
            return warmth and f"it is {warmth} in {forecast.place} now"
        case Wanted.WIND:
            return (
                None
                if forecast.wind is None
                else f"the wind blows at {forecast.wind:.0f} kilometres per hour in {forecast.place} now"
            )
        case Wanted.ALL:
            told = [part for part in (sky, warmth) if part]
            return f"in {forecast.place} it is now {listed(told)}" if told else None
        case _:
            if sky is None:
                return None
            is_so = forecast.code in _WEATHERS[wanted.value]
            return f"{'yes' if is_so else 'no'}, in {forecast.place} it is now {sky}"


def _of_day(wanted: Wanted, day: DayWeather, *, place: str, today: date) -> str | None:
    name, sky = _day_name(day.day, today), _SKY.get(day.code if day.code is not None else -1)
    low, high = _degrees(day.coldest), _degrees(day.warmest)
    span = f"between {low.removesuffix(' degrees').removesuffix(' degree')} and {high}" if low and high else ""
    chance = (
        ""
        if day.chance_percent is None
        else f"{_article(day.chance_percent)} {day.chance_percent} percent chance of {_falls(day)}"
    )
    match wanted:
        case Wanted.WARMTH:
            return f"{name} in {place}: {span}" if span else None
        case Wanted.WIND:
            return None if day.wind is None else f"{name} in {place}: wind of up to {day.wind:.0f} kilometres per hour"
        case Wanted.ALL:
            told = [part for part in (sky, span, chance) if part]
            return f"{name} in {place}: {', '.join(told)}" if told else None
        case _:
            if sky is None:
                return None
            is_so = day.code in _WEATHERS[wanted.value]
            is_likely = is_so and (day.chance_percent is None or day.chance_percent >= _LIKELY_PERCENT)
            answer = "yes" if is_likely else "perhaps" if is_so else "no"
            about = [part for part in (sky, chance if wanted in (Wanted.RAIN, Wanted.SNOW) else "") if part]
            return f"{answer}, {name} in {place}: {', '.join(about)}"


def _article(number: int) -> str:
    return "an" if number in (8, 11, 18) or 80 <= number <= 89 else "a"


def _falls(day: DayWeather) -> str:
    return "snow" if day.code in _SNOW else "rain"


def _day_name(day: date, today: date) -> str:
    names = {0: "today", 1: "tomorrow"}
    return names.get((day - today).days) or f"on {_WEEKDAYS[day.weekday()].title()}"


def _degrees(value: float | None) -> str:
    """ "minus 3 degrees"; empty for what is not known."""
    if value is None:
        return ""
    whole = round(value)
    number = f"minus {-whole}" if whole < 0 else f"{whole}"
    return f"{number} degree" if abs(whole) == 1 else f"{number} degrees"
