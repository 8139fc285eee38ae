"""The commands of backups, from an identity to a household that is back."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from earwitness.build import House
from earwitness.cli import main
from earwitness.config import Settings
from tests.unit.vault.backed_up import PASSPHRASE


class Terminal:
    """Runs commands for a household in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *arguments: str, **how: Any) -> Result:
        return CliRunner().invoke(main, list(arguments), **how)

    def right(self, *arguments: str, **how: Any) -> str:
        """What a command that must end well prints."""
        result = self(*arguments, **how)
        assert result.exit_code == 0, result.output
        return result.stdout

    def wrong(self, *arguments: str) -> str:
        """The code with which a command fails."""
        result = self(*arguments)
        assert result.exit_code == 2, result.output
        return result.stderr.split(": ")[1]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EARWITNESS_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("EARWITNESS_PASSPHRASE", PASSPHRASE)
    return Terminal(tmp_path)


def test_from_an_identity_to_a_household_that_is_back(run: Terminal) -> None:
    recipient = run.right("keys", "make", "identity.txt").strip()
    assert run.right("keys", "show", "identity.txt").strip() == recipient
    assert run.wrong("keys", "make", "identity.txt") == "backup.exists"
    assert run.wrong("keys", "show") == "backup.nothing"
    assert run.wrong("backup", "data", "--to", "here/data.age", "--recipient", recipient) == "backup.nothing"
    run.right("people", "add", "Ada")
    assert run.wrong("backup", "data", "--to", "here/data.age") == "backup.invalid"
    assert "recordings 0" in run.right("backup", "data", "--to", "here/data.age", "--recipient", recipient)
    run.right("consent", "give", "keep", input="y\n")
    run.right("backup", "data", "--to", "here/data.age", "--recipient", recipient)
    assert run.wrong("backup", "keys", "--to", "here", "--recipient", recipient) == "backup.same_place"
    keys = json.loads(run.right("backup", "keys", "--to", "there", "--recipient", recipient, "--json"))["file"]
    assert "decisions 1" in run.right("backup", "erasures", "--to", "list")
    assert "is whole: data of" in run.right("backup", "check", "here/data.age", "--identity", "identity.txt")
    assert "is whole: keys of" in run.right("backup", "check", keys, "--keys", "--identity", "identity.txt")
    assert "household.key" in run.right("keys", "show")
    restore = ("restore", "here/data.age", "--keys", keys, "--identity", "identity.txt", "--erasures", "list")
    assert run.wrong(*restore) == "backup.occupied"
    (run.folder / "state").rename(run.folder / "lost")
    done = json.loads(run.right(*restore, "--json"))
    assert (done["recordings"], done["ledger"], done["aside"]) == (0, "backup", None)
    assert "yes" in run.right("consent")
    assert "Everybody signs in anew." in run.right(*restore, "--replace")
    run.right("backup", "replay", "--erasures", "list")


def test_recipients_of_the_settings(run: Terminal) -> None:
    recipient = run.right("keys", "make", "identity.txt").strip()
    (run.folder / "settings.toml").write_text(f'[backup]\nrecipients = ["{recipient}"]\nkeys_days = 3\n')
    run.right("people", "add", "Ada")
    run.right("--settings", "settings.toml", "backup", "data", "--to", "here/data.age")
    run.right("backup", "check", "here/data.age", "--identity", "identity.txt")


def test_a_house_that_is_open_is_not_replaced(run: Terminal) -> None:
    recipient = run.right("keys", "make", "identity.txt").strip()
    run.right("people", "add", "Ada")
    run.right("backup", "data", "--to", "here/data.age", "--recipient", recipient)
    keys = json.loads(run.right("backup", "keys", "--to", "there", "--recipient", recipient, "--json"))["file"]
    restore = ("restore", "here/data.age", "--keys", keys, "--identity", "identity.txt", "--replace", "--remove-old")
    with House(Settings()) as house:
        assert house.people.named("Ada")
        assert run.wrong(*restore) == "storage.in_use"
        run.right("backup", "data", "--to", "here/again.age", "--recipient", recipient)
    run.right(*restore)
