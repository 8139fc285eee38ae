"""Every page, and the sign-in, for whoever uses it: by keyboard, on a small phone, with large text, in high contrast, with axe.

Nothing here knows what a page is about, so that a page that is added needs one line. What each page does is tested elsewhere.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import pytest
import soundfile
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Playwright, ViewportSize, expect, sync_playwright

from earwitness.domain.recording import Actor, Medium, Read, ReadPurpose, ReadResult, Role
from earwitness.people.people import People
from earwitness.storage.database import Database
from earwitness.vault.listens import Listens
from tests.system import browsing

PAGES = (
    *("/", "/history", "/privacy", "/listens", "/people", "/household", "/remote", "/account", "/skills", "/planner"),
    *("/misunderstandings", "/links", "/contacts", "/messages", "/calls", "/drawn", "/improve", "/demands"),
)
SIGN_IN = "/sign-in"
INVITATION = "/invitation"
TRIED_ELSEWHERE = ("/devices", "/oversight")
BARE = (SIGN_IN, INVITATION)
"""Those of somebody who is not signed in."""
NAME = "Wolfeschlegelsteinhausenbergerdorff"
READY = (
    *("#signed-in:visible", "#people-part:visible", "#link.up", "#enter:visible", "#household:visible", "#part:visible"),
    *("#step-code:visible", "#own-card:visible", "#plans:visible"),
)
"""What a page shows once it is there."""
SAID = (
    "turn on the kitchen light",
    "tell me about " + "donaudampfschifffahrtselektrizitäten" * 6,
    "is the front door locked and could you please also say, slowly and in whole sentences, what else is open at this hour",
)
PLANS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("alerts", {"kind": "alarm", "when": "every weekday at 6:45 am", "name": "donaudampfschifffahrtselektrizität"}),
    ("alerts", {"kind": "timer", "when": "3 hours", "name": "pasta"}),
    ("alerts", {"kind": "reminder", "when": "every other tuesday at 7 pm", "text": "donaudampfschifffahrtselektrizitäten" * 5}),
    ("lists", {"name": "donaudampfschifffahrtselektrizität"}),
    ("lists/shopping list/items", {"text": "apples and " + "donaudampfschifffahrtselektrizitäten" * 5}),
    ("calendar", {"summary": "donaudampfschifffahrtselektrizitäten" * 5, "when": "tomorrow at noon"}),
)
DESK: ViewportSize = {"width": 1360, "height": 1000}
SMALLEST = {"viewport": {"width": 320, "height": 640}, "device_scale_factor": 2, "has_touch": True, "is_mobile": True}
SIDEWAYS = {"viewport": {"width": 740, "height": 360}, "device_scale_factor": 2, "has_touch": True, "is_mobile": True}
TARGET_PIXELS = 44
MOST_STOPS = 200
PROBES = Path(__file__).with_name("probes.js")
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.models,
    pytest.mark.skipif(browsing.chromium() is None, reason="chromium is not installed; `python tests/prepare.py` installs it"),
]


class House:
    """A running server, and the cookie of somebody of whom things are kept and to whom others listened."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.cookies: list[Any] = []

    @contextmanager
    def look(self, launched: Browser, path: str, **context: Any) -> Iterator[Page]:
        """Open a page until it is at rest, signed in unless it is the sign-in; it may complain of nothing and ask nobody
        else for anything."""
        opened = browsing.new_context(launched, **{"viewport": DESK, "reduced_motion": "reduce", **context})
        if path not in BARE:
            opened.add_cookies(self.cookies)
        opened.add_init_script(path=PROBES)
        page, complaints, elsewhere = opened.new_page(), list[str](), list[str]()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("request", lambda sent: elsewhere.append(sent.url) if not sent.url.startswith((self.address, "blob:")) else None)
        page.goto(self.address + path)
        page.wait_for_selector(", ".join(READY))
        browsing.settle(page)
        page.wait_for_function("() => document.querySelector('[aria-busy=true]') === null")
        try:
            yield page
            assert (complaints, elsewhere) == ([], [])
        finally:
            opened.close()


def enrol(house: House, launched: Browser, state: Path) -> None:
    """The owner keeps what they say for a week, says things, has plans, is listened to by others, and is guardian of a child."""
    context = launched.new_context()
    browsing.sign_in(context, house.address, NAME)
    asked = context.request
    me = asked.get(f"{house.address}/api/v1/me").json()["person"]["id"]
    child = {"name": "Kim", "passphrase": browsing.PASSPHRASE, "role": "child", "guardian_id": me}
    for method, path, body in [
        (asked.post, "people", child),
        (asked.put, "me/consents/keep", {"given": True, "retention": "week"}),
        *((asked.post, "ask", {"text": text}) for text in SAID),
        *((asked.post, path, body) for path, body in PLANS),
    ]:
        answer = method(f"{house.address}/api/v1/{path}", data=body)
        assert answer.ok, answer.text()
    kept = asked.get(f"{house.address}/api/v1/history").json()["turns"]
    assert len(kept) == len(SAID)
    assert asked.delete(f"{house.address}/api/v1/history/{kept.pop()['turn_id']}").ok
    house.cookies = list(context.cookies())
    context.close()
    database = Database(state / "household.db", chain="household")
    person = People(database, clock=lambda: datetime.now(UTC)).named(NAME)
    reads = [listen(person.person_id, kept[0]["turn_id"], number) for number in range(3)]
    Listens(database, clock=lambda: datetime.now(UTC)).add(*reads)
    database.close()


def listen(person_id: str, turn_id: str, number: int) -> Read:
    results = (ReadResult.SERVED, ReadResult.REFUSED, ReadResult.BROKEN_OFF)
    return Read(
        read_id=f"{number:032x}",
        person_id=person_id,
        turn_id=turn_id if number else None,
        actor=Actor(actor_id="r", alias="extraordinary-hippopotamus-1234", role=Role.REVIEWER),
        purpose=ReadPurpose.REVIEW,
        medium=Medium.AUDIO,
        recordings=1 if number else 12,
        opened_at=datetime.now(UTC) + timedelta(seconds=number),
        opened_position=0,
        result=results[number],
        seconds=3661.25,
    )


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def launched(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    silence = tmp_path_factory.mktemp("quiet") / "silence.wav"
    soundfile.write(silence, [0.0] * 48_000, 48_000, subtype="PCM_16")
    with browsing.browser(playwright, microphone=silence) as started:
        yield started


@pytest.fixture(scope="module")
def house(launched: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    state = tmp_path_factory.mktemp("state")
    with browsing.server(state, owner=NAME) as address:
        started = House(address)
        enrol(started, launched, state)
        yield started


def ask(page: Page, probe: str, *arguments: object) -> Any:
    """The answer of one of the functions in probes.js."""
    return page.evaluate("([probe, given]) => window.probes[probe](...given)", [probe, list(arguments)])


@pytest.fixture(scope="module", params=[*PAGES, *BARE])
def path(request: pytest.FixtureRequest) -> str:
    """One page after the other, each through all tests."""
    given: str = request.param
    return given


@pytest.fixture(scope="module")
def desk(house: House, launched: Browser, path: str) -> Iterator[Page]:
    """A page on a large screen, opened once; whoever changes something about it puts that back."""
    with house.look(launched, path) as page:
        yield page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(desk: Page, scheme: Literal["light", "dark"]) -> None:
    desk.emulate_media(color_scheme=scheme)
    found = Axe().run(desk, options=AXE)
    assert found.violations_count == 0, found.generate_report()


def test_in_high_contrast_what_can_be_pressed_has_an_edge(desk: Page) -> None:
    """Forced colours take backgrounds and shadows away: a border has to stay."""
    desk.emulate_media(forced_colors="active")
    try:
        assert ask(desk, "edgeless") == []
    finally:
        desk.emulate_media(forced_colors="none")


def test_text_of_double_size_fits(desk: Page) -> None:
    """WCAG 2.2, 1.4.4."""
    desk.set_viewport_size({"width": 1280, "height": 800})
    ask(desk, "enlarge")
    try:
        assert (ask(desk, "overflow"), ask(desk, "clipped")) == ([], [])
    finally:
        ask(desk, "normal")
        desk.set_viewport_size(DESK)


def test_it_is_laid_out_alike_and_says_where_one_is(desk: Page, path: str, titles: list[str]) -> None:
    found = ask(desk, "layout")
    assert found["title"] not in titles
    titles.append(found["title"])
    levels = found["levels"]
    assert (found["language"], levels[0], levels.count(1)) == ("en", 1, 1)
    assert all(deeper <= level + 1 for level, deeper in pairwise(levels)), levels
    assert "maximum-scale" not in found["viewport"]
    assert "user-scalable" not in found["viewport"]
    if path not in BARE:  # those have no header
        assert found["landmarks"] == [1, 1, 1, 1]
        assert found["current"] == [path]
        assert set(found["reaches"]) == {*PAGES, *TRIED_ELSEWHERE}


@pytest.fixture(scope="module")
def titles() -> list[str]:
    """Those of the pages before."""
    return []


def moving(page: Page) -> int:
    """How much moves on a page, whatever the assistant does."""
    count = 0
    for state in ("asleep", "listening", "thinking", "speaking"):
        page.evaluate("(state) => (document.body.dataset.state = state)", state)
        count += ask(page, "moving")
    return count


def test_nothing_moves_for_those_whom_it_makes_sick(house: House, launched: Browser, desk: Page, path: str) -> None:
    assert moving(desk) == 0
    if path == "/":
        with house.look(launched, path, reduced_motion="no-preference") as page:
            assert moving(page) > 0, "for others it does"


@pytest.mark.parametrize("phone", [SMALLEST, SIDEWAYS], ids=["upright", "sideways"])
def test_it_fits_the_smallest_phone(house: House, launched: Browser, path: str, phone: dict[str, Any]) -> None:
    """320 CSS pixels are also a laptop's page at 400 % (WCAG 2.2, 1.4.10); then with text spread (1.4.12)."""
    with house.look(launched, path, color_scheme="dark", **phone) as page:
        assert ask(page, "small", TARGET_PIXELS) == []
        found = Axe().run(page, options=AXE)
        assert found.violations_count == 0, found.generate_report()
        for change in ("nothing", "spread"):
            ask(page, change)
            assert (change, ask(page, "overflow"), ask(page, "clipped")) == (change, [], [])


@pytest.mark.parametrize("screen", [{}, SIDEWAYS], ids=["desk", "phone"])
def test_the_tab_key_reaches_everything_in_order_and_shows_where_it_is(
    house: House, launched: Browser, path: str, screen: dict[str, Any]
) -> None:
    with house.look(launched, path, **screen) as page:
        count, first = ask(page, "number"), ask(page, "focus")
        seen: list[dict[str, Any]] = [first] if first is not None else []
        for _ in range(MOST_STOPS):
            page.keyboard.press("Tab")
            at = ask(page, "focus")
            if at is None:
                break
            seen.append(at)
        assert seen[0]["isSkip"] is (path not in BARE), "these have no header to skip"
        reached = list(
            dict.fromkeys(at["stop"] for at in seen if not at["isSkip"])
        )  # a field for a date has several stops inside
        assert reached == list(range(count)), [at["name"] for at in seen]
        ringed = {at["stop"] for at in seen if at["isRinged"]}
        assert [at["name"] for at in seen if at["stop"] not in ringed] == []
        assert [at["name"] for at in seen if not at["isInSight"]] == []
        if path not in BARE:
            skip_header(page)


def skip_header(page: Page) -> None:
    """The first stop leads past the header."""
    page.focus(".skip")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


@pytest.mark.parametrize("text", ["normal", "enlarge"])
@pytest.mark.parametrize("screen", [{}, SMALLEST, SIDEWAYS], ids=["desk", "upright", "sideways"])
def test_a_group_of_pages_opens_over_the_page_and_moves_nothing(
    house: House, launched: Browser, screen: dict[str, Any], text: str
) -> None:
    with house.look(launched, "/people", **screen) as page:
        ask(page, text)
        groups = page.locator("nav details")
        assert groups.count() == 3
        before = where_main_is(page)
        for group in groups.all():
            group.locator("summary").click()
            assert page.locator("nav details[open]").count() == 1, "the one before closed"
            assert all(link.is_visible() for link in group.locator("a").all())
            assert where_main_is(page) == before
            assert (ask(page, "overflow"), ask(page, "clipped"), ask(page, "small", TARGET_PIXELS)) == ([], [], [])
            found = Axe().run(page, context="header", options=AXE)  # what is under the group may be half covered
            assert found.violations_count == 0, found.generate_report()
        page.locator("footer p").last.click()
        assert page.locator("nav details[open]").count() == 0


def where_main_is(page: Page) -> Any:
    return page.locator("main").evaluate("(main) => [main.offsetTop, main.offsetHeight]")


def test_a_closed_group_says_which_of_its_pages_one_is_on(house: House, launched: Browser) -> None:
    with house.look(launched, "/household", **SMALLEST) as page:
        here = page.locator("nav summary[aria-current=true]")
        assert here.all_text_contents() == ["House: Household"]
        assert page.locator("nav summary .at").is_visible()
        assert not page.locator("nav a[aria-current=page]").is_visible()
        here.click()
        assert page.locator("nav a[aria-current=page]").inner_text() == "Household"
    with house.look(launched, "/history") as page:
        assert page.locator("nav summary[aria-current]").count() == 0


@pytest.mark.parametrize("path", ["/", "/privacy"])
def test_a_group_of_pages_opens_and_closes_by_keyboard(house: House, launched: Browser, path: str) -> None:
    """On the talk page too, where the space bar talks."""
    with house.look(launched, path) as page:
        group = page.locator("nav details").first
        group.locator("summary").focus()
        page.keyboard.press("Space")
        assert group.get_attribute("open") is not None
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Messages"
        page.keyboard.press("Escape")
        assert group.get_attribute("open") is None
        assert page.evaluate("document.activeElement.matches('nav details:first-child summary')")
        page.keyboard.press("Enter")
        for _ in group.locator("a").all():
            page.keyboard.press("Tab")
        assert group.get_attribute("open") is not None
        page.keyboard.press("Tab")
        assert group.get_attribute("open") is None, "nothing is focused beneath it"
        page.keyboard.press("Shift+Tab")
        assert page.evaluate("document.activeElement.closest('summary') !== null")


def test_groups_of_pages_open_without_scripts(house: House, launched: Browser) -> None:
    opened = launched.new_context(java_script_enabled=False)
    opened.add_cookies(house.cookies)
    page = opened.new_page()
    page.goto(house.address)
    for words, link in (("House", "What leaves"), ("How it learns", "Drawn")):
        page.click(f"nav summary:has-text('{words}')")
        expect(page.locator("nav details[open] a", has_text=link)).to_be_visible()
        expect(page.locator("nav details[open]")).to_have_count(1)
    page.click("nav >> text=Drawn")
    expect(page).to_have_url(f"{house.address}/drawn")
    opened.close()


def test_without_scripts_the_page_says_that_it_needs_them(house: House, launched: Browser, path: str) -> None:
    opened = launched.new_context(java_script_enabled=False)
    page = opened.new_page()
    page.goto(house.address + path)
    assert "JavaScript" in page.locator("body").inner_text()
    opened.close()


def test_every_question_holds_the_focus_and_gives_it_back(house: House, launched: Browser) -> None:
    """A button whose words end in … asks something before it does anything."""
    asked = []
    for path in PAGES:
        with house.look(launched, path, **SMALLEST) as page:
            for button in page.locator("main button:visible", has_text="…").all():
                button.press("Enter")
                page.wait_for_selector("dialog[open]")
                everything, reached = set(range(ask(page, "number", "dialog[open]"))), set[int]()
                for _ in range(MOST_STOPS):
                    page.keyboard.press("Tab")
                    at = ask(page, "focus")
                    assert at is None or at["isInDialog"], at
                    reached |= {at["stop"]} if at is not None else set()
                    if reached >= everything:
                        break
                assert reached >= everything
                assert (ask(page, "overflow"), ask(page, "clipped"), ask(page, "small", TARGET_PIXELS)) == ([], [], [])
                page.keyboard.press("Escape")
                page.wait_for_selector("dialog", state="detached")
                page.wait_for_function("(one) => one === document.activeElement", arg=button.element_handle())
                asked.append(button.inner_text())
    assert len(asked) >= 5
