"""What is tested here is how a database is made: every one is migrated."""

from collections.abc import Iterator

import pytest

from tests.templates import Templates


@pytest.fixture(autouse=True)
def _migrated(templates: Templates) -> Iterator[None]:
    with templates.unused():
        yield
