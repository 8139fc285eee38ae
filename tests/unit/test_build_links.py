"""The links that reach further are constructed from the settings: none that was not asked for, and each says where it reaches."""

from pathlib import Path

import pytest

from earwitness.build import House
from earwitness.config import Settings
from earwitness.domain.errors import SettingsError
from earwitness.domain.intent import Context, Intent
from earwitness.domain.turn import Outcome
from earwitness.links.caldav import CalDav
from earwitness.links.calendar_file import CalendarFile


def test_by_default_there_is_a_calendar_file_and_nothing_else(tmp_path: Path) -> None:
    with House(Settings(), state=tmp_path) as house:
        assert isinstance(house.calendar, CalendarFile)
        assert house.calendar.path == tmp_path / "calendar.ics"
        assert house.calendar.outgoing == ()
        assert (house.encyclopedia, house.dictionary, house.language_model, house.weather) == (None, None, None, None)


def test_settings_choose_where_each_reaches(tmp_path: Path) -> None:
    chosen = {
        "calendar": {"url": "https://cal.example.org/", "user": "me", "password_file": str(tmp_path / "password")},
        "encyclopedia": {"folder": str(tmp_path)},
        "dictionary": {"host": "dict.example.org", "allows_plain": True},
        "language_model": {"url": "https://api.example.org/v1", "model": "m"},
        "weather": {"url": "https://sky.example.org/v1/forecast", "place": "Lisbon", "latitude": 38.72, "longitude": -9.14},
    }
    with House(Settings.model_validate(chosen), is_passing=True) as house:
        assert isinstance(house.calendar, CalDav)
        assert house.encyclopedia is not None
        assert house.dictionary is not None
        assert house.language_model is not None
        assert house.weather is not None
        links = (house.calendar, house.encyclopedia, house.dictionary, house.language_model, house.weather)
        hosts = [("cal.example.org",), (), ("dict.example.org",), ("api.example.org",), ("sky.example.org",)]
        assert [link.outgoing for link in links] == hosts


def test_what_would_travel_in_the_open_is_refused_at_the_start() -> None:
    chosen = {
        "calendar": {"url": "http://cal.example.org/"},
        "dictionary": {"host": "dict.example.org"},
        "language_model": {"url": "http://api.example.org/v1"},
        "weather": {"url": "http://sky.example.org/", "place": "Lisbon", "latitude": 38.72, "longitude": -9.14},
    }
    with House(Settings.model_validate(chosen), is_passing=True) as house:
        for link in ("calendar", "dictionary", "language_model", "weather"):
            with pytest.raises(SettingsError, match=link):
                getattr(house, link)


async def test_questions_are_answered_with_what_the_settings_name(tmp_path: Path) -> None:
    rates = tmp_path / "eurofxref.csv"
    rates.write_text("Date, USD,\n23 November 2026, 2,\n", encoding="utf-8")
    chosen = {"knowledge": {"rates_file": str(rates)}, "encyclopedia": {"folder": str(tmp_path / "none")}}
    with House(Settings.model_validate(chosen), is_passing=True) as house:
        asked = Intent(name="AskQuestion", slots={"question": "how much is 10 dollars in euros"})
        assert "10 US dollars are about 5.00 euros" in (await house.skills.perform(asked, context=Context())).reply
        unknown = Intent(name="AskQuestion", slots={"question": "why is the sky blue"})
        result = await house.skills.perform(unknown, context=Context())
        assert (result.outcome, result.reply) == (
            Outcome.FAILED,
            f"{tmp_path / 'none'} is no folder; make it and put ZIM files there.",
        )
