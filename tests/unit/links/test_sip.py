"""The telephone line without a telephone: frames, sound, what is no number and no account, and processes that misbehave."""

import asyncio
import itertools
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.call import CallEnd, LineState
from earwitness.domain.errors import LinkError, SettingsError, WireError
from earwitness.links import sip_wire as wire
from earwitness.links.sip import SipLine, checked_account, number_of
from earwitness.links.sip_kind import SipOptions, kind
from earwitness.links.sip_sound import MOST_WAITING_SECONDS, Direction, Incoming, Outgoing
from earwitness.links.sip_telephone import end_of

ACCOUNT = wire.SipAccount(server="sip.example:5061", user="house", password="secret words")


# Frames


@given(
    st.lists(
        st.one_of(
            st.dictionaries(st.text(max_size=5), st.one_of(st.integers(), st.text(max_size=20)), max_size=4),
            st.tuples(st.integers(1, 2**32 - 1), st.binary(min_size=1, max_size=500).map(lambda data: data * 2)),
        ),
        max_size=6,
    ),
    st.integers(1, 40),
)
def test_frames_come_back_whole_however_they_are_cut(sent: list[object], step: int) -> None:
    frames = [wire.sound(*one) if isinstance(one, tuple) else wire.message(one) for one in sent]  # type: ignore[arg-type]
    data, reader = b"".join(frames), wire.Reader()
    got = [frame for start in range(0, len(data), step) for frame in reader.read(data[start : start + step])]
    assert got == [wire.Sound(*one) if isinstance(one, tuple) else one for one in sent]


@given(st.binary(max_size=200))
def test_whatever_is_read_is_a_frame_or_refused(data: bytes) -> None:
    try:
        for frame in wire.Reader().read(data):
            assert isinstance(frame, dict | wire.Sound)
    except WireError:
        pass


@pytest.mark.parametrize(
    "data",
    [
        b"\x02\x00\x00\x00\x00",
        b"\x00\xff\xff\xff\xff",
        b"\x01\x00\x00\xff\xff",
        b"\x00\x00\x00\x00\x02[]",
        b"\x00\x00\x00\x00\x01{",
        b"\x01\x00\x00\x00\x04\x00\x00\x00\x01",
        b"\x01\x00\x00\x00\x05\x00\x00\x00\x01x",
    ],
)
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        list(wire.Reader().read(data))


def test_an_account_crosses_the_pipe_and_shows_its_password_nowhere() -> None:
    (frame,) = wire.Reader().read(wire.message({"account": wire.account_values(ACCOUNT)}))
    assert isinstance(frame, dict)
    assert wire.account_of(frame["account"]) == ACCOUNT
    assert "secret" not in repr(ACCOUNT)
    nothing: list[object] = [None, [], {}]
    for wrong in (*nothing, {"server": "x"}, {**wire.account_values(ACCOUNT), "more": 1}):
        with pytest.raises(WireError):
            wire.account_of(wrong)


# Accounts and numbers


@pytest.mark.parametrize(
    "change",
    [
        {"server": "sip.example;transport=udp"},
        {"server": ""},
        {"server": "a b"},
        {"user": "x;y"},
        {"user": ""},
        {"user": "a@b"},
        {"password": 'quo"te'},
        {"password": "new\nline"},
        {"sign_in": "a;b"},
        {"transport": "sctp"},
        {"ca_file": "/my files/ca.pem"},
        {"transport": "udp", "encrypts_sound": True},
    ],
)
def test_an_account_that_would_be_misread_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        checked_account(replace(ACCOUNT, **change))  # type: ignore[arg-type]
    assert checked_account(ACCOUNT).silence_seconds == 20


@pytest.mark.parametrize(
    ("address", "number"),
    [
        ("sip:+4930111@host:5060;transport=udp", "+4930111"),
        ("sips:anna@sip.example", "anna@sip.example"),
        ("+4930111", "+4930111"),
        ("sip:<script>@host", ""),
        ("sip:a@b c", ""),
        ("\x00", ""),
        ("", ""),
    ],
)
def test_who_calls_is_a_number_or_an_address_or_nobody(address: str, number: str) -> None:
    assert number_of(address) == number


def test_what_leaves_the_house_is_said() -> None:
    options = SipOptions.model_validate({"server": "sip.example:5061", "user": "house"})
    server, sound = kind(listener=Notes).outgoing(options)
    assert (server.host, server.is_encrypted, sound.is_encrypted) == ("sip.example:5061", True, False)


# How calls end


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("486 Busy Here", CallEnd.BUSY),
        ("600 Busy Everywhere", CallEnd.BUSY),
        ("603 Decline", CallEnd.DECLINED),
        ("404 Not Found", CallEnd.UNKNOWN_NUMBER),
        ("480 Temporarily Unavailable", CallEnd.NO_ANSWER),
        ("403 Forbidden", CallEnd.REFUSED),
        ("407 Proxy Authentication Required", CallEnd.PASSWORD),
        ("503 Service Unavailable", CallEnd.UNREACHABLE),
        ("302 Moved", CallEnd.FAILED),
        ("488 Not Acceptable Here", CallEnd.FAILED),
        ("Connection refused", CallEnd.UNREACHABLE),
        ("", CallEnd.UNREACHABLE),
    ],
)
def test_a_call_that_never_opened_says_why(text: str, expected: CallEnd) -> None:
    assert end_of(text, was_open=False, was_incoming=False) is expected


def test_an_open_call_is_hung_up_there_or_lost() -> None:
    assert end_of("Connection reset by peer", was_open=True, was_incoming=False) is CallEnd.THERE
    assert end_of("rtp stream error", was_open=True, was_incoming=True) is CallEnd.LOST
    assert end_of("486 Busy Here", was_open=False, was_incoming=True) is CallEnd.THERE


# Sound


class Queue:
    """The telephone side's queues."""

    def __init__(self, coming: bytes = b"") -> None:
        self.coming = coming
        self.written = b""

    def write(self, pcm: bytes) -> int:
        self.written += pcm
        return len(pcm)

    def read(self, max_bytes: int) -> bytes:
        got, self.coming = self.coming[:max_bytes], self.coming[max_bytes:]
        return got


def _tone(rate_hz: int, seconds: float = 1.0) -> bytes:
    return (8_000 * np.sin(2 * np.pi * 440 * np.arange(int(rate_hz * seconds)) / rate_hz)).astype(np.int16).tobytes()


@pytest.mark.parametrize(("rate_hz", "channels"), [(8_000, 1), (16_000, 1), (48_000, 2)])
def test_a_tone_stays_a_tone_both_ways(rate_hz: int, channels: int) -> None:
    out, queue = Outgoing(rate_hz=rate_hz, channels=channels), Queue()
    tone = _tone(16_000)
    for start in range(0, len(tone), 1280):
        out.pass_on(tone[start : start + 1280], into=queue, waiting=1)
    frames = np.frombuffer(queue.written, np.int16).reshape(-1, channels)
    assert abs(len(frames) / rate_hz - 1.0) < 0.07
    assert _pitch(frames[:, 0], rate_hz) == pytest.approx(440, abs=3)
    came = Incoming(rate_hz=rate_hz, channels=channels).take(Queue(queue.written), most_bytes=10**6)
    assert _pitch(np.frombuffer(came, np.int16), 16_000) == pytest.approx(440, abs=3)


def _pitch(samples: "np.ndarray[tuple[int], np.dtype[np.int16]]", rate_hz: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * rate_hz / len(samples))


def test_what_waits_stays_short_and_a_pause_is_cushioned() -> None:
    out, queue = Outgoing(rate_hz=8_000, channels=1), Queue()
    out.pass_on(bytes(1280), into=queue, waiting=0)
    assert len(queue.written) == 2 * 8_000 * (0.06 + 0.04), "after a pause, some silence before it, and no delay but that"
    out.pass_on(bytes(1280), into=queue, waiting=int(2 * 8_000 * MOST_WAITING_SECONDS) + 2)
    assert out.dropped == 1
    assert len(queue.written) < 2 * 8_000 * 0.12


@given(st.lists(st.integers(1, 700), min_size=1, max_size=12))
def test_pieces_of_any_size_give_the_same_sound_as_one(sizes: list[int]) -> None:
    whole = np.frombuffer(_tone(16_000), np.int16)[: sum(sizes)]
    for rates in ((16_000, 8_000), (8_000, 16_000)):
        one, many = (Direction(from_rate_hz=rates[0], to_rate_hz=rates[1]) for _ in range(2))
        ends = np.cumsum([0, *sizes])
        pieces = b"".join(many.turn(whole[start:end].tobytes()) for start, end in itertools.pairwise(ends))
        assert pieces == one.turn(whole.tobytes())


def test_what_eight_kilohertz_cannot_carry_is_taken_out() -> None:
    high = (20_000 * np.sin(2 * np.pi * 5_500 * np.arange(16_000) / 16_000)).astype(np.int16)
    left = np.frombuffer(Direction(from_rate_hz=16_000, to_rate_hz=8_000).turn(high.tobytes()), np.int16)
    assert np.abs(left[100:]).max() < 20_000 / 100, "else it would be heard as a tone of 2.5 kHz"


def test_half_a_sample_is_left_out() -> None:
    assert Direction(from_rate_hz=16_000, to_rate_hz=16_000).turn(b"abc") == b"ab"


# The process


class Notes:
    """A listener and a report."""

    def __init__(self) -> None:
        self.happened: list[object] = []
        self.heard = b""
        self.is_working = asyncio.Event()
        self.news = asyncio.Event()

    def on_incoming(self, line: SipLine, number: int, *, address: str) -> None:
        self._note(("incoming", number, address))

    def on_ringing(self, line: SipLine, number: int) -> None:
        self._note(("ringing", number))

    def on_open(self, line: SipLine, number: int) -> None:
        self._note(("open", number))

    def on_ended(self, line: SipLine, number: int, *, how: CallEnd) -> None:
        self._note(("ended", number, how))

    def on_sound(self, line: SipLine, number: int, chunk: bytes) -> None:
        self.heard += chunk
        self.news.set()

    def works(self, sentence: str = "") -> None:
        self.is_working.set()

    def used(self) -> None: ...

    def _note(self, what: object) -> None:
        self.happened.append(what)
        self.news.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(20):
            while len(self.happened) < count:
                self.news.clear()
                await self.news.wait()


def line_of(how: str, notes: Notes) -> SipLine:
    return SipLine(ACCOUNT, listener=notes, command=[sys.executable, "-m", "tests.unit.links.telephone_fakes", how])


@asynccontextmanager
async def working(how: str) -> AsyncIterator[tuple[SipLine, Notes, "asyncio.Task[None]"]]:
    """A line that has said that it works."""
    notes = Notes()
    line = line_of(how, notes)
    task = asyncio.create_task(line.run(notes))
    async with asyncio.timeout(20):
        await notes.is_working.wait()
    try:
        yield line, notes, task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(
    ("how", "code"),
    [("nonsense", "link.failed"), ("huge", "link.failed"), ("strange", "link.failed"), ("not installed", "link.not_installed")],
)
async def test_a_process_that_misbehaves_is_ended_and_told(how: str, code: str) -> None:
    notes = Notes()
    with pytest.raises(LinkError) as caught:
        async with asyncio.timeout(20):
            await line_of(how, notes).run(notes)
    assert caught.value.code == code
    assert not notes.is_working.is_set()


async def test_a_process_that_does_not_answer_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("earwitness.links.sip.SILENT_SECONDS", 0.5)
    monkeypatch.setattr("earwitness.links.sip.PING_SECONDS", 0.1)
    notes = Notes()
    with pytest.raises(LinkError):
        async with asyncio.timeout(20):
            await line_of("deaf", notes).run(notes)


async def test_a_call_rings_opens_carries_sound_and_ends_here_at_once() -> None:
    async with working("good") as (line, notes, _):
        call = line.place("+49 (30) 111-1")
        await notes.until(2)
        assert notes.happened == [("ringing", call), ("open", call)]
        line.speak(call, bytes(range(200)))
        async with asyncio.timeout(20):
            while len(notes.heard) < 200:
                notes.news.clear()
                await notes.news.wait()
        assert notes.heard == bytes(range(200))
        line.hang_up(call)
        assert notes.happened[2:] == [("ended", call, CallEnd.HERE)]
        line.hang_up(call)
        line.speak(call, b"xx")
        assert len(notes.happened) == 3, "what is over is over"


async def test_a_call_that_finds_the_server_gone_ends_as_unreachable_and_so_does_the_line() -> None:
    async with working("silent") as (line, notes, task):
        call = line.place("111")
        await notes.until(1)
        assert notes.happened == [("ended", call, CallEnd.UNREACHABLE)]
        with pytest.raises(LinkError) as caught:
            await asyncio.wait_for(task, 20)
        assert caught.value.code == "link.unreachable"


async def test_a_line_that_is_ended_tells_its_calls_as_lost() -> None:
    async with working("rings") as (_, notes, task):
        await notes.until(1)
        assert notes.happened == [("incoming", 2, "+4930111")]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert notes.happened[1:] == [("ended", 2, CallEnd.LOST)]


@pytest.mark.parametrize("number", ["", "hello", "+", "1 2 a", "a@b@c", "sip:", "x" * 300 + "@h", "a b@host"])
async def test_what_is_no_number_is_not_called(number: str) -> None:
    async with working("good") as (line, notes, _):
        with pytest.raises(LinkError) as caught:
            line.place(number)
        assert caught.value.code == "link.refused"
        assert notes.happened == []


async def test_nothing_is_called_before_the_line_is_ready() -> None:
    line = line_of("good", Notes())
    assert line.state is LineState.STARTING
    with pytest.raises(LinkError):
        line.place("111")
    with pytest.raises(LinkError):
        await line.check()
