"""A simulated house for each test."""

from pathlib import Path

import pytest

from tests.unit.skills.houses import House, house


@pytest.fixture
def home(tmp_path: Path) -> House:
    return house(tmp_path)
