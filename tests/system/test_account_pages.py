"""Account and People in a real Chromium: how one signs in, where one is signed in, who is here, and what guardians decide."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from tests.system import browsing
from tests.system.browsing import OWNER, PASSPHRASE, go, new_context, settle

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
    context = new_context(launched, viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    if new is None:
        browsing.sign_in(context, address)
    else:
        browsing.add_person(context, address, new)
    page, failures = context.new_page(), list[str]()
    page.on("pageerror", lambda error: failures.append(str(error)))
    go(page, address + path)
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


def test_a_passkey_is_added_used_to_sign_in_and_to_confirm_and_removed(launched: Browser, address: str, state: Path) -> None:
    with at(launched, address, "/account", new="Pia") as page:
        browsing.add_authenticator(page)
        page.fill("#passkey-name", "My phone")
        page.click("#add-passkey button")
        page.wait_for_selector("#passkeys li:has-text('My phone')")
        page.click("#sign-out")
        page.wait_for_url("**/sign-in")
        settle(page)
        page.click("#passkey")
        page.wait_for_selector("#link.up")
        go(page, f"{address}/account")
        expect(page.locator("#log")).to_contain_text("Signed in: passkey")
        grow_stale(state)
        page.click("#passkeys button")
        page.wait_for_selector("dialog:has-text('Is it you?')")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        page.click("dialog [data-value=passkey]")
        page.wait_for_selector("#news:has-text('removed')")
        page.wait_for_selector("#passkeys-empty:visible")
        expect(page.locator("#log")).to_contain_text("You showed again that it is you")


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
        page.wait_for_function("() => document.querySelector('dialog img.qr')?.naturalWidth > 100")
        totp = pyotp.TOTP(page.locator("#code-secret").inner_text().replace(" ", ""))
        page.fill("#first-code", totp.now())
        page.keyboard.press("Enter")
        expect(page.locator("#recovery-codes li")).to_have_count(10)
        codes = page.locator("#recovery-codes li").all_inner_texts()
        page.click("dialog [data-value=kept]")
        page.wait_for_selector("#code-state:has-text('On. 10 recovery codes are left.')")
        page.click("#sign-out")
        page.wait_for_url("**/sign-in")
        settle(page)
        page.fill("#name", "Tina")
        page.fill("#passphrase", PASSPHRASE)
        page.keyboard.press("Enter")
        page.wait_for_selector("#code:visible")
        page.fill("#code", codes[0])
        page.keyboard.press("Enter")
        page.wait_for_selector("#link.up")
        go(page, f"{address}/account")
        page.wait_for_selector("#code-state:has-text('9 recovery codes')")


def test_signing_out_elsewhere_ends_that_page_and_its_session(launched: Browser, address: str) -> None:
    with at(launched, address, "/", new="Olaf") as page:
        page.wait_for_selector("#link.up")
        other = new_context(launched)
        browsing.sign_in(other, address, "Olaf")
        account = other.new_page()
        go(account, f"{address}/account")
        account.wait_for_selector("#places li >> nth=1")
        account.click("#everywhere")
        account.wait_for_selector("#news:has-text('signed out everywhere')")
        page.wait_for_url("**/sign-in*")
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
        expect(kim).to_contain_text(f"child, guardian: {OWNER}")
        page.wait_for_selector("#news:has-text('Kim can sign in now')")
        ward = page.locator("[data-ward=Kim]")
        ward.locator("[role=switch]").first.click()
        page.wait_for_selector("[data-ward=Kim] [role=switch][aria-checked=true]")
        expect(ward).to_contain_text("Kept for a week")
        kim.locator("button:has-text('Suspend')").click()
        page.wait_for_selector("[data-person=Kim]:has-text('suspended since')")
        context = launched.new_context()
        refused = context.request.post(f"{address}/api/v1/sign-in", data={"name": "Kim", "passphrase": PASSPHRASE})
        assert refused.status == 401
        context.close()
        kim.locator("button:has-text('Let in again')").click()
        page.wait_for_selector("#news:has-text('Kim may sign in again')")
        kim.locator("button:has-text('Change')").click()
        page.select_option("#change-role", "guest")
        page.click("dialog [data-value=change]")
        page.wait_for_selector("[data-person=Kim]:has-text('guest')")
        expect(ward).to_have_count(0)
        page.wait_for_selector("#news:has-text('Kim is')")
        kim.locator("button:has-text('Remove')").click()
        page.click("dialog [data-value=remove]")
        page.wait_for_selector("#news:has-text('Kim is removed')")
        expect(kim).to_have_count(0)


def test_a_guest_sees_no_page_that_is_not_for_guests(launched: Browser, address: str) -> None:
    context = new_context(launched)
    browsing.add_person(context, address, "Gast", role="guest")
    page = context.new_page()
    go(page, address)
    assert page.locator("nav a").all_inner_texts() == ["Talk", "Plans", "Skills"], "the server drew it so"
    go(page, f"{address}/history")
    assert page.url.startswith(f"{address}/account"), "the server sent it there"
    context.close()


def test_somebody_is_invited_and_makes_an_account_of_their_own(launched: Browser, address: str) -> None:
    with at(launched, address, "/people") as page:
        page.click("#invite")
        page.fill("#invite-note", "Grandma")
        page.select_option("#invite-role", "guest")
        page.click("dialog [data-value=make]")
        link = page.locator("#invite-link").inner_text()
        page.wait_for_function("() => document.querySelector('img.qr').naturalWidth > 100")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        page.click("dialog [data-value=kept]")
        page.wait_for_selector("#invitations li:has-text('Grandma')")
        context = new_context(launched)
        theirs = context.new_page()
        go(theirs, link)
        assert "#" not in theirs.url, "the code is not for this browser's history"
        expect(theirs.locator("#status")).to_contain_text(f"{OWNER} invites you")
        theirs.fill("#name", "Greta")
        theirs.fill("#passphrase", PASSPHRASE)
        theirs.click("#step-name [type=submit]")
        theirs.wait_for_selector("#person-name:has-text('Greta')")
        go(theirs, link)
        theirs.wait_for_selector("#code-problem:has-text('was used')")
        context.close()
        go(page, f"{address}/people")
        page.wait_for_selector("#people [data-person=Greta]")
        page.wait_for_selector("#invitations-empty:visible")


def test_the_household_is_called_otherwise_at_once(launched: Browser, address: str, state: Path) -> None:
    with at(launched, address, "/household") as page:
        grow_stale(state)
        page.fill("#home", "Rose Cottage")
        page.fill("[aria-label='Name of the room office']", "Study")
        page.select_option("#zone", "Europe/Berlin")
        page.click("#household [type=submit]")
        page.wait_for_selector("dialog:has-text('Is it you?')")
        page.fill("#confirm-passphrase", PASSPHRASE)
        page.keyboard.press("Enter")
        page.wait_for_selector("#news:has-text('Saved')")
        page.wait_for_selector("#zone-about:has-text('Europe/Berlin')")
        home = page.context.request.get(f"{address}/api/v1/home").json()
        assert (home["name"], "study" in [area["name"].lower() for area in home["areas"]]) == ("Rose Cottage", True)
        asked = page.context.request.post(f"{address}/api/v1/ask", data={"text": "turn on the lights in the study"}).json()
        assert asked["outcome"] == "done", asked
        go(page, f"{address}/account")
        expect(page.locator("#log")).to_contain_text("You changed the household: name, rooms, time zone")
