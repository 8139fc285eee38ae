"""What the tests of oversight share: a house that is overseen."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from earwitness.storage import database
from tests.houses_kept import kept_house
from tests.overseen_kept import OverseenHouse, overseen


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OverseenHouse]:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    with kept_house(tmp_path) as house:
        yield overseen(house)
