"""The first start in a real Chromium: from nothing to an owner, a home and a first command, by keyboard and by voice.

Who answers by voice is a microphone that plays what the test says, in a voice of the server's own.
"""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from earwitness.people.household import Household
from earwitness.storage.database import Database
from tests.system import browsing
from tests.system.browsing import PASSPHRASE, new_context, settle

pytestmark = [
    pytest.mark.timeout(900),  # it is read to in real time, and a machine that does other things speaks slowly
    pytest.mark.browser,
    pytest.mark.models,
    pytest.mark.skipif(browsing.chromium() is None, reason="chromium is not installed; `python tests/prepare.py` installs it"),
]
PHONE: dict[str, Any] = {"viewport": {"width": 320, "height": 640}, "has_touch": True, "is_mobile": True, "color_scheme": "dark"}
NOTE_SOUND = """
window.played = [];
const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () {
  this.addEventListener("loadedmetadata", () => window.played.push(this.duration), { once: true });
  return play.call(this);
};
"""


SPEAKING_MICROPHONE = """
window.microphones = [];
navigator.mediaDevices.getUserMedia = async () => {
  window.mouth ??= new AudioContext();
  const ear = new MediaStreamAudioDestinationNode(window.mouth);
  window.microphones.push(...ear.stream.getTracks());
  window.sayAloud = async (wav) => {
    const bytes = Uint8Array.from(atob(wav), (letter) => letter.charCodeAt(0));
    const words = new AudioBufferSourceNode(window.mouth, { buffer: await window.mouth.decodeAudioData(bytes.buffer) });
    words.connect(ear);
    words.start();
  };
  return ear.stream;
};
"""
GOES_ON = ""
"""Instead of an answer, the button: who is read to may go on by hand at any time."""
ANSWERS = (
    ("home", "Villa Sunshine."),
    ("home", "Yes."),
    ("home", "There is an attic, a library and a balcony."),
    ("home", GOES_ON),
    ("voice", "The last one."),
    ("voice", "Yes."),
    ("voice", "This one."),
    ("voice", GOES_ON),
    ("promise", "Yes, I understand."),
)


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def launched(playwright: Playwright) -> Iterator[Browser]:
    with browsing.browser(playwright) as started:
        yield started


@contextmanager
def opened(launched: Browser, address: str, **context: Any) -> Iterator[Page]:
    """The first page of a home that nobody set up; it may complain of nothing and go nowhere else."""
    made = new_context(launched, **{"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce", **context})
    made.add_init_script(NOTE_SOUND)
    made.add_init_script(SPEAKING_MICROPHONE)
    page, complaints, elsewhere = made.new_page(), list[str](), list[str]()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("request", lambda sent: elsewhere.append(sent.url) if not sent.url.startswith((address, "blob:", "data:")) else None)
    page.goto(address)
    assert page.url == f"{address}/setup"
    page.wait_for_selector("#step-owner:visible")
    settle(page)
    try:
        yield page
        assert (complaints, elsewhere) == ([], [])
    finally:
        made.close()


def go_on(page: Page, step: str, following: str) -> None:
    page.click(f"#step-{step} [type=submit]")
    page.wait_for_selector(f"#step-{following}:visible")


def fits(page: Page) -> None:
    """Whether axe finds nothing and nothing is wider than the window."""
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def acknowledge(page: Page) -> None:
    """What is kept and who may listen is there to read, is read aloud, and is acknowledged."""
    words = page.locator("#promise").inner_text()
    assert "What is kept: nothing" in words
    assert "Who may listen: nobody" in words
    page.wait_for_function("() => window.played.some((seconds) => seconds > 10)", timeout=120_000)
    page.click("#read")
    page.wait_for_selector("#read-word:has-text('Read it aloud')")
    page.click("#step-promise [type=submit]")
    assert page.evaluate("document.querySelector('#agree:invalid') !== null"), "it starts only once that is acknowledged"
    page.check("#agree")
    page.click("#step-promise [type=submit]")
    page.wait_for_selector("#link.up")


def test_from_nothing_to_a_first_command(launched: Browser, tmp_path: Path) -> None:
    with browsing.server(tmp_path, owner=None) as address, opened(launched, address) as page:
        fits(page)
        expect(page.locator("#needs-name"), "it was opened by its address in numbers").to_contain_text("Passkeys need localhost")
        page.fill("#name", "Olga")
        page.fill("#passphrase", "aaaaaaaaaaaaaaaaaa")
        page.wait_for_selector("#passphrase-advice:not(.good):not(:empty)")
        page.click("#step-owner [type=submit]")
        page.wait_for_selector("#step-owner [data-problem]:not(:empty)")
        page.fill("#passphrase", PASSPHRASE)
        page.wait_for_selector("#passphrase-advice.good:has-text('That will do')")
        go_on(page, "owner", "home")
        expect(page.locator("#home")).to_have_value("Demonstration home")
        page.fill("#home", "Villa Test")
        page.fill("#room", "Attic")
        page.press("#room", "Enter")
        page.wait_for_selector("#rooms li:has-text('Attic')")
        fits(page)
        go_on(page, "home", "voice")
        page.check("[name=wake-word][value='okay nabu']")
        page.select_option("#voice", "michael")
        page.click("#listen")
        page.wait_for_function("() => window.played.length === 1")
        page.wait_for_selector("#listen:not([aria-busy])")
        fits(page)
        go_on(page, "voice", "promise")
        fits(page)
        acknowledge(page)
        assert page.url == f"{address}/"
        page.wait_for_selector("#home-title:has-text('Villa Test')")
        expect(page.locator("body")).to_have_attribute("data-wake-words", "okay nabu")
        expect(page.locator("#voice")).to_have_value("michael")
        page.wait_for_selector("#person-name:has-text('Olga')")
        assert "Attic" in [area["name"] for area in page.request.get(f"{address}/api/v1/home").json()["areas"]]
        page.fill("#ask-text", "turn on the bathroom light")
        page.press("#ask-text", "Enter")
        page.wait_for_selector("#turn[data-outcome='done']")
        page.wait_for_selector("#kept-note:has-text('Nothing of what Olga says is kept')")
        page.goto(f"{address}/setup")
        assert page.url == f"{address}/", "it is over"
    database = Database(tmp_path / "household.db", chain="household")
    chosen = Household(database, clock=lambda: datetime.now(UTC)).choices()
    database.close()
    assert chosen is not None
    assert (chosen.name, chosen.wake_words, chosen.voice) == ("Villa Test", ("okay nabu",), "michael"), "for the next start too"


def speech(page: Page, address: str, words: str) -> str:
    """Words as a WAV file in base64, spoken by one of the server's voices."""
    answer = page.request.post(f"{address}/api/v1/setup/spoken", data={"voice": "heart", "text": words})
    assert answer.ok, answer.text()
    return base64.b64encode(answer.body()).decode()


def answer_aloud(page: Page, wav: str) -> None:
    """Once the question is asked, cut it short, wait for the microphone, and say the answer until it was understood."""
    page.wait_for_selector("#by-voice[data-state=saying]")
    assert page.evaluate("window.microphones.every((track) => track.readyState === 'ended')"), "it hears while it listens alone"
    page.click("#speak-now")
    page.wait_for_selector("#by-voice[data-state=listening]")
    page.evaluate("(wav) => window.sayAloud(wav)", wav)
    page.wait_for_selector("#by-voice:not([data-state=listening])")


def test_by_voice_with_a_passkey_on_a_small_dark_phone(launched: Browser, tmp_path: Path) -> None:
    with browsing.server(tmp_path, owner=None) as server:
        address = server.replace("127.0.0.1", "localhost")
        with opened(launched, address, **PHONE) as page:
            browsing.add_authenticator(page)
            page.fill("#name", "Pia")
            page.check("[name=way][value=passkey]")
            expect(page.locator("#needs-name")).to_be_hidden()
            said = {words: speech(page, address, words) for words in {words for _, words in ANSWERS if words}}
            page.click("#speak")
            page.wait_for_selector("#by-voice[data-state=saying]")
            fits(page)
            page.click("#speak-now")
            page.wait_for_selector("#by-voice[data-state='']")
            expect(page.locator("#speak-heard"), "nothing is listened to where a passphrase is typed").to_have_text("")
            go_on(page, "owner", "home")
            for step, words in ANSWERS:
                page.wait_for_selector(f"#step-{step}:visible")
                page.wait_for_selector("#by-voice[data-state=saying]")
                if words:
                    answer_aloud(page, said[words])
                else:
                    page.click(f"#step-{step} [type=submit]")
            page.wait_for_selector("#link.up")
            home = page.request.get(f"{address}/api/v1/household").json()
            assert (home["home"], home["wake_words"]) == ("Villa Sunshine", ["okay nabu"])
            assert {"attic", "library", "balcony"} <= set(home["areas"])
            me = page.request.get(f"{address}/api/v1/me").json()
            assert (me["person"]["name"], me["person"]["role"]) == ("Pia", "owner")
            page.click("#sign-out")
            page.wait_for_url("**/sign-in")
            settle(page)
            page.click("#passkey")
            page.wait_for_selector("#link.up")
            page.wait_for_selector("#person-name:has-text('Pia')")
