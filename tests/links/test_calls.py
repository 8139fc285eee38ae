"""A call by a spoken command through the whole chain: a satellite on PulseAudio, a server, kamailio, and sipp at the far end."""

import asyncio
import contextlib
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from earwitness.build import House
from earwitness.config import Settings
from earwitness.domain.audio import Pcm
from earwitness.domain.contact import Address, Channel, Contact
from tests.links import telephones
from tests.links.servers import Server, free_port
from tests.links.telephones import PASSWORD, USER, FarTelephone, telephone_server, wait_registered
from tests.pulse import running_pulse
from tests.satellite_trial import Program, Trial, spoken

pytestmark = [pytest.mark.models, pytest.mark.quiet]
MUM = "100"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A house that telephones, a satellite in its kitchen, and where the far telephone is expected."""

    trial: Trial
    satellite: Program
    voices: House
    server: Server
    port: int
    far_port: int
    folder: Path

    def say(self, text: str) -> None:
        """Say something into the room of the satellite, to its end."""
        self.trial.pulse.say(spoken(self.voices, text)).wait()

    def say_until(self, text: str, *, state: str) -> None:
        """Say something until the satellite is in that state; again if it was not understood, as may be on a busy machine."""
        for _ in range(6):
            self.say(text)
            with contextlib.suppress(TimeoutError):
                self.trial.until(state=state)
                return
        raise AssertionError(f"never {state}: {self.satellite.lines[-20:]}")

    def hears(self, pattern: str, *, seconds: float = 30.0) -> str:
        """Wait until the satellite is told so."""
        return self.satellite.wait_for(pattern, within_seconds=seconds).group(0)

    def far(self, scenario: str) -> FarTelephone:
        return FarTelephone(scenario, folder=self.folder, port=self.far_port, echoes=True)

    def caller(self, scenario: str) -> FarTelephone:
        to = f"127.0.0.1:{self.port}"
        return FarTelephone(scenario.format(extra="", patience=90_000), folder=self.folder, port=free_port(), to=to, echoes=True)

    def asks_for_mum(self) -> None:
        """Ask to call Mum, and say yes; again if it was not understood, as may be on a busy machine: that is not tried here."""
        before = self._tried()
        for _ in range(6):
            self.trial.until(state="asleep")
            self.say("Hey Jarvis, call mum.")
            try:
                self.hears(r"Call Mum, mobile\?", seconds=15)
                self.trial.until(state="listening")
            except TimeoutError:
                continue
            self.say("Yes.")
            deadline = time.monotonic() + 15
            while time.monotonic() < deadline:
                if self._tried() > before:
                    return
                time.sleep(0.05)
        raise AssertionError(f"nobody was called: {self.satellite.lines[-20:]}")

    def _tried(self) -> int:
        """How often somebody was called, or could not be."""
        unreachable = sum("cannot be reached" in line for line in self.satellite.lines)
        return self.server.log().count(f"invite {MUM} from house") + unreachable


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    folder, far_port = tmp_path_factory.mktemp("calls"), free_port()
    with ExitStack() as stack:
        server, port = stack.enter_context(telephone_server(folder, far_port=far_port))
        trial = Trial(folder, stack.enter_context(running_pulse(folder)))
        trial.pair(area="Kitchen")
        _set_up(folder / "server-state", port=port)
        voices = stack.enter_context(House(Settings(), is_passing=True))
        satellites_port = stack.enter_context(trial.server())
        satellite = stack.enter_context(trial.satellite(satellites_port))
        trial.until(link="up", is_microphone_open=True, is_speaker_open=True)
        wait_registered(server)
        yield Chain(trial=trial, satellite=satellite, voices=voices, server=server, port=port, far_port=far_port, folder=folder)


def _set_up(state: Path, *, port: int) -> None:
    """What an owner enters on the pages: the account, and Mum."""
    options = {"server": f"127.0.0.1:{port}", "user": USER, "transport": "udp", "country": "DE", "silence_seconds": 5}
    mum = Contact(
        contact_id="",
        owner_id=None,
        name="Mum",
        addresses=(Address(channel=Channel.PHONE, value=MUM, label="mobile"),),
        changed_at=datetime.now(UTC),
    )
    with House(Settings(), state=state) as house:
        house.configured_links.add("sip", name="Telephone", options=options, secrets={"password": PASSWORD})
        house.contacts.add(mum)


def _noise(seconds: float) -> Pcm:
    """Something like speech: noise that begins and ends, below 3 kHz."""
    raw = np.convolve(np.random.default_rng(3).normal(size=int(seconds * 16_000)), np.ones(8) / 8, mode="same")
    loudness = 0.5 + 0.5 * np.sin(np.arange(len(raw)) / 16_000 * 2 * np.pi * 3)
    return Pcm(data=(raw * loudness * 9_000).astype("<i2").tobytes(), rate_hz=16_000)


async def test_a_call_is_asked_for_by_voice_and_both_ways_are_heard_and_the_wake_word_hangs_up(chain: Chain) -> None:
    far = chain.far(telephones.TAKES)
    await far.be_there()
    await asyncio.to_thread(chain.asks_for_mum)
    await asyncio.to_thread(chain.trial.until, state="intercom")
    said = _noise(3.0)

    def talk() -> np.ndarray:
        with chain.trial.pulse.recording() as recording:
            chain.trial.pulse.say(said).wait()
            time.sleep(1.0)  # what was said last is on its way back
        return recording.samples()

    found: list[float] = []
    while len(found) < 3 and max(found, default=0.0) <= 0.6:  # a busy machine may tear it to pieces once, and once more
        found.append(_likeness(await asyncio.to_thread(talk), said))
    assert max(found) > 0.6, f"what is said in the kitchen reaches the far telephone, and what that says is heard here: {found}"
    await asyncio.to_thread(chain.say_until, "Hey Jarvis.", state="asleep")
    assert await far.end() == 0, "the far telephone was told that it is over"


def _likeness(heard: np.ndarray, said: Pcm) -> float:
    """How like what was said is what was heard (24 kHz), in the median of pieces of 0.4 s."""
    from tests.pulse import at_rate

    wanted = np.frombuffer(at_rate(said, 24_000).data, "<i2").astype(np.float64)
    found = []
    for start in range(4_800, len(wanted) - 9_600, 9_600):
        piece = wanted[start : start + 9_600]
        size = 1 << (len(heard) + len(piece)).bit_length()
        product = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(piece, size)), size)
        at = int(np.argmax(product[: len(heard)]))
        there = heard[at : at + len(piece)]
        found.append(float(np.dot(piece[: len(there)], there) / (np.linalg.norm(piece) * np.linalg.norm(there) + 1e-9)))
    return float(np.median(found))


async def test_busy_is_said(chain: Chain) -> None:
    far = chain.far(telephones.BUSY)
    await far.be_there()
    await asyncio.to_thread(chain.asks_for_mum)
    await asyncio.to_thread(chain.hears, r"Mum is busy\.")
    assert await far.end() == 0


async def test_the_other_side_hangs_up_and_it_is_said(chain: Chain) -> None:
    far = chain.far(telephones.HANGS_UP)
    await far.be_there()
    await asyncio.to_thread(chain.asks_for_mum)
    await asyncio.to_thread(chain.hears, r"Mum has hung up\.")
    assert await far.end() == 0
    await asyncio.to_thread(chain.trial.until, state="asleep")


async def test_a_call_comes_in_and_is_answered_by_voice(chain: Chain) -> None:
    caller = chain.caller(telephones.CALLS)
    await caller.start()
    await asyncio.to_thread(chain.hears, r"A call from the number plus 4 9 3 0 1 1 1\.")
    await asyncio.to_thread(chain.say_until, "Hey Jarvis, answer the phone.", state="intercom")
    await asyncio.to_thread(chain.say_until, "Hey Jarvis.", state="asleep")
    assert await caller.end() == 0


async def test_a_missed_call_is_said(chain: Chain) -> None:
    caller = chain.caller(telephones.GIVES_UP)
    await caller.start()
    await asyncio.to_thread(chain.hears, r"You missed a call from the number plus 4 9 3 0 1 1 1\.")
    assert await caller.end() == 0


async def test_an_emergency_number_is_refused_and_nobody_is_called(chain: Chain) -> None:
    def is_refused() -> bool:
        chain.trial.until(state="asleep")
        chain.say("Hey Jarvis, call the police.")
        with contextlib.suppress(TimeoutError):
            return bool(chain.hears(r"I do not call emergency numbers", seconds=20))
        return False

    assert await asyncio.to_thread(lambda: any(is_refused() for _ in range(3)))  # again if it was not understood
    assert "invite 110" not in chain.server.log()


async def test_a_server_that_is_down_is_said_with_what_still_works(chain: Chain) -> None:
    await asyncio.to_thread(chain.trial.until, state="asleep")
    chain.server.kill()
    await asyncio.to_thread(chain.asks_for_mum)
    said = [line for line in chain.satellite.lines if "cannot be reached" in line]
    assert said[-1].endswith(("Rooms can still be called.", "the telephone server does not answer.")), said
