"""The page of oversight in a real browser: terms by two people, what was flagged, an emergency, and whose recordings it is about.

`EARWITNESS_PICTURES=1` takes the guide's pictures anew.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from earwitness.domain.oversight import GlassState, ProposalState
from earwitness.review.conduct import Rule
from tests.houses_kept import kept_house
from tests.overseen_kept import SAID, OverseenHouse, overseen
from tests.system import browsing
from tests.system.test_review_pages import PHONE, check_accessible, open_page, served

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browsing.chromium() is None, reason="chromium is not installed; `python tests/prepare.py` installs it"),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OverseenHouse]:
    """An overseen house in which something was flagged and somebody suspended."""
    with kept_house(tmp_path_factory.mktemp("house")) as house:
        house.household.set_up(name="Villa", rooms=("den",), wake_words=("okay nabu",), acknowledged_version=1)
        found = overseen(house)
        found.flag()
        house.keep(found.anna, SAID, sound=bytes(32_000))
        found.desk.suspend(found.rita.alias, reason=Rule.SCRAPING.value)
        found.oversight.look()
        yield found


@pytest.fixture(scope="module")
def address(made: OverseenHouse) -> Iterator[str]:
    with served(made.house) as found:
        yield found


@pytest.fixture(scope="module")
def launched() -> Iterator[Browser]:
    with sync_playwright() as playwright, browsing.browser(playwright) as found:
        yield found


def picture(what: Page | Locator, name: str) -> None:
    """Take a picture for the documentation, where there is none yet or EARWITNESS_PICTURES asks for new ones."""
    file = PICTURES / name
    if os.environ.get("EARWITNESS_PICTURES") or not file.exists():
        if isinstance(what, Page):
            what.screenshot(path=file, full_page=True)
        else:
            what.screenshot(path=file)


def answer(page: Page, button: str, *, words: str = "", submit: str) -> None:
    """Press a button, and answer its question."""
    page.get_by_role("button", name=button).first.click()
    dialog = page.locator("dialog[open]")
    if words:
        dialog.locator("textarea").fill(words)
    dialog.get_by_role("button", name=submit, exact=True).click()


def test_terms_are_proposed_by_one_and_approved_by_another(made: OverseenHouse, address: str, launched: Browser) -> None:
    page = open_page(launched, made.house, address, "/oversight", who=made.officer)
    expect(page.locator("#waits")).to_contain_text("1 suspension to look at")
    check_accessible(page)
    page.get_by_label("Percent of what may be drawn").fill("0.1")
    page.locator("#propose textarea[name=reason]").fill("Fewer are enough.")
    page.get_by_role("button", name="Propose", exact=True).click()
    expect(page.locator("#proposals")).to_contain_text("Fewer are enough.")
    expect(page.locator("#proposals").get_by_role("button", name="Approve …")).to_have_count(0)
    answer(page, "See to it …", words="I talked to her.", submit="Seen to")
    expect(page.locator("#conduct")).to_contain_text("I talked to her.")
    page.get_by_role("button", name="Recompute").first.click()
    expect(page.locator("#days")).to_contain_text("As committed")
    page.locator("#news-close").click()
    picture(page, "oversight.png")
    page.context.close()
    other = open_page(launched, made.house, address, "/oversight", who=made.runner, viewport=PHONE)
    expect(other.locator("#conduct-part")).to_be_hidden()
    answer(other, "Approve …", words="I agree.", submit="Approve")
    expect(other.locator("#proposals")).to_contain_text("in force from")
    check_accessible(other)
    other.context.close()
    (proposal,) = made.oversight.proposals.all()
    assert (proposal.state, proposal.values["rate_millionths"]) == (ProposalState.APPROVED, 1_000)


def test_what_was_flagged_is_read_and_judged_by_two(made: OverseenHouse, address: str, launched: Browser) -> None:
    for who in (made.lead, made.officer):
        page = open_page(launched, made.house, address, "/oversight", who=who)
        page.get_by_role("button", name="Read it and say …").click()
        page.locator("dialog[open]").get_by_role("button", name="Read it", exact=True).click()
        dialog = page.locator("dialog[open]")
        expect(dialog.locator(".said")).to_contain_text("call ▇▇▇ and turn on the lamp")
        check_accessible(page)
        if who is made.lead:
            picture(dialog, "oversight-flagged.png")
        dialog.get_by_label("What you would do").select_option("delete_offered")
        dialog.get_by_role("button", name="Say it").click()
        expect(page.locator("#news-text")).to_contain_text("in the ledger")
        page.context.close()
    drawn = open_page(launched, made.house, address, "/drawn", who=made.anna)
    expect(drawn.locator("main")).to_contain_text("You can delete it for good")
    drawn.context.close()


def test_an_emergency_and_its_person(made: OverseenHouse, address: str, launched: Browser) -> None:
    page = open_page(launched, made.house, address, "/oversight", who=made.officer)
    page.get_by_label("Their name").fill("Anna")
    page.locator("#break textarea[name=reason]").fill("She may be in danger.")
    page.get_by_role("button", name="Ask two others").click()
    expect(page.locator("#glass")).to_contain_text("Asked for")
    for who in (made.owner, made.runner):
        other = open_page(launched, made.house, address, "/oversight", who=who)
        other.locator("#glass").get_by_role("button", name="Approve").click()
        expect(other.locator("#news-text")).to_contain_text("You approved")
        other.context.close()
    page.reload()
    page.get_by_role("button", name="Open …").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_role("button", name="Words").first.click()
    expect(dialog.locator(".said")).to_contain_text("Marguerite")
    dialog.get_by_role("button", name="Sound").first.click()
    expect(dialog).to_contain_text("Playing 1 second once.")
    check_accessible(page)
    picture(dialog, "oversight-emergency.png")
    dialog.get_by_role("button", name="Close").click()
    answer(page, "Say what came of it …", words="She is well.", submit="Say it")
    expect(page.locator("#glass")).to_contain_text("She is well.")
    page.context.close()
    mine = open_page(launched, made.house, address, "/listens", who=made.anna, viewport=PHONE)
    expect(mine.locator("#emergencies")).to_contain_text("She may be in danger.")
    expect(mine.locator("#rows")).to_contain_text("In an emergency, as two people allowed")
    check_accessible(mine)
    mine.context.close()
    assert made.oversight.glasses.all()[0].state is GlassState.ENDED
