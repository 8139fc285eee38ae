"""What failed tests of links show: the end of what their servers wrote."""

from collections.abc import Generator

import pytest

from tests.links import servers


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """Begin each test with no servers."""
    servers.opened.clear()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the servers' logs to the report of a test that failed."""
    report = yield
    if report.failed:
        report.sections.extend((f"what {server.name} wrote", server.log()) for server in servers.opened)
    return report
