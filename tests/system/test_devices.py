"""The page of satellites in a real browser: a simulated device is paired by the code that it shows, by keyboard alone."""

import asyncio
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from earwitness.protocol.connection import Connection
from earwitness.protocol.frames import Frame
from earwitness.trust.identity import Identity
from earwitness.trust.pairing import DevicePairing
from earwitness.trust.tls import pairing_client_context
from tests.system.browsing import browser, chromium, server, sign_in

pytestmark = pytest.mark.skipif(chromium() is None, reason="needs Chromium")


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
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    settings = tmp_path / "settings.toml"
    settings.write_text(f"[server]\ndevice_port = {port}\n")
    monkeypatch.setenv("EARWITNESS_SETTINGS", str(settings))
    return port


@pytest.fixture
def page(tmp_path: Path, device_port: int) -> Iterator[Page]:
    with server(tmp_path / "state") as address, sync_playwright() as playwright, browser(playwright) as launched:
        context = launched.new_context()
        sign_in(context, address)
        opened = context.new_page()
        complaints: list[str] = []
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.goto(f"{address}/devices")
        expect(opened.get_by_text("There is no satellite yet.")).to_be_visible()
        yield opened
        assert complaints == []


def test_a_device_is_paired_named_muted_and_taken_out_by_keyboard(page: Page, device_port: int, tmp_path: Path) -> None:
    page.get_by_role("button", name="Open the pairing").press("Enter")
    expect(page.get_by_label("Six digits that the device shows")).to_be_focused()
    device = PairingDevice(device_port, tmp_path / "device")
    device.start()
    assert device.has_code.wait(20)
    expect(page.get_by_text("Hall <b>lamp</b> waits and shows its code")).to_be_visible()
    assert device.code not in page.content()
    page.keyboard.type("000000" if device.code != "000000" else "111111")
    page.keyboard.press("Enter")
    expect(page.locator("#confirm-problem")).to_have_text(re.compile("No device shows that code"))
    page.get_by_label("Six digits that the device shows").fill(device.code)
    page.get_by_label("Name", exact=True).first.fill("Hall lamp")
    page.get_by_role("button", name="Pair it").press("Enter")
    card = page.locator("[data-device='Hall lamp']")
    expect(card).to_be_visible()
    device.join(20)
    assert device.is_paired

    card.get_by_role("button", name="Mute").press("Enter")
    expect(card.get_by_text("asked to mute, not answered yet")).to_be_visible()
    assert page.get_by_role("button", name=re.compile("unmute", re.IGNORECASE)).count() == 0

    card.get_by_role("button", name="Change").press("Enter")
    page.get_by_role("dialog").get_by_label("Name").fill("Tall lamp")
    page.keyboard.press("Enter")
    card = page.locator("[data-device='Tall lamp']")
    card.get_by_role("button", name="Take out").press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Take out").press("Enter")
    expect(card).to_have_count(0)
    page.get_by_text("What happened lately").press("Enter")
    expect(page.locator("#log li").first).to_have_text(re.compile("Was taken out"))
