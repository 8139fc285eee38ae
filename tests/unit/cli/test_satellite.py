"""The satellite's commands where no satellite runs."""

import json
from typing import Any

from click.testing import CliRunner

from earwitness.cli import main
from earwitness.config import state_folder


def run(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["satellite", *arguments])


def test_a_device_that_was_never_used_is_muted_until_somebody_at_it_says_otherwise() -> None:
    assert json.loads(run("status", "--json").output) == {"state": "not running", "is_muted": True, "is_switched": False}
    assert json.loads(run("unmute", "--json").output)["is_muted"] is False
    assert json.loads(run("status", "--json").output)["is_muted"] is False
    assert "True" in run("mute").output
    assert json.loads(run("status", "--json").output)["is_muted"] is True


def test_without_a_server_it_says_what_to_type() -> None:
    result = run()
    assert result.exit_code == 2
    assert "--server HOST" in result.output


def test_a_server_that_is_not_there_is_named() -> None:
    result = run("--server", "127.0.0.1:1", "--no-keys")
    assert result.exit_code == 2
    assert "device.unreachable" in result.output


def test_stop_and_talk_need_one_that_runs() -> None:
    for word in ("stop", "talk"):
        result = run(word)
        assert result.exit_code == 2
        assert "No satellite runs here" in result.output


def test_forgetting_leaves_no_key_and_stays_muted() -> None:
    run("--server", "127.0.0.1:1", "--no-keys")
    folder = state_folder() / "satellite"
    assert (folder / "device.key").exists()
    run("mute")
    assert run("forget").exit_code == 0
    assert {path.name for path in folder.iterdir()} == {"mute"}
    assert json.loads(run("status", "--json").output)["is_muted"] is True
