"""The page in a real Chromium, with a real spoken command in its microphone and the real server behind it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Playwright, WebSocketRoute, expect, sync_playwright

from tests.system import browsing
from tests.system.browsing import SETTLED, Visit, until, visit

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
COMMAND = "Turn the standing light blue."
WOKEN_COMMAND = "Hey Jarvis, turn on the desk lamp."
MOST_STOPS = 100

pytestmark = [
    pytest.mark.browser,
    pytest.mark.models,
    pytest.mark.skipif(browsing.chromium() is None, reason="chromium is not installed; `python tests/prepare.py` installs it"),
]


def spoken(folder: Path, text: str, *, lead_seconds: float) -> Path:
    """A microphone file in which a voice other than the assistant's says `text`."""
    command = [sys.executable, "-m", "earwitness", "say", text, "--voice", "michael", "--out", str(folder / "said.wav")]
    subprocess.run(command, check=True, capture_output=True)
    return browsing.microphone_file(folder / "microphone.wav", folder / "said.wav", lead_seconds=lead_seconds)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with browsing.server(tmp_path_factory.mktemp("state")) as started:
        yield started


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def quiet_browser(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser whose microphone hears silence."""
    folder = tmp_path_factory.mktemp("quiet")
    import soundfile

    soundfile.write(folder / "silence.wav", [0.0] * 48_000, 48_000, subtype="PCM_16")
    with browsing.browser(playwright, microphone=folder / "silence.wav") as launched:
        yield launched


def take_picture(page: Page, name: str) -> None:
    """Take a picture for the documentation, where there is none yet or EARWITNESS_PICTURES asks for new ones."""
    picture = PICTURES / name
    if os.environ.get("EARWITNESS_PICTURES") or not picture.exists():
        PICTURES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=picture)


def positions(here: Visit, direction: str, kind: str, **fields: object) -> list[int]:
    """Where such messages stand in the session's order."""
    found = []
    for index, (way, text) in enumerate(here.frames):
        if way != direction or (text == "sound") != (kind == "sound"):
            continue
        message = {"type": "sound"} if kind == "sound" else json.loads(text)
        if message["type"] == kind and all(message[name] == value for name, value in fields.items()):
            found.append(index)
    return found


def test_a_spoken_command_changes_the_home(playwright: Playwright, address: str, tmp_path: Path) -> None:
    microphone = spoken(tmp_path, COMMAND, lead_seconds=0.5)
    with browsing.browser(playwright, microphone=microphone) as launched, visit(launched, address) as here:
        lamp = here.device("standing light")
        expect(lamp).to_have_attribute("data-state", "off")
        assert here.live_microphones() == 0
        here.page.click("#talk")
        here.state("listening")
        expect(here.page.locator("#state")).to_have_text("Listening")
        here.page.wait_for_selector("#turn[data-outcome='done']")
        expect(lamp).to_have_attribute("data-state", "on")
        expect(lamp).to_contain_text("blue")
        assert here.page.locator("#heard").inner_text().lower().rstrip(".") == COMMAND.lower().rstrip(".")
        expect(here.page.locator("#reply")).to_contain_text("blue")
        assert here.page.locator("#bars li").count() >= 4, "they come with the outcome"
        here.state("asleep")
        here.page.wait_for_function("() => document.getAnimations().every((animation) => animation.playState !== 'running')")
        take_picture(here.page, "page.png")
        assert_sound_kept_the_rules(here)


def assert_sound_kept_the_rules(here: Visit) -> None:
    """Press, cue, indicator, and only then sound; none after the capture closed; then no live microphone."""
    press, confirmed = positions(here, "sent", "press"), positions(here, "sent", "cue_done", cue="start")
    opened, closed = positions(here, "got", "capture", open=True), positions(here, "got", "capture", open=False)
    sound = positions(here, "sent", "sound")
    assert press[0] < confirmed[0] < opened[0] < sound[0]
    assert sound[-1] < closed[0]
    assert here.live_microphones() == 0
    until(lambda: positions(here, "sent", "playback", state="started"), here.page)
    until(lambda: positions(here, "sent", "playback", state="finished"), here.page)


def test_hands_free_wakes_by_its_word_and_the_light_comes_first(playwright: Playwright, address: str, tmp_path: Path) -> None:
    microphone = spoken(tmp_path, WOKEN_COMMAND, lead_seconds=2.0)
    with browsing.browser(playwright, microphone=microphone) as launched, visit(launched, address) as here:
        here.page.click("#hands-free")
        here.page.wait_for_selector("#hands-free[aria-checked='true']")
        here.page.wait_for_selector("#turn[data-outcome='done']")
        expect(here.device("desk lamp")).to_have_attribute("data-state", "on")
        assert positions(here, "sent", "press") == []
        here.state("asleep")
        assert here.live_microphones() == 1
        here.page.click("#hands-free")
        here.page.wait_for_selector("#hands-free[aria-checked='false']")
        here.state("asleep")
        assert here.live_microphones() == 0


def test_a_typed_request_is_answered_and_the_one_before_remembered_in_the_tab(quiet_browser: Browser, address: str) -> None:
    with visit(quiet_browser, address) as here:
        for text in ("turn on the bathroom light", "is the front door locked"):
            here.typed(text)
        expect(here.device("bathroom light")).to_have_attribute("data-state", "on")
        expect(here.page.locator("#reply")).to_contain_text("locked")
        expect(here.page.locator("#history .said")).to_have_text(["turn on the bathroom light"])
        assert here.live_microphones() == 0
        here.page.reload()
        here.page.wait_for_selector(SETTLED)
        assert here.page.locator("#history li").count() == 0


def test_timers_and_lists_are_shown(quiet_browser: Browser, address: str) -> None:
    with visit(quiet_browser, address) as here:
        for text in ("set a timer for ten minutes", "add milk to the shopping list"):
            here.typed(text)
        here.page.wait_for_selector("#timers .timer.running")
        expect(here.page.locator("#timers .left")).to_have_text(re.compile("10:00|9:[0-5][0-9]"))
        expect(here.page.locator("#lists")).to_contain_text("milk", ignore_case=True)


def test_a_timer_rings_until_it_is_stopped(quiet_browser: Browser, address: str) -> None:
    with visit(quiet_browser, address) as here:
        here.page.fill("#ask-text", "set a timer for one second")
        here.page.press("#ask-text", "Enter")
        here.page.wait_for_selector("[data-alert]")
        expect(here.page.locator("#stop")).to_be_enabled()
        here.page.keyboard.press("Escape")
        here.page.wait_for_selector("[data-alert]", state="detached")


def test_an_alarm_rings_with_the_sound_that_was_asked_for(quiet_browser: Browser, address: str) -> None:
    with visit(quiet_browser, address) as here:
        with here.page.expect_response(lambda answer: "/sounds/wave?sound=birds" in answer.url) as heard:
            here.typed("wake me softly in three seconds with birds")
            expect(here.page.locator("#reply")).to_contain_text("with birds, softly at first")
        assert heard.value.ok
        alert = next(json.loads(text) for way, text in here.frames if way == "got" and '"alert"' in text)
        assert (alert["sound"], alert["rising"]) == ("birds", True)
        here.page.wait_for_selector("[data-alert]")
        here.page.keyboard.press("Escape")
        here.page.wait_for_selector("[data-alert]", state="detached")


def test_everything_works_by_keyboard(quiet_browser: Browser, address: str) -> None:
    with visit(quiet_browser, address) as here:
        here.state("asleep")
        here.page.keyboard.press("Space")
        here.state("listening")
        here.page.keyboard.press("Escape")
        here.state("asleep")
        assert here.live_microphones() == 0
        missing = {"skip", "hands-free", "mute", "talk", "ask-text", "voice", "listen", "speed"}
        for _ in range(MOST_STOPS):
            here.page.keyboard.press("Tab")
            missing.discard(here.page.evaluate("document.activeElement.id || document.activeElement.className"))
            if not missing:
                break
        assert missing == set()
        here.page.focus("#talk")
        here.page.keyboard.press("Enter")
        here.state("listening")
        here.page.keyboard.press("Enter")
        here.page.wait_for_selector("#turn[data-outcome]")
        here.state("asleep")
        assert here.live_microphones() == 0


def test_a_held_button_ends_the_request_when_it_is_let_go(quiet_browser: Browser, address: str) -> None:
    with visit(quiet_browser, address) as here:
        here.page.hover("#talk")
        here.page.mouse.down()
        here.state("listening")
        here.page.wait_for_function("() => document.body.classList.contains('light')")
        here.page.evaluate("(ms) => new Promise((done) => setTimeout(done, ms))", 450)
        here.page.mouse.up()
        here.page.wait_for_selector("#turn[data-outcome]")
        assert positions(here, "sent", "release"), "it went before the answer came"


def test_mute_stops_the_microphone_at_its_source_and_survives_a_reload(quiet_browser: Browser, address: str) -> None:
    with visit(quiet_browser, address) as here:
        here.page.click("#talk")
        here.state("listening")
        here.page.wait_for_function("() => window.microphones.length === 1")
        here.page.click("#mute")
        assert here.live_microphones() == 0, "at once"
        here.state("muted")
        here.page.reload()
        here.state("muted")
        here.page.click("#talk")
        here.page.wait_for_selector("#problem-text:has-text('muted')")
        assert here.page.evaluate("window.microphones.length") == 0
        here.page.click("#mute")
        here.state("asleep")


def test_mute_while_the_microphone_is_still_opening_leaves_it_closed(quiet_browser: Browser, address: str) -> None:
    hold = """() => {
      const ask = navigator.mediaDevices.getUserMedia;
      const released = new Promise((release) => (window.release = release));
      navigator.mediaDevices.getUserMedia = async (wanted) => released.then(() => ask(wanted));
    }"""
    with visit(quiet_browser, address) as here:
        here.page.evaluate(hold)
        here.page.click("#talk")
        here.page.click("#mute")
        here.page.evaluate("window.release()")
        here.page.wait_for_function("() => window.microphones.length === 1 && window.microphones[0].readyState === 'ended'")
        here.state("muted")
        assert positions(here, "sent", "press") == []


def test_a_microphone_that_may_not_be_used_is_explained(playwright: Playwright, address: str) -> None:
    with browsing.browser(playwright, may_use_microphone=False) as launched, visit(launched, address) as here:
        here.page.click("#talk")
        here.page.wait_for_selector("#problem-text:has-text('Allow it for this page')")
        here.page.fill("#ask-text", "what time is it")
        here.page.press("#ask-text", "Enter")
        here.page.wait_for_selector("#turn[data-outcome='answered']")


def test_a_lost_connection_is_said_and_comes_back(quiet_browser: Browser, address: str) -> None:
    routes: list[WebSocketRoute] = []

    def pass_on(route: WebSocketRoute) -> None:
        routes.append(route)
        route.connect_to_server()

    with visit(quiet_browser, address) as here:
        here.page.route_web_socket("**/api/v1/session", pass_on)
        here.page.reload()
        here.page.wait_for_selector("#link.up")
        begun = len(routes)
        routes[-1].close(code=1011)
        here.page.wait_for_selector("#link-text:has-text('Connection lost')")
        here.page.wait_for_selector("#link.up")
        here.state("asleep")
        assert len(routes) == begun + 1


def test_a_session_goes_on_over_another_connection(quiet_browser: Browser, address: str) -> None:
    """The first one carries nothing any more, and does not say so."""
    routes: list[WebSocketRoute] = []
    stuck: list[WebSocketRoute] = []

    def pass_on(route: WebSocketRoute) -> None:
        server = route.connect_to_server()
        routes.append(route)
        route.on_message(lambda message: None if route in stuck else server.send(message))
        server.on_message(lambda message: None if route in stuck else route.send(message))

    with visit(quiet_browser, address) as here:
        here.page.route_web_socket("**/api/v1/session", pass_on)
        here.page.reload()
        here.page.wait_for_selector("#link.up")
        here.state("asleep")
        begun = len(routes)
        stuck += routes
        here.page.fill("#ask-text", "what time is it")
        here.page.press("#ask-text", "Enter")
        here.page.wait_for_selector("#turn[data-outcome='answered']")
        here.page.wait_for_selector("#link.up")
        assert len(routes) > begun


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(quiet_browser: Browser, address: str, scheme: str) -> None:
    with visit(quiet_browser, address, color_scheme=scheme, reduced_motion="reduce") as here:
        here.page.fill("#ask-text", "turn the bedroom light red")
        here.page.press("#ask-text", "Enter")
        here.page.wait_for_selector("#turn[data-outcome='done']")
        here.state("asleep")
        found = Axe().run(here.page)
        assert found.violations_count == 0, found.generate_report()


def test_it_fits_a_phone(quiet_browser: Browser, address: str) -> None:
    phone: dict[str, Any] = {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2,
        "has_touch": True,
        "is_mobile": True,
    }
    with visit(quiet_browser, address, color_scheme="dark", reduced_motion="reduce", **phone) as here:
        here.page.fill("#ask-text", "turn on the kitchen light")
        here.page.press("#ask-text", "Enter")
        here.page.wait_for_selector("#turn[data-outcome='done']")
        here.state("asleep")
        assert overflow(here.page) <= 0
        small = here.page.eval_on_selector_all(
            "button, input, select, nav a, a.button",
            "(all) => all.filter((one) => one.offsetParent && one.offsetHeight < 44).map((one) => one.id)",
        )
        assert small == []
        here.page.evaluate("window.scrollTo(0, 0)")
        take_picture(here.page, "page-phone.png")


def overflow(page: Page) -> int:
    """How many CSS pixels the page is wider than its window."""
    wider: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wider
