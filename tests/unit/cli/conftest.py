"""A household whose people are at a terminal."""

import shutil
from pathlib import Path

import pytest

from tests.unit.cli.terminal import Terminal


@pytest.fixture(scope="session")
def enrolled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state folder of Anna, who owns the home, and Ben, an adult; not to be changed."""
    folder = tmp_path_factory.mktemp("enrolled")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EARWITNESS_STATE", str(folder))
        Terminal(folder).enrol("Anna", "Ben")
    return folder


@pytest.fixture
def run(enrolled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Commands in a household of Anna, who owns it, and Ben, an adult."""
    state = tmp_path / "state"
    shutil.copytree(enrolled, state)
    monkeypatch.setenv("EARWITNESS_STATE", str(state))
    return Terminal(state)
