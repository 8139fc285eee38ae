"""The commands about links: listed, added with sealed secrets, tested, removed; by whoever runs the household alone."""

import os
from pathlib import Path

import pytest

from earwitness.domain.account import AccountEvent
from tests.links.servers import free_port
from tests.unit.cli.terminal import Terminal

SECRET = "zanzibar marmalade"


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARWITNESS_SECRET_PASSWORD", SECRET)


def holding(folder: Path, text: str) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def test_a_link_is_added_listed_tested_and_removed(run: Terminal) -> None:
    assert "Nothing leaves this house." in run.done("links", "list", who="Anna")
    place = ("--option", "host=127.0.0.1", "--option", f"port={free_port()}", "--option", "encrypted=no")
    added = run.done("links", "add", "mqtt", "--name", "Broker", *place, who="Anna")
    assert "127.0.0.1" in added
    found = run.found("links", "list", who="Anna")
    (one,) = found["links"]
    assert (one["name"], one["kind"], list(one["secrets_set"])) == ("Broker", "mqtt", ["password"])
    assert SECRET not in added + str(found)
    assert not holding(run.state, SECRET)
    assert run.refused("links", "test", "broker", who="Anna") == "link.failed"
    run.done("links", "remove", "Broker", who="Anna")
    assert run.found("links", "list", who="Anna")["links"] == []
    assert run.events("Anna")[:2] == [AccountEvent.LINK_REMOVED, AccountEvent.LINK_ADDED]


def test_what_cannot_be_added_says_why(run: Terminal) -> None:
    for code, words in (
        ("link.unknown", ("carrier pigeon", "--name", "x")),
        ("link.invalid", ("mqtt", "--name", "x")),
        ("link.invalid", ("mqtt", "--name", "x", "--option", "host=a", "--option", "port=many")),
        ("link.invalid", ("mqtt", "--name", "x", "--option", "host=a", "--option", "encrypted=perhaps")),
        ("link.invalid", ("mqtt", "--name", "x", "--option", "colour=red")),
    ):
        assert run.refused("links", "add", *words, who="Anna") == code
    assert run("links", "add", "mqtt", "--name", "x", "--option", "host", who="Anna").exit_code == 2
    assert run.refused("links", "remove", "nobody", who="Anna") == "link.unknown"


def test_only_who_runs_the_household_may(run: Terminal) -> None:
    for words in (("list",), ("add", "mqtt", "--name", "x", "--option", "host=a"), ("remove", "x"), ("test", "x")):
        assert run.refused("links", *words, who="Ben") == "access.refused"


def test_the_kinds_are_told_with_their_options(run: Terminal) -> None:
    told = run.done("links", "kinds")
    assert "mqtt: MQTT." in told
    assert "--option host=" in told


def test_the_password_of_the_settings_is_sealed_in_its_file(run: Terminal) -> None:
    assert run.refused("links", "seal", "calendar", who="Anna") == "settings.invalid"
    path = run.state / "calendar-password"
    path.write_text(f"{SECRET}\n")
    path.chmod(0o600)
    settings = Path(os.environ["EARWITNESS_SETTINGS"])
    settings.write_text(f'[calendar]\nurl = "https://127.0.0.1/"\npassword_file = "{path}"\n')
    assert run.refused("links", "seal", "calendar", who="Ben") == "access.refused"
    assert "is sealed" in run.done("links", "seal", "calendar", who="Anna")
    assert not holding(run.state, SECRET)
    assert "already" in run.done("links", "seal", "calendar", who="Anna")
