"""The page of satellites in a real browser: a simulated device is paired by the code that it shows, by keyboard alone."""

import asyncio
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from earwitness.domain.errors import NetworkError
from earwitness.foreign.reach import own_address_towards
from earwitness.protocol.connection import Connection
from earwitness.protocol.frames import Frame
from earwitness.trust.identity import Identity
from earwitness.trust.pairing import DevicePairing
from earwitness.trust.tls import pairing_client_context
from tests.strange_servers import free_port
from tests.system.browsing import PATIENCE_SECONDS, browser, chromium, go, new_context, server, sign_in

pytestmark = pytest.mark.skipif(chromium() is None, reason="needs Chromium")


PLAIN = """
[foreign]
wyoming_services = true
wyoming_host = "{address}"
wyoming_port = 0
trusted_interface = "{address}"
"""
"""Wyoming's services, offered to the network that this machine is in."""


def own_address() -> str:
    """This machine's address towards any other, else loopback."""
    try:
        return own_address_towards("192.0.2.1")
    except NetworkError:
        return "127.0.0.1"


class PairingDevice(threading.Thread):
    """A device that asks to be paired, in a thread of its own, and shows its code as `code`."""

    def __init__(self, port: int, folder: Path) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._identity = Identity(folder)
        self.has_code = threading.Event()
        self.code = ""
        self.is_paired = False

    def run(self) -> None:
        asyncio.run(self._pair())

    async def _pair(self) -> None:
        streams = await asyncio.open_connection("127.0.0.1", self._port, ssl=pairing_client_context())
        shown = streams[1].get_extra_info("ssl_object").getpeercert(binary_form=True)
        connection = Connection(*streams)
        pairing = DevicePairing("Hall <b>lamp</b>", public_key=self._identity.public_key, server_certificate=shown)
        answer: tuple[str, dict[str, object]] | None = pairing.hello()
        while True:
            if answer is not None:
                await connection.write(Frame(*answer))
            if pairing.code is not None and not self.code:
                self.code = pairing.code
                self.has_code.set()
            frame = await connection.read(within_seconds=60.0)
            if frame is None:
                return
            answer = pairing.receive(frame.kind, frame.fields)
            self.is_paired = pairing.joined is not None
            if self.is_paired:
                return


@pytest.fixture
def device_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    port = free_port()
    settings = tmp_path / "settings.toml"
    settings.write_text(f"[server]\ndevice_port = {port}\n{PLAIN.format(address=own_address())}")
    monkeypatch.setenv("EARWITNESS_SETTINGS", str(settings))
    return port


@pytest.fixture
def page(tmp_path: Path, device_port: int) -> Iterator[Page]:
    with server(tmp_path / "state") as address, sync_playwright() as playwright, browser(playwright) as launched:
        context = new_context(launched)
        sign_in(context, address)
        opened = context.new_page()
        complaints: list[str] = []
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        go(opened, f"{address}/devices")
        expect(opened.get_by_text("There is no satellite yet.")).to_be_visible()
        yield opened
        assert complaints == []


def test_a_device_is_paired_named_muted_and_taken_out_by_keyboard(page: Page, device_port: int, tmp_path: Path) -> None:
    check_plain_sound_is_warned_of(page)
    page.get_by_role("button", name="Open the pairing").press("Enter")
    expect(page.get_by_label("Six digits that the device shows or says")).to_be_focused()
    device = PairingDevice(device_port, tmp_path / "device")
    device.start()
    assert device.has_code.wait(PATIENCE_SECONDS)
    expect(page.get_by_text("Hall <b>lamp</b> waits and shows its code")).to_be_visible()
    assert device.code not in page.content()
    page.keyboard.type("000000" if device.code != "000000" else "111111")
    page.keyboard.press("Enter")
    expect(page.locator("#confirm-problem")).to_have_text(re.compile("No device shows that code"))
    page.get_by_label("Six digits that the device shows or says").fill(device.code)
    page.get_by_label("Name", exact=True).first.fill("Hall lamp")
    page.get_by_role("button", name="Pair it").press("Enter")
    card = page.locator("[data-device='Hall lamp']")
    expect(card).to_be_visible()
    device.join(PATIENCE_SECONDS)
    assert device.is_paired

    expect(page.locator("#news")).to_contain_text("is paired")
    card.get_by_role("button", name="Mute").press("Enter")
    expect(card.get_by_text("asked to mute, not answered yet")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("unmute", re.IGNORECASE))).to_have_count(0)

    card.get_by_role("button", name="Change").press("Enter")
    page.get_by_role("dialog").get_by_label("Name").fill("Tall lamp")
    page.keyboard.press("Enter")
    card = page.locator("[data-device='Tall lamp']")
    card.get_by_role("button", name="Take out").press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Take out").press("Enter")
    expect(card).to_have_count(0)
    page.get_by_text("What happened lately").press("Enter")
    expect(page.locator("#log li").first).to_have_text(re.compile("Was taken out"))
    check_plain_sound_is_warned_of(page)


def check_plain_sound_is_warned_of(page: Page) -> None:
    """The page says, and goes on saying, where sound travels unencrypted; nothing takes that away."""
    address = own_address()
    warning = page.locator("#plain")
    expect(warning).to_be_visible()
    expect(warning).to_contain_text(f"Sound of foreign satellites may travel unencrypted on {address}")
    if address != "127.0.0.1":
        expect(warning).to_contain_text(f"Wyoming is offered unencrypted on {address}")
    expect(warning.get_by_role("button")).to_have_count(0)
