"""Calls on the talk page in a real browser: somebody outside calls and is answered there, and a typed request calls out."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest
import soundfile
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from earwitness.build import House
from earwitness.config import Settings
from earwitness.domain.contact import Address, Channel, Contact
from tests.links import telephones
from tests.links.servers import Server, free_port
from tests.links.telephones import PASSWORD, USER, FarTelephone, telephone_server, wait_registered
from tests.system import browsing
from tests.system.browsing import Visit, until, visit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.models,
    pytest.mark.skipif(browsing.chromium() is None, reason="chromium is not installed; `python tests/prepare.py` installs it"),
]
FAR_PORT = free_port()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("calls")


@pytest.fixture(scope="module")
def telephones_server(folder: Path) -> Iterator[tuple[Server, int]]:
    """A telephone server, and its port."""
    with telephone_server(folder, far_port=FAR_PORT) as (server, port):
        yield server, port


@pytest.fixture(scope="module")
def exchange(telephones_server: tuple[Server, int]) -> int:
    """The telephone server's port."""
    return telephones_server[1]


@pytest.fixture(scope="module")
def address(folder: Path, telephones_server: tuple[Server, int]) -> Iterator[str]:
    """A house with that telephone, and Mum."""
    state = folder / "state"
    telephone_exchange, exchange = telephones_server
    options = {"server": f"127.0.0.1:{exchange}", "user": USER, "transport": "udp", "country": "DE"}
    addresses = (Address(channel=Channel.PHONE, value="100", label="mobile"), Address(channel=Channel.PHONE, value="+49 30 111"))
    mum = Contact(contact_id="", owner_id=None, name="Mum", addresses=addresses, changed_at=datetime.now(UTC))
    with House(Settings(), state=state) as house:
        house.configured_links.add("sip", name="Telephone", options=options, secrets={"password": PASSWORD})
        house.contacts.add(mum)
    with browsing.server(state) as started:
        wait_registered(telephone_exchange)
        yield started


@pytest.fixture(scope="module")
def browser(folder: Path) -> Iterator[Browser]:
    """A browser whose microphone hears a hum."""
    soundfile.write(folder / "hum.wav", [0.2 if index % 400 < 200 else -0.2 for index in range(96_000)], 48_000, subtype="PCM_16")
    with sync_playwright() as playwright, browsing.browser(playwright, microphone=folder / "hum.wav") as launched:
        yield launched


@contextmanager
def ringing(far: FarTelephone, folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A far telephone that runs until its call is over."""
    with (folder / "sipp.log").open("ab") as log:
        process = subprocess.Popen(far.command, stdout=log, stderr=log, cwd=folder)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _sounds(here: Visit, way: str) -> int:
    return sum(1 for direction, text in here.frames if direction == way and text == "sound")


def _is_over(here: Visit) -> None:
    expect(here.page.locator("#call .alert")).to_have_count(0)
    expect(here.page.locator("#alerts .alert")).to_have_count(0)
    here.page.wait_for_function("() => window.microphones.every((track) => track.readyState === 'ended')")


def _assert_accessible(page: Page, *schemes: Literal["light", "dark"]) -> None:
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


def test_a_call_from_outside_is_answered_on_the_page(
    browser: Browser, address: str, exchange: int, folder: Path, tmp_path: Path
) -> None:
    to, port = f"127.0.0.1:{exchange}", free_port()
    far = FarTelephone(telephones.CALLS.format(extra="", patience=40_000), folder=folder, port=port, to=to, echoes=True)
    with visit(browser, address) as here:
        here.page.set_viewport_size({"width": 320, "height": 640})
        with ringing(far, folder) as process:
            alert = here.page.locator("#alerts .alert")
            expect(alert).to_contain_text("A call from Mum.")
            assert _sounds(here, "sent") == 0, "nothing is sent before somebody answers"
            here.page.screenshot(path=tmp_path / "ringing.png")
            expect(here.page.locator("#call .alert")).to_have_count(0)
            _assert_accessible(here.page, "light")  # and no more: it does not ring forever
            alert.get_by_role("button", name="Answer").click()
            call = here.page.locator("#call .alert")
            expect(call).to_contain_text("In a call with Mum")
            expect(here.page.locator("body.light")).to_have_count(1)
            until(lambda: _sounds(here, "sent") > 50 and _sounds(here, "got") > 50, here.page)
            here.page.screenshot(path=tmp_path / "open.png")
            _assert_accessible(here.page, "dark", "light")
            call.get_by_role("button", name="Hang up").click()
            _is_over(here)
            assert process.wait(30) == 0


def test_a_call_is_declined_and_mute_ends_one(browser: Browser, address: str, exchange: int, folder: Path) -> None:
    to = f"127.0.0.1:{exchange}"
    scenario = telephones.CALLS.format(extra="", patience=40_000)
    with visit(browser, address) as here:
        with ringing(FarTelephone(scenario, folder=folder, port=free_port(), to=to), folder) as process:
            here.page.locator("#alerts .alert").get_by_role("button", name="Decline").click()
            _is_over(here)
            assert process.wait(30) != 0, "it was refused"
        with ringing(FarTelephone(scenario, folder=folder, port=free_port(), to=to), folder) as process:
            here.page.locator("#alerts .alert").get_by_role("button", name="Answer").click()
            expect(here.page.locator("#call .alert")).to_contain_text("In a call with Mum")
            until(lambda: _sounds(here, "sent") > 50, here.page)  # by then the two have agreed on everything
            here.page.click("#mute")
            _is_over(here)
            assert process.wait(30) == 0
        here.page.click("#mute")


def test_a_typed_request_calls_out(browser: Browser, address: str, folder: Path) -> None:
    far = FarTelephone(telephones.TAKES, folder=folder, port=FAR_PORT, echoes=True)
    with visit(browser, address) as here, ringing(far, folder) as process:
        here.typed("call mum")
        expect(here.page.locator("#reply")).to_contain_text("Call Mum, mobile?")
        here.typed("yes")
        call = here.page.locator("#call .alert")
        expect(call).to_contain_text("In a call with Mum")
        until(lambda: _sounds(here, "sent") > 20 and _sounds(here, "got") > 20, here.page)
        call.get_by_role("button", name="Hang up").click()
        _is_over(here)
        assert process.wait(30) == 0
