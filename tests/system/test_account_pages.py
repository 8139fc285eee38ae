"""Account and People in a real Chromium: how one signs in, where one is signed in, who is here, and what guardians decide."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from tests.system import browsing
from tests.system.browsing import OWNER, PASSPHRASE

pytestmark = [
    pytest.mark.browser,
    pytest.mark.models,
    pytest.mark.skipif(browsing.chromium() is None, reason="chromium is not installed; `python tests/prepare.py` installs it"),
]


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def launched(playwright: Playwright) -> Iterator[Browser]:
    with browsing.browser(playwright) as started:
        yield started


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def address(state: Path) -> Iterator[str]:
    """The server by a name: browsers have no passkeys for addresses in numbers."""
    with browsing.server(state) as started:
        yield started.replace("127.0.0.1", "localhost")


@contextmanager
def at(launched: Browser, address: str, path: str, *, new: str | None = None) -> Iterator[Page]:
    """A page where the owner, or somebody new, is signed in; scripts may not fail on it."""
    context = launched.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    if new is None:
        browsing.sign_in(context, address)
    else:
        browsing.add_person(context, address, new)
    page, failures = context.new_page(), list[str]()
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.goto(address + path, wait_until="networkidle")
    try:
        yield page
        assert failures == []
    finally:
        context.close()


def grow_stale(state: Path) -> None:
    """As if everybody had shown an hour ago who they are."""
    with closing(sqlite3.connect(state / "household.db", timeout=10)) as database:
        database.execute("UPDATE sign_ins SET confirmed_at = confirmed_at - 3600")
        database.commit()


def call(page: Page, method: str, path: str, body: object = None) -> Any:
    answer = page.context.request.fetch(
        f"{page.url.split('/account')[0].split('/people')[0]}/api/v1{path}", method=method, data=body
    )
    assert answer.ok, answer.text()
    return None if answer.status == 204 else answer.json()


def test_a_passkey_is_added_used_to_sign_in_and_to_confirm_and_removed(launched: Browser, address: str, state: Path) -> None:
    with at(launched, address, "/account", new="Pia") as page:
        browsing.add_authenticator(page)
        page.fill("#passkey-name", "My phone")
        page.click("#add-passkey button")
        page.wait_for_selector("#passkeys li:has-text('My phone')")
        page.click("#sign-out")
        page.wait_for_url("**/sign-in")
        page.wait_for_load_state("networkidle")
        page.click("#passkey")
        page.wait_for_selector("#link.up")
        page.goto(f"{address}/account", wait_until="networkidle")
        assert "Signed in: passkey" in page.locator("#log").inner_text()
        grow_stale(state)
        page.click("#passkeys button")
        page.wait_for_selector("dialog:has-text('Is it you?')")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        page.click("dialog [data-value=passkey]")
        page.wait_for_selector("#news:has-text('removed')")
        page.wait_for_selector("#passkeys-empty:visible")
        assert "You showed again that it is you" in page.locator("#log").inner_text()


def test_what_is_dangerous_asks_for_the_passphrase_and_then_goes_on(launched: Browser, address: str, state: Path) -> None:
    with at(launched, address, "/account", new="Carl") as page:
        grow_stale(state)
        page.click("#make-token")
        page.fill("#token-name", "Display")
        page.check("dialog [value=home]")
        page.click("dialog [data-value=make]")
        page.wait_for_selector("dialog:has-text('Is it you?')")
        page.fill("#confirm-passphrase", "wrong horse battery")
        page.keyboard.press("Enter")
        page.wait_for_selector("dialog:has-text('do not belong together')")
        page.fill("#confirm-passphrase", PASSPHRASE)
        page.keyboard.press("Enter")
        secret = page.locator("#token-secret").inner_text()
        page.click("dialog [data-value=kept]")
        page.wait_for_selector("#tokens li:has-text('Display')")
        bearer = {"Authorization": f"Bearer {secret}", "Cookie": ""}
        stranger = launched.new_context()
        assert stranger.request.get(f"{address}/api/v1/home", headers=bearer).ok
        assert stranger.request.get(f"{address}/api/v1/history", headers=bearer).status == 403
        page.click("#tokens button")
        page.wait_for_selector("#news:has-text('worth nothing')")
        assert stranger.request.get(f"{address}/api/v1/home", headers=bearer).status == 401
        stranger.close()


def test_codes_from_a_phone_are_turned_on_and_asked_for(launched: Browser, address: str) -> None:
    with at(launched, address, "/account", new="Tina") as page:
        page.click("#code-on")
        page.wait_for_selector("dialog img.qr")
        assert page.evaluate("document.querySelector('img.qr').naturalWidth") > 100
        totp = pyotp.TOTP(page.locator("#code-secret").inner_text().replace(" ", ""))
        page.fill("#first-code", totp.now())
        page.keyboard.press("Enter")
        page.wait_for_selector("#recovery-codes li")
        codes = page.locator("#recovery-codes li").all_inner_texts()
        assert len(codes) == 10
        page.click("dialog [data-value=kept]")
        page.wait_for_selector("#code-state:has-text('On. 10 recovery codes are left.')")
        page.click("#sign-out")
        page.wait_for_url("**/sign-in")
        page.wait_for_load_state("networkidle")
        page.fill("#name", "Tina")
        page.fill("#passphrase", PASSPHRASE)
        page.keyboard.press("Enter")
        page.wait_for_selector("#code:visible")
        page.fill("#code", codes[0])
        page.keyboard.press("Enter")
        page.wait_for_selector("#link.up")
        page.goto(f"{address}/account", wait_until="networkidle")
        page.wait_for_selector("#code-state:has-text('9 recovery codes')")


def test_signing_out_elsewhere_ends_that_page_and_its_session(launched: Browser, address: str) -> None:
    with at(launched, address, "/", new="Olaf") as page:
        page.wait_for_selector("#link.up")
        other = launched.new_context()
        browsing.sign_in(other, address, "Olaf")
        account = other.new_page()
        account.goto(f"{address}/account", wait_until="networkidle")
        assert account.locator("#places li").count() >= 2
        account.click("#everywhere")
        account.wait_for_selector("#news:has-text('signed out everywhere')")
        page.wait_for_url("**/sign-in*", timeout=15_000)
        other.close()


def test_a_new_passphrase_is_judged_while_it_is_typed(launched: Browser, address: str) -> None:
    with at(launched, address, "/account", new="Nina") as page:
        page.fill("#new-passphrase", "passwordpassword")
        page.wait_for_selector("#change-advice:not(.good):not(:empty)")
        page.fill("#new-passphrase", "marble canoe thistle 9 lanterns")
        page.wait_for_selector("#change-advice.good")
        page.click("#change [type=submit]")
        page.wait_for_selector("#news:has-text('Your passphrase is changed')")
        context = launched.new_context()
        given = {"name": "Nina", "passphrase": "marble canoe thistle 9 lanterns"}
        assert context.request.post(f"{address}/api/v1/sign-in", data=given).ok
        context.close()


def test_the_owner_adds_changes_suspends_and_removes_people(launched: Browser, address: str) -> None:
    with at(launched, address, "/people") as page:
        page.fill("#add-name", "Kim")
        page.select_option("#add-role", "child")
        page.select_option("#add-guardian", label=OWNER)
        page.fill("#add-passphrase", PASSPHRASE)
        page.wait_for_selector("#add-advice.good")
        page.click("#add [type=submit]")
        kim = page.locator("[data-person=Kim]")
        kim.wait_for()
        assert re.search(f"child, guardian: {OWNER}", kim.inner_text())
        ward = page.locator("[data-ward=Kim]")
        ward.locator("[role=switch]").first.click()
        page.wait_for_selector("[data-ward=Kim] [role=switch][aria-checked=true]")
        assert "Kept for a week" in ward.inner_text()
        kim.locator("button:has-text('Suspend')").click()
        page.wait_for_selector("[data-person=Kim]:has-text('suspended since')")
        context = launched.new_context()
        refused = context.request.post(f"{address}/api/v1/sign-in", data={"name": "Kim", "passphrase": PASSPHRASE})
        assert refused.status == 401
        context.close()
        kim.locator("button:has-text('Let in again')").click()
        kim.locator("button:has-text('Suspend')").wait_for()
        kim.locator("button:has-text('Change')").click()
        page.select_option("#change-role", "guest")
        page.click("dialog [data-value=change]")
        page.wait_for_selector("[data-person=Kim]:has-text('guest')")
        assert page.locator("[data-ward=Kim]").count() == 0
        kim.locator("button:has-text('Remove')").click()
        page.click("dialog [data-value=remove]")
        page.wait_for_selector("#news:has-text('Kim is removed')")
        assert page.locator("[data-person=Kim]").count() == 0


def test_a_guest_sees_no_page_that_is_not_for_guests(launched: Browser, address: str) -> None:
    context = launched.new_context()
    browsing.add_person(context, address, "Gast", role="guest")
    page = context.new_page()
    page.goto(address, wait_until="networkidle")
    assert page.locator("nav a").all_inner_texts() == ["Talk"]
    page.goto(f"{address}/history", wait_until="networkidle")
    assert page.url.startswith(f"{address}/account")
    context.close()
