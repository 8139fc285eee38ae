"""The page of whoever leads review in a real browser: a decision, agreement, gold tasks, guidelines, conduct.

`EARWITNESS_PICTURES=1` takes the guide's pictures anew.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from earwitness.domain.account import AccountRole
from earwitness.domain.consent import Keeps, Purpose
from earwitness.domain.person import Person
from earwitness.domain.recording import Actor, Role
from earwitness.domain.review import Annotation, counting
from earwitness.review.desk import DeskTerms
from tests.houses_kept import PASSPHRASE, KeptHouse, kept_house
from tests.reviewed_kept import reviewed
from tests.system import browsing
from tests.system.test_review_pages import PHONE, check_accessible, offer, open_page, served

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
HERE = "1" * 32
RIGHT: dict[str, Any] = {
    "transcript": "call ▇▇▇ and turn on the lamp",
    "intent": "HassTurnOn",
    "slots": {"name": "Lamp"},
    "labels": [],
}
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browsing.chromium() is None, reason="chromium is not installed; `python tests/prepare.py` installs it"),
]


@contextmanager
def led(folder: Path) -> Iterator[tuple[KeptHouse, Person]]:
    """A house with a lead and three reviewers who judged ten tasks of three weeks twice, one of which is disputed."""
    with kept_house(folder) as house:
        house.household.set_up(name="Villa", rooms=("den",), wake_words=("okay nabu",), acknowledged_version=1)
        desk = house.review.desk
        desk._terms = DeskTerms(double_share=1.0)
        review = reviewed(house)
        anna = review.reviewable()
        house.consent(anna, Purpose.KEEP, keeps=Keeps.AUDIO, retention_seconds=30 * 86_400)
        lead = house.people.add("Lea", passphrase=PASSPHRASE, role=AccountRole.LEAD)
        names = ("Rita", "Rob", "Cat")
        people = [house.people.add(name, passphrase=PASSPHRASE, role=AccountRole.REVIEWER) for name in names]
        reviewers = [Actor(actor_id=one.person_id, alias=one.alias, role=Role.REVIEWER) for one in people]
        for one in reviewers:
            desk.passed(one.alias)
        for week, tasks in enumerate((4, 3, 3)):
            offer(review, anna, tasks)
            numbers: dict[str, int] = {}
            for who in (reviewers[0], reviewers[1 + week % 2]):
                for _ in range(tasks):
                    judge(house, who, numbers, is_differing=week == 2 and who is reviewers[0])
            house.clock.advance(days=4)
        desk.suspend(reviewers[2].alias, reason="handed back task after task: looking for something")
        yield house, lead


def judge(house: KeptHouse, who: Actor, numbers: dict[str, int], *, is_differing: bool) -> None:
    """Take a task and judge it: the first of a week is unclear, of the second the intent is another one."""
    lease = house.review.desk.begin(who, sign_in_id=HERE)
    assert lease is not None
    number = numbers.setdefault(lease.task_id, len(numbers))
    changes = {"labels": ["unclear"]} if number == 0 else {"intent": "HassTurnOff"} if number == 1 and not is_differing else {}
    house.review.desk.judge(who, lease.lease_id, sign_in_id=HERE, body={**RIGHT, **changes})
    house.clock.advance(seconds=20)


@pytest.fixture(scope="module")
def launched() -> Iterator[Browser]:
    with sync_playwright() as playwright, browsing.browser(playwright) as found:
        yield found


def picture(page: Page, name: str, *, of: str | None = None) -> None:
    """Take a picture for the documentation, where there is none yet or EARWITNESS_PICTURES asks for new ones."""
    file = PICTURES / name
    if os.environ.get("EARWITNESS_PICTURES") or not file.exists():
        if of is None:
            page.screenshot(path=file, full_page=True)
        else:
            page.locator(of).screenshot(path=file)


def judgements(house: KeptHouse) -> list[tuple[Annotation, ...]]:
    """What was judged of each turn, as whoever spoke sees it."""
    anna = house.people.named("Anna")
    return [house.rights.recording(anna.person_id, one.turn_id).annotations for one in house.review.items.of(anna.person_id)]


def test_a_lead_decides_makes_gold_writes_guidelines_and_restores(launched: Browser, tmp_path: Path) -> None:
    with led(tmp_path) as (house, lead), served(house) as address:
        page = open_page(launched, house, address, "/review/lead", who=lead)
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
        expect(page.locator("#plot svg")).to_be_visible()
        expect(page.locator("#weeks tbody tr")).to_have_count(3)
        check_accessible(page)
        picture(page, "lead.png")
        page.get_by_role("button", name="Look at speaker").click()
        expect(page.locator(".side")).to_have_count(2)
        assert not any(one.alias in page.locator("#dispute").inner_text() for one in house.people.all())
        check_accessible(page)
        picture(page, "lead-dispute.png", of="section:has(#dispute)")
        page.get_by_role("button", name="Take B").click()
        page.get_by_role("button", name="Decide").click()
        expect(page.locator("#disputes")).to_contain_text("Nothing waits")
        decided = [found for one in judgements(house) if (found := counting(one)) is not None and found.by == lead.alias]
        assert [one.is_confirmed for one in decided] == [True]
        page.get_by_text("Make one up").click()
        page.get_by_label("The words, as they are shown").fill("turn of the ▇▇▇ lamp")
        page.get_by_label("The right words").nth(1).fill("turn off the ▇▇▇ lamp")
        page.get_by_label("The right intent").nth(1).fill("HassTurnOff")
        page.get_by_role("button", name="Add it").click()
        expect(page.locator("#golds")).to_contain_text("turn off the ▇▇▇ lamp")
        page.get_by_text("Write a new version").click()
        check_accessible(page)
        page.get_by_role("button", name="Add a section").click()
        page.locator("#guide-sections fieldset").last.get_by_label("Title").fill("Alarms")
        page.locator("#guide-sections fieldset").last.get_by_label("Text").fill("A reminder is no alarm.")
        page.locator("#guide-sections fieldset").last.get_by_label("Examples").fill("wake me at six => HassSetAlarm")
        page.get_by_role("button", name="Put it in force").click()
        expect(page.locator("#guidelines-text")).to_contain_text("Version 2 is in force")
        assert house.review.desk.guidelines.current().sections[-1].examples == (("wake me at six", "HassSetAlarm"),)
        page.locator("#suspensions").get_by_role("textbox").fill("It was a mistake of ours.")
        page.get_by_role("button", name="Let them work again").click()
        expect(page.locator("#suspensions")).to_contain_text("It was a mistake of ours.")
        assert house.review.desk.suspended() == ()
        assert complaints == []
        page.context.close()


def test_the_page_fits_a_phone_and_an_empty_desk_says_so(launched: Browser, tmp_path: Path) -> None:
    with kept_house(tmp_path) as house:
        house.household.set_up(name="Villa", rooms=("den",), wake_words=("okay nabu",), acknowledged_version=1)
        house.enrolled("Otto", keeps=None)
        lead = house.people.add("Lea", passphrase=PASSPHRASE, role=AccountRole.LEAD)
        with served(house) as address:
            page = open_page(launched, house, address, "/review/lead", who=lead, viewport=PHONE)
            expect(page.locator("#disputes")).to_contain_text("Nothing waits for you")
            expect(page.locator("#weeks")).to_contain_text("Nothing was judged by two yet")
            expect(page.locator("#plot")).to_be_hidden()
            check_accessible(page)
            page.context.close()
