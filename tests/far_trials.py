"""The trials of a bad network, each against a real server in another namespace; short ones are tests, long ones a benchmark.

Each returns the seconds that it measured, and raises AssertionError, TimeoutError or what the network raised when something hung,
was lost in silence or did not recover.
"""

from __future__ import annotations

import io
import ipaddress
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Final, TypeVar, cast

from websockets.exceptions import ConnectionClosed, InvalidStatus

from earwitness.speech.audio_file import read_audio
from tests.far import FarHouse, Talk, Usage, Visitor, patiently, serving
from tests.namespaces import Place, Wire, tcp_streams, tls_records, udp_payloads

RECOVERS_IN_SECONDS: Final = 5.0
WELCOMED_IN_SECONDS: Final = 4.0
"""WELCOME_MS of the page (web/static/link.js)."""
SPARE_FILES: Final = 4
CACHES_MEGABYTES: Final = 180.0
"""What the server's caches grow to over the first thousand sessions; `many` shows that they end there."""
COMMAND: Final = "Turn on the bedroom light."
_Result = TypeVar("_Result")


@dataclass
class Trial:
    """A house, and a visitor elsewhere who is signed in."""

    wire: Wire
    house: FarHouse
    elsewhere: Place
    visitor: Visitor

    def there(self, function: Callable[[], _Result]) -> _Result:
        """Call it where the visitor is."""
        return self.elsewhere.call(function)

    @cached_property
    def spoken(self) -> bytes:
        """The command in the house's own voice, 16 kHz, then silence."""
        answer = self.there(lambda: self.visitor.ask("GET", "/api/v1/say?text=" + COMMAND.replace(" ", "+")))
        assert answer.status == 200, answer.body
        return read_audio(io.BytesIO(answer.body), longest_seconds=30).data + bytes(32_000 * 2)


@contextmanager
def trial(folder: Path, *, has_tunnel: bool = False) -> Iterator[Trial]:
    """A house and a visitor on one wire; with `has_tunnel` others can come through a tunnel besides (`through_tunnel`)."""
    with Wire() as wire:
        place, elsewhere = wire.place("house"), wire.place("page")
        remote = {"endpoint": place.address, "interface": f"ewh{wire.tag}"} if has_tunnel else {}
        if has_tunnel:
            place.run(["ip", "route", "add", "default", "dev", "wire"])  # by which the house knows its own address
        begun = FarHouse(place, folder=folder, host="0.0.0.0" if has_tunnel else None, remote=remote)
        with serving(begun, *([("remote", "up")] if has_tunnel else [])) as house:
            visitor = Visitor(house, place.address)
            assert elsewhere.call(visitor.sign_in).status == 200
            made = Trial(wire, house, elsewhere, visitor)
            assert made.spoken
            yield made


@contextmanager
def through_tunnel(one: Trial) -> Iterator[Trial]:
    """The same house for a visitor in a place of their own, with every byte between them inside WireGuard."""
    elsewhere, profile = one.wire.place("phone"), one.house.folder / f"ewp{one.wire.tag}.conf"
    one.house.command("remote", "add", "phone", "--file", profile)
    elsewhere.run(["wg-quick", "up", profile])
    inside = profile.read_text().partition("AllowedIPs = ")[2].partition("/")[0]
    visitor = Visitor(one.house, inside)
    assert elsewhere.call(visitor.sign_in).status == 200
    made = Trial(one.wire, one.house, elsewhere, visitor)
    assert made.spoken
    yield made


def opened_page(one: Trial) -> Talk:
    """A session as a page has it, which tries again when it is not welcomed in time. Call it where the visitor is."""
    attempt = partial(one.visitor.talk, seconds=WELCOMED_IN_SECONDS, pings=False, is_page=True)
    talk = cast(Talk, patiently(attempt, seconds=60)[0])
    talk.seconds = 60
    return talk


def typed(one: Trial, *, count: int) -> list[float]:
    """Seconds until the turn of each typed request, one after the other; a session that was lost is opened anew, as a page does,
    and the request is asked again."""

    def run() -> list[float]:
        waits = []
        talk = opened_page(one)
        for text in (*(f"set a timer for {number + 1} minutes" for number in range(count)), "cancel all timers"):
            began = time.monotonic()
            turn = None
            while turn is None:
                try:
                    turn = talk.command(text)
                except ConnectionClosed:
                    talk.socket.close()
                    talk = opened_page(one)
            assert turn["outcome"] == "done", turn
            waits.append(time.monotonic() - began)
        talk.socket.close()
        return waits

    return one.there(run)


def spoken(one: Trial, *, count: int) -> list[float]:
    """Seconds from the last spoken word until its turn, whatever the network does to the sound on its way."""

    def run() -> list[float]:
        waits = []
        with opened_page(one) as talk:
            for _ in range(count):
                talk.open_capture()
                talk.speak(one.spoken)
                began = time.monotonic()
                turn = talk.until(type="turn")
                assert turn["intent"] == "HassTurnOn", turn
                waits.append(time.monotonic() - began)
        return waits

    return one.there(run)


def cut_short(one: Trial, *, seconds: float) -> float:
    """The network is gone for a moment in the middle of an utterance; the seconds from its return until the turn is there."""

    def run() -> float:
        restored = [0.0]

        def restore() -> None:
            restored[0] = time.monotonic()
            one.wire.weather.is_cut = False

        def cut(sent: float) -> None:
            if sent > 0.6 and not restored[0] and not one.wire.weather.is_cut:
                one.wire.weather.is_cut = True
                threading.Timer(seconds, restore).start()

        with one.visitor.talk() as talk:
            talk.open_capture()
            talk.speak(one.spoken, after=cut)
            turn = talk.until(type="turn")
            assert turn["intent"] == "HassTurnOn", turn
            return max(0.0, time.monotonic() - restored[0])

    return one.there(run)


def cut_long(one: Trial, *, seconds: float) -> tuple[float, float]:
    """The network is gone in the middle of an utterance and stays so; the seconds until the visitor knows, and those from the
    return of the network until a new session has answered."""

    def run() -> tuple[float, float]:
        talk = one.visitor.talk()
        talk.open_capture()
        half = len(one.spoken) // 4 // 1024 * 1024
        talk.speak(one.spoken[:half])
        one.wire.weather.is_cut = True
        began = time.monotonic()
        with talk:
            with suppress(ConnectionClosed, TimeoutError):
                while True:
                    talk.next(30)
            noticed = time.monotonic() - began
        time.sleep(max(0.0, seconds - noticed))
        one.wire.weather.is_cut = False
        again, took = patiently(lambda: one.visitor.talk(seconds=4), seconds=20)
        with again:
            began = time.monotonic()
            assert again.command("what time is it")["outcome"] == "answered"
            took += time.monotonic() - began
        return noticed, took

    return one.there(run)


def restart_in_reply(one: Trial) -> tuple[int | None, float, float]:
    """The server ends while it speaks and starts again; the close code, the seconds until the visitor knew, and those from
    when it was ready until a new session has answered."""

    def begin() -> Talk:
        talk = one.visitor.talk()
        talk.tell(type="ask", text="what can you do")
        talk.until(type="speech")
        return talk

    talk = one.there(begin)
    began = time.monotonic()
    one.house.stop(signal.SIGTERM)
    with talk:
        code, _ = talk.ending(seconds=10)
        noticed = time.monotonic() - began
    one.house.start()

    def again() -> float:
        found, took = patiently(lambda: one.visitor.talk(seconds=4), seconds=20)
        with found:
            began = time.monotonic()
            assert found.command("what time is it")["outcome"] == "answered"
            return float(took + time.monotonic() - began)

    return code, noticed, one.there(again)


def read_slowly(one: Trial, *, seconds: float) -> tuple[float, float]:
    """A visitor asks for long replies and reads nothing of them, then is gone without a word; the longest wait of somebody else
    meanwhile, and the megabytes by which the server grew."""

    def heard() -> None:
        """The same reply to somebody who reads: what a voice needs for so long a sentence is no slow reader's doing."""
        talk = one.visitor.talk(pings=False)
        talk.tell(type="ask", text="what can you do")
        talk.until(type="speech_end", seconds=30)
        talk.socket.vanish()

    one.there(heard)
    before = one.house.usage()

    def slow() -> None:
        talk = one.visitor.talk(pings=False)
        began = time.monotonic()
        try:
            while time.monotonic() - began < seconds:
                talk.tell(type="ask", text="what can you do")
                time.sleep(0.5)
        except ConnectionClosed:
            pass  # the server had enough of it
        finally:
            talk.socket.vanish()

    slowly = one.elsewhere.calling(slow)
    waits: list[float] = []
    until = time.monotonic() + 0.8 * seconds
    while not waits or time.monotonic() < until:
        waits += typed(one, count=1)
    grown = one.house.usage().megabytes - before.megabytes
    slowly()
    return max(waits), grown


def missed(one: Trial, *, is_cut: bool) -> float:
    """Seconds until the server has let a page go that vanished without a word: its network was cut, or its process stands still
    while its system goes on answering."""
    talk = one.there(lambda: one.visitor.talk(pings=False))
    began = time.monotonic()
    one.wire.weather.is_cut = is_cut
    talk.socket.vanish()
    while one.house.connections() > 0:
        assert time.monotonic() < began + 120, f"{one.house.connections()} connections"
        time.sleep(0.05)
    took = time.monotonic() - began
    one.wire.weather.is_cut = False
    return took


def many(one: Trial, *, sessions: int, last: int) -> tuple[float, float]:
    """The longest wait of very many sessions, one after the other, and the megabytes by which the server grew over the last."""
    waits = [max(typed(one, count=1)) for _ in range(sessions - last)]
    before = one.house.usage()
    waits += [max(typed(one, count=1)) for _ in range(last)]
    now = one.house.usage()
    assert now.files <= before.files + SPARE_FILES
    return max(waits), now.megabytes - before.megabytes


def usage_settles(one: Trial, before: Usage, *, seconds: float = 50, most_megabytes: float = CACHES_MEGABYTES) -> Usage:
    """What the server holds once nobody is connected and it is back to what it held, but for the few files and threads of its
    pools, which grow to a fixed size. Raises AssertionError."""
    limit = time.monotonic() + seconds
    while True:
        now = one.house.usage()
        if (
            now.files <= before.files + SPARE_FILES
            and one.house.connections() == 0
            and now.megabytes - before.megabytes < most_megabytes
        ):
            return now
        assert time.monotonic() < limit, f"before: {before}; now: {now}, {one.house.connections()} connections"
        time.sleep(0.25)


def _is_report(data: bytes) -> bool:
    """Whether a packet is a kernel's own word: on a group that it listens to (IGMP), or on an error (ICMP), quoting the head of a
    packet, which is itself TCP or WireGuard's."""
    header = 4 * (data[0] & 15)
    if data[9] == socket.IPPROTO_IGMP:
        return ipaddress.ip_address(data[16:20]).is_multicast
    quoted = data[header + 8 :]
    return data[9] == socket.IPPROTO_ICMP and len(quoted) >= 28 and quoted[9] in {socket.IPPROTO_TCP, socket.IPPROTO_UDP}


def plaintext(one: Trial, *, words: Sequence[bytes]) -> list[str]:
    """What on the wire is not closed: words that were said or typed, keys of messages, names, sound; and what is no TLS 1.3 and
    not WireGuard. Empty if nothing is."""
    packets = tuple(one.wire.packets)  # more may come meanwhile
    samples = one.spoken[8_000:40_000]
    sought = {*words, b"hello", b"capture", b"transcript", b"passphrase", b"GET /", b"HTTP/1.1", b"Annabelle", COMMAND.encode()}
    sought |= {
        samples[start : start + 24] for start in range(0, len(samples) - 24, 1024) if len(set(samples[start : start + 24])) > 12
    }
    found = [f"{word!r} in a packet" for word in sought for packet in packets if word in packet.data]
    udp = udp_payloads(packets, port=51820)
    found += [
        f"no WireGuard: {payload[:8]!r}"
        for payload in udp
        if payload[:4] not in {bytes((kind, 0, 0, 0)) for kind in (1, 2, 3, 4)}
    ]
    streams = tcp_streams(packets)
    closed = len(udp) + sum(packet.data[9] == socket.IPPROTO_TCP for packet in packets)
    reports = [packet.data for packet in packets if _is_report(packet.data)]
    if closed + len(reports) != len(packets):
        others = {packet.data[9] for packet in packets} - {socket.IPPROTO_TCP, socket.IPPROTO_UDP}
        found.append(f"packets that are neither TCP nor WireGuard's nor a kernel's report: protocols {sorted(others)}")
    for (source, _, _, _), sayings in streams.items():
        for said in sayings:
            found += _not_closed(said, is_server=source == one.house.place.address)
    return found


def _not_closed(said: bytes, *, is_server: bool) -> list[str]:
    """What in one direction of a connection is not as TLS 1.3 has it: one hello in the clear, then nothing that can be read."""
    try:
        records = tls_records(said)
    except ValueError as error:
        return [str(error)]
    found = []
    opened = [body for kind, body in records if kind == 22]
    if len(opened) > 1:
        found.append("more than a hello in the clear")
    if is_server and opened and b"\x00\x2b\x00\x02\x03\x04" not in opened[0]:
        found.append("a server's hello of another version than TLS 1.3")
    found += [f"a record of type {kind} after the hello" for kind, _ in records[1:] if kind not in {20, 23}]
    return found


def refused(one: Trial, visitor: Visitor) -> bool:
    """Whether the server opens no session for that visitor."""

    def attempt() -> bool:
        try:
            visitor.talk(seconds=10).socket.close()
        except InvalidStatus as error:
            return error.response.status_code == 403
        return False

    return one.there(attempt)
