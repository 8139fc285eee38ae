"""The link: every frame once and in order over however many connections, or a plain end."""

from collections import deque
from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from earwitness.domain.errors import WireError
from earwitness.protocol.frames import Decoder, Frame, encode
from earwitness.protocol.resume import (
    ACK_AT_BYTES,
    ACK_AT_FRAMES,
    Link,
    Opened,
    Opening,
    is_same_token,
    new_token,
    opened_frame,
    opening_frame,
    read_opened,
    read_opening,
)


def passed(frame: Frame) -> Frame:
    """A frame as it arrives over the wire."""
    (found,) = Decoder().feed(encode(frame))
    return found


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(WireError) as raised:
        act()
    return raised.value.code


class Side:
    """One side: its link, what it said and heard, and the bytes on their way to the other side."""

    def __init__(self) -> None:
        self.link = Link()
        self.said: list[int] = []
        self.heard: list[int] = []
        self.pipe: deque[bytes] = deque()


class TwoSides(RuleBasedStateMachine):
    """A device and a server over a network that fails at any moment; what is on its way is then lost, or arrives in part."""

    def __init__(self) -> None:
        super().__init__()
        self.sides = (Side(), Side())
        self.is_connected = True
        self.next = 0

    @rule(who=st.integers(0, 1), size=st.integers(0, 50))
    def say(self, who: int, size: int) -> None:
        side = self.sides[who]
        frame = side.link.send("say", {"number": self.next}, bytes(size))
        side.said.append(self.next)
        self.next += 1
        if self.is_connected:
            side.pipe.append(encode(frame))

    @rule(who=st.integers(0, 1))
    def ping(self, who: int) -> None:
        if self.is_connected:
            self.sides[who].pipe.append(encode(self.sides[who].link.ping()))

    @rule(to=st.integers(0, 1), many=st.integers(1, 5))
    def arrive(self, to: int, many: int) -> None:
        for _ in range(many):
            self._arrive(to)

    @rule(arriving=st.tuples(st.integers(0, 4), st.integers(0, 4)))
    def cut(self, arriving: tuple[int, int]) -> None:
        for to, many in enumerate(arriving):
            for _ in range(many):
                self._arrive(to)
        for side in self.sides:
            side.pipe.clear()
        self.is_connected = False

    @rule(is_cut_at_once=st.booleans())
    def connect(self, is_cut_at_once: bool) -> None:
        """Both tell what they have; the connection may be gone before anything else arrives."""
        if self.is_connected:
            return
        device, server = self.sides
        opening = read_opening(passed(opening_frame(Opening(token="t" * 43, received=device.link.received))))
        again = server.link.resume(opening.received)
        opened = read_opened(passed(opened_frame(Opened(token="t" * 43, received=server.link.received, is_resumed=True))))
        server.pipe.extend(encode(frame) for frame in again)
        device.pipe.extend(encode(frame) for frame in device.link.resume(opened.received))
        self.is_connected = True
        if is_cut_at_once:
            self.cut((1, 0))

    @invariant()
    def what_was_heard_was_said_in_order_and_once(self) -> None:
        for one, other in (self.sides, self.sides[::-1]):
            assert one.heard == other.said[: len(one.heard)]
            assert other.link.acked <= len(one.heard) == one.link.received

    def teardown(self) -> None:
        """On a network that holds, everything arrives in the end."""
        self.connect(False)
        while any(side.pipe for side in self.sides):
            self._arrive(0)
            self._arrive(1)
        for one, other in (self.sides, self.sides[::-1]):
            assert one.heard == other.said
            other.link.receive(passed(one.link.ping()))
            assert other.link.kept_bytes == 0
            assert other.link.unacked() == ()

    def _arrive(self, to: int) -> None:
        pipe, side = self.sides[1 - to].pipe, self.sides[to]
        if not pipe:
            return
        (frame,) = Decoder().feed(pipe.popleft())
        new = side.link.receive(frame)
        if new is not None:
            number = new.fields["number"]
            assert isinstance(number, int)
            side.heard.append(number)


TestTwoSides = TwoSides.TestCase
TestTwoSides.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_what_came_twice_is_dropped() -> None:
    device, server = Link(), Link()
    frame = device.send("press", {})
    assert server.receive(frame) == frame
    assert server.receive(frame) is None
    assert server.received == 1


@pytest.mark.parametrize(
    "frame",
    [
        Frame("press", seq=2, ack=0),
        Frame("press", ack=0),
        Frame("press", seq=1),
        Frame("press", seq=1, ack=1),
        Frame("ping", seq=1, ack=0),
        Frame("ping"),
        Frame("ping", {"x": 1}, ack=0),
        Frame("pong", payload=b"x", ack=0),
        Frame("link", seq=1, ack=0),
    ],
    ids=[
        "a gap",
        "no number",
        "no ack",
        "ack of nothing",
        "numbered ping",
        "ping without ack",
        "ping says",
        "pong carries",
        "link",
    ],
)
def test_what_breaks_the_counting_ends_the_link(frame: Frame) -> None:
    link = Link()
    assert code_of(lambda: link.receive(frame)) in {"wire.malformed", "wire.unexpected"}
    assert code_of(lambda: link.receive(Frame("press", seq=1, ack=0))) == "link.over"
    assert code_of(lambda: link.send("press", {})) == "link.over"


def test_a_side_that_lost_what_it_had_confirmed_cannot_resume() -> None:
    device, server = Link(), Link()
    device.send("press", {})
    server.receive(device.unacked()[0])
    device.receive(server.ping())
    assert device.unacked() == ()
    assert code_of(lambda: device.resume(0)) == "wire.malformed"
    assert code_of(lambda: Link().resume(1)) == "wire.malformed"


def test_an_older_acknowledgement_is_no_news() -> None:
    device, server = Link(), Link()
    first, second = device.send("press", {}), device.send("release", {})
    early = Frame("ping", ack=1)
    server.receive(first)
    server.receive(second)
    device.receive(server.ping())
    assert device.receive(early) is None
    assert device.acked == 2


def test_what_waits_for_too_long_ends_the_link() -> None:
    by_count = Link(most_frames=3)
    for _ in range(3):
        by_count.send("press", {})
    assert not by_count.has_room(0)
    assert code_of(lambda: by_count.send("press", {})) == "link.too_far_behind"
    assert code_of(lambda: by_count.resume(0)) == "link.over"
    by_bytes = Link(most_bytes=1000)
    by_bytes.send("audio-chunk", {}, bytes(800))
    assert (by_bytes.has_room(100), by_bytes.has_room(200)) == (True, False)
    assert code_of(lambda: by_bytes.send("audio-chunk", {}, bytes(200))) == "link.too_far_behind"


def test_what_is_confirmed_makes_room() -> None:
    device, server = Link(most_frames=2), Link()
    for _ in range(20):
        server.receive(device.send("press", {}))
        device.receive(server.pong())
    assert device.acked == server.received == 20


def test_much_that_came_is_confirmed_at_once() -> None:
    device, server = Link(), Link()
    for _ in range(ACK_AT_FRAMES):
        assert not server.owes_ack
        server.receive(device.send("press", {}))
    assert server.owes_ack
    server.pong()
    assert not server.owes_ack
    for _ in range(ACK_AT_BYTES // 65_536):
        server.receive(device.send("audio-chunk", {}, bytes(65_536)))
    assert server.owes_ack


def test_a_frame_that_cannot_be_written_takes_no_number() -> None:
    link = Link()
    with pytest.raises(WireError):
        link.send("press", {"x": float("nan")})
    for kind in ("ping", "pong", "link"):
        with pytest.raises(WireError):
            link.send(kind, {})
    assert link.send("press", {}).seq == 1


def test_openings_come_out_as_they_went_in() -> None:
    token = new_token()
    assert is_same_token(token, token)
    assert not is_same_token(token, new_token())
    for opening in (Opening(token=None, received=0), Opening(token=token, received=7)):
        assert read_opening(passed(opening_frame(opening))) == opening
    for opened in (Opened(token=token, received=0, is_resumed=False), Opened(token=token, received=3, is_resumed=True)):
        assert read_opened(passed(opened_frame(opened))) == opened


@pytest.mark.parametrize(
    "frame",
    [
        Frame("hello", {"token": None, "received": 0}),
        Frame("link", {"token": None}),
        Frame("link", {"token": None, "received": 0, "more": 1}),
        Frame("link", {"token": "short", "received": 0}),
        Frame("link", {"token": "é" * 43, "received": 0}),
        Frame("link", {"token": None, "received": 1}),
        Frame("link", {"token": "t" * 43, "received": -1}),
        Frame("link", {"token": "t" * 43, "received": True}),
        Frame("link", {"token": "t" * 43, "received": 1.0}),
        Frame("link", {"token": None, "received": 0}, payload=b"x"),
        Frame("link", {"token": None, "received": 0}, seq=1),
        Frame("link", {"token": None, "received": 0}, ack=0),
    ],
)
def test_openings_that_are_none_are_refused(frame: Frame) -> None:
    with pytest.raises(WireError):
        read_opening(frame)


@pytest.mark.parametrize(
    "fields",
    [
        {"token": None, "received": 0, "resumed": False},
        {"token": "t" * 43, "received": 0, "resumed": 1},
        {"token": "t" * 43, "received": 2, "resumed": False},
        {"token": "t" * 43, "received": 0},
    ],
)
def test_answers_that_are_none_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(WireError):
        read_opened(Frame("link", fields))
