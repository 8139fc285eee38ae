"""The review service in a real browser: from the household to it by a ticket, a task from the keyboard, and what is shown while
the household is away."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright
from starlette.types import ASGIApp

from earwitness.config import ReviewSettings
from earwitness.domain.account import AccountRole, SignInWay
from tests.channel_kept import socket_path
from tests.houses_kept import PASSPHRASE, KeptHouse, kept_house
from tests.reviewed_kept import reviewed
from tests.service_kept import KeptService, kept_service
from tests.strange_servers import free_port
from tests.system import browsing

PHONE = {"width": 360, "height": 740}
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browsing.chromium() is None, reason="chromium is not installed; `python tests/prepare.py` installs it"),
]


@contextmanager
def served(app: ASGIApp, port: int) -> Iterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=asyncio.run, args=(server.serve(),))
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(45)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[KeptHouse]:
    with kept_house(tmp_path / "house") as made:
        yield made


@pytest.fixture(scope="module")
def launched() -> Iterator[Browser]:
    with sync_playwright() as playwright, browsing.browser(playwright) as found:
        yield found


def check_accessible(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_reviewer_goes_from_the_households_page_to_the_service_and_works_there(
    house: KeptHouse, launched: Browser, tmp_path: Path
) -> None:
    review = reviewed(house)
    anna = review.reviewable()
    rita = house.people.add("Rita", passphrase=PASSPHRASE, role=AccountRole.REVIEWER)
    house.household.set_up(name="Villa", rooms=("den",), wake_words=("okay nabu",), acknowledged_version=1)
    review.drawn(anna, "call Marguerite and turn on the lamp")
    at_home, away = free_port(), free_port()
    house.review_settings = ReviewSettings(service_url=f"http://127.0.0.1:{away}")
    with (
        kept_service(house, tmp_path / "service") as service,
        served(house.app(), at_home),
        served(service.app, away),
    ):
        service.follow()
        context = launched.new_context(viewport=PHONE, reduced_motion="reduce")  # type: ignore[arg-type]
        token = house.people.accounts.let_in(rita, way=SignInWay.PASSKEY).token
        context.add_cookies([{"name": "earwitness-person", "value": token, "url": f"http://localhost:{at_home}"}])
        page = context.new_page()
        page.goto(f"http://localhost:{at_home}/review")
        expect(page.locator("#person-name")).to_have_text("Rita")
        check_accessible(page)
        page.locator("#go").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#test")).to_be_visible()
        assert page.url == f"http://127.0.0.1:{away}/review", "no ticket is left in the address"
        expect(page.locator("#person-name")).to_have_text(rita.alias)
        assert "Rita" not in page.content()
        _work(page, service, rita_alias=rita.alias)
        socket_path(house.folder).unlink()
        service.household._line.close()
        page.goto(f"http://127.0.0.1:{away}/review")
        expect(page.locator("#problem")).to_contain_text("come back later")
        check_accessible(page)
        context.close()
    assert [item.state.value for item in review.items.of(anna.person_id)] == ["reviewed"]


def _work(page: Page, service: KeptService, *, rita_alias: str) -> None:
    """Past the test, one task, from the keyboard."""
    service.desk.passed(rita_alias)
    page.reload()
    expect(page.locator("#take")).to_be_visible()
    page.locator("#take").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#words")).to_have_text("call ▇▇▇ and turn on the lamp")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#none-text")).to_contain_text("None waits")
