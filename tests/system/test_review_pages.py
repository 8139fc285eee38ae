"""The pages of review in a real browser: what was drawn, as its person sees it, and the desk, worked from the keyboard alone."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from earwitness.domain.account import AccountRole, SignInWay
from earwitness.domain.consent import Purpose
from earwitness.domain.person import Person
from earwitness.domain.recording import Medium
from earwitness.domain.review import ItemState
from earwitness.review.guidelines import first
from tests.houses_kept import PASSPHRASE, KeptHouse, kept_house
from tests.reviewed_kept import ReviewedHouse, reviewed
from tests.strange_servers import free_port
from tests.system import browsing
from tests.unit.review.test_watermark import babble

TASKS = 60
"""As many as may be done in one go: after them comes a break."""
SAID = "call Marguerite and turn on the lamp"
PHONE = {"width": 360, "height": 740}
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browsing.chromium() is None, reason="chromium is not installed; `python tests/prepare.py` installs it"),
]


@contextmanager
def served(house: KeptHouse) -> Iterator[str]:
    """The house's pages on a port of their own, in this process."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(house.app(), host="127.0.0.1", port=port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=asyncio.run, args=(server.serve(),))
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(45)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[KeptHouse]:
    with kept_house(tmp_path) as made:
        made.household.set_up(name="Villa", rooms=("den",), wake_words=("okay nabu",), acknowledged_version=1)
        yield made


@pytest.fixture(scope="module")
def launched() -> Iterator[Browser]:
    with sync_playwright() as playwright, browsing.browser(playwright) as found:
        yield found


def open_page(
    launched: Browser, house: KeptHouse, address: str, path: str, *, who: Person, viewport: dict[str, int] | None = None
) -> Page:
    """A page, as somebody who signed in with a passkey."""
    context = launched.new_context(viewport=viewport or {"width": 1180, "height": 900}, reduced_motion="reduce")  # type: ignore[arg-type]
    token = house.people.accounts.let_in(who, way=SignInWay.PASSKEY).token
    context.add_cookies([{"name": "earwitness-person", "value": token, "url": address}])
    page = context.new_page()
    page.goto(address + path)
    return page


def offer(review: ReviewedHouse, person: Person, count: int) -> None:
    """So many turns of that person lie on the desk."""
    review.epochs.open()
    for _ in range(count):
        review.say(person, SAID)
    review.epochs.draw(review.next_day())
    review.house.clock.advance(days=1, minutes=1)
    review.house.review.settle()


def check_accessible(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_reviewer_passes_the_test_and_does_tasks_from_the_keyboard(house: KeptHouse, launched: Browser) -> None:
    review = reviewed(house)
    anna = review.reviewable()
    rita = house.people.add("Rita", passphrase=PASSPHRASE, role=AccountRole.REVIEWER)
    offer(review, anna, TASKS + 1)
    with served(house) as address:
        page = open_page(launched, house, address, "/review", who=rita)
        expect(page.locator("#test")).to_be_visible()
        check_accessible(page)
        right = {f"“{one.words}” {one.asks}": one.choices[one.right] for one in first().questions}
        for asked in page.locator("#questions fieldset").all():
            choices = [one.strip() for one in asked.locator("label").all_text_contents()]
            asked.locator("input").first.focus()
            page.keyboard.press("Space")
            for _ in range(choices.index(right[asked.locator("legend").inner_text()])):
                page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page.locator("#take")).to_be_focused()
        page.keyboard.press("Enter")
        for done in range(TASKS):
            expect(page.locator("#words")).to_have_text("call ▇▇▇ and turn on the lamp")
            expect(page.locator("#words")).to_be_focused()
            if done == 0:
                check_accessible(page)
                page.keyboard.press("Alt+6")
                expect(page.locator("#words")).to_be_hidden()
                expect(page.locator("#label-personal_data")).to_be_checked()
                page.keyboard.press("Alt+6")
                expect(page.locator("#words")).to_be_visible()
            page.keyboard.press("Alt+5" if done % 2 else "Alt+4")
            house.clock.advance(seconds=20)
            page.keyboard.press("Control+Enter")
            expect(page.locator("#standing")).to_contain_text(f"You judged {done + 1} ")
        expect(page.locator("#none-text")).to_contain_text("Take a break until")
        page.keyboard.press("Enter")
        expect(page.locator("#problem-text")).to_contain_text("Take a break")
        assert "Marguerite" not in page.content()
        page.context.close()
    states = [item.state for item in review.items.of(anna.person_id)]
    assert sorted(states) == [ItemState.OFFERED, *[ItemState.REVIEWED] * TASKS]
    assert len(house.rights.listens(anna.person_id)) == TASKS, "each task was opened once, on record"


def test_what_is_vetoed_goes_from_the_screen_of_whoever_has_it_open(house: KeptHouse, launched: Browser) -> None:
    review = reviewed(house)
    anna = review.reviewable()
    rita = house.people.add("Rita", passphrase=PASSPHRASE, role=AccountRole.REVIEWER)
    house.review.desk.passed(rita.alias)
    offer(review, anna, 1)
    with served(house) as address:
        page = open_page(launched, house, address, "/review", who=rita)
        page.clock.install()
        page.reload()
        page.locator("#take").click()
        expect(page.locator("#words")).to_have_text("call ▇▇▇ and turn on the lamp")
        page.clock.fast_forward(15_000)
        expect(page.locator("#words")).to_be_visible()
        review.items.veto(anna.person_id, review.items.of(anna.person_id)[0].item_id)
        house.review.settle()
        page.clock.fast_forward(15_000)
        expect(page.locator("#news-text")).to_contain_text("taken back")
        expect(page.locator("#task")).to_be_hidden()
        assert "turn on the lamp" not in page.content() + page.locator("#transcript").input_value()
        page.context.close()


def test_a_reviewer_hears_what_its_person_allows_and_one_key_ends_it(house: KeptHouse, launched: Browser, tmp_path: Path) -> None:
    review = reviewed(house)
    anna = review.reviewable()
    house.consent(anna, Purpose.HEAR)
    rita = house.people.add("Rita", passphrase=PASSPHRASE, role=AccountRole.REVIEWER)
    house.review.desk.passed(rita.alias)
    review.drawn(anna, SAID, sound=babble(6.0).astype("<i2").tobytes())
    house.review.settle()
    with served(house) as address:
        page = open_page(launched, house, address, "/review", who=rita)
        expect(page.locator("#take")).to_be_visible()
        page.locator("#take").press("Enter")
        expect(page.locator("#words")).to_be_focused()
        assert house.rights.listens(anna.person_id)[0].medium is Medium.TEXT, "to open a task opens no sound"
        page.keyboard.press("Alt+p")
        expect(page.locator("#sound-player")).to_be_visible()
        expect(page.locator("#play")).to_have_attribute("aria-pressed", "true")
        expect(page.locator("#at")).to_have_attribute("max", "6")
        parts = [read.ranges for read in house.rights.listens(anna.person_id) if read.medium is Medium.AUDIO]
        assert parts == [((128_000, 192_000),), ((0, 128_000),)], "each part is on record, newest first"
        page.keyboard.press("Alt+p")
        expect(page.locator("#play")).to_have_attribute("aria-pressed", "false")
        for key in ("s", "k", "k", "i", "k", "k", "o"):
            page.keyboard.press(f"Alt+{key}")
        expect(page.locator("#at-text")).to_contain_text("loop")
        expect(page.locator("#slow")).to_have_attribute("aria-pressed", "true")
        page.locator("#words").focus()
        check_accessible(page)
        page.screenshot(path=tmp_path / "review-sound.png", full_page=True)
        page.keyboard.press("Alt+p")
        expect(page.locator("#play")).to_have_attribute("aria-pressed", "true")
        page.keyboard.press("Alt+7")
        expect(page.locator("#play")).to_have_attribute("aria-pressed", "false")
        expect(page.locator("#words")).to_be_hidden()
        page.keyboard.press("Alt+b")
        expect(page.locator("#sound")).to_be_hidden()
        page.context.close()


def test_a_person_sees_vetoes_and_asks_to_be_asked(house: KeptHouse, launched: Browser, tmp_path: Path) -> None:
    review = reviewed(house)
    anna = review.reviewable()
    offer(review, anna, 2)
    with served(house) as address:
        page = open_page(launched, house, address, "/drawn", who=anna, viewport=PHONE)
        expect(page.locator("#items > li")).to_have_count(2)
        expect(page.locator("#example-shown")).to_contain_text("▇▇▇")
        check_accessible(page)
        first = page.locator("#items > li").first
        first.get_by_role("button", name="See what a reviewer sees").click()
        expect(first).to_contain_text("call ▇▇▇ and turn on the lamp")
        first.get_by_role("button", name="Hear what a reviewer would hear").click()
        expect(page.locator("#problem-text")).to_contain_text("only the words")
        first.get_by_role("button", name="Veto").click()
        expect(page.locator("#items > li[data-state=vetoed]")).to_have_count(1)
        page.locator("#items > li[data-state=offered]").get_by_role("button", name="Wait 7 days").click()
        expect(page.locator("#items > li[data-state=waiting]")).to_have_count(1)
        page.locator("#first").click()
        expect(page.locator("#items > li[data-state=waiting]")).to_contain_text("until you let it go")
        page.screenshot(path=tmp_path / "drawn.png", full_page=True)
        page.context.close()
    assert {item.state for item in review.items.of(anna.person_id)} == {ItemState.VETOED, ItemState.WAITING}


def test_who_consented_to_nothing_sees_the_example(house: KeptHouse, launched: Browser) -> None:
    ben = house.enrolled("Ben", keeps=None)
    with served(house) as address:
        page = open_page(launched, house, address, "/drawn", who=ben)
        expect(page.locator("#items-empty")).to_be_visible()
        expect(page.locator("#example-said")).to_contain_text("Marguerite")
        with page.expect_response("**/review_example.flac") as answered:
            page.locator("#example-hear").click()
        assert answered.value.ok
        expect(page.locator("#example-hear")).not_to_have_attribute("aria-busy", "true")
        expect(page.locator("#problem")).to_be_hidden()
        page.context.close()
