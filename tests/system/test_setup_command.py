"""`earwitness setup`: the first start in a terminal, as long as the home has no owner."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from earwitness.cli import main
from earwitness.cli.signed_in import PASSPHRASE_VARIABLE
from earwitness.config import STATE_VARIABLE

PASSPHRASE = "four plain words, no more"
ANSWERS = ["--name", "Ada", "--home", "Villa", "--room", "Attic", "--wake-word", "alexa", "--voice", "heart"]
pytestmark = pytest.mark.models


def run(folder: Path, *arguments: str, passphrase: str = PASSPHRASE, typed: str = "") -> tuple[int, str]:
    environment = {STATE_VARIABLE: str(folder), PASSPHRASE_VARIABLE: passphrase}
    result = CliRunner().invoke(main, ["setup", *arguments], env=environment, input=typed)
    return result.exit_code, result.output


def test_a_home_is_set_up_once_and_only_by_whoever_acknowledges(tmp_path: Path) -> None:
    code, said = run(tmp_path, *ANSWERS, typed="n\n")
    assert code == 1
    assert "What is kept: nothing" in said
    assert "Who may listen: nobody" in said
    assert run(tmp_path, *ANSWERS, "--acknowledge", passphrase="too short")[0] == 2
    assert run(tmp_path, *ANSWERS[:-2], "--voice", "nobody", "--acknowledge")[0] == 2
    code, said = run(tmp_path, *ANSWERS, "--acknowledge", "--json")
    assert code == 0
    assert json.loads(said.splitlines()[-1]) == {"owner": "Ada", "home": "Villa", "wake_word": "alexa", "voice": "heart"}
    code, said = run(tmp_path, *ANSWERS, "--acknowledge")
    assert (code, "setup.done" in said) == (2, True)


def test_what_no_option_says_is_asked(tmp_path: Path) -> None:
    code, said = run(tmp_path, typed="Ada\nVilla\nAttic, Cellar\nokay nabu\nheart\ny\n")
    assert code == 0, said
    assert "Villa is set up, and Ada owns it" in said
