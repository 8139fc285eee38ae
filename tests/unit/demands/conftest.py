"""What the tests of demands share: a house to which they come."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from earwitness.storage import database
from tests.demands_kept import DemandedHouse, demanded_house
from tests.houses_kept import KeptHouse, kept_house


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeptHouse]:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    with kept_house(tmp_path) as made:
        yield made


@pytest.fixture
def desk(house: KeptHouse) -> DemandedHouse:
    return demanded_house(house)
