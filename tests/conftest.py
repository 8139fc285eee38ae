"""What tests share: the evaluation data, the model store, a house of their own."""

import os
from pathlib import Path

import pytest

from earwitness.config import MODELS_VARIABLE, SETTINGS_VARIABLE, STATE_VARIABLE, Settings, models_folder
from earwitness.speech.models import ModelStore

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The evaluation data; tests that need it are skipped where it is missing."""
    folder = Path(os.environ.get("EARWITNESS_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no evaluation data at {folder}: set EARWITNESS_DATA")
    return folder


@pytest.fixture(scope="session")
def store() -> ModelStore:
    """The default models, as `make models` assembled them."""
    return ModelStore(models_folder())


@pytest.fixture(autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the state or the settings of whoever runs it."""
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setenv(MODELS_VARIABLE, str(models_folder()))
    monkeypatch.setenv(STATE_VARIABLE, str(folder))
    settings = folder / "settings.toml"
    settings.touch()
    monkeypatch.setenv(SETTINGS_VARIABLE, str(settings))


@pytest.fixture
def settings() -> Settings:
    return Settings()
