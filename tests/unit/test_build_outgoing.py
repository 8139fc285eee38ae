"""What leaves by the settings is on the page: nothing by default, and every address that a setting can name."""

from pathlib import Path
from typing import Any

import pytest

from earwitness.build.kept import KeptHouse
from earwitness.build.outgoing import _by_settings, fixed_outgoing
from earwitness.config import Settings

NAMED: dict[str, dict[str, Any]] = {
    "calendar": {"url": "https://cal.example/dav/", "user": "kim", "password_file": Path("/nowhere")},
    "dictionary": {"host": "dict.example"},
    "language_model": {"url": "http://127.0.0.1:8080/v1", "model": "small"},
    "weather": {"url": "https://weather.example:8443/v1", "place": "Lisbon", "latitude": 38.7, "longitude": -9.1},
    "vault": {"witnesses": ("https://witness.example witness+1234+key",)},
}


def found(settings: Settings) -> list[tuple[str, list[tuple[str, bool, bool]]]]:
    with KeptHouse(settings, is_passing=True) as house:
        return [
            (one.title, [(each.host, each.is_encrypted, each.is_this_machine) for each in one.outgoing])
            for one in fixed_outgoing(house)
        ]


def test_by_default_nothing_leaves() -> None:
    assert found(Settings()) == []


def test_every_address_in_the_settings_is_told_of() -> None:
    assert found(Settings.model_validate(NAMED)) == [
        ("Calendar", [("cal.example", True, False)]),
        ("Dictionary", [("dict.example", False, False)]),
        ("Language model", [("127.0.0.1:8080", False, True)]),
        ("Weather", [("weather.example:8443", True, False)]),
        ("Witnesses", [("witness.example", True, False)]),
    ]


def test_what_is_kept_elsewhere_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://objects.example:9000")
    elsewhere = {
        "database": "postgresql+pg8000://kim:marmalade@db.example:5433/house",
        "keys_database": "postgresql+pg8000://kim:marmalade@keys.example/keys",
        "ledger_database": "postgresql+pg8000://kim:marmalade@127.0.0.1/ledger",
        "recordings": "s3://bucket/sound",
    }
    told = list(_by_settings(Settings.model_validate({"vault": elsewhere})))
    assert [(one.title, one.where) for one in told] == [("Storage", "[vault] in settings.toml")]
    places = [(one.host, one.is_encrypted, one.is_this_machine) for one in told[0].outgoing]
    assert places == [
        ("db.example:5433", False, False),
        ("keys.example", False, False),
        ("127.0.0.1", False, True),
        ("objects.example:9000", True, False),
    ]
    assert "marmalade" not in str(told)


def test_the_desk_of_reviewers_elsewhere_is_told_of() -> None:
    desk = {"desk_database": "postgresql+pg8000://kim:marmalade@desk.example:5433/desk"}
    (told,) = _by_settings(Settings.model_validate({"review": desk}))
    assert (told.title, told.where) == ("Reviewers' desk", "review.desk_database in settings.toml")
    assert [(one.host, one.is_encrypted, one.is_this_machine) for one in told.outgoing] == [("desk.example:5433", False, False)]
    assert "marmalade" not in str(told)


@pytest.mark.parametrize(
    ("channel", "expected"),
    [("/run/review.sock", ("this machine", False, True)), ("0.0.0.0:8771", ("review.example", True, False))],
)
def test_a_review_service_of_its_own_is_told_of(channel: str, expected: tuple[str, bool, bool]) -> None:
    service = {"service_url": "https://review.example:8770", "channel": channel}
    (told,) = _by_settings(Settings.model_validate({"review": service}))
    assert told.title == "Review service"
    assert [(one.host, one.is_encrypted, one.is_this_machine) for one in told.outgoing] == [expected]


@pytest.mark.parametrize(
    ("sync", "sends"),
    [
        ((), "events and tasks that you add, and questions for them"),
        (("alarms",), "events and tasks that you add, alarms, and questions for them"),
        (
            ("alarms", "personal_reminders", "reminders", "lists"),
            "events and tasks that you add, lists, reminders for everyone, reminders of single people, alarms, "
            "and questions for them",
        ),
    ],
)
def test_what_is_kept_in_step_with_a_calendar_server_is_told_of(sync: tuple[str, ...], sends: str) -> None:
    (told,) = _by_settings(Settings.model_validate({"calendar": {**NAMED["calendar"], "sync": sync}}))
    assert [one.sends for one in told.outgoing] == [sends]


def test_whatever_names_a_database_is_told_of() -> None:
    """Who adds a database that may lie elsewhere adds it to the page too."""
    named = {
        (part, field)
        for part, shape in Settings.model_fields.items()
        for field in getattr(shape.annotation, "model_fields", {})
        if field.split("_")[-1] == "database" and part != "dictionary"
    }
    assert named == {("vault", "database"), ("vault", "keys_database"), ("vault", "ledger_database"), ("review", "desk_database")}


@pytest.mark.parametrize("part", sorted(name for name in Settings.model_fields))
def test_no_part_of_the_settings_names_an_address_that_is_not_told_of(part: str) -> None:
    """Who adds a setting called url or host of somebody else adds it to the page too."""
    shape = Settings.model_fields[part].annotation
    fields = set(getattr(shape, "model_fields", {}))
    told = {"calendar", "dictionary", "language_model", "weather"}
    ours = {"server"}
    assert not fields & {"url", "host"} or part in told | ours
