"""The telephone line against real programs: kamailio asks for the password, sipp is the far telephone."""

import asyncio
import contextlib
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import pytest_asyncio

from earwitness.domain.call import CallEnd
from earwitness.domain.errors import LinkError
from earwitness.links import sip_wire as wire
from earwitness.links.sip import SipLine
from tests.links import brokers, telephones
from tests.links.servers import Server, free_port, udp_ports, until
from tests.links.telephones import FarTelephone, Notes, line_to, ready, telephone_server, troubled

SPEECH = np.random.default_rng(7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A telephone server, and where its far telephone is expected."""

    server: Server
    port: int
    far_port: int
    folder: Path

    def far(self, scenario: str, *, calls: int = 1) -> FarTelephone:
        return FarTelephone(scenario, folder=self.folder, port=self.far_port, calls=calls, echoes=True)

    def caller(self, scenario: str = telephones.CALLS, *, extra: str = "") -> FarTelephone:
        scenario = scenario.format(extra=extra, patience=20_000)
        return FarTelephone(scenario, folder=self.folder, port=free_port(), to=f"127.0.0.1:{self.port}", echoes=True)


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[Exchange]:
    far_port = free_port()
    with telephone_server(tmp_path, far_port=far_port) as (server, port):
        yield Exchange(server=server, port=port, far_port=far_port, folder=tmp_path)


@pytest_asyncio.fixture
async def line(exchange: Exchange) -> AsyncIterator[tuple[SipLine, Notes]]:
    async with line_to(exchange.port) as (sip, notes):
        await ready(sip)
        yield sip, notes


async def _over(notes: Notes, call: int) -> CallEnd:
    await until(lambda: call in notes.ended, what="the call is over")
    return notes.ended[call]


async def _open(notes: Notes, call: int) -> None:
    await until(lambda: call in notes.open or call in notes.ended, what="the call is open")
    assert call not in notes.ended, notes.ended


async def _called(sip: SipLine, number: str, far: FarTelephone) -> int:
    """Place a call once the far telephone is there."""
    await far.be_there()
    await ready(sip)
    return sip.place(number)


def _noise(seconds: float) -> np.ndarray:
    """Something like speech: noise that begins and ends, below 3 kHz."""
    raw = SPEECH.normal(size=int(seconds * 16_000))
    smooth = np.convolve(raw, np.ones(8) / 8, mode="same")
    loudness = 0.5 + 0.5 * np.sin(np.arange(len(raw)) / 16_000 * 2 * np.pi * 3)
    return (smooth * loudness * 9_000).astype(np.int16)


def _likeness(said: np.ndarray, heard: np.ndarray) -> float:
    """How like what was said is what was heard, in pieces of 0.2 s: three in ten are more so.

    A busy machine tears holes here and there.
    """
    pieces = [_correlation(said[start : start + 3_200], heard) for start in range(0, len(said) - 3_199, 3_200)]
    return float(np.quantile(pieces, 0.7))


def _correlation(said: np.ndarray, heard: np.ndarray) -> float:
    """The normalised correlation at the delay where it is best."""
    a, b = said.astype(float), heard.astype(float)
    size = 1 << (len(a) + len(b)).bit_length()
    product = np.fft.irfft(np.fft.rfft(b, size) * np.conj(np.fft.rfft(a, size)), size)
    at = int(np.argmax(product))
    piece = b[at : at + len(a)] if at < len(b) else b[:0]
    a = a[: len(piece)]
    return float(np.dot(a, piece) / (1.0 + np.sqrt(np.dot(a, a) * np.dot(piece, piece))))


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_what_is_said_goes_out_and_comes_back(exchange: Exchange, transport: Literal["udp", "tcp"]) -> None:
    async with line_to(exchange.port, transport=transport) as (sip, notes):
        await ready(sip)
        far = exchange.far(telephones.TAKES)
        call = await _called(sip, "100", far)
        await _open(notes, call)
        assert notes.ringing == [call], "it rang there before somebody answered"
        await _assert_passes_on((sip, call), (notes, call))
        sip.hang_up(call)
        assert await _over(notes, call) is CallEnd.HERE
        assert await far.end() == 0, "the far telephone was told that it is over"


async def _say(sip: SipLine, call: int, said: np.ndarray) -> None:
    """Speak in chunks of 40 ms, at the pace of a microphone."""
    loop = asyncio.get_running_loop()
    began, step = loop.time(), 640
    for index, start in enumerate(range(0, len(said), step)):
        await asyncio.sleep(max(0.0, began + 0.04 * index - loop.time()))
        sip.speak(call, said[start : start + step].tobytes())


async def _assert_passes_on(speaker: tuple[SipLine, int], listener: tuple[Notes, int], *, likeness: float = 0.9) -> np.ndarray:
    """What is said into one call is heard in the other; said anew, twice at most, where a busy machine tore it to pieces.

    Gives what was said.
    """
    (sip, call), (notes, there) = speaker, listener
    found = []
    for _ in range(3):
        said, before = _noise(2.0), len(notes.heard.get(there, b""))
        await _say(sip, call, said)
        enough = before + 2 * (len(said) + 16_000)  # a second more, as it takes a while until it is heard
        await until(lambda enough=enough: len(notes.heard.get(there, b"")) > enough, what="all of it is heard")
        found.append(_likeness(said, np.frombuffer(bytes(notes.heard[there][before:]), dtype=np.int16)))
        if found[-1] > likeness:
            return said
    raise AssertionError(f"what is heard is not what was said: {found}")


@pytest.mark.parametrize(
    ("number", "expected"),
    [("0900", CallEnd.REFUSED), ("555", CallEnd.UNKNOWN_NUMBER), ("nobody@elsewhere.example:9", CallEnd.UNKNOWN_NUMBER)],
)
async def test_a_number_that_is_none_or_not_allowed_is_told(line: tuple[SipLine, Notes], number: str, expected: CallEnd) -> None:
    sip, notes = line
    assert await _over(notes, sip.place(number)) is expected


async def test_busy_is_told_at_once(exchange: Exchange, line: tuple[SipLine, Notes]) -> None:
    sip, notes = line
    far = exchange.far(telephones.BUSY)
    call = await _called(sip, "100", far)
    assert await _over(notes, call) is CallEnd.BUSY
    assert notes.ringing == []
    assert await far.end() == 0


async def test_what_becomes_of_a_call_at_once_is_never_missed(exchange: Exchange, line: tuple[SipLine, Notes]) -> None:
    """An answer may come before the stack has given the call its name: here its process has much else to do just then."""
    sip, notes = line
    far = exchange.far(telephones.BUSY, calls=10)
    await far.be_there()
    for _ in range(10):
        await ready(sip)
        call = sip.place("100")
        for _ in range(400):
            sip._say(wire.message({"do": "ping"}))
        assert await _over(notes, call) is CallEnd.BUSY
    assert await far.end() == 0


async def test_whoever_calls_may_give_up_while_it_rings(exchange: Exchange, line: tuple[SipLine, Notes]) -> None:
    sip, notes = line
    far = exchange.far(telephones.RINGS_ONLY)
    call = await _called(sip, "100", far)
    await until(lambda: notes.ringing == [call], what="it rings")
    sip.hang_up(call)
    assert notes.ended == {call: CallEnd.HERE}, "it is over here at once"
    assert await far.end() == 0, "and it stops ringing there"


async def test_nobody_answers(exchange: Exchange, line: tuple[SipLine, Notes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("earwitness.links.sip.RINGS_SECONDS", 1.0)
    sip, notes = line
    far = exchange.far(telephones.RINGS_ONLY)
    call = await _called(sip, "100", far)
    assert await _over(notes, call) is CallEnd.NO_ANSWER
    assert notes.ringing == [call]
    assert await far.end() == 0


async def test_the_other_side_hangs_up(exchange: Exchange, line: tuple[SipLine, Notes]) -> None:
    sip, notes = line
    far = exchange.far(telephones.HANGS_UP)
    call = await _called(sip, "100", far)
    await _open(notes, call)
    assert await _over(notes, call) is CallEnd.THERE
    assert await far.end() == 0


async def test_a_call_comes_in_is_answered_and_hung_up_here(exchange: Exchange, line: tuple[SipLine, Notes]) -> None:
    sip, notes = line
    caller = exchange.caller()
    await caller.start()
    await until(lambda: bool(notes.incoming), what="it rings")
    (call,) = notes.incoming
    assert notes.incoming[call] == "+4930111"
    assert notes.open == [], "nothing is open before somebody answers"
    sip.answer(call)
    await _open(notes, call)
    await _assert_passes_on((sip, call), (notes, call))
    sip.hang_up(call)
    assert await caller.end() == 0


WISHES = (
    "Call-Info: <sip:x>;answer-after=0",
    "Alert-Info: <http://x>;info=alert-autoanswer;delay=0",
    "Answer-Mode: Auto;require",
    "Priv-Answer-Mode: Auto",
)
"""Ways to ask a telephone to answer by itself (RFC 5373 and what vendors do)."""


async def test_nobody_can_open_the_microphone_from_outside(exchange: Exchange, line: tuple[SipLine, Notes]) -> None:
    _, notes = line
    caller = exchange.caller(telephones.GIVES_UP, extra="".join(f"{wish}\n" for wish in WISHES))
    await caller.start()
    await until(lambda: bool(notes.incoming), what="it rings")
    (call,) = notes.incoming
    assert await _over(notes, call) is CallEnd.THERE, "it waited for an answer, and gave up"
    assert notes.open == []
    assert await caller.end() == 0


async def test_a_second_call_is_told_that_we_are_busy(exchange: Exchange, line: tuple[SipLine, Notes]) -> None:
    sip, notes = line
    first, second, third = (exchange.caller() for _ in range(3))
    await first.start()
    await until(lambda: len(notes.incoming) == 1, what="the first rings")
    (call,) = notes.incoming
    sip.answer(call)
    await _open(notes, call)
    await second.start()
    await until(lambda: len(notes.incoming) == 2, what="the second is told of")
    sip.refuse(max(notes.incoming))
    assert await second.end() != 0
    await third.start()
    await until(lambda: len(notes.incoming) == 3, what="the third is told of, as the second is over")
    sip.refuse(max(notes.incoming))
    assert await third.end() != 0
    assert call not in notes.ended, "the first goes on"
    sip.hang_up(call)
    assert await first.end() == 0


async def test_a_wrong_password_is_told_and_nothing_is_called(exchange: Exchange) -> None:
    async with line_to(exchange.port, password="not this one") as (sip, notes):
        assert "password" in (await troubled(notes, "link.secret")).sentence
        with pytest.raises(LinkError):
            sip.place("100")


async def test_a_server_that_is_away_is_told_and_found_again(exchange: Exchange) -> None:
    exchange.server.kill()
    async with line_to(exchange.port) as (sip, notes):
        await troubled(notes, "link.unreachable")
        with pytest.raises(LinkError, match="cannot be reached"):
            sip.place("100")
        exchange.server.start()
        await ready(sip)
        far = exchange.far(telephones.BUSY)
        call = await _called(sip, "100", far)
        assert await _over(notes, call) is CallEnd.BUSY


@pytest.mark.quiet
async def test_a_server_that_hangs_is_told_within_two_seconds_of_a_call(exchange: Exchange, line: tuple[SipLine, Notes]) -> None:
    sip, notes = line
    took = []
    for _ in range(3):  # a busy machine may be late once, and once more
        exchange.server.freeze()
        began = time.monotonic()
        call = sip.place("100")
        assert await _over(notes, call) is CallEnd.UNREACHABLE
        took.append(time.monotonic() - began)
        exchange.server.thaw()
        await ready(sip)
        if took[-1] < 2.3:
            return
    raise AssertionError(f"it took too long: {took}")


async def test_a_call_goes_on_when_the_server_dies_in_its_midst(exchange: Exchange, line: tuple[SipLine, Notes]) -> None:
    sip, notes = line
    far = exchange.far(telephones.TAKES)
    call = await _called(sip, "100", far)
    await _open(notes, call)
    exchange.server.kill()
    await _assert_passes_on((sip, call), (notes, call))
    sip.hang_up(call)
    assert notes.ended == {call: CallEnd.HERE}, "hanging up needs no server"
    await far.stop()


async def test_a_far_telephone_that_vanishes_is_lost(exchange: Exchange, line: tuple[SipLine, Notes]) -> None:
    sip, notes = line
    far = exchange.far(telephones.TAKES)
    call = await _called(sip, "100", far)
    await _open(notes, call)
    await _say(sip, call, _noise(0.5))
    await far.stop()
    assert await _over(notes, call) is CallEnd.LOST


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["dies", "hangs"])
async def test_the_process_is_started_again_and_its_call_told_as_lost(
    exchange: Exchange, line: tuple[SipLine, Notes], how: signal.Signals
) -> None:
    sip, notes = line
    far = exchange.far(telephones.TAKES)
    call = await _called(sip, "100", far)
    await _open(notes, call)
    process_id = sip.process_id
    assert process_id is not None
    os.kill(process_id, how)
    assert await _over(notes, call) is CallEnd.LOST
    await until(lambda: sip.process_id not in (None, process_id), what="another process telephones")
    await ready(sip)
    await far.stop()


async def test_the_password_is_in_no_argument_and_no_environment(line: tuple[SipLine, Notes]) -> None:
    sip, _ = line
    for name in ("cmdline", "environ"):
        text = await asyncio.to_thread(Path(f"/proc/{sip.process_id}/{name}").read_bytes)
        assert text
        assert b"green bottles" not in text


HOSTILE = [
    b"",
    b"\x00" * 1400,
    b"INVITE",
    b"INVITE sip:house@127.0.0.1 SIP/2.0\r\n\r\n",
    b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\nCSeq: 1 REGISTER\r\nCall-ID: x\r\n\r\n",
    b"INVITE sip:house@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK" + b"a" * 8000 + b"\r\n\r\n",
    b"REFER sip:house@127.0.0.1 SIP/2.0\r\nRefer-To: <sip:0900@127.0.0.1>\r\nContent-Length: 99999999\r\n\r\n",
    "OPTIONS sip:\ud83d@\u0000 SIP/2.0\r\nContent-Length: -5\r\n\r\n".encode("utf-8", "surrogatepass"),
]


async def test_packets_that_are_nonsense_change_nothing(exchange: Exchange, line: tuple[SipLine, Notes]) -> None:
    sip, notes = line
    process_id = sip.process_id
    assert process_id is not None
    ports = udp_ports(process_id)
    assert ports
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for port in ports:
            for packet in HOSTILE * 50:
                stranger.sendto(packet, ("127.0.0.1", port))
    far = exchange.far(telephones.BUSY)
    call = await _called(sip, "100", far)
    assert await _over(notes, call) is CallEnd.BUSY
    assert (sip.process_id, notes.incoming) == (process_id, {})


async def test_an_answer_with_a_huge_description_of_its_sound_ends_the_call_and_nothing_else(
    exchange: Exchange, line: tuple[SipLine, Notes]
) -> None:
    sip, notes = line
    lines = "".join(f"a=rtpmap:{96 + index % 30} x{index}/8000\n" for index in range(1200))
    huge = telephones.TAKES.replace("a=rtpmap:0 PCMU/8000\n", f"a=rtpmap:0 PCMU/8000\n{lines}")
    far = exchange.far(huge)
    call = await _called(sip, "100", far)
    await until(lambda: call in notes.open or call in notes.ended or bool(notes.ringing), what="something comes of it")
    sip.hang_up(call)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(10):
            await far.end()  # so that what is said to this one reaches no other
    await far.stop()
    await ready(sip)
    again = exchange.far(telephones.BUSY)
    assert await _over(notes, await _called(sip, "100", again)) is CallEnd.BUSY


@pytest.fixture
def secure_exchange(tmp_path: Path) -> Iterator[tuple[Exchange, Path]]:
    """A telephone server by TLS alone, and the certificate to trust it by, which is for 127.0.0.1."""
    far_port, certificate = free_port(), brokers.certificate(tmp_path)
    with telephone_server(tmp_path, far_port=far_port, certificate=certificate, key=tmp_path / "key.pem") as (server, port):
        yield Exchange(server=server, port=port, far_port=far_port, folder=tmp_path), certificate


async def test_a_call_by_tls(secure_exchange: tuple[Exchange, Path]) -> None:
    exchange, certificate = secure_exchange
    async with line_to(exchange.port, transport="tls", ca_file=certificate) as (sip, notes):
        await ready(sip)
        far = exchange.far(telephones.TAKES)
        call = await _called(sip, "100", far)
        await _open(notes, call)
        await _assert_passes_on((sip, call), (notes, call))
        sip.hang_up(call)
        assert await far.end() == 0


@pytest.mark.parametrize("why", ["another certificate", "another name", "nobody is trusted"])
async def test_no_password_goes_to_a_server_that_cannot_be_trusted(secure_exchange: tuple[Exchange, Path], why: str) -> None:
    exchange, certificate = secure_exchange
    other = exchange.folder / "other"
    other.mkdir()
    trusted = {"another certificate": brokers.certificate(other), "another name": certificate, "nobody is trusted": None}[why]
    host = "localhost" if why == "another name" else "127.0.0.1"
    async with line_to(exchange.port, transport="tls", ca_file=trusted, host=host) as (sip, notes):
        await until(lambda: bool(notes.troubles), what="the line says what is wrong")
        assert notes.troubles[0].code == "link.not_safe", notes.troubles[0].sentence
        with pytest.raises(LinkError):
            sip.place("100")


@pytest.mark.parametrize("is_encrypted", [False, True], ids=["plain", "encrypted"])
async def test_two_houses_hear_each_other(secure_exchange: tuple[Exchange, Path], is_encrypted: bool) -> None:
    """Each hears what the other says, and not itself: G.722 between two of our lines, with SRTP and without."""
    exchange, certificate = secure_exchange
    ours = line_to(exchange.port, transport="tls", ca_file=certificate, encrypts_sound=is_encrypted)
    theirs = line_to(exchange.port, transport="tls", ca_file=certificate, encrypts_sound=is_encrypted, user="cottage")
    async with ours as (house, at_house), theirs as (cottage, at_cottage):
        await ready(house)
        await ready(cottage)
        call = house.place(f"cottage@127.0.0.1:{exchange.port}")
        await until(lambda: bool(at_cottage.incoming), what="it rings in the cottage")
        (there,) = at_cottage.incoming
        assert at_cottage.incoming[there].startswith("house@")
        cottage.answer(there)
        await _open(at_house, call)
        await _open(at_cottage, there)
        in_house, in_cottage = ((at_house, call), (at_cottage, there))
        passed = await asyncio.gather(
            _assert_passes_on((house, call), in_cottage, likeness=0.8),
            _assert_passes_on((cottage, there), in_house, likeness=0.8),
        )
        cottage.hang_up(there)
        assert await _over(at_house, call) is CallEnd.THERE
        assert _likeness(passed[0], np.frombuffer(bytes(at_house.heard[call]), dtype=np.int16)) < 0.4, "nobody hears himself"


async def test_a_telephone_without_encrypted_sound_is_not_talked_to_where_that_is_asked_for(
    secure_exchange: tuple[Exchange, Path],
) -> None:
    exchange, certificate = secure_exchange
    async with line_to(exchange.port, transport="tls", ca_file=certificate, encrypts_sound=True) as (sip, notes):
        await ready(sip)
        far = exchange.far(telephones.TAKES)
        call = await _called(sip, "100", far)
        await _over(notes, call)
        assert notes.heard == {}
        await far.stop()
