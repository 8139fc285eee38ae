"""A real server in its own process and a real Chromium with a microphone that plays a file. For the tests of the page.

A server has an owner from before it starts, unless it is to be set up; whoever else is there, the owner adds.

What a page shows follows what happened, later: a test waits for it (`expect`, `wait_for_…`, `until`), or until the page is
settled, before it says what is there. Whoever waits is patient: the machine may do other things meanwhile.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, WebSocket, expect

from earwitness.people.people import People
from earwitness.storage.database import Database

MICROPHONE_RATE_HZ = 48_000
PATIENCE_SECONDS = 45.0
expect.set_options(timeout=1000 * PATIENCE_SECONDS)
OWNER = "Otto"
PASSPHRASE = "four plain words, no more"
SETTLED = "body[data-state='asleep']"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=user-gesture-required",
)
COUNT_MICROPHONES = """
window.microphones = [];
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wanted) => {
  const stream = await ask(wanted);
  window.microphones.push(...stream.getTracks());
  return stream;
};
"""
COUNT_CALLS = """
window.callsUnderWay = 0;
const counted = async (work) => {
  window.callsUnderWay += 1;
  try {
    return await work();
  } finally {
    window.callsUnderWay -= 1;
  }
};
const call = window.fetch;
window.fetch = (...given) => counted(() => call(...given));
for (const way of ["json", "text", "blob", "arrayBuffer"]) {
  const read = Response.prototype[way];
  Response.prototype[way] = function () {
    return counted(() => read.call(this));
  };
}
"""
"""How many calls of the API the page waits for. Between one and the next it draws only what has come."""


def chromium() -> str | None:
    return shutil.which("chromium")


@contextmanager
def server(state: Path, *, owner: str | None = OWNER) -> Iterator[str]:
    """`earwitness run` on a free port; yields its address in numbers once it is ready. Without an owner it waits for one."""
    environment = os.environ | {"EARWITNESS_STATE": str(state), "COLUMNS": "200", "PYTHONUNBUFFERED": "1"}
    if owner is not None:
        database = Database(state / "household.db", chain="household")
        People(database, clock=lambda: datetime.now(UTC)).add(owner, passphrase=PASSPHRASE)
        database.close()
    command = [sys.executable, "-m", "earwitness", "run", "--port", "0"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    printed = ""
    try:
        for line in process.stdout:
            printed += line
            found = re.search(r"http://localhost:(\d+)", line)
            if found:
                yield f"http://127.0.0.1:{found[1]}"
                return
        raise AssertionError(f"the server did not start: {printed}")
    finally:
        process.terminate()
        process.wait(60)


def microphone_file(path: Path, spoken: Path, *, lead_seconds: float) -> Path:
    """What the microphone plays once: silence, the recording, silence; 48 kHz as Chromium wants it."""
    samples, rate = soundfile.read(spoken, dtype="float32")
    speech = soxr.resample(samples, rate, MICROPHONE_RATE_HZ)
    lead = np.zeros(round(lead_seconds * MICROPHONE_RATE_HZ), dtype=np.float32)
    tail = np.zeros(30 * MICROPHONE_RATE_HZ, dtype=np.float32)
    soundfile.write(path, np.concatenate([lead, speech, tail]), MICROPHONE_RATE_HZ, subtype="PCM_16")
    return path


@contextmanager
def browser(playwright: Playwright, *, microphone: Path | None = None, may_use_microphone: bool = True) -> Iterator[Browser]:
    flags = [*FLAGS, "--use-fake-ui-for-media-stream" if may_use_microphone else "--deny-permission-prompts"]
    if microphone:
        flags.append(f"--use-file-for-fake-audio-capture={microphone}%noloop")
    launched = playwright.chromium.launch(executable_path=chromium(), headless=True, args=flags)
    try:
        yield launched
    finally:
        launched.close()


@dataclass
class Visit:
    """One open page, what went over its session, and everything that it complained about or asked for."""

    page: Page
    frames: list[tuple[str, str]] = field(default_factory=list)
    """("sent" or "got", the message's text, or "sound")."""
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def state(self, name: str, *, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait for a state to be shown."""
        self.page.wait_for_selector(f"body[data-state='{name}']", timeout=1000 * seconds)

    def device(self, name: str) -> Any:
        return self.page.locator(f"[data-name='{name}']")

    def live_microphones(self) -> int:
        """How many are open. The page closes them before it shows that it has."""
        found: int = self.page.evaluate("window.microphones.filter((track) => track.readyState === 'live').length")
        return found

    def typed(self, text: str) -> None:
        """Type a request, and wait until its own turn is over."""
        self.page.fill("#ask-text", text)
        self.page.press("#ask-text", "Enter")
        expect(self.page.locator("#heard")).to_have_text(text)  # which begins the turn, and takes the one before away
        self.page.wait_for_selector("#turn[data-outcome]")

    def _watch(self, socket: WebSocket) -> None:
        socket.on("framesent", lambda data: self.frames.append(("sent", data if isinstance(data, str) else "sound")))
        socket.on("framereceived", lambda data: self.frames.append(("got", data if isinstance(data, str) else "sound")))


def new_context(launched: Browser, **how: Any) -> BrowserContext:
    """A browser of somebody's own, of whose pages one can tell whether they are settled."""
    made = launched.new_context(**how)
    made.set_default_timeout(1000 * PATIENCE_SECONDS)
    made.add_init_script(COUNT_CALLS)
    return made


def settle(page: Page) -> None:
    """Wait until a page is loaded and has everything that it asked the server for."""
    page.wait_for_load_state("load")
    page.wait_for_function("() => window.callsUnderWay === 0")


def go(page: Page, address: str) -> None:
    """Open an address until the page has settled."""
    page.goto(address)
    settle(page)


def until(holds: Callable[[], object], page: Page) -> None:
    """Wait until something holds that the page does not show, such as what went over its session."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it never did"
        page.wait_for_timeout(20)  # Playwright notes what happened only while it waits


def sign_in(context: BrowserContext, address: str, name: str = OWNER) -> None:
    """Sign somebody in in a browser, as its page would."""
    answer = context.request.post(f"{address}/api/v1/sign-in", data={"name": name, "passphrase": PASSPHRASE})
    assert answer.ok, answer.text()


def add_person(context: BrowserContext, address: str, name: str, *, role: str = "adult", **fields: Any) -> None:
    """Let the owner add somebody, who is then signed in in that browser instead."""
    sign_in(context, address)
    made = context.request.post(f"{address}/api/v1/people", data={"name": name, "passphrase": PASSPHRASE, "role": role, **fields})
    assert made.ok, made.text()
    sign_in(context, address, name)


@contextmanager
def visit(launched: Browser, address: str, *, new: str | None = None, **context: Any) -> Iterator[Visit]:
    """Open the page, as the owner or as somebody `new`, and wait until it is connected; at the end, nothing may have failed or
    gone elsewhere."""
    opened = new_context(launched, **{"viewport": {"width": 1360, "height": 1120}, **context})
    if new is None:
        sign_in(opened, address)
    else:
        add_person(opened, address, new)
    opened.add_init_script(COUNT_MICROPHONES)
    here = Visit(opened.new_page())
    here.page.on("websocket", here._watch)
    here.page.on("request", lambda request: here.requests.append(request.url))
    here.page.on("pageerror", lambda error: here.complaints.append(str(error)))
    here.page.on("console", lambda said: here.complaints.append(said.text) if said.type in {"error", "warning"} else None)
    here.page.goto(address)
    here.page.wait_for_selector("#link.up")
    settle(here.page)
    try:
        yield here
        assert here.complaints == []
        assert [url for url in here.requests if not url.startswith((address, "blob:"))] == []
    finally:
        opened.close()


def add_authenticator(page: Page) -> None:
    """Give the browser a holder of passkeys that always says yes, as a finger on a sensor would."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
