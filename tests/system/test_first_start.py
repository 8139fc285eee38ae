"""The first start in a real Chromium: from nothing to an owner, a home and a first command, by passphrase and by passkey."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from tests.system import browsing
from tests.system.browsing import PASSPHRASE

pytestmark = [
    pytest.mark.browser,
    pytest.mark.models,
    pytest.mark.skipif(browsing.chromium() is None, reason="chromium is not installed; `python tests/prepare.py` installs it"),
]
PHONE: dict[str, Any] = {"viewport": {"width": 320, "height": 640}, "has_touch": True, "is_mobile": True, "color_scheme": "dark"}
NOTE_SOUND = """
window.played = [];
const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () {
  this.addEventListener("loadedmetadata", () => window.played.push(this.duration), { once: true });
  return play.call(this);
};
"""


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def launched(playwright: Playwright) -> Iterator[Browser]:
    with browsing.browser(playwright) as started:
        yield started


@contextmanager
def opened(launched: Browser, address: str, **context: Any) -> Iterator[Page]:
    """The first page of a home that nobody set up; it may complain of nothing and go nowhere else."""
    made = launched.new_context(**{"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce", **context})
    made.add_init_script(NOTE_SOUND)
    page, complaints, elsewhere = made.new_page(), list[str](), list[str]()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("request", lambda sent: elsewhere.append(sent.url) if not sent.url.startswith((address, "blob:", "data:")) else None)
    page.goto(address)
    assert page.url == f"{address}/setup"
    page.wait_for_selector("#step-owner:visible")
    try:
        yield page
        assert (complaints, elsewhere) == ([], [])
    finally:
        made.close()


def go_on(page: Page, step: str, following: str) -> None:
    page.click(f"#step-{step} [type=submit]")
    page.wait_for_selector(f"#step-{following}:visible")


def fits(page: Page) -> None:
    """Whether axe finds nothing and nothing is wider than the window."""
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def acknowledge(page: Page) -> None:
    """What is kept and who may listen is there to read, is read aloud, and is acknowledged."""
    words = page.locator("#promise").inner_text()
    assert "What is kept: nothing" in words
    assert "Who may listen: nobody" in words
    page.wait_for_function("() => window.played.some((seconds) => seconds > 10)", timeout=60_000)
    page.click("#read")
    page.wait_for_selector("#read-word:has-text('Read it aloud')")
    page.click("#step-promise [type=submit]")
    assert page.evaluate("document.querySelector('#agree:invalid') !== null"), "it starts only once that is acknowledged"
    page.check("#agree")
    page.click("#step-promise [type=submit]")
    page.wait_for_selector("#link.up", timeout=30_000)


def test_from_nothing_to_a_first_command(launched: Browser, tmp_path: Path) -> None:
    with browsing.server(tmp_path, owner=None) as address, opened(launched, address) as page:
        fits(page)
        page.fill("#name", "Olga")
        page.fill("#passphrase", "aaaaaaaaaaaaaaaaaa")
        page.wait_for_selector("#passphrase-advice:not(.good):not(:empty)")
        page.click("#step-owner [type=submit]")
        page.wait_for_selector("#step-owner [data-problem]:not(:empty)")
        page.fill("#passphrase", PASSPHRASE)
        page.wait_for_selector("#passphrase-advice.good:has-text('That will do')")
        go_on(page, "owner", "home")
        assert page.input_value("#home") == "Demonstration home"
        page.fill("#home", "Villa Test")
        page.fill("#room", "Attic")
        page.press("#room", "Enter")
        page.wait_for_selector("#rooms li:has-text('Attic')")
        fits(page)
        go_on(page, "home", "voice")
        page.check("[name=wake-word][value='okay nabu']")
        page.select_option("#voice", "michael")
        page.click("#listen")
        page.wait_for_function("() => window.played.length === 1", timeout=30_000)
        page.wait_for_selector("#listen:not([aria-busy])")
        fits(page)
        go_on(page, "voice", "promise")
        fits(page)
        acknowledge(page)
        assert page.url == f"{address}/"
        page.wait_for_selector("#home-title:has-text('Villa Test')")
        assert page.get_attribute("body", "data-wake-words") == "okay nabu"
        assert page.input_value("#voice") == "michael"
        assert page.locator("#person-name").inner_text() == "Olga"
        assert "Attic" in [area["name"] for area in page.request.get(f"{address}/api/v1/home").json()["areas"]]
        page.fill("#ask-text", "turn on the bathroom light")
        page.press("#ask-text", "Enter")
        page.wait_for_selector("#turn[data-outcome='done']")
        page.wait_for_selector("#kept-note:has-text('Nothing of what Olga says is kept')")
        page.goto(f"{address}/setup")
        assert page.url == f"{address}/", "it is over"
    with browsing.server(tmp_path, owner=None) as address:
        context = launched.new_context()
        browsing.sign_in(context, address, "Olga")
        chosen = context.request.get(f"{address}/api/v1/household").json()
        assert (chosen["home"], chosen["wake_words"], chosen["voice"]) == ("Villa Test", ["okay nabu"], "michael")
        assert context.request.get(f"{address}/api/v1/home").json()["name"] == "Villa Test"
        context.close()


def test_with_a_passkey_on_a_small_dark_phone(launched: Browser, tmp_path: Path) -> None:
    with browsing.server(tmp_path, owner=None) as server:
        address = server.replace("127.0.0.1", "localhost")
        with opened(launched, address, **PHONE) as page:
            browsing.add_authenticator(page)
            page.fill("#name", "Pia")
            page.check("[name=way][value=passkey]")
            fits(page)
            go_on(page, "owner", "home")
            fits(page)
            go_on(page, "home", "voice")
            fits(page)
            go_on(page, "voice", "promise")
            fits(page)
            acknowledge(page)
            me = page.request.get(f"{address}/api/v1/me").json()
            assert (me["person"]["name"], me["person"]["role"]) == ("Pia", "owner")
            page.click("#sign-out")
            page.wait_for_url("**/sign-in")
            page.wait_for_load_state("networkidle")
            page.evaluate("() => 0")
            page.click("#passkey")
            page.wait_for_selector("#link.up")
            assert page.locator("#person-name").inner_text() == "Pia"
