"""The calendar and what lives on a real calendar server too, on the page of plans in a real Chromium, by keyboard."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from earwitness.build.synced import calendar_sync
from earwitness.config import CalendarSettings
from earwitness.links.alerts import Alerts
from earwitness.links.lists import Lists
from tests.calendar_server import CalendarServer, running_calendar_server
from tests.houses_kept import KeptHouse, kept_house
from tests.sync_trial import Phone
from tests.system import browsing
from tests.system.test_planner_page import planner

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browsing.chromium() is None, reason="chromium is not installed; `python tests/prepare.py` installs it"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[CalendarServer]:
    with running_calendar_server() as one:
        yield one


@pytest.fixture(scope="module")
def phone(server: CalendarServer) -> Phone:
    return Phone(server, server.account())


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, server: CalendarServer, phone: Phone) -> Iterator[KeptHouse]:
    with kept_house(tmp_path_factory.mktemp("house")) as made:
        made.household.set_up(name="Villa", rooms=("den",), wake_words=("okay nabu",), acknowledged_version=1)
        made.sync = calendar_sync(
            CalendarSettings(
                url=server.url, user=phone.user, password_file=server.password_file, sync=("lists", "alarms", "reminders")
            ),
            database=made.database,
            lists=Lists(made.database),
            alerts=Alerts(made.database, clock=made.clock),
            fixed=lambda: ("shopping list",),
            clock=made.clock,
        )
        yield made


@pytest.fixture(scope="module")
def page(house: KeptHouse) -> Iterator[Page]:
    with planner(house) as opened:
        yield opened


def test_what_repeats_is_added_and_changed_once_or_always(page: Page) -> None:
    page.fill("#add-event [name=summary]", "yoga")
    page.fill("#add-event [name=when]", "every day at 6 pm")
    page.fill("#add-event [name=location]", "Hall")
    page.press("#add-event [name=when]", "Enter")
    events = page.locator("#events > li")
    expect(events.first).to_contain_text("Hall · repeats")
    events.nth(1).get_by_role("button", name="Change").press("Enter")
    page.get_by_label("New time, if it has one").fill("bananas")
    page.get_by_role("button", name="Save for this one").press("Enter")
    expect(page.locator("dialog .question")).to_contain_text("I do not know what time")
    page.get_by_label("New time, if it has one").fill("7 pm")
    page.get_by_label("What", exact=True).last.fill("late yoga")
    page.get_by_role("button", name="Save for this one").press("Enter")
    expect(events.nth(1)).to_contain_text("late yoga")
    expect(events.nth(1)).to_contain_text("7 PM")
    expect(events.nth(2)).to_contain_text("6 PM")
    events.nth(2).get_by_role("button", name="Remove").press("Enter")
    page.get_by_role("button", name="Remove this one").press("Enter")
    expect(page.locator("dialog")).to_have_count(0)
    expect(events.nth(2)).to_contain_text("yoga")
    events.first.get_by_role("button", name="Remove").press("Enter")
    page.get_by_role("button", name="Remove all").press("Enter")
    expect(events).to_have_count(0)


def test_what_lives_on_the_server_too_is_told_and_brought_together(page: Page, phone: Phone, server: CalendarServer) -> None:
    told = page.locator("#sync")
    expect(told).to_contain_text("Lists, reminders and alarms live here and on 127.0.0.1")
    expect(told).to_contain_text("Both sides have not been the same yet")
    page.fill("#lists [data-list='shopping list'] input[name=text]", "milk")
    page.press("#lists [data-list='shopping list'] input[name=text]", "Enter")
    expect(told).to_contain_text("One change is not yet on the calendar server; it is kept here.")
    page.press("#sync-now", "Enter")
    expect(told).to_contain_text("Everything here is there too.", timeout=30_000)
    expect(told).to_contain_text("Both sides were last the same")
    assert phone.summaries("shopping list") == ["milk"]
    phone.tick_off("shopping list", "milk")
    phone.add("Alarms", "VEVENT", "SUMMARY:Boo", "DTSTART:20260101T000000", "RRULE:FREQ=SECONDLY")
    page.press("#sync-now", "Enter")
    expect(page.locator("#lists .done")).to_have_text("milk", timeout=30_000)
    expect(told).to_contain_text('"Boo" repeats in a way that cannot be followed')
    server.stop()
    try:
        page.press("#sync-now", "Enter")
        expect(told).to_contain_text("cannot be reached", timeout=30_000)
    finally:
        server.start()


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (1280, "light")])
def test_nothing_is_wider_than_the_screen_and_axe_finds_nothing(page: Page, width: int, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 800})
    expect(page.locator("#sync")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page).response["violations"]
    assert found == [], [one["id"] for one in found]
