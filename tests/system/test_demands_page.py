"""The page of legal demands in a real browser: a demand from its paper to approval, the person who objects, the owner at home.

`EARWITNESS_PICTURES=1` takes the guide's pictures anew.
"""

import hashlib
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from earwitness.domain.demand import Category, State
from tests.demands_kept import PAPER, DemandedHouse, demanded_house
from tests.houses_kept import kept_house
from tests.system import browsing
from tests.system.test_review_pages import PHONE, check_accessible, open_page, served

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
DIGEST = hashlib.sha256(PAPER).hexdigest()
PAPER_FILE = {"name": "warrant.pdf", "mimeType": "application/pdf", "buffer": PAPER}
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browsing.chromium() is None, reason="chromium is not installed; `python tests/prepare.py` installs it"),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemandedHouse]:
    """An operator's house with counsel and a privacy officer; Anna spoke three times on Sunday."""
    with kept_house(tmp_path_factory.mktemp("house")) as house:
        house.household.set_up(name="Villa", rooms=("den",), wake_words=("okay nabu",), acknowledged_version=1)
        found = demanded_house(house, demands=house.demands)
        for hour in (9, 10, 11):
            found.sunday(hour=hour, sound=bytes(32_000))
        yield found


@pytest.fixture(scope="module")
def address(made: DemandedHouse) -> Iterator[str]:
    with served(made.house) as found:
        yield found


@pytest.fixture(scope="module")
def launched() -> Iterator[Browser]:
    with sync_playwright() as playwright, browsing.browser(playwright) as found:
        yield found


def picture(page: Page, name: str, *, is_whole: bool = True) -> None:
    """Take a picture of a page, or what is seen of it, for the documentation, where there is none yet or EARWITNESS_PICTURES asks
    for new ones."""
    file = PICTURES / name
    if os.environ.get("EARWITNESS_PICTURES") or not file.exists():
        page.screenshot(path=file, full_page=is_whole)


def step(page: Page, words: str) -> None:
    """Press a step's button and give a reason."""
    page.get_by_role("button", name=words).click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("Your reason").fill("The clerk confirmed it, and it is narrow.")
    if words == "Say that it is genuine":
        dialog.locator("#step-paper").set_input_files(PAPER_FILE)  # type: ignore[arg-type]
        expect(dialog.locator("#step-digest")).to_have_value(DIGEST)
    dialog.locator("button[type=submit]").click()
    expect(page.locator("#news-text")).to_contain_text("in the ledger")
    expect(page.locator("#case-title")).to_be_focused()


def test_counsel_takes_a_demand_in_narrows_it_and_the_person_objects(
    made: DemandedHouse, address: str, launched: Browser
) -> None:
    page = open_page(launched, made.house, address, "/demands", who=made.counsel)
    expect(page.locator("#held")).to_contain_text("3")
    check_accessible(page)
    page.get_by_label("Kind").select_option("warrant")
    page.get_by_label("Who demands it").fill("District Court of Nowhere")
    page.get_by_label("Jurisdiction").fill("xx")
    page.get_by_label("People it names").fill("Anna")
    day = made.house.clock() - timedelta(days=1)
    page.get_by_label("From").fill(f"{day:%Y-%m-%d}")
    page.get_by_label("Up to and with").fill(f"{day:%Y-%m-%d}")
    page.get_by_label("words", exact=True).check()
    page.get_by_label("“all data”").check()
    page.get_by_label("The paper, scanned").set_input_files(PAPER_FILE)  # type: ignore[arg-type]
    picture(page, "demands.png")
    page.get_by_role("button", name="Take it in").click()
    expect(page.locator("#findings")).to_contain_text("all data")
    expect(page.locator("#timeline > li")).to_have_count(1)
    check_accessible(page)
    step(page, "Say that it is genuine")
    step(page, "Narrow it")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Answer in the narrower scope").click()
    assert saved.value.suggested_filename.startswith("narrowed-")
    step(page, "Approve")
    picture(page, "demand-case.png")
    (case,) = made.demands.all(made.counsel)
    made.demands.approve(made.officer, case.demand_id, reason="As little as is lawful.")
    page.reload()
    step(page, "Tell the person")
    page.context.close()
    mine = open_page(launched, made.house, address, "/privacy", who=made.anna, viewport=PHONE)
    expect(mine.locator("#demands")).to_contain_text("District Court of Nowhere")
    check_accessible(mine)
    mine.get_by_role("button", name="Object to the demand").click()
    mine.get_by_label("Why it should not be answered").fill("I was not at home on Sunday.")
    picture(mine, "demand-notice.png", is_whole=False)
    mine.locator("dialog button[type=submit]").click()
    expect(mine.locator("#demands")).to_contain_text("You objected")
    mine.context.close()
    assert made.demands.find(made.counsel, case.demand_id).state is State.OBJECTED


def test_the_page_fits_a_phone(made: DemandedHouse, address: str, launched: Browser) -> None:
    case = made.received()
    for path, shown in (("/demands", "#cases > li"), (f"/demands?case={case.demand_id}", "#timeline > li")):
        page = open_page(launched, made.house, address, path, who=made.officer, viewport=PHONE)
        expect(page.locator(shown).first).to_be_visible()
        check_accessible(page)
        page.context.close()


def test_an_owner_at_home_sees_and_prints_what_is_held(launched: Browser, tmp_path: Path) -> None:
    with kept_house(tmp_path) as house:
        house.household.set_up(name="Villa", rooms=("den",), wake_words=("okay nabu",), acknowledged_version=1)
        otto = house.enrolled("Otto", keeps=None)
        with served(house) as home:
            page = open_page(launched, house, home, "/demands", who=otto)
            expect(page.locator("#held-text")).to_contain_text("Nothing that anybody said is kept here")
            expect(page.locator("#office")).to_contain_text("as the owner")
            check_accessible(page)
            page.evaluate("window.print = () => { document.body.dataset.printed = 'yes' }")
            page.get_by_role("button", name="Print").click()
            expect(page.locator("body[data-printed=yes]")).to_be_attached()
            page.emulate_media(media="print")
            expect(page.locator("#held")).to_be_visible()
            expect(page.locator("#intake")).to_be_hidden()
            expect(page.locator("#printed")).to_contain_text("As it was on")
            picture(page, "demands-printed.png")
            page.context.close()


def test_counsel_lands_on_their_page_makes_the_key_and_answers_with_two_of_its_parts(
    made: DemandedHouse, address: str, launched: Browser
) -> None:
    page = open_page(launched, made.house, address, "/", who=made.counsel)
    expect(page).to_have_url(f"{address}/demands")
    page.get_by_role("button", name="Make a new one").click()
    for number, name in enumerate(("Cora", "Piet", "the notary"), start=1):
        page.get_by_label(f"Who is to hold part {number}").fill(name)
    page.get_by_role("button", name="Make it").click()
    parts: list[str] = []
    for number in (1, 2, 3):
        expect(page.locator("dialog[open] h2")).to_have_text(f"Part {number} of 3")
        page.keyboard.press("Escape")
        expect(page.locator("dialog[open] h2")).to_have_text(f"Part {number} of 3")
        parts.append(page.locator("#key-share").inner_text())
        page.locator("dialog[open] button").click()
    expect(page.locator("#key-holders > li")).to_have_text(["Part 1: Cora", "Part 2: Piet", "Part 3: the notary"])
    check_accessible(page)
    page.context.close()
    case = made.notified()
    made.house.clock.advance(days=15)
    page = open_page(launched, made.house, address, f"/demands?case={case.demand_id}", who=made.counsel)
    page.get_by_role("button", name="Answer").first.click()
    page.get_by_label("Their public key").fill(made.recipient)
    page.get_by_label("One part of the key").fill(parts[0])
    page.get_by_label("Another part").fill(parts[2])
    page.get_by_label("Your reason").fill("As was approved.")
    picture(page, "demand-answer.png", is_whole=False)
    page.locator("dialog[open] button[type=submit]").click()
    expect(page.locator("#news-text")).to_contain_text("Answered: in whole")
    page.context.close()


def test_counsel_narrows_further_than_is_proposed(made: DemandedHouse, address: str, launched: Browser) -> None:
    case = made.validated(since=made.house.clock() - timedelta(days=5), until=made.house.clock() - timedelta(days=1))
    page = open_page(launched, made.house, address, f"/demands?case={case.demand_id}", who=made.counsel)
    page.get_by_role("button", name="Narrow it").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("sound").uncheck()
    dialog.get_by_label("From").fill(f"{made.house.clock() - timedelta(days=3):%Y-%m-%d}")
    check_accessible(page)
    dialog.get_by_label("Your reason").fill("Only these days matter.")
    dialog.locator("button[type=submit]").click()
    expect(page.locator("#news-text")).to_contain_text("in the ledger")
    page.context.close()
    now = made.demands.find(made.counsel, case.demand_id).scope
    assert (now.categories, now.until) == (frozenset({Category.WORDS}), case.scope.until)
    assert now.since is not None
    assert case.scope.since is not None
    assert timedelta(days=1) < now.since - case.scope.since < timedelta(days=3)
