"""The commands of a review service of its own: how the household comes to know it, its role, and its settings."""

import json
from pathlib import Path

import pytest

from earwitness.build.review_service import identity_of
from earwitness.build.service_settings import read_service_settings
from earwitness.domain.errors import SettingsError
from earwitness.review.desk import Desk
from earwitness.storage.database import Database
from tests.houses_kept import Clock
from tests.unit.cli.terminal import Terminal

NETWORK = 'household = "home.example.org:8771"\nsign_in_url = "https://home.example.org:8765/review"\n'
HERE = NETWORK.replace("home.example.org:8771", "/run/earwitness/review.sock")


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "service.toml"
    path.write_text(text + f'folder = "{tmp_path}/service"\n')
    return path


def test_the_household_comes_to_know_a_service_by_its_public_key(run: Terminal, tmp_path: Path) -> None:
    settings, passed = written(tmp_path, NETWORK), tmp_path / "pass.json"
    key = run.done("review", "key", str(settings)).strip()
    assert run.done("review", "key", str(settings)).strip() == key, "made once"
    told = run.done("review", "admit", key, "--to", str(passed))
    assert "digits" in told
    assert set(json.loads(passed.read_text())) == {"certificate", "household"}
    assert "PRIVATE" not in passed.read_text()
    run.done("review", "join", str(settings), str(passed))
    assert identity_of(read_service_settings(settings)).is_paired
    assert oct((tmp_path / "service" / "identity" / "device.key").stat().st_mode)[-3:] == "600"


def test_what_is_no_key_and_no_pass_is_refused(run: Terminal, tmp_path: Path) -> None:
    settings, passed = written(tmp_path, NETWORK), tmp_path / "pass.json"
    assert run.refused("review", "admit", "bm8ga2V5", "--to", str(passed)) == "trust.key"
    assert run.refused("review", "admit", "?", "--to", str(passed)) == "trust.key"
    assert not passed.exists()
    passed.write_text("[]")
    assert run.refused("review", "join", str(settings), str(passed)) == "trust.certificate"


def test_a_service_that_the_household_does_not_know_says_what_to_do(
    run: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARWITNESS_STATE", str(tmp_path / "none"))
    result = run("review", "serve", str(written(tmp_path, NETWORK)))
    assert (result.exit_code, "earwitness review key" in result.stderr) == (2, True), result.output


def test_the_statements_of_a_role_are_printed_with_a_password_of_their_own(run: Terminal) -> None:
    first, second = run.done("review", "make-role", "--household", "home"), run.done("review", "make-role")
    assert 'REVOKE ALL ON DATABASE "home" FROM PUBLIC;' in first
    assert first.splitlines()[0].startswith("CREATE ROLE earwitness_review LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT")
    assert first.splitlines()[0] != second.splitlines()[0]
    assert "GRANT" not in first + second
    assert run.refused("review", "make-role", "--name", "a; DROP") == "settings.invalid"


def test_who_is_suspended_at_a_service_is_told_and_restored_there(
    run: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARWITNESS_STATE", str(tmp_path / "none"))
    settings = str(written(tmp_path, HERE))
    assert run.found("review", "suspended", "--service", settings) == []
    database = Database(tmp_path / "service" / "desk" / "desk.db", chain="desk")
    Desk(database, porter=None, clock=Clock()).suspend("calm-otter-2222", reason="guessed ids")  # type: ignore[arg-type]
    database.close()
    (told,) = run.found("review", "suspended", "--service", settings)
    assert (told["reviewer"], told["reason"]) == ("calm-otter-2222", "guessed ids")
    run.done("review", "restore", "calm-otter-2222", "--service", settings)
    assert run.found("review", "suspended", "--service", settings) == []
    assert oct((tmp_path / "service").stat().st_mode)[-3:] == "700"


def test_of_a_service_elsewhere_nobody_is_restored_at_the_house(
    run: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = tmp_path / "house.toml"
    house.write_text('[review]\nservice_url = "https://review.example.org"\n')
    assert run.refused("--settings", str(house), "review", "restore", "calm-otter-2222") == "review.elsewhere"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "household"),
        ('household = "/run/x"\n', "sign_in_url"),
        (HERE + 'vault = "postgresql://people"\n', "vault"),
        (HERE + 'key_file = "/var/lib/earwitness/keys/household.key"\n', "key_file"),
        (HERE + "lease_minutes = 481\n", "lease_minutes"),
        (HERE.replace("https://", "javascript:"), "sign_in_url"),
    ],
)
def test_a_settings_file_names_nothing_of_the_household(tmp_path: Path, text: str, key: str) -> None:
    with pytest.raises(SettingsError, match=key):
        read_service_settings(written(tmp_path, text))
