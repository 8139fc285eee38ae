"""Learning in a real browser on a real server: the evidence, one click to try and one to take back, correcting on the history."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from earwitness.build import utc_now
from tests.houses_kept import PERSON_COOKIES, Clock, kept_house
from tests.improving import NAMES, improver, judged_house
from tests.system import browsing

AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
NARROW = {"viewport": {"width": 320, "height": 640}, "device_scale_factor": 2, "has_touch": True, "is_mobile": True}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.models,
    pytest.mark.skipif(browsing.chromium() is None, reason="chromium is not installed; `python tests/prepare.py` installs it"),
]


@pytest.fixture(scope="module")
def launched() -> Iterator[Browser]:
    with sync_playwright() as started, browsing.browser(started) as browser:
        yield browser


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a house with one version that may be used, and its owner's sign-in."""
    state = tmp_path_factory.mktemp("state")
    with kept_house(state, clock=Clock(now=utc_now())) as house:
        judged_house(house)
        loop = improver(house)
        loop.sets.make()
        loop.measure(loop.learn(loop.register()))
        token = house.people.accounts.let_in(house.people.named(NAMES[0])).token
    with browsing.server(state, owner=None) as address:
        yield address, token


def opened(launched: Browser, served: tuple[str, str], **look: object) -> BrowserContext:
    context = launched.new_context(**look)  # type: ignore[arg-type]
    context.add_cookies([{"name": PERSON_COOKIES[0], "value": served[1], "url": served[0]}])
    return context


def test_a_version_is_tried_and_taken_back_with_one_click_each(launched: Browser, served: tuple[str, str]) -> None:
    context = opened(launched, served)
    page = context.new_page()
    page.goto(f"{served[0]}/improve")
    card = page.locator("#versions > li")
    expect(card).to_have_attribute("data-state", "measured")
    expect(card).to_contain_text("It understood 0 of 8 judged requests before, 8 now; nothing got worse.")
    expect(page.locator("#curve-words")).to_contain_text("version 1 100 %")
    page.get_by_text("The evidence").click()
    expect(card.locator("table").first).to_contain_text("command errors")
    page.get_by_role("button", name="Try it (version 1)").click()
    expect(card).to_have_attribute("data-state", "trial")
    page.get_by_role("button", name="Take it back (version 1)").click()
    expect(card).to_have_attribute("data-state", "taken_back")
    context.close()


def test_it_works_on_a_phone_by_day_and_by_night(launched: Browser, served: tuple[str, str]) -> None:
    for scheme in ("light", "dark"):  # EARWITNESS_PICTURES names a folder for pictures
        context = opened(launched, served, **NARROW, color_scheme=scheme)
        page = context.new_page()
        page.goto(f"{served[0]}/improve")
        expect(page.locator("#versions > li")).to_be_visible()
        page.get_by_text("The evidence").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        if folder := os.environ.get("EARWITNESS_PICTURES"):
            page.screenshot(path=Path(folder, f"improve-{scheme}.png"), full_page=True)
        found = Axe().run(page, options=AXE)
        assert found.response["violations"] == [], found.generate_report()
        context.close()


def test_a_turn_is_corrected_and_a_false_wake_marked_on_the_history(launched: Browser, served: tuple[str, str]) -> None:
    context = opened(launched, served)
    page = context.new_page()
    page.goto(f"{served[0]}/history")
    turn = page.locator("article.kept-turn").first
    turn.get_by_role("button", name=re.compile("^Correct")).click()
    page.get_by_label("What you really said").fill("turn on the fan")
    page.get_by_role("button", name="Save").click()
    expect(turn.locator("h3")).to_have_text("turn on the fan")
    turn.get_by_role("button", name=re.compile("^Not for you")).click()
    expect(page.get_by_text("Noted: nobody had called me there.")).to_be_visible()
    page.goto(f"{served[0]}/privacy")
    expect(page.locator("#learned-empty, #learned li").first).to_be_attached()
    context.close()
