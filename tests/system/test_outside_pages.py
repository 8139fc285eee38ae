"""The pages of what is outside, in a real browser on a real server: what leaves this house, contacts, messages, confirmations."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.links.servers import free_port
from tests.system import browsing

AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
NARROW = {"viewport": {"width": 320, "height": 640}, "device_scale_factor": 2, "has_touch": True, "is_mobile": True}
SECRET = "zanzibar marmalade"

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
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with browsing.server(tmp_path_factory.mktemp("state")) as address:
        yield address


@pytest.fixture
def context(launched: Browser, address: str) -> Iterator[BrowserContext]:
    opened = launched.new_context()
    browsing.sign_in(opened, address, browsing.OWNER)
    yield opened
    opened.close()


def open_page(context: BrowserContext, address: str, path: str, *, ready: str) -> Page:
    page = context.new_page()
    page.goto(address + path)
    expect(page.locator(ready)).to_be_visible()
    return page


def check_looks(context: BrowserContext, address: str, path: str, *, ready: str) -> None:
    """On a small phone nothing is wider than it; axe has nothing to say, by day and by night."""
    for scheme in ("light", "dark"):  # EARWITNESS_PICTURES names a folder for pictures
        assert context.browser is not None
        small = context.browser.new_context(**NARROW, color_scheme=scheme)  # type: ignore[arg-type]
        small.add_cookies(context.cookies())  # type: ignore[arg-type]
        page = open_page(small, address, path, ready=ready)
        page.wait_for_load_state("load")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        if folder := os.environ.get("EARWITNESS_PICTURES"):
            page.screenshot(path=Path(folder, f"{path.strip('/')}-{scheme}.png"), full_page=True)
        found = Axe().run(page, options=AXE)
        assert found.response["violations"] == [], found.generate_report()
        small.close()


def test_links_are_connected_tested_changed_and_removed(context: BrowserContext, address: str) -> None:
    page = open_page(context, address, "/links", ready="#part")
    expect(page.locator("#none")).to_contain_text("Nothing leaves this house")
    page.select_option("#kind", "mqtt")
    page.fill("#name", "Broker")
    page.get_by_label("Broker", exact=True).fill("127.0.0.1")
    page.get_by_label("Port", exact=True).fill(str(free_port()))
    page.get_by_label("Encrypted", exact=True).uncheck()
    page.get_by_label("Password", exact=True).fill(SECRET)
    page.get_by_role("button", name="Connect it").click()
    card = page.locator("[data-link=Broker]")
    expect(card).to_contain_text("127.0.0.1")
    expect(card.locator("[data-state]")).to_have_attribute("data-state", "unreachable")
    card.get_by_role("button", name="Test").click()
    expect(page.locator("#news-text")).to_contain_text("Broker:")
    assert SECRET not in page.content()
    card.get_by_role("button", name="Change").click()
    dialog = page.locator("dialog")
    expect(dialog).to_contain_text("It is set. Leave this empty to keep it.")
    assert SECRET not in "".join(dialog.locator("input").evaluate_all("all => all.map(one => one.value)"))
    page.fill("#change-name", "Old broker")
    dialog.get_by_role("button", name="Save").click()
    old = page.locator("[data-link='Old broker']")
    expect(old).to_be_visible()
    check_looks(context, address, "/links", ready="[data-link='Old broker']")
    old.get_by_role("button", name="Switch off").click()
    expect(old.locator("[data-state]")).to_have_attribute("data-state", "off")
    old.get_by_role("button", name="Remove").click()
    page.locator("dialog").get_by_role("button", name="Remove").click()
    expect(page.locator("#none")).to_be_visible()


def test_contacts_are_written_down_found_brought_and_taken(context: BrowserContext, address: str, tmp_path: Path) -> None:
    page = open_page(context, address, "/contacts", ready="#part")
    page.get_by_label("Name", exact=True).fill("Thomasina Quill")
    page.get_by_label("What they are to you").fill("Mum")
    page.get_by_label("Number or address").first.fill("+49 170 1234567")
    page.get_by_role("button", name="Keep it").click()
    card = page.locator("[data-contact='Thomasina Quill']")
    expect(card).to_contain_text("your mother")
    expect(card).to_contain_text("+491701234567")
    file = tmp_path / "phone.vcf"
    file.write_text("BEGIN:VCARD\nVERSION:3.0\nFN:Percival Plumber\nTEL;TYPE=WORK:0301234\nEND:VCARD\n", encoding="utf-8")
    page.set_input_files("#file", file)
    page.get_by_role("button", name="Bring them here").click()
    expect(page.locator("#news-text")).to_contain_text("1 added")
    page.fill("#find", "percival")
    expect(page.locator("#found")).to_have_text("1 of 2.")
    expect(card).to_be_hidden()
    page.fill("#find", "")
    card.get_by_role("button", name="Change").click()
    dialog = page.locator("dialog")
    dialog.get_by_label("Note").fill("Feeds the cat.")
    dialog.get_by_role("button", name="Save").click()
    expect(card).to_contain_text("Feeds the cat.")
    check_looks(context, address, "/contacts", ready="[data-contact='Thomasina Quill']")
    card.get_by_role("button", name="Remove").click()
    page.locator("dialog").get_by_role("button", name="Remove").click()
    expect(card).to_have_count(0)


def test_what_is_confirmed_is_chosen_on_the_page(context: BrowserContext, address: str) -> None:
    page = open_page(context, address, "/household", ready="#confirmations")
    page.select_option("#speaker", "child")
    expect(page.locator("#act-unlock")).to_have_value("refuse")
    page.select_option("#act-unlock", "ask")
    expect(page.locator("#news-text")).to_have_text(re.compile("Unlock a door: Ask first"))
    assert page.locator("#act-delete_everything option").all_text_contents() == ["Ask first (usual)", "Refuse"]
    page.reload()
    expect(page.locator("#confirmations")).to_be_visible()
    page.select_option("#speaker", "child")
    expect(page.locator("#act-unlock")).to_have_value("ask")
    rules = page.locator("#own-part")
    rules.get_by_role("button", name="Add rule").click()
    expect(page.locator("#own-wrong")).to_contain_text("for which device")
    page.get_by_label("Who", exact=True).select_option(label=browsing.OWNER)
    page.get_by_label("Does what").select_option(label="Unlock a door")
    page.get_by_label("With what").select_option(label="front door, hallway")
    page.get_by_label("Then", exact=True).select_option(label="Refuse")
    rules.get_by_role("button", name="Add rule").click()
    rule = page.locator("#own li")
    expect(rule).to_have_text(re.compile(f"{browsing.OWNER}, Unlock a door, front door, hallway: Refuse."))
    check_looks(context, address, "/household", ready="#own li")
    rule.get_by_role("button", name=re.compile("Remove the rule")).click()
    expect(page.locator("#own-none")).to_be_visible()


def test_a_message_is_left_read_and_deleted(context: BrowserContext, address: str) -> None:
    page = open_page(context, address, "/messages", ready="#part")
    expect(page.locator("#inbox-empty")).to_be_visible()
    expect(page.locator("#kept")).to_contain_text("erased soon after")
    page.get_by_label("To", exact=True).fill("Zacharias")
    page.get_by_label("Message", exact=True).fill("The cake <b>is</b> mine.")
    page.get_by_role("button", name="Send it").click()
    expect(page.locator("#problem-sending")).to_contain_text("I know nobody called Zacharias")
    page.get_by_label("To", exact=True).fill("everybody")
    page.get_by_label("Leave it here in the house").check()
    page.get_by_role("button", name="Send it").click()
    expect(page.locator("#news-text")).to_have_text("I left it for everybody.")
    card = page.locator("#inbox [data-state=new]")
    expect(card).to_contain_text("The cake <b>is</b> mine.")
    expect(page.locator("#sent [data-state=delivered]")).to_contain_text("Its words were erased.")
    check_looks(context, address, "/messages", ready="#inbox [data-state=new]")
    card.get_by_role("button", name="Read").click()
    expect(page.locator("#inbox [data-state=read]")).to_be_visible()
    page.locator("#inbox").get_by_role("button", name="Delete").click()
    page.locator("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator("#inbox-empty")).to_be_visible()


def test_what_satellites_say_is_chosen(context: BrowserContext, address: str) -> None:
    page = open_page(context, address, "/messages", ready="#part")
    choice = page.get_by_label("Every satellite that is not named below")
    expect(choice).to_have_value("that_there_is_one")
    choice.select_option("nothing")
    expect(page.locator("#news-text")).to_contain_text("it says nothing")
    page.reload()
    expect(page.get_by_label("Every satellite that is not named below")).to_have_value("nothing")


def test_the_last_calls_are_shown_and_one_is_called_again_from_the_talk_page(context: BrowserContext, address: str) -> None:
    page = open_page(context, address, "/calls", ready="#part")
    expect(page.locator("#missed")).to_have_text("There was no call since this home was started.")
    expect(page.locator("#forget")).to_be_hidden()
    call = {"id": "a", "who": "the number 1 2", "address": "12", "is_incoming": True, "was_answered": False}
    call |= {"was_missed": True, "at": "2026-11-24T15:07:00+00:00"}
    told = json.dumps({"calls": [call], "missed": 1})
    page.route("**/api/v1/calls", lambda route: route.fulfill(body=told, content_type="application/json"))
    expect(page.locator("#missed")).to_have_text("One was missed.")
    expect(page.locator("#calls [data-state=missed]")).to_contain_text("From The number 1 2")
    page.get_by_role("link", name="Call back: The number 1 2").click()
    expect(page.locator("#ask-text")).to_have_value("call 12")
    assert "ask" not in page.url
    check_looks(context, address, "/calls", ready="#part")
