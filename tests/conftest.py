"""What tests share: the evaluation data, the model store, a house of their own."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from itertools import count
from pathlib import Path

import hypothesis
import pytest

from earwitness.config import MODELS_VARIABLE, SETTINGS_VARIABLE, STATE_VARIABLE, Settings, models_folder
from earwitness.speech.models import ModelStore
from earwitness.storage.database import Chain
from tests.postgres import Postgres, running_postgres
from tests.templates import Templates, used_templates

ROOT = Path(__file__).resolve().parent.parent
os.environ["COLUMNS"] = "160"
"""Tables of commands are as wide as this, whatever the terminal is, if there is one."""
hypothesis.settings.register_profile("earwitness", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("earwitness")
"""How fast an example is made or tried says how busy the machine is, not that something is wrong."""
LINKS = ROOT / "tests" / "links"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the trials of links against real servers, unless they are asked for: `make test-links` does."""
    asked = [Path(config.invocation_params.dir, argument.split("::")[0]) for argument in config.args]
    return True if collection_path == LINKS and not any(path.is_relative_to(LINKS) for path in asked) else None


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


@pytest.fixture(scope="session")
def state_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the next test may keep its state: numbered here, as pytest would look through all before it for the next number."""
    folder = tmp_path_factory.mktemp("states")
    return (folder / str(number) for number in count())


@pytest.fixture(autouse=True)
def _own_state(state_folders: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the state or the settings of whoever runs it."""
    folder = next(state_folders)
    folder.mkdir()
    monkeypatch.setenv(MODELS_VARIABLE, str(models_folder()))
    monkeypatch.setenv(STATE_VARIABLE, str(folder))
    settings = folder / "settings.toml"
    settings.touch()
    monkeypatch.setenv(SETTINGS_VARIABLE, str(settings))


@pytest.fixture(scope="session", autouse=True)
def templates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Templates]:
    """New SQLite databases begin as copies of one that was migrated once."""
    with used_templates(tmp_path_factory.mktemp("templates")) as used:
        yield used


@pytest.fixture
def settings() -> Settings:
    return Settings()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server; tests that need it are skipped where it cannot start."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """The URL of an empty PostgreSQL database of the test's own."""
    with postgres.database() as url:
        yield url


DatabasePlace = Callable[[Chain], Path | str]


@pytest.fixture(params=["sqlite", "postgresql"])
def database_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DatabasePlace]:
    """Where the databases of a test are, each chain's in a place of its own. The test runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield lambda chain: tmp_path / f"{chain}.db"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    with ExitStack() as databases:
        yield cache(lambda chain: databases.enter_context(postgres.database()))


@pytest.fixture
def household_place(database_place: DatabasePlace) -> Path | str:
    """Where the household's database of a test is, on SQLite and on PostgreSQL."""
    return database_place("household")
