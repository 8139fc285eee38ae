"""The trials of a bad network with a real satellite: its own process in another namespace, a sound server's null sinks as its
microphone and speaker, paired with the server over the network by the code that it shows.

Each trial returns the seconds that it measured, and raises AssertionError or TimeoutError when something hung, was lost in
silence or did not recover.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final

import psutil  # type: ignore[import-untyped]

from earwitness.config import SETTINGS_VARIABLE, STATE_VARIABLE
from earwitness.domain.audio import RATE_HZ, Pcm
from earwitness.domain.errors import TrustError, WireError
from earwitness.protocol.connection import Connection, ConnectionLostError, open_link
from earwitness.protocol.frames import Frame
from earwitness.protocol.resume import Link
from earwitness.protocol.sockets import connect
from earwitness.satellite.control import ask
from earwitness.speech.audio_file import read_audio
from earwitness.trust.identity import Identity
from earwitness.trust.pairing import DevicePairing
from earwitness.trust.tls import SERVER_NAME, device_client_context, pairing_client_context
from tests.far import Usage
from tests.far_trials import SPARE_FILES, Trial, typed
from tests.namespaces import Place
from tests.pulse import Pulse, running_pulse
from tests.satellite_trial import Program

DEVICE_PORT: Final = 8766
AREA: Final = "Kitchen"
QUIET_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 30.0
DROPPED_IN_SECONDS: Final = 5.0
MOST_MEGABYTES: Final = 60.0
WORDS: Final = (b"audio-chunk", b'"token"', b"cue_done", b"hey_jarvis", b"Hey Jarvis", b"wake_lost", b"pair-hello", b"bedroom")
"""What would be read on the wire, were it not closed."""
_COMMANDS: Final = ("Turn on the bedroom light.", "Turn off the bedroom light.")


@dataclass
class FarSatellite:
    """A satellite that runs where the visitor is."""

    one: Trial
    folder: Path
    pulse: Pulse
    program: Program
    device_id: str = ""
    code: str = ""
    """The one that it was paired with."""
    misheard: int = 0
    """Commands that were answered, but not carried out."""
    _clips: dict[str, Pcm] = field(default_factory=dict)
    _said: int = 0

    @property
    def state(self) -> Path:
        return self.folder / "state" / "satellite"

    @cached_property
    def process(self) -> psutil.Process:
        return psutil.Process(self.program.process.pid)

    def status(self) -> dict[str, Any]:
        """What the satellite says of itself; empty if it does not answer."""
        with contextlib.suppress(OSError):
            return dict(ask(self.state, "status") or {})
        return {}

    def until(self, *, seconds: float = ANSWER_SECONDS, **expected: object) -> dict[str, Any]:
        """The status once it has these values. Raises TimeoutError."""
        limit = time.monotonic() + seconds
        while not expected.items() <= (found := self.status()).items():
            if time.monotonic() > limit:
                raise TimeoutError(f"never {expected}: {found}, {self.program.lines[-8:]}")
            time.sleep(0.02)
        return found

    def usage(self) -> Usage:
        """What its process holds now."""
        process = self.process
        return Usage(files=process.num_fds(), threads=process.num_threads(), megabytes=process.memory_info().rss / 1e6)

    def clip(self, text: str) -> Pcm:
        """A sentence after the wake word, in the house's own voice, with silence around it."""
        if text not in self._clips:
            path = f"/api/v1/say?text=Hey+Jarvis,+{text.replace(' ', '+')}"
            answer = self.one.there(lambda: self.one.visitor.ask("GET", path))
            assert answer.status == 200, answer.body
            heard = read_audio(io.BytesIO(answer.body), longest_seconds=30).data
            quiet = bytes(int(2 * RATE_HZ * QUIET_SECONDS))
            self._clips[text] = Pcm(data=quiet + heard + quiet, rate_hz=RATE_HZ)
        return self._clips[text]

    def say_command(self) -> subprocess.Popen[bytes]:
        """Begin to say one of two commands, in turn."""
        self._said += 1
        return self.pulse.say(self.clip(_COMMANDS[self._said % 2]))

    def wait_for_answer(self) -> None:
        """Until the command was carried out, or it was said what was heard instead. Raises TimeoutError."""
        found = self.program.wait_for(r"^(Turned .*|The bedroom light .*|Sorry, .*|I heard .*)$", within_seconds=ANSWER_SECONDS)
        self.misheard += not found.group(1).startswith(("Turned", "The bedroom"))

    def log(self) -> list[dict[str, Any]]:
        """The server's log of devices, the newest first."""
        answer = self.one.there(lambda: self.one.visitor.ask("GET", "/api/v1/devices/log"))
        return list(answer.json()["entries"])

    def logged(self) -> list[str]:
        """What the server's log of devices says, the newest first."""
        return [entry["what"] for entry in self.log()]


def missing_sound() -> str | None:
    """Why no satellite can be heard here, None if one can."""
    absent = [name for name in ("pulseaudio", "paplay", "parec") if shutil.which(name) is None]
    return f"not installed: {', '.join(absent)}" if absent else None


@contextmanager
def satellite(one: Trial, folder: Path) -> Iterator[FarSatellite]:
    """A satellite that was just paired over the network, until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "settings.toml").touch()
    with running_pulse(folder / "pulse") as pulse:
        own = {STATE_VARIABLE: str(folder / "state"), SETTINGS_VARIABLE: str(folder / "settings.toml"), "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "earwitness", "satellite", "--no-keys", "--show-words", "--name", "Trial"]
        command += ["--server", f"{one.visitor.address}:{DEVICE_PORT}"]
        _open_pairing(one)
        started = one.elsewhere.start(command, env=one.house.environment | pulse.environment | own, output=subprocess.PIPE)
        made = FarSatellite(one, folder, pulse, Program(started))
        threading.Thread(target=made.program.read, daemon=True).start()
        try:
            made.code = made.program.wait_for(r"Type this code on the page: (\d{6})").group(1)
            made.device_id = _confirm(one, made.code, name="Trial").json()["device_id"]
            made.program.wait_for(r"^Paired\.")
            made.until(link="up", is_microphone_open=True, is_speaker_open=True)
            for text in _COMMANDS:
                made.clip(text)
            yield made
        finally:
            with contextlib.suppress(ProcessLookupError):
                started.send_signal(signal.SIGCONT)
                started.terminate()
            started.wait(20)


def _open_pairing(one: Trial) -> None:
    answer = one.there(lambda: one.visitor.ask("POST", "/api/v1/devices/pairing"))
    assert answer.status == 200, answer.body


def _show_again(one: Trial) -> None:
    """What lets a microphone in or takes it out asks for somebody who showed who they are in the last minutes."""
    assert one.there(one.visitor.sign_in).status == 200


def _confirm(one: Trial, code: str, *, name: str) -> Any:
    _show_again(one)
    body = {"code": code, "name": name, "area": AREA}
    return one.there(lambda: one.visitor.ask("POST", "/api/v1/devices/pairing/confirmation", body))


def commanded(it: FarSatellite, *, count: int) -> list[float]:
    """Seconds from the last word of each spoken command until its reply was there. Those that were misheard are counted."""
    waits = []
    for _ in range(count):
        player = it.say_command()
        answered = threading.Event()
        at: list[float] = []

        def wait(answered: threading.Event = answered, at: list[float] = at) -> None:
            with contextlib.suppress(TimeoutError):
                it.wait_for_answer()
                at.append(time.monotonic())
            answered.set()

        threading.Thread(target=wait, daemon=True).start()
        player.wait()
        ended = time.monotonic() - QUIET_SECONDS
        answered.wait()
        assert at, it.program.lines[-12:]
        waits.append(max(0.0, at[0] - ended))
        it.until(state="asleep")
    return waits


def _cut_in_mid_word(it: FarSatellite) -> subprocess.Popen[bytes]:
    """Say a command, and lose the network once some of it was sent."""
    before = it.status()["sound_frames_sent"]
    player = it.say_command()
    limit = time.monotonic() + ANSWER_SECONDS
    while it.status().get("sound_frames_sent", 0) < before + 20:
        assert time.monotonic() < limit, it.program.lines[-8:]
    it.one.wire.weather.is_cut = True
    return player


def cut_short(it: FarSatellite, *, seconds: float) -> float:
    """The network is gone for a moment in the middle of an utterance; the seconds from its return until the reply is there."""
    player = _cut_in_mid_word(it)
    time.sleep(seconds)
    it.one.wire.weather.is_cut = False
    began = time.monotonic()
    it.wait_for_answer()
    took = time.monotonic() - began
    player.wait()
    it.until(state="asleep")
    return took


def cut_long(it: FarSatellite, *, seconds: float) -> float:
    """The network stays away: the satellite says so, the server drops what it had heard within 5 s and logs it; the seconds from
    the return of the network until the link is up. A command is answered then."""
    player = _cut_in_mid_word(it)
    began, cut_at = time.monotonic(), datetime.now(UTC)
    try:
        it.program.wait_for(r"The server cannot be reached; trying again\.", within_seconds=seconds + 5)
        time.sleep(max(0.0, seconds - (time.monotonic() - began)))
    finally:
        it.one.wire.weather.is_cut = False
    began = time.monotonic()
    it.until(link="up")
    took = time.monotonic() - began
    player.wait()
    noted = [entry["at"] for entry in it.log()[:4] if entry["what"] == "went_away_in_mid_word"]
    assert noted, it.logged()
    assert (datetime.fromisoformat(noted[0]) - cut_at).total_seconds() < DROPPED_IN_SECONDS
    commanded(it, count=1)
    return took


def restart_in_reply(it: FarSatellite) -> float:
    """The server ends while it speaks and starts again; the seconds from when it was ready until the link is up."""
    it.pulse.say(it.clip("What can you do?"))
    it.until(state="speaking")
    it.one.house.stop(signal.SIGTERM)
    it.program.wait_for(r"cannot be reached")
    it.one.house.start()
    began = time.monotonic()
    it.until(link="up")
    took = time.monotonic() - began
    commanded(it, count=1)
    return took


def reads_nothing(it: FarSatellite, *, seconds: float) -> tuple[float, float]:
    """The satellite's process stands still in the middle of a reply; the longest wait of a page meanwhile, and the seconds from
    when it goes on until its link is up. A command is answered then."""
    it.pulse.say(it.clip("What can you do?"))
    it.until(state="speaking")
    it.process.suspend()
    try:
        until, waits = time.monotonic() + seconds, [0.0]
        while time.monotonic() < until:
            waits += typed(it.one, count=1)
    finally:
        it.process.resume()
    began = time.monotonic()
    time.sleep(0.3)  # until it has noticed how late it is
    it.until(link="up", state="asleep")
    took = time.monotonic() - began
    commanded(it, count=1)
    return max(waits), took


def leaves_nothing(it: FarSatellite, before: Usage) -> None:
    """The satellite's own process holds no more than before. Raises AssertionError."""
    limit = time.monotonic() + 20
    while (now := it.usage()).files > before.files + SPARE_FILES or now.threads > before.threads + SPARE_FILES:
        assert time.monotonic() < limit, f"before: {before}; now: {now}"
        time.sleep(0.2)
    assert now.megabytes < before.megabytes + MOST_MEGABYTES, f"before: {before}; now: {now}"


# Strangers


def replayed(one: Trial, stranger: Place, *, folder: Path) -> None:
    """A code that was used, typed again, and a device elsewhere that says again what the paired one said: refused and logged."""
    identity, nonce = Identity(folder), bytes(range(32))
    _open_pairing(one)
    first = _Asking(one, stranger, identity, nonce)
    paired = _confirm(one, first.shown(), name="Hall")
    assert paired.status == 201, paired.body
    assert first.ends() == "paired"
    assert _confirm(one, first.code, name="Again").json()["code"] == "pairing.closed"
    assert _Asking(one, stranger, identity, nonce).ends() == "pairing.refused"
    _open_pairing(one)
    second = _Asking(one, stranger, identity, nonce)
    assert second.shown() != first.code
    answers = [_confirm(one, first.code, name="Again").json()["code"] for _ in range(3)]
    assert answers == ["pairing.wrong_code", "pairing.wrong_code", "pairing.closed"], answers
    assert second.ends() == "pairing.refused"
    answer = one.there(lambda: one.visitor.ask("GET", "/api/v1/devices/log"))
    logged = [entry["what"] for entry in answer.json()["entries"]]
    assert logged.count("pairing_wrong_code") >= 3


class _Asking:
    """A device in that place that asks to be paired."""

    def __init__(self, one: Trial, place: Place, identity: Identity, nonce: bytes) -> None:
        self.code = ""
        self._has_code = threading.Event()
        self._result = place.calling(partial(asyncio.run, self._ask(one.house.place.address, identity, nonce)))

    def shown(self) -> str:
        """The code that it shows."""
        assert self._has_code.wait(20)
        return self.code

    def ends(self) -> str:
        """How it ended: paired, or the code of the refusal."""
        return self._result()

    async def _ask(self, host: str, identity: Identity, nonce: bytes) -> str:
        connected = await connect(host, DEVICE_PORT)
        reader, writer = await asyncio.open_connection(sock=connected, ssl=pairing_client_context(), server_hostname="")
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        connection = Connection(reader, writer)
        pairing = DevicePairing("Hall", public_key=identity.public_key, server_certificate=shown, nonce=nonce)
        answer: tuple[str, dict[str, object]] | None = pairing.hello()
        try:
            while pairing.joined is None:
                if answer is not None:
                    await connection.write(Frame(*answer))
                if pairing.code is not None:
                    self.code = pairing.code
                    self._has_code.set()
                frame = await connection.read(within_seconds=30)
                if frame is None:
                    return "ended"
                answer = pairing.receive(frame.kind, frame.fields)
        except (TrustError, WireError) as error:
            return error.code
        finally:
            connection.abort()
        return "paired"


def revoked(it: FarSatellite, stranger: Place) -> None:
    """The satellite is taken out: it says so and ends; a copy of its keys elsewhere is refused, and that is logged."""
    one = it.one
    assert _knock(one, stranger, it.state) == "open"
    _show_again(one)
    gone = one.there(lambda: one.visitor.ask("DELETE", f"/api/v1/devices/{it.device_id}"))
    assert gone.status == 200, gone.body
    it.program.wait_for(r"not paired here any more", within_seconds=10)
    assert it.program.process.wait(10) != 0
    before = it.logged().count("refused")
    assert _knock(one, stranger, it.state) == "device.revoked"
    assert it.logged().count("refused") > before


def _knock(one: Trial, place: Place, keys: Path) -> str:
    """Try to open a link with these keys: "open", or the code of the refusal."""

    async def attempt() -> str:
        context = device_client_context(Identity(keys))
        connected = await connect(one.house.place.address, DEVICE_PORT)
        reader, writer = await asyncio.open_connection(sock=connected, ssl=context, server_hostname=SERVER_NAME)
        connection = Connection(reader, writer)
        try:
            await open_link(connection, Link(), token=None)
        except WireError as error:
            return error.code
        except ConnectionLostError:
            return "lost"
        finally:
            connection.abort()
        return "open"

    return place.call(partial(asyncio.run, attempt()))
